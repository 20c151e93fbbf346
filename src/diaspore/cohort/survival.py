"""Survival curves of simulated patients: Kaplan-Meier and Aalen-Johansen on arrays.

Statistics for trials (Cox models, log-rank tests, parametric fits) belong to a statistics library and are left to
``lifelines`` (the ``trials`` extra). This small module exists because every run of a population needs a survival curve,
also in the base install and also for a million patients: the estimators here are a sort and a few cumulative sums, and
the tests hold them against lifelines.

Times are in any one unit (Diaspore uses days after diagnosis); events are booleans; a patient censored at the time of
another's event still counts as at risk then (the usual convention). Confidence intervals come from Greenwood's variance
on the log(-log) scale (Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed. 2002),
the variance of a cumulative incidence from the delta method (Marubini and Valsecchi, Analysing Survival Data from
Clinical Trials, 1995), and the interval of a median from the band (Brookmeyer and Crowley, Biometrics 38:29, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

__all__ = [
    "Estimate",
    "Incidence",
    "SurvivalCurve",
    "cumulative_incidence",
    "first_event",
    "kaplan_meier",
    "median_survival",
    "overall_survival",
    "relapse_free_survival",
    "restricted_mean",
    "survival_influence",
]


class Estimate(NamedTuple):
    """A number with its confidence interval; nan where the data do not determine it (a median not reached)."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan-Meier estimate.

    Attributes
    ----------
    time : (k,) event times in ascending order, or the asked-for times; the unit of the input.
    survival, lower, upper : (k,) probability of being event-free just after each time, and its confidence limits
        (nan where undefined: once the curve has reached zero, or beyond the last observation).
    at_risk : (k,) patients still under observation just before each time.
    events : (k,) events at each time (for asked-for times: events up to and including it).
    n : number of patients. last : time of the last observation. confidence : level of the limits.
    complete : True when ``time`` holds every event time, so that medians and means can be read off.
    """

    time: Floats
    survival: Floats
    lower: Floats
    upper: Floats
    at_risk: Ints
    events: Ints
    n: int
    last: float
    confidence: float
    complete: bool = True


@dataclass(frozen=True)
class Incidence:
    """A cumulative incidence with competing risks (Aalen-Johansen); fields as in :class:`SurvivalCurve`.

    ``incidence`` is the probability that the event of this cause has happened by ``time``, other causes having been
    able to come first.
    """

    time: Floats
    incidence: Floats
    lower: Floats
    upper: Floats
    at_risk: Ints
    n: int
    last: float
    confidence: float


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, at: ArrayLike | None = None, confidence: float = 0.95
) -> SurvivalCurve:
    """Kaplan-Meier estimate with a Greenwood log(-log) band.

    Parameters
    ----------
    time : (n,) follow-up of each patient, >= 0.
    event : (n,) True where the follow-up ended with the event, False where it was censored.
    at : times at which to give the curve; by default every time at which an event happened.
        Beyond the last observation the curve is known only when it has reached zero; it is nan otherwise.
    confidence : level of the limits.

    Raises ValueError for no patients, unequal lengths, missing or negative times, or a level outside (0, 1).
    """
    times, events = _checked(time, event)
    z = _quantile(confidence)
    unique, deaths, at_risk = _tally(times, events)
    survival = _product_limit(deaths, at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        # At survival zero the variance is undefined: infinite times zero gives nan, which the band then shows.
        error = survival * np.sqrt(np.cumsum(deaths / (at_risk * (at_risk - deaths).astype(float))))
    lower, upper = _log_log(survival, error, z)
    last = float(times.max())
    curve = SurvivalCurve(unique, survival, lower, upper, at_risk, deaths, times.size, last, confidence)
    return curve if at is None else _evaluate(curve, times, at)


def _evaluate(curve: SurvivalCurve, times: Floats, at: ArrayLike) -> SurvivalCurve:
    """The curve as a step function at the asked-for times, with the true numbers at risk there."""
    asked = np.atleast_1d(np.asarray(at, dtype=float))
    index = np.searchsorted(curve.time, asked, side="right")
    one = np.ones(1)
    survival = np.concatenate([one, curve.survival])[index]
    unknown = (asked > curve.last) & (survival > 0.0)
    stepped = [np.concatenate([one, band])[index] for band in (curve.lower, curve.upper)]
    survival, lower, upper = (np.where(unknown, np.nan, values) for values in (survival, *stepped))
    at_risk = curve.n - np.searchsorted(np.sort(times), asked, side="left")
    events = np.concatenate([np.zeros(1, np.int64), np.cumsum(curve.events)])[index]
    return SurvivalCurve(
        asked, survival, lower, upper, at_risk.astype(np.int64), events, curve.n, curve.last, curve.confidence, False
    )


def cumulative_incidence(
    time: ArrayLike, cause: ArrayLike, of: int = 1, at: ArrayLike | None = None, confidence: float = 0.95
) -> Incidence:
    """Probability of an event of one cause, other causes competing (Aalen-Johansen).

    Parameters
    ----------
    time : (n,) follow-up of each patient, >= 0.
    cause : (n,) integers: 0 censored, otherwise the number of the cause that ended the follow-up.
    of : the cause asked for.
    at, confidence : as in :func:`kaplan_meier`.
    """
    causes = np.asarray(cause)
    times, any_event = _checked(time, causes != 0)
    z = _quantile(confidence)
    unique, deaths, at_risk = _tally(times, any_event)
    of_cause = np.zeros(unique.size, np.int64)
    np.add.at(of_cause, np.searchsorted(unique, times[causes == of]), 1)
    survival = _product_limit(deaths, at_risk)
    before = np.concatenate([np.ones(1), survival[:-1]])
    incidence = np.cumsum(before * of_cause / at_risk)
    lower, upper = _log_log(incidence, _incidence_error(incidence, before, deaths, of_cause, at_risk), z)
    last = float(times.max())
    if at is None:
        return Incidence(unique, incidence, lower, upper, at_risk, times.size, last, confidence)
    asked = np.atleast_1d(np.asarray(at, dtype=float))
    index = np.searchsorted(unique, asked, side="right")
    unknown = (asked > last) & (np.concatenate([np.ones(1), survival])[index] > 0.0)
    stepped = [np.concatenate([np.zeros(1), values])[index] for values in (incidence, lower, upper)]
    known = [np.where(unknown, np.nan, values) for values in stepped]
    still = times.size - np.searchsorted(np.sort(times), asked, side="left")
    return Incidence(asked, known[0], known[1], known[2], still.astype(np.int64), times.size, last, confidence)


def _incidence_error(incidence: Floats, before: Floats, deaths: Ints, of_cause: Ints, at_risk: Ints) -> Floats:
    """Standard error of a cumulative incidence (delta method), its double sum opened into cumulative sums."""
    n, d, k = at_risk.astype(float), deaths.astype(float), of_cause.astype(float)
    with np.errstate(divide="ignore"):
        # When the last patients at risk all have an event nothing later can vary: that term multiplies zero.
        risk = np.where(n > d, d / (n * np.where(n > d, n - d, 1.0)), 0.0)
    own = before * k / n**2
    variance = (
        incidence**2 * np.cumsum(risk)
        - 2.0 * incidence * np.cumsum(incidence * risk)
        + np.cumsum(incidence**2 * risk)
        + np.cumsum(before**2 * (n - k) * k / n**3)
        - 2.0 * (incidence * np.cumsum(own) - np.cumsum(incidence * own))
    )
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float64)


def median_survival(curve: SurvivalCurve, share: float = 0.5) -> Estimate:
    """Time by which survival has fallen to ``share``, with the interval read off the band; nan where not reached."""
    _require_complete(curve)

    def first(values: Floats) -> float:
        reached = np.flatnonzero(values <= share)
        return float(curve.time[reached[0]]) if reached.size else float("nan")

    return Estimate(first(curve.survival), first(curve.lower), first(curve.upper))


def restricted_mean(curve: SurvivalCurve, horizon: float) -> Estimate:
    """Mean event-free time up to ``horizon`` (area under the curve), with a normal interval.

    Raises ValueError when the horizon lies beyond the last observation while patients are still event-free: the curve
    is unknown there.
    """
    _require_complete(curve)
    open_ended = curve.survival.size == 0 or curve.survival[-1] > 0.0
    if horizon <= 0.0 or (horizon > curve.last and open_ended):
        msg = f"horizon {horizon:g} must be above 0 and not beyond the last observation ({curve.last:g})"
        raise ValueError(msg)
    inside = curve.time < horizon
    edges = np.concatenate([np.zeros(1), curve.time[inside], np.array([horizon])])
    areas = np.diff(edges) * np.concatenate([np.ones(1), curve.survival[inside]])
    total = float(areas.sum())
    rest = total - np.cumsum(areas)[:-1]
    n, d = curve.at_risk[inside].astype(float), curve.events[inside].astype(float)
    terms = np.where(n > d, rest**2 * d / (n * np.where(n > d, n - d, 1.0)), 0.0)
    half = _quantile(curve.confidence) * float(np.sqrt(terms.sum()))
    return Estimate(total, total - half, min(total + half, horizon))


def survival_influence(time: ArrayLike, event: ArrayLike, at: float) -> Floats:
    """Influence of each patient on the Kaplan-Meier estimate at one time.

    The variance of the estimate is the mean square of these (n,) values divided by n; for two runs with the same
    patients the variance of the difference follows from the differences of the values, so shared luck cancels. Without
    censoring the value is the patient's own status minus the survival.
    """
    times, events = _checked(time, event)
    unique, deaths, at_risk = _tally(times, events)
    use = unique <= at
    survival = float(np.prod(1.0 - deaths[use] / at_risk[use]))
    if survival == 0.0:
        return np.zeros(times.size)
    n = float(times.size)
    # Greenwood's denominators, so that the values reproduce Greenwood's variance exactly when nobody is censored.
    left = (at_risk - deaths).astype(float)[use]
    step = n * deaths[use] / (at_risk[use] * left)
    compensator = np.concatenate([np.zeros(1), np.cumsum(step)])
    own = np.zeros(times.size)
    hit = events & (times <= at)
    position = np.searchsorted(unique[use], times[hit])
    own[hit] = n / left[position]
    exposed = compensator[np.searchsorted(unique[use], np.minimum(times, at), side="right")]
    return np.asarray(-survival * (own - exposed))


def overall_survival(patients: pd.DataFrame) -> tuple[Floats, NDArray[np.bool_]]:
    """Time and event of overall survival (death of any cause) from a run's patients table; days after diagnosis."""
    return first_event(patients, ("death_d",))


