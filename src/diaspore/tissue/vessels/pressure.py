"""Pressure of the fluid between the cells: Starling's law at the walls, Darcy's law in the tissue, in balance.

``K lap p + sum over blood of Lp S (p_v - p - sigma (pi_v - pi_i)) - sum over lymph of Lp S (p - p_l) = 0``. Leaky walls
raise it, up to that in the vessels, so that less is filtered and what is carried by fluid stays out; walls that become
normal bring it down. Valves let nothing out of lymph vessels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import Faces, Grid
from diaspore.fields.steady import Steady
from diaspore.tissue.vessels.crossing import Crossing
from diaspore.tissue.vessels.flow import reaches_outlet
from diaspore.tissue.vessels.graph import BLOOD, Graph

TOLERANCE = 1e-8
VALVES = 5
"""Most times that closing valves are looked at."""


@dataclass(frozen=True)
class Walls:
    """What governs the fluid.

    Attributes:
        conductivity: of the tissue, um2/(mmHg min).
        wall: conductivity of the wall of a normal blood vessel, um/(mmHg min); that of a leaky one is larger.
        lymph: conductivity of the wall of lymph vessels, um/(mmHg min).
        lymph_pressure: in lymph vessels, mmHg.
        reflection: of proteins by a normal wall, falls with leakiness.
        oncotic: difference of oncotic pressure between blood and tissue, mmHg.
        outside: pressure at all faces, mmHg; None for closed ones.
    """

    conductivity: float
    wall: float
    lymph: float
    lymph_pressure: float
    reflection: float
    oncotic: float
    outside: float | None


class Interstitium:
    """Pressure of the tissue's fluid on the grid.

    Attributes:
        level: (nz, ny, nx) mmHg.
        drained: (S,) fluid into every lymph vessel, um3/min.
    """

    def __init__(self, grid: Grid, walls: Walls) -> None:
        self.grid, self.walls = grid, walls
        faces = Faces() if walls.outside is None else Faces.all("held", walls.outside)
        self._solver = Steady(grid, Substance(walls.conductivity, 0.0, faces))
        self.level = np.full(grid.shape, walls.outside or 0.0)
        self.drained: np.ndarray = np.empty(0)

    def solve(self, graph: Graph, crossing: Crossing, threads: int = 1) -> None:
        """Bring the pressure into balance with the vessels."""
        grid, walls = self.grid, self.walls
        conductance, driving, lymph = self._walls(graph, crossing)
        for _ in range(VALVES):
            sink, source = (
                np.bincount(crossing.voxel, weights=w, minlength=grid.size).reshape(grid.shape) / grid.voxel_volume
                for w in (conductance, conductance * driving)
            )
            if walls.outside is None and not sink.any():
                self.level[:] = 0.0
            else:
                self._solver.solve(self.level, sink, source, TOLERANCE, threads)
            shut = lymph & (conductance > 0.0) & (self._here(crossing) < walls.lymph_pressure)
            if not shut.any():
                break
            conductance[shut] = 0.0
        taken = conductance * (self._here(crossing) - driving)
        self.drained = 1.0 * np.bincount(crossing.segment[lymph], weights=taken[lymph], minlength=graph.segments)

    def filtration(self, graph: Graph, crossing: Crossing) -> np.ndarray:
        """Fluid out of every piece, um3/min, at the pressure found last; below 0 into it."""
        conductance, driving, lymph = self._walls(graph, crossing)
        flow = conductance * (driving - self._here(crossing))
        return np.where(lymph, np.minimum(flow, 0.0), flow)

    def _here(self, crossing: Crossing) -> np.ndarray:
        return self.level.reshape(-1)[crossing.voxel]

    def _walls(self, graph: Graph, crossing: Crossing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Conductance (um3/(mmHg min)) and driving pressure of every piece, and which are of lymph vessels."""
        walls, s = self.walls, crossing.segment
        ends = graph.ends[: graph.segments]
        inside = 0.5 * (graph.pressure[ends[:, 0]] + graph.pressure[ends[:, 1]])
        leak, blood = graph.leakiness[s], graph.kind[s] == BLOOD
        area = np.pi * graph.diameter[s] * crossing.length
        flows = blood & (graph.perfused[s] == 1) & np.isfinite(inside[s])
        lymph = reaches_outlet(graph)[s]
        conductance = area * (flows * walls.wall * leak + lymph * walls.lymph)
        driving = np.where(flows, inside[s] - walls.reflection / np.maximum(leak, 1.0) * walls.oncotic, 0.0)
        return conductance, np.where(lymph, walls.lymph_pressure, driving), lymph
