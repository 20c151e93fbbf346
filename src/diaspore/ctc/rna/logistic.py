"""Multinomial logistic regression with a ridge penalty: probabilities of kinds of cells from evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from diaspore.core.errors import InputError

RIDGE = 1.0
"""Penalty on squared weights of standardised features, in units of one observation's log-likelihood."""

MARGIN = 0.5
"""Share of the range of a feature by which a cell may lie outside of it."""


@dataclass(frozen=True)
class Logistic:
    """A fitted model.

    Attributes:
        classes: names, in the order of the columns of probabilities.
        centre, spread: (features,) of the training set.
        weights: (features + 1, classes), the last row is the intercept.
        limits: (2, features) least and largest values of the training set.
    """

    classes: tuple[str, ...]
    centre: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    limits: np.ndarray

    def knows(self, features: np.ndarray) -> np.ndarray:
        """(cells,) whether features lie within the training set, or half its range beyond."""
        low, high = self.limits
        margin = MARGIN * (high - low)
        return np.asarray(((features >= low - margin) & (features <= high + margin)).all(axis=1))

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(cells, classes) for (cells, features)."""
        return np.asarray(softmax(_with_one((features - self.centre) / self.spread) @ self.weights, axis=1))


def fit_logistic(features: np.ndarray, labels: np.ndarray, ridge: float = RIDGE) -> Logistic:
    """Fit by penalised maximum likelihood.

    Args:
        features: (cells, features). labels: (cells,) names of classes. ridge: weight of the penalty.

    Raises:
        InputError: fewer than two classes, or features that are not finite.
    """
    classes, index = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    if len(classes) < 2:
        raise InputError(f"all cells are {str(classes[0])!r}", field="labels", allowed="at least two kinds of cells")
    if not np.isfinite(features).all():
        raise InputError("holds values that are not finite", field="features")
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    limits = np.array([features.min(axis=0), features.max(axis=0)])
    x = _with_one((features - centre) / spread)
    hot = np.eye(len(classes))[index]
    shape = (x.shape[1], len(classes))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        logits = log_softmax(x @ weights, axis=1)
        penalised = weights.copy()
        penalised[-1] = 0.0
        value = -(hot * logits).sum() + 0.5 * ridge * (penalised**2).sum()
        return float(value), (x.T @ (np.exp(logits) - hot) + ridge * penalised).ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return Logistic(tuple(map(str, classes)), centre, spread, found.x.reshape(shape), limits)


def _with_one(x: np.ndarray) -> np.ndarray:
    return np.column_stack([x, np.ones(len(x))])
