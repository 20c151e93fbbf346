"""Kernels of cells against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.tissue.behaviours import GENERAL, UPTAKE, Traits, behaviours, of_substance
from diaspore.tissue.kernels import exchange, forces, motion, neighbours
from diaspore.tissue.state import APOPTOTIC

N, BOX, SKIN = 900, 160.0, 2.0
NONE = np.empty((2, 0))  # no strengths of single cells


def crowd(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    place = rng.uniform(0.0, BOX, (N, 4))
    place[:, 3] = rng.uniform(3.0, 9.0, N)
    return place


def lists(place: np.ndarray, skin: float = SKIN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lists as the engine makes them: start, stop, neighbours."""
    n = len(place)
    width = 2.0 * neighbours.REACH * place[:, 3].max() + skin
    bins = np.full(3, int(np.ceil(BOX / width)), dtype=np.int64)
    number, order, start, stop = np.empty((4, n), dtype=np.int64)
    first = np.empty(int(np.prod(bins)) + 2, dtype=np.int64)
    found = np.empty(200 * n, dtype=np.uint32)
    neighbours.sort_into_bins(place, n, np.zeros(3), width, bins, number, first, order)
    end = neighbours.list_neighbours(place, 0, n, number, bins, first, order, skin, 0, len(found), start, stop, found)
    assert end == stop[-1]
    return start, stop, found


