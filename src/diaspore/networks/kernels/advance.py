"""Many copies of one network, advanced in time: cells of a tissue, or trajectories of an ensemble.

Groups of 64 copies are turned so that a word holds one node of all 64; the rules are then evaluated for WIDTH groups at
once, and turned back into the list of flips that each copy may make. A group whose copies are all done makes room for
the next.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import uniform2
from diaspore.networks.kernels.bits import count_bits, first_bit, transpose
from diaspore.networks.kernels.program import WIDTH, evaluate, load_states, store_states, words_of

CONTINUOUS, DISCRETE, ASYNCHRONOUS = 0, 1, 2
"""Time to the next flip: exponential; one tick; the number of nodes drawn until one of them can flip."""

SCALE = 4294967296.0  # a whole window in the fixed point of the tallies
_WHOLE = 4294967296
_ONE = np.uint64(1)


@inline
def _tally(tally, column, time, sign):
    """Count ``column`` (or stop counting it) from ``time``, in windows, on; the running sum of the rows is the time."""
    k = min(int(time), tally.shape[0] - 2)
    part = int((k + 1 - time) * SCALE)
    tally[k, column] += sign * part
    tally[k + 1, column] += sign * (_WHOLE - part)


@kernel
def advance(
    program, states, variant, entity, up, down, allowed, equal, drive_of, drive_up, drive_down,
    seed, process, law, begin, end, tick, node_tally, code_tally, code_bit,
):  # fmt: skip
    """Advance packed states in place from ``begin`` to ``end``; returns the number of flips.

    Args:
        program: the rules.
        states: uint64 ``[words, copies]``.
        variant: int32 ``[copies]``, which row of the next three each copy uses; -1 for one that stands still.
        entity: uint64 ``[copies]``, identity of each for its random numbers.
        up, down: rates of the rows, float64 ``[variants, rows]``.
        allowed: uint64 ``[variants, row words]``, rows that exist.
        equal: every rate is 1.
        drive_of: int64 ``[rows]``, which column of ``drive_up``, ``drive_down`` (float32 ``[drives, copies]``) holds
            the rates of a row; -1 where ``up`` and ``down`` do.
        seed, process: of the random numbers; the event is the number of the flip.
        law: how time passes between flips.
        begin, end: in the unit of the rates.
        tick: width of a window; with the law DISCRETE also the time step.
        node_tally: int64 ``[windows + 1, nodes]``: added to when a node is on; without rows, nothing is counted.
        code_tally: int64 ``[windows + 1, codes]``: the same for combinations of nodes.
        code_bit: int64 ``[nodes]``, what a node adds to the code; 0 for most.
    """
    copies, node_count, row_count = states.shape[1], program.nodes, program.row_literal.shape[0]
    row_words = words_of(row_count)
    slots = np.zeros((node_count + 1 + program.gate_a.shape[0], WIDTH), dtype=np.uint64)
    nodes = slots[1 : 1 + node_count]
    rows = np.zeros((row_count, WIDTH), dtype=np.uint64)
    square = np.empty(64, dtype=np.uint64)
    flips = np.zeros((row_words, 64), dtype=np.uint64)
    active = np.zeros(WIDTH, dtype=np.uint64)
    first = np.zeros(WIDTH, dtype=np.int64)
    time = np.zeros((WIDTH, 64))
    event = np.zeros((WIDTH, 64), dtype=np.int64)
    code = np.zeros((WIDTH, 64), dtype=np.int64)
    tallying = node_tally.shape[0] > 0
    driven = drive_up.shape[0] > 0
    following = 0
    total_flips = 0
    for w in range(WIDTH):
        first[w] = -1
    while True:
        working = False
        for w in range(WIDTH):
            while active[w] == 0:
                if first[w] >= 0:
                    store_states(states, first[w], nodes, w, square)
                    first[w] = -1
                if following >= copies:
                    break
                first[w] = following
                load_states(states, following, nodes, w, square)
                count = min(64, copies - following)
                following += 64
                for i in range(count):
                    if variant[first[w] + i] >= 0:
                        active[w] |= _ONE << np.uint64(i)
                    time[w, i] = begin
                    event[w, i] = 0
                    code[w, i] = 0
                if tallying:
                    for node in range(node_count):
                        here = nodes[node, w] & active[w]
                        while here != 0:
                            i = first_bit(here)
                            here &= here - _ONE
                            code[w, i] ^= code_bit[node]
                            if begin == 0.0:
                                node_tally[0, node] += _WHOLE
                    if begin == 0.0:
                        for i in range(count):
                            code_tally[0, code[w, i]] += _WHOLE
            working |= active[w] != 0
        if not working:
            return total_flips
        evaluate(program, slots, rows)
        for w in range(WIDTH):
            if active[w] == 0:
                continue
            for k in range(row_words):
                for i in range(64):
                    square[i] = rows[64 * k + i, w] if 64 * k + i < row_count else np.uint64(0)
                transpose(square)
                for i in range(64):
                    flips[k, i] = square[i]
            ahead = active[w]
            while ahead != 0:
                i = first_bit(ahead)
                ahead &= ahead - _ONE
                copy = first[w] + i
                kind = variant[copy]
                enabled, total = 0, 0.0
                for k in range(row_words):
                    word = flips[k, i] & allowed[kind, k]
                    flips[k, i] = word
                    enabled += count_bits(word)
                    if not equal:
                        while word != 0:
                            row = 64 * k + first_bit(word)
                            word &= word - _ONE
                            on = (nodes[program.row_node[row], w] >> np.uint64(i)) & _ONE
                            if driven and drive_of[row] >= 0:
                                total += drive_down[drive_of[row], copy] if on else drive_up[drive_of[row], copy]
                            else:
                                total += down[kind, row] if on else up[kind, row]
                if equal:
                    total = float(enabled)
                if total <= 0.0:
                    active[w] ^= _ONE << np.uint64(i)
                    continue
                u, choice = uniform2(seed, entity[copy], process, event[w, i])
                event[w, i] += 1
                if law == CONTINUOUS:
                    now = time[w, i] - math.log(u) / total
                elif law == DISCRETE:
                    now = time[w, i] + tick
                else:
                    missed, drawn = 0.0, 0
                    for k in range(row_words):
                        drawn += count_bits(allowed[kind, k])
                    if enabled < drawn:
                        missed = math.floor(math.log(u) / math.log1p(-enabled / drawn))
                    now = time[w, i] + 1.0 + missed
                time[w, i] = now
                if now >= end:
                    active[w] ^= _ONE << np.uint64(i)
                    continue
                row = -1
                if equal or law == ASYNCHRONOUS:
                    left = min(int(choice * enabled), enabled - 1)
                    for k in range(row_words):
                        word = flips[k, i]
                        here = count_bits(word)
                        if left < here:
                            for _ in range(left):
                                word &= word - _ONE
                            row = 64 * k + first_bit(word)
                            break
                        left -= here
                else:
                    wanted, reached = choice * total, 0.0
                    for k in range(row_words):
                        word = flips[k, i]
                        while word != 0 and reached <= wanted:
                            candidate = 64 * k + first_bit(word)
                            word &= word - _ONE
                            on = (nodes[program.row_node[candidate], w] >> np.uint64(i)) & _ONE
                            if driven and drive_of[candidate] >= 0:
                                rate = (
                                    drive_down[drive_of[candidate], copy] if on else drive_up[drive_of[candidate], copy]
                                )
                            else:
                                rate = down[kind, candidate] if on else up[kind, candidate]
                            if rate > 0.0:
                                row = candidate
                                reached += rate
                node = program.row_node[row]
                nodes[node, w] ^= _ONE << np.uint64(i)
                total_flips += 1
                if tallying:
                    sign = 1 if (nodes[node, w] >> np.uint64(i)) & _ONE else -1
                    place = now / tick
                    _tally(node_tally, node, place, sign)
                    if code_bit[node] != 0:
                        _tally(code_tally, code[w, i], place, -1)
                        code[w, i] ^= code_bit[node]
                        _tally(code_tally, code[w, i], place, 1)
