"""Identities of a site-to-site Markov chain on 50 sites."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.models.markov_chain import (
    chain_with_stationary,
    passage_times,
    stationary_vector,
    walk,
)
from diaspore.validation.registry import Result

SITES, WALKERS = 50, 20_000


def random_chain(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A sparse chain (50, 50) and its wanted stationary vector (50,)."""
    rng = np.random.Generator(np.random.Philox(seed))
    wanted = rng.gamma(0.7, size=SITES) + 0.02
    wanted /= wanted.sum()
    support = rng.exponential(size=(SITES, SITES)) * (rng.random((SITES, SITES)) < 0.2)
    support += np.diag(0.2 + rng.random(SITES))
    ring = np.roll(np.eye(SITES), 1, axis=1)
    return chain_with_stationary(support + 0.1 * (ring + ring.T), wanted), wanted


def run() -> Result:
    """Three random chains; walkers on the first."""
    result = Result()
    worst = dict.fromkeys(("row_sums", "stationarity", "stationary_by_linear_solve", "passage_time_recursion"), 0.0)
    kac = 0.0
    for seed in (2012, 2013, 2015):
        a, v = random_chain(seed)
        times = np.stack([passage_times(a, target) for target in range(SITES)], axis=1)
        residual = 1.0 + a @ times - np.diag((1.0 + a @ times).diagonal()) - times
        found = {
            "row_sums": np.abs(a.sum(axis=1) - 1.0).max(),
            "stationarity": np.abs(v @ a - v).max(),
            "stationary_by_linear_solve": np.abs(stationary_vector(a) - v).max(),
            "passage_time_recursion": np.abs(residual / np.maximum(times, 1.0)).max(),
        }
        worst = {name: max(worst[name], float(value)) for name, value in found.items()}
        kac = max(kac, float(np.abs((1.0 + a @ times).diagonal() * v - 1.0).max()))
    for name, value in worst.items():
        result.add(name, value)
    result.add("kac_return_time", kac)

    a, v = random_chain(2012)
    z = 0.0
    for k, target in enumerate(np.argsort(v)[-5:]):
        start = int(np.argmin(v))
        steps = walk(a, start, int(target), WALKERS, seed=100 + k)
        error = steps.std(ddof=1) / math.sqrt(WALKERS)
        z = max(z, abs(float((steps.mean() - passage_times(a, int(target))[start]) / error)))
    result.add("passage_time_monte_carlo", z)
    return result
