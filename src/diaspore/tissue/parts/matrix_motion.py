"""Speed of cells in a matrix: greatest at a middling density, and none where pores are too small.

At density d with receptors r the speed is its own times ``x exp(1 - x)``, x = r d / best: too little matrix gives no
hold and too much holds fast, and more receptors move the maximum to less matrix (``palecek1997``). Pores have the
cross-section ``pore / d``; without proteolysis the speed falls linearly with it from ``pore_free`` to none at
``pore_limit`` (``wolf2013``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from diaspore.tissue.behaviours import Behaviour
from diaspore.tissue.part import Part
from diaspore.tissue.spec_matrix import MatrixMotionSpec

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_cell import CellTypeSpec

RECEPTORS, PROTEOLYSIS, PORE_LIMIT = "matrix receptors", "proteolysis", "pore limit"
_SPEED = "migration speed"


def speed_factor(
    density: np.ndarray, receptors: np.ndarray, proteolysis: np.ndarray, limit: np.ndarray, best: np.ndarray,
    pore: np.ndarray, free: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Factor (n,) on the speed of cells; see the module."""
    x = receptors * density / best
    area = pore / np.maximum(density, 1e-9)
    passing = np.clip((area - limit) / np.maximum(free - limit, 1e-9), 0.0, 1.0)
    lifted = np.clip(proteolysis, 0.0, 1.0)
    return np.asarray(x * np.exp(1.0 - x) * (lifted + (1.0 - lifted) * passing))


class MatrixMotion(Part):
    """Changes the speed of types that say ``motility.matrix``."""

    name = "matrix"
    behaviours: ClassVar = (
        Behaviour(RECEPTORS, "dimensionless", "adhesion receptors over the usual number"),
        Behaviour(PROTEOLYSIS, "dimensionless", "share of the limit of pores that proteases lift, from 0 to 1"),
        Behaviour(PORE_LIMIT, "um**2", "cross-section of pores at which it stops"),
    )
    modified: ClassVar = (_SPEED,)

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        return any(cell.motility is not None and cell.motility.matrix for cell in spec.cell_types.values())

    @classmethod
    def base(cls, behaviour: str, cell: CellTypeSpec) -> float:
        matrix = cell.motility.matrix if cell.motility is not None else None
        if matrix is None:
            return 0.0
        return {RECEPTORS: matrix.receptors, PROTEOLYSIS: matrix.proteolysis, PORE_LIMIT: matrix.pore_limit}[behaviour]

    def __init__(self, spec: TissueSpec) -> None:
        super().__init__(spec)
        own: list[MatrixMotionSpec | None] = [
            None if cell.motility is None else cell.motility.matrix for cell in spec.cell_types.values()
        ]
        self._substance = [None if one is None else one.substance for one in own]
        self._best, self._pore, self._free = (
            np.array([1.0 if one is None else getattr(one, name) for one in own])
            for name in ("best", "pore", "pore_free")
        )

    def modify(self, simulation: Simulation) -> None:
        cells, n = simulation.cells, simulation.cells.count
        kind = cells.kind[:n]
        speed = simulation.values_of(_SPEED)
        values = [simulation.values_of(name) for name in (RECEPTORS, PROTEOLYSIS, PORE_LIMIT)]
        for k, substance in enumerate(self._substance):
            if substance is None:
                continue
            rows = np.flatnonzero(kind == k)
            density = simulation.levels_at(substance, rows)
            receptors, proteolysis, limit = (value[rows] for value in values)
            speed[rows] *= speed_factor(
                density, receptors, proteolysis, limit, self._best[k], self._pore[k], self._free[k]
            )
