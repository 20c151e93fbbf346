"""Vessels within a tissue: exchange, pressure, remodelling, snapshots, what they count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from diaspore.core.zarrio import read_zarr, write_zarr
from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import Grid
from diaspore.fields.steady import Steady
from diaspore.tissue.vessels.crossing import cross
from diaspore.tissue.vessels.delivery import Carried, add_exchange
from diaspore.tissue.vessels.graph import BLOOD, LYMPH, Graph
from tests.tissue.vessels.common import FLAT, UNITS, StandIn, run, vessels

BOX = Grid((10, 10, 10), 20.0)
LATTICE = {"lattice": {"spacing": "60 um"}}
SPROUTING = {"substance": "vegf", "half": "1 ng/mL"}


def one_vessel(diameter: float, grid: Grid, x: float = 110.0) -> tuple[Graph, Any]:
    graph = Graph()
    graph.add_segment(graph.add_node([x, 110.0, 0.0]), graph.add_node([x, 110.0, 20.0 * grid.shape[0]]), diameter)
    graph.perfused[0], graph.haematocrit[0] = 1, 0.45
    return graph, cross(graph, grid)


def test_oxygen_that_leaves_vessels_is_consumed() -> None:
    stand_in = StandIn(BOX)
    part = vessels(stand_in, {"layout": [LATTICE], "exchange": {"oxygen": {"level": "60 mmHg", "by_cells": True}}})
    sink, source = np.zeros((2, *BOX.shape))
    part.exchange(0, sink, source)
    walls, given = sink.copy(), source.copy()
    u = np.full(BOX.shape, 30.0)
    Steady(BOX, Substance(1e5)).solve(u, sink + 10.0, source, 1e-12)
    assert np.sum(given - walls * u) == pytest.approx(np.sum(10.0 * u), rel=1e-9)
    assert 0.0 < u.min() < u.max() < 60.0
    before = sink.copy()
    part.exchange(2, sink, source)  # a substance that walls do not let through
    np.testing.assert_array_equal(sink, before)


def test_exchange_is_that_of_a_plain_sum() -> None:
    graph, pieces = one_vessel(8.0, BOX)
    graph.leakiness[0], graph.haematocrit[0] = 5.0, 0.3
    sink, source = np.zeros((2, *BOX.shape))
    carried = Carried(10.0, 50.0, by_cells=True, large=0.5, diffusion=0.0)
    add_exchange(graph, pieces, carried, 0.45, 20.0, np.empty(0), sink, source)
    rate = 0.3 / 0.45 * math.pi * 8.0 * 20.0 * 50.0 * (1.0 + 0.5 * 4.0) / 8000.0
    expected = np.zeros(BOX.shape)
    expected[:, 5, 5] = rate
    np.testing.assert_allclose(sink, expected, rtol=1e-12)
    np.testing.assert_allclose(source, expected * 10.0, rtol=1e-12)
    graph.perfused[0] = 0
    nothing = np.zeros((2, *BOX.shape))
    add_exchange(graph, pieces, carried, 0.45, 20.0, np.empty(0), nothing[0], nothing[1])
    assert not nothing.any()


@pytest.mark.parametrize("spacing", [5.0, 10.0, 20.0])
def test_level_around_a_thin_vessel_does_not_depend_on_the_grid(spacing: float) -> None:
    """The resistance of the tissue within a voxel makes up for a vessel that the grid cannot resolve."""
    n = round(200.0 / spacing)
    n += 1 - n % 2  # the vessel stands in the middle of a voxel
    grid = Grid((1, n, n), spacing)
    graph = Graph()
    middle = 0.5 * n * spacing
    graph.add_segment(graph.add_node([middle, middle, 0.0]), graph.add_node([middle, middle, spacing]), 1.0)
    graph.perfused[0] = 1
    sink, source = np.zeros((2, *grid.shape))
    carried = Carried(40.0, 1e9, diffusion=1e5)
    add_exchange(graph, cross(graph, grid), carried, 0.45, spacing, np.empty(0), sink, source)
    given = sink.copy()
    u = np.full(grid.shape, 30.0)
    Steady(grid, Substance(1e5)).solve(u, sink + 10.0, source, 1e-12)
    through = np.sum(given * (40.0 - u)) * spacing**2
    area = (n * spacing) ** 2
    # A cylinder of the same area, consumption in proportion.
    from scipy.special import i0, i1, k0, k1

    length, wide, thin = 100.0, math.sqrt(area / math.pi), 0.5
    a, b = k1(wide / length), i1(wide / length)
    exact = i0(thin / length) * a + k0(thin / length) * b
    flux = 2 * math.pi * thin * 1e5 * 40.0 / length * (k1(thin / length) * b - i1(thin / length) * a) / exact
    assert through == pytest.approx(flux, rel=0.02)


def test_pressure_of_the_fluid_balances_and_leaky_walls_raise_it() -> None:
    stand_in = StandIn(BOX)
    spec = {"layout": [LATTICE], "interstitium": {"outside": "0 mmHg"}}
    part = vessels(stand_in, spec)
    fluid = part.interstitium
    assert fluid is not None
    normal = fluid.level.mean()
    part.graph.leakiness[: part.graph.segments] = 7.8
    fluid.solve(part.graph, part.crossing())
    assert fluid.level.mean() > 2.0 * normal > 0.0
    assert fluid.level.max() < part.graph.pressure[: part.graph.nodes].max()
    # What is filtered within leaves through the faces.
    inner = (slice(1, -1),) * 3
    voxels = np.bincount(
        part.crossing().voxel, weights=fluid.filtration(part.graph, part.crossing()), minlength=BOX.size
    ).reshape(BOX.shape)
    out = 0.0
    for axis in range(3):
        p = np.moveaxis(fluid.level, axis, 0)
        out += fluid.walls.conductivity * 20.0 * (p[1, 1:-1, 1:-1].sum() + p[-2, 1:-1, 1:-1].sum())
    assert out == pytest.approx(voxels[inner].sum(), rel=1e-6)


def test_lymph_drains_what_is_filtered() -> None:
    stand_in = StandIn(BOX)
    lymph = {"parent": {"face": "y_low", "axis": "x", "distance": "50 um"}, "kind": "lymph", "pressure_out": "none",
             "pressure_in": "0 mmHg", "diameter": "30 um"}  # fmt: skip
    part = vessels(stand_in, {"layout": [LATTICE, lymph], "interstitium": {}})
    fluid, graph = part.interstitium, part.graph
    assert fluid is not None
    blood = graph.kind[part.crossing().segment] == BLOOD
    assert fluid.drained.sum() == pytest.approx(fluid.filtration(graph, part.crossing())[blood].sum(), rel=1e-6)
    assert fluid.drained.sum() > 0.0
    mine = graph.kind[: graph.segments] == LYMPH
    assert (graph.perfused[: graph.segments][mine] == 1).all()
    out = np.abs(graph.flow[: graph.segments][mine]).max()
    assert 0.9 * fluid.drained.sum() < out <= fluid.drained.sum() * (1 + 1e-9)
    assert part.counts(stand_in)["lymph vessels drain nl/min"] > 0.0  # type: ignore[arg-type]


def test_pressure_keeps_large_molecules_out() -> None:
    """Where the fluid's pressure is that of the vessels nothing is filtered, so nothing is carried along."""
    stand_in = StandIn(BOX)
    wall = {"level": "1", "permeability": "0 um/min", "reflection": 0.2}
    spec = {"layout": [LATTICE], "exchange": {"fibronectin": wall}}
    amounts = []
    for outside in ("0 mmHg", "closed"):
        part = vessels(stand_in, spec | {"interstitium": {"outside": outside, "oncotic": "0 mmHg"}})
        source = np.zeros(BOX.shape)
        part.exchange(2, np.zeros(BOX.shape), source)
        amounts.append(source.sum())
    assert amounts[1] < 0.5 * amounts[0]


