"""A part of a tissue beside its cells and substances: what it has to offer the loop that advances all of them.

Vessels, attacks, recruitment and the like. Parts take their turn once per step of phenotypes, in the order of the
scene, after physics and networks and before phenotypes. Then rows of cells stand still, rules have been applied, and
the lists of neighbours hold where a part asks for contacts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from diaspore.core.zarrio import Variable

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation


class Part(Protocol):
    """State and processes of its own.

    Attributes:
        name: of the part, for messages, counts and snapshots; unique in a scene.
        contacts: whether it reads lists of neighbours.
    """

    name: str
    contacts: bool

    def begin(self, simulation: Simulation) -> None:
        """Make its state of the start; cells and substances are there."""

    def step(self, simulation: Simulation) -> None:
        """Advance by a step of phenotypes."""

    def exchange(self, substance: int, sink: np.ndarray, source: np.ndarray) -> None:
        """Add what it takes from (``sink``, 1/min) and gives to (``source``, level/min) a substance in balance.

        Both have the shape (nz, ny, nx) of the grid; ``substance`` is its number in the scene.
        """

    def variables(self) -> dict[str, Variable]:
        """Its state, whole, for a snapshot; names begin with that of the part and an underscore."""

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take back the state of a snapshot; the inverse of `variables`."""

    def counts(self, simulation: Simulation) -> dict[str, float]:
        """Numbers for the table of counts, by name."""
