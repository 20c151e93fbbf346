"""Many copies of a network advanced in time, on several threads: what ensembles, screens and tissues have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.parallel import ordered_map
from diaspore.networks.boolean.compile import CompiledNetwork, Variants
from diaspore.networks.kernels.advance import ASYNCHRONOUS, CONTINUOUS, DISCRETE, advance

LAWS = {"continuous": CONTINUOUS, "discrete": DISCRETE, "asynchronous": ASYNCHRONOUS}
PART = 16_384
"""Copies below which one thread is enough."""


@dataclass(frozen=True)
class Draws:
    """Whose random numbers are used: those of a run, a process, and for copies that live on, a turn."""

    seed: int
    process: int
    turn: int = 0


@dataclass(frozen=True)
class Drives:
    """Rates of inputs that differ from copy to copy.

    Attributes:
        row_of: row of `up` and `down` for each row of the network, int64 ``[rows]``; -1 for none.
        up, down: float32 ``[drives, copies]``.
    """

    row_of: np.ndarray
    up: np.ndarray
    down: np.ndarray


@dataclass(frozen=True)
class Tallies:
    """What is counted on the way: see `kernels.advance.advance`."""

    nodes: np.ndarray
    codes: np.ndarray
    code_bit: np.ndarray


def advance_copies(
    network: CompiledNetwork, variants: Variants, states: np.ndarray, variant: np.ndarray, entity: np.ndarray,
    draws: Draws, begin: float, end: float, *, law: int = CONTINUOUS, tick: float = 1.0,
    drives: Drives | None = None, tallies: Tallies | None = None, threads: int = 1,
) -> int:  # fmt: skip
    """Advance packed states ``[words, copies]`` in place; returns the number of flips.

    The bits do not depend on `threads`; with `tallies` there is only one.

    Args:
        network, variants: rules and rates.
        states: uint64 ``[words, copies]``.
        variant: row of `variants` for each copy; -1 for one that stands still.
        entity: uint64 ``[copies]``, identities for the random numbers.
        draws: which random numbers.
        begin, end: in the unit of the rates.
        law: how time passes between flips.
        tick: width of a window; the time step of the law DISCRETE.
        drives: rates of single copies.
        tallies: what to count.
        threads: how many.
    """
    copies = states.shape[1]
    if drives is None:
        none = np.zeros((0, copies), dtype=np.float32)
        drives = Drives(np.full(len(network.up), -1, dtype=np.int64), none, none)
    if tallies is None:
        nothing = np.zeros((0, 1), dtype=np.int64)
        tallies = Tallies(nothing, nothing, np.zeros(len(network.names), dtype=np.int64))
    size = copies if tallies.nodes.shape[0] else max(PART, 64 * (-(-copies // (64 * threads))))

    def part(first: int) -> int:
        last = min(first + size, copies)
        some = np.ascontiguousarray(states[:, first:last])
        flips = advance(
            network.program, some, variant[first:last], entity[first:last], variants.up, variants.down,
            variants.allowed, variants.equal and len(drives.up) == 0, drives.row_of,
            np.ascontiguousarray(drives.up[:, first:last]), np.ascontiguousarray(drives.down[:, first:last]),
            np.uint64(draws.seed), draws.process, draws.turn, law, begin, end, tick, tallies.nodes, tallies.codes,
            tallies.code_bit,
        )  # fmt: skip
        if not np.shares_memory(some, states):
            states[:, first:last] = some
        return int(flips)

    return sum(ordered_map(part, range(0, copies, max(size, 1)), threads))
