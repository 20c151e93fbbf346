"""Between cells and the Boolean networks in them: signals to nodes, nodes to signals."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import kernel
from diaspore.core.rng import child_id
from diaspore.core.team import part_of

_ONE = np.uint64(1)


@kernel
def division_keys(identity, divisions):
    """What cells that have just divided draw with: another number after every division."""
    result = np.empty(identity.shape[0], dtype=np.uint64)
    for i in range(identity.shape[0]):
        result[i] = child_id(identity[i], divisions[i])
    return result


@kernel
def set_nodes(team, rank, members, count, variant, states, values, node, on, off, reversed_, fixed_on, fixed_off):
    """Switch input nodes by thresholds: on where a signal is at or above ``on``, off where it is below ``off``.

    Between the two a node keeps its state. What mutations fix stays fixed. Cells of the variant -1 are left alone.

    Args:
        count: cells; ``team``, ``rank``, ``members`` as in `core.team`.
        variant: ``[room]`` rows of ``fixed_on``, ``fixed_off``.
        states: uint64 ``[words, room]``.
        values: float64 ``[inputs, cells]``.
        node: int64 ``[inputs]``.
        on, off: float64 ``[inputs]`` levels.
        reversed_: bool ``[inputs]``: on where a signal is at or below ``on``, off where it is above ``off``.
        fixed_on, fixed_off: uint64 ``[variants, words]``.
    """
    i_from, i_to = part_of(count, rank, members)
    for i in range(i_from, i_to):
        if variant[i] < 0:
            continue
        for k in range(node.shape[0]):
            word, bit = node[k] >> 6, _ONE << np.uint64(node[k] & 63)
            x = values[k, i]
            if (x <= on[k]) if reversed_[k] else (x >= on[k]):
                states[word, i] |= bit
            elif (x > off[k]) if reversed_[k] else (x < off[k]):
                states[word, i] &= ~bit
        for word in range(states.shape[0]):
            states[word, i] = (states[word, i] | fixed_on[variant[i], word]) & ~fixed_off[variant[i], word]


@kernel
def read_nodes(team, rank, members, count, variant, states, node, share, out):
    """Signals from nodes: ``out[k] += share[k] (state - out[k])``; a share of 1 gives the state itself.

    Args:
        count: cells.
        variant: ``[room]``; cells of the variant -1 are left alone.
        states: uint64 ``[words, room]``.
        node: int64 ``[signals]``.
        share: float64 ``[signals]``.
        out: float32 ``[signals, room]``.
    """
    i_from, i_to = part_of(count, rank, members)
    for i in range(i_from, i_to):
        if variant[i] < 0:
            continue
        for k in range(node.shape[0]):
            state = np.float64((states[node[k] >> 6, i] >> np.uint64(node[k] & 63)) & _ONE)
            out[k, i] = np.float32(state) if share[k] == 1.0 else np.float32(out[k, i] + share[k] * (state - out[k, i]))
