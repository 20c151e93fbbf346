"""Many copies of one network, advanced in time: cells of a tissue, or trajectories of an ensemble.

Groups of 64 copies are turned so that a word holds one node of all 64; the rules are then evaluated for WIDTH groups at
once, and turned back into the list of flips that each copy may make. Copies that are done make room for others.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import child_id, minus_log_block, uniform2_block
from diaspore.networks.kernels.bits import chosen_bit, count_bits, first_bit
from diaspore.networks.kernels.program import WIDTH, evaluate, turned_in, turned_out, words_of

CONTINUOUS, DISCRETE, ASYNCHRONOUS = 0, 1, 2
"""Time to the next flip: exponential; one tick; the number of nodes drawn until one of them can flip."""

SCALE = 4294967296.0  # a whole window in the fixed point of the tallies
_WHOLE = 4294967296
REFILL = 48
"""With so few copies of 64 still on their way, a group takes in new ones."""

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
    seed, process, turn, law, begin, end, tick, node_tally, code_tally, code_bit,
):  # fmt: skip
    """Advance packed states in place from ``begin`` to ``end``; returns the number of flips.

    Args:
        program: the rules.
        states: uint64 ``[words, copies]``.
        variant: whole numbers ``[copies]``, which row of the next three each copy uses; -1 for one that stands still.
        entity: uint64 ``[copies]``, identity of each for its random numbers.
        up, down: rates of the rows, float64 ``[variants, rows]``.
        allowed: uint64 ``[variants, row words]``, rows that exist.
        equal: every rate is 1.
        drive_of: int64 ``[rows]``, which column of ``drive_up``, ``drive_down`` (float32 ``[drives, copies]``) holds
            the rates of a row; -1 where ``up`` and ``down`` do.
        seed, process: of the random numbers; the event is the number of the flip.
        turn: 0, or the number of the call where copies are advanced again and again under one identity.
        law: how time passes between flips.
        begin, end: in the unit of the rates.
        tick: width of a window; with the law DISCRETE also the time step.
        node_tally: int64 ``[windows + 1, nodes]``: added to when a node is on; without rows, nothing is counted.
        code_tally: int64 ``[windows + 1, codes]``: the same for combinations of nodes.
        code_bit: int64 ``[nodes]``, what a node adds to the code; 0 for most.
    """
    copies, node_count, row_count = states.shape[1], program.nodes, program.row_literal.shape[0]
    words, row_words, row_node = states.shape[0], words_of(row_count), program.row_node
    slots = np.zeros((node_count + 1 + program.gate_a.shape[0], WIDTH), dtype=np.uint64)
    rows = np.zeros((row_count, WIDTH), dtype=np.uint64)
    square = np.empty(64, dtype=np.uint64)
    flips = np.zeros((row_words, 64), dtype=np.uint64)
    mask = np.zeros((WIDTH, row_words, 64), dtype=np.uint64)
    active = np.zeros(WIDTH, dtype=np.uint64)
    copy_of = np.full((WIDTH, 64), -1, dtype=np.int64)
    waiting = np.ones(WIDTH, dtype=np.bool_)  # whether a group holds copies that were not written back, or may get some
    time, code = np.zeros((WIDTH, 64)), np.zeros((WIDTH, 64), dtype=np.int64)
    event, who = np.zeros((WIDTH, 64), dtype=np.uint64), np.zeros((WIDTH, 64), dtype=np.uint64)
    counters = np.zeros((4, 64), dtype=np.uint64)
    wait, choice, place = np.zeros(64), np.zeros(64), np.zeros(64)
    number, total = np.zeros(64, dtype=np.int64), np.zeros(64)
    tallying, driven = node_tally.shape[0] > 0, drive_up.shape[0] > 0
    following, total_flips = 0, 0
    while True:
        working = False
        for w in range(WIDTH):
            count = count_bits(active[w])
            while (count == 0 and waiting[w]) or (count <= REFILL and following < copies):
                # Finished copies leave, others take their places.
                start = following
                for k in range(words):
                    turned_in(slots, 1 + 64 * k, node_count - 64 * k, w, square)
                    coming = start
                    for i in range(64):
                        if (active[w] >> np.uint64(i)) & _ONE:
                            continue
                        copy = copy_of[w, i]
                        if copy >= 0:
                            states[k, copy] = square[i]
                        while coming < copies and variant[coming] < 0:
                            coming += 1
                        if coming < copies:
                            square[i] = states[k, coming]
                            coming += 1
                    turned_out(slots, 1 + 64 * k, node_count - 64 * k, w, square)
                came = np.uint64(0)
                for i in range(64):
                    if (active[w] >> np.uint64(i)) & _ONE:
                        continue
                    while following < copies and variant[following] < 0:
                        following += 1
                    copy_of[w, i] = following if following < copies else -1
                    if following < copies:
                        who[w, i] = entity[following] if turn == 0 else child_id(entity[following], turn)
                        time[w, i], event[w, i], code[w, i] = begin, 0, 0
                        for k in range(row_words):
                            mask[w, k, i] = allowed[variant[following], k]
                        came |= _ONE << np.uint64(i)
                        following += 1
                active[w] |= came
                count = count_bits(active[w])
                waiting[w] = count > 0
                if tallying:
                    for node in range(node_count):
                        here = slots[1 + node, w] & came
                        if begin == 0.0:
                            node_tally[0, node] += _WHOLE * count_bits(here)
                        if code_bit[node] != 0:
                            while here != 0:
                                code[w, first_bit(here)] ^= code_bit[node]
                                here &= here - _ONE
                    while begin == 0.0 and came != 0:
                        code_tally[0, code[w, first_bit(came)]] += _WHOLE
                        came &= came - _ONE
            working |= active[w] != 0
        if not working:
            return total_flips
        evaluate(program, slots, rows)
        for w in range(WIDTH):
            if active[w] == 0:
                continue
            # First what is the same work for all 64, in loops that the processor does several at a time.
            number[:] = 0
            any_flip = np.uint64(0)
            for k in range(row_words):
                turned_in(rows, 64 * k, row_count - 64 * k, w, square)
                for i in range(64):
                    flips[k, i] = square[i] & mask[w, k, i]
                    any_flip |= flips[k, i]
                    number[i] += count_bits(flips[k, i])
            if any_flip == 0:  # all are at rest
                active[w] = 0
                continue
            if equal:
                for i in range(64):
                    total[i] = number[i]
            else:
                _sum_rates(
                    active[w], w, copy_of, variant, flips, slots, row_node, up, down, driven, drive_of, drive_up,
                    drive_down, total,
                )  # fmt: skip
            uniform2_block(seed, who[w], process, event[w], counters, wait, choice)
            minus_log_block(wait)
            if law == CONTINUOUS:
                for i in range(64):
                    time[w, i] += wait[i] / total[i]
            elif law == DISCRETE:
                for i in range(64):
                    time[w, i] = begin + tick * np.float64(event[w, i] + _ONE)  # a sum of ticks would drift
            else:
                for i in range(64):
                    drawn = 0
                    for k in range(row_words):
                        drawn += count_bits(mask[w, k, i])
                    missed = 0.0
                    if 0 < number[i] < drawn:
                        missed = math.floor(-wait[i] / math.log1p(-number[i] / drawn))
                    time[w, i] += 1.0 + missed
            going = np.uint64(0)
            for i in range(64):
                going |= np.uint64(total[i] > 0.0 and time[w, i] < end) << np.uint64(i)
                event[w, i] += _ONE
                place[i] = time[w, i] / tick
            active[w] &= going
            if equal or law == ASYNCHRONOUS:
                for i in range(64):
                    number[i] = min(int(choice[i] * number[i]), number[i] - 1)
            ahead = active[w]
            total_flips += count_bits(ahead)
            while ahead != 0:
                i = first_bit(ahead)
                ahead &= ahead - _ONE
                if equal or law == ASYNCHRONOUS:
                    left, k = number[i], 0
                    while row_words > 1:
                        here = count_bits(flips[k, i])
                        if left < here:
                            break
                        left -= here
                        k += 1
                    row = 64 * k + chosen_bit(flips[k, i], left)
                else:
                    row = _row_by_rate(
                        choice[i] * total[i], i, w, copy_of[w, i], variant, flips, slots, row_node, up, down, driven,
                        drive_of, drive_up, drive_down,
                    )  # fmt: skip
                node = row_node[row]
                slots[1 + node, w] ^= _ONE << np.uint64(i)
                if tallying:
                    _tally(node_tally, node, place[i], 1 if (slots[1 + node, w] >> np.uint64(i)) & _ONE else -1)
                    if code_bit[node] != 0:
                        _tally(code_tally, code[w, i], place[i], -1)
                        code[w, i] ^= code_bit[node]
                        _tally(code_tally, code[w, i], place[i], 1)


@inline
def _rate(row, i, w, copy, kind, slots, row_node, up, down, driven, drive_of, drive_up, drive_down):
    """Rate of a row of one copy."""
    on = (slots[1 + row_node[row], w] >> np.uint64(i)) & _ONE
    if driven and drive_of[row] >= 0:
        return np.float64(drive_down[drive_of[row], copy] if on else drive_up[drive_of[row], copy])
    return down[kind, row] if on else up[kind, row]


@inline
def _sum_rates(
    active, w, copy_of, variant, flips, slots, row_node, up, down, driven, drive_of, drive_up, drive_down, total
):
    """Sum of the rates of the enabled rows of each copy of a group that is on its way."""
    while active != 0:
        i = first_bit(active)
        active &= active - _ONE
        copy, reached = copy_of[w, i], 0.0
        kind = variant[copy]
        for k in range(flips.shape[0]):
            word = flips[k, i]
            while word != 0:
                row = 64 * k + first_bit(word)
                word &= word - _ONE
                reached += _rate(
                    row, i, w, copy, kind, slots, row_node, up, down, driven, drive_of, drive_up, drive_down
                )
        total[i] = reached


@inline
def _row_by_rate(
    wanted, i, w, copy, variant, flips, slots, row_node, up, down, driven, drive_of, drive_up, drive_down
):  # fmt: skip
    """The row at which the running sum of the rates passes ``wanted``."""
    kind, reached, chosen = variant[copy], 0.0, -1
    for k in range(flips.shape[0]):
        word = flips[k, i]
        while word != 0 and reached <= wanted:
            row = 64 * k + first_bit(word)
            word &= word - _ONE
            rate = _rate(row, i, w, copy, kind, slots, row_node, up, down, driven, drive_of, drive_up, drive_down)
            if rate > 0.0:
                chosen = row
                reached += rate
    return chosen
