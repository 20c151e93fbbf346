"""Voxels that vessels cross, surface on the grid, and the nearest vessel."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.fields.grid import Grid
from diaspore.tissue.vessels.crossing import cross, make_bins, near, surface_density, to_walls
from diaspore.tissue.vessels.graph import Graph


def scattered(seed: int, grid: Grid, many: int, wide: float = 4.0) -> Graph:
    rng = np.random.default_rng(seed)
    high = np.array(grid.shape[::-1]) * grid.spacing
    graph = Graph()
    for _ in range(many):
        a = rng.uniform(0.0, 1.0, 3) * high
        b = np.clip(a + rng.normal(0.0, 30.0, 3), 0.0, high)
        graph.add_segment(graph.add_node(a), graph.add_node(b), wide)
    return graph


@pytest.mark.parametrize("wide", [4.0, 50.0])
def test_pieces_add_up_to_the_length(wide: float) -> None:
    grid = Grid((12, 11, 10), 20.0)
    graph = scattered(1, grid, 200, wide)
    pieces = cross(graph, grid)
    total = np.bincount(pieces.segment, weights=pieces.length, minlength=graph.segments)
    np.testing.assert_allclose(total, graph.lengths(), rtol=1e-12)
    surface = surface_density(graph, pieces, grid, np.ones(graph.segments, dtype=bool))
    assert surface.sum() * grid.voxel_volume == pytest.approx(np.pi * wide * graph.lengths().sum(), rel=1e-12)


def test_pieces_are_those_of_many_points() -> None:
    grid = Grid((12, 11, 10), 20.0)
    graph = scattered(2, grid, 50)
    pieces = cross(graph, grid)
    made = np.zeros((graph.segments, grid.size))
    np.add.at(made, (pieces.segment, pieces.voxel), pieces.length)
    t = (np.arange(20_000) + 0.5) / 20_000
    for s in range(graph.segments):
        a, b = graph.place[graph.ends[s]]
        i = np.minimum(((a + t[:, None] * (b - a)) / 20.0).astype(int), np.array([9, 10, 11]))
        voxel = (i[:, 2] * 11 + i[:, 1]) * 10 + i[:, 0]
        share = np.bincount(voxel, minlength=grid.size) / len(t)
        np.testing.assert_allclose(made[s] / graph.lengths()[s], share, atol=5e-4)


@pytest.mark.parametrize("reach", [3.0, 15.0, 60.0])
def test_nearest_is_that_of_all_pairs(reach: float) -> None:
    grid = Grid((12, 11, 10), 20.0)
    graph = scattered(3, grid, 150)
    places = np.random.default_rng(4).uniform(-20.0, 260.0, (300, 3))
    found, distance = near(graph, make_bins(graph, reach), places, reach)
    a, b = graph.place[graph.ends[: graph.segments, 0]], graph.place[graph.ends[: graph.segments, 1]]
    d = b - a
    t = np.clip(np.sum((places[:, None] - a) * d, axis=2) / np.sum(d * d, axis=1), 0.0, 1.0)
    far = np.sqrt(np.sum((places[:, None] - a - t[..., None] * d) ** 2, axis=2))
    least = far.min(axis=1)
    np.testing.assert_array_equal(found, np.where(least < reach, far.argmin(axis=1), -1))
    np.testing.assert_allclose(distance[found >= 0], least[found >= 0], rtol=1e-12)
    assert np.isinf(distance[found < 0]).all()


def test_nothing_is_near_no_vessels() -> None:
    graph = Graph()
    found, distance = near(graph, make_bins(graph, 10.0), np.zeros((2, 3)), 10.0)
    assert (found == -1).all()
    assert np.isinf(distance).all()


@pytest.mark.parametrize("reach", [3.0, 40.0])
def test_nearest_wall_is_that_of_all_pairs(reach: float) -> None:
    rng = np.random.default_rng(5)
    graph = scattered(3, Grid((12, 11, 10), 20.0), 150)
    n = graph.segments
    graph.diameter[:n] = rng.choice([6.0, 40.0, 90.0], n)
    among = rng.random(n) < 0.5
    places = rng.uniform(-20.0, 260.0, (300, 3))
    found = to_walls(graph, make_bins(graph, reach + 45.0, among), places, reach)
    a, b = graph.place[graph.ends[:n, 0]], graph.place[graph.ends[:n, 1]]
    d = b - a
    t = np.clip(np.sum((places[:, None] - a) * d, axis=2) / np.sum(d * d, axis=1), 0.0, 1.0)
    wall = np.sqrt(np.sum((places[:, None] - a - t[..., None] * d) ** 2, axis=2)) - 0.5 * graph.diameter[:n]
    least = np.where(among, wall, np.inf).min(axis=1)
    np.testing.assert_allclose(found, np.where(least <= reach, least, np.inf), rtol=1e-12)
