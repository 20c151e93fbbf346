"""A part of a tissue beside its cells and substances: what it has to offer the loop that advances all of them.

Vessels, attacks, recruitment and the like. Parts take their turn once per step of phenotypes, in the order of the
scene, after physics and networks and before phenotypes. Then rows of cells stand still, rules have been applied, and
the lists of neighbours hold where a part asks for contacts. What a cell carries for a part is a column of the cells;
what rules may read of it is a signal, and what rules may move is a behaviour.
"""

from __future__ import annotations

# ruff: noqa: B027 - hooks: what a part does not need stays empty
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from diaspore.core.zarrio import Variable
from diaspore.tissue.behaviours import Behaviour
from diaspore.tissue.signals import Signal

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_cell import CellTypeSpec
    from diaspore.tissue.state import Cells


class Part(ABC):
    """State and processes of its own; what a part does not need, it leaves as it is here.

    Attributes:
        name: of the part, for messages, counts and snapshots; unique in a scene.
        contacts: whether it reads lists of neighbours.
        signals: what it offers to rules; written by `Simulation.tell`.
        behaviours: what it lets rules move, read by `Simulation.values_of`.
        modified: names of behaviours that `modify` changes.
    """

    name: str
    contacts: bool = False
    signals: ClassVar[Sequence[Signal]] = ()
    behaviours: ClassVar[Sequence[Behaviour]] = ()
    modified: ClassVar[Sequence[str]] = ()

    def __init__(self, spec: TissueSpec) -> None:
        self.spec = spec
        self.types = tuple(spec.cell_types)

    @classmethod
    @abstractmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        """Whether a description calls for it."""

    @classmethod
    def base(cls, behaviour: str, cell: CellTypeSpec) -> float:
        """Base value of one of its behaviours for a cell type."""
        return 0.0

    def columns(self, room: int) -> dict[str, np.ndarray]:
        """Columns that cells carry for it, for so many cells; cells are along the last axis."""
        return {}

    def begin(self, simulation: Simulation) -> None:
        """Make its state of the start; cells and substances are there."""

    def modify(self, simulation: Simulation) -> None:
        """Change values of the behaviours `modified`, after rules have been applied."""

    def step(self, simulation: Simulation) -> None:
        """Advance by a step of phenotypes."""

    def divided(self, cells: Cells, mothers: np.ndarray, first: int) -> None:
        """After ``mothers`` (rows) had daughters, in the rows from ``first`` on, which inherited all columns."""

    def arrived(self, simulation: Simulation, rows: slice, given: set[str]) -> None:
        """After cells came in at these rows; columns that are not ``given`` are 0."""

    def exchange(self, substance: int, sink: np.ndarray, source: np.ndarray) -> None:
        """Add what it takes from (``sink``, 1/min) and gives to (``source``, level/min) a substance in balance.

        Both have the shape (nz, ny, nx) of the grid; ``substance`` is its number in the scene.
        """

    def variables(self) -> dict[str, Variable]:
        """Its state beside columns of cells, whole, for a snapshot; names begin with its own and an underscore."""
        return {}

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take back the state of a snapshot; the inverse of `variables`."""

    def counts(self, simulation: Simulation) -> dict[str, float]:
        """Numbers for the table of counts, by name."""
        return {}

    def events(self) -> dict[str, np.ndarray]:
        """Columns of what happened since this was last called, for the table ``NAME_events``; none: no such table.

        Their types are the same whatever has happened, also where nothing has.
        """
        return {}
