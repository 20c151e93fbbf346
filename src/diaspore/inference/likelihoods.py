"""Likelihoods of aggregated data and their deviances.

Deviance is twice the log-likelihood of the saturated model minus that of the model, so it is summed over bins with the
patients as weights; constants cancel. All functions take probabilities of shape (..., n) and sum over the last axis
unless their name ends in ``_by_bin``.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln, xlogy

FLOOR = 1e-12  # a probability of exactly 0 from a finite bank would forbid what it only did not show


def binomial_log_likelihood(p: np.ndarray, events: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Binomial log-likelihood without its constant, summed over the last axis."""
    p = np.clip(p, FLOOR, 1.0 - FLOOR)
    return np.sum(xlogy(events, p) + xlogy(trials - events, 1.0 - p), axis=-1)


def binomial_deviance_by_bin(p: np.ndarray, events: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Binomial deviance of each bin, same shape as ``p``; never negative."""
    p = np.clip(p, FLOOR, 1.0 - FLOOR)
    share = events / trials
    found: np.ndarray = 2.0 * (xlogy(events, share / p) + xlogy(trials - events, (1.0 - share) / (1.0 - p)))
    return np.maximum(found, 0.0)


def binomial_deviance(p: np.ndarray, events: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Binomial deviance summed over the last axis."""
    return np.sum(binomial_deviance_by_bin(p, events, trials), axis=-1)


def beta_binomial_log_likelihood(
    p: np.ndarray, events: np.ndarray, trials: np.ndarray, correlation: np.ndarray | float
) -> np.ndarray:
    """Beta-binomial log-likelihood with intra-bin ``correlation`` in (0, 1): variance n p (1-p) (1 + (n-1) rho)."""
    p = np.clip(p, FLOOR, 1.0 - FLOOR)
    total = 1.0 / np.asarray(correlation) - 1.0
    a, b = p * total, (1.0 - p) * total
    choose = gammaln(trials + 1) - gammaln(events + 1) - gammaln(trials - events + 1)
    return np.sum(choose + betaln(events + a, trials - events + b) - betaln(a, b), axis=-1)


def multinomial_log_likelihood(p: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Multinomial log-likelihood without its constant; ``p`` is normalised over the last axis."""
    p = np.clip(p, FLOOR, None)
    return np.sum(xlogy(counts, p / np.sum(p, axis=-1, keepdims=True)), axis=-1)


def kaplan_meier_effective(survival: np.ndarray, standard_error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Effective (events, trials) of points of a Kaplan-Meier curve.

    A point with Greenwood's standard error s is worth n = S (1 - S) / s^2 patients (Cutler and Ederer's effective
    sample size); points of one curve are not independent, so fit interval-wise conditional shares where they are given.
    """
    survival = np.asarray(survival, dtype=float)
    trials = survival * (1.0 - survival) / np.asarray(standard_error, dtype=float) ** 2
    return (1.0 - survival) * trials, trials


def kaplan_meier_log_likelihood(
    model_survival: np.ndarray, survival: np.ndarray, standard_error: np.ndarray
) -> np.ndarray:
    """Binomial log-likelihood of curve points at their effective numbers of patients."""
    events, trials = kaplan_meier_effective(survival, standard_error)
    return binomial_log_likelihood(1.0 - model_survival, events, trials)


def constant_null(events: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """The constant share that fits best, in each bin."""
    return np.full(len(trials), float(np.sum(events) / np.sum(trials)))


def logistic_null(x: np.ndarray, events: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Maximum-likelihood logistic curve in ``x``: (shares by bin, (intercept, slope)); Newton's method."""
    design = np.column_stack([np.ones_like(x), x])
    share = float(np.sum(events) / np.sum(trials))
    beta = np.array([np.log(share / (1.0 - share)), 0.0])
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-(design @ beta)))
        weight = trials * p * (1.0 - p)
        step = np.linalg.solve(design.T @ (weight[:, None] * design), design.T @ (events - trials * p))
        beta = beta + step
        if np.max(np.abs(step)) < 1e-12:
            break
    return 1.0 / (1.0 + np.exp(-(design @ beta))), (float(beta[0]), float(beta[1]))
