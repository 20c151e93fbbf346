"""Lattices: steps against plain NumPy and Python, formulas, conservation, restarts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.core.rng import uniform, uniform2
from diaspore.core.simulate import find_spec_file
from diaspore.core.spec import load_spec, validate
from diaspore.tissue.lattice import engine
from diaspore.tissue.lattice.compile import Compiled, centre_points, compile_lattice
from diaspore.tissue.lattice.kernels import layout
from diaspore.tissue.lattice.kernels.circulation import arrive, enter, settle
from diaspore.tissue.lattice.kernels.division import divide
from diaspore.tissue.lattice.kernels.fields import step_fields
from diaspore.tissue.lattice.kernels.movement import direction, move, probabilities, shuffle, wanting
from diaspore.tissue.lattice.spec import LatticeSpec
from diaspore.tissue.lattice.state import Lattice
from tests.tissue.common import resumed_alike
from tests.tissue.lattice_twin import Twin, field_step

SMALL: dict[str, Any] = {
    "schema_version": 1, "kind": "lattice", "name": "test", "duration": "40 h", "save_every": "10 h",
    "rules": "metaspread", "grid": {"points": 41, "spacing": "10 um"}, "cells": {"count": 160, "centre_points": 45},
    "primary": {"normal_vessels": 12, "ruptured_vessels": 12, "free_points": 45},
    "circulation": {"single_survival": 0.3, "cluster_survival": 0.7},
    "mesenchymal": {"doubling_time": "20000 s"}, "epithelial": {"doubling_time": "30000 s"},
}  # fmt: skip


def spec(**changes: Any) -> LatticeSpec:
    found: LatticeSpec = validate(LatticeSpec, SMALL | changes)
    return found


def small(seed: int = 1, **changes: Any) -> Lattice:
    return compile_lattice(spec(**changes), seed).lattice


def parts(lattice: Lattice) -> tuple[Any, ...]:
    return lattice.points, lattice.cells, lattice.queue, lattice.rules, lattice.tally


def bits(lattice: Lattice) -> list[bytes]:
    points, (first, last, _) = lattice.points, lattice.queue.ends
    inside = (slice(None), slice(1, -1), slice(1, -1))
    arrays = [points.mmp2[inside], points.ecm[inside], points.counts, lattice.positions(0), lattice.positions(1)]
    arrays += [lattice.queue.leaves[first:last], lattice.clusters(), lattice.queue.identity[first:last]]
    return [array.tobytes() for array in [*arrays, *lattice.tally]]


def consistent(lattice: Lattice) -> None:
    """Points and rows say the same of where cells are, and no cell is on the rim."""
    for kind in range(2):
        counted = np.bincount(lattice.positions(kind), minlength=lattice.points.features.size)
        assert np.array_equal(counted, lattice.points.counts[kind])
    rim = np.ones(lattice.points.mmp2.shape, dtype=bool)
    rim[:, 1:-1, 1:-1] = False
    assert not lattice.points.counts[:, rim.reshape(-1)].any()


def test_fields_have_the_bits_of_numpy() -> None:
    """From nothing, so that the part of the grid that is looked at grows, to both edges and corners."""
    lattice = small(duration="40 h")
    n, cells = lattice.side - 2, lattice.points.counts[0].reshape(lattice.points.mmp2.shape)
    mmp2, ecm = np.zeros((3, n, n)), np.ones((3, n, n))
    cells[1, 1, 1] = cells[2, n, 5] = 3
    lattice.bound()
    inside = (slice(None), slice(1, -1), slice(1, -1))
    for _ in range(2 * n):
        step_fields(lattice.points, cells, lattice.rules)
        for g in range(3):
            mmp2[g], ecm[g] = field_step(mmp2[g], ecm[g], cells[inside][g], lattice.rules)
        assert lattice.points.mmp2[inside].tobytes() == mmp2.tobytes()
        assert lattice.points.ecm[inside].tobytes() == ecm.tobytes()
    assert mmp2[0].min() > 0.0  # everywhere by now


def test_matrix_alone_decays_exponentially() -> None:
    """Loss by contact alone: a power of the loss of a step, and within the order of the step the exponential."""
    lattice = small(mmp2={"production": "0 1/s"})
    cells = np.full(lattice.points.mmp2.shape, 2, dtype=np.int32)
    lattice.points.counts[0] = cells.reshape(-1)
    lattice.bound()
    lattice.points.box[:] = 1, lattice.side - 1, 1, lattice.side - 1
    for _ in range(500):
        step_fields(lattice.points, cells, lattice.rules)
    left = lattice.points.ecm[:, 1:-1, 1:-1]
    assert left == pytest.approx((1.0 - 1e-3 * 2) ** 500, rel=1e-10)
    assert left.mean() == pytest.approx(math.exp(-2.5e-5 * 2 * 500 * 40), rel=2e-3)


def test_protease_comes_to_rest_at_production_over_decay() -> None:
    lattice = small(mmp2={"production": "4.875e-6 1/s", "decay": "2.5e-3 1/s"})
    cells = np.full(lattice.points.mmp2.shape, 2, dtype=np.int32)
    lattice.points.box[:] = 1, lattice.side - 1, 1, lattice.side - 1
    for _ in range(400):
        step_fields(lattice.points, cells, lattice.rules)
    assert lattice.points.mmp2[:, 1:-1, 1:-1] == pytest.approx(4.875e-6 * 2 / 2.5e-3, rel=1e-10)
    usual = small().rules
    at_rest = usual.produce / (1.0 - usual.keep - 4.0 * usual.spread)
    assert at_rest == pytest.approx(1.95, rel=1e-10)  # theta over Lambda of the program


def test_numbers_of_the_program() -> None:
    """Its numbers without dimensions come back from those with units."""
    rules = small().rules
    assert rules.walk == pytest.approx([0.004, 0.002], rel=1e-12)
    assert rules.pull == pytest.approx([0.005, 0.005], rel=1e-12)
    assert (rules.spread, rules.produce, rules.contact, rules.digest) == pytest.approx((0.04, 1.95e-4, 1e-3, 1e-3))
    assert rules.keep == pytest.approx(1.0 - 0.16 - 1e-4, rel=1e-12)
    default = validate(LatticeSpec, {k: SMALL[k] for k in ("schema_version", "kind", "name", "duration")})
    published, shipped = (default.model_copy(update={"rules": name}) for name in ("published", "metaspread"))
    assert (published.doubling_times(), published.primary_vessels()) == ((1.2e5, 8e4), (2, 8))
    assert (shipped.doubling_times(), shipped.primary_vessels()) == ((8e4, 1.2e5), (8, 2))
    assert compile_lattice(shipped).lattice.rules.survival[1] / rules.survival[0] == pytest.approx(0.025 / 0.3)
    survival = compile_lattice(published).lattice.rules.survival
    assert survival[1] / survival[0] == pytest.approx(50.0, rel=1e-10)


def test_start() -> None:
    lattice = small()
    consistent(lattice)
    counts = lattice.points.counts.reshape(2, 3, lattice.side, lattice.side)[:, :, 1:-1, 1:-1]
    assert counts.sum(axis=(2, 3)).tolist() == [[96, 0, 0], [64, 0, 0]]
    assert counts.sum(axis=0).max() <= 4
    inside = np.zeros(41 * 41, dtype=bool)
    inside[centre_points(41, 45)] = True
    assert not counts.sum(axis=(0, 1)).reshape(-1)[~inside].any()
    features = lattice.points.features.reshape(lattice.points.mmp2.shape)[:, 1:-1, 1:-1]
    primary = features[0] & layout.VESSEL > 0
    assert primary.sum() == 24
    assert (features[0] & layout.RUPTURED > 0).sum() == 12
    assert not primary.reshape(-1)[inside].any()
    assert primary.sum() == primary[2:-2, 2:-2].sum()
    assert np.array_equal(features[0] & layout.WAY_IN > 0, primary)
    assert not (features[1:] & layout.WAY_IN).any()
    assert len(centre_points(201, 97)) == 97
    away = centre_points(201, 97)
    assert ((away // 201 - 100) ** 2 + (away % 201 - 100) ** 2).max() == 29  # a disc: no ties at its edge


def test_division_is_that_of_python() -> None:
    lattice = small()
    lattice.run(300)
    before = lattice.points.counts.copy()
    expected = before.copy()
    room = np.maximum(4 - before.sum(axis=0), 0)
    expected[0] += np.minimum(before[0], room)  # each cell one copy, while there is room
    rows = lattice.cells.number[0]
    lattice._make_room(*(int(n) for n in lattice.cells.number))
    divide(0, lattice.cells.mesenchymal, lattice.points, lattice.cells, lattice.rules, lattice.tally)
    assert np.array_equal(lattice.points.counts, expected)
    assert lattice.tally.totals[layout.BORN] == lattice.cells.number[0] - rows == (expected - before).sum() > 0
    consistent(lattice)


def python_walk(lattice: Lattice, step: int) -> dict[tuple[int, int], int]:
    """Points of all cells after the walk of one step, with the same draws and the rules said anew."""
    rules, side, seed = lattice.rules, lattice.side, np.uint64(lattice.seed)
    ecm, features = lattice.points.ecm.reshape(-1), lattice.points.features
    place = {(kind, row): int(p) for kind in range(2) for row, p in enumerate(lattice.positions(kind))}
    movers = []
    for kind in range(2):
        row, draw = -1, 0
        while True:
            jump, where = uniform2(seed, np.uint64(step), layout.WALK + kind, draw)
            row, draw = row + 1 + int(math.log(jump) / math.log1p(-rules.most[kind])), draw + 1
            if row >= len(lattice.positions(kind)):
                break
            p = place[kind, row]
            y, x = p // side % side, p % side
            across = ecm[p + 1] - ecm[p - 1] if 1 < x < side - 2 else 0.0
            along = ecm[p + side] - ecm[p - side] if 1 < y < side - 2 else 0.0
            pull = rules.pull[kind]
            left, right = rules.walk[kind] - pull * across, rules.walk[kind] + pull * across
            down, up = rules.walk[kind] - pull * along, rules.walk[kind] + pull * along
            left, right = left * (x > 1), right * (x < side - 2)
            down, up = down * (y > 1), up * (y < side - 2)
            u = where * rules.most[kind]
            if u < max(left + down, 0.0):
                movers.append((kind, row, p - 1 if u < left else p - side))
            elif u - max(left + down, 0.0) < up + right:
                movers.append((kind, row, p + side if u - max(left + down, 0.0) < up else p + 1))
    for i in range(len(movers) - 1, 0, -1):
        k = len(movers) - 1 - i
        j = int(uniform2(seed, np.uint64(step), layout.SHUFFLE, k // 2)[k % 2] * (i + 1))
        movers[i], movers[j] = movers[j], movers[i]
    for kind, row, q in movers:
        if (kind, row) not in place:
            continue
        if features[q] & layout.WAY_IN and (kind == 0 or features[q] & layout.RUPTURED):
            near = {q, q - 1, q + 1, q - side, q + side}
            place = {cell: p for cell, p in place.items() if p not in near}
        elif sum(p == q for p in place.values()) < rules.capacity or (
            rules.open_vessels and features[q] & layout.VESSEL
        ):
            place[kind, row] = q
    return place


@pytest.mark.parametrize("rules", ["published", "metaspread"])
def test_movement_is_that_of_python(rules: str) -> None:
    """The same cells at the same points, step after step, with vessels everywhere and no growth."""
    vessels = {"normal_vessels": 150, "ruptured_vessels": 150, "free_points": 45}
    lattice = small(rules=rules, primary=vessels, epithelial={"diffusion": "1e-9 cm**2/s"},
                    mesenchymal={"diffusion": "1e-9 cm**2/s"})  # fmt: skip
    rng = np.random.default_rng(1)
    lattice.points.ecm[:] = np.where(rng.random(lattice.points.ecm.shape) < 0.5, 1.0, 0.5)
    entered = 0
    for step in range(60):
        if rules == "published":  # no probability is negative here, so that clipping changes nothing
            lattice.rules = lattice.rules._replace(no_negative=step % 2 == 0)
        expected = python_walk(lattice, step)
        before = int(lattice.cells.number.sum())
        lattice._make_room(*(int(n) for n in lattice.cells.number))
        move(np.uint64(lattice.seed), step, *parts(lattice))
        after = [lattice.positions(kind).tolist() for kind in range(2)]
        assert after == [[p for (k, _), p in sorted(expected.items()) if k == kind] for kind in range(2)]
        consistent(lattice)
        entered += before - int(lattice.cells.number.sum())
        assert lattice.clusters().sum() == entered == lattice.tally.totals[:2].sum()
    assert entered > 20


def test_law_of_a_step() -> None:
    """Shares of directions are the probabilities, and the bound is one."""
    lattice = small(cells={"count": 2000, "centre_points": 1600}, primary={"normal_vessels": 0, "ruptured_vessels": 0,
                    "free_points": 45}, carrying_capacity=1000)  # fmt: skip
    side, p = lattice.side, (20 * lattice.side + 20)
    for kind, rows in ((0, lattice.positions(0)), (1, lattice.positions(1))):
        rows[:] = p
        ecm = lattice.points.ecm.reshape(-1)
        ecm[[p - 1, p + 1, p - side, p + side]] = 0.3, 0.6, 0.5, 0.2
        chances = probabilities(ecm, lattice.points.features, p, side, lattice.rules.walk[kind],
                                lattice.rules.pull[kind], False)  # fmt: skip
        assert sum(chances) == pytest.approx(4.0 * lattice.rules.walk[kind])
        assert sum(chances) <= lattice.rules.most[kind]
        found, steps = np.zeros(4), 4000
        for step in range(steps):
            count = wanting(np.uint64(3), step, kind, rows, lattice.points, lattice.cells, lattice.rules, 0)
            away = lattice.cells.target[:count] - p
            found += [np.sum(away == d) for d in (-1, 1, -side, side)]
        expected = np.array(chances) * steps * len(rows)
        assert np.all(np.abs(found - expected) < 4.5 * np.sqrt(expected))


def test_negative_probabilities() -> None:
    """As a search in cumulated weights takes them, over the whole range of the draw."""
    from bisect import bisect_right

    away = {0: -1, 1: -50, 2: 0, 3: 50, 4: 1}
    rng = np.random.default_rng(2)
    for _ in range(300):
        across, along = rng.uniform(-0.01, 0.01, 2)
        left, right, down, up = 0.004 - across, 0.004 + across, 0.004 - along, 0.004 + along
        cumulated = np.cumsum([left, down, 1.0 - left - right - down - up, up, right]).tolist()
        for u in rng.random(200) * 0.03:
            whole = u if u < max(left + down, 0.0) else min(cumulated[2] + u - max(left + down, 0.0), 1.0 - 1e-12)
            if abs(whole - 1.0) < 1e-9 or u >= max(left + down, 0.0) + max(up + right, 0.0):
                continue
            assert direction(left, right, down, up, 50, u) == away[bisect_right(cumulated, whole, 0, 4)]


def test_order_is_uniform() -> None:
    seen: dict[tuple[int, ...], int] = {}
    for step in range(6000):
        mover, target = np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32)
        shuffle(np.uint64(5), step, mover, target, 4)
        assert np.array_equal(mover, target)
        seen[tuple(mover)] = seen.get(tuple(mover), 0) + 1
    assert len(seen) == 24
    assert sum((n - 250) ** 2 / 250 for n in seen.values()) < 49.7  # one in a thousand


def test_a_cluster_enters_with_its_neighbours() -> None:
    lattice = small()
    side = lattice.side
    q = int(lattice.rules.vessels[0])
    lattice.points.counts[:] = 0
    places = np.array([q, q - 1, q - 1, q + side, q + 2 * side, q + 2])
    lattice.place(places, np.array([q + 1, q - side, q + side + 1]))
    enter(7, q, *parts(lattice))
    assert lattice.clusters().tolist() == [[4, 2]]
    assert lattice.queue.leaves[0] == 7 + 180
    assert lattice.positions(0).tolist() == [-1, -1, -1, -1, q + 2 * side, q + 2]
    assert lattice.positions(1).tolist() == [-1, -1, q + side + 1]
    assert lattice.points.counts.sum() == 3


def test_cells_settle_left_right_below_above() -> None:
    lattice = small(sites={"only": {"share": 1.0, "vessels": 1}})
    side = lattice.side
    corner = (1 * side + 1) * side + 1  # of the second grid
    lattice.points.counts[1, corner + 1] = 3
    for _ in range(2):
        settle(0, 1, corner, lattice.points, lattice.cells, lattice.rules, lattice.tally)
    for _ in range(4):
        settle(1, 1, corner, lattice.points, lattice.cells, lattice.rules, lattice.tally)
    assert lattice.points.counts[0, [corner + 1, corner + side]].tolist() == [1, 1]
    assert lattice.points.counts[1, [corner + 1, corner + side]].tolist() == [3, 3]
    assert lattice.tally.totals[[layout.NO_ROOM, layout.NO_ROOM + 1]].tolist() == [0, 1]
    assert lattice.points.box[1].tolist() == [1, 3, 1, 3]


@pytest.mark.parametrize("rules", ["published", "metaspread"])
def test_arrival_is_that_of_python(rules: str) -> None:
    """Fates of clusters with the same draws: who leaves, who survives, where to."""
    own = {"disaggregation": 0.2, "single_survival": 0.3, "cluster_survival": 0.7}
    lattice = small(rules=rules, circulation=own, carrying_capacity=4)
    sizes = np.array([[1, 0], [3, 2], [0, 1], [2, 0], [0, 6], [5, 5]] * 30, dtype=np.int32)
    lattice.travel(np.full(len(sizes), 9), sizes, np.arange(len(sizes)) + 1000, 2000)
    lattice._make_room(*(int(n) for n in lattice.cells.number))
    leave = 0.8 if rules == "metaspread" else 0.2
    totals, sites = np.zeros(layout.TOTALS, dtype=int), np.zeros(3, dtype=int)

    def drawn(identity: int, process: int, number: int) -> float:
        return uniform(np.uint64(lattice.seed), np.uint64(identity), process, number)

    for identity, (m, e) in enumerate(sizes.tolist(), start=1000):
        groups, stay = [], [m, e]
        for i, kind in enumerate([0] * m + [1] * e):
            if m + e > 1 and drawn(identity, layout.LEAVES_CLUSTER, i) < leave:
                groups.append((i + 1, [1 - kind, kind]))
                stay[kind] -= 1
                totals[layout.LEFT_CLUSTER + kind] += 1
        for number, cells in [*groups, (0, stay)] if sum(stay) else groups:
            if drawn(identity, layout.SURVIVES, number) >= (0.3 if sum(cells) == 1 else 0.7):
                totals[layout.DIED : layout.DIED + 2] += cells
                continue
            g = 1 if drawn(identity, layout.GOES_TO, number) < 0.75 else 2
            sites[g] += sum(cells)
    before = lattice.per_grid().sum(axis=0)
    arrive(np.uint64(lattice.seed), 9, *parts(lattice))
    found = lattice.tally.totals
    pairs = [layout.DIED, layout.DIED + 1, layout.LEFT_CLUSTER, layout.LEFT_CLUSTER + 1]
    assert found[pairs].tolist() == totals[pairs].tolist()
    lost = found[layout.NO_ROOM : layout.NO_ROOM + 2].sum()
    assert (lattice.per_grid().sum(axis=0) - before)[1:].sum() + lost == sites.sum()
    assert len(lattice.clusters()) == 0
    consistent(lattice)


@pytest.mark.parametrize("rules", ["published", "metaspread"])
def test_no_cell_is_made_or_lost_unseen(rules: str) -> None:
    lattice = small(rules=rules)
    for _ in range(30):
        lattice.run(100)
        consistent(lattice)
        totals = lattice.tally.totals.reshape(-1, 2)
        there = lattice.per_grid().sum(axis=1) + lattice.clusters().sum(axis=0)
        gone = totals[layout.DIED // 2] + totals[layout.NO_ROOM // 2]
        assert np.array_equal(there + gone, [96, 64] + totals[layout.BORN // 2])
        entered = totals[layout.ENTERED // 2]
        assert np.array_equal(entered, lattice.clusters().sum(axis=0) + gone + totals[layout.ARRIVED // 2])
    assert min(entered.min(), totals[layout.ARRIVED // 2].min()) > 0
    most = lattice.points.counts.sum(axis=0)
    assert most[lattice.points.features & layout.VESSEL == 0].max() <= 4
    assert rules == "metaspread" or most.max() <= 4
    assert lattice.tally.counter[0] - lattice.per_grid().sum(axis=0)[0] == entered.sum()


@pytest.mark.parametrize("at", [1, 517, 1100])
def test_pieces_have_the_same_bits(at: int) -> None:
    whole, pieces = small(seed=3), small(seed=3)
    whole.run(1500)
    pieces.run(at)
    pieces._make_room(10, 10)  # whatever the room, and whatever part of the grids is looked at
    pieces.points.box[:] = 1, pieces.side - 1, 1, pieces.side - 1
    pieces.run(1500 - at)
    assert bits(whole) == bits(pieces)


def test_a_killed_run_goes_on_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = resumed_alike(engine, SMALL, tmp_path, monkeypatch)
    table = whole.table("counts")
    assert table["hours"].tolist() == list(range(41))
    assert whole.summary["end"]["primary mesenchymal"] == table["primary mesenchymal"].iloc[-1]
    on_grids = [f"{g} {kind}" for g in ("primary", "second", "third") for kind in ("mesenchymal", "epithelial")]
    assert table["total"].iloc[-1] > table[on_grids].iloc[-1].sum()


def test_ready_models() -> None:
    for name, rules in (("metaspread-default", "metaspread"), ("franssen-2019", "published")):
        found = load_spec(find_spec_file(name))
        assert isinstance(found, LatticeSpec)
        assert found.rules == rules
        short = found.model_copy(update={"duration": 4000.0})
        run = diaspore.simulate(short, quiet=True)
        assert run.summary["end"]["primary mesenchymal"] + run.summary["end"]["primary epithelial"] <= 388


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"step": "3600 s", "mesenchymal": {"doubling_time": "20 h"}, "epithelial": {"doubling_time": "30 h"}},
            "too long",
        ),
        ({"duration": "45 s"}, "no whole multiple"),
        ({"sites": {"bone": {"share": 0.5}}}, "sum to 0.5"),
        ({"sites": {"primary": {"share": 1.0}}}, "name of the primary"),
        ({"sites": {}}, "need a site"),
        ({"cells": {"count": 200, "centre_points": 45}}, "do not fit"),
        ({"primary": {"free_points": 2000}}, "more than a grid has"),
        ({"grid": {"points": 3000}}, "points"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        spec(**changes)


def test_too_many_vessels_and_controllers() -> None:
    with pytest.raises(InputError, match="no place in the primary"):
        small(primary={"normal_vessels": 2000, "ruptured_vessels": 0})
    with pytest.raises(InputError, match="do not act on tissues"):
        diaspore.simulate(SMALL, quiet=True, controllers=[object()])


def test_no_sites_and_no_motion() -> None:
    lattice = small(sites={}, primary={"normal_vessels": 0, "ruptured_vessels": 0},
                    mesenchymal={"diffusion": "0 cm**2/s", "haptotaxis": "0 cm**2/s"},
                    epithelial={"diffusion": "0 cm**2/s", "haptotaxis": "0 cm**2/s"})  # fmt: skip
    before = [lattice.positions(kind).copy() for kind in range(2)]
    lattice.run(100)
    assert all(np.array_equal(a, lattice.positions(kind)) for kind, a in enumerate(before))


@pytest.mark.slow
@pytest.mark.parametrize("rules", ["published", "metaspread"])
def test_the_same_law_as_a_twin_that_goes_through_all_cells(rules: str) -> None:
    """Means of counts after rounds of division, entries and arrivals, beside a model of objects."""
    steps, numbers = 1100, []
    compiled: Compiled
    for seed in range(12):
        compiled = compile_lattice(spec(rules=rules), seed)
        twin = Twin(compiled.lattice, seed)
        for _ in range(steps):
            twin.step()
        where = np.zeros((2, 3))
        for g, _, _, kind in twin.cells:
            where[kind, g] += 1
        numbers.append([*where.reshape(-1), twin.died])
    ours = []
    for seed in range(100, 220):
        lattice = small(seed, rules=rules)
        lattice.run(steps)
        died = lattice.tally.totals[layout.DIED : layout.DIED + 2].sum()
        ours.append([*lattice.per_grid().reshape(-1), died])
    spread = np.std(ours, axis=0) * math.sqrt(1 / 12 + 1 / 120)
    assert np.all(np.abs(np.mean(numbers, axis=0) - np.mean(ours, axis=0)) < 4.0 * spread + 0.5)
