"""Hidden Markov model of lymphatic spread over the node levels of one or two sides.

Every level is healthy or involved. In one step a healthy level becomes involved with the probability
``1 - (1 - base) prod(1 - spread)`` over its involved parents; it never heals. All 2**n states of a side are
enumerated, so every probability is exact. The number of steps before diagnosis is random (binomial by default). For
two sides the time is shared, and a tumour off the midline may cross it in each step, after which the other side's
base probabilities rise.

Probabilities have no unit; a step has no fixed length in days. State index: bit i is level i of ``levels``.
Sources: ludwig2021 (one side), ludwig2025 (two sides, midline extension).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Finding = Mapping[str, bool]


def binomial_time_prior(max_steps: int, probability: float) -> Array:
    """Probability of a diagnosis after 0..max_steps steps, binomial; shape (max_steps + 1,)."""
    from scipy.stats import binom

    return np.asarray(binom.pmf(np.arange(max_steps + 1), max_steps, probability), dtype=float)


def _check_probability(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, got {value}")


@dataclass(frozen=True)
class Modality:
    """How well an examination sees an involved level: sensitivity and specificity (0..1)."""

    sensitivity: float
    specificity: float

    def __post_init__(self) -> None:
        _check_probability("sensitivity", self.sensitivity)
        _check_probability("specificity", self.specificity)


@dataclass(frozen=True)
class LymphProgression:
    """One side of the neck (or any acyclic graph of node levels).

    levels: names. base: level -> probability per step that the tumour reaches it directly (missing: 0). spread:
    (parent, child) -> probability per step of onward spread; an edge must lead from an earlier to a later level of
    ``levels``.
    """

    levels: tuple[str, ...]
    base: Mapping[str, float]
    spread: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.levels)) != len(self.levels) or not 1 <= len(self.levels) <= 12:
            raise ValueError("between 1 and 12 different levels are needed")
        for name, value in self.base.items():
            self._index(name)
            _check_probability(f"base probability of level {name}", value)
        for (parent, child), value in self.spread.items():
            if self._index(parent) >= self._index(child):
                raise ValueError(f"spread must lead to a later level: {parent} -> {child}")
            _check_probability(f"spread {parent} -> {child}", value)

    def _index(self, level: str) -> int:
        try:
            return self.levels.index(level)
        except ValueError:
            raise ValueError(f"unknown level {level!r}; known: {', '.join(self.levels)}") from None

    @property
    def states(self) -> NDArray[np.bool_]:
        """All states; row s, column i: level i is involved. Shape (2**n, n)."""
        n = len(self.levels)
        return ((np.arange(2**n)[:, None] >> np.arange(n)[None, :]) & 1).astype(bool)

    def step_probabilities(self) -> Array:
        """Probability that each level becomes involved in one step from each state (1 if it is already).

        Shape (2**n, n).
        """
        states = self.states
        stay = np.tile([1.0 - self.base.get(name, 0.0) for name in self.levels], (states.shape[0], 1))
        for (parent, child), value in self.spread.items():
            stay[:, self._index(child)] *= np.where(states[:, self._index(parent)], 1.0 - value, 1.0)
        return np.where(states, 1.0, 1.0 - stay)

    def transition_matrix(self) -> Array:
        """Row-stochastic matrix of one step. Shape (2**n, 2**n)."""
        p = self.step_probabilities()
        target = self.states
        out = np.ones((p.shape[0], p.shape[0]))
        for i in range(len(self.levels)):
            out *= np.where(target[None, :, i], p[:, i, None], 1.0 - p[:, i, None])
        return out

    def evolve(self, steps: int) -> Array:
        """State probabilities after 0..steps steps from a healthy side. Shape (steps + 1, 2**n)."""
        a = self.transition_matrix()
        out = np.zeros((steps + 1, a.shape[0]))
        out[0, 0] = 1.0
        for t in range(steps):
            out[t + 1] = out[t] @ a
        return out

    def state_distribution(self, time_prior: ArrayLike) -> Array:
        """State probabilities at diagnosis; ``time_prior[t]`` is the probability of t steps. Shape (2**n,)."""
        prior = np.asarray(time_prior, dtype=float)
        return prior @ self.evolve(prior.size - 1)

    def marginal(self, distribution: ArrayLike) -> dict[str, float]:
        """Probability of involvement by level under a (possibly unnormalised) distribution over the states."""
        p = np.asarray(distribution, dtype=float)
        values = p @ self.states / p.sum()
        return dict(zip(self.levels, map(float, values), strict=True))

    def prevalence(self, time_prior: ArrayLike) -> dict[str, float]:
        """Probability of involvement by level at diagnosis."""
        return self.marginal(self.state_distribution(time_prior))

    def likelihood(self, finding: Finding, modality: Modality) -> Array:
        """P(finding | state) for all states; levels missing in ``finding`` were not examined. Shape (2**n,)."""
        states = self.states
        out = np.ones(states.shape[0])
        for name, positive in finding.items():
            seen = np.where(states[:, self._index(name)], modality.sensitivity, 1.0 - modality.specificity)
            out *= seen if positive else 1.0 - seen
        return out

    def posterior(self, time_prior: ArrayLike, finding: Finding, modality: Modality) -> Array:
        """State probabilities given a clinical finding. Raises ValueError if the finding is impossible.

        Shape (2**n,).
        """
        p = self.state_distribution(time_prior) * self.likelihood(finding, modality)
        if p.sum() <= 0.0:
            raise ValueError("the finding is impossible under this model")
        return np.asarray(p / p.sum())

    def risk(self, time_prior: ArrayLike, finding: Finding, modality: Modality) -> dict[str, float]:
        """Probability of true involvement by level given a clinical finding."""
        return self.marginal(self.posterior(time_prior, finding, modality))


@dataclass(frozen=True)
class BilateralProgression:
    """Both sides of the neck with a tumour that may cross the midline.

    ipsi, contra: the sides of a lateral tumour. crossing: probability per step to reach over the midline. mixing:
    after crossing, a contralateral base probability becomes ``mixing * ipsi + (1 - mixing) * contra``. Given the
    number of steps (and the midline's state) the sides are independent.
    """

    ipsi: LymphProgression
    contra: LymphProgression
    crossing: float
    mixing: float

    def __post_init__(self) -> None:
        _check_probability("crossing", self.crossing)
        _check_probability("mixing", self.mixing)
        if self.ipsi.levels != self.contra.levels:
            raise ValueError("both sides need the same levels")

    @property
    def contra_extended(self) -> LymphProgression:
        """The contralateral side once the tumour has crossed the midline."""
        m = self.mixing
        base = {k: m * self.ipsi.base.get(k, 0.0) + (1 - m) * self.contra.base.get(k, 0.0) for k in self.contra.levels}
        return LymphProgression(self.contra.levels, base, self.contra.spread)

    def evolve_contra(self, steps: int) -> tuple[Array, Array]:
        """Joint probabilities (not crossed and state, crossed and state) after 0..steps steps.

        Each has shape (steps + 1, 2**n).
        """
        lateral, extended = self.contra.transition_matrix(), self.contra_extended.transition_matrix()
        e = self.crossing
        f = np.zeros((steps + 1, lateral.shape[0]))
        x = np.zeros_like(f)
        f[0, 0] = 1.0
        for t in range(steps):
            f[t + 1] = (1 - e) * f[t] @ lateral
            x[t + 1] = (e * f[t] + x[t]) @ extended
        return f, x

    def joint(self, time_prior: ArrayLike, midline: bool | None = None) -> Array:
        """Joint probability of both sides' states (ipsilateral, contralateral) at diagnosis. Shape (2**n, 2**n).

        midline: whether the tumour crosses the midline at diagnosis (None: unknown). Not normalised: the sum is the
        probability of that midline state.
        """
        prior = np.asarray(time_prior, dtype=float)
        f, x = self.evolve_contra(prior.size - 1)
        contra = f + x if midline is None else (x if midline else f)
        return np.einsum("t,ti,tj->ij", prior, self.ipsi.evolve(prior.size - 1), contra)

    def prevalence(
        self, time_prior: ArrayLike, midline: bool | None = None
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Probability of involvement by level, (ipsilateral, contralateral), given the midline's state."""
        joint = self.joint(time_prior, midline)
        return self.ipsi.marginal(joint.sum(axis=1)), self.contra.marginal(joint.sum(axis=0))

    def posterior(
        self, time_prior: ArrayLike, ipsi: Finding, contra: Finding, modality: Modality, midline: bool | None = None
    ) -> Array:
        """Normalised joint state probabilities given findings on both sides. Shape (2**n, 2**n)."""
        joint = self.joint(time_prior, midline)
        joint *= self.ipsi.likelihood(ipsi, modality)[:, None] * self.contra.likelihood(contra, modality)[None, :]
        if joint.sum() <= 0.0:
            raise ValueError("the findings are impossible under this model")
        return np.asarray(joint / joint.sum())

    def risk(
        self, time_prior: ArrayLike, ipsi: Finding, contra: Finding, modality: Modality, midline: bool | None = None
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Probability of true involvement by level, (ipsilateral, contralateral), given findings on both sides."""
        joint = self.posterior(time_prior, ipsi, contra, modality, midline)
        return self.ipsi.marginal(joint.sum(axis=1)), self.contra.marginal(joint.sum(axis=0))


def oropharynx_bilateral(
    percent: Mapping[str, float], levels: Sequence[str] = ("I", "II", "III", "IV", "V", "VII")
) -> BilateralProgression:
    """Bilateral model from a table of percentages.

    Keys: ``ipsi_T_to_LEVEL``, ``contra_T_to_LEVEL``, ``A_to_B`` (spread on both sides),
    ``midline_extension_prob_per_step``, ``mixing_alpha`` (ludwig2025, posterior means).
    """
    spread: dict[tuple[str, str], float] = {}
    for i, parent in enumerate(levels):
        for child in levels[i + 1 :]:
            if f"{parent}_to_{child}" in percent:
                spread[parent, child] = percent[f"{parent}_to_{child}"] / 100.0
    sides = [
        LymphProgression(tuple(levels), {k: percent[f"{side}_T_to_{k}"] / 100.0 for k in levels}, spread)
        for side in ("ipsi", "contra")
    ]
    return BilateralProgression(
        sides[0], sides[1], percent["midline_extension_prob_per_step"] / 100.0, percent["mixing_alpha"] / 100.0
    )
