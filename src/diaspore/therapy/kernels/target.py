"""A drug and the target that it binds, in balance with each other (quasi-steady state): Runge-Kutta of order 4."""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import inline, kernel


@inline
def free(total, target, half):
    """Free drug where it and its target deplete each other; without loss of digits where nearly all is bound."""
    b = total - target - half
    root = math.sqrt(b * b + 4.0 * half * total)
    return 0.5 * (b + root) if b >= 0.0 else 2.0 * half * total / (root - b)


@inline
def _slope(y, q, out):
    """Rates of change of depot (amount), total drug in blood, drug elsewhere (amount), total target.

    ``q`` is (clearance, volume, exchange, other volume, absorption, target at rest, its loss, loss of the complex,
    half-binding).
    """
    drug = free(max(y[1], 0.0), y[3], q[8])
    bound = max(y[1], 0.0) - drug
    moved = q[2] * (drug - y[2] / q[3])
    out[0] = -q[4] * y[0]
    out[1] = (q[4] * y[0] - q[0] * drug - moved) / q[1] - q[7] * bound
    out[2] = moved
    out[3] = q[6] * (q[5] - (y[3] - bound)) - q[7] * bound


@kernel
def bind(y, constants, blood, depot, step, parts, level, share):
    """Advance patients [0, P) over all steps.

    Args:
        y: (P, 4) depot, total drug in blood, drug elsewhere, total target; changed.
        constants: (P, 9), see `_slope`.
        blood, depot: (P, N) what comes into the blood (concentration) and the depot (amount) as a step begins.
        step: days. parts: into how many parts each is cut.
        level, share: (P, N + 1) free drug and share of the target that is bound, before the doses of that moment;
            changed.
    """
    patients, count = blood.shape
    h = step / parts
    k1, k2, k3, k4, at = np.empty(4), np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    for p in range(patients):
        q = constants[p]
        for n in range(count + 1):
            drug = free(max(y[p, 1], 0.0), y[p, 3], q[8])
            level[p, n] = drug
            share[p, n] = (max(y[p, 1], 0.0) - drug) / y[p, 3] if y[p, 3] > 0.0 else 0.0
            if n == count:
                break
            y[p, 1] += blood[p, n]
            y[p, 0] += depot[p, n]
            for _ in range(parts):
                _slope(y[p], q, k1)
                for j in range(4):
                    at[j] = y[p, j] + 0.5 * h * k1[j]
                _slope(at, q, k2)
                for j in range(4):
                    at[j] = y[p, j] + 0.5 * h * k2[j]
                _slope(at, q, k3)
                for j in range(4):
                    at[j] = y[p, j] + h * k3[j]
                _slope(at, q, k4)
                for j in range(4):
                    y[p, j] = max(y[p, j] + h / 6.0 * (k1[j] + 2.0 * (k2[j] + k3[j]) + k4[j]), 0.0)
