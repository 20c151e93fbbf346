"""Tips: their motion against formulas and a twin, where they begin, branch and join."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from diaspore.core.rng import normal2
from diaspore.tissue.vessels.graph import BLOOD, LYMPH
from diaspore.tissue.vessels.streams import S_WANDER
from diaspore.tissue.vessels.tips import SUBSTEPS, Motion, drift, levels, move_tips
from tests.tissue.vessels.common import FLAT, StandIn, run, vessels

ORIGIN = np.array(FLAT.origin)
LOW, HIGH = np.zeros(3), np.array([600.0, 600.0, 20.0])
X, Y = np.meshgrid(FLAT.centres(2), FLAT.centres(1))
BOWL = (2.0 + np.sin(X / 150.0) * np.cos(Y / 130.0))[None]
SPROUTING = {"substance": "vegf", "half": "1 ng/mL"}
PARENT = {"parent": {"face": "x_low", "axis": "y"}, "diameter": "12 um"}


def moved(
    motion: Motion, minutes: float, substeps: int, steps: int = 1, matrix: np.ndarray | None = None
) -> np.ndarray:
    places = np.array([[100.0, 200.0, 10.0], [310.0, 340.0, 10.0], [450.0, 120.0, 10.0]])
    for tick in range(steps):
        move_tips(
            places, places.copy(), np.zeros(3), np.zeros((3, 3)), np.arange(1, 4, dtype=np.uint64), BOWL,
            BOWL if matrix is None else matrix, matrix is not None, ORIGIN, FLAT.spacing, LOW, HIGH, motion, minutes,
            substeps, np.uint64(5), tick,
        )  # fmt: skip
    return places


def test_levels_are_linear_between_centres() -> None:
    plane = (3.0 * X - 2.0 * Y)[None]
    places = np.array([[33.0, 71.0, 10.0], [250.0, 499.0, 3.0]])
    found = levels(plane, ORIGIN, FLAT.spacing, places)
    np.testing.assert_allclose(found, 3.0 * places[:, 0] - 2.0 * places[:, 1], rtol=1e-12)
    v = drift(plane, plane, False, ORIGIN, FLAT.spacing, Motion(100.0, 50.0, 0.0, 0.0, np.inf), 200.0, 100.0, 10.0)
    factor = 100.0 / (50.0 + 400.0)
    np.testing.assert_allclose(v, [3.0 * factor, -2.0 * factor, 0.0], rtol=1e-12)


def test_chemotaxis_saturates_haptotaxis_does_not_and_speed_is_bounded() -> None:
    plane, still = (0.01 * X)[None], (0.002 * Y)[None]
    v = drift(plane, still, True, ORIGIN, 20.0, Motion(600.0, 1.0, 90.0, 0.0, np.inf), 300.0, 300.0, 10.0)
    np.testing.assert_allclose(v, [600.0 * 0.01 / 4.0, 0.18, 0.0], rtol=1e-9)
    slow = drift(plane, still, True, ORIGIN, 20.0, Motion(600.0, 1.0, 90.0, 0.0, 0.2), 300.0, 300.0, 10.0)
    assert math.hypot(*slow) == pytest.approx(0.2)
    assert slow[0] / slow[1] == pytest.approx(v[0] / v[1])


def test_halving_the_step_quarters_the_error() -> None:
    motion = Motion(4000.0, 1.0, 0.0, 0.0, np.inf)
    best = moved(motion, 60.0, 64)
    errors = [np.abs(moved(motion, 60.0, n) - best).max() for n in (2, 4, 8)]
    assert errors[0] > 1e-4
    for coarse, fine in pairwise(errors):
        assert 3.0 < coarse / fine < 6.0


def test_random_steps_are_those_of_their_keys() -> None:
    motion = Motion(0.0, 1.0, 0.0, 0.6, np.inf)
    places = moved(motion, 6.0, 2)
    expected = np.array([[100.0, 200.0], [310.0, 340.0], [450.0, 120.0]])
    for i in range(3):
        for n in range(2):
            expected[i] += math.sqrt(2.0 * 0.6 * 3.0) * np.array(normal2(np.uint64(5), np.uint64(i + 1), S_WANDER, n))
    np.testing.assert_allclose(places[:, :2], expected, rtol=1e-12)
    assert SUBSTEPS >= 2


def test_random_motion_spreads_as_its_coefficient_says() -> None:
    many = 4000
    places = np.tile([300.0, 300.0, 10.0], (many, 1))
    motion = Motion(0.0, 1.0, 0.0, 0.6, np.inf)
    for tick in range(50):
        move_tips(
            places, places.copy(), np.zeros(many), np.zeros((many, 3)), np.arange(1, many + 1, dtype=np.uint64), BOWL,
            BOWL, False, ORIGIN, 20.0, LOW, HIGH, motion, 6.0, 1, np.uint64(1), tick,
        )  # fmt: skip
    assert places[:, :2].var(axis=0) == pytest.approx(2.0 * 0.6 * 300.0, rel=0.1)
    assert (places[:, 2] == 10.0).all()


def test_tips_stay_in_the_domain() -> None:
    places = moved(Motion(4000.0, 1.0, 0.0, 500.0, np.inf), 60.0, 4, steps=20)
    assert (places >= LOW).all()
    assert (places <= HIGH).all()


def grown(hours: float, seed: int = 1, **changes: object) -> tuple[object, StandIn]:
    stand_in = StandIn(FLAT, seed).gradient("vegf", 5.0)
    stand_in.u[1] += 0.2
    spec = {"layout": [PARENT], "sprouting": SPROUTING | {"rate": "1e-4 1/(um*min)"} | changes}
    part = vessels(stand_in, spec)
    run(part, stand_in, round(hours * 10))
    return part, stand_in


def test_sprouts_climb_the_growth_factor_and_leave_vessels() -> None:
    stand_in = StandIn(FLAT).gradient("vegf", 5.0)
    stand_in.u[1] += 0.2
    part = vessels(stand_in, {"layout": [PARENT], "sprouting": SPROUTING | {"rate": "1e-5 1/(um*min)"}})
    run(part, stand_in, 240)
    graph = part.graph
    assert part.totals["begun"] > 0
    new = graph.host[: graph.segments] == 0
    assert new.any()
    ends = graph.place[graph.ends[: graph.segments][new]]
    assert (ends[:, 1, 0] - ends[:, 0, 0]).mean() > 0.0
    assert ends[:, :, 0].max() > 60.0
    assert graph.lengths()[new].max() < 4.0 * FLAT.spacing
    degree = graph.degree()
    assert degree.min() >= 1
    # Every tip stands at a blind end and is drawn out of it by its own segment.
    assert (degree[graph.tip_node[: graph.tips]] == 1).all()
    assert (graph.ends[graph.tip_segment[: graph.tips], 1] == graph.tip_node[: graph.tips]).all()


def test_nothing_sprouts_below_the_threshold_or_from_what_does_not_flow() -> None:
    stand_in = StandIn(FLAT)
    stand_in.u[1] = 0.09  # the threshold is a tenth of half
    part = vessels(stand_in, {"layout": [PARENT], "sprouting": SPROUTING | {"rate": "1 1/(um*min)"}})
    run(part, stand_in, 5)
    assert part.totals["begun"] == 0
    stand_in.u[1] = 5.0
    still = vessels(
        stand_in,
        {"layout": [PARENT | {"pressure_in": "none"}], "sprouting": SPROUTING | {"rate": "1 1/(um*min)"}},
    )
    run(still, stand_in, 5)
    assert still.totals["begun"] == 0


def test_notch_spaces_tips_and_without_it_there_are_more() -> None:
    stand_in = StandIn(FLAT)
    stand_in.u[1] = 5.0
    counts = []
    for notch in (1.0, 0.0):
        spec = {"layout": [PARENT], "sprouting": SPROUTING | {"rate": "5e-3 1/(um*min)", "notch": notch}}
        part = vessels(stand_in, spec)
        run(part, stand_in, 3)
        counts.append(part.graph.tips)
        if notch == 1.0:
            begun = part.graph.tip_from[: part.graph.tips]
            gaps = np.diff(np.sort(begun[:, 1]))
            assert gaps.min() > 50.0 - 3.0 * 10.0  # they move a little before others begin
        else:
            young = part.graph.diameter[part.graph.tip_segment[: part.graph.tips]]
            assert young.min() < 6.0  # tips that share stalk cells share their cross-section
    assert counts[1] > 2 * counts[0]


def test_bits_depend_on_the_seed_only() -> None:
    a, b = (grown(48.0, 3)[0] for _ in range(2))
    for name, values in a.graph.state().items():  # type: ignore[attr-defined]
        np.testing.assert_array_equal(values, b.graph.state()[name])  # type: ignore[attr-defined]
    other = grown(48.0, 4)[0]
    assert (
        other.graph.segments != a.graph.segments
        or not np.array_equal(  # type: ignore[attr-defined]
            other.graph.place[:50],
            a.graph.place[:50],  # type: ignore[attr-defined]
        )
    )


def aimed(*points: tuple[float, float], seed: int = 1) -> tuple[object, StandIn]:
    """A vessel along x at y 400 and tips far below it that go straight up."""
    stand_in = StandIn(FLAT, seed)
    stand_in.u[1] = (0.01 * Y)[None]
    part = vessels(
        stand_in,
        {
            "layout": [{"line": [["0 um", "400 um"], ["600 um", "400 um"]]}],
            "sprouting": SPROUTING | {"rate": "0 1/(um*min)", "branching_rate": "0 1/min", "wandering": "0 um**2/min"},
        },
    )
    graph = part.graph
    for x, y in points:
        root = graph.add_node([x, y, 10.0])
        top = graph.add_node([x, y, 10.0])
        graph.add_tip(top, graph.add_segment(root, top, 8.0), BLOOD, np.zeros(3))
        graph.sprout[graph.segments - 1] = graph.tip_identity[graph.tips - 1]
    return part, stand_in


def test_a_tip_joins_the_vessel_that_it_meets() -> None:
    part, stand_in = aimed((208.0, 300.0))
    graph = part.graph  # type: ignore[attr-defined]
    whole = graph.lengths().sum()
    run(part, stand_in, 400)  # type: ignore[arg-type]
    assert graph.tips == 0
    assert part.totals["joined"] == 1  # type: ignore[attr-defined]
    degree = graph.degree()
    at = graph.place[: graph.nodes][degree == 3]
    assert at.shape == (1, 3)
    assert abs(at[0, 0] - 208.0) < 8.0
    assert at[0, 1] == 400.0
    assert graph.lengths().sum() == pytest.approx(whole + 100.0, rel=0.02)


def test_two_tips_that_meet_both_stop() -> None:
    part, stand_in = aimed((200.0, 100.0), (206.0, 100.0))
    graph = part.graph  # type: ignore[attr-defined]
    run(part, stand_in, 300)  # type: ignore[arg-type]
    assert graph.tips == 0
    assert (graph.degree() == 3).sum() + 2 * (graph.degree() == 4).sum() <= 1


def test_a_loop_of_two_sprouts_flows() -> None:
    """Two sprouts of one vessel that meet make a way beside it."""
    stand_in = StandIn(FLAT)
    part = vessels(stand_in, {"layout": [{"line": [["0 um", "100 um"], ["600 um", "100 um"]]}]})
    graph = part.graph
    a, b = (graph.split(part.near(np.array([[x, 100.0, 10.0]]), 5.0)[0][0], 0.5) for x in (150.0, 450.0))
    top = graph.add_node([300.0, 300.0, 10.0])
    loop = [graph.add_segment(a, top, 8.0), graph.add_segment(top, b, 8.0)]
    run(part, stand_in, 10)
    assert (graph.perfused[loop] == 1).all()
    assert abs(graph.flow[loop[0]]) == pytest.approx(abs(graph.flow[loop[1]]), rel=1e-12)
    assert (graph.haematocrit[loop] > 0.0).all()


def test_progenitors_make_vessels_sprout_more() -> None:
    made = []
    for gain in (0.0, 50.0):
        stand_in = StandIn(FLAT)
        stand_in.u[1] = 5.0
        y = np.arange(10.0, 600.0, 20.0)
        stand_in.cells.count = len(y)
        stand_in.cells.kind = np.ones(len(y), dtype=np.int64)
        stand_in.cells.phase = np.zeros(len(y), dtype=np.int8)
        stand_in.cells.place = np.column_stack([np.full(len(y), 20.0), y, np.full(len(y), 10.0), np.full(len(y), 6.0)])
        spec = SPROUTING | {"rate": "2e-6 1/(um*min)", "progenitors": {"type": "progenitor", "gain": gain}}
        part = vessels(stand_in, {"layout": [PARENT], "sprouting": spec})
        run(part, stand_in, 20)
        made.append(part.totals["begun"])
    assert made[1] > made[0] + 2


def test_lymph_vessels_sprout_by_their_own_factor() -> None:
    stand_in = StandIn(FLAT).gradient("vegf_c", 5.0)
    stand_in.u[3] += 0.5
    way = {"substance": "vegf_c", "half": "1 ng/mL", "rate": "1e-4 1/(um*min)"}
    layout = [PARENT, PARENT | {"kind": "lymph", "parent": {"face": "x_low", "axis": "y", "distance": "100 um"}}]
    part = vessels(stand_in, {"layout": layout, "lymph_sprouting": way})
    run(part, stand_in, 20)
    assert part.totals["begun"] > 0
    new = part.graph.host[: part.graph.segments] == 0
    assert (part.graph.kind[: part.graph.segments][new] == LYMPH).all()
    assert replace(part.ways[0], kind=BLOOD).kind == BLOOD


def test_without_notch_there_are_more_sprouts_and_they_are_perfused_less() -> None:
    found = {}
    for notch in (0.95, 0.0):
        numbers = []
        for seed in (1, 2):
            stand_in = StandIn(FLAT, seed)
            stand_in.u[1] = 3.0 * np.exp(-((X - 500.0) ** 2 + (Y - 300.0) ** 2) / 400.0**2)
            spec = SPROUTING | {"rate": "2e-5 1/(um*min)", "notch": notch}
            part = vessels(stand_in, {"layout": [PARENT | {"diameter": "20 um"}], "sprouting": spec})
            run(part, stand_in, 720)
            graph = part.graph
            count = graph.segments
            new, length = graph.host[:count] == 0, graph.lengths()
            flowing = length[new & (graph.perfused[:count] == 1)].sum() / length[new].sum()
            mean = np.average(np.abs(graph.flow[:count][new]), weights=length[new])
            numbers.append((part.totals["begun"] + part.totals["branched"], flowing, mean))
        found[notch] = np.mean(numbers, axis=0)
    with_, without = found[0.95], found[0.0]
    assert without[0] > 1.5 * with_[0]
    assert without[1] < with_[1]
    assert without[2] < 0.8 * with_[2]
