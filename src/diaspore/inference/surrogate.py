"""A quadratic surrogate of simulated features: least squares over design points, with its error beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quadratic:
    """Full quadratic in standardised parameters, one for each output.

    Attributes:
        centre, scale: (p,) of the design.
        coefficients: (terms, outputs).
        error: (outputs,) root mean square error at points left out of the regression, one at a time.
        points: how many design points there were.
    """

    centre: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    error: np.ndarray
    points: int

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(n, outputs) at ``x`` (n, p)."""
        found: np.ndarray = _terms((x - self.centre) / self.scale) @ self.coefficients
        return found


def _terms(z: np.ndarray) -> np.ndarray:
    p = z.shape[1]
    i, j = np.triu_indices(p)
    return np.hstack([np.ones((len(z), 1)), z, z[:, i] * z[:, j]])


def terms(dimensions: int) -> int:
    """Coefficients of a full quadratic."""
    return 1 + dimensions + dimensions * (dimensions + 1) // 2


def quadratic(x: np.ndarray, y: np.ndarray, ridge: float = 1e-3, weight: np.ndarray | None = None) -> Quadratic:
    """Fit to design points.

    Args:
        x: (n, p) parameters.
        y: (n, outputs).
        weight: (n,) of the points, for example patients simulated there; the error is weighted alike.
        ridge: weak pull of all but the constant towards 0, in design points; it only matters where points are few.

    Raises:
        ValueError: fewer points than coefficients.
    """
    n, p = x.shape
    if n < terms(p):
        raise ValueError(f"{n} points cannot determine {terms(p)} coefficients")
    centre, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-12)
    a = _terms((x - centre) / scale)
    penalty = np.full(a.shape[1], ridge * n / 100.0)
    penalty[0] = 0.0
    w = np.ones(n) if weight is None else weight / weight.mean()
    weighted = a.T * w
    normal = weighted @ a + np.diag(penalty)
    coefficients = np.linalg.solve(normal, weighted @ y)
    leverage = np.einsum("ij,ji->i", a, np.linalg.solve(normal, weighted))
    left_out = (y - a @ coefficients) / np.maximum(1.0 - leverage, 1e-3)[:, None]
    return Quadratic(centre, scale, coefficients, np.sqrt(w @ left_out**2 / n), n)
