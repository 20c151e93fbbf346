"""Opening of the mesothelium, first places of attachment and make-up of spheroids, in the scene of the implant.

The time of opening was measured for spheroids on a layer in a dish, so there a single spheroid comes in.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from diaspore.core.simulate import simulate
from diaspore.core.spec import validate
from diaspore.tissue.ablation import Ablation, ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.peritoneal_implant import CELLS, SCENE
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result

SEEDS = range(1, 17)
NO_SPOTS = Ablation("fat without milky spots", cells=("macrophage",))


def run() -> Result:
    """Sixteen seeds of the scene, of a single spheroid, and of fat without milky spots."""
    whole, alone, fat = (measured(spec) for spec in (SCENE.spec(), single(), ablated(SCENE.spec(), NO_SPOTS)))
    result = Result()
    opened = int(alone["clearance_time"].notna().sum())
    result.add(
        "clearance_time", alone["clearance_time"].mean(),
        reason=f"fitted by the speed of mesothelial cells; {opened} of {len(alone)} spheroids opened it",
    )  # fmt: skip
    result.add("on_milky_spots_4h", whole["on_milky_spots_4h"].mean(), reason="of the cells that have taken hold")
    ratio = whole["attached_4h"].mean() / fat["attached_4h"].mean() if fat["attached_4h"].mean() > 0 else np.nan
    result.add("migration_milky_fat", ratio, reason="fitted: cells that have taken hold at 4 h")
    result.add("mixed_spheroids", whole["mixed_spheroids"].mean(), reason="fitted: number of floating cells")
    return result


def single() -> TissueSpec:
    """The scene with one spheroid."""
    data = SCENE.spec().model_dump(mode="json", by_alias=True, exclude_none=True)
    data["recruitment"][0]["number"] = CELLS
    spec: TissueSpec = validate(TissueSpec, data)
    return spec


def measured(spec: TissueSpec) -> pd.DataFrame:
    """Measures of a setting, a row for each seed."""
    return pd.DataFrame(
        [dict(SCENE.measure(Tissue(simulate(spec, seed=seed, threads=1, quiet=True)))) for seed in SEEDS]
    )
