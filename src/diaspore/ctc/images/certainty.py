"""How far the number of calls may lie from the number of cells on the slide."""

from __future__ import annotations

import numpy as np

EXACT = 500
"""Up to so many calls their number is convolved, above it a normal distribution is close enough."""
RATES = 0.5
"""Sd of the ln of each rate of error: those of another slide are known to a factor of about 1.6 (assumed)."""


def count_interval(probabilities: np.ndarray, missed: float, wrong: float, level: float = 0.95) -> tuple[int, int]:
    """Interval of the true number of tumour cells, given the calls.

    Each call is right with its probability, at most 1 - ``wrong``; of the true cells the share ``missed`` was not
    called, so that to n right calls a negative binomial number of missed ones belongs (n + 1 successes: the posterior
    under equal chances of every true number). Both rates are uncertain (`RATES`). ``level``: of the interval.
    """
    errors = 1.0 - np.clip(np.asarray(probabilities, dtype=np.float64), 0.0, 1.0 - wrong)
    tail = 0.5 * (1.0 - level)
    if len(errors) > EXACT:
        return _normal(errors, missed, tail)
    # Three points of a log-normal factor for each rate: exact for polynomials of ln up to the fifth degree.
    factors = np.exp(RATES * np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0]))
    weights = np.array([1.0, 4.0, 1.0]) / 6.0
    longest = len(errors) + 20 + int(10.0 * missed * (len(errors) + 5))
    chance = np.zeros(longest + 1)
    for factor, weight in zip(factors, weights, strict=True):
        right = np.ones(1)
        for one in np.minimum(errors * factor, 1.0):
            right = np.convolve(right, (one, 1.0 - one))
        for other, share in zip(factors, weights, strict=True):
            chance += weight * share * _with_missed(right, min(missed * other, 0.95), longest)
    total = np.cumsum(chance) / chance.sum()
    return int(np.searchsorted(total, tail)), int(np.searchsorted(total, 1.0 - tail))


def _with_missed(right: np.ndarray, share: float, longest: int) -> np.ndarray:
    """Chances of 0, 1, … ``longest`` true cells from those of right calls, when ``share`` of true cells is missed."""
    from scipy.stats import nbinom

    whole = np.zeros(longest + 1)
    for n in np.flatnonzero(right > 1e-9):
        whole[n:] += right[n] * nbinom.pmf(np.arange(longest + 1 - n), n + 1, 1.0 - share)
    return whole


def _normal(errors: np.ndarray, missed: float, tail: float) -> tuple[int, int]:
    from scipy.special import ndtri

    factor = 1.0 / (1.0 - missed)
    right = float((1.0 - errors).sum())
    by_chance = float((errors * (1.0 - errors)).sum()) * factor**2 + right * missed * factor**2
    by_rates = (RATES * errors.sum() * factor) ** 2 + (RATES * missed * right * factor**2) ** 2
    half = float(-ndtri(tail)) * float(np.sqrt(by_chance + by_rates))
    return max(0, int(np.floor(right * factor - half))), int(np.ceil(right * factor + half))
