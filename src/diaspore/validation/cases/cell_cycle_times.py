"""Mean times of phases, measured on cells apart from each other in ample oxygen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from diaspore.tissue.kernels.phenotype import DIVIDES, VANISHES
from diaspore.tissue.state import APOPTOTIC
from diaspore.validation.registry import Result
from diaspore.validation.tissues import simulation

COUNT, STEP = 20_000, 6.0


def run() -> Result:
    """Growth of the live cycle, lengths of phases of the others, time of dying."""
    result = Result()
    live = _cells({"cycle": {"model": "live"}})
    births = 0
    for _ in range(240):
        births += int(np.sum(_step(live) == DIVIDES))
    # Daughters are not followed, so births are a renewal process with the rate of one cell.
    result.add("live", births / (COUNT * 0.00072 * 1440.0))
    ki67 = _lengths({"cycle": {"model": "ki67"}}, 2)
    result.add("ki67_negative", ki67[0].mean() / (74.35 * 60.0))
    result.add("ki67_positive", ki67[1].mean() / (15.5 * 60.0))
    flow = _lengths({"cycle": {"model": "flow"}}, 4)
    result.add("flow_g0g1", flow[0].mean() / 300.0)
    result.add("flow_s", flow[1].mean() / 480.0)
    gamma = _lengths({"cycle": _one("gamma", 4)}, 1)[0]
    result.add("gamma_spread", gamma.std() / gamma.mean())
    fixed = _lengths({"cycle": _one("fixed", 1)}, 1)[0]
    result.add("fixed_spread", fixed.std() / fixed.mean())
    result.add("apoptosis", _apoptosis())
    return result


def _one(law: str, shape: int) -> dict[str, Any]:
    phase = {"name": "all", "length": "20 h", "law": law, "shape": shape, "divides": True}
    return {"model": "phases", "phases": [phase]}


def _cells(cell: dict[str, Any], **more: Any) -> Any:
    s = simulation(substances={}, cell_types={"cell": cell | more}, cells=[])
    s.cells.reserve(COUNT)
    s.cells.count = COUNT
    k = s.scene.kinds[0]
    s.cells.identity[:COUNT] = np.arange(COUNT)
    s.cells.nucleus_target[:COUNT] = k["nucleus"]
    s.cells.volumes[:COUNT] = (k["volume"] * 0.75, k["nucleus"], k["volume"] * 0.25 - k["nucleus"])
    s.make_room()
    return s


def _step(s: Any) -> np.ndarray:
    """One step of phenotypes without daughters; returns the fates."""
    fate: np.ndarray = s.step_phenotypes()
    return fate


def _lengths(cell: dict[str, Any], phases: int) -> list[np.ndarray]:
    """Lengths (min) of the first whole stay of each cell in each phase."""
    s = _cells(cell)
    entered, length = np.zeros(COUNT), np.full((phases, COUNT), np.nan)
    now = 0.0
    before = s.cells.phase[:COUNT].copy()
    while np.isnan(length).any() and now < 60_000.0:
        fate = _step(s)
        now += STEP
        after = s.cells.phase[:COUNT]
        changed = (after != before) | (fate == DIVIDES)
        for p in range(phases):
            ends = changed & (before == p) & np.isnan(length[p])
            length[p, ends] = now - entered[ends]
        entered[changed] = now
        before = after.copy()
    return list(length)


def _apoptosis() -> float:
    """Time (min) from the beginning of apoptosis to the removal, of cells that all begin in the first step."""
    s = _cells({"cycle": {"model": "none"}}, apoptosis={})
    s.cells.phase[:COUNT] = APOPTOTIC
    now = 0.0
    while now < 2000.0:
        fate = _step(s)
        now += STEP
        if math.isclose(float(np.mean(fate == VANISHES)), 1.0):
            return now
    return math.inf
