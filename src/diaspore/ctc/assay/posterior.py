"""From a count back to the blood: what the number of tumour events in a tube's volume may have been."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from diaspore.core.errors import InputError
from diaspore.ctc.assay.assays import Assay
from diaspore.ctc.assay.counts import likelihood, reported_means
from diaspore.ctc.assay.population import Population
from diaspore.knowledge.load import fact

POINTS, FINER = 1000, 20
LARGEST = 1_000_000
"""Count beyond which the truth may lie above what is looked for."""
LOW, HIGH = 1e-4, 1e7
"""Events per tube between which the truth is looked for."""


@dataclass(frozen=True)
class Prior:
    """What is known of the truth (events in the blood of one tube) before the count.

    Attributes:
        law: "gamma" (first: mean, second: shape), "log-logistic" (scale, slope), "log-normal" (median, sd of the ln) or
            "flat" (on the logarithm, between first and second).
        absent: chance that there are none at all.
    """

    law: str
    first: float
    second: float
    absent: float = 0.0

    LAWS = ("gamma", "log-logistic", "log-normal", "flat")

    def __post_init__(self) -> None:
        if self.law not in self.LAWS:
            raise InputError(f"no law is called {self.law!r}", field="prior", allowed=self.LAWS)
        if not (self.first > 0.0 and self.second > 0.0):
            raise InputError("needs two numbers above 0", field="prior")
        if self.law == "flat" and not self.first < self.second:
            raise InputError("ends before it begins", field="prior")
        if not 0.0 <= self.absent < 1.0:
            raise InputError(f"is {self.absent!r}", field="prior.absent", allowed="0 to below 1")

    def log_density(self, ln_x: np.ndarray) -> np.ndarray:
        """ln of the density on the logarithm of the truth, but for a constant."""
        if self.law == "gamma":
            return np.asarray(self.second * ln_x - self.second * np.exp(ln_x) / self.first)
        if self.law == "log-logistic":
            z = self.second * (ln_x - math.log(self.first))
            return np.asarray(z - 2.0 * np.logaddexp(0.0, z))
        if self.law == "log-normal":
            return np.asarray(-0.5 * ((ln_x - math.log(self.first)) / self.second) ** 2)
        return np.where((ln_x >= math.log(self.first)) & (ln_x <= math.log(self.second)), 0.0, -np.inf)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Truths (n,) between `LOW` and `HIGH`, 0 where there are none."""
        grid, weight = self.grid()
        cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (weight[1:] + weight[:-1]))])
        found = np.exp(np.interp(rng.random(n) * cumulative[-1], cumulative, np.log(grid)))
        return np.where(rng.random(n) < self.absent, 0.0, found)

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Truths (P,) evenly spaced in their logarithm, and the density there (P,), whose sum is 1."""
        ln_x = np.linspace(math.log(LOW), math.log(HIGH), POINTS)
        log = self.log_density(ln_x)
        weight = np.exp(log - log.max())
        return np.exp(ln_x), weight / weight.sum()


@cache
def metastatic(volume: float = 7.5) -> Prior:
    """True means of metastatic breast cancer, in events per ``volume`` (mL) of blood: a log-logistic law.

    It is the one under which CellSearch, with its losses and false events, finds 1 and 5 events as often as published
    (facts ctc.metastatic_breast_ge1 and ctc.metastatic_breast_ge5).
    """
    scale, slope = _metastatic_law()
    return Prior("log-logistic", scale * volume / 7.5, slope)


@cache
def _metastatic_law() -> tuple[float, float]:
    from scipy.optimize import root

    from diaspore.ctc.assay.assays import assay
    from diaspore.ctc.assay.population import tumour_population
    from diaspore.ctc.assay.questions import call_chances

    one, cells = assay("cellsearch"), tumour_population(1.0)
    wanted = np.array([fact(f"ctc.metastatic_breast_ge{least}").value for least in (1, 5)])
    grid, _ = Prior("log-logistic", 1.0, 1.0).grid()
    called = np.array([call_chances(one, cells, least, grid) for least in (1, 5)])

    def off(z: np.ndarray) -> np.ndarray:
        _, weight = Prior("log-logistic", float(np.exp(z[0])), float(np.exp(z[1]))).grid()
        return np.asarray(called @ weight - wanted)

    found = root(off, np.log([9.0, 0.5]), tol=1e-10)
    if not found.success:
        raise InputError("no law gives both published shares", field="prior")
    return float(np.exp(found.x[0])), float(np.exp(found.x[1]))


@dataclass(frozen=True)
class Posterior:
    """What is known after the count.

    Attributes:
        truth: events in the blood of one tube (P,); the first is 0.
        chance: of each (P,); they add up to 1.
        count: the count.
        volume: mL of blood of the tube.
    """

    truth: np.ndarray
    chance: np.ndarray
    count: int
    volume: float

    @cached_property
    def _cumulative(self) -> tuple[np.ndarray, np.ndarray]:
        """Chance below, and ln of the truth; between the points of the grid ln of the density is a cubic spline."""
        from scipy.interpolate import CubicSpline

        ln_x = np.log(self.truth[1:])
        some = np.flatnonzero(self.chance[1:] > 1e-14 * self.chance[1:].max())
        first, last = int(some[0]), int(some[-1]) + 1
        if last - first < 4:
            first, last = max(0, first - 4), min(len(ln_x), last + 4)
        density = CubicSpline(ln_x[first:last], np.log(np.maximum(self.chance[1 + first : 1 + last], 1e-300)))
        fine = np.linspace(ln_x[first], ln_x[last - 1], (last - first - 1) * FINER + 1)
        value = np.exp(density(fine))
        steps = np.concatenate([[0.0], np.cumsum(0.5 * (value[1:] + value[:-1]))])
        return self.chance[0] + (1.0 - self.chance[0]) * steps / steps[-1], fine

    def mean(self) -> float:
        """Expected number of events in the blood of one tube."""
        return float(self.chance @ self.truth)

    def quantile(self, share: float) -> float:
        """Truth below which it is with chance ``share``."""
        if self.chance[0] >= share:
            return 0.0
        return float(np.exp(np.interp(share, *self._cumulative)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Ends with as much chance below as above."""
        return self.quantile(0.5 - 0.5 * level), self.quantile(0.5 + 0.5 * level)

    def above(self, limit: float) -> float:
        """Chance that the truth is at least ``limit`` events in the blood of a tube."""
        return float(self.chance[self.truth >= limit].sum())

    @property
    def none(self) -> float:
        """Chance that there are none."""
        return float(self.chance[0])


