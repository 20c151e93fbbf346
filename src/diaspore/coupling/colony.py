"""Colonies of cells that divide or die, one after the other: the smallest model in which taking hold is rare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.coupling.kernels.colony import until


@dataclass
class Colonies:
    """Sizes of many colonies, their names, and how many events each had under its name."""

    size: np.ndarray
    identity: np.ndarray
    events: np.ndarray


class BirthDeathColony:
    """A colony in which the next event is a division with a given chance, else a death; its level is its size.

    Args:
        division: chance of a division, birth rate over the sum of birth and death rate.
        cells: at the start.

    Raises:
        InputError: a chance not between 0 and 1, or no cell.
    """

    def __init__(self, division: float, cells: int = 1) -> None:
        if not 0.0 < division < 1.0:
            raise InputError(f"must be more than 0 and less than 1, got {division!r}", field="division")
        if cells < 1:
            raise InputError(f"must be at least 1, got {cells!r}", field="cells")
        self.division, self.cells = division, cells

    def start(self, identities: np.ndarray) -> Colonies:
        """Colonies of these names at the start."""
        n = len(identities)
        return Colonies(np.full(n, self.cells, dtype=np.int64), identities, np.zeros(n, dtype=np.int64))

    def copies(self, states: Colonies, rows: np.ndarray, identities: np.ndarray) -> Colonies:
        """Copies of the colonies ``rows`` with new names, so with other fates."""
        return Colonies(states.size[rows], identities, np.zeros(len(rows), dtype=np.int64))

    def advance(self, states: Colonies, level: float) -> tuple[np.ndarray, float]:
        """Until each has so many cells or none: which have, and the number of events."""
        # The stream of a colony is that of its name alone, which derives from the seed of the estimate.
        work = until(states.size, states.events, states.identity, level, self.division, np.uint64(0))
        return states.size >= level, float(work)

    def exact(self, size: int) -> float:
        """Chance of ever having ``size`` cells, from the linear system of all sizes on the way."""
        if size <= self.cells:
            return 1.0
        n = size - 1
        matrix = np.eye(n) - self.division * np.eye(n, k=1) - (1.0 - self.division) * np.eye(n, k=-1)
        right = np.zeros(n)
        right[-1] = self.division
        return float(np.linalg.solve(matrix, right)[self.cells - 1])
