"""Times to events of a trial as a table in the manner of CDISC's ADTTE: a row for every patient and endpoint."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from diaspore.cohort.outcomes import counted, times
from diaspore.cohort.trial import randomised
from diaspore.cohort.trial_spec import ENDPOINTS, TrialSpec
from diaspore.core.errors import InputError, shown
from diaspore.core.runstore import Run
from diaspore.core.spec import spec_from_dict

CODES = {
    "overall_survival": "OS", "cancer_death": "CSS", "disease_free_survival": "DFS", "recurrence": "TTR",
    "distant_metastasis": "TTDM", "distant_metastasis_free_survival": "DMFS",
    "bone_metastasis_free_survival": "BMFS", "brain_metastasis_free_survival": "BRMFS",
    "survival_after_relapse": "SAR",
    "progression_free_survival": "PFS",
}  # fmt: skip
"""Endpoint -> PARAMCD."""


def time_to_event(run: Run) -> pd.DataFrame:
    """The table: STUDYID, USUBJID, TRTP, TRTPN, PARAMCD, PARAM, AVAL (days), AVALU, CNSR (0: event), AGE, REPEAT.

    Simulated patients have no dates; where all are in all arms, USUBJID is the same in each.

    Raises:
        InputError: the run is no trial.
    """
    spec = spec_from_dict(run.spec)
    if not isinstance(spec, TrialSpec):
        raise InputError(f"{shown(spec.kind)} runs have no times to events of arms", field="run", allowed="trial")
    rows = randomised(spec, run.table("outcomes"), int(run.manifest["seed"]))
    cut = spec.accrual + spec.analysis.follow_up
    parts = []
    for endpoint in spec.analysis.endpoints:
        mine = counted(rows, endpoint, cut)
        time, event = times(mine, endpoint, cut)
        parts.append(
            pd.DataFrame(
                {
                    "STUDYID": spec.name, "USUBJID": mine["patient"].to_numpy(), "TRTP": mine["arm"].astype(str),
                    "TRTPN": mine["arm_number"].to_numpy(), "PARAMCD": CODES[endpoint], "PARAM": ENDPOINTS[endpoint],
                    "AVAL": time, "AVALU": "DAYS", "CNSR": (~event).astype(int),
                    "AGE": mine["age_at_diagnosis_y"].to_numpy(), "REPEAT": mine["repeat"].to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def write_adtte(run: Run, file: Path) -> None:
    """Write the table as CSV."""
    time_to_event(run).to_csv(file, index=False)
