"""A lattice in memory, and how it is advanced."""

from __future__ import annotations

import numpy as np

from diaspore.core.errors import DiasporeError
from diaspore.tissue.lattice.kernels.course import advance
from diaspore.tissue.lattice.kernels.layout import HEAD, TAIL, TOTALS, Cells, Points, Queue, Rules, Tally


class Lattice:
    """State of a run. The bits depend on rules, start and seed only.

    Attributes:
        rules: numbers per step.
        points: levels, cells and vessels at the points.
        cells: where each cell is.
        queue: clusters in the vasculature.
        tally: running totals.
        tick: steps so far.
    """

    def __init__(self, rules: Rules, features: np.ndarray, seed: int) -> None:
        grids, side, _ = features.shape
        self.rules, self.seed, self.tick = rules, seed, 0
        self.points = Points(
            np.zeros(features.shape),
            np.ones(features.shape),
            np.zeros((2, features.size), dtype=np.int32),
            features.reshape(-1),
            np.zeros((grids, 4), dtype=np.int64),
            np.empty((2, side + 2)),
        )
        none = np.empty(0, dtype=np.int32)
        self.cells = Cells(none, none, np.zeros(2, dtype=np.int64), none, none)
        self.queue = _queue(0)
        self.tally = Tally(np.zeros(TOTALS, dtype=np.int64), np.zeros(grids, dtype=np.int64))

    @property
    def side(self) -> int:
        """Points along an edge of a grid, with its rim."""
        return self.points.mmp2.shape[1]

    def place(self, mesenchymal: np.ndarray, epithelial: np.ndarray) -> None:
        """Put cells, given by their points, on the grids; none may be there yet."""
        self.cells.number[:] = 0
        self._make_room(len(mesenchymal), len(epithelial))
        for kind, places in enumerate((mesenchymal, epithelial)):
            (self.cells.mesenchymal, self.cells.epithelial)[kind][: len(places)] = places
            self.cells.number[kind] = len(places)
            np.add.at(self.points.counts[kind], places, 1)
        self.tally.counter[:] = self.per_grid().sum(axis=0)
        self.bound()

    def travel(self, leaves: np.ndarray, cells: np.ndarray, identity: np.ndarray, booked: int) -> None:
        """Put clusters into the vasculature, in the order in which they leave it; ``booked`` went there so far."""
        self.queue = _queue(len(leaves))
        self.queue.leaves[:], self.queue.cells[:], self.queue.identity[:] = leaves, cells, identity
        self.queue.ends[:] = 0, len(leaves), booked

    def bound(self) -> None:
        """Find anew the part of each grid that has MMP-2 or mesenchymal cells."""
        used = (self.points.mmp2 != 0.0) | (self.points.counts[0].reshape(self.points.mmp2.shape) > 0)
        used[:, [0, -1]] = used[:, :, [0, -1]] = False  # what was mirrored there
        self.points.box[:] = 0
        for g in np.flatnonzero(used.any(axis=(1, 2))):
            y, x = np.flatnonzero(used[g].any(axis=1)), np.flatnonzero(used[g].any(axis=0))
            self.points.box[g] = y[0], y[-1] + 1, x[0], x[-1] + 1

    def run(self, steps: int) -> None:
        """Advance by so many steps."""
        end = self.tick + steps
        while True:
            self.tick = advance(
                np.uint64(self.seed), self.tick, end, self.points, self.cells, self.queue, self.rules, self.tally
            )
            if self.tick == end:
                break
            m, e = self.cells.number
            self._make_room(int(m), int(e))
        if not np.isfinite(self.points.mmp2.sum()):
            raise DiasporeError(f"MMP-2 is no longer a number after {self.tick} steps")
        matrix = self.points.ecm
        if not (np.isfinite(matrix.sum()) and matrix.min() >= 0.0 and matrix.max() <= 1.0):
            raise DiasporeError(f"the matrix is not between 0 and 1 after {self.tick} steps")

    def positions(self, kind: int) -> np.ndarray:
        """Points of all cells of a phenotype (0 mesenchymal, 1 epithelial)."""
        return (self.cells.mesenchymal, self.cells.epithelial)[kind][: self.cells.number[kind]]

    def per_grid(self) -> np.ndarray:
        """(2, G) mesenchymal and epithelial cells by grid."""
        grids = len(self.points.box)
        return np.array([np.bincount(self.positions(k) // self.side**2, minlength=grids) for k in range(2)])

    def clusters(self) -> np.ndarray:
        """(C, 2) mesenchymal and epithelial cells of each cluster in the vasculature."""
        return self.queue.cells[self.queue.ends[HEAD] : self.queue.ends[TAIL]]

    def _make_room(self, m: int, e: int) -> None:
        """Room for the most that a step may bring, and half as much again."""
        travelling = self.clusters().sum(axis=0)
        need = [int(1.5 * (2 * count + on_way)) + 1000 for count, on_way in zip((m, e), travelling, strict=True)]
        cells, queue = self.cells, self.queue
        wider = [np.empty(size, dtype=np.int32) for size in need]
        for kind, new in enumerate(wider):
            new[: cells.number[kind]] = self.positions(kind)
        movers = np.empty((2, sum(need)), dtype=np.int32)
        self.cells = Cells(wider[0], wider[1], cells.number, movers[0], movers[1])
        first, last = queue.ends[HEAD], queue.ends[TAIL]
        self.queue = _queue(sum(need) + int(last - first))
        self.queue.ends[:] = 0, last - first, queue.ends[2]
        for name in ("leaves", "cells", "identity"):
            getattr(self.queue, name)[: last - first] = getattr(queue, name)[first:last]


def _queue(room: int) -> Queue:
    return Queue(
        np.empty(room, dtype=np.int64),
        np.empty((room, 2), dtype=np.int32),
        np.empty(room, dtype=np.int64),
        np.zeros(3, dtype=np.int64),
    )
