"""Small pieces of tissue, many times over from one start: whether a cell takes hold in its surroundings."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np

from diaspore.tissue.simulation import Simulation
from diaspore.tissue.state import APOPTOTIC


def clone(simulation: Simulation, seed: int) -> Simulation:
    """A copy in the same state, which goes on with the draws of another seed; what never changes is shared."""
    shared = [simulation.scene, *(part.spec for part in simulation.parts)]
    twin: Simulation = copy.deepcopy(simulation, {id(one): one for one in shared})
    twin.seed = seed
    return twin


def living(cell_type: str) -> Callable[[Simulation], float]:
    """Level of a tissue: live cells of a type."""

    def count(s: Simulation) -> float:
        kind = s.scene.names[1].index(cell_type)
        n = s.cells.count
        return float(np.sum((s.cells.kind[:n] == kind) & (s.cells.phase[:n] < APOPTOTIC)))

    return count


class TissuePatch:
    """A tissue that begins in one state, with the draws of another seed each time.

    Args:
        start: the state at the beginning; places drawn at random are those that it has.
        minutes: after which it is too late to reach a level, counted from ``start``.
        level: of a state, such as `living`; at 0 or below it can never reach any.
    """

    def __init__(self, start: Simulation, minutes: float, level: Callable[[Simulation], float]) -> None:
        self._first, self.level = start, level
        self._end = start.tick + round(minutes / start.scene.steps.phenotype)

    def start(self, identities: np.ndarray) -> list[Simulation]:
        """One tissue for each name, which is its seed."""
        return [clone(self._first, int(name)) for name in identities]

    def copies(self, states: list[Simulation], rows: np.ndarray, identities: np.ndarray) -> list[Simulation]:
        """Copies of the tissues ``rows``, each with a seed of its own."""
        return [clone(states[row], int(name)) for row, name in zip(rows, identities, strict=True)]

    def advance(self, states: list[Simulation], level: float) -> tuple[np.ndarray, float]:
        """Step by step until each reaches the level, has none or has no time left; the work is steps of phenotypes."""
        reached, work = np.zeros(len(states), dtype=bool), 0
        for i, state in enumerate(states):
            now = self.level(state)
            while 0.0 < now < level and state.tick < self._end:
                state.run(1)
                work += 1
                now = self.level(state)
            reached[i] = now >= level
        return reached, float(work)
