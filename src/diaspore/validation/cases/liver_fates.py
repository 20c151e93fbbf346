"""Fates of ten thousand melanoma cells put into sinusoids of the liver."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import at, live, run_of, share, snapshot_at, variant
from diaspore.tissue.scenes.liver_niche import SCENE
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result

CELLS, SEEDS = 500, range(1, 61)
LEAST = 4
"""Cells from which on the offspring of a cell is a micrometastasis."""
MELANOMA: dict[str, Any] = {
    "tumour": {
        "cycle": {"model": "none"}, "apoptosis": {"rate": "5.31667e-5 1/min"},
        "crossing": {"extravasation": "1.5e-3 1/min"}, "transforms_to": {"growing": "6e-6 1/min"},
    },
    "growing": {
        "cycle": {"model": "live", "birth_rate": "1e-3 1/min"}, "apoptosis": {"rate": "5.31667e-5 1/min"},
        "transforms_to": {"established": "4.5e-7 1/min"},
    },
    "established": {
        "cycle": {"model": "live", "birth_rate": "2.5e-4 1/min"}, "apoptosis": {"rate": "5.31667e-5 1/min"},
    },
    "failing": {"cycle": {"model": "none"}, "apoptosis": {"rate": "8e-4 1/min"}},
}  # fmt: skip
"""Cells that nothing attacks or helps; what starts to grow fails after some days, unless it is established."""
FAILS: dict[str, Any] = {
    "type": "growing", "signal": "time", "direction": "increases", "behaviour": "transform to failing",
    "saturation": "3e-3 1/min", "half_max": "4.5 day", "power": 8,
}  # fmt: skip


def fates() -> TissueSpec:
    """Sinusoids of the scene with melanoma cells only."""
    spec = SCENE.spec()
    asleep = next(
        rule.model_dump(mode="json", exclude_none=True)
        for rule in spec.rules
        if (rule.signal, rule.behaviour) == ("inside vessel", "transform to growing")
    )
    side = ["-500 um", "500 um"]
    arriving = {"type": "tumour", "through": "blood", "lodged": True, "number": CELLS}
    return variant(
        spec, domain={"x": side, "y": side, "spacing": "20 um"}, duration="13 day", save_every="1 day", substances={},
        cell_types=MELANOMA, cells=[], recruitment=[arriving], rules=[asleep, FAILS],
    )  # fmt: skip


def run() -> Result:
    """Sixty runs of 500 cells."""
    out = alive = micro = macro = solitary = cycling = 0.0
    for seed in SEEDS:
        tissue = run_of(fates(), seed)
        day3 = at(tissue, 72.0)
        out += day3["tumour extravasated"] - _dead_outside(tissue, 72.0)
        alive += day3["tumour extravasated"]
        ever = set[int]()
        for number in range(snapshot_at(tissue, 72.0), tissue.snapshots):
            ever.update(_large(tissue, number))
        micro += len(ever)
        macro += len(_large(tissue, tissue.snapshots - 1, growing=True))
        shot = tissue.shot(tissue.snapshots - 1)
        rows = live(shot, tissue, *MELANOMA)
        founder, size = np.unique(shot["founder"][rows], return_counts=True)
        solitary += float(np.sum(size == 1))
        single = np.isin(shot["founder"][rows], founder[size == 1])
        cycling += float(np.sum(single & (shot["kind"][rows] == tissue.types.index("growing"))))
    put = float(CELLS * len(SEEDS))
    result = Result()
    result.add("extravasated_day3", out / put)
    result.add("micrometastases", share(micro, alive))
    result.add("macrometastases", share(macro, micro))
    result.add("solitary_day13", solitary / put)
    result.add("ki67_solitary", share(cycling, solitary))
    result.add("accounted", sum(_missing(seed) for seed in SEEDS[:2]))
    return result


def _dead_outside(tissue: Tissue, hours: float) -> float:
    """Cells that went out of the vessel and have no living offspring."""
    shot = tissue.shot(snapshot_at(tissue, hours))
    rows = live(shot, tissue, *MELANOMA)
    outside = np.unique(shot["founder"][rows[shot["lodged"][0, rows] == 0.0]])
    return float(at(tissue, hours)["tumour extravasated"] - len(outside))


def _large(tissue: Tissue, number: int, growing: bool = False) -> list[int]:
    """Names of cells with at least `LEAST` living offspring, or with as many that are in cycle."""
    shot = tissue.shot(number)
    rows = live(shot, tissue, *(("growing", "established") if growing else MELANOMA))
    founder, size = np.unique(shot["founder"][rows], return_counts=True)
    return [int(one) for one in founder[size >= LEAST]]


def _missing(seed: int) -> float:
    """Cells put in, less those alive, dead or washed out, where none divides and the dead stay to be counted."""
    spec = fates()
    lasting = MELANOMA["tumour"] | {
        "apoptosis": {"rate": "5.31667e-5 1/min", "length": "100 day"},
        "crossing": {"extravasation": "1.5e-3 1/min", "washout": "3e-4 1/min"}, "transforms_to": {},
    }  # fmt: skip
    tissue = run_of(variant(spec, cell_types={"tumour": lasting}, rules=[]), seed)
    end = tissue.counts.iloc[-1]
    there = end["tumour live"] + end["tumour apoptotic"]
    return abs(float(end["tumour come in"] - there - end["tumour washed out"]))
