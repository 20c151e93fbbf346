"""Cytotoxic T cells in a tumour: time and contacts that a kill takes, in the scene of immune infiltration.

None of the published numbers is from the liver, so its cytokine is left out; where tumour cells lie among T cells
(spleen, infected cells) the rim that TGF-beta makes is left out too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.simulate import simulate
from diaspore.tissue.ablation import Ablation, ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.immune_infiltration import SCENE
from diaspore.validation.registry import Result

SEEDS = range(1, 11)
TUMOUR = Ablation("tumour elsewhere", factors=("liver_cytokine",))
SPLEEN = Ablation("spleen", factors=("liver_cytokine", "tgfb"))


def run() -> Result:
    """Ten seeds of each setting; means, and the median of the hits of all kills."""
    solid, spleen = measured(TUMOUR), measured(SPLEEN)
    result = Result()
    result.add("hours_per_kill", solid["hours_inside_per_kill"].mean(), reason="hours of T cells within the tumour")
    result.add(
        "kills_per_day_spleen", spleen["kills_per_day"].mean(),
        reason="fitted: the rate of hits was chosen for it; T cells of the whole tissue, without a rim",
    )  # fmt: skip
    result.add("kills_per_day_infected", spleen["kills_per_day_of_contact"].mean(), reason="per day of contact")
    hits = float(np.median(pd.concat([solid["hits"], spleen["hits"]])))
    result.add("hits_to_kill", hits, reason="put in: a tumour cell dies of three hits without a pause of 50 min")
    return result


def measured(ablation: Ablation) -> pd.DataFrame:
    """Measures of the scene in a setting, a row for each seed."""
    spec = ablated(SCENE.spec(), ablation)
    rows: list[dict[str, Any]] = []
    for seed in SEEDS:
        rows.append(dict(SCENE.measure(Tissue(simulate(spec, seed=seed, threads=1, quiet=True)))))
    return pd.DataFrame(rows)
