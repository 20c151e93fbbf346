"""Forces between cells: rest, drift, order of the integrator, and lists of neighbours that miss nobody."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.simulation import Simulation
from diaspore.validation.registry import Result
from diaspore.validation.tissues import simulation

QUIET: dict[str, Any] = {"substances": {}, "cell_types": {"cell": {"cycle": {"model": "none"}}}}


def run() -> Result:
    """The four checks."""
    result = Result()
    pair = _cells(np.array([[-5.0, 0.0, 0.0], [5.0, 0.0, 0.0]]), 0.1)
    pair.advance_physics(4000.0)
    place = pair.cells.place[:2, :3]
    result.add("two_cells", float(np.linalg.norm(place[0] - place[1])))
    rng = np.random.default_rng(1)
    crowd = rng.uniform(-60.0, 60.0, (1000, 3))
    pressed = _cells(crowd, 0.01)
    before = pressed.cells.place[:1000, :3].mean(axis=0)
    pressed.advance_physics(1.0)
    drift = np.linalg.norm(pressed.cells.place[:1000, :3].mean(axis=0) - before)
    result.add("centre_of_mass", float(drift / pressed.cells.place[0, 3]))
    result.add("order_time", _order())
    result.add("neighbours", _missed())
    return result


def _cells(xyz: np.ndarray, step: float) -> Simulation:
    """Cells that only push and pull, in a box of 1 mm, with a given step of mechanics."""
    at = [[f"{v!r} um" for v in map(float, row)] for row in xyz]
    steps = {
        "diffusion": f"{step!r} min",
        "mechanics": f"{step!r} min",
        "phenotype": "6 min",
        "longest_mechanics": "0 min",
    }
    return simulation(cells=[{"type": "cell", "at": at}], steps=steps, **QUIET)


def _order() -> float:
    """From three steps that each halve the last, on ten cells that part for two minutes."""
    xyz = np.random.default_rng(2).uniform(-15.0, 15.0, (10, 3))
    ends = []
    for n in (20, 40, 80):
        s = _cells(xyz, 2.0 / n)
        s.advance_physics(2.0)
        order = np.argsort(s.cells.identity[:10])
        ends.append(s.cells.place[:10, :3][order])
    return math.log2(np.abs(ends[0] - ends[1]).max() / np.abs(ends[1] - ends[2]).max())


def _missed() -> float:
    """Pairs in reach at the end of 100 steps whose force the lists would have left out, among 2000 crowded cells."""
    xyz = np.random.default_rng(3).uniform(-90.0, 90.0, (2000, 3))
    s = _cells(xyz, 0.1)
    s.advance_physics(10.0)
    place = s.cells.place[:2000]
    difference = place[:, None, :3] - place[None, :, :3]
    distance = np.linalg.norm(difference, axis=2)
    near = distance < REACH * (place[:, None, 3] + place[None, :, 3])
    np.fill_diagonal(near, False)
    missed = 0
    for i in range(2000):
        missed += len(set(np.flatnonzero(near[i])) - set(s.neighbours_of(i)))
    return float(missed)
