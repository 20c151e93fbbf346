"""Where a fit may begin: founders in closed form instead of patients (``inference.founders``), a few points off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diaspore.inference.breast.outcome import (
    FIRST,
    Outcome,
    compile_file,
    counts,
    features,
    patient_file,
    recorded,
    residuals,
)
from diaspore.inference.breast.targets import GROUPS, METABRIC, ROTTERDAM, YEARS, targets
from diaspore.inference.breast.variants import Variant
from diaspore.inference.founders import expect

LIMIT = 3.0
"""Prior standard scores beyond it are not looked at."""
_FAR = 5.0  # residual from which on the cost grows with its logarithm
_NEAR = 0.15  # width of the kernel in ln diameter that stands for one of the registry's bins
_STEP = 0.1  # of central differences: thresholds make the cost piecewise smooth at the scale of single patients


def outcome(variant: Variant, theta: np.ndarray, points: int = 4096) -> Outcome:
    """What founders in closed form say of the data, for free values (p,)."""
    found = expect(compile_file(patient_file(variant, variant.named(theta)), 1), YEARS, FIRST, points)
    d, weight = found.diameter, found.groups * found.m0[:, None]
    nodes = np.array([weight[(d > low) & (d <= high)].sum(axis=0) for low, high in METABRIC.values()])
    free = np.zeros((len(ROTTERDAM), len(GROUPS), len(YEARS)))
    for i, (low, high) in enumerate(ROTTERDAM.values()):
        here = (d > low) & (d <= high)
        share = weight[here] / np.maximum(weight[here].sum(axis=0), 1e-30)
        free[i] = share.T @ found.free[here]
    spread, named = [], variant.named(theta)
    for sizes, patients in targets().diameters:
        kernel = np.exp(-0.5 * ((np.log(d)[None, :] - np.log(sizes)[:, None]) / _NEAR) ** 2)
        by_size = kernel @ (1.0 - found.m0) / kernel.sum(axis=1)
        spread.append(recorded(float(patients @ by_size / patients.sum()), named))
    return Outcome(nodes / nodes.sum(axis=1, keepdims=True), free, np.array(spread))


@dataclass(frozen=True)
class Located:
    """Prior scores (p,) of the least penalised deviance, and their covariance (p, p) by its curvature."""

    scores: np.ndarray
    covariance: np.ndarray


Shift = Callable[[np.ndarray], np.ndarray]
"""Prior scores (p,) -> what the engine's features are above those of the stand-in (features,)."""


def locate(variant: Variant, start: np.ndarray, shift: Shift | None = None, steps: int = 25) -> Located:
    """Where the stand-in, shifted, meets the data best: Gauss-Newton steps from ``start`` (p,)."""
    from scipy.optimize import least_squares

    data, seen = targets(), counts(targets())

    def cost(x: np.ndarray) -> np.ndarray:
        logits = features(data, outcome(variant, variant.values(x[None])[0]))
        if shift is not None:
            logits = logits + shift(x)
        return np.concatenate([_bounded(residuals(seen, logits)), x])

    def slopes(x: np.ndarray) -> np.ndarray:
        columns = []
        for i in range(len(x)):
            up, down = x.copy(), x.copy()
            up[i], down[i] = min(x[i] + _STEP, LIMIT), max(x[i] - _STEP, -LIMIT)
            columns.append((cost(up) - cost(down)) / (up[i] - down[i]))
        return np.array(columns).T

    inside = np.clip(start, -0.99 * LIMIT, 0.99 * LIMIT)
    found = least_squares(
        cost, inside, jac=slopes, bounds=(-LIMIT, LIMIT), max_nfev=steps, xtol=1e-3, ftol=1e-3
    )  # fmt: skip
    return Located(found.x, np.linalg.inv(found.jac.T @ found.jac))


def linear_shift(scores: np.ndarray, difference: np.ndarray) -> Shift:
    """Least squares of ``difference`` (n, features) between engine and stand-in at ``scores`` (n, p).

    Shifts are bounded: features of rare outcomes are noisy, and a line through them goes far beyond its points.
    """
    centre = scores.mean(axis=0)
    a = np.hstack([np.ones((len(scores), 1)), scores - centre])
    pull = np.diag([0.0, *([1.0] * scores.shape[1])])
    coefficients = np.linalg.solve(a.T @ a + pull, a.T @ difference)

    def shift(x: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.clip(np.concatenate([[1.0], x - centre]) @ coefficients, -2.0, 2.0)
        return found

    return shift


def _bounded(r: np.ndarray) -> np.ndarray:
    """Far residuals grow more slowly, so that a bad start does not look only at the worst datum."""
    size = np.maximum(np.abs(r), _FAR)
    found: np.ndarray = np.where(np.abs(r) < _FAR, r, np.sign(r) * _FAR * (1.0 + np.log(size / _FAR)))
    return found
