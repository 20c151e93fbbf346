"""How good predicted risks are beside what happened: order, calibration, and error, with censored follow-up.

*Order*: Harrell's c, the share of usable pairs of patients in which the one with the higher risk has the event first
(Harrell, Lee, Mark, Statistics in Medicine 15:361, 1996); its interval is a percentile bootstrap over patients.

*Calibration* at one time: each patient gets the jackknife pseudo-value of the event's probability by that time, which
is its own 0 or 1 where nobody is censored (Andersen, Klein, Rosthoj, Biometrika 90:15, 2003). Pseudo-values are
regressed on the predicted probability p with a complementary log-log link, mean = 1 - exp(-exp(a + b cloglog(p))), by
quasi-likelihood with a sandwich variance. With b = 1 the intercept a is the logarithm of observed over predicted
cumulative hazard; b below 1 says that predicted risks are spread too far. Censoring must not depend on the covariates.

*Error*: the Brier score with weights by the inverse probability of being observed (Graf, Schmoor, Sauerbrei,
Schumacher, Statistics in Medicine 18:2529, 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from diaspore.cohort.survival import Estimate, kaplan_meier

Z95 = 1.959964
LEAST = 1e-6  # probabilities are kept this far from 0 and 1 where their logarithm is taken


class Calibration(NamedTuple):
    """Calibration at one time; each number with its 95 % interval."""

    intercept: Estimate
    slope: Estimate


@dataclass(frozen=True)
class Pairs:
    """Pairs of patients of which it is known who had the event first: their numbers, ``first`` and ``second``."""

    first: np.ndarray
    second: np.ndarray

    @classmethod
    def of(cls, time: np.ndarray, event: np.ndarray) -> Pairs:
        """Usable pairs: the shorter follow-up ended with the event, or both are equal and only one did."""
        before = (time[:, None] < time[None, :]) | ((time[:, None] == time[None, :]) & ~event[None, :])
        first, second = np.nonzero(before & event[:, None])
        return cls(first, second)

    def concordance(self, risk: np.ndarray, weight: np.ndarray | None = None) -> float:
        """Harrell's c of some risks; equal risks count half. ``weight`` (n,): how often each patient is there."""
        a, b = risk[self.first], risk[self.second]
        score = np.where(a > b, 1.0, np.where(a == b, 0.5, 0.0))
        if weight is None:
            return float(score.mean()) if len(score) else float("nan")
        both = weight[self.first] * weight[self.second]
        return float((both * score).sum() / both.sum())


def concordance(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> float:
    """Harrell's c; (n,) follow-up, bool whether it ended with the event, and predicted risk (higher: sooner)."""
    return Pairs.of(time, event).concordance(risk)


def concordance_interval(
    time: np.ndarray, event: np.ndarray, risk: np.ndarray, times: int = 1000, seed: int = 1
) -> Estimate:
    """Harrell's c with its 95 % interval from a bootstrap over patients."""
    pairs = Pairs.of(time, event)
    rng = np.random.default_rng(seed)
    n = len(time)
    draws = [pairs.concordance(risk, rng.multinomial(n, np.full(n, 1.0 / n)).astype(float)) for _ in range(times)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(pairs.concordance(risk), float(low), float(high))


def pseudo_values(time: np.ndarray, event: np.ndarray, at: float) -> np.ndarray:
    """(n,) jackknife pseudo-values of the probability of the event by ``at``.

    n F - (n - 1) F without the patient, where F is one minus Kaplan-Meier.

    Raises:
        ValueError: nobody is observed until ``at``.
    """
    if time.max() < at:
        raise ValueError("nobody is observed for so long")
    n = len(time)
    use = np.unique(time[event & (time <= at)])
    ordered = np.sort(time)
    deaths = np.array([(event & (time == t)).sum() for t in use], dtype=float)
    risk = (n - np.searchsorted(ordered, use, side="left")).astype(float)
    whole = 1.0 - np.prod(1.0 - deaths / risk)
    there = time[:, None] >= use[None, :]
    own = (time[:, None] == use[None, :]) & event[:, None]
    without = 1.0 - np.prod(1.0 - (deaths - own) / np.maximum(risk - there, 1.0), axis=1)
    return np.asarray(n * whole - (n - 1) * without)


def calibration(time: np.ndarray, event: np.ndarray, predicted: np.ndarray, at: float) -> Calibration:
    """Calibration of predicted probabilities (n,) of the event by ``at``; see the module."""
    y, x, one = pseudo_values(time, event, at), cloglog(predicted), np.ones(len(time))
    (shift,), (error,) = _regress(y, one[:, None], x)
    both, errors = _regress(y, np.stack([one, x], axis=1), 0.0 * x)

    def estimate(value: float, se: float) -> Estimate:
        return Estimate(float(value), float(value - Z95 * se), float(value + Z95 * se))

    return Calibration(estimate(shift, error), estimate(both[1], errors[1]))


def recalibration(time: np.ndarray, event: np.ndarray, predicted: np.ndarray, at: float) -> tuple[float, float]:
    """Intercept and slope, both free, of observed on predicted probability: cloglog(observed) = a + b cloglog(p)."""
    x = cloglog(predicted)
    both, _ = _regress(pseudo_values(time, event, at), np.stack([np.ones(len(x)), x], axis=1), 0.0 * x)
    return float(both[0]), float(both[1])


def cloglog(p: np.ndarray) -> np.ndarray:
    """ln(-ln(1 - p)), the logarithm of the cumulative hazard."""
    result: np.ndarray = np.log(-np.log1p(-np.clip(p, LEAST, 1.0 - LEAST)))
    return result


def _regress(y: np.ndarray, design: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and sandwich errors of mean = 1 - exp(-exp(design @ beta + offset)), binomial variance."""
    beta = np.zeros(design.shape[1])
    if design.shape[1] == 2:
        beta[1] = 1.0
    for _ in range(100):
        eta = np.clip(design @ beta + offset, -20.0, 3.0)
        mean = np.clip(-np.expm1(-np.exp(eta)), LEAST, 1.0 - LEAST)
        slope = np.exp(eta - np.exp(eta))
        weight = slope / (mean * (1.0 - mean))
        bread = (design * (weight * slope)[:, None]).T @ design
        step = np.linalg.solve(bread, design.T @ (weight * (y - mean)))
        largest = np.abs(step).max()
        beta = beta + step * min(1.0, 2.0 / largest if largest > 0.0 else 1.0)
        if largest < 1e-10:
            break
    inside = design * (weight * (y - mean))[:, None]
    inverse = np.linalg.inv(bread)
    return beta, np.sqrt(np.diag(inverse @ (inside.T @ inside) @ inverse))


def brier(time: np.ndarray, event: np.ndarray, predicted: np.ndarray, at: float) -> float:
    """Brier score of predicted probabilities (n,) of the event by ``at``; censored patients by inverse weights."""
    lost = kaplan_meier(time, ~event) if (~event).any() else None

    def observed(at_time: np.ndarray, before: bool) -> np.ndarray:
        """Chance of not being censored by a time (``before``: just before it)."""
        if lost is None:
            return np.ones(len(at_time))
        index = np.searchsorted(lost.time, at_time, side="left" if before else "right")
        return np.asarray(np.concatenate([np.ones(1), lost.survival])[index])

    happened, free = event & (time <= at), time > at
    weight = np.zeros(len(time))
    weight[happened] = 1.0 / observed(time[happened], True)
    weight[free] = 1.0 / observed(np.full(int(free.sum()), at), False)
    return float(np.mean(weight * (happened - predicted) ** 2))
