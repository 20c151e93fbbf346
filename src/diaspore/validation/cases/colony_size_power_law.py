"""Power law of colony sizes, and sizes that are independent given their number."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.renewal import growth_curve, solve_renewal
from diaspore.validation.registry import Result

GROWTH = 0.1


def _slope(ratio: float, exponent: float, low: float, high: float) -> float:
    """Log-log slope of the number of colonies above a size, between two sizes; ``ratio`` is g_p/g_m."""
    days = 27.6 / (GROWTH * ratio)  # the primary reaches about 1e12
    primary = growth_curve("exponential", {"a": GROWTH * ratio}, 1.0)
    colony = growth_curve("exponential", {"a": GROWTH}, 1.0)
    solved = solve_renewal(primary, colony, days=days, seeding=1e-6, exponent=exponent, secondary_seeding=0.0)
    sizes = np.geomspace(low, high, 20)
    counts = [solved.count_above(float(s)) for s in sizes]
    return float(np.polyfit(np.log(sizes), np.log(counts), 1)[0])


def run() -> Result:
    """Slopes from the solver, order statistics from a simulation by thinning."""
    result = Result()
    for ratio, high in ((0.5, 1e6), (1.0, 1e6), (2.0, 1e4)):
        result.add(f"slope_gp_over_gm_{ratio:g}", _slope(ratio, 1.0, 10.0, high))
    result.add("slope_with_exponent_two_thirds", _slope(1.0, 2.0 / 3.0, 10.0, 1e6))

    sizes = five_colonies(patients=80_000, seed=2006)
    top = math.exp(-PRIMARY * DAYS)

    def law(x: np.ndarray) -> np.ndarray:
        return 1.0 - (x ** (-PRIMARY / GROWTH) - top) / (1.0 - top)

    result.add("iid_sizes", _ks(law(sizes.ravel())))
    result.add("largest_of_five", _ks(law(sizes.max(axis=1)) ** 5))
    result.add("independence", abs(_spearman(sizes[:, 0], sizes[:, 1])))
    return result


PRIMARY, DAYS, MEAN = 0.08, 150.0, 5.0


def five_colonies(patients: int, seed: int) -> np.ndarray:
    """Sizes of the colonies of all patients with exactly five, in random order. Shape (found, 5).

    Foundings are a Poisson process with a rate in proportion to the primary, made by thinning a constant rate;
    nothing of the law under test enters.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    rate = MEAN * PRIMARY / -math.expm1(-PRIMARY * DAYS)  # rate at the end of the observation
    found = []
    for _ in range(patients // 10_000):
        number = rng.poisson(rate * DAYS, size=10_000)
        owner = np.repeat(np.arange(10_000), number)
        time = rng.random(owner.size) * DAYS
        kept = rng.random(owner.size) < np.exp(PRIMARY * (time - DAYS))
        owner, time = owner[kept], time[kept]
        five = np.bincount(owner, minlength=10_000)[owner] == 5
        found.append(np.exp(GROWTH * (DAYS - time[five])).reshape(-1, 5))
    return np.concatenate(found)


def _ks(uniform: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance from the uniform law."""
    u = np.sort(uniform)
    k = np.arange(u.size)
    return float(max(np.max((k + 1) / u.size - u), np.max(u - k / u.size)))


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(x)) for x in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
