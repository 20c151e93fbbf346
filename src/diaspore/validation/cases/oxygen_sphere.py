"""Steady oxygen in and around a sphere that consumes it."""

from __future__ import annotations

import itertools
import math

import numpy as np

from diaspore.fields.diffusion import Diffusion, Substance
from diaspore.fields.grid import Faces, Grid
from diaspore.fields.steady import Steady
from diaspore.validation.registry import Result

D, DECAY, UPTAKE, LEVEL = 1e5, 0.1, 10.0, 38.0
RADIUS, SHELL = 200.0, 500.0
HOLDING = 1e5  # 1/min: a rate that keeps the shell and what lies outside at its level


def run() -> Result:
    """Profiles at two spacings; the steady solver beside the transient one."""
    result = Result()
    result.add("profile_20um", _profile_error(20.0))
    result.add("profile_10um", _profile_error(10.0))
    extrapolated, order, residual = _beside_transient()
    result.add("steady_v_transient", extrapolated)
    result.add("transient_order", order)
    result.add("residual", residual)
    return result


def exact(r: np.ndarray) -> np.ndarray:
    """Level at distance ``r`` from the centre, um."""
    inner, outer = math.sqrt(D / (DECAY + UPTAKE)), math.sqrt(D / DECAY)
    s = RADIUS / inner
    # Unknowns: a sinh(r/inner)/r inside, (b exp(r/outer) + c exp(-r/outer))/r outside.
    up, down = math.exp(RADIUS / outer), math.exp(-RADIUS / outer)
    matrix = np.array(
        [
            [math.sinh(s), -up, -down],
            [math.cosh(s) / inner, -up / outer, down / outer],
            [0.0, math.exp(SHELL / outer), math.exp(-SHELL / outer)],
        ]
    )
    a, b, c = np.linalg.solve(matrix, [0.0, 0.0, LEVEL * SHELL])
    r = np.maximum(r, 1e-6)
    inside = a * np.sinh(np.minimum(r, RADIUS) / inner) / r
    return np.where(r < RADIUS, inside, (b * np.exp(r / outer) + c * np.exp(-r / outer)) / r)


def _distances(grid: Grid, fine: int = 1) -> np.ndarray:
    """Distance from the centre of all voxels' centres, or of ``fine`` points along each edge (last axis)."""
    shift = (np.arange(fine) + 0.5) / fine - 0.5
    lines = [(grid.centres(axis)[:, None] + grid.spacing * shift) ** 2 for axis in range(3)]
    z, y, x = lines
    square = z[:, None, None, :, None, None] + y[None, :, None, None, :, None] + x[None, None, :, None, None, :]
    return np.sqrt(square).reshape(*grid.shape, fine**3)


def _profile_error(spacing: float) -> float:
    count = round(2.0 * SHELL / spacing) + 4
    grid = Grid((count, count, count), spacing, (-0.5 * count * spacing,) * 3)
    substance = Substance(D, DECAY, Faces.all("held", LEVEL))
    share = np.stack([np.mean(plane < RADIUS, axis=-1) for plane in _planes(grid)])
    r = _distances(grid)[..., 0]
    outside = HOLDING * (r >= SHELL)
    u = np.full(grid.shape, LEVEL)
    Steady(grid, substance).solve(u, UPTAKE * share + outside, LEVEL * outside, 1e-12)
    within = r < SHELL
    return float(np.abs(u - exact(r))[within].max() / LEVEL)


def _planes(grid: Grid, fine: int = 4) -> list[np.ndarray]:
    """`_distances` plane by plane, because all of them would take gigabytes."""
    planes = []
    for z in range(grid.shape[0]):
        origin = (grid.origin[0], grid.origin[1], grid.origin[2] + z * grid.spacing)
        planes.append(_distances(Grid((1, *grid.shape[1:]), grid.spacing, origin), fine)[0])
    return planes


def _beside_transient() -> tuple[float, float, float]:
    """Steady against transient on one grid: extrapolated to no step, order in the step; and the residual."""
    grid = Grid((25, 25, 25), 40.0, (-500.0,) * 3)
    substance = Substance(D, DECAY, Faces.all("held", LEVEL))
    uptake = UPTAKE * (_distances(grid)[..., 0] < RADIUS)
    steady = np.full(grid.shape, LEVEL)
    Steady(grid, substance).solve(steady, uptake, np.zeros(grid.shape), 1e-9)
    ends = [_transient(grid, substance, uptake, step) for step in (0.005, 0.0025, 0.00125)]
    errors = [float(np.abs(end - steady).max()) for end in ends]
    once = [2.0 * fine - coarse for coarse, fine in itertools.pairwise(ends)]
    limit = (4.0 * once[1] - once[0]) / 3.0
    around = sum(np.roll(steady, way, axis) for axis in range(3) for way in (-1, 1))
    k = D / grid.spacing**2
    balance = k * (around - 6.0 * steady) - (DECAY + uptake) * steady
    residual = np.abs(balance[1:-1, 1:-1, 1:-1]).max() / (k * LEVEL)
    return float(np.abs(limit - steady).max() / LEVEL), math.log2(errors[1] / errors[2]), float(residual)


def _transient(grid: Grid, substance: Substance, uptake: np.ndarray, step: float) -> np.ndarray:
    """Level after 10 min of diffusion and uptake in turn, from the level at the walls everywhere."""
    solver = Diffusion(grid, [substance], step)
    u = np.full((1, *grid.shape), LEVEL)
    left = np.ones(grid.shape)
    inner = (slice(1, -1),) * 3
    left[inner] = 1.0 / (1.0 + step * uptake[inner])
    for _ in range(round(10.0 / step)):
        solver.advance(u)
        u[0] *= left
    result: np.ndarray = u[0]
    return result
