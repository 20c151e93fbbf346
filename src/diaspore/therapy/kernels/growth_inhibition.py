"""Tumours whose damaged cells die late (Simeoni), driven by a concentration: Runge-Kutta of order 4."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel


@inline
def _slope(y, concentration, early, late, bend, kill, transit, out):
    """Rates of change of growing cells and of three stages of dying ones."""
    whole = y[0] + y[1] + y[2] + y[3]
    ratio = early * whole / late
    # (1 + ratio ** bend) ** (1 / bend) without the power of a large number
    slowing = (1.0 + ratio**bend) ** (1.0 / bend) if ratio < 1.0 else ratio * (1.0 + ratio**-bend) ** (1.0 / bend)
    hit = kill * concentration * y[0]
    out[0] = early * y[0] / slowing - hit
    out[1] = hit - transit * y[1]
    out[2] = transit * (y[1] - y[2])
    out[3] = transit * (y[2] - y[3])


@kernel
def grow(y, drive, step, early, late, bend, kill, transit, size):
    """Advance patients [0, P) over all steps.

    Args:
        y: (P, 4) growing cells and three stages of dying ones; changed.
        drive: (P, N, 3) concentration at the start, middle and end of every step.
        step: days.
        early, late, kill, transit: (P,) rates, see `effects.growth_inhibition`.
        bend: how sharply growth turns from exponential to linear.
        size: (P, N + 1) of the whole tumour; changed.
    """
    patients, count = drive.shape[0], drive.shape[1]
    k1, k2, k3, k4, at = np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    for p in range(patients):
        size[p, 0] = y[p, 0] + y[p, 1] + y[p, 2] + y[p, 3]
        for n in range(count):
            _slope(y[p], drive[p, n, 0], early[p], late[p], bend, kill[p], transit[p], k1)
            for j in range(4):
                at[j] = y[p, j] + 0.5 * step * k1[j]
            _slope(at, drive[p, n, 1], early[p], late[p], bend, kill[p], transit[p], k2)
            for j in range(4):
                at[j] = y[p, j] + 0.5 * step * k2[j]
            _slope(at, drive[p, n, 1], early[p], late[p], bend, kill[p], transit[p], k3)
            for j in range(4):
                at[j] = y[p, j] + step * k3[j]
            _slope(at, drive[p, n, 2], early[p], late[p], bend, kill[p], transit[p], k4)
            total = 0.0
            for j in range(4):
                y[p, j] = max(y[p, j] + step / 6.0 * (k1[j] + 2.0 * (k2[j] + k3[j]) + k4[j]), 0.0)
                total += y[p, j]
            size[p, n + 1] = total
