"""Small pieces of tissue, many times over from one start: whether a cell takes hold in its surroundings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

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
        start: the state at the beginning, whose places drawn at random all have; or what makes one from a seed.
        minutes: after which it is too late to reach a level, counted from ``start``.
        level: of a state, such as `living`; at 0 or below it can never reach any.
    """

    def __init__(
        self, start: Simulation | Callable[[int], Simulation], minutes: float, level: Callable[[Simulation], float]
    ) -> None:
        self._make = partial(clone, start) if isinstance(start, Simulation) else start
        self._minutes, self.level, self._end = minutes, level, 0

    def start(self, identities: np.ndarray) -> list[Simulation]:
        """One tissue for each name, which is its seed."""
        made = [self._make(int(name)) for name in identities]
        self._end = made[0].tick + round(self._minutes / made[0].scene.steps.phenotype)
        return made

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
