"""Metastases known at diagnosis, by diameter, from engine patients of fixed and of drawn diameters."""

from __future__ import annotations

import numpy as np

from diaspore.knowledge.load import table
from diaspore.validation.models.engine_runs import STAGING, run_patients, staging_only
from diaspore.validation.registry import Result

NUMBER = 6000
START = "seer.breast."
DRAWN = 30_000
# Ends (mm) of the classes into which bins are pooled for patients of drawn diameters; a bin reaches 2.5 mm each way.
CLASSES = {
    "1_1p5cm": (7.5, 17.5),
    "2_2p5cm": (17.5, 27.5),
    "3_4cm": (27.5, 42.5),
    "4p5_6cm": (42.5, 62.5),
    "6p5_10cm": (62.5, 102.5),
}


def run() -> Result:
    """Shares by bin from 1 cm on, and their error against a constant share."""
    result = Result()
    rows = [r for r in table("seer_size_metastasis") if r.key.startswith(START) and r.number("size_cm") >= 1.0]
    published = np.array([float(r.value) for r in rows])
    weight = np.array([r.number("n") for r in rows])
    constant = float(np.average(published, weights=weight))
    model = []
    for row in rows:
        patients = staging_only(10.0 * row.number("size_cm"), NUMBER)
        model.append(float(np.mean(patients.columns["stage_m"] == 1)))
        result.add(f"m1_{row.key.removeprefix(START)}", model[-1], null={"constant": constant})

    def rmse(guess: np.ndarray | float) -> float:
        return 100.0 * float(np.sqrt(np.average((guess - published) ** 2, weights=weight)))

    result.add("rmse_pp", rmse(np.array(model)), null={"constant": rmse(constant)})
    drawn = run_patients(DRAWN, STAGING)
    for name, (low, high) in CLASSES.items():
        here = (drawn.diameter > low) & (drawn.diameter <= high)
        share = float(np.mean(drawn.columns["stage_m"][here] == 1))
        result.add(f"drawn_{name}", share, null={"constant": constant}, reason=f"{int(here.sum())} engine patients")
    return result
