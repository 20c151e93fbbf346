"""Order and times of a niche in the lung, of tumour cells in it and of metastases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diaspore.tissue.ablation import ablated
from diaspore.tissue.scenes.common import run_of
from diaspore.tissue.scenes.premetastatic_niche import SCENE
from diaspore.validation.registry import Result

SEEDS = range(1, 9)


def run() -> Result:
    """Eight seeds, as it is, without progenitors, and without lysyl oxidase."""
    spec = SCENE.spec()
    named = {one.name: one for one in SCENE.ablations}
    found = [
        pd.DataFrame([dict(SCENE.measure(run_of(one, seed))) for seed in SEEDS])
        for one in (spec, ablated(spec, named["VEGFR1+ progenitors"]), ablated(spec, named["lysyl oxidase"]))
    ]
    usual, bare, soft = found
    result = Result()
    result.add("clusters_first", float(np.mean(usual["lead_days"] > 0.0)))
    result.add("cluster_day", float(usual["cluster_day"].mean()))
    result.add("lead_days", float(usual["lead_days"].mean()))
    result.add("first_lung_metastasis", float(usual["overt_day"].median()))
    result.add("clusters_without_vegfr1", float(bare["clusters"].mean() / usual["clusters"].mean()))
    result.add("recruitment_without_lox", float(soft["cd11b_recruited"].mean() / usual["cd11b_recruited"].mean()))
    return result