def apart(place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Differences (n, n, 3), distances and sums of radii of all pairs."""
    difference = place[:, None, :3] - place[None, :, :3]
    return difference, np.linalg.norm(difference, axis=2), place[:, None, 3] + place[None, :, 3]


def test_lists_hold_everyone_in_reach() -> None:
    place = crowd()
    start, stop, found = lists(place)
    _, distance, radii = apart(place)
    near = distance < neighbours.REACH * radii + SKIN
    np.fill_diagonal(near, False)
    for i in range(N):
        assert sorted(found[start[i] : stop[i]]) == np.flatnonzero(near[i]).tolist()


def test_a_list_that_does_not_fit_says_so() -> None:
    place = crowd()
    bins, first = np.ones(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    number, order, start, stop = np.empty((4, N), dtype=np.int64)
    neighbours.sort_into_bins(place, N, np.zeros(3), 1000.0, bins, number, first, order)
    short = np.empty(N, dtype=np.uint32)
    arguments = (place, 0, N, number, bins, first, order, SKIN, 0, N, start, stop, short)
    assert neighbours.list_neighbours(*arguments) == -1


@pytest.mark.parametrize("kinds", [1, 3])
def test_velocities(kinds: int) -> None:
    place = crowd()
    rng = np.random.default_rng(3)
    kind = rng.integers(0, kinds, N).astype(np.int32)
    repulsion, adhesion = rng.uniform(1.0, 10.0, (2, kinds, kinds))
    start, stop, found = lists(place)
    velocity, pressure = np.empty((N, 3)), np.empty(N)
    work = np.empty((forces.ROWS, forces.BLOCK))
    forces.velocities(
        place, kind, 0, N, start, stop, found, repulsion, adhesion, NONE, np.ones(kinds), velocity, pressure, work
    )
    difference, distance, radii = apart(place)
    np.fill_diagonal(distance, np.inf)
    push = np.maximum(0.0, 1.0 - distance / radii) ** 2
    pull = np.maximum(0.0, 1.0 - distance / (1.25 * radii)) ** 2
    size = repulsion[kind[:, None], kind] * push - adhesion[kind[:, None], kind] * pull
    assert velocity == pytest.approx(np.sum((size / distance)[..., None] * difference, axis=1), rel=1e-9, abs=1e-9)
    assert pressure == pytest.approx(push.sum(axis=1), rel=1e-12)


def test_more_neighbours_than_a_block_takes() -> None:
    n = forces.BLOCK + 100
    place = np.column_stack([np.random.default_rng(6).uniform(70.0, 80.0, (n, 3)), np.full(n, 8.0)])
    start, stop = np.arange(n) * (n - 1), (np.arange(n) + 1) * (n - 1)
    found = np.array([[j for j in range(n) if j != i] for i in range(n)], dtype=np.uint32).ravel()
    velocity, pressure, work = np.empty((n, 3)), np.empty(n), np.empty((forces.ROWS, forces.BLOCK))
    ten, some = np.full((1, 1), 10.0), np.full((1, 1), 0.4)
    forces.velocities(
        place, np.zeros(n, np.int32), 0, n, start, stop, found, ten, some, NONE, np.ones(1), velocity, pressure, work
    )
    difference, distance, radii = apart(place)
    np.fill_diagonal(distance, np.inf)
    push = np.maximum(0.0, 1.0 - distance / radii) ** 2
    size = (10.0 * push - 0.4 * np.maximum(0.0, 1.0 - distance / (1.25 * radii)) ** 2) / distance
    assert velocity == pytest.approx(np.einsum("ij,ijk->ik", size, difference), rel=1e-8, abs=1e-6)
    assert pressure == pytest.approx(push.sum(axis=1), rel=1e-10)


def test_cells_without_a_volume_do_not_touch() -> None:
    place = np.array([[5.0, 5.0, 5.0, 0.0], [5.0, 6.0, 5.0, 0.0], [5.0, 5.0, 5.0, 0.0]])
    start, stop, found = lists(place)
    velocity, pressure, work = np.empty((3, 3)), np.empty(3), np.empty((forces.ROWS, forces.BLOCK))
    one = np.ones((1, 1))
    forces.velocities(
        place, np.zeros(3, np.int32), 0, 3, start, stop, found, one, one, NONE, np.ones(1), velocity, pressure, work
    )
    assert np.all(velocity == 0.0)


def test_cells_at_one_place_do_not_part_into_nothing() -> None:
    place = np.array([[5.0, 5.0, 5.0, 8.0]] * 2)
    start, stop, found = lists(place)
    velocity, pressure, work = np.empty((2, 3)), np.empty(2), np.empty((forces.ROWS, forces.BLOCK))
    one = np.ones((1, 1))
    forces.velocities(
        place, np.zeros(2, np.int32), 0, 2, start, stop, found, one, one, NONE, np.ones(1), velocity, pressure, work
    )
    assert np.all(velocity == 0.0)


def test_moves() -> None:
    rng = np.random.default_rng(4)
    place, velocity, before = crowd(), rng.normal(size=(N, 3)), rng.normal(size=(N, 3))
    low, high = np.full(3, 5.0), np.full(3, BOX - 5.0)
    # Adams-Bashforth for a step of 0.3 after one of 0.2
    expected = np.clip(place[:, :3] + 0.3 * (1.75 * velocity - 0.75 * before), low, high)
    moved, old = np.zeros((N, 3)), place.copy()
    far = motion.move(place, velocity, before, 0, N, 0.3, 0.2, low, high, moved)
    assert place[:, :3] == pytest.approx(expected)
    assert moved == pytest.approx(place[:, :3] - old[:, :3])
    assert far == pytest.approx(np.max(np.sum(moved**2, axis=1)))
    assert np.array_equal(before, velocity)


def test_velocities_with_friction_and_strengths_of_single_cells() -> None:
    place = crowd()
    rng = np.random.default_rng(8)
    kind = rng.integers(0, 2, N).astype(np.int32)
    held = rng.uniform(0.5, 2.0, (2, 2))
    roots, friction = rng.uniform(0.5, 3.0, (2, N)), np.array([1.0, 4.0])
    start, stop, found = lists(place)
    velocity, pressure, work = np.empty((N, 3)), np.empty(N), np.empty((forces.ROWS, forces.BLOCK))
    forces.velocities(
        place, kind, 0, N, start, stop, found, np.ones((2, 2)), held, roots, friction, velocity, pressure, work
    )  # fmt: skip
    difference, distance, radii = apart(place)
    np.fill_diagonal(distance, np.inf)
    push = np.maximum(0.0, 1.0 - distance / radii) ** 2 * np.outer(roots[0], roots[0])
    pull = np.maximum(0.0, 1.0 - distance / (1.25 * radii)) ** 2 * np.outer(roots[1], roots[1])
    size = (push - held[kind[:, None], kind] * pull) / friction[kind][:, None]
    assert velocity == pytest.approx(np.sum((size / distance)[..., None] * difference, axis=1), rel=1e-9, abs=1e-9)


def made_traits(rng: np.random.Generator, ruled: bool) -> Traits:
    """Two types, two substances, all exchange at random; or the uptake of the second by rules."""
    base = np.zeros((2, len(behaviours({"a": "mmHg", "b": "mmHg"}, ["one", "two"]))))
    base[:, GENERAL : GENERAL + 8] = rng.uniform(0.0, 20.0, (2, 8))
    base[:, GENERAL + 6 : GENERAL + 8] *= 1000.0  # export
    column = np.full(base.shape[1], -1)
    if ruled:
        column[of_substance(UPTAKE, 1, 2)] = 0
    return Traits(base, column, rng.uniform(0.0, 20.0, (int(ruled), N)), np.array([0.1, 0.3]), 2)


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("ruled", [True, False])
def test_exchange_of_cells_that_share_a_voxel(balanced: bool, ruled: bool) -> None:
    """Several cells in a voxel, some dead, two substances, a held face; against a loop over cells."""
    rng = np.random.default_rng(5)
    shape, spacing, step = np.array([8, 8, 8]), BOX / 8, 0.01
    place, kind = crowd(), rng.integers(0, 2, N).astype(np.int32)
    phase = np.where(rng.random(N) < 0.2, APOPTOTIC, 0).astype(np.int32)
    volumes = rng.uniform(100.0, 5000.0, (N, 3))
    traits, share = made_traits(rng, ruled), step / spacing**3
    voxel = np.empty(N, dtype=np.int64)
    exchange.find_voxels(place, 0, N, np.zeros(3), spacing, shape, voxel)
    index = np.minimum((place[:, :3] // spacing).astype(int), 7)
    assert np.array_equal(voxel, (index[:, 2] * 8 + index[:, 1]) * 8 + index[:, 0])

    bounds = np.array([[[0, 8], [0, 8], [0, 8]], [[1, 8], [0, 8], [0, 8]]])  # the lowest plane of the second is held
    u = rng.uniform(1.0, 5.0, (2, 512))
    expected = u.copy()
    total, gains = np.zeros((2, 512)), np.zeros((2, 512))
    for i in range(N):
        a, k, alive = share * volumes[i].sum(), kind[i], float(phase[i] == 0)
        for s in range(2):
            if s == 1 and voxel[i] < 64:
                continue
            uptake, secretion, target, export = (traits.base[k, of_substance(w, s, 2)] for w in range(4))
            uptake *= 1.0 if alive else traits.dead_uptake[k]
            if ruled and s == 1:
                uptake = traits.values[0, i]
            change = a * (uptake + alive * secretion)
            gain = alive * (a * secretion * target + share * export)
            expected[s, voxel[i]] = (expected[s, voxel[i]] + gain) / (1.0 + change)
            total[s, voxel[i]] += change
            gains[s, voxel[i]] += gain
    assert total.min() == 0.0
    assert 0.0 < np.median(total) < 0.5 < total.max()
    if balanced:  # explicit up to a half, and beyond towards the same level
        kept = np.where(total <= 0.5, 1.0 - total, 0.25 / np.maximum(total, 0.5))
        level = gains / np.maximum(total, 1e-300)
        expected = np.where(total > 0.0, u * kept + level * (1.0 - kept), u)
    stamp, factor, gain_of = np.full(512, -1), np.empty((2, 512)), np.empty((2, 512))
    occupied = np.empty(512, dtype=np.int64)
    for lowest, highest in ((0, 200), (200, 512)):
        found = exchange.collect(
            voxel, N, kind, phase, volumes, traits, exchange.rates_of(traits), share, balanced, lowest, highest,
            stamp, 7, factor, gain_of, occupied, shape, bounds,
        )  # fmt: skip
        for s in range(2):
            exchange.apply(u[s], factor[s], gain_of[s], occupied, found)
    assert u == pytest.approx(expected, rel=1e-11)
