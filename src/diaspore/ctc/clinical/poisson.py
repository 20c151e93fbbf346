"""Uncertainty of one count: exact intervals, with overdispersion if asked for, and the posterior of a concentration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scipy.optimize import brentq
from scipy.stats import gamma, nbinom

from diaspore.core.errors import InputError

LEVEL = 0.95
LEAST_SIZE = 0.5
"""Of a negative binomial: with smaller ones an upper limit of the mean says nothing any more."""
PRIOR_SHAPE, PRIOR_ML = 0.5, 0.0
"""Gamma prior of a concentration: that of Jeffreys, half an event in no blood."""
PRIOR_IN_WORDS = "prior of Jeffreys: Gamma with shape 1/2 and rate 0; the posterior is Gamma(count + 1/2, volume)"


class Posterior(Protocol):
    """What is believed of a concentration (1/mL) after a count; an assay model may offer its own."""

    def above(self, per_ml: float) -> float:
        """Chance that the concentration is at least `per_ml`."""

    def interval(self, level: float) -> tuple[float, float]:
        """Central interval of the concentration (1/mL)."""


PosteriorOf = Callable[[int, float, str], Posterior]
"""Count, volume of blood (mL), name of the assay -> posterior."""


@dataclass(frozen=True)
class GammaPosterior:
    """Gamma distribution of a concentration.

    Attributes:
        shape: without unit. ml: rate, in mL.
    """

    shape: float
    ml: float

    def above(self, per_ml: float) -> float:
        """Chance that the concentration is at least `per_ml`."""
        return float(gamma.sf(per_ml, self.shape, scale=1.0 / self.ml))

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Central interval of the concentration (1/mL)."""
        tail = (1.0 - level) / 2.0
        low, high = gamma.ppf([tail, 1.0 - tail], self.shape, scale=1.0 / self.ml)
        return float(low), float(high)


def gamma_posterior(count: int, volume: float, assay: str = "") -> GammaPosterior:
    """Posterior of what the assay sees, of Poisson counts and the prior of Jeffreys.

    Recovery and background of the assay are not in it: it is of events that would be called, not of cells in the blood.
    """
    return GammaPosterior(PRIOR_SHAPE + count, PRIOR_ML + volume)


def exact_interval(count: int, level: float = LEVEL, size: float | None = None) -> tuple[float, float]:
    """Exact interval of the mean of a count: the means whose tails at the count hold at least half of 1 - level.

    Args:
        count: at least 0. level: between 0 and 1. size: of a negative binomial (variance mean + mean^2 / size); left
            out, the count is of Poisson.

    Raises:
        InputError: a level or size outside of its range.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"{level!r} is no level of an interval", field="level", allowed="between 0 and 1")
    tail = (1.0 - level) / 2.0
    if size is None:
        low = 0.0 if count == 0 else float(gamma.ppf(tail, count))
        return low, float(gamma.ppf(1.0 - tail, count + 1))
    check_size(size)

    def below(mean: float, events: int) -> float:
        return float(nbinom.cdf(events, size, size / (size + mean)))

    low = 0.0 if count == 0 else _root(lambda mean: 1.0 - below(mean, count - 1) - tail, count)
    return low, _root(lambda mean: below(mean, count) - tail, count)


def check_size(size: float) -> None:
    """Check the size of a negative binomial.

    Raises:
        InputError: it is not finite, or below `LEAST_SIZE`.
    """
    if not LEAST_SIZE <= size < float("inf"):
        raise InputError(
            f"{size!r} is no size of a negative binomial", field="size", allowed=f"a number of at least {LEAST_SIZE}"
        )


def _root(function: Callable[[float], float], count: int) -> float:
    """The mean at which a monotone function of it is 0."""
    high = count + 1.0
    while function(1e-12) * function(high) > 0.0 and high < 1e15:
        high *= 4.0
    return float(brentq(function, 1e-12, high, xtol=1e-12, rtol=1e-12))
