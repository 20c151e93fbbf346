"""Neutrophils under drugs that hold back their making (Friberg): Runge-Kutta of order 4."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel


@inline
def _slope(y, concentration, rate, slope, base, feedback, out):
    """Rates of change of proliferating cells, three stages of maturing ones, and those in blood."""
    spared = max(1.0 - slope * concentration, 0.0)
    made = rate * y[0] * spared * (base / max(y[4], 1e-12 * base)) ** feedback
    out[0] = made - rate * y[0]
    for j in range(1, 5):
        out[j] = rate * (y[j - 1] - y[j])


@kernel
def neutrophils(y, drive, step, rate, slope, base, feedback, level):
    """Advance patients [0, P) over all steps.

    Args:
        y: (P, 5) cells by stage, the last in blood; changed.
        drive: (P, N, 3) concentration at the start, middle and end of every step.
        step: days.
        rate, slope, base, feedback: (P,), see `effects.neutropenia`.
        level: (P, N + 1) in blood; changed.
    """
    patients, count = drive.shape[0], drive.shape[1]
    k1, k2, k3, k4, at = np.empty(5), np.empty(5), np.empty(5), np.empty(5), np.empty(5)
    for p in range(patients):
        level[p, 0] = y[p, 4]
        for n in range(count):
            _slope(y[p], drive[p, n, 0], rate[p], slope[p], base[p], feedback[p], k1)
            for j in range(5):
                at[j] = y[p, j] + 0.5 * step * k1[j]
            _slope(at, drive[p, n, 1], rate[p], slope[p], base[p], feedback[p], k2)
            for j in range(5):
                at[j] = y[p, j] + 0.5 * step * k2[j]
            _slope(at, drive[p, n, 1], rate[p], slope[p], base[p], feedback[p], k3)
            for j in range(5):
                at[j] = y[p, j] + step * k3[j]
            _slope(at, drive[p, n, 2], rate[p], slope[p], base[p], feedback[p], k4)
            for j in range(5):
                y[p, j] = max(y[p, j] + step / 6.0 * (k1[j] + 2.0 * (k2[j] + k3[j]) + k4[j]), 0.0)
            level[p, n + 1] = y[p, 4]
