"""Site-to-site Markov chains: correction to a wanted stationary vector, stationary vectors, first-passage times.

Generic tools for chains like that of newton2012 (50 anatomical sites); no published matrix is shipped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from diaspore.core.jit import kernel

Array = NDArray[np.float64]


def chain_with_stationary(support: Array, stationary: Array, tolerance: float = 1e-13) -> Array:
    """Row-stochastic matrix on a non-negative support whose stationary vector is the wanted one.

    support: (n, n), non-negative, positive diagonal; stationary: (n,), positive, sum 1. The flow matrix is scaled by
    rows and columns until both marginals are ``stationary``. Raises ValueError if the scaling does not converge.
    """
    flow = support * stationary[:, None]
    for _ in range(100_000):
        flow *= (stationary / flow.sum(axis=0))[None, :]
        rows = flow.sum(axis=1)
        flow *= (stationary / rows)[:, None]
        if np.max(np.abs(flow.sum(axis=0) - stationary)) < tolerance:
            return np.asarray(flow / flow.sum(axis=1, keepdims=True))
    raise ValueError("this support cannot carry the wanted stationary vector")


def stationary_vector(a: Array) -> Array:
    """Stationary vector of an irreducible chain by a linear solve. Shape (n,)."""
    n = a.shape[0]
    system = np.vstack([a.T - np.eye(n), np.ones(n)])
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0])


def passage_times(a: Array, target: int) -> Array:
    """Mean number of steps to first reach ``target`` from each site (0 at the target). Shape (n,)."""
    others = np.arange(a.shape[0]) != target
    out = np.zeros(a.shape[0])
    out[others] = np.linalg.solve(np.eye(int(others.sum())) - a[np.ix_(others, others)], np.ones(int(others.sum())))
    return out


@kernel
def _walk(cumulative: Array, start: int, target: int, walkers: int, rng: np.random.Generator) -> Array:
    steps = np.empty(walkers)
    for k in range(walkers):
        here, count = start, 0
        while here != target or count == 0:
            here = int(np.searchsorted(cumulative[here], rng.random(), side="right"))
            count += 1
        steps[k] = count
    return steps


def walk(a: Array, start: int, target: int, walkers: int, seed: int) -> Array:
    """Steps of random walkers from start to target (to the return, if they are the same). Shape (walkers,)."""
    cumulative = np.cumsum(a, axis=1)
    cumulative /= cumulative[:, -1:]
    return _walk(cumulative, start, target, walkers, np.random.Generator(np.random.Philox(seed)))
