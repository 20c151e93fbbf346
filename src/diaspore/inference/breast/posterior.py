"""The posterior over a quadratic surrogate of the engine: residuals, optimum, and points to simulate around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.inference.breast import outcome as outcomes
from diaspore.inference.breast.targets import targets
from diaspore.inference.breast.variants import Variant
from diaspore.inference.surrogate import Quadratic, quadratic

LIMIT = 3.5
"""Prior standard scores beyond it are not looked at."""


@dataclass(frozen=True)
class Posterior:
    """A surrogate with the data: deviance residuals, log-likelihood and optimum."""

    variant: Variant
    seen: outcomes.Counts
    surrogate: Quadratic

    def residuals(self, scores: np.ndarray) -> np.ndarray:
        """(n, features), shrunk by the surrogate's own error."""
        logits = self.surrogate(scores)
        p = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
        # A logit's error counts as a binomial of 1 / (error**2 p (1-p)) patients.
        inflate = 1.0 + self.seen.number * p * (1.0 - p) * self.surrogate.error**2
        found: np.ndarray = outcomes.residuals(self.seen, logits) / np.sqrt(inflate)
        return found

    def log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        """(n,) at free values (n, p); nothing is believed beyond `LIMIT` prior scores."""
        scores = self.variant.scores(theta)
        found = -0.5 * np.sum(self.residuals(scores) ** 2, axis=1)
        found[np.any(np.abs(scores) > LIMIT, axis=1)] = -np.inf
        return found

    def optimum(self, start: np.ndarray) -> np.ndarray:
        """(p,) prior scores of the largest posterior density with respect to them, from ``start`` (n, p)."""
        from scipy.optimize import least_squares

        def cost(x: np.ndarray) -> np.ndarray:
            return np.concatenate([self.residuals(x[None])[0], x])

        runs = [least_squares(cost, x, bounds=(-LIMIT, LIMIT)) for x in start]
        best: np.ndarray = min(runs, key=lambda r: float(r.cost)).x
        return best


@dataclass(frozen=True)
class Design:
    """Simulated points: prior scores (n, p), features (n, features), engine patients of each (n,)."""

    scores: np.ndarray
    features: np.ndarray
    patients: np.ndarray

    def with_points(self, scores: np.ndarray, features: np.ndarray, patients: int) -> Design:
        """With more points."""
        return Design(
            np.vstack([self.scores, scores]),
            np.vstack([self.features, features]),
            np.concatenate([self.patients, np.full(len(scores), float(patients))]),
        )

    def best(self, seen: outcomes.Counts, points: int) -> np.ndarray:
        """(points, p) scores of the points that met the data best by themselves, prior included."""
        cost = np.sum(outcomes.residuals(seen, self.features) ** 2, axis=1) + np.sum(self.scores**2, axis=1)
        found: np.ndarray = self.scores[np.argsort(cost, kind="stable")[:points]]
        return found

    def near(self, mean: np.ndarray, covariance: np.ndarray, points: int) -> Design:
        """The nearest points to a normal distribution's mean, by its own measure."""
        off = self.scores - mean
        far = np.einsum("ij,ij->i", off, np.linalg.solve(covariance, off.T).T)
        keep = np.argsort(far, kind="stable")[:points]
        return Design(self.scores[keep], self.features[keep], self.patients[keep])


def posterior(variant: Variant, design: Design) -> Posterior:
    """Posterior over the surrogate of a design."""
    surrogate = quadratic(design.scores, design.features, weight=design.patients)
    return Posterior(variant, outcomes.counts(targets()), surrogate)


def around(mean: np.ndarray, covariance: np.ndarray, wider: float, points: int, seed: int) -> np.ndarray:
    """(points, p) scores evenly spread over a normal distribution of ``wider`` times the standard deviation."""
    root = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(mean)))
    z = normal_scores(points, len(mean), seed)
    return np.clip(mean + wider * z @ root.T, -LIMIT, LIMIT)


def normal_scores(points: int, dimensions: int, seed: int) -> np.ndarray:
    """(points, dimensions) standard normal scores, evenly spread: the first of a scrambled Halton sequence."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    found: np.ndarray = ndtri(np.clip(qmc.Halton(dimensions, seed=seed).random(points), 1e-6, 1.0 - 1e-6))
    return found
