"""Cells that attack and clear away others: a plain twin, laws of dying, and the same bits whatever the threads."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.core.rng import child_id, exponential, uniform, uniform2
from diaspore.core.spec import validate
from diaspore.tissue import engine
from diaspore.tissue.kernels.contacts import (
    CLEARED,
    ENCOUNTERS,
    ESCAPES,
    HITS,
    KILLS,
    SPARED,
    TALLIES,
    Attacks,
    Touching,
    attack,
    clear,
)
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.processes.streams import S_AGAIN, S_CLEAR, S_HIT, S_LET_GO, S_TARGET
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC
from tests.tissue.common import resumed_alike, scene, simulation

N, BOX, SEED = 400, 90.0, 5
FIXED: dict[str, Any] = {"cycle": {"model": "none"}, "friction": 1e9}
SIDE = ["-200 um", "200 um"]
FLAT = {"x": SIDE, "y": SIDE}


def crowd(seed: int = 1) -> dict[str, np.ndarray]:
    """Cells of three types close together, some of them dying, some of whom hold others."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0.0, BOX, (N, 4))
    place[:, 3] = rng.uniform(4.0, 8.0, N)
    phase = np.where(rng.random(N) < 0.2, APOPTOTIC, 0).astype(np.int32)
    identity = rng.permutation(np.arange(1, N + 1)).astype(np.uint64)
    return {
        "place": place, "kind": rng.integers(0, 3, N).astype(np.int32), "phase": phase, "progress": rng.random(N),
        "identity": identity, "rate": rng.uniform(0.0, 0.3, N) * (rng.random(N) < 0.8),
        "susceptibility": rng.uniform(0.0, 2.0, N) * (rng.random(N) < 0.9),
        "target": np.where(rng.random(N) < 0.3, rng.choice(identity, N), 0).astype(np.uint64),
        "damage": rng.integers(0, 3, N).astype(float), "unhit": rng.uniform(0.0, 40.0, N), "held": np.zeros(N),
        "spared": np.where(rng.random((SPARED, N)) < 0.3, rng.choice(identity, (SPARED, N)), 0).astype(np.uint64),
    }  # fmt: skip


