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
from diaspore.core.team import meet, part_of, run_team
from diaspore.fields.diffusion import Substance
from diaspore.fields.grid import HELD, Grid

ALONE = 8_000  # unknowns below which one thread is faster than two that have to meet
COARSEST = 60  # unknowns below which the smoother alone solves
SMOOTHINGS, COARSE_SMOOTHINGS = 1, 20
MOST_ITERATIONS = 200
NOTHING = 1e-200
"""Sum of squares of all that drives a substance below which it counts as none; products of less would underflow."""


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
        self._work = np.zeros((5, *shape))  # the last stays 0
        self._sums = np.zeros((3, shape[0] * shape[1]))

    def solve(
        self, u: np.ndarray, uptake: np.ndarray, source: np.ndarray, tolerance: float = 1e-7, threads: int = 1
    ) -> int:
        """Bring ``u`` (nz, ny, nx) into balance with ``uptake`` (1/min) and ``source`` (level/min) of each voxel.

        ``u`` holds the values of held faces and a first guess; the residual's norm is brought below ``tolerance`` times
        that of everything that drives the substance. Returns the number of iterations. The bits do not depend on
        ``threads``.

        Raises:
            DiasporeError: no balance, as where a substance is neither held nor lost.
        """
        levels = self._levels
        finest = levels[0]
        finest.sink[:] = self.substance.decay + uptake[self._inner]
        for fine, coarse in pairwise(levels):
            _sum_up(fine.sink, coarse.sink, 0, coarse.sink.shape[0] * coarse.sink.shape[1])
        for level in levels:
            _weigh(level, self.conductance)
        if not self._any_loss():
            raise DiasporeError("a substance that is neither held at a face nor lost anywhere has no steady state")
        x = np.ascontiguousarray(u[self._inner])
        right = source[self._inner].astype(float)
        self._add_faces(u, right)
        driven = float(np.sum(_row_sums(right, right)))
        if driven < NOTHING:  # nothing comes in: what is lost anywhere is gone everywhere
            u[self._inner] = 0.0
            return 0
        enough = tolerance**2 * driven
        small = next((i for i, level in enumerate(levels) if level.sink.size < ALONE), len(levels) - 1)
        small = min(small, len(levels) - 1)
        members = threads if self.grid.size >= ALONE else 1
        count = np.zeros(1, dtype=np.int64)
        run_team(
            members, _conjugate_gradients, tuple(levels), small, self.conductance, x, right, self._work, self._sums,
            enough, count,
        )  # fmt: skip
        if count[0] > MOST_ITERATIONS or not np.isfinite(self._sums[0].sum()):
            raise DiasporeError(f"no steady state was found in {MOST_ITERATIONS} iterations")
        u[self._inner] = x
        return int(count[0])

    def _any_loss(self) -> bool:
        first = self._levels[0]
        held = any(near[0] > 0.0 or near[-1] > 0.0 for near in (first.near_z, first.near_y, first.near_x))
        return (held and self.conductance > 0.0) or bool(np.any(first.sink > 0.0))

    def _add_faces(self, u: np.ndarray, right: np.ndarray) -> None:
        """Add what held layers and fluxes bring to the voxels beside them."""
        for face in range(6):
            axis, high = 2 - face // 2, face % 2
            nothing = self.substance.faces.kinds[face] != HELD and self.substance.faces.values[face] == 0.0
            if nothing or self.grid.shape[axis] == 1:
                continue
            edge = np.moveaxis(right, axis, 0)[-1 if high else 0]
            if self.substance.faces.kinds[face] == HELD:
                across = tuple(part for a, part in enumerate(self._inner) if a != axis)
                edge += self.conductance * np.moveaxis(u, axis, 0)[-1 if high else 0][across]
            else:
                edge += self.substance.faces.values[face] / self.grid.spacing


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
def _row_sums(a, b):
    """Inner products (rows,) of the rows along x."""
    sums = np.empty(a.shape[0] * a.shape[1])
    _dot_rows(a, b, 0, sums.shape[0], sums)
    return sums


