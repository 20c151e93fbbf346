"""Flow in vessels against dense linear algebra, by hand and by balance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from diaspore.tissue.vessels.chains import find_chains
from diaspore.tissue.vessels.flow import PER_MIN, Blood, solve_blood, solve_lymph, speed, wall_shear
from diaspore.tissue.vessels.graph import LYMPH, Graph
from diaspore.tissue.vessels.rheology import PRIES, relative_viscosity, share_of_cells, viscosities
from diaspore.validation.cases.poiseuille_network import random_network
from tests.tissue.vessels.common import net


def dense(graph: Graph, viscosity: float) -> np.ndarray:
    """Flow by a dense least-squares solve over all nodes, pieces without pressure and blind ends included."""
    ends = graph.ends[: graph.segments]
    g = np.pi * graph.diameter[: graph.segments] ** 4 * PER_MIN / (128.0 * viscosity * graph.lengths())
    matrix, right = np.zeros((graph.nodes, graph.nodes)), np.zeros(graph.nodes)
    for (a, b), c in zip(ends, g, strict=True):
        matrix[a, a] += c
        matrix[b, b] += c
        matrix[a, b] -= c
        matrix[b, a] -= c
    for n in np.flatnonzero(np.isfinite(graph.held[: graph.nodes])):
        matrix[n] = 0.0
        matrix[n, n], right[n] = 1.0, graph.held[n]
    p = np.linalg.lstsq(matrix, right, rcond=1e-13)[0]
    return g * (p[ends[:, 0]] - p[ends[:, 1]])


def small(seed: int, nodes: int = 60, vessels: int = 80) -> Graph:
    rng = np.random.default_rng(seed)
    graph = Graph()
    for n in range(nodes):
        graph.add_node(rng.uniform(0.0, 500.0, 3), float(rng.uniform(5.0, 40.0)) if n < 5 else np.nan)
    for _ in range(vessels):
        a, b = rng.choice(nodes, 2, replace=False)
        graph.add_segment(int(a), int(b), float(rng.uniform(6.0, 12.0)))
    return graph


@pytest.mark.parametrize("seed", range(5))
def test_flow_is_that_of_a_dense_solve(seed: int) -> None:
    graph = small(seed)
    solve_blood(graph, Blood(viscosity=3.0))
    expected = dense(graph, 3.0)
    flow = graph.flow[: graph.segments]
    np.testing.assert_allclose(flow, expected, rtol=1e-5, atol=1e-8 * np.abs(expected).max())  # lstsq is rough
    # Pressures of nodes within chains are those that drive the flow.
    flows = graph.perfused[: graph.segments] == 1
    p = graph.pressure[graph.ends[: graph.segments]]
    g = np.pi * graph.diameter[: graph.segments] ** 4 * PER_MIN / (128.0 * 3.0 * graph.lengths())
    np.testing.assert_allclose((g * (p[:, 0] - p[:, 1]))[flows], flow[flows], rtol=1e-6, atol=1e-6 * np.abs(flow).max())


@pytest.mark.parametrize("seed", range(3))
def test_fluid_and_red_cells_are_conserved_in_a_thousand_vessels(seed: int) -> None:
    graph = random_network(seed)
    settled = solve_blood(graph, Blood(law=PRIES, parting=True))
    flow = graph.flow[: graph.segments]
    assert graph.segments == 1000
    assert settled.turns > 1
    assert np.abs(net(graph, flow)).max() < 1e-12 * np.abs(flow).max()
    cells = flow * graph.haematocrit[: graph.segments]
    assert np.abs(net(graph, cells)).max() < 1e-12 * np.abs(cells).max()
    assert graph.haematocrit.min() >= 0.0
    assert graph.haematocrit.max() <= 0.951
    assert np.ptp(graph.haematocrit[: graph.segments][flow != 0.0]) > 0.1


def test_blind_ends_and_lone_pieces_carry_nothing() -> None:
    graph = Graph()
    a, b, c, d = (graph.add_node([x, 0.0, 0.0], h) for x, h in ((0, 20.0), (50, np.nan), (100, 10.0), (50, np.nan)))
    graph.place[d] = 50.0, 40.0, 0.0
    graph.add_segment(a, b, 8.0)
    graph.add_segment(b, c, 8.0)
    blind = graph.add_segment(b, d, 8.0)
    e, f, g = (graph.add_node([x, 200.0, 0.0]) for x in (0, 50, 100))
    ring = [graph.add_segment(*pair, 8.0) for pair in ((e, f), (f, g), (g, e))]
    one = graph.add_segment(graph.add_node([0, 300, 0], 20.0), graph.add_node([50, 300, 0]), 8.0)
    solve_blood(graph, Blood())
    assert (graph.flow[[blind, *ring, one]] == 0.0).all()
    assert (graph.perfused[[blind, *ring, one]] == 0).all()
    assert (graph.haematocrit[[blind, *ring, one]] == 0.0).all()
    assert graph.perfused[0] == graph.perfused[1] == 1
    assert graph.flow[0] == pytest.approx(graph.flow[1], rel=1e-14)
    assert len(find_chains(graph.ends[: graph.segments], graph.nodes, np.isfinite(graph.held[: graph.nodes]),
                           np.ones(graph.segments, dtype=bool)).ends) == 1  # fmt: skip


def test_nothing_flows_without_vessels_or_pressures() -> None:
    graph = Graph()
    assert solve_blood(graph, Blood()).turns == 0
    graph.add_segment(graph.add_node([0, 0, 0]), graph.add_node([1, 0, 0]), 5.0)
    assert solve_blood(graph, Blood()).turns == 0
    assert graph.flow[0] == 0.0


def test_shear_and_speed_by_hand() -> None:
    graph = Graph()
    graph.add_segment(graph.add_node([0, 0, 0], 20.0), graph.add_node([100, 0, 0], 10.0), 10.0)
    solve_blood(graph, Blood(viscosity=4.0))
    drop = 10.0 * 133.322368
    assert wall_shear(graph, Blood(viscosity=4.0))[0] == pytest.approx(drop * 10e-6 / (4 * 100e-6), rel=1e-12)
    assert speed(graph)[0] == pytest.approx(1e3 * drop * (10e-6) ** 2 / (32 * 4e-3 * 100e-6), rel=1e-12)


def test_viscosity_in_living_vessels() -> None:
    def plain(d: float, h: float) -> float:
        c = (0.8 + math.exp(-0.075 * d)) * (-1 + 1 / (1 + 1e-11 * d**12)) + 1 / (1 + 1e-11 * d**12)
        m = 6 * math.exp(-0.085 * d) + 3.2 - 2.44 * math.exp(-0.06 * d**0.645)
        w = (d / (d - 1.1)) ** 2
        return (1 + (m - 1) * ((1 - h) ** c - 1) / ((1 - 0.45) ** c - 1) * w) * w

    for d in (4.0, 8.0, 20.0, 100.0, 1000.0):
        for h in (0.0, 0.2, 0.45, 0.7):
            assert relative_viscosity(d, h) == pytest.approx(plain(d, h), rel=1e-12)
    # At no red cells only the layer at the wall is left, far from it the usual 3.2 of blood of this haematocrit.
    assert relative_viscosity(1e3, 0.0) == pytest.approx((1e3 / 998.9) ** 2)
    assert relative_viscosity(1e3, 0.45) == pytest.approx(3.2, rel=0.02)
    out = np.empty(2)
    viscosities(0, 4.0, 1.2, np.array([5.0, 9.0]), np.zeros(2), out)
    assert (out == 4.0).all()


def test_red_cells_prefer_the_branch_with_more_flow() -> None:
    same = [share_of_cells(q, 10.0, 8.0, 8.0, 0.45) for q in (0.02, 0.2, 0.5, 0.8, 0.99)]
    assert same[0] == 0.0
    assert same[1] < 0.2
    assert same[2] == pytest.approx(0.5)
    assert same[3] > 0.8
    assert same[4] == 1.0
    # What one branch does not get the other one gets.
    for q in (0.1, 0.35, 0.7):
        assert share_of_cells(q, 9.0, 6.0, 10.0, 0.4) + share_of_cells(1 - q, 9.0, 10.0, 6.0, 0.4) == pytest.approx(1.0)
    assert share_of_cells(0.5, 9.0, 6.0, 10.0, 0.4) > 0.5  # the narrower branch at the same flow


def test_every_simple_fork_parts_red_cells_by_the_law() -> None:
    graph = random_network(2)
    solve_blood(graph, Blood(law=PRIES, parting=True))
    count = graph.segments
    ends, flow, h, d = graph.ends[:count], graph.flow[:count], graph.haematocrit[:count], graph.diameter[:count]
    forks = 0
    for n in np.flatnonzero(np.isnan(graph.held[: graph.nodes])):
        here = np.flatnonzero((ends == n).any(axis=1) & (np.abs(flow) > 1e-9 * np.abs(flow).max()))
        away = np.where(ends[here, 0] == n, flow[here], -flow[here])
        into, out = here[away < 0.0], here[away > 0.0]
        if len(into) == 1 and len(out) == 2:
            (m,), (a, b) = into, out
            share = share_of_cells(abs(flow[a] / flow[m]), d[m], d[a], d[b], h[m])
            part = h[a] * abs(flow[a]) / (h[m] * abs(flow[m])) if h[m] > 0.0 else share
            if max(h[a], h[b]) < 0.949:  # else what is too much went to the other
                assert part == pytest.approx(share, abs=1e-9)
                forks += 1
        elif len(out) == 1:
            mixed = np.sum(h[into] * np.abs(flow[into])) / np.sum(np.abs(flow[into]))
            assert h[out[0]] == pytest.approx(mixed, rel=1e-9)
    assert forks > 50


def test_a_fork_settles_to_a_fixed_point() -> None:
    graph = Graph()
    a, b, c, d = (graph.add_node([x, 0.0, 0.0], h) for x, h in ((0, 30.0), (200, np.nan), (400, np.nan), (600, 10.0)))
    m = graph.add_node([300, 100, 0])
    graph.add_segment(a, b, 14.0)
    for pair, diameter in (((b, c), 9.0), ((b, m), 8.0), ((m, c), 8.0)):
        graph.add_segment(*pair, diameter)
    graph.add_segment(c, d, 14.0)
    blood = Blood(law=PRIES, parting=True)
    first = solve_blood(graph, blood)
    flow = graph.flow[:5].copy()
    assert first.change < 1e-5
    solve_blood(graph, blood)
    np.testing.assert_allclose(graph.flow[:5], flow, rtol=1e-4)
    assert graph.haematocrit[1] > 0.45 > graph.haematocrit[2]


def test_lymph_that_is_drained_leaves_at_the_outlet() -> None:
    graph = Graph()
    out = graph.add_node([0, 0, 0], 0.0)
    mid, left, right = (graph.add_node(p) for p in ([50, 0, 0], [100, 50, 0], [100, -50, 0]))
    first = graph.add_segment(out, mid, 20.0, LYMPH)
    graph.add_segment(mid, left, 20.0, LYMPH)
    graph.add_segment(mid, right, 20.0, LYMPH)
    lone = graph.add_segment(graph.add_node([0, 90, 0]), graph.add_node([0, 99, 0]), 20.0, LYMPH)
    drained = np.array([1.0, 2.0, 3.0, 0.0])
    solve_lymph(graph, drained, 1.5)
    # Half of what the first vessel drains enters at its own outlet.
    assert -graph.flow[first] == pytest.approx(5.5, rel=1e-9)
    assert graph.perfused[lone] == 0
