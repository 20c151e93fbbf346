"""Steady states against sparse direct solves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import diags, eye, kron
from scipy.sparse.linalg import spsolve

from diaspore.core.errors import DiasporeError
from diaspore.fields.diffusion import Diffusion, Substance
from diaspore.fields.grid import FLUX, HELD, Faces, Grid
from diaspore.fields.steady import Steady

MIXED = Faces((HELD, FLUX, FLUX, FLUX, HELD, HELD), (3.0, 2.0, 0.0, 1.0, 3.0, 5.0))


def direct(grid: Grid, s: Substance, u: np.ndarray, uptake: np.ndarray, source: np.ndarray) -> np.ndarray:
    """All voxels are unknowns here; held ones have a row of the identity."""
    parts, right = [], source.copy()
    k = s.diffusion / grid.spacing**2
    held = np.zeros(grid.shape, dtype=bool)
    for axis, n in enumerate(grid.shape):
        main = np.full(n, 2.0)
        if n == 1:
            parts.append(diags([[0.0]], [0]))
            continue
        main[0] = main[-1] = 1.0
        parts.append(diags([-np.ones(n - 1), main, -np.ones(n - 1)], [-1, 0, 1]))
        low = 2 * (2 - axis)
        for face, end in ((low, 0), (low + 1, -1)):
            if s.faces.kinds[face] == HELD:
                np.moveaxis(held, axis, 0)[end] = True
            else:
                np.moveaxis(right, axis, 0)[end] += s.faces.values[face] / grid.spacing
    nz, ny, nx = grid.shape
    whole = (
        kron(kron(parts[0], eye(ny)), eye(nx))
        + kron(kron(eye(nz), parts[1]), eye(nx))
        + kron(kron(eye(nz), eye(ny)), parts[2])
    ) * k + diags([(s.decay + uptake).ravel()], [0])
    free = diags([(~held).ravel().astype(float)], [0])
    fixed = diags([held.ravel().astype(float)], [0])
    answer: np.ndarray = spsolve((free @ whole + fixed).tocsc(), np.where(held, u, right).ravel())
    return answer.reshape(grid.shape)


@pytest.mark.parametrize("shape", [(1, 1, 17), (1, 14, 11), (9, 10, 13), (16, 16, 16)])
@pytest.mark.parametrize("faces", [Faces(), Faces.all("held", 7.0), MIXED], ids=["closed", "held", "mixed"])
def test_it_is_the_direct_solution(shape: tuple[int, int, int], faces: Faces) -> None:
    rng = np.random.default_rng(1)
    grid, s = Grid(shape, 20.0), Substance(1e4, 0.2, faces)
    uptake = rng.uniform(0.0, 30.0, shape) * (rng.random(shape) < 0.4)
    source = rng.uniform(0.0, 50.0, shape) * (rng.random(shape) < 0.2)
    u = Diffusion(grid, [s], 0.1).field()[0]
    expected = direct(grid, s, u, uptake, source)
    iterations = Steady(grid, s).solve(u, uptake, source, 1e-11)
    assert u == pytest.approx(expected, rel=1e-8)
    assert iterations < 40


def test_a_guess_near_the_answer_saves_work_and_bits_repeat() -> None:
    grid, s = Grid((20, 30, 40), 20.0), Substance(1e5, 0.1, Faces.all("held", 38.0))
    uptake = np.random.default_rng(2).uniform(0.0, 10.0, grid.shape)
    nothing, solver = np.zeros(grid.shape), Steady(grid, s)
    first, second = (Diffusion(grid, [s], 0.1).field()[0] for _ in range(2))
    cold = solver.solve(first, uptake, nothing)
    Steady(grid, s).solve(second, uptake, nothing)
    assert first.tobytes() == second.tobytes()
    assert solver.solve(first, 1.001 * uptake, nothing) < cold


def test_no_steady_state() -> None:
    grid = Grid((5, 5, 5), 20.0)
    nothing = np.zeros(grid.shape)
    with pytest.raises(DiasporeError, match="no steady state"):
        Steady(grid, Substance(1e4)).solve(np.zeros(grid.shape), nothing, nothing + 1.0)


@pytest.mark.parametrize("shape", [(30, 25, 21), (1, 130, 140)])
def test_threads_do_not_change_the_bits(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(2)
    grid, s = Grid(shape, 20.0), Substance(1e5, 0.1, Faces.all("held", 38.0))
    uptake = 10.0 * (rng.random(shape) < 0.3)
    found = []
    for threads in (1, 2, 3):
        u = Diffusion(grid, [s], 0.1).field()[0]
        iterations = Steady(grid, s).solve(u, uptake, np.zeros(shape), 1e-9, threads)
        found.append((u.tobytes(), iterations))
    assert found[0] == found[1] == found[2]


def test_what_fades_away_ends_at_nothing() -> None:
    # A source that decays from step to step drives less and less, down to numbers whose squares are none.
    grid = Grid((1, 8, 8), 20.0)
    solver = Steady(grid, Substance(1000.0, 0.01))
    u, uptake = np.full(grid.shape, 1e-150), np.zeros(grid.shape)
    for size in (1e-90, 1e-120, 1e-157, 1e-300, 0.0):
        source = np.full(grid.shape, size)
        source[0, 3, 3] *= 2.0
        solver.solve(u, uptake, source, 1e-7)
        assert np.all((u >= 0.0) & (u < 1e3 * size + 1e-300))