@kernel
def _dot_rows(a, b, first, last, sums):
    """Inner product of each row along x of [first, last), counted through z and y."""
    ny = a.shape[1]
    for r in range(first, last):
        p, q = a[r // ny, r % ny], b[r // ny, r % ny]
        row = 0.0
        for x in range(a.shape[2]):
            row += p[x] * q[x]
        sums[r] = row


@kernel
def _total(sums):
    """Sum in the order of rows, so that its bits depend on nothing but the numbers."""
    total = 0.0
    for r in range(sums.shape[0]):
        total += sums[r]
    return total


@kernel
def _combine(a, own, factor, b, first, last):
    """``a`` = own ``a`` + factor ``b`` in rows [first, last)."""
    ny = a.shape[1]
    for r in range(first, last):
        p, q = a[r // ny, r % ny], b[r // ny, r % ny]
        for x in range(a.shape[2]):
            p[x] = own * p[x] + factor * q[x]


@kernel
def _copy(a, b, first, last):
    """Copy rows [first, last) of ``a`` into ``b``."""
    ny = a.shape[1]
    for r in range(first, last):
        b[r // ny, r % ny][:] = a[r // ny, r % ny]


@kernel
def _fill(a, value, first, last):
    """Set rows [first, last)."""
    ny = a.shape[1]
    for r in range(first, last):
        a[r // ny, r % ny][:] = value


@kernel
def _apply(level, v, k, right, sign, result, first, last):
    """``result`` = right + sign * A v in rows [first, last)."""
    nz, ny, nx = v.shape
    wide_x, link_x = level.wide_x, level.link_x
    for r in range(first, last):
        z, y = r // ny, r % ny
        here, out, own, add = v[z, y], result[z, y], level.weight[z, y], right[z, y]
        above, below = v[min(z + 1, nz - 1), y], v[max(z - 1, 0), y]
        after, before = v[z, min(y + 1, ny - 1)], v[z, max(y - 1, 0)]
        wide_z, wide_y = level.wide_z[z], level.wide_y[y]
        a, b = k * wide_y * level.link_z[z + 1], k * wide_y * level.link_z[z]
        c, d = k * wide_z * level.link_y[y + 1], k * wide_z * level.link_y[y]
        along = k * wide_z * wide_y
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
def _smooth(level, k, colour, first, last):
    """Gauss-Seidel over voxels of one colour in rows [first, last)."""
    v = level.solution
    nz, ny, nx = v.shape
    wide_x, link_x = level.wide_x, level.link_x
    for r in range(first, last):
        z, y = r // ny, r % ny
        here, own, add = v[z, y], level.inverse[z, y], level.right[z, y]
        above, below = v[min(z + 1, nz - 1), y], v[max(z - 1, 0), y]
        after, before = v[z, min(y + 1, ny - 1)], v[z, max(y - 1, 0)]
        wide_z, wide_y = level.wide_z[z], level.wide_y[y]
        a, b = k * wide_y * level.link_z[z + 1], k * wide_y * level.link_z[z]
        c, d = k * wide_z * level.link_y[y + 1], k * wide_z * level.link_y[y]
        along = k * wide_z * wide_y
        for x in range((z + y + colour) % 2, nx, 2):
            brought = wide_x[x] * (a * above[x] + b * below[x] + c * after[x] + d * before[x])
            left, next_ = here[x - (x > 0)], here[x + (x < nx - 1)]
            brought += along * (link_x[x] * left + link_x[x + 1] * next_)
            here[x] = (add[x] + brought) * own[x]


@kernel
def _sum_up(fine, coarse, first, last):
    """Sums over the voxels that coarse ones join, in coarse rows [first, last)."""
    nz, ny, nx = fine.shape
    many = coarse.shape[1]
    for r in range(first, last):
        out = coarse[r // many, r % many]
        out[:] = 0.0
        z, y = 2 * (r // many), 2 * (r % many)
        for i in range(z, min(z + 2, nz)):
            for j in range(y, min(y + 2, ny)):
                row = fine[i, j]
                for x in range(nx):
                    out[x // 2] += row[x]


@kernel
def _spread(coarse, fine, first, last):
    """Add the coarse correction to all voxels that it stands for, in fine rows [first, last)."""
    ny = fine.shape[1]
    for r in range(first, last):
        z, y = r // ny, r % ny
        row, here = coarse[z // 2, y // 2], fine[z, y]
        for x in range(fine.shape[2]):
            here[x] += row[x // 2]


@kernel
def _coarse_cycle(levels, first, k):
    """A V-cycle from level ``first`` down and back, by one member."""
    last = len(levels) - 1
    for n in range(first, last):
        level, coarse = levels[n], levels[n + 1]
        rows = level.sink.shape[0] * level.sink.shape[1]
        _fill(level.solution, 0.0, 0, rows)
        for sweep in range(2 * SMOOTHINGS):
            _smooth(level, k, sweep % 2, 0, rows)
        _apply(level, level.solution, k, level.right, -1.0, level.residual, 0, rows)
        _sum_up(level.residual, coarse.right, 0, coarse.sink.shape[0] * coarse.sink.shape[1])
    level = levels[last]
    rows = level.sink.shape[0] * level.sink.shape[1]
    _fill(level.solution, 0.0, 0, rows)
    for sweep in range(2 * COARSE_SMOOTHINGS):
        _smooth(level, k, sweep % 2, 0, rows)
    for sweep in range(2 * COARSE_SMOOTHINGS):
        _smooth(level, k, (sweep + 1) % 2, 0, rows)
    for n in range(last - 1, first - 1, -1):
        level = levels[n]
        rows = level.sink.shape[0] * level.sink.shape[1]
        _spread(levels[n + 1].solution, level.solution, 0, rows)
        for sweep in range(2 * SMOOTHINGS):
            _smooth(level, k, (sweep + 1) % 2, 0, rows)


@kernel
def _cycle(team, rank, members, levels, small, k):
    """A V-cycle for the right-hand side of the finest level; levels from ``small`` on are done by the first member."""
    for n in range(small):
        level, coarse = levels[n], levels[n + 1]
        first, last = part_of(level.sink.shape[0] * level.sink.shape[1], rank, members)
        _fill(level.solution, 0.0, first, last)
        meet(team, members)
        for sweep in range(2 * SMOOTHINGS):
            _smooth(level, k, sweep % 2, first, last)
            meet(team, members)
        _apply(level, level.solution, k, level.right, -1.0, level.residual, first, last)
        meet(team, members)
        first, last = part_of(coarse.sink.shape[0] * coarse.sink.shape[1], rank, members)
        _sum_up(level.residual, coarse.right, first, last)
    meet(team, members)
    if rank == 0:
        _coarse_cycle(levels, small, k)
    meet(team, members)
    for n in range(small - 1, -1, -1):
        level = levels[n]
        first, last = part_of(level.sink.shape[0] * level.sink.shape[1], rank, members)
        _spread(levels[n + 1].solution, level.solution, first, last)
        meet(team, members)
        for sweep in range(2 * SMOOTHINGS):
            _smooth(level, k, (sweep + 1) % 2, first, last)
            meet(team, members)


@kernel
def _conjugate_gradients(team, rank, members, levels, small, k, x, right, work, sums, enough, count):
    """Solve A x = right; members own rows. ``count`` (1,) receives the iterations, one more than allowed at failure."""
    finest = levels[0]
    residual, direction, preconditioned, applied, nothing = work[0], work[1], work[2], work[3], work[4]
    rows = x.shape[0] * x.shape[1]
    first, last = part_of(rows, rank, members)
    iterations, before = 0, 1.0
    _apply(finest, x, k, right, -1.0, residual, first, last)
    _dot_rows(residual, residual, first, last, sums[0])
    meet(team, members)
    while _total(sums[0]) > enough and iterations <= MOST_ITERATIONS:
        _copy(residual, finest.right, first, last)
        _cycle(team, rank, members, levels, small, k)
        _copy(finest.solution, preconditioned, first, last)
        _dot_rows(residual, preconditioned, first, last, sums[1])
        meet(team, members)
        now = _total(sums[1])
        _combine(direction, now / before if iterations > 0 else 0.0, 1.0, preconditioned, first, last)
        before = now
        meet(team, members)
        _apply(finest, direction, k, nothing, 1.0, applied, first, last)
        _dot_rows(direction, applied, first, last, sums[2])
        meet(team, members)
        curvature = _total(sums[2])
        step = now / curvature if curvature > 0.0 else 0.0
        _combine(x, 1.0, step, direction, first, last)
        _combine(residual, 1.0, -step, applied, first, last)
        _dot_rows(residual, residual, first, last, sums[0])
        meet(team, members)
        iterations += 1
    if rank == 0:
        count[0] = iterations
