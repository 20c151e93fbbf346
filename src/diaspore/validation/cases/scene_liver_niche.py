"""Tumour cells against Kupffer cells and cytotoxic T cells: the scene beside what was seen in rats and mice."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.tissue.ablation import Ablation, ablated
from diaspore.tissue.scenes.common import run_of, share, variant
from diaspore.tissue.scenes.liver_niche import SCENE, on_kupffer
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result

SEEDS = range(1, 13)
HOURS = 6
T_CELL_STEP = "5 min"
"""Of phenotypes where there are T cells, which are quick: who touches whom is looked at once a step."""
T_CELLS, DAYS = 20, 2
T_CELL: dict[str, Any] = {
    "volume": "475 um**3", "nucleus_volume": "200 um**3", "cycle": {"model": "none"}, "adhesion": "0 um/min",
    "motility": {"speed": "5 um/min", "persistence": "5 min"},
    "attack": {"targets": {"tumour": 1.0, "growing": 1.0}, "rate": "0.00625 1/min", "hold": "45 min"},
}  # fmt: skip
"""Transferred cytotoxic T cells; they kill as fast in contact as in mice elsewhere (halle2016)."""


def with_t_cells(spec: TissueSpec) -> TissueSpec:
    """The scene without Kupffer cells, and with T cells to which all tumour cells are open."""
    data = ablated(spec, Ablation("", cells=("kupffer",))).model_dump(mode="json", by_alias=True, exclude_none=True)
    stop = {
        "type": "ctl", "signal": "holding", "direction": "decreases", "behaviour": "migration speed",
        "saturation": "0 um/min", "half_max": 0.1, "power": 8,
    }  # fmt: skip
    return variant(
        spec, duration=f"{DAYS} day", steps={"mechanics": "0.25 min", "phenotype": T_CELL_STEP},
        cell_types=data["cell_types"] | {"ctl": T_CELL},
        cells=[*data["cells"], {"type": "ctl", "random": {"number": T_CELLS}}],
        rules=[*(rule for rule in data["rules"] if rule["behaviour"] != "susceptibility"), stop],
    )  # fmt: skip


def run() -> Result:
    """Twelve seeds of 6 h with and without Kupffer cells, and of two days with T cells."""
    spec = variant(SCENE.spec(), duration=f"{HOURS} h", save_every="1 h")
    without = variant(ablated(SCENE.spec(), SCENE.ablations[1]), duration=f"{HOURS} h", save_every="6 h")
    on, left, alone, kills = [], 0.0, 0.0, []
    for seed in SEEDS:
        tissue = run_of(spec, seed)
        on.append(np.mean([on_kupffer(tissue, number) for number in range(1, HOURS + 1)]))
        left += tissue.counts["tumour inside vessels"].iloc[-1]
        alone += run_of(without, seed).counts["tumour inside vessels"].iloc[-1]
        counts = run_of(with_t_cells(SCENE.spec()), seed).counts.iloc[-1]
        kills.append((counts["ctl kills tumour"] + counts["ctl kills growing"]) / (T_CELLS * DAYS))
    result = Result()
    result.add("share_on_kupffer", float(np.mean(on)))
    result.add("adherent_without_kupffer", share(alone, left))
    result.add("ctl_kills_per_day", float(np.mean(kills)))
    return result
