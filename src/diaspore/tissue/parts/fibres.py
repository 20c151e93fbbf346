"""Fibres of the matrix: they guide cells along them, and cells (fibroblasts above all) turn them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from diaspore.core.zarrio import Variable
from diaspore.tissue.behaviours import Behaviour
from diaspore.tissue.kernels.fibres import align
from diaspore.tissue.part import Part
from diaspore.tissue.signals import Signal

if TYPE_CHECKING:
    from diaspore.fields.grid import Grid
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_cell import CellTypeSpec

ALIGNMENT = "fibre alignment"
_PARTS = "xx yy zz xy xz yz"


def order_of(fibres: np.ndarray, flat: bool) -> np.ndarray:
    """Order of fibres ``[..., voxels]``: 0 every direction alike, 1 all along one line."""
    d = 2.0 if flat else 3.0
    squares = np.sum(fibres[:3] ** 2, axis=0) + 2.0 * np.sum(fibres[3:] ** 2, axis=0)
    return np.sqrt(np.maximum((d * squares - 1.0) / (d - 1.0), 0.0))


def starting(spec: TissueSpec, grid: Grid) -> np.ndarray:
    """Tensors (6, voxels) of the start."""
    flat, given = grid.shape[0] == 1, spec.fibres
    assert given is not None
    fibres = np.zeros((6, grid.size))
    fibres[: 2 if flat else 3] = 1.0 / (2 if flat else 3)
    if given.start == "random":
        return fibres
    z, y, x = np.meshgrid(*(grid.centres(axis) for axis in range(3)), indexing="ij")
    ordered = np.full(grid.size, given.order)
    if given.start in "xyz":
        axis = np.zeros((3, grid.size))
        axis["xyz".index(given.start)] = 1.0
    else:
        centre = np.zeros(3)
        centre[: len(given.centre)] = given.centre
        away = np.stack([c.reshape(-1) - o for c, o in zip((x, y, z), centre, strict=True)])
        if flat:
            away[2] = 0.0
        length = np.linalg.norm(away, axis=0)
        axis = away / np.maximum(length, 1e-9)
        ordered = np.where(length > 1e-9, given.order, 0.0)  # the centre itself has no direction
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    along = np.stack([axis[a] * axis[b] for a, b in pairs])
    if given.start == "around":  # every direction across the radius
        whole = np.zeros_like(fibres)
        whole[: 2 if flat else 3] = 1.0
        along = (whole - along) / (1.0 if flat else 2.0)
    return (1.0 - ordered) * fibres + ordered * along


class Fibres(Part):
    """The tensors of all voxels, which migration reads."""

    name = "fibres"
    signals: ClassVar = (Signal("fibre order", "dimensionless", "of the fibres around it: 0 none, 1 all in line"),)
    behaviours: ClassVar = (Behaviour(ALIGNMENT, "1/min", "rate at which it turns fibres into its own direction"),)

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        return spec.fibres is not None

    @classmethod
    def base(cls, behaviour: str, cell: CellTypeSpec) -> float:
        return cell.fibre_alignment

    def begin(self, simulation: Simulation) -> None:
        simulation.fibres = starting(self.spec, simulation.scene.grid)
        self._tensors = simulation.fibres
        self._tell(simulation)

    def arrived(self, simulation: Simulation, rows: slice, given: set[str]) -> None:
        self._tell(simulation)

    def step(self, simulation: Simulation) -> None:
        cells, n = simulation.cells, simulation.cells.count
        voxel = simulation.voxels()
        rate = np.ascontiguousarray(simulation.values_of(ALIGNMENT))
        align(self._tensors, voxel, cells.heading, cells.phase, rate, n, simulation.scene.steps.phenotype)
        self._tell(simulation)

    def _tell(self, simulation: Simulation) -> None:
        if "fibre order" in simulation.scene.kept:
            voxel = simulation.voxels()[: simulation.cells.count]
            simulation.tell("fibre order", order_of(self._tensors[:, voxel], simulation.flat))

    def variables(self) -> dict[str, Variable]:
        return {"fibres_tensor": Variable(("fibre_part", "voxel"), self._tensors, {"parts": _PARTS})}

    def restore(self, found: Mapping[str, Any]) -> None:
        self._tensors[:] = found["fibres_tensor"].values

    def counts(self, simulation: Simulation) -> dict[str, float]:
        return {"fibre order mean": float(order_of(self._tensors, simulation.flat).mean())}
