"""A stand-in for a tissue: the attributes of `tissue.simulation.Simulation` that vessels read, and nothing else.

``u`` (S, nz, ny, nx), ``scene.grid``, ``scene.substances``, ``scene.names`` (substances, types of cells),
``scene.steps.phenotype`` (min), ``seed``, ``tick``, ``threads``, and ``cells`` with ``count``, ``kind``, ``phase`` and
``place``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from diaspore.core.spec import validate
from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import Grid
from diaspore.tissue.vessels.graph import Graph
from diaspore.tissue.vessels.part import Vessels
from diaspore.tissue.vessels.spec import VesselsSpec

UNITS = {"oxygen": "mmHg", "vegf": "ng/mL", "fibronectin": "dimensionless", "vegf_c": "ng/mL"}
TYPES = ("tumour", "progenitor")
FLAT = Grid((1, 30, 30), 20.0)
DIFFUSION = {"oxygen": 1e5, "vegf": 600.0, "fibronectin": 0.0, "vegf_c": 600.0}


@dataclass
class StandIn:
    grid: Grid
    seed: int = 1
    tick: int = 0
    threads: int = 1
    u: np.ndarray = field(init=False)
    cells: Any = field(init=False)
    scene: Any = field(init=False)

    def __post_init__(self) -> None:
        self.u = np.zeros((len(UNITS), *self.grid.shape))
        self.cells = SimpleNamespace(
            count=0, kind=np.zeros(0, dtype=np.int64), phase=np.zeros(0, dtype=np.int8), place=np.zeros((0, 4))
        )
        self.scene = SimpleNamespace(
            grid=self.grid, substances=tuple(Substance(DIFFUSION[name]) for name in UNITS),
            names=(tuple(UNITS), TYPES), steps=SimpleNamespace(phenotype=6.0),
        )  # fmt: skip

    def gradient(self, substance: str, top: float) -> StandIn:
        """Make a substance rise along x from 0 to ``top``."""
        x = self.grid.centres(2) - self.grid.origin[0]
        self.u[list(UNITS).index(substance)] = top * x / (self.grid.shape[2] * self.grid.spacing)
        return self


def vessels(stand_in: Any, data: dict[str, Any]) -> Vessels:
    """Vessels that have begun."""
    spec = validate(VesselsSpec, data)
    spec.check(UNITS, TYPES, 6.0)
    part = Vessels(spec, UNITS)
    part.begin(stand_in)
    return part


def run(part: Vessels, stand_in: StandIn, steps: int) -> None:
    for _ in range(steps):
        part.step(stand_in)  # type: ignore[arg-type]
        stand_in.tick += 1


def net(graph: Graph, carried: np.ndarray) -> np.ndarray:
    """What stays at every node that is not held."""
    total = np.zeros(graph.nodes)
    ends = graph.ends[: graph.segments]
    np.add.at(total, ends[:, 0], -carried)
    np.add.at(total, ends[:, 1], carried)
    return total[np.isnan(graph.held[: graph.nodes])]
