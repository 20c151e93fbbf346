"""Reactions among substances, such as the break-down of matrix by proteases and their inhibition.

Within a step of phenotypes each reaction is solved exactly in every voxel, one after the other (Lie splitting, first
order in the step; two substances that react with each other lose the same but for rounding). Substances in balance do
not change here: what reactions take from and give to them enters their balance, with the other levels as they are at
its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diaspore.tissue.kernels.reactions import react, turnover
from diaspore.tissue.spec_reaction import ReactionSpec
from diaspore.tissue.spec_substance import SubstanceSpec


class Reaction(NamedTuple):
    """A reaction by numbers; see `kernels.reactions.react`."""

    takes: np.ndarray
    ratios: np.ndarray
    by: np.ndarray
    makes: np.ndarray
    yields: np.ndarray
    rate: float
    half: float


def compile_reactions(
    specs: Sequence[ReactionSpec], known: dict[str, SubstanceSpec], order: Sequence[str]
) -> tuple[Reaction, ...]:
    """Reactions by numbers; ``order`` are the names of substances by number."""
    made = []
    for i, spec in enumerate(specs):
        rate, half = spec.constants(f"reactions[{i}]", known)
        made.append(
            Reaction(
                _numbers(spec.takes, order, 2), _amounts(spec.takes, 2), _numbers(spec.by, order, 2),
                _numbers(spec.makes, order, 4), _amounts(spec.makes, 4), rate, half,
            )
        )  # fmt: skip
    return tuple(made)


def _numbers(names: Sequence[str] | dict[str, float], order: Sequence[str], room: int) -> np.ndarray:
    found = np.full(room, -1, dtype=np.int64)
    found[: len(names)] = [order.index(name) for name in names]
    return found


def _amounts(given: dict[str, float], room: int) -> np.ndarray:
    found = np.ones(room)
    found[: len(given)] = list(given.values())
    return found


def advance_reactions(reactions: Sequence[Reaction], u: np.ndarray, moves: np.ndarray, step: float) -> None:
    """All reactions of a step, in place; ``u`` ``[S, voxels]``, ``moves`` ``[S]``: which substances change."""
    for r in reactions:
        react(u, moves, r.takes, r.ratios, r.by, r.makes, r.yields, r.rate, r.half, step)


def balance_reactions(
    reactions: Sequence[Reaction], u: np.ndarray, s: int, sink: np.ndarray, source: np.ndarray
) -> None:
    """Add what reactions take from and give to substance ``s``, which is in balance; arrays ``[voxels]``."""
    extent = np.empty(len(sink))
    for r in reactions:
        if s not in r.takes and s not in r.makes:
            continue
        turnover(u, r.takes, r.ratios, r.by, r.rate, r.half, s, sink, extent)
        for n in np.flatnonzero(r.makes == s):
            source += r.yields[n] * extent
