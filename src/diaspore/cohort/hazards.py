"""Two arms of a trial compared: the log-rank test as observed less expected, and the hazard ratio of Cox's model.

Both need only how many are at risk and how many have the event in each arm at every time, so they are sums over times.
Ties, which visits make many of, are treated as Efron does. The tests hold both against lifelines.

Sources: peto1977 (observed less expected over variance), cox1972, efron1977.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diaspore.core.errors import DiasporeError

Z95 = 1.959963984540054
STEPS = 60
"""Most steps of Newton's method; three to six are usual."""


class Ratio(NamedTuple):
    """A ratio of rates with its 95 % interval, the standard error of its logarithm, and a two-sided probability."""

    value: float
    low: float
    high: float
    error: float
    probability: float


class LogRank(NamedTuple):
    """Log-rank test: events of the treated, how many would be expected without effect, and the variance of that."""

    observed: float
    expected: float
    variance: float

    @property
    def ratio(self) -> Ratio:
        """Rate ratio exp((O - E)/V), as meta-analyses of trials give it."""
        if not self.variance > 0.0:
            return Ratio(math.nan, math.nan, math.nan, math.nan, math.nan)
        return _ratio((self.observed - self.expected) / self.variance, 1.0 / math.sqrt(self.variance))


def logrank(time: ArrayLike, event: ArrayLike, treated: ArrayLike, stratum: ArrayLike | None = None) -> LogRank:
    """Log-rank test of treated against others.

    Args:
        time: (n,) until the event or until observation ended.
        event: (n,) whether there was one.
        treated: (n,) whether in the treated arm.
        stratum: (n,) patients are only compared within one; left out: all with all.

    Raises:
        DiasporeError: arrays that do not belong together, or times that cannot be.
    """
    observed = expected = variance = 0.0
    for counts in _counts(time, event, treated, stratum):
        n = counts.others + counts.treated
        d = counts.events_others + counts.events_treated
        share = counts.treated / n
        observed += float(counts.events_treated.sum())
        expected += float((d * share).sum())
        variance += float((d * share * (1.0 - share) * (n - d) / np.maximum(n - 1.0, 1.0)).sum())
    return LogRank(observed, expected, variance)


def hazard_ratio(time: ArrayLike, event: ArrayLike, treated: ArrayLike, stratum: ArrayLike | None = None) -> Ratio:
    """Hazard ratio of treated over others by Cox's partial likelihood; arguments as `logrank`.

    Infinite or 0, with an open interval, where the likelihood has no largest value: only one arm has events, or one arm
    has all of them while the other is at risk.
    """
    terms = [_terms(counts) for counts in _counts(time, event, treated, stratum)]
    if not terms or not sum(len(one[0]) for one in terms):
        return Ratio(math.nan, math.nan, math.nan, math.nan, math.nan)
    others, mine = (np.concatenate([one[k] for one in terms]) for k in (0, 1))
    events = sum(one[2] for one in terms)
    # As beta falls, all events but those with nobody else at risk would be of the others; as it rises, of the treated.
    least, most = float(np.sum(others <= 0.0)), float(np.sum(mine > 0.0))
    if events == 0.0 or events == len(others):
        return Ratio(0.0 if events == 0.0 else math.inf, 0.0, math.inf, math.inf, math.nan)
    if least == most:
        return Ratio(math.nan, 0.0, math.inf, math.inf, math.nan)
    if events <= least or events >= most:
        return Ratio(0.0 if events <= least else math.inf, 0.0, math.inf, math.inf, math.nan)
    beta, information = 0.0, 1.0
    for _ in range(STEPS):
        weight = np.exp(beta) * mine
        p = weight / (others + weight)
        information = float((p * (1.0 - p)).sum())
        if not information > 0.0:
            return Ratio(math.nan, 0.0, math.inf, math.inf, math.nan)
        step = (events - float(p.sum())) / information
        beta += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-10:
            break
    else:
        raise DiasporeError("the hazard ratio was not found: are nearly all events in one arm?")
    return _ratio(beta, 1.0 / math.sqrt(information))


def _ratio(beta: float, error: float) -> Ratio:
    probability = math.erfc(abs(beta / error) / math.sqrt(2.0))
    with np.errstate(over="ignore", under="ignore"):
        middle, low, high = (float(np.exp(beta + sign * Z95 * error)) for sign in (0.0, -1.0, 1.0))
    return Ratio(middle, low, high, error, probability)


class _Counts(NamedTuple):
    """At every time of an event: at risk and events in either arm."""

    others: NDArray[np.float64]
    treated: NDArray[np.float64]
    events_others: NDArray[np.float64]
    events_treated: NDArray[np.float64]


def _counts(time: ArrayLike, event: ArrayLike, treated: ArrayLike, stratum: ArrayLike | None) -> list[_Counts]:
    times, events, arm = np.asarray(time, dtype=float), np.asarray(event, dtype=bool), np.asarray(treated, dtype=bool)
    strata = np.zeros(len(times)) if stratum is None else np.asarray(stratum)
    if times.ndim != 1 or not times.shape == events.shape == arm.shape == strata.shape:
        raise DiasporeError(f"arrays of {times.shape}, {events.shape}, {arm.shape} and {strata.shape} patients")
    if times.size and (not np.isfinite(times).all() or times.min() < 0.0):
        raise DiasporeError("every time must be finite and not negative")
    found = []
    for one in np.unique(strata):
        mine = strata == one
        t, e, a = times[mine], events[mine], arm[mine]
        at = np.unique(t[e])
        risk = [len(x) - np.searchsorted(np.sort(x), at, side="left") for x in (t[~a], t[a])]
        had = [np.bincount(np.searchsorted(at, t[e & who]), minlength=len(at)) for who in (~a, a)]
        found.append(_Counts(*(np.asarray(x, dtype=float) for x in (*risk, *had))))
    return found


def _terms(counts: _Counts) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Numbers at risk of either arm for each event, those of one time lowered one by one; events of the treated."""
    d = (counts.events_others + counts.events_treated).astype(np.int64)
    place = np.repeat(np.arange(len(d)), d)
    rank = np.arange(len(place)) - np.repeat(np.cumsum(d) - d, d)
    gone = rank / d[place]
    others = counts.others[place] - gone * counts.events_others[place]
    mine = counts.treated[place] - gone * counts.events_treated[place]
    return others, mine, float(counts.events_treated.sum())