def posterior(
    count: int, assay: Assay, population: Population, prior: Prior | None = None, hour: float | None = None
) -> Posterior:
    """The patient's level behind a count, as events in the blood of one tube; ``per_ml`` of the population is not used.

    The level is the mean over hours: the swing of the hour is part of the error, unless ``assay.swing`` is infinite.

    Args:
        count: reported events.
        assay: with its losses and false events.
        population: which cells it is.
        prior: of events in the blood of one tube; left out: `metastatic` for the volume of this one.
        hour: of the day, where the rhythm over the day is to count.

    Raises:
        InputError: a count that is none, or one that the assay cannot give.
    """
    if not (float(count).is_integer() and count >= 0):
        raise InputError(f"is {count!r}", field="count", allowed="a whole number from 0")
    if count > LARGEST:
        raise InputError(f"is {count:,}", field="count", allowed=f"at most {LARGEST:,}")
    known = metastatic(assay.volume) if prior is None else prior
    grid, weight = known.grid()
    per_event, nodes = reported_means(assay, population.at(1.0 / assay.volume), hour)
    chance = likelihood(assay, int(count), grid[:, None] * per_event[None, :], nodes) * weight * (1.0 - known.absent)
    none = known.absent * float(likelihood(assay, int(count), np.zeros((1, len(nodes))), nodes)[0])
    total = float(chance.sum()) + none
    if not total > 0.0:
        raise InputError(f"{count} events cannot come from this assay and prior", field="count")
    return Posterior(np.concatenate([[0.0], grid]), np.concatenate([[none], chance]) / total, int(count), assay.volume)