def test_antibody_makes_walls_normal_and_lowers_pressure() -> None:
    stand_in = StandIn(BOX)
    stand_in.u[1] = 3.0
    spec = {
        "layout": [LATTICE], "sprouting": SPROUTING | {"rate": "0 1/(um*min)"}, "remodelling": {},
        "interstitium": {"outside": "0 mmHg"},
    }  # fmt: skip
    part = vessels(stand_in, spec)
    part.graph.maturity[:] = 0.0
    run(part, stand_in, 720)
    leaky = part.counts(stand_in)  # type: ignore[arg-type]
    assert leaky["vessels mean leakiness"] > 3.0
    assert leaky["vessels mean maturity"] < 0.3
    part.neutralised = 0.95
    run(part, stand_in, 720)
    after = part.counts(stand_in)  # type: ignore[arg-type]
    assert after["vessels mean leakiness"] < 0.6 * leaky["vessels mean leakiness"]
    assert after["vessels mean maturity"] > leaky["vessels mean maturity"] + 0.2
    assert after["vessels mean fluid pressure mmHg"] < 0.8 * leaky["vessels mean fluid pressure mmHg"]


def test_what_does_not_flow_goes_and_hosts_stay() -> None:
    stand_in = StandIn(FLAT)
    stand_in.u[1] = 1.0
    line = {"line": [["0 um", "100 um"], ["600 um", "100 um"]]}
    blind = {"line": [["300 um", "100 um"], ["300 um", "500 um"]], "pressure_in": "none", "pressure_out": "none"}
    rules = {"layout": [line, blind | {"stable": False}], "sprouting": SPROUTING | {"rate": "0 1/(um*min)"}}
    part = vessels(stand_in, rules | {"remodelling": {"idle": "10 h"}})
    before = part.graph.segments
    run(part, stand_in, 100)
    assert part.graph.segments == before
    run(part, stand_in, 20)
    assert part.graph.segments == before - 20
    assert part.totals["pruned"] == 20
    kept = vessels(stand_in, {**rules, "layout": [line, blind], "remodelling": {"idle": "10 h"}})
    run(kept, stand_in, 130)
    assert kept.graph.segments == before


