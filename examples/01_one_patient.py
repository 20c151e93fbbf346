"""One patient from the first tumour cell to the end: course, lesions, blood counts, pictures.

Run: python examples/01_one_patient.py [DIRECTORY]
"""

import sys
import tempfile
from pathlib import Path

import diaspore
from diaspore.viz import plot_run

SEED = 3

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
run = diaspore.simulate("breast", seed=SEED, out=out / "one-patient")

patient = run.table("patients").iloc[0]
print(f"{patient.sex}, {patient.age_at_diagnosis_y:.0f} years, {patient.diameter_at_diagnosis_mm:.0f} mm,", end=" ")
print(f"{patient.t_stage} {patient.n_stage} {patient.m_stage}, stage {patient.stage_group}")
print(f"first tumour cell {-patient.inception_d / 365.25:.1f} years before diagnosis")
print(f"metastases that nobody could see at diagnosis: {patient.occult_metastases}")
if patient.relapse_kind == "none":
    print("no relapse")
else:
    print(f"{patient.relapse_kind} relapse ({patient.relapse_site}) after {patient.relapse_d / 365.25:.1f} years")
print(f"at the end: {patient.death_cause}, {patient.followup_d / 365.25:.1f} years after diagnosis")

lesions = run.table("lesions")
print("\nlesions by site and fate")
print(lesions.groupby(["site", "fate"], observed=True).size().to_string())

visits = run.table("visits")
print("\nblood at the first visits")
print(visits[["day", "ctc_per_ml_arm", "ctc_count"]].head().to_string(index=False))

course = run.course()
assert course is not None  # runs of at most 200 patients have one
before = course.sel(time=slice(-3653, 0)).isel(patient=0)
print("\nvolume of the primary, mm3")
print(before["primary_mm3"].isel(time=slice(0, None, 24)).to_series().round(3).to_string())

for picture in plot_run(run):
    print(picture)