def relapse_free_survival(patients: pd.DataFrame) -> tuple[Floats, NDArray[np.bool_]]:
    """Time and event of relapse-free survival (relapse or death) of patients without metastasis at diagnosis (M0)."""
    return first_event(patients[patients["m_stage"].to_numpy() != "M1"], ("relapse_d", "death_d"))


def first_event(patients: pd.DataFrame, columns: tuple[str, ...]) -> tuple[Floats, NDArray[np.bool_]]:
    """The first of some events of each patient, or the end of observation: (time in days, event)."""
    end = patients["followup_d"].to_numpy(dtype=float)
    earliest = np.full(end.shape, np.inf)
    for column in columns:
        day = patients[column].to_numpy(dtype=float)
        earliest = np.fmin(earliest, day)
    event = earliest <= end
    return np.maximum(np.where(event, earliest, end), 0.0), event


def _checked(time: ArrayLike, event: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    times, events = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    if times.ndim != 1 or times.shape != events.shape:
        msg = f"time and event must be one-dimensional and equally long, not {times.shape} and {events.shape}"
        raise ValueError(msg)
    if times.size == 0:
        msg = "no patients: a survival curve needs at least one"
        raise ValueError(msg)
    if not np.isfinite(times).all() or times.min() < 0.0:
        msg = "every time must be finite and not negative"
        raise ValueError(msg)
    return times, events


def _tally(times: Floats, events: NDArray[np.bool_]) -> tuple[Floats, Ints, Ints]:
    """Distinct event times with the number of events and of patients at risk at each."""
    ordered = np.sort(times)
    unique, deaths = np.unique(times[events], return_counts=True)
    at_risk = times.size - np.searchsorted(ordered, unique, side="left")
    return unique, deaths.astype(np.int64), at_risk.astype(np.int64)


def _product_limit(deaths: Ints, at_risk: Ints) -> Floats:
    return np.cumprod(1.0 - deaths / at_risk, dtype=np.float64)


def _log_log(share: Floats, error: Floats, z: float) -> tuple[Floats, Floats]:
    """Limits of a probability on the log(-log) scale; itself at 1 or 0 with no spread, nan if undefined."""
    inner = (share > 0.0) & (share < 1.0)
    safe = np.where(inner, share, 0.5)
    width = z * np.where(inner, error, 0.0) / (safe * np.abs(np.log(safe)))
    lower, upper = safe ** np.exp(width), safe ** np.exp(-width)
    edge = np.where(np.isfinite(error) & (error == 0.0), share, np.nan)
    return np.where(inner, lower, edge), np.where(inner, upper, edge)


def _quantile(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        msg = f"confidence must lie between 0 and 1, not {confidence}"
        raise ValueError(msg)
    from scipy.special import ndtri

    value: Any = ndtri(0.5 + confidence / 2.0)
    return float(value)


def _require_complete(curve: SurvivalCurve) -> None:
    if not curve.complete:
        msg = "this curve was evaluated at chosen times; give the one with every event time (at=None)"
        raise ValueError(msg)
