"""Ensemble smoother with multiple data assimilation: finds where a posterior lies with few simulations.

The parameters are on a scale where the prior is standard normal, and the residuals of the data have unit variance. An
ensemble drawn from the prior is moved ``steps`` times by the regression of parameters on residuals, each time against
residuals whose error is enlarged by ``steps`` (emerick2013). For a linear model the result is the posterior; for others
it is a region to look at closer.
"""

from __future__ import annotations

import numpy as np

LIMIT = 3.5
"""Standard scores beyond it are not looked at."""


def start(members: int, dimensions: int, seed: int) -> np.ndarray:
    """(members, dimensions) standard normal scores, evenly spread (scrambled Sobol points)."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Sobol(dimensions, seed=seed).random(members)
    return np.clip(ndtri(np.clip(points, 1e-6, 1.0 - 1e-6)), -LIMIT, LIMIT)


def update(scores: np.ndarray, residuals: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """One of ``steps`` moves of the ensemble.

    Args:
        scores: (members, parameters).
        residuals: (members, data) of unit variance, observed minus predicted.
    """
    u = scores - scores.mean(axis=0)
    # Residuals far out have lost their linear meaning and would throw members about.
    r = np.clip(residuals, -20.0, 20.0)
    d = r - r.mean(axis=0)
    members = len(scores)
    cross, own = u.T @ d / (members - 1), d.T @ d / (members - 1)
    noise = np.sqrt(steps) * rng.standard_normal(r.shape)
    gain = np.linalg.solve(own + steps * np.eye(own.shape[0]), (noise - r).T)
    moved: np.ndarray = np.clip(scores + (cross @ gain).T, -LIMIT, LIMIT)
    return moved
