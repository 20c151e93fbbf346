"""Diffusion with decay against exact solutions."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
from scipy.fft import dctn, idctn
from scipy.special import erf

from diaspore.fields.diffusion import Diffusion, Method, Substance
from diaspore.fields.grid import Faces, Grid
from diaspore.validation.registry import Result

D, DECAY, WIDTH, EDGE, MINUTES = 1e5, 0.1, 100.0, 1000.0, 0.05
METHODS: tuple[Method, Method] = ("implicit", "second order")


def run() -> Result:
    """Orders, errors, conservation and faces."""
    result = Result()
    for method, order, error in zip(
        METHODS, ("implicit_order_time", "second_order_time"), ("gaussian_error", "gaussian_error_second"), strict=True
    ):
        result.add(order, _order([_time_error(method, n) for n in (8, 16, 32)]))
        result.add(error, _gaussian_error(method, 50, 0.01))
    result.add("order_space", _order([_gaussian_error("second order", n, 0.05 / 64) for n in (10, 20, 40)]))
    result.add("mass", _mass_drift(np.float64))
    result.add("single_precision", _mass_drift(np.float32))
    result.add("held_walls", _held_walls())
    result.add("flux_wall", _flux_wall())
    result.add("large_step", _large_step())
    return result


def _order(errors: list[float]) -> float:
    """Order from the last halving."""
    return math.log2(errors[-2] / errors[-1])


def _product(line: np.ndarray) -> np.ndarray:
    """Values in three dimensions of a product of the same function along each axis."""
    return reduce(np.multiply.outer, (line, line, line))


def _averages(count: int, minutes: float) -> np.ndarray:
    """Averages over the cells of a closed box of a Gaussian in its middle, spread for some time."""
    edges = np.linspace(-0.5 * EDGE, 0.5 * EDGE, count + 1)
    wide = math.sqrt(WIDTH**2 + 2.0 * D * minutes)
    below = sum(erf((edges - image * EDGE) / (wide * math.sqrt(2.0))) for image in range(-6, 7))
    mass = WIDTH * math.sqrt(2.0 * math.pi)
    averages: np.ndarray = mass * 0.5 * np.diff(below) * count / EDGE
    return averages


def _advanced(method: Method, count: int, step: float) -> np.ndarray:
    grid = Grid((count, count, count), EDGE / count)
    u = _product(_averages(count, 0.0))[None].copy()
    Diffusion(grid, [Substance(D, DECAY)], step, method).advance(u, round(MINUTES / step))
    return u[0]


def _gaussian_error(method: Method, count: int, step: float) -> float:
    exact = _product(_averages(count, MINUTES)) * math.exp(-DECAY * MINUTES)
    return float(np.abs(_advanced(method, count, step) - exact).max() / exact.max())


def _time_error(method: Method, steps: int, count: int = 25) -> float:
    """Error against the exact solution of the equations on the grid, by cosine transform."""
    spacing = EDGE / count
    wave = (2.0 - 2.0 * np.cos(np.pi * np.arange(count) / count)) * D / spacing**2
    rate = np.add.outer(np.add.outer(wave, wave), wave) + DECAY
    exact = idctn(dctn(_product(_averages(count, 0.0))) * np.exp(-rate * MINUTES))
    return float(np.abs(_advanced(method, count, MINUTES / steps) - exact).max() / exact.max())


def _mass_drift(dtype: type[np.floating]) -> float:
    grid = Grid((30, 40, 50), 20.0)
    solver = Diffusion(grid, [Substance(D)], 0.01, dtype=dtype)
    u = solver.field()
    u[0, 10:20, 15:25, 20:30] = 1.0
    before = u.sum(dtype=np.float64)
    solver.advance(u, 1000)
    return float(abs(u.sum(dtype=np.float64) / before - 1.0))


def _held_walls() -> float:
    grid = Grid((1, 1, 51), 20.0)
    faces = Faces((0, 0, 1, 1, 1, 1), (38.0, 10.0, 0.0, 0.0, 0.0, 0.0))
    solver = Diffusion(grid, [Substance(D, DECAY, faces)], 5.0)
    u = solver.field()
    solver.advance(u, 2000)
    x, length = grid.centres(2) - grid.centres(2)[0], math.sqrt(D / DECAY)
    across = x[-1] / length
    exact = (38.0 * np.sinh(across - x / length) + 10.0 * np.sinh(x / length)) / math.sinh(across)
    return float(np.abs(u[0, 0, 0] / exact - 1.0).max())


def _flux_wall() -> float:
    grid, flux, steps, step = Grid((10, 12, 14), 20.0), 3.0, 50, 0.02
    faces = Faces(values=(0.0, 0.0, flux, 0.0, 0.0, 0.0))
    solver = Diffusion(grid, [Substance(D, 0.0, faces)], step)
    u = solver.field()
    solver.advance(u, steps)
    area = 10 * 14 * grid.spacing**2
    return float(abs(u.sum() * grid.voxel_volume / (flux * area * steps * step) - 1.0))


def _large_step() -> float:
    grid = Grid((20, 20, 20), 20.0)
    solver = Diffusion(grid, [Substance(D)], 1000.0 * grid.spacing**2 / (6.0 * D))
    u = solver.field()
    u[0, 10, 10, 10] = 1.0
    solver.advance(u)
    return float(u.max() if u.min() >= 0.0 else np.inf)
