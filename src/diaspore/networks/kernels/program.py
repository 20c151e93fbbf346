"""A network as arrays: the circuit of its rules, and the flips that they allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.networks.kernels.bits import transpose

WIDTH = 8
"""Words evaluated together: 512 states."""

TOGGLE, UP, DOWN, AGAINST, ALWAYS = 0, 1, 2, 3, 4
"""When a row allows its node to flip: it differs from its rule; it is off (on) and a condition holds; it agrees with
its rule; ever."""

_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


class Program(NamedTuple):
    """Slots 0 (false), 1 … n (nodes), then one per gate; a literal is ``2 * slot + complement``.

    A *row* is a reason for one node to flip, with a rate upwards and one downwards; the rates are not part of this.
    """

    nodes: int
    gate_a: np.ndarray  # [gates] literals
    gate_b: np.ndarray
    row_literal: np.ndarray  # [rows] rule or condition
    row_node: np.ndarray  # [rows] 0 … n - 1
    row_kind: np.ndarray  # [rows]


@inline
def evaluate(program, slots, rows):
    """Fill the gates of ``slots`` and ``rows``, uint64 ``[…, WIDTH]``, from the states of the nodes in ``slots``."""
    first = program.nodes + 1
    for g in range(program.gate_a.shape[0]):
        a, b = program.gate_a[g], program.gate_b[g]
        turn_a, turn_b = _ALL * np.uint64(a & 1), _ALL * np.uint64(b & 1)
        here, there, out = slots[a >> 1], slots[b >> 1], slots[first + g]
        for w in range(WIDTH):
            out[w] = (here[w] ^ turn_a) & (there[w] ^ turn_b)
    for r in range(program.row_literal.shape[0]):
        literal, kind = program.row_literal[r], program.row_kind[r]
        turn = _ALL * np.uint64(literal & 1)
        here, state, out = slots[literal >> 1], slots[1 + program.row_node[r]], rows[r]
        if kind in (TOGGLE, AGAINST):
            if kind == AGAINST:
                turn ^= _ALL
            for w in range(WIDTH):
                out[w] = here[w] ^ turn ^ state[w]
        elif kind == UP:
            for w in range(WIDTH):
                out[w] = (here[w] ^ turn) & ~state[w]
        elif kind == DOWN:
            for w in range(WIDTH):
                out[w] = (here[w] ^ turn) & state[w]
        else:
            for w in range(WIDTH):
                out[w] = _ALL


@inline
def words_of(count):
    """Words that hold so many bits."""
    return (count + 63) >> 6


@inline
def load_states(states, first, slots, w, square):
    """Bring the packed states ``[words, cells]`` of 64 cells from ``first`` on into word ``w`` of the nodes' slots."""
    from_here = min(64, states.shape[1] - first)
    nodes = slots.shape[0]
    for k in range(states.shape[0]):
        for i in range(64):
            square[i] = states[k, first + i] if i < from_here else np.uint64(0)
        transpose(square)
        for i in range(min(64, nodes - 64 * k)):
            slots[64 * k + i, w] = square[i]


@inline
def store_states(states, first, slots, w, square):
    """The way back of `load_states`."""
    to_here = min(64, states.shape[1] - first)
    nodes = slots.shape[0]
    for k in range(states.shape[0]):
        for i in range(64):
            square[i] = slots[64 * k + i, w] if 64 * k + i < nodes else np.uint64(0)
        transpose(square)
        for i in range(to_here):
            states[k, first + i] = square[i]


@kernel
def enabled_rows(program, states):
    """The rows that are enabled in each of the packed states ``[words, states]``: uint64 ``[row words, states]``."""
    count, rows_count = states.shape[1], program.row_literal.shape[0]
    slots = np.zeros((program.nodes + 1 + program.gate_a.shape[0], WIDTH), dtype=np.uint64)
    rows = np.zeros((rows_count, WIDTH), dtype=np.uint64)
    nodes = slots[1 : 1 + program.nodes]
    square = np.empty(64, dtype=np.uint64)
    out = np.zeros((words_of(rows_count), count), dtype=np.uint64)
    for start in range(0, count, 64 * WIDTH):
        for w in range(WIDTH):
            if start + 64 * w < count:
                load_states(states, start + 64 * w, nodes, w, square)
        evaluate(program, slots, rows)
        for w in range(WIDTH):
            if start + 64 * w < count:
                store_states(out, start + 64 * w, rows, w, square)
    return out
