"""Taxis, diffusion with a varying coefficient and reactions against plain NumPy, and what they keep."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.core.errors import InputError
from diaspore.fields import spreading, taxis
from diaspore.fields.continuum import Continuum, Mover
from diaspore.fields.grid import CLOSED, FLUX, HELD, Faces, Grid
from diaspore.fields.lanes import lanes
from diaspore.fields.reactions import react, relax

SHAPES = [(1, 1, 12), (1, 7, 9), (5, 6, 8)]
MIXED = Faces((HELD, FLUX, FLUX, HELD, FLUX, FLUX), (0.7, 2.0, 0.3, 0.4, 0.0, 1.0))


# --- twins


def matrix(coefficient: np.ndarray, number: float, turnover: float, low: int, high: int) -> np.ndarray:
    """A of ``u' = A u`` over the step."""
    n = len(coefficient)
    m = np.zeros((n, n))
    for i in range(n - 1):
        link = number * 0.5 * (coefficient[i] + coefficient[i + 1])
        m[i, i] -= link
        m[i, i + 1] += link
        m[i + 1, i + 1] -= link
        m[i + 1, i] += link
    m -= turnover * np.eye(n)
    for end, kind in ((0, low), (-1, high)):
        if kind == HELD:
            m[end] = 0.0
    return m


def spread_twin(
    line: np.ndarray, coefficient: np.ndarray, number: float, turnover: float, target: np.ndarray,
    gains: tuple[float, float], low: int, high: int,
) -> np.ndarray:  # fmt: skip
    a = matrix(coefficient, number, turnover, low, high)
    source = turnover * target
    if low == HELD:
        source[0] = 0.0
    if high == HELD:
        source[-1] = 0.0
    source[0] += gains[0]
    source[-1] += gains[1]
    g, one = 1.0 - 1.0 / math.sqrt(2.0), np.eye(len(line))
    first = np.linalg.solve(one - g * a, line + g * source)
    slope = a @ first + source
    second = np.linalg.solve(one - g * a, line + (1.0 - g) * slope + g * source)
    if second.min() < 0.0:
        return np.linalg.solve(one - a, line + source)
    return second


def limited(v: np.ndarray) -> np.ndarray:
    """Monotonised central slopes, 0 at the ends."""
    low, high = np.diff(v)[:-1], np.diff(v)[1:]
    size = np.minimum(2.0 * np.minimum(np.abs(low), np.abs(high)), 0.5 * np.abs(low + high))
    return np.concatenate([[0.0], np.where(low * high > 0.0, np.sign(low) * size, 0.0), [0.0]])


def carried(v: np.ndarray, number: np.ndarray) -> np.ndarray:
    half = 0.5 * limited(v)
    flow = np.where(number > 0.0, number * (v + half)[:-1], number * (v - half)[1:])
    return np.concatenate([[0.0], flow]) - np.concatenate([flow, [0.0]])


def climb_twin(line: np.ndarray, signals: np.ndarray, strengths: np.ndarray, number: float) -> np.ndarray:
    crossing = number * (strengths @ np.diff(signals, axis=1))
    substeps = max(1, math.ceil(np.abs(crossing).max() / taxis.COURANT))
    v = line.copy()
    for _ in range(substeps):
        stage = v + carried(v, crossing / substeps)
        v = 0.5 * (v + stage + carried(stage, crossing / substeps))
    return v


def over_lines(function, values: np.ndarray, *others: np.ndarray, axis: int) -> np.ndarray:
    """``function`` of every line along an axis of ``values`` and of the same lines of others (..., nz, ny, nx)."""
    result = np.moveaxis(values.copy(), axis, -1)
    along = [np.moveaxis(o, o.ndim - 3 + axis, -1) for o in others]
    for where in np.ndindex(result.shape[:-1]):
        result[where] = function(result[where].copy(), *(o[(..., *where, slice(None))] for o in along))
    return np.ascontiguousarray(np.moveaxis(result, -1, axis))


