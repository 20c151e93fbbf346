"""Tips that climb a growth factor and are held by fibronectin: the tip model of vessels in its form without units.

Lengths are those of the case (2 mm), times too (1.596 days); what the case does not name is the usual value of the
package in these units.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from diaspore.core.rng import uniform_column
from diaspore.fields.continuum import Continuum, Mover
from diaspore.fields.grid import Grid
from diaspore.knowledge.load import fact
from diaspore.tissue.vessels.graph import BLOOD, Graph
from diaspore.tissue.vessels.sprouting import Sprouting, Surroundings, sprout
from diaspore.tissue.vessels.tips import Motion, drift, move_tips
from diaspore.validation.registry import Result

UM, MINUTES = 2000.0, 4e6 / (2.9e-7 * 1e8 * 60.0)  # of a unit of length and of time
DAYS = MINUTES / 1440.0
D, CHI, ALPHA, RHO = 0.00035, 0.38, 0.6, 0.34
MADE, TAKEN, EATEN = 0.05, 0.1, 0.1
EPSILON, MOST = 0.45, 0.75
WALKERS, PARENTS, SEED, SEEDS = 10_000, 5, 1, 4


def run() -> Result:
    """Fields kept, continuum, walkers, and all of it together."""
    result = Result()
    _kept(result)
    _continuum(result)
    _full(result)
    return result


def _factor(x: np.ndarray) -> np.ndarray:
    return np.exp(-((1.0 - x) ** 2) / EPSILON)


def _fibronectin(x: np.ndarray) -> np.ndarray:
    return MOST * np.exp(-(x**2) / EPSILON)


def _motion(haptotaxis: bool, wandering: float, fastest: float = math.inf) -> Motion:
    # chi0/(1 + alpha c) is chi0 K/(K + c) with K = 1/alpha.
    return Motion(CHI / ALPHA, 1.0 / ALPHA, RHO if haptotaxis else 0.0, wandering, fastest)


class Line:
    """Both fields along x, a little beyond the domain so that they need no ends."""

    def __init__(self, spacing: float = 0.0025, beyond: float = 0.1) -> None:
        count = round((1.0 + 2.0 * beyond) / spacing)
        self.grid = Grid((1, 1, count), spacing, (-beyond, 0.0, 0.0))
        x = self.grid.centres(2)
        self.factor, self.matrix = _factor(x)[None, None], _fibronectin(x)[None, None]
        self.origin = np.array(self.grid.origin)

    def move(self, x: np.ndarray, motion: Motion, held: bool, time: float, step: int) -> np.ndarray:
        """Where tips are after a step."""
        places = np.column_stack([x, np.zeros((len(x), 2))])
        many = len(x)
        move_tips(
            places, places.copy(), np.zeros(many), np.zeros((many, 3)), np.arange(1, many + 1, dtype=np.uint64),
            self.factor, self.matrix, held, self.origin, self.grid.spacing, np.zeros(3), np.array([1.0, 0.0, 0.0]),
            motion, time, 1, np.uint64(SEED), step,
        )  # fmt: skip
        return places[:, 0]


def _kept(result: Result) -> None:
    """Single tips while both fields stay as they are."""
    line = Line()
    alone, both = _motion(False, 0.0), _motion(True, 0.0)
    half = line.grid.spacing
    result.add("start_speed", drift(line.factor, line.matrix, False, line.origin, half, alone, 0.0, 0.0, 0.0)[0])
    x, t, step, when = np.zeros(1), 0.0, 0.005, {}
    for k in range(2_000):
        before, x = x, line.move(x, alone, False, step, k)
        t += step
        for place in (0.5, 0.9):
            if before[0] < place <= x[0]:
                when[place] = t - step * float((x[0] - place) / (x[0] - before[0]))
        if x[0] > 0.9:
            break
    result.add("half_way", when[0.5])
    result.add("arrival", when[0.9])
    result.add("arrival_days", when[0.9] * DAYS)
    x = np.zeros(1)
    for k in range(5_000):
        x = line.move(x, both, True, 0.02, k)
    result.add("halt", x[0])


def _rates(u: np.ndarray, _: np.ndarray, production: np.ndarray, loss: np.ndarray) -> None:
    """Cells stay; w = ln(1 + alpha c)/alpha, whose gradient cells climb evenly, falls as c is taken up."""
    n, w = u[0], np.maximum(u[1], 1e-12)
    c = np.expm1(ALPHA * w) / ALPHA
    production[:] = loss[:] = 0.0
    loss[1] = EATEN * n * c / ((1.0 + ALPHA * c) * w)
    production[2], loss[2] = MADE * n, TAKEN * n


def _continuum(result: Result) -> None:
    """Cells kept with all reactions; then walkers beside the continuum form in fields that stay."""
    grid = Grid((1, 1, 400), 0.0025)
    x = grid.centres(2)
    cells = np.exp(-(x**2) / 0.001)
    fields = np.stack([cells, np.log1p(ALPHA * _factor(x)) / ALPHA, _fibronectin(x)])
    movers = [Mover(D, follows=((1, CHI), (2, RHO))), Mover(), Mover()]
    u = fields[:, None, None].copy()
    whole = Continuum(grid, movers, _rates)
    total, worst = u[0].sum(), 0.0
    for _ in range(100):
        whole.advance(u, 0.01, 10)
        worst = max(worst, abs(float(u[0].sum() / total) - 1.0))
    result.add("cells_kept", worst)
    u = fields[:, None, None].copy()
    Continuum(grid, movers).advance(u, 0.01, 200)
    mean = float(np.sum(u[0, 0, 0] * x) / u[0].sum())
    line = Line()
    chance = uniform_column(np.uint64(SEED), np.arange(WALKERS, dtype=np.uint64), 0, 0)
    share = np.concatenate([[0.0], np.cumsum(cells)]) / cells.sum()
    walkers = np.interp(chance, share, np.linspace(0.0, 1.0, 401))
    motion = _motion(True, D)
    for k in range(400):
        walkers = line.move(walkers, motion, True, 0.005, k)
    result.add("walkers_v_continuum", float(walkers.mean()) / mean)


def _full(result: Result) -> None:
    """Everything together, several times with other random numbers."""
    found = [_sprouts(seed) for seed in range(SEED, SEED + SEEDS)]
    result.add("mean_speed", float(np.mean([speed for speed, _ in found])))
    branched = np.concatenate([places for _, places in found])
    if len(branched):
        result.add_counts("brush_border", int((branched[:, 0] > 0.5).sum()), len(branched))
    else:
        result.skip("brush_border", "no tip branched")


def _sprouts(seed: int) -> tuple[float, np.ndarray]:
    """Mean speed of the foremost tip (mm/day) and places of branchings in the square.

    Tips take up growth factor and remake fibronectin where they are.
    """
    grid = Grid((1, 200, 200), 0.005)
    x = np.broadcast_to(grid.centres(2), grid.shape[1:])
    factor, matrix = _factor(x)[None].copy(), _fibronectin(x)[None].copy()
    way, graph = _way(), Graph(seed)
    nodes = [graph.add_node([0.0, y, 0.0025]) for y in np.linspace(0.0, 1.0, PARENTS + 1)]
    for a, b in pairwise(nodes):
        graph.perfused[graph.add_segment(a, b, 0.004, host=True)] = 1
    for y in (np.arange(PARENTS) + 0.5) / PARENTS:  # as in the case, tips start at the parent vessel
        node = graph.add_node([0.0, y, 0.0025])
        new = graph.add_node([0.0, y, 0.0025])
        graph.add_tip(new, graph.add_segment(node, new, 0.004), BLOOD, np.array([1.0, 0.0, 0.0]))
        graph.sprout[graph.segments - 1] = graph.tip_sprout[graph.tips - 1]
    step, places, front, end = 0.01, [], 0.0, 20.0 / DAYS
    low, high, time = np.zeros(3), np.array([1.0, 1.0, 0.0025]), 0.0
    while time < end and front < 0.9:
        around = Surroundings(factor, matrix, np.zeros(3), grid.spacing, low, high, seed, round(time / step), step)
        places.append(sprout(graph, way, around).branched)
        tips = graph.place[graph.tip_node[: graph.tips]]
        row = np.minimum((tips[:, 1::-1] / grid.spacing).astype(int), 199)
        (j, i), cells = _counted(row)
        factor[0, j, i] *= np.exp(-EATEN * cells * step)
        kept = np.exp(-TAKEN * cells * step)
        matrix[0, j, i] = matrix[0, j, i] * kept + MADE / TAKEN * (1.0 - kept)
        front = max(front, float(tips[:, 0].max(initial=0.0)))
        time += step
    return front * UM / 1e3 / (time * DAYS), np.concatenate(places)


def _counted(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (2, n) in which tips are, and how many in each."""
    voxels, many = np.unique(row, axis=0, return_counts=True)
    return voxels.T, many


def _way() -> Sprouting:
    def length(key: str) -> float:
        return fact(f"vessels.{key}").value / UM

    return Sprouting(
        BLOOD, 0, 1, fact("vessels.threshold_share").value / ALPHA, 1.0 / ALPHA,
        fact("vessels.power").value, 0.0,
        fact("vessels.branching_rate").value * MINUTES, fact("vessels.branching_age").value / MINUTES,
        math.radians(fact("vessels.branching_angle").value), length("parting"), fact("vessels.notch").value,
        length("notch_reach"), length("fusing"), length("alone"), length("sprout_diameter"), length("narrowest"),
        fact("vessels.leakiest").value, 0.01, _motion(True, D, fact("vessels.fastest").value * MINUTES / UM),
    )  # fmt: skip
