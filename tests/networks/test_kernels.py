"""The compiled engine of Boolean networks against a plain twin, and the small kernels under it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from diaspore.core.jit import kernel
from diaspore.core.rng import minus_log_block, uniform2, uniform2_block
from diaspore.networks.boolean.compile import pack, unpack
from diaspore.networks.kernels.advance import ASYNCHRONOUS, CONTINUOUS, DISCRETE, SCALE, advance
from diaspore.networks.kernels.bits import transposed
from diaspore.networks.kernels.program import AGAINST, ALWAYS, DOWN, TOGGLE, UP, Program, enabled_rows


@dataclass(frozen=True)
class Case:
    """Arguments of `advance`."""

    program: Program
    bits: np.ndarray
    variant: np.ndarray
    entity: np.ndarray
    up: np.ndarray
    down: np.ndarray
    allowed: np.ndarray  # bool [variants, rows]
    equal: bool
    drive_of: np.ndarray
    drive_up: np.ndarray
    drive_down: np.ndarray
    law: int
    begin: float
    end: float
    tick: float
    code_bit: np.ndarray
    windows: int
    seed: int = 17
    process: int = 410


@kernel
def _logs(values):
    minus_log_block(values)


@kernel
def _draw(seed, entity, process, event):
    return uniform2(seed, entity, process, event)


@kernel
def _draw_block(seed, entities, process, events, first, second):
    words = np.zeros((4, entities.shape[0]), dtype=np.uint64)
    uniform2_block(seed, entities, process, events, words, first, second)


def minus_log(value: float) -> float:
    values = np.array([value])
    _logs(values)
    return float(values[0])


def enabled_twin(program: Program, bits: np.ndarray) -> list[bool]:
    """Which rows are enabled in one state."""
    slots = [False, *map(bool, bits)]
    for a, b in zip(program.gate_a.tolist(), program.gate_b.tolist(), strict=True):
        slots.append((slots[a >> 1] ^ bool(a & 1)) and (slots[b >> 1] ^ bool(b & 1)))
    found = []
    rows = zip(program.row_literal.tolist(), program.row_node.tolist(), program.row_kind.tolist(), strict=True)
    for literal, node, kind in rows:
        holds, on = slots[literal >> 1] ^ bool(literal & 1), bool(bits[node])
        found.append(
            {TOGGLE: holds != on, UP: holds and not on, DOWN: holds and on, AGAINST: holds == on, ALWAYS: True}[kind]
        )
    return found


def twin(case: Case) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    """Copy after copy, flip after flip: states, number of flips, tallies of nodes and codes."""
    bits, flips = case.bits.copy(), 0
    node_tally = np.zeros((case.windows + 1, bits.shape[1]), dtype=np.int64)
    code_tally = np.zeros((case.windows + 1, 1 << int(case.code_bit.astype(bool).sum())), dtype=np.int64)
    whole = int(SCALE)

    def count(table: np.ndarray, column: int, place: float, sign: int) -> None:
        k = min(int(place), case.windows - 1)
        part = int((k + 1 - place) * SCALE)
        table[k, column] += sign * part
        table[k + 1, column] += sign * (whole - part)

    for copy in range(len(bits)):
        kind = int(case.variant[copy])
        if kind < 0:
            continue
        state, now, event = bits[copy], case.begin, 0
        code = int(state @ case.code_bit)
        if case.begin == 0.0:
            node_tally[0] += whole * state.astype(np.int64)
            code_tally[0, code] += whole
        while True:
            enabled = np.flatnonzero(np.array(enabled_twin(case.program, state)) & case.allowed[kind])
            rates = []
            for row in enabled:
                on, drive = bool(state[case.program.row_node[row]]), int(case.drive_of[row])
                if drive >= 0:
                    rates.append(float((case.drive_down if on else case.drive_up)[drive, copy]))
                else:
                    rates.append(float((case.down if on else case.up)[kind, row]))
            total = 0.0
            for rate in rates:
                total += rate
            if total <= 0.0:
                break
            first, second = _draw(np.uint64(case.seed), case.entity[copy], case.process, np.uint64(event))
            event += 1
            wait = minus_log(first)
            if case.law == CONTINUOUS:
                now = now + wait / total
            elif case.law == DISCRETE:
                now = case.begin + case.tick * event
            else:
                drawn, missed = int(case.allowed[kind].sum()), 0.0
                if len(enabled) < drawn:
                    missed = math.floor(-wait / math.log1p(-len(enabled) / drawn))
                now = now + 1.0 + missed
            if now >= case.end:
                break
            if case.equal or case.law == ASYNCHRONOUS:
                row = enabled[min(int(second * len(enabled)), len(enabled) - 1)]
            else:
                reached, row = 0.0, -1
                for one, rate in zip(enabled, rates, strict=True):
                    if rate > 0.0 and reached <= second * total:
                        row, reached = one, reached + rate
            node = int(case.program.row_node[row])
            state[node] ^= 1
            flips += 1
            place = now / case.tick
            count(node_tally, node, place, 1 if state[node] else -1)
            if case.code_bit[node]:
                count(code_tally, code, place, -1)
                code ^= int(case.code_bit[node])
                count(code_tally, code, place, 1)
    return bits, flips, node_tally, code_tally


def compiled(case: Case, tallying: bool = True) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
    states = pack(case.bits)
    allowed = np.ascontiguousarray(pack(case.allowed).T)
    codes = 1 << int(case.code_bit.astype(bool).sum())
    windows = case.windows + 1 if tallying else 0
    node_tally = np.zeros((windows, case.bits.shape[1]), dtype=np.int64)
    code_tally = np.zeros((windows, codes), dtype=np.int64)
    flips = advance(
        case.program, states, case.variant, case.entity, case.up, case.down, allowed, case.equal, case.drive_of,
        case.drive_up, case.drive_down, np.uint64(case.seed), case.process, 0, case.law, case.begin, case.end,
        case.tick, node_tally, code_tally, case.code_bit,
    )  # fmt: skip
    return unpack(states, case.bits.shape[1]), flips, node_tally, code_tally


def random_program(rng: np.random.Generator, nodes: int, kinds: tuple[int, ...], gates: int | None = None) -> Program:
    gates = int(rng.integers(0, 3 * nodes)) if gates is None else gates
    gate_a, gate_b = (rng.integers(0, 2 * (1 + nodes + np.arange(gates))) for _ in range(2))
    node = rng.permutation(np.concatenate([np.arange(nodes), rng.integers(0, nodes, max(1, nodes // 3))]))
    literal = rng.integers(0, 2 * (1 + nodes + gates), len(node))
    kind = rng.choice(kinds, len(node))
    return Program(nodes, gate_a.astype(np.int64), gate_b.astype(np.int64), literal, node, kind.astype(np.int64))


ALL_KINDS = (TOGGLE, UP, DOWN, AGAINST, ALWAYS)


def random_case(
    seed: int, nodes: int, copies: int, law: int, *, equal: bool, kinds: tuple[int, ...] = ALL_KINDS, begin: float = 0.0
) -> Case:
    rng = np.random.default_rng(seed)
    program = random_program(rng, nodes, kinds)
    rows, variants = len(program.row_node), 3
    up, down = (rng.choice([0.0, 0.3, 1.0, 2.5], (variants, rows)) for _ in range(2))
    allowed = rng.random((variants, rows)) < 0.8
    drive_of = np.full(rows, -1, dtype=np.int64)
    drives = np.flatnonzero(program.row_kind == ALWAYS)[:2]
    if equal or law == ASYNCHRONOUS:
        up, down, drives = np.ones_like(up), np.ones_like(down), drives[:0]
    drive_of[drives] = np.arange(len(drives))
    drive = [rng.choice([0.0, 0.5, 1.7], (len(drives), copies)).astype(np.float32) for _ in range(2)]
    code_bit = np.zeros(nodes, dtype=np.int64)
    code_bit[rng.permutation(nodes)[:3]] = [1, 2, 4][: min(3, nodes)]
    return Case(
        program, rng.integers(0, 2, (copies, nodes)).astype(np.uint8),
        rng.integers(-1, variants, copies).astype(np.int32),
        rng.integers(0, 2**63, copies).astype(np.uint64), up, down, allowed, equal, drive_of, drive[0], drive[1],
        law, begin, begin + (6.0 if nodes < 60 else 1.5), 0.75, code_bit, math.ceil((begin + 6.0) / 0.75),
    )  # fmt: skip


def agree(case: Case) -> int:
    expected, got = twin(case), compiled(case)
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_array_equal(one, other)
    silent = compiled(case, tallying=False)
    np.testing.assert_array_equal(silent[0], expected[0])
    assert silent[1] == expected[1]
    return expected[1]


@pytest.mark.parametrize("law", [CONTINUOUS, DISCRETE, ASYNCHRONOUS])
@pytest.mark.parametrize("equal", [True, False])
def test_advance_is_its_twin(law: int, equal: bool) -> None:
    flips = 0
    for seed, (nodes, copies) in enumerate([(1, 1), (2, 5), (3, 64), (5, 63), (8, 65), (12, 130), (7, 200)]):
        flips += agree(random_case(seed + 100 * law, nodes, copies, law, equal=equal))
    assert flips > 300


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_of_row(kind: int) -> None:
    flips = sum(agree(random_case(seed, 6, 40, CONTINUOUS, equal=False, kinds=(kind,))) for seed in range(4))
    assert flips > 20


@pytest.mark.parametrize("nodes", [63, 64, 65, 128, 130])
@pytest.mark.parametrize("equal", [True, False])
def test_networks_of_several_words(nodes: int, equal: bool) -> None:
    assert agree(random_case(nodes, nodes, 70, CONTINUOUS, equal=equal, kinds=(TOGGLE, UP, DOWN))) > 100


def test_more_copies_than_fit_at_once() -> None:
    # 512 copies are on their way together; the others take the places of those that are done.
    case = random_case(4, 4, 700, CONTINUOUS, equal=True, kinds=(TOGGLE,))
    assert agree(case) > 100
    assert agree(replace(case, variant=np.where(np.arange(700) % 7 == 3, 0, -1).astype(np.int32))) > 0
    still = replace(case, variant=np.full(700, -1, dtype=np.int32))
    assert agree(still) == 0


def test_copies_that_stand_still_at_the_end_take_nothing_away() -> None:
    # Groups that are full ask for more copies when most of theirs are done, and find none.
    for seed in range(30):
        case = replace(random_case(seed, 5, 512, CONTINUOUS, equal=True, kinds=(TOGGLE,)), windows=8)
        alone = replace(case, variant=np.abs(case.variant), seed=seed)
        more = replace(
            alone, bits=np.concatenate([alone.bits, alone.bits[:70]]),
            variant=np.concatenate([alone.variant, np.full(70, -1, dtype=np.int32)]),
            entity=np.concatenate([alone.entity, alone.entity[:70]]),
            drive_up=np.zeros((0, 582), dtype=np.float32), drive_down=np.zeros((0, 582), dtype=np.float32),
        )  # fmt: skip
        few, many = compiled(alone), compiled(more)
        np.testing.assert_array_equal(many[0][:512], few[0])
        np.testing.assert_array_equal(many[0][512:], alone.bits[:70])
        assert many[1] == few[1]


def test_later_phases_continue() -> None:
    case = random_case(9, 6, 90, CONTINUOUS, equal=False, begin=3.0)
    assert agree(case) > 50


def test_stopping_and_going_on_keeps_the_tallies_whole() -> None:
    first = replace(random_case(2, 5, 66, CONTINUOUS, equal=True), end=2.6)
    bits, _, nodes, codes = compiled(first)
    second = replace(first, bits=bits, begin=2.6, end=6.0, process=411)
    last, _, more_nodes, more_codes = compiled(second)
    moving = first.variant >= 0
    # Counted from the second start on, the sums of all windows tell the states at the end.
    total = (nodes + more_nodes).sum(axis=0)
    np.testing.assert_array_equal(total, int(SCALE) * last[moving].sum(axis=0, dtype=np.int64))
    assert (codes + more_codes).sum() == int(SCALE) * moving.sum()
    assert np.all(np.cumsum(codes + more_codes, axis=0)[: first.windows].sum(axis=1) == int(SCALE) * moving.sum())


def test_result_does_not_depend_on_neighbours() -> None:
    case = random_case(21, 9, 150, CONTINUOUS, equal=False)
    together = compiled(case)
    flips, nodes = 0, np.zeros_like(together[2])
    for part in (slice(0, 1), slice(1, 70), slice(70, 150)):
        one = replace(
            case, bits=case.bits[part], variant=case.variant[part], entity=case.entity[part],
            drive_up=np.ascontiguousarray(case.drive_up[:, part]),
            drive_down=np.ascontiguousarray(case.drive_down[:, part]),
        )  # fmt: skip
        bits, some, tally, _ = compiled(one)
        np.testing.assert_array_equal(bits, together[0][part])
        flips, nodes = flips + some, nodes + tally
    assert flips == together[1]
    np.testing.assert_array_equal(nodes, together[2])


@pytest.mark.parametrize("nodes", [1, 7, 64, 65, 130])
@pytest.mark.parametrize("copies", [1, 63, 64, 513])
def test_enabled_rows_are_those_of_the_twin(nodes: int, copies: int) -> None:
    rng = np.random.default_rng(nodes + copies)
    program = random_program(rng, nodes, ALL_KINDS)
    bits = rng.integers(0, 2, (copies, nodes)).astype(np.uint8)
    found = unpack(enabled_rows(program, pack(bits)), len(program.row_node))
    for state, rows in list(zip(bits, found, strict=True))[:: max(1, copies // 40)]:
        assert enabled_twin(program, state) == rows.astype(bool).tolist()


def test_a_square_is_turned() -> None:
    rng = np.random.default_rng(1)
    square = rng.integers(0, 2**64, 64, dtype=np.uint64)
    bits = (square[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    turned = transposed(square)
    np.testing.assert_array_equal((turned[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1), bits.T)
    np.testing.assert_array_equal(transposed(turned), square)


@pytest.mark.parametrize("nodes", [1, 8, 63, 64, 65, 200])
def test_packing_is_undone_by_unpacking(nodes: int) -> None:
    bits = np.random.default_rng(nodes).integers(0, 2, (50, nodes)).astype(np.uint8)
    states = pack(bits)
    assert states.shape == ((nodes + 63) // 64, 50)
    assert states.dtype == np.uint64
    np.testing.assert_array_equal(unpack(states, nodes), bits)
    for node in range(nodes):
        np.testing.assert_array_equal((states[node // 64] >> np.uint64(node % 64)) & np.uint64(1), bits[:, node])


def test_logarithms() -> None:
    rng = np.random.default_rng(8)
    values = np.concatenate(
        [
            rng.random(200_000), 2.0 ** -rng.uniform(0, 52, 200_000), 1.0 - 2.0 ** -rng.uniform(1, 53, 200_000),
            np.sqrt(0.5) * (1.0 + 1e-12 * rng.standard_normal(1000)), [0.5, 0.25, 2.0**-53, 1.0 - 2.0**-53],
        ]
    )  # fmt: skip
    values = values[(values > 0.0) & (values < 1.0)]
    expected = np.array([-math.log(value) for value in values])
    found = values.copy()
    _logs(found)
    assert np.all(found > 0.0)
    assert np.max(np.abs(found - expected) / np.spacing(expected)) <= 1.0


def test_draws_in_blocks_are_the_draws_one_by_one() -> None:
    rng = np.random.default_rng(4)
    for process in (0, 400, 2**32 - 1):
        entities = rng.integers(0, 2**64, 64, dtype=np.uint64)
        events = rng.integers(0, 2**32, 64, dtype=np.uint64)
        first, second = np.zeros(64), np.zeros(64)
        _draw_block(np.uint64(2**63 - 5), entities, process, events, first, second)
        single = [_draw(np.uint64(2**63 - 5), a, process, b) for a, b in zip(entities, events, strict=True)]
        np.testing.assert_array_equal(np.stack([first, second], axis=1), single)
