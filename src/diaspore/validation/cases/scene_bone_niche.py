"""Foci of tumour cells in bone, the bone cells beside them, and bone without tumour, in the scene of the bone niche."""

from __future__ import annotations

import pandas as pd

from diaspore.core.simulate import simulate
from diaspore.tissue.ablation import Ablation, ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.bone_niche import SCENE
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result

SEEDS = range(1, 13)
HEALTHY = Ablation("no tumour", cells=("settled", "tumour"))


def run() -> Result:
    """Twelve seeds with tumour and twelve without."""
    ill, healthy = measured(SCENE.spec()), measured(ablated(SCENE.spec(), HEALTHY))
    result = Result()
    for name in ("focus_1_week", "focus_2_weeks"):
        result.add(name, ill[name].median(), reason="fitted: lag and growth were chosen for it; median of seeds")
    for name in ("osteoblasts", "osteoclasts"):
        column = f"{name}_beside"
        left = ill[column].mean() / healthy[column].mean()
        result.add(f"{name}_left", left, reason="fitted: what the tumour does to osteoblasts was chosen for it")
    result.add("resorption_rate", healthy["resorption"].mean(), reason="fitted, within what one osteoclast does")
    result.add("formation_rate", healthy["formation"].mean(), reason="fitted")
    return result


def measured(spec: TissueSpec) -> pd.DataFrame:
    """Measures of the scene, a row for each seed."""
    return pd.DataFrame(
        [dict(SCENE.measure(Tissue(simulate(spec, seed=seed, threads=1, quiet=True)))) for seed in SEEDS]
    )