def test_immature_vessels_starve_without_growth_factor() -> None:
    stand_in = StandIn(FLAT)
    lines = [{"line": [["0 um", f"{y} um"], ["600 um", f"{y} um"]]} for y in (100, 400)]
    spec = {
        "layout": [lines[0], lines[1] | {"stable": False}], "sprouting": SPROUTING,
        "remodelling": {"starving": "1 h", "regression": "1 1/min", "maturing": "1000 h"},
    }  # fmt: skip
    part = vessels(stand_in, spec)
    part.graph.maturity[:] = 0.0
    before = part.graph.segments
    run(part, stand_in, 30)
    assert part.graph.segments == before // 2
    mature = vessels(stand_in, spec)
    run(mature, stand_in, 30)
    assert mature.graph.segments == before


def test_widths_adapt_to_shear() -> None:
    stand_in = StandIn(FLAT)
    line = {"line": [["0 um", "100 um"], ["600 um", "100 um"]]}
    spec = {"layout": [line], "remodelling": {"adapting": "1e-3 1/min", "usual_shear": "0.01 Pa", "widest": "9 um"}}
    part = vessels(stand_in, spec)
    run(part, stand_in, 60)
    assert part.graph.diameter[: part.graph.segments] == pytest.approx(9.0)
    spec["remodelling"] = {"adapting": "1e-3 1/min", "usual_shear": "100 Pa", "narrowest": "3 um"}
    part = vessels(stand_in, spec)
    run(part, stand_in, 60)
    assert part.graph.diameter[0] < 8.0


