"""Radiotherapy by the linear-quadratic law (source: fowler1989)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from diaspore.core.errors import InputError


@dataclass(frozen=True)
class Fractions:
    """A course of radiotherapy.

    Attributes:
        number: of fractions.
        dose: of each, Gy.
        days: from the first fraction to the last.
    """

    number: int
    dose: float
    days: float

    def __post_init__(self) -> None:
        for name, value, least in (("number", self.number, 1), ("dose", self.dose, 0.0), ("days", self.days, 0.0)):
            if not value >= least:
                raise InputError(f"must be at least {least:g}, got {value:g}", field=name)


@dataclass(frozen=True)
class Sensitivity:
    """Of cells to radiation.

    Attributes:
        alpha: 1/Gy.
        ratio: of alpha to beta, Gy.
        doubling: time (days) in which cells double again during a course; infinity: they do not.
        kick_off: days until they do.
    """

    alpha: float
    ratio: float
    doubling: float = math.inf
    kick_off: float = 0.0

    def __post_init__(self) -> None:
        for name in ("alpha", "ratio", "doubling"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"must be above 0, got {getattr(self, name):g}", field=name)
        if not self.kick_off >= 0.0:
            raise InputError(f"must be at least 0, got {self.kick_off:g}", field="kick_off")


def effective_dose(course: Fractions, cells: Sensitivity) -> float:
    """Biologically effective dose, Gy, without regrowth: n d (1 + d / ratio)."""
    return course.number * course.dose * (1.0 + course.dose / cells.ratio)


def surviving_share(course: Fractions, cells: Sensitivity) -> float:
    """Share of cells after the course, regrowth during it included; may exceed 1 for a slow, weak course."""
    regrown = max(course.days - cells.kick_off, 0.0) * math.log(2.0) / cells.doubling
    return math.exp(-cells.alpha * effective_dose(course, cells) + regrown)


def control_probability(number: float, course: Fractions, cells: Sensitivity) -> float:
    """Chance that none of ``number`` cells is left."""
    return math.exp(-number * surviving_share(course, cells))