def lists(place: np.ndarray, skin: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbours of each cell, some of them out of reach, in the order of rows."""
    apart = np.linalg.norm(place[:, None, :3] - place[None, :, :3], axis=2)
    near = apart < REACH * (place[:, None, 3] + place[None, :, 3]) + skin
    np.fill_diagonal(near, False)
    stop = np.cumsum(near.sum(axis=1)).astype(np.int32)
    return (stop - near.sum(axis=1)).astype(np.int32), stop, np.nonzero(near)[1].astype(np.uint32)


def touches(c: dict[str, np.ndarray]) -> np.ndarray:
    apart = np.linalg.norm(c["place"][:, None, :3] - c["place"][None, :, :3], axis=2)
    near = apart < REACH * (c["place"][:, None, 3] + c["place"][None, :, 3])
    np.fill_diagonal(near, False)
    return near


RULES = Attacks(
    np.array([[0.0, 1.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), np.array([30.0, np.inf, 10.0]),
    np.array([15.0, np.inf, np.inf]), np.array([1.0, 3.0, 2.0]), np.array([np.inf, 25.0, 10.0]),
)  # fmt: skip


def plain_attack(c: dict[str, np.ndarray], step: float, tick: int) -> tuple[np.ndarray, np.ndarray]:
    """What a step of attacks does, with rows looked up by name instead of lists of neighbours."""
    tally, killed = np.zeros((3, 3, TALLIES), dtype=np.int64), np.full((N, 2), -1)
    near, row = touches(c), {name: i for i, name in enumerate(c["identity"].tolist())}
    c["unhit"] += step
    c["damage"][(c["damage"] > 0.0) & (c["unhit"] > RULES.memory[c["kind"]])] = 0.0

    def still(i: int, name: int) -> int | None:
        j = row.get(name)
        return j if j is not None and near[i, j] and c["phase"][j] < APOPTOTIC else None

    for i in range(N):
        k, name = c["kind"][i], np.uint64(child_id(c["identity"][i], tick))
        if c["phase"][i] >= APOPTOTIC:
            c["target"][i], c["spared"][:, i] = 0, 0
            continue
        if c["target"][i] == 0 and c["rate"][i] == 0.0:
            continue
        chance = 1.0 - math.exp(-step / RULES.again[k])
        kept = [
            other
            for slot, other in enumerate(c["spared"][:, i].tolist())
            if other and still(i, other) is not None and uniform(SEED, name, S_AGAIN, slot) >= chance
        ]
        c["spared"][:, i] = kept + [0] * (SPARED - len(kept))
        held = still(i, int(c["target"][i]))
        if held is None:
            c["target"][i] = 0
        left, draw = step, 0
        while True:
            if held is None:
                if c["rate"][i] == 0.0:
                    break
                mine = near[i] & ~np.isin(c["identity"], c["spared"][:, i])
                open_ = mine & (c["phase"] < APOPTOTIC) & (c["susceptibility"] > 0)
                weight = open_ * RULES.weight[k, c["kind"]]
                if weight.sum() == 0.0:
                    break
                drawn = uniform(SEED, name, S_TARGET, draw) * weight.sum()
                held = int(np.searchsorted(np.cumsum(weight), drawn))
                c["target"][i] = c["identity"][held]
                tally[k, c["kind"][held], ENCOUNTERS] += 1
            t, until = c["kind"][held], exponential(SEED, name, S_LET_GO, draw) * RULES.hold[k]
            rate, now, dead = c["rate"][i] * c["susceptibility"][held], 0.0, False
            while rate > 0.0 and not dead:
                draw += 1
                now += exponential(SEED, name, S_HIT, draw) / rate
                if now >= min(until, left):
                    break
                c["damage"][held] += 1
                c["unhit"][held] = 0.0
                tally[k, t, HITS] += 1
                dead = c["damage"][held] >= RULES.hits_to_kill[t]
            draw += 1
            if dead:
                c["phase"][held], c["progress"][held] = APOPTOTIC, 0.0
                killed[held] = i, c["damage"][held]
                tally[k, t, KILLS] += 1
                used = now
            elif until < left:
                tally[k, t, ESCAPES] += 1
                c["spared"][:, i] = [c["target"][i], *c["spared"][:-1, i]]
                used = until
            else:
                c["held"][i] += left
                break
            c["held"][i] += used
            left -= used
            c["target"][i], held = 0, None
    return tally, killed


def touching(c: dict[str, np.ndarray]) -> Touching:
    return Touching(c["place"], c["kind"], c["phase"], c["progress"], c["identity"], *lists(c["place"]))


def test_attacks_are_those_of_plain_loops() -> None:
    ours, theirs = crowd(), crowd()
    for tick in range(4):
        expected, dead = plain_attack(theirs, 6.0, tick)
        tally, killed = np.zeros_like(expected), np.full((N, 2), -1, dtype=np.int64)
        attack(
            touching(ours), N, RULES, ours["rate"], ours["susceptibility"], ours["target"], ours["spared"],
            ours["damage"], ours["unhit"], ours["held"], 6.0, np.uint64(SEED), tick, tally, killed,
        )  # fmt: skip
        assert np.array_equal(tally, expected)
        assert np.array_equal(killed, dead)
        for name in ours:
            assert np.array_equal(ours[name], theirs[name]), name
        assert tally[:, :, KILLS].sum() > 0


def test_clearance_is_that_of_plain_loops() -> None:
    c = crowd(2)
    fresh = np.arange(N) % 7 == 0
    near, gone, expected = touches(c), np.zeros(N, dtype=bool), np.zeros((3, 3, TALLIES), dtype=np.int64)
    for i in np.flatnonzero((c["rate"] > 0.0) & (c["phase"] < APOPTOTIC)):
        u, which = uniform2(SEED, c["identity"][i], S_CLEAR, 7)
        dying = np.flatnonzero(near[i] & (c["phase"] >= APOPTOTIC) & ~fresh & ~gone)
        if u < 1.0 - math.exp(-c["rate"][i] * 6.0) and len(dying):
            j = dying[int(which * len(dying))]
            gone[j] = True
            expected[c["kind"][i], c["kind"][j], CLEARED] += 1
    leaving, tally = np.zeros(N, dtype=bool), np.zeros_like(expected)
    clear(touching(c), N, c["rate"], fresh, leaving, 6.0, np.uint64(SEED), 7, tally)
    assert np.array_equal(leaving, gone)
    assert np.array_equal(tally, expected)
    assert 0 < leaving.sum() < N


def pairs(
    attacker: dict[str, Any],
    target: dict[str, Any] | None = None,
    per: int = 1,
    rules: Any = (),
    seed: int = 1,
    step: float = 6.0,
) -> Any:
    """A hundred targets far from each other, each touched by so many attackers; nobody moves."""
    grid = [(40.0 * x - 180.0, 40.0 * y - 180.0) for x in range(10) for y in range(10)]
    around = [(9.0, 0.0), (-9.0, 0.0), (0.0, 9.0)][:per]
    beside = [[f"{x + dx} um", f"{y + dy} um"] for x, y in grid for dx, dy in around]
    return simulation(
        seed=seed, domain=FLAT, substances={}, rules=rules, steps={"phenotype": f"{step} min"},
        duration="240 min", save_every="240 min",
        cell_types={
            "killer": FIXED | {"repulsion": "0 um/min", "adhesion": "0 um/min", "attack": attacker},
            "tumour": FIXED | {"repulsion": "0 um/min", "adhesion": "0 um/min"} | (target or {}),
        },
        cells=[
            {"type": "tumour", "at": [[f"{x} um", f"{y} um"] for x, y in grid]}, {"type": "killer", "at": beside},
        ],
    )  # fmt: skip


ATTACK = {"targets": {"tumour": 1.0}, "rate": "0.02 1/min"}


def alive(s: Any) -> int:
    kind, phase = s.cells.kind[: s.cells.count], s.cells.phase[: s.cells.count]
    return int(np.sum((kind == 1) & (phase < APOPTOTIC)))


def living(steps: int, *arguments: Any, seeds: int = 20, **fields: Any) -> np.ndarray:
    """Share of targets alive after each step, of 100 targets and so many seeds."""
    total = np.zeros(steps)
    for seed in range(seeds):
        s = pairs(*arguments, seed=seed, **fields)
        for n in range(steps):
            s.run(1)
            total[n] += alive(s)
    return total / (100.0 * seeds)


MINUTES = 6.0 * np.arange(1, 21)


def within(share: np.ndarray, expected: np.ndarray, targets: int = 2000) -> None:
    """Four standard errors and a half."""
    assert np.all(np.abs(share - expected) < 4.5 * np.sqrt(np.maximum(expected * (1 - expected), 1e-3) / targets))


def test_one_hit_kills_at_the_rate() -> None:
    within(living(20, ATTACK), np.exp(-0.02 * MINUTES))


def test_attackers_add_up() -> None:
    within(living(20, ATTACK, per=3), np.exp(-3 * 0.02 * MINUTES))


def test_hits_add_up_to_death() -> None:
    """Three hits: alive while a Poisson count is at most two."""
    mean = 0.02 * MINUTES
    expected = np.exp(-mean) * (1.0 + mean + mean**2 / 2.0)
    within(living(20, ATTACK, {"damage": {"hits_to_kill": 3}}), expected)
    mean = 2.0 * mean
    expected = np.exp(-mean) * (1.0 + mean + mean**2 / 2.0)
    within(living(20, ATTACK, {"damage": {"hits_to_kill": 3}}, per=2), expected)


def test_susceptibility_is_a_factor_and_rules_move_it() -> None:
    within(living(20, ATTACK, {"damage": {"susceptibility": 0.5}}, seeds=10), np.exp(-0.01 * MINUTES), 1000)
    rule = {
        "type": "tumour", "signal": "time", "direction": "increases", "behaviour": "susceptibility",
        "saturation": 2.0, "half_max": "1e-6 min", "power": 8,
    }  # fmt: skip
    share = living(20, ATTACK, {"damage": {"susceptibility": 0.0}}, rules=[rule], seeds=10)
    within(share, np.where(MINUTES > 6.0, np.exp(-0.04 * (MINUTES - 6.0)), 1.0), 1000)


def test_a_target_recovers() -> None:
    """Two hits kill if no more than the memory apart: a chain over steps since the one hit, solved exactly."""
    none, one = math.exp(-0.12), 0.12 * math.exp(-0.12)
    unhurt, hurt, expected = 1.0, [0.0, 0.0], []  # hurt[n]: n steps since the hit; in the third it is forgotten
    for _ in MINUTES:
        fresh = unhurt + hurt.pop()
        unhurt, hurt = fresh * none, [fresh * one, hurt[0] * none]
        expected.append(unhurt + sum(hurt))
    within(living(20, ATTACK, {"damage": {"hits_to_kill": 2, "memory": "9 min"}}), np.array(expected))


def test_it_lets_go() -> None:
    """Share of encounters that a target survives, 1/hold over all that ends them, in steps of 0.5 min and of 6."""
    for step in (0.5, 6.0):
        escapes = kills = 0
        for seed in range(6):
            s = simulation_of_hold(step, seed)
            s.run(round(240 / step))
            tally = s.parts[0]._tally[0, 1]
            escapes, kills = escapes + tally[ESCAPES], kills + tally[KILLS]
        hit, free = 1.0 - math.exp(-0.02 * step), 1.0 - math.exp(-0.03 * step)
        share = (1.0 - hit) * free / (hit + (1.0 - hit) * free)  # a target is hit in the step in which it is caught
        n = escapes + kills
        assert escapes / n == pytest.approx(share, abs=4.0 * math.sqrt(share * (1.0 - share) / n))
    assert share == pytest.approx(0.6, abs=0.05)


def simulation_of_hold(step: float, seed: int) -> Any:
    grid = [(40.0 * x - 180.0, 40.0 * y - 180.0) for x in range(10) for y in range(10)]
    at = [[[f"{x + d} um", f"{y} um"] for x, y in grid] for d in (0.0, 9.0)]
    none = FIXED | {"repulsion": "0 um/min", "adhesion": "0 um/min"}
    return simulation(
        seed=seed, domain=FLAT, substances={}, steps={"phenotype": f"{step} min"},
        cell_types={"killer": none | {"attack": ATTACK | {"hold": f"{1 / 0.03} min"}}, "tumour": none},
        cells=[{"type": "tumour", "at": at[0]}, {"type": "killer", "at": at[1]}],
    )  # fmt: skip


def test_the_tally_and_signals_say_what_happened() -> None:
    rule = {
        "type": "killer", "signal": "holding", "direction": "decreases", "behaviour": "attack",
        "saturation": "0 1/min", "half_max": 0.5, "power": 8,
    }  # fmt: skip
    s = pairs(ATTACK)
    s.run(10)
    tally, n = s.parts[0]._tally[0, 1], s.cells.count
    assert tally[ENCOUNTERS] == 100
    assert tally[ESCAPES] == 0
    assert tally[KILLS] == 100 - alive(s)
    assert tally[HITS] >= tally[KILLS]
    counts = s.parts[0].counts(s)
    assert counts["killer kills tumour"] == tally[KILLS]
    events = s.parts[0].events()
    assert len(events["minutes"]) == tally[KILLS]
    assert set(events["attacker"]) == {"killer"}
    assert len(s.parts[0].events()["minutes"]) == 0
    held = s.cells.columns["damage"][2, :n][s.cells.kind[:n] == 0]
    dead_at = np.full(100, 60.0)
    dead_at[: len(events["minutes"])] = np.array(events["minutes"]) + 6.0
    # Each died within the step before its event.
    assert dead_at.sum() - 6.0 * len(events["minutes"]) < held.sum() < dead_at.sum()
    tired = pairs(ATTACK, rules=[rule])  # who holds a target stops hitting it: few die after the first step
    tired.run(20)
    assert alive(tired) > 70


def test_weights_choose_among_targets() -> None:
    """Where it touches one of each, it goes for a type as often as its weight says."""
    middle = [(40.0 * x - 180.0, 40.0 * y - 180.0) for x in range(10) for y in range(10)]
    at = [[[f"{x + d} um", f"{y} um"] for x, y in middle] for d in (0.0, 9.0, -9.0)]
    none = FIXED | {"repulsion": "0 um/min", "adhesion": "0 um/min"}
    chosen = np.zeros(3)
    for seed in range(5):
        s = simulation(
            seed=seed, domain=FLAT, substances={},
            cell_types={
                "killer": none | {"attack": {"targets": {"a": 1.0, "b": 3.0}, "rate": "1e-6 1/min"}},
                "a": none, "b": none,
            },
            cells=[{"type": name, "at": at[n]} for n, name in enumerate(("killer", "a", "b"))],
        )  # fmt: skip
        s.run(1)
        chosen += s.parts[0]._tally[0, :, ENCOUNTERS]
    assert chosen.sum() == 500
    assert chosen[2] / 500 == pytest.approx(0.75, abs=4.5 * math.sqrt(0.75 * 0.25 / 500))


def test_daughters_hold_nobody_and_count_anew() -> None:
    cycle = {"cycle": {"model": "live", "birth_rate": "0.1 1/min"}}
    s = pairs(ATTACK | {"rate": "1e-6 1/min"})
    s.run(1)
    target, damage = s.cells.columns["target"][0], s.cells.columns["damage"]
    rows = np.flatnonzero(target[: s.cells.count] != 0)[:5]
    damage[0, rows] = 2.0
    s.cells.reserve(s.cells.count + 5)
    first = s.cells.count
    s.cells.inherit(rows, first)
    s.parts[0].divided(s.cells, rows, first)
    target, damage = s.cells.columns["target"][0], s.cells.columns["damage"]
    assert not target[rows].any()
    assert not target[first : first + 5].any()
    assert np.all(damage[0, first : first + 5] == 2.0)
    assert np.all(damage[2, first : first + 5] == 0.0)
    assert np.all(damage[2, rows] == 6.0)
    dividing = pairs(ATTACK, cycle)
    dividing.run(10)
    assert dividing.cells.count > 400


MIXED: dict[str, Any] = {
    "domain": {"x": ["-150 um", "150 um"], "y": ["-150 um", "150 um"], "z": ["-150 um", "150 um"]},
    "substances": {}, "duration": "60 min", "save_every": "12 min",
    "cell_types": {
        "tumour": {"cycle": {"model": "live", "birth_rate": "0.003 1/min"}, "damage": {"hits_to_kill": 2,
                   "memory": "3 h"}},
        "killer": {
            "motility": {"speed": "4 um/min"}, "cycle": {"model": "live", "birth_rate": "0.002 1/min"},
            "attack": {"targets": {"tumour": 1.0}, "rate": "0.05 1/min", "hold": "40 min"},
        },
        "eater": {"motility": {"speed": "2 um/min"}, "engulfing": "0.5 1/min", "cycle": {"model": "none"}},
    },
    "cells": [
        {"type": "tumour", "sphere": {"radius": "90 um"}}, {"type": "killer", "random": {"number": 200}},
        {"type": "eater", "random": {"number": 200}},
    ],
    "rules": [{
        "type": "killer", "signal": "holding", "direction": "decreases", "behaviour": "migration speed",
        "saturation": "0 um/min", "half_max": 0.5, "power": 8,
    }],
}  # fmt: skip


def test_threads_do_not_change_the_bits() -> None:
    results = []
    for threads in (1, 2):
        data = MIXED | {"cells": [{"type": "tumour", "sphere": {"radius": "140 um"}}, *MIXED["cells"][1:]]}
        s = simulation(threads=threads, **data)
        assert s.members == threads
        s.run(8)
        n = s.cells.count
        results.append(
            [s.cells.place[:n].tobytes(), s.cells.phase[:n].tobytes(), s.parts[0]._tally.tobytes()]
            + [column[..., :n].tobytes() for column in s.cells.columns.values()]
        )
    assert results[0] == results[1]
    assert s.parts[0]._tally[1, 0, KILLS] > 10


def test_a_killed_run_goes_on_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resumed_alike(engine, scene(**MIXED), tmp_path, monkeypatch)
    events, counts = whole.table("contacts_events"), whole.table("counts")
    assert len(events) == counts["killer kills tumour"].iloc[-1] > 5
    assert set(events["killed"]) == {"tumour"}
    assert events["minutes"].is_monotonic_increasing
    assert counts["eater cleared"].iloc[-1] > 0
    assert (events["hits"] >= 2).all()
    assert events["killed_identity"].is_unique


def test_a_table_of_kills_without_kills(tmp_path: Path) -> None:
    data = scene(**MIXED | {"cells": [{"type": "tumour", "sphere": {"radius": "50 um"}}]})
    run = diaspore.simulate(data, out=tmp_path / "r", quiet=True, threads=1)
    assert len(run.table("contacts_events")) == 0


@pytest.mark.parametrize(
    ("cell", "field", "words"),
    [
        ({"attack": ATTACK | {"targets": {"tumor": 1.0}}}, "attack.targets", "did you mean 'tumour'"),
        ({"attack": ATTACK | {"targets": {}}}, "attack.targets", ""),
        ({"attack": ATTACK | {"targets": {"tumour": 0.0}}}, "attack.targets", "more than 0"),
        ({"attack": ATTACK | {"rate": "0.02"}}, "attack.rate", "no unit"),
        ({"attack": ATTACK | {"rate": "0.02 um"}}, "attack.rate", "1/min"),
        ({"attack": ATTACK | {"hold": "0 min"}}, "attack.hold", "at least"),
        ({"damage": {"hits_to_kill": 0}}, "damage.hits_to_kill", "1"),
        ({"damage": {"susceptibility": -1.0}}, "damage.susceptibility", "0"),
        ({"damage": {"memory": "-1 min"}}, "damage.memory", ""),
        ({"engulfing": "-1 1/min"}, "engulfing", "0"),
    ],
)
def test_mistakes_are_named(cell: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(TissueSpec, scene(substances={}, cell_types={"tumour": cell}))
    assert field in str(caught.value)
    assert words in str(caught.value)


def test_behaviours_of_attacks_need_attackers() -> None:
    rule = {
        "type": "tumour", "signal": "pressure", "direction": "increases", "behaviour": "susceptibility",
        "saturation": 2.0, "half_max": 0.5, "power": 2,
    }  # fmt: skip
    with pytest.raises(InputError, match="susceptibility"):
        validate(TissueSpec, scene(substances={}, cell_types={"tumour": {}}, rules=[rule]))


@pytest.mark.parametrize("step", [15.0, 6.0, 1.0])
def test_the_share_that_is_killed_does_not_depend_on_the_step(step: float) -> None:
    """Each pair meets once: it ends in a kill or in letting go, whatever the step."""
    met = kills = 0.0
    for seed in (1, 2, 3, 4):
        s = pairs({"targets": {"tumour": 1.0}, "rate": "6 1/h", "hold": "10 min"}, seed=seed, step=step)
        s.run(round(240.0 / step))
        counts = s.part("contacts").counts(s)
        met += counts["killer encounters tumour"]
        kills += counts["killer kills tumour"]
    assert met == 400.0
    assert abs(kills / met - 0.5) < 4.0 * math.sqrt(0.25 / 400.0)


def test_cells_let_go_are_left_alone_while_they_touch() -> None:
    """Between two targets that stay, an attacker goes from one to the other once and then waits."""
    place = np.array([[0.0, 0.0, 0.0, 6.0], [10.0, 0.0, 0.0, 6.0], [-10.0, 0.0, 0.0, 6.0]])
    identity = np.array([5, 6, 7], dtype=np.uint64)
    kind, rest = np.array([0, 1, 1], dtype=np.int32), np.zeros(3)
    rules = Attacks(
        np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([10.0, np.inf]), np.full(2, np.inf), np.ones(2), np.full(2, np.inf)
    )
    target, spared = np.zeros(3, dtype=np.uint64), np.zeros((SPARED, 3), dtype=np.uint64)
    tally, never = np.zeros((2, 2, TALLIES), dtype=np.int64), np.array([1e-12, 0.0, 0.0])
    start, stop, neighbours = lists(place)

    def steps(number: int, rate: np.ndarray, first: int) -> None:
        for tick in range(first, first + number):
            x = Touching(place, kind, np.zeros(3, dtype=np.int32), rest, identity, start, stop, neighbours)
            killed = np.full((3, 2), -1, dtype=np.int64)
            attack(
                x, 3, rules, rate, np.ones(3), target, spared, rest.copy(), rest.copy(), rest.copy(), 5.0,
                np.uint64(1), tick, tally, killed,
            )  # fmt: skip

    steps(120, never, 0)
    assert tally[0, 1, ENCOUNTERS] == 2
    assert tally[0, 1, ESCAPES] == 2
    place[1, 0] = 50.0  # one goes away and comes back
    start, stop, neighbours = lists(place)
    steps(1, never, 200)
    place[1, 0] = 10.0
    start, stop, neighbours = lists(place)
    steps(60, never, 300)
    assert tally[0, 1, ENCOUNTERS] == 3
    spared[:] = 0
    steps(60, np.zeros(3), 400)  # who does not attack takes nobody
    assert tally[0, 1, ENCOUNTERS] == 3
