"""Steady states: the level at which diffusion, decay, uptake and secretion balance.

Solves ``D lap u - (decay + uptake) u + source = 0`` by conjugate gradients with one V-cycle of geometric multigrid as
preconditioner. Coarse grids join voxels by two along every axis and are discretised anew with the widths they have, so
that any number of voxels is allowed; the smoother is Gauss-Seidel in red and black, in opposite order after the coarse
correction, which keeps the preconditioner symmetric. Held faces are no unknowns; a start near the answer, such as the
field before cells have moved, saves most of the work.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from diaspore.core.errors import DiasporeError
from diaspore.core.jit import kernel
from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import HELD, Grid

COARSEST = 60  # unknowns below which the smoother alone solves
SMOOTHINGS, COARSE_SMOOTHINGS = 1, 20
MOST_ITERATIONS = 200


Lengths = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class Level(NamedTuple):
    """One grid: ``sink`` (nz, ny, nx), and for z, y, x the widths and one over the distances between centres.

    Lengths are in voxels, sinks and residuals are sums over the voxels joined.
    """

    sink: np.ndarray
    wide_z: np.ndarray
    wide_y: np.ndarray
    wide_x: np.ndarray
    near_z: np.ndarray  # (nz + 1,): between planes i - 1 and i, at the ends to a held layer, or 0
    near_y: np.ndarray
    near_x: np.ndarray
    link_z: np.ndarray  # the same without held layers
    link_y: np.ndarray
    link_x: np.ndarray
    weight: np.ndarray  # of a voxel's own value in the equations
    inverse: np.ndarray  # one over it
    solution: np.ndarray
    right: np.ndarray
    residual: np.ndarray

    def lengths(self) -> Lengths:
        """What kernels need of the grid."""
        return self.wide_z, self.wide_y, self.wide_x, self.link_z, self.link_y, self.link_x


class Steady:
    """Solver of one substance on a grid; uptake and sources are given with every call.

    Args:
        grid: the grid.
        substance: diffusion, decay and faces.
    """

    def __init__(self, grid: Grid, substance: Substance) -> None:
        self.grid, self.substance = grid, substance
        kinds = substance.faces.kinds
        ends = [(kinds[2 * (2 - axis)] == HELD, kinds[2 * (2 - axis) + 1] == HELD) for axis in range(3)]
        ends = [(low and n > 1, high and n > 1) for (low, high), n in zip(ends, grid.shape, strict=True)]
        self._inner = tuple(slice(int(low), n - int(high)) for (low, high), n in zip(ends, grid.shape, strict=True))
        shape = tuple(part.stop - part.start for part in self._inner)
        self.conductance = substance.diffusion / grid.spacing**2
        self._levels = [_level([np.ones(n) for n in shape], ends)]
        while self._levels[-1].sink.size > COARSEST and max(self._levels[-1].sink.shape) > 1:
            last = self._levels[-1]
            wider = [_joined(w) for w in (last.wide_z, last.wide_y, last.wide_x)]
            self._levels.append(_level(wider, ends))
        self._work = np.zeros((4, *shape))

    def solve(self, u: np.ndarray, uptake: np.ndarray, source: np.ndarray, tolerance: float = 1e-7) -> int:
        """Bring ``u`` (nz, ny, nx) into balance with ``uptake`` (1/min) and ``source`` (level/min) of each voxel.

        ``u`` holds the values of held faces and a first guess; the residual's norm is brought below ``tolerance`` times
        that of everything that drives the substance. Returns the number of iterations.

        Raises:
            DiasporeError: no balance, as where a substance is neither held nor lost.
        """
        levels = self._levels
        finest = levels[0]
        finest.sink[:] = self.substance.decay + uptake[self._inner]
        for fine, coarse in pairwise(levels):
            _sum_up(fine.sink, coarse.sink)
        for level in levels:
            _weigh(level, self.conductance)
        if not self._any_loss():
            raise DiasporeError("a substance that is neither held at a face nor lost anywhere has no steady state")
        x = np.ascontiguousarray(u[self._inner])
        right = source[self._inner].astype(float)
        self._add_faces(u, right)
        enough = tolerance**2 * _dot(right, right)
        k, iterations, last = self.conductance, 0, 1.0
        residual, direction, preconditioned, applied = self._work
        nothing = np.zeros_like(x)
        _apply(x, k, finest.weight, *finest.lengths(), right, -1.0, residual)
        while _dot(residual, residual) > enough:
            if iterations == MOST_ITERATIONS:
                raise DiasporeError(f"no steady state was found in {MOST_ITERATIONS} iterations")
            self._cycle(residual, preconditioned)
            now = _dot(residual, preconditioned)
            _combine(direction, now / last if iterations else 0.0, 1.0, preconditioned)
            last = now
            _apply(direction, k, finest.weight, *finest.lengths(), nothing, 1.0, applied)
            step = now / _dot(direction, applied)
            _combine(x, 1.0, step, direction)
            _combine(residual, 1.0, -step, applied)
            iterations += 1
        u[self._inner] = x
        return iterations

    def _any_loss(self) -> bool:
        first = self._levels[0]
        held = any(near[0] > 0.0 or near[-1] > 0.0 for near in (first.near_z, first.near_y, first.near_x))
        return (held and self.conductance > 0.0) or bool(np.any(first.sink > 0.0))

    def _add_faces(self, u: np.ndarray, right: np.ndarray) -> None:
        """Add what held layers and fluxes bring to the voxels beside them."""
        for face in range(6):
            axis, high = 2 - face // 2, face % 2
            if self.grid.shape[axis] == 1:
                continue
            edge = np.moveaxis(right, axis, 0)[-1 if high else 0]
            if self.substance.faces.kinds[face] == HELD:
                across = tuple(part for a, part in enumerate(self._inner) if a != axis)
                edge += self.conductance * np.moveaxis(u, axis, 0)[-1 if high else 0][across]
            else:
                edge += self.substance.faces.values[face] / self.grid.spacing

    def _cycle(self, residual: np.ndarray, result: np.ndarray) -> None:
        """One V-cycle for the correction that belongs to ``residual``."""
        levels, k = self._levels, self.conductance
        levels[0].right[:] = residual
        for fine, coarse in pairwise(levels):
            fine.solution[:] = 0.0
            self._smooth(fine, SMOOTHINGS, 0)
            _apply(fine.solution, k, fine.weight, *fine.lengths(), fine.right, -1.0, fine.residual)
            _sum_up(fine.residual, coarse.right)
        levels[-1].solution[:] = 0.0
        self._smooth(levels[-1], COARSE_SMOOTHINGS, 0)
        self._smooth(levels[-1], COARSE_SMOOTHINGS, 1)
        for fine, coarse in zip(levels[-2::-1], levels[:0:-1], strict=True):
            _spread(coarse.solution, fine.solution)
            self._smooth(fine, SMOOTHINGS, 1)
        result[:] = levels[0].solution

    def _smooth(self, level: Level, times: int, first: int) -> None:
        _smooth(level.solution, self.conductance, level.inverse, *level.lengths(), level.right, times, first)


def _joined(wide: np.ndarray) -> np.ndarray:
    """Widths after joining two by two; the last may stay alone."""
    return np.add.reduceat(wide, np.arange(0, len(wide), 2))


def _level(wide: list[np.ndarray], ends: list[tuple[bool, bool]]) -> Level:
    near = []
    for w, (low, high) in zip(wide, ends, strict=True):
        distance = np.concatenate([[0.5 * (w[0] + 1.0)], 0.5 * (w[1:] + w[:-1]), [0.5 * (w[-1] + 1.0)]])
        between = 1.0 / distance
        between[0] *= low
        between[-1] *= high
        near.append(between)
    links = [np.concatenate([[0.0], between[1:-1], [0.0]]) for between in near]
    shape = tuple(len(w) for w in wide)
    return Level(np.zeros(shape), *wide, *near, *links, *(np.zeros(shape) for _ in range(5)))


@kernel
def _dot(a, b):
    """Inner product, summed row by row, so that its bits depend on nothing but the numbers."""
    total = 0.0
    for z in range(a.shape[0]):
        for y in range(a.shape[1]):
            p, q = a[z, y], b[z, y]
            row = 0.0
            for x in range(a.shape[2]):
                row += p[x] * q[x]
            total += row
    return total


@kernel
def _combine(a, own, factor, b):
    """``a`` = own ``a`` + factor ``b``."""
    for z in range(a.shape[0]):
        for y in range(a.shape[1]):
            p, q = a[z, y], b[z, y]
            for x in range(a.shape[2]):
                p[x] = own * p[x] + factor * q[x]


@kernel
def _weigh(level, k):
    """``weight``: of a voxel's own value in A."""
    near_z, near_y, near_x = level.near_z, level.near_y, level.near_x
    nz, ny, nx = level.sink.shape
    for z in range(nz):
        for y in range(ny):
            area = level.wide_z[z] * level.wide_y[y]
            across = level.wide_z[z] * (near_y[y] + near_y[y + 1]) + level.wide_y[y] * (near_z[z] + near_z[z + 1])
            for x in range(nx):
                own = area * (near_x[x] + near_x[x + 1]) + level.wide_x[x] * across
                weight = k * own + level.sink[z, y, x]
                level.weight[z, y, x] = weight
                level.inverse[z, y, x] = 1.0 / weight if weight > 0.0 else 0.0


