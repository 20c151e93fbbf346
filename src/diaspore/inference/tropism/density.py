"""Likelihood of the counts and the penalised density that is maximised and sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma

from diaspore.inference.tropism.emulator import share, slope
from diaspore.inference.tropism.table import Table
from diaspore.inference.tropism.terms import PRIORS, Term, base_columns, precisions

_EPS = 1e-9
_STEP = 1e-4
_MOST_STEPS = 60
_LEAST_CURVATURE = 1e-3
_CLOSE = 1e-9  # gain of a whole Newton step, twice the density that is still missing


def log_likelihood(
    theta: np.ndarray, spread: float, columns: np.ndarray, table: Table
) -> tuple[float, np.ndarray, float]:
    """Beta-binomial log likelihood (without constants), its gradient in ``theta`` and in ``spread`` (log odds).

    Args:
        theta: coefficients, the first one beta.
        spread: logit of the overdispersion rho; a and b of the beta are p (1 - rho) / rho and (1 - p) (1 - rho) / rho.
        columns: (primaries, sites, k).
        table: counts.
    """
    counts, has = table.counts, table.has_organ * table.counts
    ln_u = np.clip(np.where(counts, np.einsum("psk,k->ps", columns, theta), -25.0), -25.0, 12.0)
    rate = np.exp(ln_u)
    total = (rate * has).sum(axis=1, keepdims=True)
    whole, whole_slope = share(np.log(total)), slope(np.log(total))
    p_raw = share(ln_u) / whole
    p = np.clip(p_raw, _EPS, 1.0 - 1e-6)
    size = np.exp(-spread)
    a, b = p * size, (1.0 - p) * size
    k, n = table.found, table.of
    value = float(np.where(counts, betaln(k + a, n - k + b) - betaln(a, b), 0.0).sum())
    joint = digamma(n + size) - digamma(size)
    da = digamma(k + a) - digamma(a) - joint
    db = digamma(n - k + b) - digamma(b) - joint
    dp = np.where(counts & (p_raw < 1.0 - 1e-6), size * (da - db), 0.0)
    d_ln_u = dp * slope(ln_u) / whole - has * rate / total * whole_slope / whole * (dp * p).sum(axis=1, keepdims=True)
    d_spread = -float(np.where(counts, a * da + b * db, 0.0).sum())
    return value, np.einsum("ps,psk->k", d_ln_u, columns), d_spread


@dataclass(frozen=True)
class Density:
    """Log-likelihood plus log-priors, without constants, of all coefficients and the logit of the overdispersion.

    Attributes:
        table: counts.
        columns: (primaries, sites, k).
        centre, precision: (k + 1,) of the normal priors; the last entry belongs to the logit, whose precision may be 0
            (flat within the bounds of its prior).
    """

    table: Table
    columns: np.ndarray
    centre: np.ndarray
    precision: np.ndarray

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Density and gradient at ``x`` (k + 1,); -inf where the logit is out of bounds."""
        bounds = PRIORS["overdispersion_logit"]
        if not bounds.low <= x[-1] <= bounds.high:
            return -np.inf, np.zeros(len(x))
        value, gradient, d_spread = log_likelihood(x[:-1], float(x[-1]), self.columns, self.table)
        away = x - self.centre
        pull = self.precision * away
        return value - 0.5 * float(pull @ away), np.append(gradient, d_spread) - pull

    def curvature(self, x: np.ndarray) -> np.ndarray:
        """(k + 1, k + 1) minus the second derivatives, by central differences of the gradient."""
        found = np.zeros((len(x), len(x)))
        for i in range(len(x)):
            step = np.zeros(len(x))
            step[i] = _STEP
            found[i] = -(self(x + step)[1] - self(x - step)[1]) / (2.0 * _STEP)
        return 0.5 * (found + found.T)

    def mode(self, start: np.ndarray) -> np.ndarray:
        """(k + 1,) where the density is largest, to 8 decimals: Newton's method with shortened steps.

        Far from the mode the density is not concave everywhere; there curvatures count by their size. Linear algebra
        may differ in the last bits with the number of threads; rounded, the mode does not, nor does what follows.
        """
        x = start
        value, gradient = self(x)
        for _ in range(_MOST_STEPS):
            size, vector = np.linalg.eigh(self.curvature(x))
            step = vector @ ((gradient @ vector) / np.maximum(np.abs(size), _LEAST_CURVATURE))
            step *= min(1.0, 1.0 / float(np.abs(step).max()))
            gain = float(gradient @ step)
            length = 1.0
            new_value, new_gradient = self(x + step)
            while not new_value > value + 1e-4 * length * gain and length > 1e-6:
                length *= 0.5
                new_value, new_gradient = self(x + length * step)
            if not new_value > value:
                break
            x = x + length * step
            value, gradient = new_value, new_gradient
            if gain < _CLOSE:
                break
        rounded: np.ndarray = np.round(x, 8)
        return rounded

    def root(self, mode: np.ndarray) -> np.ndarray:
        """(k + 1, k + 1) with ``root @ root.T`` the covariance of the normal approximation at the mode.

        Raises:
            ValueError: the density is not concave there.
        """
        lower = _cholesky(self.curvature(mode))
        inverse = np.zeros_like(lower)
        for i in range(len(lower)):  # L inverse, row by row
            inverse[i] = -np.einsum("j,jk->k", lower[i, :i], inverse[:i]) / lower[i, i]
            inverse[i, i] = 1.0 / lower[i, i]
        return inverse.T


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    """Lower factor of a positive definite matrix, with sums whose order does not depend on threads."""
    lower = np.zeros_like(matrix)
    for j in range(len(matrix)):
        rest = matrix[j:, j] - np.einsum("ik,k->i", lower[j:, :j], lower[j, :j])
        if not rest[0] > 0.0:
            raise ValueError("the density is not concave at its mode")
        lower[j:, j] = rest / np.sqrt(rest[0])
    return lower


def density_of(table: Table, terms: list[Term]) -> Density:
    """The penalised density of a table with given interactions and the priors of ``terms.PRIORS``."""
    columns = np.concatenate([base_columns(table), *(term.column(table)[:, :, None] for term in terms)], axis=2)
    centre = np.zeros(columns.shape[2] + 1)
    centre[0] = PRIORS["beta"].centre
    primaries, sites = table.counts.shape
    return Density(table, columns, centre, np.append(precisions(primaries, sites, len(terms)), 0.0))
