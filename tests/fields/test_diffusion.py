"""Diffusion against plain NumPy: matrices solved densely, axis after axis."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.fields.diffusion import Diffusion, Substance
from diaspore.fields.grid import FLUX, HELD, Faces, Grid

SHAPES = [(1, 1, 9), (1, 7, 11), (6, 5, 8), (7, 12, 13)]
MIXED = Faces((HELD, FLUX, FLUX, HELD, HELD, HELD), (3.0, 2.0, 0.0, 3.0, 3.0, 3.0))
CLOSED = Faces()
OPEN = Faces(values=(1.0, 0.5, 2.0, 0.0, 0.0, 4.0))


def matrix(n: int, number: float, decay: float, low: int, high: int) -> np.ndarray:
    m = np.diag(np.full(n, 1.0 + decay + 2.0 * number))
    m -= number * (np.eye(n, k=1) + np.eye(n, k=-1))
    for end, kind in ((0, low), (-1, high)):
        if kind == HELD:
            m[end] = 0.0
            m[end, end] = 1.0
        else:
            m[end, end] -= number
    return m


def inside(grid: Grid, kinds: tuple[int, ...], but: int) -> tuple[slice, ...]:
    """Lines along the axis ``but`` that lie in no held face."""
    parts = []
    for axis in range(3):
        low, high = kinds[2 * (2 - axis)], kinds[2 * (2 - axis) + 1]
        n = grid.shape[axis]
        if axis == but or n == 1:
            parts.append(slice(0, n))
        else:
            parts.append(slice(int(low == HELD), n - int(high == HELD)))
    return tuple(parts)


def sweep(grid: Grid, s: Substance, step: float, u: np.ndarray, axis: int, crank: bool) -> np.ndarray:
    if grid.shape[axis] == 1:
        return u
    low = 2 * (2 - axis)
    k = s.faces.kinds
    share = 0.5 * step if crank else step
    m = matrix(
        grid.shape[axis], share * s.diffusion / grid.spacing**2, share * s.decay / len(grid.axes), k[low], k[low + 1]
    )
    right = u.copy()
    for face, end in ((low, 0), (low + 1, -1)):
        if k[face] == FLUX:
            np.moveaxis(right, axis, 0)[end] += share * s.faces.values[face] / grid.spacing
    solved = np.moveaxis(np.linalg.solve(m, np.moveaxis(right, axis, -1)[..., None])[..., 0], -1, axis)
    where = inside(grid, k, axis)
    result = u.copy()
    result[where] = 2.0 * solved[where] - u[where] if crank else solved[where]
    return result


def twin(grid: Grid, s: Substance, step: float, u: np.ndarray, method: str) -> np.ndarray:
    if method == "implicit":
        plan = [(2, step), (1, step), (0, step)]
    else:
        half = 0.5 * step
        plan = [(2, half), (1, half), (0, step), (1, half), (2, half)]
    for axis, length in plan:
        u = sweep(grid, s, length, u, axis, method != "implicit")
    return u


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("faces", [CLOSED, OPEN, MIXED], ids=["closed", "open", "mixed"])
@pytest.mark.parametrize("method", ["implicit", "second order"])
def test_a_step_is_that_of_dense_matrices(shape: tuple[int, int, int], faces: Faces, method: str) -> None:
    grid = Grid(shape, 20.0)
    both = [Substance(1e5, 0.1, faces), Substance(3e4, 0.7, CLOSED)]
    solver = Diffusion(grid, both, 0.013, method)  # type: ignore[arg-type]
    u = np.random.default_rng(1).random((2, *shape))
    solver.hold(u)
    expected = u.copy()
    for _ in range(3):
        expected = np.stack([twin(grid, s, 0.013, v, method) for s, v in zip(both, expected, strict=True)])
    solver.advance(u, 3)
    assert u == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("method", ["implicit", "second order"])
@pytest.mark.parametrize("shape", [(35, 40, 45), (1, 230, 220)])
def test_threads_do_not_change_the_bits(method: str, shape: tuple[int, int, int]) -> None:
    grid = Grid(shape, 20.0)
    results = []
    for threads in (1, 2, 3):
        solver = Diffusion(grid, [Substance(1e5, 0.1, MIXED)], 0.01, method)  # type: ignore[arg-type]
        u = np.random.default_rng(2).random((1, *shape))
        solver.advance(u, 4, threads)
        results.append(u.tobytes())
    assert results[0] == results[1] == results[2]


def test_held_faces_stay() -> None:
    grid = Grid((6, 7, 8), 20.0)
    solver = Diffusion(grid, [Substance(1e5, 1.0, Faces.all("held", 38.0))], 0.1)
    u = solver.field()
    solver.advance(u, 500)
    assert np.all(u[0, 0] == 38.0)
    assert np.all(u[0, :, :, -1] == 38.0)
    assert 0.0 < u.min() < 38.0


def test_impossible_settings() -> None:
    grid = Grid((1, 1, 5), 20.0)
    for words in ({"step": 0.0}, {"step": np.nan}):
        with pytest.raises(InputError, match="must be above 0"):
            Diffusion(grid, [Substance(1.0)], **words)
    with pytest.raises(InputError, match="at least 0"):
        Diffusion(grid, [Substance(-1.0)], 0.1)
    with pytest.raises(InputError, match="shape"):
        Grid((1, 2, 5), 20.0)
