"""A network as arrays: the circuit of its rules, and the flips that they allow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.networks.kernels.bits import gate, transpose

WIDTH = 8
"""Words evaluated together, 512 states; `bits.gate` is made for this number."""

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
    # Reading an array out of a tuple counts references each time: once is enough.
    first, gate_a, gate_b = program.nodes + 1, program.gate_a, program.gate_b
    row_literal, row_kind, row_node = program.row_literal, program.row_kind, program.row_node
    for g in range(gate_a.shape[0]):
        gate(slots, first + g, gate_a[g], gate_b[g])
    for r in range(row_literal.shape[0]):
        literal, kind, state = row_literal[r], row_kind[r], 1 + row_node[r]
        turn, here = _ALL * np.uint64(literal & 1), literal >> 1
        if kind in (TOGGLE, AGAINST):
            if kind == AGAINST:
                turn ^= _ALL
            for w in range(WIDTH):
                rows[r, w] = slots[here, w] ^ turn ^ slots[state, w]
        elif kind == UP:
            for w in range(WIDTH):
                rows[r, w] = (slots[here, w] ^ turn) & ~slots[state, w]
        elif kind == DOWN:
            for w in range(WIDTH):
                rows[r, w] = (slots[here, w] ^ turn) & slots[state, w]
        else:
            for w in range(WIDTH):
                rows[r, w] = _ALL


@inline
def words_of(count):
    """Words that hold so many bits."""
    return (count + 63) >> 6


@inline
def turned_in(slots, first, count, w, square):
    """Bring 64 rows of word ``w`` from ``first`` on (absent ones are 0) into ``square``, a word for each state."""
    for i in range(64):
        square[i] = slots[first + i, w] if i < count else np.uint64(0)
    transpose(square)


@inline
def turned_out(slots, first, count, w, square):
    """The way back of `turned_in`."""
    transpose(square)
    for i in range(min(64, count)):
        slots[first + i, w] = square[i]


@kernel
def enabled_rows(program, states):
    """The rows that are enabled in each of the packed states ``[words, states]``: uint64 ``[row words, states]``."""
    count, row_count, words = states.shape[1], program.row_literal.shape[0], states.shape[0]
    slots = np.zeros((program.nodes + 1 + program.gate_a.shape[0], WIDTH), dtype=np.uint64)
    rows = np.zeros((row_count, WIDTH), dtype=np.uint64)
    square = np.empty(64, dtype=np.uint64)
    out = np.zeros((words_of(row_count), count), dtype=np.uint64)
    for start in range(0, count, 64 * WIDTH):
        for w in range(WIDTH):
            here = min(64, count - start - 64 * w)
            for k in range(words):
                for i in range(64):
                    square[i] = states[k, start + 64 * w + i] if i < here else np.uint64(0)
                turned_out(slots, 1 + 64 * k, program.nodes - 64 * k, w, square)
        evaluate(program, slots, rows)
        for w in range(WIDTH):
            here = min(64, count - start - 64 * w)
            for k in range(out.shape[0]):
                turned_in(rows, 64 * k, row_count - 64 * k, w, square)
                for i in range(here):
                    out[k, start + 64 * w + i] = square[i]
    return out
