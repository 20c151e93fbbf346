"""Simulation-based calibration: when parameters come from the prior and data from the model, the rank of the true
parameter among posterior draws is uniform (Talts and others 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from diaspore.inference.priors import Prior, sample_priors
from diaspore.inference.sample import LogLikelihood, Plan, sample


@dataclass(frozen=True)
class Calibration:
    """Ranks of true parameters.

    Attributes:
        ranks: (replications, parameters), each from 0 to ``draws``.
        draws: posterior draws that a rank was taken among.
    """

    ranks: np.ndarray
    draws: int

    def p_values(self, bins: int = 10) -> np.ndarray:
        """(parameters,) chi-squared p-values against uniform ranks."""
        edges = np.linspace(-0.5, self.draws + 0.5, bins + 1)
        found = []
        for column in self.ranks.T:
            counts = np.histogram(column, edges)[0]
            expected = np.histogram(np.arange(self.draws + 1), edges)[0] / (self.draws + 1) * len(column)
            found.append(float(stats.chisquare(counts, expected).pvalue))
        return np.array(found)

    def coverage(self, level: float) -> np.ndarray:
        """(parameters,) share of replications whose true parameter lies in the central posterior interval."""
        tail = 0.5 * (1.0 - level) * self.draws
        found: np.ndarray = ((self.ranks >= tail) & (self.ranks <= self.draws - tail)).mean(axis=0)
        return found


def ranks_among(truth: np.ndarray, draws: np.ndarray, number: int) -> np.ndarray:
    """(parameters,) ranks of the ``truth`` (parameters,) among ``number`` evenly kept ``draws`` (m, parameters)."""
    kept = draws[np.linspace(0, len(draws) - 1, number).astype(int)]
    found: np.ndarray = np.sum(kept < truth, axis=0)
    return found


def calibrate(
    priors: Sequence[Prior],
    simulate: Callable[[np.ndarray, np.random.Generator], LogLikelihood],
    replications: int,
    seed: int,
    plan: Plan,
    draws: int = 99,
) -> Calibration:
    """Ranks of parameters drawn from the priors among posterior draws given data simulated from them.

    Args:
        simulate: (true parameters (p,), generator) -> log-likelihood of the simulated data.
        draws: posterior draws kept of each replication, evenly spread over the chain after burn-in.
    """
    rng = np.random.default_rng([seed, 3])
    truth = sample_priors(priors, rng, replications)
    ranks = np.empty((replications, len(priors)), dtype=np.int64)
    for r in range(replications):
        likelihood = simulate(truth[r], rng)
        # The chain starts at the truth, which is itself a draw of the posterior: nothing has to be found first.
        chain = sample(priors, likelihood, truth[r], seed + 1 + r, plan)
        ranks[r] = ranks_among(truth[r], chain.theta[plan.burn :].reshape(-1, len(priors)), draws)
    return Calibration(ranks, draws)
