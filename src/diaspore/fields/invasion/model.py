"""What a named model of invasion consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from diaspore.fields.continuum import Mover
from diaspore.fields.reactions import Rates
from diaspore.knowledge.load import Row, fact

Values = Mapping[str, float]
Start = Callable[[np.ndarray, float, float, Values], tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class Model:
    """A model. All its numbers are dimensionless.

    Attributes:
        name: the word used in files.
        title: for people.
        species: names of what is followed.
        symbols: the letter of each species in the equations.
        parameters: names, in the order in which ``rates`` takes them; defaults are facts ``invasion.<model>.<name>``.
        rates: production and loss (`reactions.Rates`).
        movers: how each species moves, from the parameters.
        start: ``start(distance, extent, spacing, parameters)``, values at a distance from where the tumour begins.
        extent: usual extent of the tumour at the start.
        extent_is: what that is.
        watched: number of the species by which the front is found.
        level: its level there.
        step: usual time step on a line, and on a rectangle.
        sources: what is to be cited, with the reason.
        linear_speed: speed at which the invader would enter empty space, 2 sqrt(r D); None where it has none.
    """

    name: str
    title: str
    species: tuple[str, ...]
    symbols: tuple[str, ...]
    parameters: tuple[str, ...]
    rates: Rates
    movers: Callable[[Values], tuple[Mover, ...]]
    start: Start
    extent: float
    extent_is: str
    watched: int
    level: float
    step: tuple[float, float]
    sources: Mapping[str, str]
    linear_speed: Callable[[Values], float] | None = None

    def fact(self, parameter: str) -> Row:
        """What the tables know of a parameter: default, source, grade, meaning."""
        return fact(f"invasion.{self.name.replace('-', '_')}.{parameter}")

    def values(self, changed: Values | None = None) -> dict[str, float]:
        """All parameters by name: the defaults, and those that are changed."""
        return {name: self.fact(name).value for name in self.parameters} | dict(changed or {})


def filled(distance: np.ndarray, extent: float, spacing: float) -> np.ndarray:
    """1 up to a distance and 0 beyond; the voxel in between holds its share."""
    share: np.ndarray = np.clip(0.5 + (extent - distance) / spacing, 0.0, 1.0)
    return share
