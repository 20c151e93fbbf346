"""A population drawn from one description: stages, sites, survival with intervals, causes of death.

Run: python examples/02_population_and_survival.py [DIRECTORY]
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import diaspore
from diaspore.cohort import cumulative_incidence, kaplan_meier, median_survival
from diaspore.cohort.survival import overall_survival, relapse_free_survival
from diaspore.viz import plot_run

YEAR = 365.25

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
women = {
    "schema_version": 1,
    "kind": "patient",
    "name": "five thousand women",
    "patients": 5000,
    "screening": {"share": "40 %", "interval": "2 year"},
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
}
run = diaspore.simulate(women, seed=1, out=out / "population")
patients = run.table("patients")

print("stages")
print(patients["stage_group"].value_counts(normalize=True).sort_index().round(3).to_string())
print("\nfound by screening:", round(float((patients["detection"] == "screen").mean()), 3))

years = np.array([1, 2, 5, 10, 15, 19.9])
for name, outcome in (("overall", overall_survival), ("relapse-free, M0", relapse_free_survival)):
    curve = kaplan_meier(*outcome(patients), at=years * YEAR)
    print(f"\n{name} survival")
    for year, value, low, high in zip(years, curve.survival, curve.lower, curve.upper, strict=True):
        print(f"  {year:4.1f} y  {value:.3f}  ({low:.3f} to {high:.3f})")

stage_two = patients[patients["stage_group"] == "II"]
median = median_survival(kaplan_meier(*overall_survival(stage_two)))
print(f"\nmedian survival in stage II: {median.value / YEAR:.1f} y")

# Death from cancer with death from other causes competing.
cause = patients["death_cause"].map({"alive": 0, "cancer": 1, "other": 2}).to_numpy(dtype=int)
incidence = cumulative_incidence(patients["followup_d"], cause, of=1, at=[10 * YEAR])
print(f"death from cancer within 10 y: {incidence.incidence[0]:.3f}")

print("\npatients with a detected metastasis, by site")
for site, share in sorted(run.summary["sites"].items(), key=lambda pair: -pair[1])[:6]:
    print(f"  {site:<14} {share:.3f}")

for picture in plot_run(run):
    print(picture)
