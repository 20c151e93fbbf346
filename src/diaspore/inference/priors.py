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
    "logitnormal": ("median", "logit-sd"),
    "uniform": ("low", "high"),
    "beta": ("a", "b"),
}
"""Family -> names of its two numbers."""
_SUPPORT = {"lognormal": (0.0, math.inf), "logitnormal": (0.0, 1.0), "beta": (0.0, 1.0)}
_NORMAL_SOMEWHERE = ("normal", "lognormal", "logitnormal")


@dataclass(frozen=True)
class Prior:
    """Prior of one free parameter, cut at its bounds if it has any.

    Attributes:
        name: of the parameter, for example ``fate.bottleneck``.
        family: one of ``FAMILIES``.
        first, second: its two numbers (see ``FAMILIES``), in the unit of the parameter.
        source: key in ``references.bib``.
        grade: evidence grade.
        note: why this prior.
        low, high: bounds, in the unit of the parameter; without them, the ends of the family's support.
    """

    name: str
    family: str
    first: float
    second: float
    source: str
    grade: str
    note: str = ""
    low: float = -math.inf
    high: float = math.inf

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
        wrong = any(not number > 0.0 for number in positive.get(self.family, (self.first, self.second)))
        if wrong or (self.family == "logitnormal" and not self.first < 1.0):
            raise InputError(f"a {self.family} prior cannot have {self.first:g} and {self.second:g}", field=self.name)
        low, high = self._support()
        object.__setattr__(self, "low", max(self.low, low))
        object.__setattr__(self, "high", min(self.high, high))
        if not self.low < self.high or not self._mass()[1] > 0.0:
            raise InputError(
                f"a {self.family} prior has nothing between {self.low:g} and {self.high:g}", field=self.name
            )

    def _support(self) -> tuple[float, float]:
        """Ends of the family's support without bounds."""
        return (
            (self.first, self.second) if self.family == "uniform" else _SUPPORT.get(self.family, (-math.inf, math.inf))
        )

    @property
    def bounded(self) -> bool:
        """Whether bounds cut anything off the family's support."""
        return (self.low, self.high) != self._support()

    @property
    def centre(self) -> float:
        """Median of the family (bounds left aside), in the unit of the parameter."""
        if self.family in _NORMAL_SOMEWHERE:
            return self.first
        return float(self.back(0.0))

    @property
    def sd(self) -> float:
        """Standard deviation on the scale of `forward`."""
        return self.second if self.family in _NORMAL_SOMEWHERE else 1.0

    def forward(self, value: np.ndarray | float) -> np.ndarray:
        """To the scale on which the family is normal: itself, its logarithm or its logit.

        For ``uniform`` and ``beta`` it is the normal score: standard deviations of a standard normal at the same
        quantile. The ends of the support go to minus and plus infinity.
        """
        from scipy.special import logit, ndtri

        value = np.asarray(value, dtype=float)
        if self.family == "normal":
            return value
        with np.errstate(divide="ignore"):
            if self.family == "lognormal":
                return np.log(value)
            found: np.ndarray = logit(value) if self.family == "logitnormal" else ndtri(self._cdf(value))
        return found

    def back(self, x: np.ndarray | float) -> np.ndarray:
        """From the scale of `forward` to the unit of the parameter."""
        from scipy.special import expit, ndtr

        x = np.asarray(x, dtype=float)
        if self.family == "normal":
            return x
        if self.family == "lognormal":
            return np.exp(x)
        found: np.ndarray = expit(x) if self.family == "logitnormal" else self._quantile(ndtr(x))
        return found

    def score(self, x: np.ndarray | float) -> np.ndarray:
        """Standard deviations from the centre of a value on the scale of `forward`."""
        x = np.asarray(x, dtype=float)
        found: np.ndarray = (x - self.forward(self.centre)) / self.sd if self.family in _NORMAL_SOMEWHERE else x
        return found

    def ppf(self, u: np.ndarray | float) -> np.ndarray:
        """Quantiles of the prior with its bounds, for uniform numbers ``u`` in 0..1 of any shape.

        0 and 1 give the bounds, which are infinite where the prior has none.
        """
        below, mass = self._mass()
        found: np.ndarray = np.clip(self._quantile(below + mass * np.asarray(u, dtype=float)), self.low, self.high)
        return found

    def _cdf(self, value: np.ndarray | float) -> np.ndarray:
        """Of the family without bounds; any value."""
        from scipy.special import betainc, ndtr

        low, high = self._support()
        inside = np.clip(np.asarray(value, dtype=float), low, high)
        if self.family == "uniform":
            return (inside - low) / (high - low)
        found: np.ndarray = (
            betainc(self.first, self.second, inside)
            if self.family == "beta"
            else ndtr(self.score(self.forward(inside)))
        )
        return found

    def _quantile(self, u: np.ndarray) -> np.ndarray:
        """Of the family without bounds."""
        from scipy.special import betaincinv, ndtri

        if self.family == "uniform":
            return self.first + (self.second - self.first) * u
        if self.family == "beta":
            return np.asarray(betaincinv(self.first, self.second, u))
        return self.back(self.forward(self.centre) + self.sd * ndtri(u))

    def _mass(self) -> tuple[float, float]:
        """Mass of the family below the bounds and between them."""
        if not self.bounded:
            return 0.0, 1.0
        below, above = float(self._cdf(self.low)), float(self._cdf(self.high))
        return below, above - below

    def log_density(self, x: np.ndarray | float) -> np.ndarray:
        """Logarithm of the density at ``x`` (any shape), -inf outside support and bounds."""
        x = np.asarray(x, dtype=float)
        if not self.bounded:
            return self._log_density(x)
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, self._log_density(x) - math.log(self._mass()[1]), -np.inf)

    def _log_density(self, x: np.ndarray) -> np.ndarray:
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
        if self.family == "logitnormal":
            from scipy.special import logit

            z = (logit(safe) - logit(a)) / b
            norm = math.log(b * math.sqrt(2.0 * math.pi))
            return np.where(inside, -0.5 * z**2 - np.log(safe) - np.log1p(-safe) - norm, -np.inf)
        norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        return np.where(inside, (a - 1.0) * np.log(safe) + (b - 1.0) * np.log1p(-safe) + norm, -np.inf)

    def sample(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """``size`` independent draws."""
        if self.bounded or self.family == "logitnormal":
            return self.ppf(rng.uniform(size=size))
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
        ends = [end if math.isfinite(end) else None for end in (self.low, self.high)]
        bounds = {"bounds": ends} if self.bounded else {}
        return {
            "family": self.family,
            **numbers,
            **bounds,
            "source": self.source,
            "grade": self.grade,
            "note": self.note,
        }


def log_prior(priors: Sequence[Prior], theta: np.ndarray) -> np.ndarray:
    """Joint log-density of independent priors at ``theta`` of shape (m, parameters); shape (m,)."""
    return np.sum([prior.log_density(theta[:, i]) for i, prior in enumerate(priors)], axis=0)


def sample_priors(priors: Sequence[Prior], rng: np.random.Generator, size: int) -> np.ndarray:
    """Draws of shape (size, parameters)."""
    return np.column_stack([prior.sample(rng, size) for prior in priors])


def from_uniform(priors: Sequence[Prior], u: np.ndarray) -> np.ndarray:
    """Parameters at uniform numbers ``u`` (n, parameters) in 0..1: quantiles of each prior, same shape.

    For points that are spread evenly (Sobol, Morris, Latin hypercube).
    """
    return np.column_stack([prior.ppf(u[:, i]) for i, prior in enumerate(priors)])
