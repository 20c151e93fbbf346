"""Multilevel splitting: chances too small to be met by plain runs.

A rare event is the last of a row of levels that lie on the way to it. Walkers that reach a level are copied, in place
of those that do not, and go on to the next; the product of the shares that reach each level is the estimate. Levels
and the number of walkers are fixed beforehand, copies are as many of each as of any other on average, and so the
estimate is unbiased at any number of walkers (`lagnoux2006`, `brehier2015`).

Walkers come in groups that know nothing of each other. The estimate is the mean over groups, and its interval rests on
how they differ: that holds also where the share that passes a level depends on how the walkers came there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
from scipy.stats import beta, t

from diaspore.core.errors import InputError
from diaspore.core.rng import child_id, child_id_column, uniform

S_COPY = 2002
GROUPS = 20
PILOT = 1 << 40
"""Number of the first group of a pilot, so that it shares no draws with what follows."""

States = TypeVar("States")


class Model(Protocol[States]):
    """What is split: walkers whose randomness derives from their identity (uint64) and nothing else."""

    def start(self, identities: np.ndarray) -> States:
        """Walkers at the start, one of each identity."""

    def copies(self, states: States, rows: np.ndarray, identities: np.ndarray) -> States:
        """Copies of the walkers ``rows``, which go on with the randomness of ``identities``."""

    def advance(self, states: States, level: float) -> tuple[np.ndarray, float]:
        """Let each go on until it reaches ``level`` for the first time, or can no longer: which do, and the work."""


@dataclass(frozen=True)
class Estimate:
    """The chance of an event.

    Attributes:
        probability: the estimate.
        low, high: of its interval.
        levels: on the way; the last is the event.
        shares: of walkers that reached each level, of those that set out for it.
        groups: estimates of the single groups.
        work: done in all, in units of the model.
    """

    probability: float
    low: float
    high: float
    levels: tuple[float, ...]
    shares: tuple[float, ...]
    groups: np.ndarray
    work: float


def split(
    model: Model[States], levels: Sequence[float], *, walkers: int = 1000, seed: int = 1, groups: int = GROUPS,
    confidence: float = 0.95,
) -> Estimate:  # fmt: skip
    """Estimate the chance of reaching the last of ``levels``.

    Args:
        model: what walks.
        levels: rising; each is reached by a fair share of those that reached the one before, best by a tenth to a half.
        walkers: in all, shared out among ``groups``.
        seed: the same seed gives the same bits.
        groups: that are independent of each other; their differences make the interval.
        confidence: of the interval.

    Raises:
        InputError: levels that do not rise, too few walkers or groups.
    """
    return _split(model, _checked(levels), walkers, seed, groups, confidence, 0)


def plain(
    model: Model[States], level: float, *, runs: int, seed: int = 1, confidence: float = 0.95, batch: int = 1000
) -> Estimate:
    """The same by plain runs, with the exact binomial interval; ``batch`` of them are in memory at once."""
    if runs < 1:
        raise InputError(f"must be at least 1, got {runs!r}", field="runs")
    if batch < 1:
        raise InputError(f"must be at least 1, got {batch!r}", field="batch")
    done, work = [], 0.0
    root = np.uint64(child_id(np.uint64(seed), 0))
    for first in range(0, runs, batch):
        numbers = np.arange(first, min(first + batch, runs), dtype=np.int64)
        reached, more = model.advance(model.start(child_id_column(root, numbers)), level)
        done.append(reached)
        work += more
    reached = np.concatenate(done)
    low, high = _binomial(int(reached.sum()), runs, confidence)
    share = float(reached.mean())
    return Estimate(share, low, high, (float(level),), (share,), reached.astype(float), work)


def choose_levels(
    model: Model[States], candidates: Sequence[float], *, share: float = 0.2, walkers: int = 200, seed: int = 1
) -> tuple[float, ...]:
    """Levels among ``candidates`` that about a ``share`` of walkers pass, from a small pilot through all of them.

    The pilot has draws of its own, so an estimate with these levels and the same seed is unbiased too. The last
    candidate is always a level; where the pilot dies out all that follow are.
    """
    if not 0.0 < share < 1.0:
        raise InputError(f"must be more than 0 and less than 1, got {share!r}", field="share")
    levels = _checked(candidates)
    pilot = _split(model, levels, walkers, seed, 1, 0.95, PILOT)
    chosen, left = [], 1.0
    for n, (level, passed) in enumerate(zip(levels, pilot.shares, strict=True)):
        left *= passed
        after = left * (pilot.shares[n + 1] if n + 1 < len(levels) else 0.0)
        if after == 0.0 or abs(math.log(left / share)) <= abs(math.log(after / share)):  # the next is no nearer
            chosen.append(level)
            left = 1.0
    return tuple(chosen)


def _checked(levels: Sequence[float]) -> tuple[float, ...]:
    found = tuple(float(level) for level in levels)
    if not found:
        raise InputError("are missing", field="levels", allowed="at least one")
    if not all(math.isfinite(level) for level in found) or any(b <= a for a, b in pairwise(found)):
        raise InputError("must be finite and rise", field="levels")
    return found


def _split(
    model: Model[States], levels: tuple[float, ...], walkers: int, seed: int, groups: int, confidence: float, first: int
) -> Estimate:
    if groups < (1 if first else 2):
        raise InputError(f"must be at least 2, got {groups!r}", field="groups")
    if walkers < 2 * groups:
        raise InputError(f"must be at least twice the groups, got {walkers!r}", field="walkers")
    if not 0.0 < confidence < 1.0:
        raise InputError(f"must be more than 0 and less than 1, got {confidence!r}", field="confidence")
    size = np.full(groups, walkers // groups) + (np.arange(groups) < walkers % groups)
    names = child_id_column(np.uint64(seed), first + 1 + np.arange(groups, dtype=np.int64))
    value, alive, work = np.ones(groups), np.arange(groups), 0.0
    passed, shares, tried = np.zeros(0, dtype=bool), np.zeros(len(levels)), np.zeros(len(levels))
    states = model.start(_identities(names, size, alive, 0))
    for n, level in enumerate(levels):
        passed, more = model.advance(states, level)
        work += more
        ends = np.cumsum(size[alive])
        successes = [np.flatnonzero(part) for part in np.split(passed, ends[:-1])]
        found = np.array([len(one) for one in successes])
        tried[n], shares[n] = len(passed), passed.mean()
        value[alive] *= found / size[alive]
        rows = [
            start + _chosen(np.uint64(names[g]), one, int(size[g]), n)
            for g, start, one in zip(alive, ends - size[alive], successes, strict=True) if len(one)
        ]  # fmt: skip
        alive = alive[found > 0]
        if not len(alive):
            value[:] = 0.0
            break
        if n + 1 < len(levels):
            states = model.copies(states, np.concatenate(rows), _identities(names, size, alive, n + 1))
    # Groups may differ by one walker; each is unbiased, so any weights will do.
    probability = float(np.average(value, weights=size))
    low, high = _interval(value, probability, shares, tried, confidence)
    return Estimate(probability, low, high, levels, tuple(float(share) for share in shares), value, work)


def _identities(names: np.ndarray, size: np.ndarray, alive: np.ndarray, stage: int) -> np.ndarray:
    """Names of all walkers of the groups ``alive`` in a stage."""
    found = []
    for g in alive:
        parent = np.uint64(child_id(np.uint64(names[g]), stage))
        found.append(child_id_column(parent, np.arange(size[g], dtype=np.int64)))
    return np.concatenate(found)


def _chosen(name: np.uint64, successes: np.ndarray, size: int, stage: int) -> np.ndarray:
    """``size`` of those that passed, each as often as any other on average and to within one (systematic)."""
    shift = uniform(np.uint64(0), name, S_COPY, stage)
    places = ((np.arange(size) + shift) * (len(successes) / size)).astype(np.int64)
    return successes[np.minimum(places, len(successes) - 1)]


def _interval(
    value: np.ndarray, probability: float, shares: np.ndarray, tried: np.ndarray, confidence: float
) -> tuple[float, float]:
    """Log-normal from the spread of the groups; exact at a level that nobody, or at which everybody, passed.

    Only those that set out first know nothing of each other, so where none arrived the bound is theirs.
    """
    if probability == 0.0:
        return 0.0, _binomial(0, int(tried[0]), confidence)[1]
    if np.all(shares == 1.0):
        return _binomial(int(tried.min()), int(tried.min()), confidence)[0], 1.0
    if len(value) < 2:
        return 0.0, 1.0
    error = float(np.std(value, ddof=1)) / math.sqrt(len(value)) / probability
    factor = math.exp(float(t.ppf(0.5 + 0.5 * confidence, len(value) - 1)) * error)
    return probability / factor, min(probability * factor, 1.0)


def _binomial(successes: int, runs: int, confidence: float) -> tuple[float, float]:
    """Exact interval of Clopper and Pearson."""
    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, runs - successes + 1))
    return low, 1.0 if successes == runs else float(beta.ppf(1.0 - tail, successes + 1, runs - successes))
