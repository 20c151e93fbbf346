"""First-pass arrest on a blood-flow network: linear solve, series of passages, and random walkers.

Independent of the body engine on purpose. A cell that enters a capillary bed is stopped there with probability phi,
else it moves on with the outflow; chambers of the heart and large vessels stop nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diaspore.core.jit import kernel
from diaspore.validation.data import rows

Array = NDArray[np.float64]
VESSELS = frozenset({"large_veins", "right_heart", "left_heart", "aorta_large_arteries"})
SOURCES = {"venous": "large_veins", "gut": "liver", "lung": "left_heart"}
"""Compartment that cells enter first, by source; what leaves the gut enters the liver first."""


@dataclass(frozen=True)
class FlowNetwork:
    """names: n compartments; routing: (n, n) share of the outflow of i that goes to j; bed: (n,) capillary bed or
    not.
    """

    names: tuple[str, ...]
    routing: Array
    bed: NDArray[np.bool_]

    def index(self, name: str) -> int:
        """Position of a compartment."""
        return self.names.index(name)


def network(edges: Sequence[tuple[str, str, float]]) -> FlowNetwork:
    """Network from (from, to, percent of cardiac output)."""
    names = tuple(sorted({name for a, b, _ in edges for name in (a, b)}))
    flow = np.zeros((len(names), len(names)))
    for a, b, percent in edges:
        flow[names.index(a), names.index(b)] += percent
    return FlowNetwork(names, flow / flow.sum(axis=1, keepdims=True), np.array([n not in VESSELS for n in names]))


def male_edges() -> list[tuple[str, str, float]]:
    """Edges of the ICRP 89 man."""
    return [(r["from"], r["to"], float(r["percent"])) for r in rows("icrp89_male_flow.csv")]


def arrest_by_solve(net: FlowNetwork, source: str, phi: float) -> Array:
    """Share finally arrested in each compartment, by one dense linear solve. Shape (n,)."""
    stop = np.where(net.bed, phi, 0.0)
    # expected entries x obey x = e + routing' ((1 - stop) x)
    matrix = np.eye(len(net.names)) - net.routing.T * (1.0 - stop)[None, :]
    start = np.zeros(len(net.names))
    start[net.index(SOURCES[source])] = 1.0
    return np.asarray(np.linalg.solve(matrix, start) * stop)


def arrest_by_series(net: FlowNetwork, source: str, phi: float, tolerance: float = 1e-16) -> Array:
    """The same, passage by passage until less than ``tolerance`` of the cells still moves. Shape (n,)."""
    stop = np.where(net.bed, phi, 0.0)
    moving = np.zeros(len(net.names))
    moving[net.index(SOURCES[source])] = 1.0
    arrested = np.zeros(len(net.names))
    while moving.sum() > tolerance:
        arrested += moving * stop
        moving = (moving * (1.0 - stop)) @ net.routing
    return arrested


@kernel
def _walk(cumulative: Array, stop: Array, start: int, walkers: int, rng: np.random.Generator) -> NDArray[np.int64]:
    counts = np.zeros(stop.size, dtype=np.int64)
    for _ in range(walkers):
        here = start
        while True:
            if stop[here] > 0.0 and rng.random() < stop[here]:
                counts[here] += 1
                break
            u = rng.random()
            there = 0
            while cumulative[here, there] < u:
                there += 1
            here = there
    return counts


def arrest_by_walkers(net: FlowNetwork, source: str, phi: float, walkers: int, seed: int) -> NDArray[np.int64]:
    """Number of random walkers arrested in each compartment. Shape (n,)."""
    cumulative = np.cumsum(net.routing, axis=1)
    cumulative[:, -1] = 1.0
    # rounding must not let a walker take an edge that does not exist
    last = np.array([int(np.flatnonzero(row)[-1]) for row in net.routing])
    cumulative[np.arange(last.size), last] = 1.0
    rng = np.random.Generator(np.random.Philox(seed))
    return _walk(cumulative, np.where(net.bed, phi, 0.0), net.index(SOURCES[source]), walkers, rng)
