"""Checks of a posterior over the surrogate: simulation-based calibration, and which parameter moves which result."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.inference.breast import outcome as outcomes
from diaspore.inference.breast.posterior import Posterior
from diaspore.inference.calibration import calibrate
from diaspore.inference.priors import Prior
from diaspore.inference.sample import LogLikelihood, Plan
from diaspore.inference.sensitivity import sobol

SAMPLING = Plan(walkers=64, steps=600, block=600, burn=200, thin=10)
WIDER = 2.0
"""True values are drawn from a normal distribution of so many times the posterior's standard deviation."""
POINTS = 512
OUTPUTS = {
    "positive node at 21-30 mm": ("nodes 21_30: none positive",),
    "relapse in 5 years, 1-3 nodes": (
        "untreated_nodes.1_3: free from 0 to 2 years", "untreated_nodes.1_3: free from 2 to 5 years",
    ),
    "relapse in 10 years, no node": (
        "untreated_nodes.n0: free from 0 to 2 years", "untreated_nodes.n0: free from 2 to 5 years",
        "untreated_nodes.n0: free from 5 to 10 years",
    ),
    "metastasis at diagnosis, 25-50 mm": (),
}  # fmt: skip
"""Result -> the features whose product is the share without it."""


def _local_priors(target: Posterior, scores: np.ndarray) -> list[Prior]:
    return [
        Prior(name, "normal", float(scores[:, i].mean()), WIDER * float(scores[:, i].std()), "diaspore", "assumed")
        for i, name in enumerate(target.variant.free)
    ]


def calibration(target: Posterior, scores: np.ndarray, replications: int, seed: int) -> dict[str, Any]:
    """Ranks of true values among draws, for data simulated from the surrogate around the posterior draws ``scores``.

    It tests the likelihood and the sampling, not the surrogate, whose error is simulated as it is stated. Data that
    count half are simulated with half of the patients.
    """
    seen = target.seen
    number = np.maximum(np.round(seen.number * seen.weight), 1.0)
    used = np.where(seen.weight > 0.0, 1.0, 0.0)

    def simulate(truth: np.ndarray, rng: np.random.Generator) -> LogLikelihood:
        logits = target.surrogate(truth[None])[0] + target.surrogate.error * rng.standard_normal(len(number))
        share = rng.binomial(number.astype(int), 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))) / number
        simulated = Posterior(target.variant, outcomes.Counts(share, number, used, seen.kinds), target.surrogate)

        def log_likelihood(theta: np.ndarray) -> np.ndarray:
            found: np.ndarray = -0.5 * np.sum(simulated.residuals(theta) ** 2, axis=1)
            return found

        return log_likelihood

    found = calibrate(_local_priors(target, scores), simulate, replications, seed, SAMPLING)
    return {
        "replications": replications,
        "p_values": dict(zip(target.variant.free, found.p_values(5).tolist(), strict=True)),
        "coverage_90": dict(zip(target.variant.free, found.coverage(0.9).tolist(), strict=True)),
    }


def sensitivity(target: Posterior, scores: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Sobol indices of `OUTPUTS` under independent normal parameters with the posterior's means and deviations."""
    names = outcomes.feature_names()
    parts = [
        [names.index(part) for part in features] or [target.seen.kinds["spread"].start + 1]
        for features in OUTPUTS.values()
    ]
    flipped = [not features for features in OUTPUTS.values()]
    priors = [
        Prior(name, "normal", float(scores[:, i].mean()), float(scores[:, i].std()), "diaspore", "assumed")
        for i, name in enumerate(target.variant.free)
    ]

    def function(theta: np.ndarray) -> np.ndarray:
        p = 1.0 / (1.0 + np.exp(-np.clip(target.surrogate(theta), -30, 30)))
        columns = [
            100.0 * (p[:, part[0]] if flip else 1.0 - np.prod(p[:, part], axis=1))
            for part, flip in zip(parts, flipped, strict=True)
        ]
        return np.column_stack(columns)

    table = sobol(priors, function, list(OUTPUTS), seed, POINTS)
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
