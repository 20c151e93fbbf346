"""Late relapse: what if something halved the rate at which sleeping cells wake, from surgery on?

Both arms hold the same patients, so the difference is taken patient by patient. The factor is a supposition, not the
effect of a drug.

Run: python examples/03_late_relapse.py [DIRECTORY]
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd

import diaspore

YEAR = 365.25

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
base = {
    "schema_version": 1,
    "kind": "patient",
    "name": "usual waking",
    "patients": 4000,
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
}
halved = base | {
    "name": "waking halved",
    "levers": [{"lever": "dormancy_exit", "factor": 0.5, "from": "30 day"}],
}
runs = {name: diaspore.simulate(spec, out=out / name) for name, spec in (("usual", base), ("halved", halved))}


def first_distant(run: diaspore.Run) -> pd.DataFrame:
    """The first detected distant metastasis of every patient without one at diagnosis."""
    lesions = run.table("lesions")
    seen = lesions[~lesions["site"].isin(["local", "regional_nodes"]) & (lesions["detected_d"] > 0)]
    patients = run.table("patients").set_index("patient")
    seen = seen[(patients.loc[seen["patient"], "m_stage"] == "M0").to_numpy()]
    return seen.sort_values("detected_d").groupby("patient").first()


number = int((runs["usual"].table("patients")["m_stage"] == "M0").sum())
print(f"first distant metastasis, per 1000 of {number} patients with M0; in brackets: its founder had slept")
for low, high in ((0, 5), (5, 10), (10, 20)):
    cells = []
    for run in runs.values():
        first = first_distant(run)
        first = first[(first["detected_d"] > low * YEAR) & (first["detected_d"] <= high * YEAR)]
        slept = first["waking_d"] - first["seeded_d"] > 1.0
        cells.append(f"{1000 * len(first) / number:5.1f} ({1000 * slept.sum() / number:4.1f})")
    print(f"  {low:2d} to {high:2d} y   usual {cells[0]}   waking halved {cells[1]}")

# In patients who never relapse, the stock of sleeping cells only decays after surgery.
free = (runs["usual"].table("patients")["relapse_kind"] == "none").to_numpy()
left = [float(run.table("patients")["dormant_cells_at_end"][free].median()) for run in runs.values()]
print(f"sleeping cells at the end, no relapse (median): usual {left[0]:.3g}, waking halved {left[1]:.3g}")
