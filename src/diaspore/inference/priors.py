"""Priors of free parameters: a named distribution with its source and evidence grade."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.load import check_grade, check_source

FAMILIES = {
    "normal": ("mean", "sd"),
    "lognormal": ("median", "log-sd"),
    "uniform": ("low", "high"),
    "beta": ("a", "b"),
}
"""Family -> names of its two numbers."""


@dataclass(frozen=True)
class Prior:
    """Prior of one free parameter.

    Attributes:
        name: of the parameter, for example ``fate.bottleneck``.
        family: one of ``FAMILIES``.
        first, second: its two numbers (see ``FAMILIES``), in the unit of the parameter.
        source: key in ``references.bib``.
        grade: evidence grade.
        note: why this prior.
    """

    name: str
    family: str
    first: float
    second: float
    source: str
    grade: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise InputError(
                f"{self.family!r} is not a family of priors",
                field=self.name,
                allowed=tuple(FAMILIES),
                nearest=nearest_name(self.family, FAMILIES),
            )
        check_source(self.source, field=self.name)
        check_grade(self.grade, field=self.name)
        positive = {"normal": (self.second,), "uniform": (self.second - self.first,)}
        for number in positive.get(self.family, (self.first, self.second)):
            if not number > 0.0:
                raise InputError(
                    f"a {self.family} prior cannot have {self.first:g} and {self.second:g}", field=self.name
                )

    def log_density(self, x: np.ndarray | float) -> np.ndarray:
        """Logarithm of the density at ``x`` (any shape), -inf outside the support."""
        x = np.asarray(x, dtype=float)
        a, b = self.first, self.second
        if self.family == "normal":
            return -0.5 * ((x - a) / b) ** 2 - math.log(b * math.sqrt(2.0 * math.pi))
        if self.family == "uniform":
            return np.where((x >= a) & (x <= b), -math.log(b - a), -np.inf)
        if self.family == "lognormal":
            safe = np.where(x > 0.0, x, 1.0)
            z = np.log(safe / a) / b
            return np.where(x > 0.0, -0.5 * z**2 - np.log(safe * b * math.sqrt(2.0 * math.pi)), -np.inf)
        inside = (x > 0.0) & (x < 1.0)
        safe = np.where(inside, x, 0.5)
        norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        return np.where(inside, (a - 1.0) * np.log(safe) + (b - 1.0) * np.log1p(-safe) + norm, -np.inf)

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """``size`` independent draws."""
        if self.family == "normal":
            return rng.normal(self.first, self.second, size)
        if self.family == "uniform":
            return rng.uniform(self.first, self.second, size)
        if self.family == "lognormal":
            return self.first * np.exp(self.second * rng.standard_normal(size))
        return rng.beta(self.first, self.second, size)

    def as_dict(self) -> dict[str, Any]:
        """For an artefact's JSON file."""
        names = FAMILIES[self.family]
        numbers = {names[0]: self.first, names[1]: self.second}
        return {"family": self.family, **numbers, "source": self.source, "grade": self.grade, "note": self.note}


def log_prior(priors: Sequence[Prior], theta: np.ndarray) -> np.ndarray:
    """Joint log-density of independent priors at ``theta`` of shape (m, parameters); shape (m,)."""
    return np.sum([prior.log_density(theta[:, i]) for i, prior in enumerate(priors)], axis=0)


def sample_priors(priors: Sequence[Prior], rng: np.random.Generator, size: int) -> np.ndarray:
    """Draws of shape (size, parameters)."""
    return np.column_stack([prior.sample(rng, size) for prior in priors])
