"""The lattice in plain Python: every cell an object, every rule as it is said, with random numbers of its own."""

from __future__ import annotations

import random
from bisect import bisect_right
from typing import Any

import numpy as np

from diaspore.tissue.lattice.kernels.layout import RUPTURED, VESSEL, WAY_IN

NEAR = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))


def field_step(mmp2: np.ndarray, ecm: np.ndarray, mesenchymal: np.ndarray, rules: Any) -> tuple[np.ndarray, np.ndarray]:
    """One step of one grid (y, x) without a rim; the order of operations is that of the kernel."""
    m = np.pad(mmp2, 1, mode="reflect")
    around = ((m[1:-1, 2:] + m[1:-1, :-2]) + m[2:, 1:-1]) + m[:-2, 1:-1]
    new = (rules.spread * around + mmp2 * rules.keep) + rules.produce * mesenchymal
    return new, ecm * np.maximum(0.0, 1.0 - (rules.contact * mesenchymal + rules.digest * new))


class Twin:
    """State of the twin: cells are lists [grid, y, x, phenotype], alive while they are in ``cells``."""

    def __init__(self, lattice: Any, seed: int) -> None:
        self.rules, side = lattice.rules, lattice.side
        self.n, self.grids = side - 2, len(lattice.points.box)
        self.random = random.Random(seed)
        self.features = lattice.points.features.reshape(self.grids, side, side)[:, 1:-1, 1:-1]
        self.vessels = [
            [self._point(p, side) for p in self.rules.vessels[a:b]]
            for a, b in zip(self.rules.vessels_from[:-1], self.rules.vessels_from[1:], strict=True)
        ]
        self.mmp2, self.ecm = np.zeros(self.features.shape), np.ones(self.features.shape)
        self.cells = [[*self._point(p, side), kind] for kind in range(2) for p in lattice.positions(kind)]
        self.at: dict[tuple[int, int, int], list[list[int]]] = {}
        for cell in self.cells:
            self.at.setdefault((cell[0], cell[1], cell[2]), []).append(cell)
        self.waiting: dict[int, list[list[int]]] = {}
        self.tick = self.died = self.lost = 0

    @staticmethod
    def _point(p: int, side: int) -> tuple[int, int, int]:
        return int(p) // side**2, int(p) // side % side - 1, int(p) % side - 1

    def here(self, point: tuple[int, int, int]) -> list[list[int]]:
        return self.at.get(point, [])

    def put(self, g: int, y: int, x: int, kind: int) -> None:
        cell = [g, y, x, kind]
        self.cells.append(cell)
        self.at.setdefault((g, y, x), []).append(cell)

    def step(self) -> None:
        self.arrive()
        makers = np.zeros(self.features.shape)
        for g, y, x, kind in self.cells:
            makers[g, y, x] += kind == 0
        for g in range(self.grids):
            self.mmp2[g], self.ecm[g] = field_step(self.mmp2[g], self.ecm[g], makers[g], self.rules)
        for kind in range(2):
            if self.tick and self.tick % self.rules.doubling[kind] == 0:
                self.divide(kind)
        self.move()
        self.tick += 1

    def divide(self, kind: int) -> None:
        for g, y, x, k in list(self.cells):
            if k == kind and len(self.here((g, y, x))) < self.rules.capacity:
                self.put(g, y, x, k)

    def weights(self, g: int, y: int, x: int, kind: int) -> list[float]:
        """Of left, down, stay, up, right."""
        w, last, walk, pull = self.ecm[g], self.n - 1, self.rules.walk[kind], self.rules.pull[kind]
        across = w[y, x + 1] - w[y, x - 1] if 0 < x < last else 0.0
        along = w[y + 1, x] - w[y - 1, x] if 0 < y < last else 0.0
        left, right = walk - pull * across, walk + pull * across
        down, up = walk - pull * along, walk + pull * along
        steps = [left * (x > 0), down * (y > 0), up * (y < last), right * (x < last)]
        if self.rules.no_negative:
            steps = [max(step, 0.0) for step in steps]
        return [steps[0], steps[1], 1.0 - sum(steps), steps[2], steps[3]]

    def move(self) -> None:
        order = list(self.cells)
        self.random.shuffle(order)
        gone: set[int] = set()
        for cell in order:
            if id(cell) in gone:
                continue
            g, y, x, kind = cell
            choice = bisect_right(np.cumsum(self.weights(g, y, x, kind)).tolist(), self.random.random(), 0, 4)
            dy, dx = ((0, -1), (-1, 0), (0, 0), (1, 0), (0, 1))[choice]
            to = (g, y + dy, x + dx)
            feature = self.features[to]
            if feature & WAY_IN and (feature & RUPTURED or kind == 0):
                taken = [c for ny, nx in NEAR for c in self.here((g, to[1] + ny, to[2] + nx))]
                for ny, nx in NEAR:
                    self.at.pop((g, to[1] + ny, to[2] + nx), None)
                gone |= {id(c) for c in taken}
                size = [sum(c[3] == k for c in taken) for k in range(2)]
                self.waiting.setdefault(self.tick + self.rules.transit, []).append(size)
            elif (self.rules.open_vessels and feature & VESSEL) or len(self.here(to)) < self.rules.capacity:
                self.at[(g, y, x)] = [c for c in self.at[(g, y, x)] if c is not cell]
                cell[1:3] = to[1:]
                self.at.setdefault(to, []).append(cell)
        self.cells = [cell for cell in self.cells if id(cell) not in gone]

    def arrive(self) -> None:
        parts = []
        for m, e in self.waiting.pop(self.tick, []):
            stay = [m, e]
            if m + e > 1:
                for kind in [0] * m + [1] * e:
                    if self.random.random() < self.rules.leave:
                        parts.append([1 - kind, kind])
                        stay[kind] -= 1
            if sum(stay):
                parts.append(stay)
        for m, e in parts:
            if self.random.random() >= self.rules.survival[int(m + e > 1)]:
                self.died += m + e
                continue
            g = 1 + bisect_right(self.rules.sites.tolist(), self.random.random(), 0, len(self.rules.sites) - 1)
            _, y, x = self.random.choice(self.vessels[g])
            for kind in [0] * m + [1] * e:
                for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)):
                    inside = 0 <= y + dy < self.n and 0 <= x + dx < self.n
                    if inside and len(self.here((g, y + dy, x + dx))) < self.rules.capacity:
                        self.put(g, y + dy, x + dx, kind)
                        break
                else:
                    self.lost += 1
