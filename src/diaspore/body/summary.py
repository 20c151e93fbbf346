"""Headline numbers of a run, from its patients table and ledger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diaspore.body.compile import Compiled
from diaspore.body.ledger import STAGES, balance_error
from diaspore.body.processes.staging import GROUPS

YEARS = (1, 2, 5, 10, 15, 20)
COLUMNS = (
    "diameter_at_diagnosis_mm",
    "nodes_examined",
    "nodes_positive",
    "m_stage",
    "stage_group",
    "sites_with_metastasis",
    "relapse_d",
    "distant_relapse_d",
    "death_d",
    "death_cause",
    "followup_d",
    "ctc_per_ml_at_diagnosis",
    "metastases_not_followed",
)


def years_within(days: float) -> list[int]:
    """Years at which results are given; a follow-up of less than five years also has its own last whole year."""
    years = {y for y in YEARS if y * 365.25 <= days + 0.5}
    last = int((min(days, 5 * 365.25) + 0.5) / 365.25)
    return sorted(years | ({last} if last else set()))


def summarise(compiled: Compiled, patients: pd.DataFrame, ledger: np.ndarray, sites: dict[str, int]) -> dict[str, Any]:
    """Summary of a run.

    Args:
        compiled: what was run.
        patients: columns `COLUMNS` of the patients table.
        ledger: (stages, routes, sites) of the whole run.
        sites: number of patients with a detected metastasis at each site.

    Everyone is followed to death or to the end, so survival at a year is a plain share; where a controller stopped
    patients early, years beyond the first stop are left out.
    """
    n = len(patients)
    m0 = (patients["m_stage"] == "M0").to_numpy()
    death = patients["death_d"].to_numpy()
    relapse = patients["relapse_d"].to_numpy()
    alive = patients["death_cause"].to_numpy() == "alive"
    complete = float(patients["followup_d"].to_numpy()[alive].min()) if alive.any() else np.inf
    years = years_within(min(complete, compiled.spec.follow_up.duration))
    nodes = m0 & (patients["nodes_examined"].to_numpy() > 0)
    lethal = (patients["death_cause"] == "cancer").to_numpy()
    distant = patients["distant_relapse_d"].to_numpy()
    free = np.fmin(death, relapse)

    def share_after(times: np.ndarray, mask: np.ndarray) -> dict[str, float]:
        if not mask.any():
            return {}
        return {str(y): float(np.mean(~(times[mask] <= y * 365.25))) for y in years}

    par = compiled.model.par[0]
    tube = float(par["detection_tube_volume"])
    stages = patients["stage_group"].value_counts()
    return {
        "patients": n,
        "primary": compiled.spec.primary.site,
        "parameter_set": compiled.values.set.name,
        "parameter_set_sha256": compiled.values.set.hash,
        "changed_parameters": list(compiled.values.changed),
        "stage": {g: int(stages.get(g, 0)) for g in GROUPS},
        "node_positive_m0": float(np.mean(patients["nodes_positive"].to_numpy()[nodes] > 0)) if nodes.any() else None,
        "metastatic_at_diagnosis": float(np.mean(~m0)),
        "median_diameter_mm": float(patients["diameter_at_diagnosis_mm"].median()),
        "ctc_per_tube_median": float(patients["ctc_per_ml_at_diagnosis"].median()) * tube,
        "overall_survival": share_after(death, np.ones(n, dtype=bool)),
        "relapse_free_survival_m0": share_after(free, m0),
        "distant_relapse_m0": {y: 1 - s for y, s in share_after(distant, m0).items()},
        "cancer_death": {
            y: 1 - s for y, s in share_after(np.where(lethal, death, np.nan), np.ones(n, dtype=bool)).items()
        },
        "sites": {name: count / n for name, count in sites.items() if count},
        "patients_with_lesions_not_followed": float(np.mean(patients["metastases_not_followed"].to_numpy() > 0)),
        "ledger": {name: float(ledger[i].sum()) for i, name in enumerate(STAGES)},
        "ledger_balance_error": balance_error(ledger),
        "numerics": compiled.spec.numerics.model_dump(mode="json"),
    }
