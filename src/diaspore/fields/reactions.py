"""Reactions that keep what is there positive: every species is produced at a rate P and lost at a rate L times itself.

``u' = P(u) - L(u) u`` with P, L >= 0. With both frozen, the step is exact: ``u exp(-L dt) + P (1 - exp(-L dt)) / L``,
which is never negative and never leaves the range between ``u`` and ``P / L``. Frozen at the middle of the step, which
half a step reaches first, it is of second order. A logistic term ``r u (1 - u / K)`` is P = r u, L = r u / K: K is
then kept exactly and never passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from diaspore.core.jit import inline, kernel

Rates = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
"""``rates(u, parameters, production, loss)``: fill P and L (S, N) of all species at values ``u`` (S, N)."""


SHORT = 0.01
"""Loss over a step below which the series below is as exact as the exponential."""


@inline
def _share(x):
    """The share of the step that production counts for, (1 - exp(-x)) / x, for small x."""
    return 1.0 - x * (0.5 - x * (1 / 6 - x * (1 / 24 - x * (1 / 120 - x * (1 / 720)))))


@kernel
def relax(u, production, loss, step, result):
    """``result`` = ``u`` after ``step`` with P and L as they are; all (S, N)."""
    for s in range(u.shape[0]):
        here, gain, fall, out = u[s], production[s], loss[s], result[s]
        short = True
        for i in range(fall.shape[0]):
            short &= fall[i] * step < SHORT
        if short:  # without branches, several voxels at a time
            for i in range(here.shape[0]):
                x = fall[i] * step
                share = _share(x)
                out[i] = here[i] * (1.0 - x * share) + step * gain[i] * share
            continue
        for i in range(here.shape[0]):
            x = fall[i] * step
            if x < SHORT:
                share = _share(x)
                kept = 1.0 - x * share
            else:
                kept = math.exp(-x)
                share = (1.0 - kept) / x
            out[i] = here[i] * kept + step * gain[i] * share


def react(rates: Rates, parameters: np.ndarray, u: np.ndarray, step: float, work: np.ndarray) -> None:
    """Advance ``u`` (S, N) by a step in place; ``work`` is (3, S, N)."""
    production, loss, middle = work
    rates(u, parameters, production, loss)
    relax(u, production, loss, 0.5 * step, middle)
    rates(middle, parameters, production, loss)
    relax(u, production, loss, step, u)