@kernel
def _apply(v, k, weight, wide_z, wide_y, wide_x, link_z, link_y, link_x, right, sign, result):
    """``result`` = right + sign * A v."""
    nz, ny, nx = v.shape
    for z in range(nz):
        for y in range(ny):
            here, out, own, add = v[z, y], result[z, y], weight[z, y], right[z, y]
            above, below = v[min(z + 1, nz - 1), y], v[max(z - 1, 0), y]
            after, before = v[z, min(y + 1, ny - 1)], v[z, max(y - 1, 0)]
            a, b = k * wide_y[y] * link_z[z + 1], k * wide_y[y] * link_z[z]
            c, d = k * wide_z[z] * link_y[y + 1], k * wide_z[z] * link_y[y]
            along = k * wide_z[z] * wide_y[y]
            for x in range(nx):
                brought = wide_x[x] * (a * above[x] + b * below[x] + c * after[x] + d * before[x])
                out[x] = own[x] * here[x] - brought
            for x in range(1, nx):
                out[x] -= along * link_x[x] * here[x - 1]
            for x in range(nx - 1):
                out[x] -= along * link_x[x + 1] * here[x + 1]
            for x in range(nx):
                out[x] = add[x] + sign * out[x]


@kernel
def _smooth(v, k, inverse, wide_z, wide_y, wide_x, link_z, link_y, link_x, right, times, first):
    """Gauss-Seidel over voxels of one colour, then of the other, beginning with colour ``first``."""
    nz, ny, nx = v.shape
    for sweep in range(2 * times):
        colour = (first + sweep) % 2
        for z in range(nz):
            for y in range(ny):
                here, own, add = v[z, y], inverse[z, y], right[z, y]
                above, below = v[min(z + 1, nz - 1), y], v[max(z - 1, 0), y]
                after, before = v[z, min(y + 1, ny - 1)], v[z, max(y - 1, 0)]
                a, b = k * wide_y[y] * link_z[z + 1], k * wide_y[y] * link_z[z]
                c, d = k * wide_z[z] * link_y[y + 1], k * wide_z[z] * link_y[y]
                along = k * wide_z[z] * wide_y[y]
                for x in range((z + y + colour) % 2, nx, 2):
                    brought = wide_x[x] * (a * above[x] + b * below[x] + c * after[x] + d * before[x])
                    left, next_ = here[x - (x > 0)], here[x + (x < nx - 1)]
                    brought += along * (link_x[x] * left + link_x[x + 1] * next_)
                    here[x] = (add[x] + brought) * own[x]


@kernel
def _sum_up(fine, coarse):
    """Sums over the voxels that a coarse one joins."""
    coarse[:] = 0.0
    nz, ny, nx = fine.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                coarse[z // 2, y // 2, x // 2] += fine[z, y, x]


@kernel
def _spread(coarse, fine):
    """Add the coarse correction to all voxels it stands for."""
    nz, ny, nx = fine.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                fine[z, y, x] += coarse[z // 2, y // 2, x // 2]
