"""Tumour cells in capillaries of the lung: the scene beside what was seen in mice."""

from __future__ import annotations

import pandas as pd

from diaspore.tissue.scenes.common import at, run_of, variant
from diaspore.tissue.scenes.lung_niche import ARRIVING, SCENE
from diaspore.validation.registry import Result

SEEDS = range(1, 9)


def run() -> Result:
    """Eight seeds, saved every 4 h."""
    spec = variant(SCENE.spec(), save_every="4 h")
    rows, kills, met = [], 0.0, 0.0
    for seed in SEEDS:
        tissue = run_of(spec, seed)
        rows.append(dict(SCENE.measure(tissue)))
        begun = at(tissue, 4.0)
        kills += sum(begun[f"nk kills {one}"] for one in ARRIVING)
        met += sum(begun[f"nk encounters {one}"] for one in ARRIVING)
    found = pd.DataFrame(rows)
    result = Result()
    result.add("nk_kill_share", kills / met)
    for name in ("nk_late_survival", "hours_between_encounters", "alive_24h"):
        result.add(name, float(found[name].mean()))
    result.add("colonies_per_survivor", float(found["colonies"].sum() / found["label"].sum()))
    result.add("retained_micrometastases", float(found["retained"].mean()))
    return result
