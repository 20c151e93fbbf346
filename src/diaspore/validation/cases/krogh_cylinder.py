"""Oxygen around a capillary: the exchange of vessels with the solver of steady substances, against formulas.

The grid is finer than the capillary, whose wall is then drawn on it; nothing consumes within. The cylinder stands in a
closed square box where nothing outside of it consumes, so that nothing passes its surface on the average.
"""

from __future__ import annotations

import numpy as np

from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import Grid
from diaspore.fields.steady import Steady
from diaspore.tissue.vessels.crossing import cross
from diaspore.tissue.vessels.delivery import Carried, add_exchange
from diaspore.tissue.vessels.graph import Graph
from diaspore.validation.registry import Result

D, HELD, RADIUS, CAPILLARY, SPACING = 1e5, 40.0, 50.0, 5.0, 2.5
CONSUMPTION, RATE = 420.0, 10.0
PERMEABILITY = 3e4
"""Of the wall of a thin vessel, um/min."""
IDEAL = 1e9  # um/min: a wall that resists nothing


class Cylinder:
    """Tissue around one capillary."""

    def __init__(self, radius: float) -> None:
        half = int(np.ceil(radius / SPACING)) + 4
        self.grid = Grid((1, 2 * half, 2 * half), SPACING, (-half * SPACING, -half * SPACING, 0.0))
        fine = SPACING * (np.arange(10 * 2 * half) + 0.5) / 10.0 - half * SPACING
        square = fine[:, None] ** 2 + fine[None] ** 2
        within = (square < radius**2) & (square > CAPILLARY**2)
        # Share of each voxel that is tissue.
        self.tissue = within.reshape(2 * half, 10, 2 * half, 10).mean(axis=(1, 3))[None]
        graph = Graph()
        graph.add_segment(graph.add_node([0.0, 0.0, 0.0]), graph.add_node([0.0, 0.0, SPACING]), 2.0 * CAPILLARY)
        graph.perfused[0], graph.haematocrit[0] = 1, 0.45
        self._graph, self._crossing = graph, cross(graph, self.grid)

    def solve(self, uptake: float, consumption: float) -> tuple[np.ndarray, float]:
        """Pressure of oxygen, and what leaves the capillary over what is consumed."""
        u, sink, source = np.full((3, *self.grid.shape), HELD)
        sink[:] = source[:] = 0.0
        add_exchange(
            self._graph, self._crossing, Carried(HELD, IDEAL, diffusion=D), 0.45, SPACING, np.empty(0), sink, source
        )
        walls = sink.copy()
        eaten = uptake * self.tissue
        solver = Steady(self.grid, Substance(D))
        solver.solve(u, sink + eaten, source - consumption * self.tissue, 1e-13)
        given = float(np.sum(walls * (HELD - u)))
        return u, given / float(np.sum(eaten * u + consumption * self.tissue))

    def at(self, u: np.ndarray, radius: float) -> float:
        """Mean of the pressure on a circle, linear between the centres of voxels."""
        angle = 2.0 * np.pi * (np.arange(360) + 0.5) / 360.0
        n = u.shape[1]
        f = [radius * g(angle) / SPACING + 0.5 * n - 0.5 for g in (np.sin, np.cos)]
        j, i = (np.floor(v).astype(int) for v in f)
        t, s = f[0] - j, f[1] - i
        v = u[0]
        mixed = (1 - t) * ((1 - s) * v[j, i] + s * v[j, i + 1]) + t * ((1 - s) * v[j + 1, i] + s * v[j + 1, i + 1])
        return float(mixed.mean())


def _critical() -> float:
    """Radius at which nothing is left at the surface."""
    low, high = 70.0, 110.0
    for _ in range(9):
        middle = 0.5 * (low + high)
        cylinder = Cylinder(middle)
        u, _ = cylinder.solve(0.0, CONSUMPTION)
        low, high = (middle, high) if cylinder.at(u, middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def mean_fall(spacing: float, place: tuple[float, float]) -> float:
    """Mean fall of pressure below that in a vessel of 8 um, at ``place`` in a closed box of 100 um that consumes."""
    size = round(2.0 * RADIUS / spacing)
    grid = Grid((1, size, size), spacing, (-RADIUS, -RADIUS, 0.0))
    graph = Graph()
    graph.add_segment(graph.add_node([*place, 0.0]), graph.add_node([*place, spacing]), 8.0)
    graph.perfused[0], graph.haematocrit[0] = 1, 0.45
    u, sink, source = np.full((3, *grid.shape), HELD)
    sink[:] = source[:] = 0.0
    wall = Carried(HELD, PERMEABILITY, diffusion=D)
    add_exchange(graph, cross(graph, grid), wall, 0.45, spacing, np.empty(0), sink, source)
    Steady(grid, Substance(D)).solve(u, sink, source - CONSUMPTION, 1e-12)
    return HELD - float(u.mean())


def run() -> Result:
    """Constant and proportional consumption, and the balance."""
    result = Result()
    cylinder = Cylinder(RADIUS)
    u, balance = cylinder.solve(0.0, CONSUMPTION)
    for radius in (10.0, 20.0, 50.0):
        result.add(f"constant_{radius:.0f}um", cylinder.at(u, radius))
    result.add("critical_radius", _critical())
    u, also = cylinder.solve(RATE, 0.0)
    for radius in (20.0, 50.0):
        result.add(f"proportional_{radius:.0f}um", cylinder.at(u, radius))
    wide = Cylinder(2.0 * RADIUS)
    u, _ = wide.solve(RATE, 0.0)
    result.add("proportional_wide", wide.at(u, 2.0 * RADIUS))
    places = [(x, y) for x in (0.0, 6.3) for y in (2.0, -7.7)]
    drawn = np.mean([mean_fall(2.0, place) for place in places])
    for spacing in (20.0, 10.0):
        thin = np.mean([mean_fall(spacing, place) for place in places])
        result.add(f"thin_{spacing:.0f}um", float(thin / drawn))
    result.add("delivered", max(balance, also, key=lambda share: abs(share - 1.0)))
    return result
