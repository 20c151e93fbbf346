"""How far the number of calls may lie from the number of cells on the slide."""

from __future__ import annotations

import numpy as np

EXACT = 2000
"""Up to so many calls their number is convolved, above it a normal distribution is close enough."""


def count_interval(probabilities: np.ndarray, missed: float, wrong: float, level: float = 0.95) -> tuple[int, int]:
    """Interval of the true number of tumour cells, given the calls.

    Each call is right with its probability, at most 1 - ``wrong``; of the true cells the share ``missed`` was not called,
    so that to n right calls a negative binomial number of missed ones belongs. ``level``: of the interval.
    """
    p = np.clip(np.asarray(probabilities, dtype=np.float64), 0.0, 1.0 - wrong)
    tail = 0.5 * (1.0 - level)
    if len(p) > EXACT:
        return _normal(p, missed, tail)
    right = np.ones(1)
    for one in p:
        right = np.convolve(right, (1.0 - one, one))
    longest = int(len(p) + 10 + 6.0 * missed / (1.0 - missed) * (len(p) + 5))
    whole = np.zeros(longest + 1)
    for n, weight in enumerate(right):
        if weight > 1e-12:
            missing = _missed(n, missed, longest - n)
            whole[n : n + len(missing)] += weight * missing
    total = np.cumsum(whole) / whole.sum()
    return int(np.searchsorted(total, tail)), int(np.searchsorted(total, 1.0 - tail))


def _missed(called: int, share: float, most: int) -> np.ndarray:
    """Chances of 0, 1, … missed cells beside so many called ones: negative binomial of n + 1 successes.

    The 1 makes it the posterior under equal chances of every true number.
    """
    chance = np.empty(most + 1)
    chance[0] = (1.0 - share) ** (called + 1)
    for k in range(1, most + 1):
        chance[k] = chance[k - 1] * share * (called + k) / k
    return chance


def _normal(p: np.ndarray, missed: float, tail: float) -> tuple[int, int]:
    from scipy.special import ndtri

    factor = 1.0 / (1.0 - missed)
    mean = p.sum() * factor
    variance = float((p * (1.0 - p)).sum() * factor**2 + p.sum() * missed * factor**2)
    half = float(-ndtri(tail)) * np.sqrt(variance)
    return int(np.floor(mean - half)), int(np.ceil(mean + half))