WHOLE = {
    "layout": [{"parallel": {"axis": "y", "spacing": "150 um"}},
               {"parent": {"face": "x_high", "axis": "y", "distance": "30 um"}, "kind": "lymph"}],
    "exchange": {"oxygen": {"level": "60 mmHg", "by_cells": True}, "vegf": {"level": "0 ng/mL", "large": 1.0}},
    "sprouting": SPROUTING | {"rate": "1e-5 1/(um*min)", "branching_age": "5 h", "branching_rate": "0.05 1/min"},
    "lymph_sprouting": {"substance": "vegf_c", "half": "1 ng/mL", "rate": "1e-5 1/(um*min)"},
    "remodelling": {"idle": "20 h"},
    "interstitium": {},
}  # fmt: skip


def test_a_restored_run_has_the_same_bits(tmp_path: Any) -> None:
    stand_in = StandIn(FLAT).gradient("vegf", 4.0).gradient("vegf_c", 4.0)
    whole = vessels(stand_in, WHOLE)
    whole.carried[0].level = 55.0
    run(whole, stand_in, 105)  # in the middle of an interval, with tips on their way
    assert whole.graph.tips > 0
    assert whole.totals["branched"] > 0
    write_zarr(tmp_path / "state", whole.variables())
    tick = stand_in.tick
    found = read_zarr(tmp_path / "state")
    assert found is not None
    run(whole, stand_in, 150)
    again = vessels(StandIn(FLAT), WHOLE)
    again.restore(found)
    stand_in.tick = tick
    run(again, stand_in, 150)
    assert again.totals == whole.totals
    assert whole.totals["pruned"] + whole.totals["joined"] > 0
    a, b = whole.variables(), again.variables()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name].values, b[name].values, err_msg=name)
    maps = np.zeros((2, 2, *FLAT.shape))
    whole.exchange(0, *maps[0])
    again.exchange(0, *maps[1])
    np.testing.assert_array_equal(maps[0], maps[1])


def test_everything_kept_begins_with_the_name_of_the_part() -> None:
    stand_in = StandIn(FLAT)
    part = vessels(stand_in, WHOLE)
    for name, variable in part.variables().items():
        assert name.startswith("vessels_")
        assert len(variable.dims) == variable.values.ndim


def test_counts_and_maps() -> None:
    stand_in = StandIn(BOX)
    part = vessels(stand_in, {"layout": [{"parallel": {"axis": "z", "spacing": "100 um"}}]})
    counts = part.counts(stand_in)  # type: ignore[arg-type]
    assert counts["vessels mm/mm3"] == pytest.approx(4 * 0.2 / 0.2**3)
    assert counts["vessels perfused share"] == 1.0
    assert counts["vessels tips"] == 0.0
    assert part.density().sum() * 8000.0 == pytest.approx(4 * 200.0 * math.pi * 8.0)
    assert part.density(LYMPH).sum() == 0.0
    row, far = part.near(np.array([[50.0, 53.0, 77.0], [100.0, 100.0, 5.0]]), 10.0)
    assert row[0] >= 0
    assert far[0] == pytest.approx(3.0)
    assert row[1] == -1
    flat = vessels(StandIn(FLAT), {"layout": [{"parallel": {"axis": "x", "spacing": "200 um"}}]})
    assert flat.counts(StandIn(FLAT))["vessels mm/mm2"] == pytest.approx(3 * 0.6 / 0.36)  # type: ignore[arg-type]


def test_substances_are_found_by_their_number_in_the_scene() -> None:
    part = vessels(StandIn(FLAT), WHOLE)
    assert list(part.carried) == [list(UNITS).index("oxygen"), list(UNITS).index("vegf")]
    assert part.carried[0].diffusion == 1e5


def test_levels_in_blood_follow_their_course() -> None:
    stand_in = StandIn(BOX)
    course = [["12 min", "0 mmHg"], ["24 min", "80 mmHg"]]
    part = vessels(stand_in, {"layout": [LATTICE], "exchange": {"oxygen": {"level": "60 mmHg", "course": course}}})
    seen = []
    for _ in range(5):
        part.step(stand_in)
        stand_in.tick += 1
        seen.append(part.carried[0].level)
    assert seen == [60.0, 0.0, 0.0, 80.0, 80.0]