def work(rows: int, n: int) -> np.ndarray:
    return np.empty((rows, n))


# --- kernels beside their twins


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("ends", [(FLUX, FLUX), (HELD, FLUX), (HELD, HELD)])
@pytest.mark.parametrize("turnover", [0.0, 0.8])
@pytest.mark.parametrize("varies", [True, False])
def test_spreading(shape: tuple[int, int, int], ends: tuple[int, int], turnover: float, varies: bool) -> None:
    random = np.random.default_rng(3)
    for axis in Grid(shape, 1.0).axes:
        u, target = random.random((2, *shape))
        coefficient = random.random(shape) * (random.random(shape) > 0.3) if varies else np.full((1, 1, 1), 0.6)
        gains = tuple(0.0 if kind == HELD else gain for kind, gain in zip(ends, (0.3, 0.2), strict=True))
        for number in (0.4, 30.0):
            expected = over_lines(
                lambda line, c, t, k=number, g=gains: spread_twin(line, c, k, turnover, t.copy(), g, *ends),
                u, np.broadcast_to(coefficient, shape), target, axis=axis,
            )  # fmt: skip
            v = u.copy()
            spreading.spread(
                lanes(v, axis), lanes(coefficient, axis) if varies else coefficient, number, turnover,
                lanes(target, axis), *gains, *ends, work(spreading.WORK, shape[axis]),
            )  # fmt: skip
            assert v == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
