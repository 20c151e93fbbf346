"""Implicit diffusion along one axis with a coefficient that may vary in space, second order in time and positive.

``u_t = (D u_x)_x + k (w - u)`` on finite volumes: the coefficient on a face is the mean of those of the two voxels
beside it, and what leaves a voxel enters its neighbour, so without turnover k mass changes by rounding only. The
turnover towards a ``w`` that stands still is for substances whose diffusion and turnover balance faster than the rest
changes; taken apart from diffusion it would need far shorter steps.

A step is Alexander's L-stable Runge-Kutta method of two implicit stages (``alexander1977``): second order, and no
oscillation however long the step. No method of second order keeps every profile positive at every step; a lane in which
a value below 0 comes out is done again by backward Euler, which is positive and conserves as well. That happens beside
jumps that the step is too long for, as at the start of a run, and costs accuracy only there.
"""

from __future__ import annotations

import math

from diaspore.core.jit import inline, kernel
from diaspore.fields.grid import HELD

STAGE = 1.0 - math.sqrt(0.5)
"""Share of the step in each implicit stage."""
WORK = 5
"""Rows of work space that `spread` needs, each as long as a lane."""


@inline
def _factor(links, turnover, share, low, high, f):
    """Elimination of ``u + share (turnover u - difference of links times difference of u) = r``: rows d, a, c of ``f``.

    ``links[i]`` joins voxels i and i + 1; a held end is a row of the identity.
    """
    n = links.shape[0]
    d, a, c = f[0], f[1], f[2]
    before = 0.0
    for i in range(n):
        below = share * links[i - 1] if i > 0 else 0.0
        above = share * links[i] if i < n - 1 else 0.0
        if (i == 0 and low == HELD) or (i == n - 1 and high == HELD):
            d[i], a[i], c[i], before = 1.0, 0.0, 0.0, 0.0
            continue
        d[i] = 1.0 / (1.0 + share * turnover + below + above - below * before)
        a[i] = below * d[i]
        c[i] = above * d[i]
        before = c[i]


@inline
def _solve(f, v):
    n = v.shape[0]
    d, a, c = f[0], f[1], f[2]
    last = v[0] * d[0]
    v[0] = last
    for i in range(1, n):
        last = v[i] * d[i] + a[i] * last
        v[i] = last
    for i in range(n - 2, -1, -1):
        last = v[i] + c[i] * last
        v[i] = last


@inline
def _feed(v, share, turnover, target, o, k, gain_low, gain_high, low, high):
    """Add what turnover and faces bring in a share of the step; held ends get nothing."""
    n = v.shape[0]
    if turnover > 0.0:
        for i in range(int(low == HELD), n - int(high == HELD)):
            v[i] += share * turnover * target[o, i, k]
    v[0] += share * gain_low
    v[n - 1] += share * gain_high


@kernel
def spread(u, coefficient, number, turnover, target, gain_low, gain_high, low, high, work):
    """One step of diffusion in place; returns the number of lanes done by backward Euler.

    Args:
        u: (outer, n, inner) values.
        coefficient: the same shape, or (1, 1, 1) for the same everywhere; at least 0.
        number: step over the square of the spacing.
        turnover: k times the step; 0 for none.
        target: w, of the shape of ``u``; any where there is no turnover.
        gain_low, gain_high: what the faces add to the voxels beside them over the step; 0 at held ones.
        low, high: `HELD` or `FLUX` at the two ends.
        work: (WORK, n).
    """
    outer, n, inner = u.shape
    f, v, links = work[:3], work[3], work[4]
    varies = coefficient.shape[1] > 1
    again = 0
    if not varies:
        for i in range(n):
            links[i] = number * coefficient[0, 0, 0]
        _factor(links, turnover, STAGE, low, high, f)
    ratio = (1.0 - STAGE) / STAGE
    for o in range(outer):
        for k in range(inner):
            if varies:
                for i in range(n - 1):
                    links[i] = number * 0.5 * (coefficient[o, i, k] + coefficient[o, i + 1, k])
                _factor(links, turnover, STAGE, low, high, f)
            for i in range(n):
                v[i] = u[o, i, k]
            _feed(v, STAGE, turnover, target, o, k, gain_low, gain_high, low, high)
            _solve(f, v)
            for i in range(n):
                v[i] = u[o, i, k] + ratio * (v[i] - u[o, i, k])
            _feed(v, STAGE, turnover, target, o, k, gain_low, gain_high, low, high)
            _solve(f, v)
            least = 0.0
            for i in range(n):
                least = min(least, v[i])
            if least < 0.0:
                again += 1
                for i in range(n):
                    v[i] = u[o, i, k]
                _feed(v, 1.0, turnover, target, o, k, gain_low, gain_high, low, high)
                _factor(links, turnover, 1.0, low, high, f)
                _solve(f, v)
                if not varies:
                    _factor(links, turnover, STAGE, low, high, f)
            for i in range(n):
                u[o, i, k] = v[i]
    return again
