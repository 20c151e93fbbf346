"""Taxis along one axis: movement up (or down) the gradients of signals that stand still meanwhile.

``u_t = -(u sum_k chi_k (w_k)_x)_x`` on finite volumes. The speed on a face is that of the signals' difference across
it; what it carries is a limited linear reconstruction on the side it comes from (monotonised central slopes,
``vanleer1977``), second order where the profile is smooth and without new extremes elsewhere. Time is stepped by Heun's
method, a mean of positive steps (``gottlieb2001``).

The rule of Courant, Friedrichs and Lewy: a voxel gives no more than it has as long as the fastest speed crosses at most
half of it in a substep, because its reconstructed values at the two faces add up to twice its mean. A lane is cut into
as many substeps as bring its largest number to `COURANT` or below; lanes are independent, since signals stand still.
Nothing passes the faces of the box.
"""

from __future__ import annotations

import math

from diaspore.core.jit import inline, kernel

COURANT = 0.45
"""Largest speed times substep over spacing; below 1/2, so that rounding cannot make a voxel negative either."""
WORK = 4
"""Rows of work space that `climb` needs, each as long as a lane."""


@inline
def _slope(before, here, after):
    """Limited difference across a voxel."""
    low, high = here - before, after - here
    if low * high <= 0.0:
        return 0.0
    size = min(2.0 * min(abs(low), abs(high)), 0.5 * abs(low + high))
    return size if low > 0.0 else -size


@inline
def _carry(v, crossing, share, change):
    """``change``: what each voxel gains in a substep of Euler's method."""
    n = v.shape[0]
    for i in range(n):
        change[i] = 0.0
    for i in range(n - 1):
        number = share * crossing[i]
        if number > 0.0:
            carried = v[i]
            if i > 0:
                carried += 0.5 * _slope(v[i - 1], v[i], v[i + 1])
        else:
            carried = v[i + 1]
            if i + 2 < n:
                carried -= 0.5 * _slope(v[i], v[i + 1], v[i + 2])
        flow = number * carried
        change[i] -= flow
        change[i + 1] += flow


@kernel
def climb(state, mover, signals, strengths, number, work):
    """One step of taxis of species ``mover`` in place; returns the largest number of substeps of a lane.

    Args:
        state: (S, outer, n, inner) all species.
        mover: which of them moves.
        signals: (K,) which of them it follows; not itself.
        strengths: (K,) chi of each; below 0 it flees.
        number: step over the square of the spacing.
        work: (WORK, n).
    """
    outer, n, inner = state.shape[1], state.shape[2], state.shape[3]
    crossing, v, stage, change = work[0], work[1], work[2], work[3]
    u = state[mover]
    most = 0
    for o in range(outer):
        for k in range(inner):
            fastest = 0.0
            for i in range(n - 1):
                total = 0.0
                for s in range(signals.shape[0]):
                    w = state[signals[s]]
                    total += strengths[s] * (w[o, i + 1, k] - w[o, i, k])
                crossing[i] = number * total
                fastest = max(fastest, abs(crossing[i]))
            if fastest == 0.0:
                continue
            substeps = max(1, int(math.ceil(fastest / COURANT)))
            most = max(most, substeps)
            share = 1.0 / substeps
            for i in range(n):
                v[i] = u[o, i, k]
            for _ in range(substeps):
                _carry(v, crossing, share, change)
                for i in range(n):
                    stage[i] = v[i] + change[i]
                _carry(stage, crossing, share, change)
                for i in range(n):
                    v[i] = 0.5 * (v[i] + (stage[i] + change[i]))
            for i in range(n):
                u[o, i, k] = v[i]
    return most