def test_taxis(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(4)
    strengths = np.array([0.7, -0.4])
    for axis in Grid(shape, 1.0).axes:
        for number in (0.3, 4.0):
            state = random.random((3, *shape))
            expected = over_lines(
                lambda line, signals, k=number: climb_twin(line, signals, strengths, k),
                state[1],
                state[[0, 2]],
                axis=axis,
            )
            most = taxis.climb(
                lanes(state, axis), 1, np.array([0, 2]), strengths, number, work(taxis.WORK, shape[axis])
            )
            assert state[1] == pytest.approx(expected, rel=1e-12, abs=1e-14)
            assert most >= 1


def test_a_frozen_reaction_is_exact() -> None:
    random = np.random.default_rng(5)
    u, production = random.random((2, 3, 50))
    loss = 10.0 ** random.uniform(-20, 3, (3, 50))
    out = np.empty_like(u)
    for step in (1e-6, 0.1, 10.0):
        relax(u, production, loss, step, out)
        exact = u * np.exp(-loss * step) + production * -np.expm1(-loss * step) / loss
        assert out == pytest.approx(exact, rel=1e-12)


def volterra(u: np.ndarray, p: np.ndarray, production: np.ndarray, loss: np.ndarray) -> None:
    production[0], loss[0] = p[0] * u[0], p[1] * u[1]
    production[1], loss[1] = p[1] * u[0] * u[1], p[2]


def test_reactions_are_of_second_order() -> None:
    start, p = np.array([[1.0], [0.5]]), np.array([1.0, 1.3, 0.7])

    def ended(steps: int) -> np.ndarray:
        u, room = start.copy(), np.empty((3, 2, 1))
        for _ in range(steps):
            react(volterra, p, u, 2.0 / steps, room)
        return u

    errors = [np.abs(ended(n) - ended(4096)).max() for n in (16, 32, 64, 128)]
    assert all(1.8 < math.log2(a / b) < 2.2 for a, b in pairwise(errors))


def test_a_logistic_term_never_passes_its_limit() -> None:
    def logistic(u: np.ndarray, p: np.ndarray, production: np.ndarray, loss: np.ndarray) -> None:
        production[:] = loss[:] = 3.0 * u

    u, room = np.linspace(0.0, 1.0, 40)[None].copy(), np.empty((3, 1, 40))
    for _ in range(50):
        react(logistic, np.zeros(0), u, 2.0, room)
        assert u.max() <= 1.0
        assert u[0, 0] == 0.0
    assert u[0, 1:] == pytest.approx(np.ones(39))


# --- all of it together


def smooth(cells: int, steps: int, *, square: bool = False) -> np.ndarray:
    """Cells that climb a signal, diffuse where it leaves room, turn over; the signal grows and diffuses."""

    def rates(u: np.ndarray, p: np.ndarray, production: np.ndarray, loss: np.ndarray) -> None:
        production[0], loss[0] = 0.5 * u[0], 0.5 * u[0]
        production[1], loss[1] = 0.2 * u[0], 0.3
        production[2], loss[2] = 0.0, 0.0

    grid = Grid((1, cells if square else 1, cells), 1.0 / cells)
    movers = [
        Mover(0.02, hindered_by=1, follows=((1, 0.05),)),
        Mover(0.01),
        Mover(0.05, turnover=6.0, towards=0),
    ]
    x, y = np.meshgrid(grid.centres(2), grid.centres(1))
    wave = np.cos(np.pi * x) * (np.cos(np.pi * y) if square else 1.0)
    u = np.ascontiguousarray(np.stack([0.6 + 0.2 * wave, 0.5 - 0.3 * wave, 0.1 + 0.0 * wave])[:, None])
    Continuum(grid, movers, rates).advance(u, 0.8 / steps, steps)
    return u[:, 0]


def coarser(u: np.ndarray, square: bool) -> np.ndarray:
    u = u.reshape(*u.shape[:-1], -1, 2).mean(axis=-1)
    return u.reshape(u.shape[0], -1, 2, u.shape[-1]).mean(axis=2) if square else u


def test_the_whole_is_of_second_order_in_time() -> None:
    for square in (False, True):
        cells = 12 if square else 24
        finest = smooth(cells, 512, square=square)
        errors = [np.abs(smooth(cells, n, square=square) - finest).max() for n in (8, 16, 32)]
        assert all(1.8 < math.log2(a / b) < 2.3 for a, b in pairwise(errors)), errors


def test_the_whole_is_of_second_order_in_space_and_time() -> None:
    for square, counts in ((False, (40, 80, 160, 320)), (True, (10, 20, 40, 80))):
        runs = [smooth(n, n // 2, square=square) for n in counts]
        errors = [np.abs(a - coarser(b, square)).mean() for a, b in pairwise(runs)]
        assert all(1.7 < math.log2(a / b) < 2.5 for a, b in pairwise(errors)), errors


def test_diffusion_is_of_second_order_and_does_not_ring() -> None:
    """A wave in a closed box decays as its eigenvalue says; a jump under a long step stays within its range."""
    n, grid = 64, Grid((1, 1, 64), 1.0 / 64)
    wave = np.cos(np.pi * grid.centres(2))
    eigenvalue = (2.0 - 2.0 * math.cos(math.pi / n)) * n**2
    errors = []
    for steps in (4, 8, 16):
        u = (1.0 + wave)[None, None, None].copy()
        Continuum(grid, [Mover(1.0)]).advance(u, 0.2 / steps, steps)
        errors.append(np.abs(u[0, 0, 0] - 1.0 - wave * math.exp(-0.2 * eigenvalue)).max())
    assert all(1.8 < math.log2(a / b) < 2.2 for a, b in pairwise(errors))
    u = np.zeros((1, 1, 1, n))
    u[..., : n // 2] = 1.0
    solver = Continuum(grid, [Mover(1.0)])
    solver.advance(u, 1.0)
    assert solver.backward == 0
    assert u.min() > 0.0
    assert u.max() < 1.0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), step=st.floats(1e-4, 10.0), chi=st.floats(-5.0, 5.0), diffusion=st.floats(0.0, 2.0),
    spikes=st.booleans(), square=st.booleans(),
)  # fmt: skip
def test_transport_keeps_mass_and_sign(
    seed: int, step: float, chi: float, diffusion: float, spikes: bool, square: bool
) -> None:
    """Whatever the step: jumps, empty voxels, signals that attract and repel."""
    random = np.random.default_rng(seed)
    grid = Grid((1, 6 if square else 1, 23), 0.3)
    u = random.random((2, *grid.shape))
    if spikes:
        u *= random.random(u.shape) > 0.7
        u[0] *= 10.0 ** random.uniform(-12, 2, grid.shape)
    before = u.sum(axis=(1, 2, 3))
    solver = Continuum(grid, [Mover(diffusion, hindered_by=1, follows=((1, chi),)), Mover(0.3 * diffusion)])
    solver.advance(u, step, 3)
    assert u.min() >= 0.0
    assert u.sum(axis=(1, 2, 3)) == pytest.approx(before, rel=1e-12, abs=1e-300)


def test_a_long_step_beside_a_jump_stays_positive_by_backward_euler() -> None:
    grid = Grid((1, 1, 41), 1.0)
    u = np.zeros((1, 1, 1, 41))
    u[..., 20] = 1.0
    solver = Continuum(grid, [Mover(1.0)])
    for _ in range(30):
        solver.advance(u, 3.0)
        assert u.min() >= 0.0
    assert u.sum() == pytest.approx(1.0, rel=1e-13)
    assert solver.backward < 30  # only at first


def test_courant_rule() -> None:
    """As many substeps as bring the number of the fastest face to the limit, and then not one more."""
    grid = Grid((1, 1, 30), 0.5)
    u = np.stack([np.ones(grid.shape), np.linspace(0.0, 1.0, 30)[None, None]])
    number = 2.0 * (1.0 / 29) * 0.5 / grid.spacing**2  # of half a step
    for step, expected in ((1.0, 1), (0.999 * taxis.COURANT / number * 3, 3), (1.001 * taxis.COURANT / number * 3, 4)):
        solver = Continuum(grid, [Mover(follows=((1, 2.0),)), Mover()])
        solver.advance(u.copy(), step)
        assert solver.substeps == expected


def test_faces() -> None:
    grid = Grid((1, 9, 11), 0.5)
    held = Faces((HELD, HELD, FLUX, FLUX, FLUX, FLUX), (2.0, 1.0, 0.0, 0.0, 0.0, 0.0))
    solver = Continuum(grid, [Mover(1.0, faces=held), Mover(1.0, faces=Faces(values=(0.0, 0.0, 3.0, 0.0, 0.0, 0.0)))])
    u = np.zeros((2, *grid.shape))
    solver.hold(u)
    solver.advance(u, 0.5, 200)
    assert u[0, 0] == pytest.approx(np.tile(np.linspace(2.0, 1.0, 11), (9, 1)), rel=1e-9)
    entered = 3.0 * 11 * grid.spacing * 100.0
    assert u[1].sum() * grid.spacing**2 == pytest.approx(entered, rel=1e-12)


def test_turnover_and_diffusion_balance() -> None:
    """c'' + k (w - c) = 0 beside a step of w, as acid beside a tumour, however long the step."""
    grid = Grid((1, 1, 400), 0.01)
    x = grid.centres(2) - 2.0
    u = np.zeros((2, *grid.shape))
    u[0] = x < 0.0
    Continuum(grid, [Mover(), Mover(1.0, turnover=70.0, towards=0)]).advance(u, 1.0, 40)
    far = np.exp(-math.sqrt(70.0) * np.abs(x))
    assert u[1, 0, 0] == pytest.approx(np.where(x < 0.0, 1.0 - 0.5 * far, 0.5 * far), abs=1e-3)


def test_impossible_settings() -> None:
    grid = Grid((1, 1, 5), 1.0)
    for movers in (
        [Mover(-1.0)], [Mover(1.0, hindered_by=0)], [Mover(follows=((0, 1.0),))], [Mover(turnover=1.0)],
        [Mover(towards=1), Mover()],
    ):  # fmt: skip
        with pytest.raises(InputError):
            Continuum(grid, movers)
    assert Mover().faces is CLOSED
