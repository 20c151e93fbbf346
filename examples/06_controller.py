"""A controller that reacts to relapse: it sees all patients of a batch twice a year and treats those who relapsed.

The "drug" halves growth everywhere and kills cells in the liver, from the visit on. Its strength is a supposition.

Run: python examples/06_controller.py [DIRECTORY]
"""

import math
import sys
import tempfile
from pathlib import Path

import numpy as np

import diaspore
from diaspore.core.messages import Actions, Lever, Levers, Observation

HALF_YEAR = 182.625


class TreatAfterRelapse:
    """Levers for patients with a known relapse or metastasis, and surgery for few liver metastases.

    It keeps no state: what it does follows from what it sees.
    """

    def next_day(self, after: float) -> float:
        """Visits every half year, for twenty years."""
        number = math.floor(after / HALF_YEAR) + 1
        return number * HALF_YEAR if number <= 40 else math.inf

    def act(self, seen: Observation) -> Actions:
        """Arrays for all patients of the batch at once."""
        ill = seen.values["relapsed"]
        growth = Lever("growth_rate", np.where(ill, 0.5, 1.0))
        kill = Lever("kill_rate", np.where(ill, 0.002, 0.0), sites=("liver",))
        few = (seen.detected["liver"] >= 1) & (seen.values["lesions_detected"] <= 2)
        return Actions(levers=Levers((growth, kill)), resect_lesions=ill & few)


out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
spec = {
    "schema_version": 1,
    "kind": "patient",
    "name": "with and without treatment after relapse",
    "patients": 2000,
    # `lesions` sets how many metastases may be resected; its own day is the last but one.
    "surgery": {
        "primary": {"at": "30 day"},
        "nodes": {"at": "30 day"},
        "lesions": {"at": "7304 day", "at_most": 2},
    },
}
plain = diaspore.simulate(spec, out=out / "untreated")
treated = diaspore.simulate(spec, out=out / "treated", controllers=[TreatAfterRelapse()])

print("years   alive, untreated   alive, treated")
for year in ("2", "5", "10", "15"):
    alive = [run.summary["overall_survival"][year] for run in (plain, treated)]
    print(f"{year:>5}   {alive[0]:16.3f}   {alive[1]:14.3f}")

first = [run.table("patients")["relapse_d"].to_numpy() for run in (plain, treated)]
same = np.isclose(first[0], first[1], equal_nan=True)
print(f"same day of relapse in both arms: {same.mean():.3f} of the patients")
lesions = treated.table("lesions")
distant = ~lesions["site"].isin(["local", "regional_nodes"])
print("distant metastases resected:", int(((lesions["fate"] == "removed") & distant).sum()))
