"""Diffusion with decay in time: axis after axis, implicitly, so that any step is stable.

Two methods:

- ``implicit``: backward Euler along x, y and z in turn (locally one-dimensional splitting). First order in time; never
  makes a negative or a too large value. In three dimensions a plane does x and y while it is in the cache.
- ``second order``: Crank-Nicolson along the axes, x/2 y/2 z y/2 x/2 (Strang). Second order; a step far above
  spacing^2/D can overshoot beside sharp edges.

Decay is shared out among the axes. A flux through a face enters with the step of its axis. Source of the splitting:
``ghaffarizadeh2016``; held voxels are rows of the identity here and so are held within the solve too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diaspore.core.errors import InputError
from diaspore.core.jit import kernel
from diaspore.core.team import meet, part_of, run_team
from diaspore.fields.grid import CLOSED, FLUX, HELD, Faces, Grid
from diaspore.fields.lines import factors, inner, sweep_x, sweep_y, sweep_z

Method = Literal["implicit", "second order"]
ALONE = 40_000
"""Voxels below which one thread is faster than two that have to meet."""


@dataclass(frozen=True)
class Substance:
    """How one substance moves.

    Attributes:
        diffusion: um2/min.
        decay: 1/min.
        faces: what holds at the six faces.
    """

    diffusion: float
    decay: float = 0.0
    faces: Faces = CLOSED


@dataclass(frozen=True)
class Factors:
    """Tables of one time step for all S substances, as kernels take them.

    Attributes:
        x, y, z: (S, 3, n) factors of the solves along each axis.
        bounds: (S, 3, 2) voxels along z, y, x in no held face.
        gains: (S, 6) what a face adds to each of its voxels in a sweep of its axis.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    bounds: np.ndarray
    gains: np.ndarray

    def arrays(self) -> tuple[np.ndarray, ...]:
        """As arguments of a kernel."""
        return self.x, self.y, self.z, self.bounds, self.gains


class Diffusion:
    """Diffusion and decay of substances on a grid with a fixed time step.

    Args:
        grid: the grid.
        substances: how each of them moves.
        step: time step, min.
        method: see the module.
        dtype: of the field; single precision halves the memory and drifts (validation case diffusion_decay).

    Raises:
        InputError: a rate below 0, or a step that is not positive.
    """

    def __init__(
        self,
        grid: Grid,
        substances: Sequence[Substance],
        step: float,
        method: Method = "implicit",
        dtype: type[np.floating] = np.float64,
    ) -> None:
        if not step > 0.0 or not np.isfinite(step):
            raise InputError(f"must be above 0, got {step!r}", field="step")
        for substance in substances:
            for name in ("diffusion", "decay"):
                value = getattr(substance, name)
                if not value >= 0.0 or not np.isfinite(value):
                    raise InputError(f"must be at least 0, got {value!r}", field=name)
        self.grid, self.substances, self.step = grid, tuple(substances), step
        self.method, self.dtype = method, np.dtype(dtype)
        self.factors = self._factors(1.0 if method == "implicit" else 0.25)
        self._last = self._factors(1.0 if method == "implicit" else 0.5)

    def field(self) -> np.ndarray:
        """An empty field (S, nz, ny, nx): 0, and the held values at held faces."""
        u = np.zeros((len(self.substances), *self.grid.shape), dtype=self.dtype)
        self.hold(u)
        return u

    def hold(self, u: np.ndarray) -> None:
        """Set the voxels of held faces."""
        for values, substance in zip(u, self.substances, strict=True):
            for face in range(6):
                axis = 2 - face // 2
                if substance.faces.kinds[face] == HELD and self.grid.shape[axis] > 1:
                    np.moveaxis(values, axis, 0)[-1 if face % 2 else 0] = substance.faces.values[face]

    def advance(self, u: np.ndarray, steps: int = 1, threads: int = 1) -> None:
        """Advance a field (S, nz, ny, nx) in place; the bits do not depend on ``threads``."""
        members = 1 if self.grid.size < ALONE else threads
        if self.method == "implicit":
            run_team(members, _implicit, u, *self.factors.arrays(), steps)
        else:
            old = np.empty_like(u[0])
            run_team(members, _second_order, u, old, *self.factors.arrays(), *self._last.arrays(), steps)

    def _factors(self, share: float) -> Factors:
        """Tables for ``share`` of the step."""
        grid, axes = self.grid, self.grid.axes
        tables = [np.zeros((len(self.substances), 3, n), dtype=self.dtype) for n in grid.shape]
        bounds = np.zeros((len(self.substances), 3, 2), dtype=np.int64)
        gains = np.zeros((len(self.substances), 6), dtype=self.dtype)
        for s, substance in enumerate(self.substances):
            kinds = substance.faces.kinds
            bounds[s] = inner(grid.shape, kinds)
            for axis in axes:
                low = 2 * (2 - axis)
                number = share * self.step * substance.diffusion / grid.spacing**2
                decay = share * self.step * substance.decay / len(axes)
                tables[axis][s] = factors(grid.shape[axis], number, decay, kinds[low], kinds[low + 1])
                for face in (low, low + 1):
                    if kinds[face] == FLUX:
                        gains[s, face] = share * self.step * substance.faces.values[face] / grid.spacing
        return Factors(tables[2], tables[1], tables[0], bounds, gains)


@kernel
def along_x(u, z, y_from, y_to, f, gains):
    """Step along x of rows [y_from, y_to) of plane ``z``."""
    n = u.shape[2]
    if n == 1:
        return
    if gains[0] != 0.0 or gains[1] != 0.0:
        for y in range(y_from, y_to):
            u[z, y, 0] += gains[0]
            u[z, y, n - 1] += gains[1]
    sweep_x(u, z, y_from, y_to, f)


@kernel
def along_y(u, z, x_from, x_to, f, gains):
    """Step along y of columns [x_from, x_to) of plane ``z``."""
    n = u.shape[1]
    if n == 1:
        return
    if gains[2] != 0.0 or gains[3] != 0.0:
        for x in range(x_from, x_to):
            u[z, 0, x] += gains[2]
            u[z, n - 1, x] += gains[3]
    sweep_y(u, z, x_from, x_to, f)


@kernel
def along_z(u, y, x_from, x_to, f, gains):
    """Step along z of row ``y``."""
    n = u.shape[0]
    if n == 1:
        return
    if gains[4] != 0.0 or gains[5] != 0.0:
        for x in range(x_from, x_to):
            u[0, y, x] += gains[4]
            u[n - 1, y, x] += gains[5]
    sweep_z(u, y, x_from, x_to, f)


@kernel
def implicit_plane(u, z, fx, fy, bounds, gains):
    """Implicit steps along x and y of plane ``z`` of one substance; nothing in a held plane."""
    if bounds[0, 0] <= z < bounds[0, 1]:
        along_x(u, z, bounds[1, 0], bounds[1, 1], fx, gains)
        along_y(u, z, bounds[2, 0], bounds[2, 1], fy, gains)


@kernel
def implicit_row(u, y, fz, bounds, gains):
    """Implicit step along z of row ``y`` of one substance; nothing in a held row."""
    if bounds[1, 0] <= y < bounds[1, 1]:
        along_z(u, y, bounds[2, 0], bounds[2, 1], fz, gains)


@kernel
def implicit_step(team, rank, members, u, fx, fy, fz, bounds, gains):
    """One implicit step of all substances; members own planes (rows in two dimensions) and meet twice."""
    nz, ny, nx = u.shape[1], u.shape[2], u.shape[3]
    y_from, y_to = part_of(ny, rank, members)
    if nz == 1:
        x_from, x_to = part_of(nx, rank, members)
        for s in range(u.shape[0]):
            b = bounds[s]
            along_x(u[s], 0, max(y_from, b[1, 0]), min(y_to, b[1, 1]), fx[s], gains[s])
        meet(team, members)
        for s in range(u.shape[0]):
            b = bounds[s]
            along_y(u[s], 0, max(x_from, b[2, 0]), min(x_to, b[2, 1]), fy[s], gains[s])
        meet(team, members)
        return
    z_from, z_to = part_of(nz, rank, members)
    for s in range(u.shape[0]):
        for z in range(z_from, z_to):
            implicit_plane(u[s], z, fx[s], fy[s], bounds[s], gains[s])
    meet(team, members)
    for s in range(u.shape[0]):
        for y in range(y_from, y_to):
            implicit_row(u[s], y, fz[s], bounds[s], gains[s])
    meet(team, members)


@kernel
def _implicit(team, rank, members, u, fx, fy, fz, bounds, gains, steps):
    for _ in range(steps):
        implicit_step(team, rank, members, u, fx, fy, fz, bounds, gains)


@kernel
def _mirror(u, old, z, y, x_from, x_to):
    """Turn the implicit result at half the step into that of Crank-Nicolson: twice it less the old value."""
    row, was = u[z, y], old[z, y]
    for x in range(x_from, x_to):
        row[x] = row[x] + row[x] - was[x]


@kernel
def _middle(u, old, z, b, fx, fy, gains, forth):
    """Crank-Nicolson along x and y (``forth``), or along y and x, of plane ``z``."""
    if not b[0, 0] <= z < b[0, 1]:
        return
    for turn in range(2):
        if (turn == 0) == forth:
            if u.shape[2] > 1:
                old[z] = u[z]
                along_x(u, z, b[1, 0], b[1, 1], fx, gains)
                for y in range(b[1, 0], b[1, 1]):
                    _mirror(u, old, z, y, 0, u.shape[2])
        elif u.shape[1] > 1:
            old[z] = u[z]
            along_y(u, z, b[2, 0], b[2, 1], fy, gains)
            for y in range(u.shape[1]):
                _mirror(u, old, z, y, b[2, 0], b[2, 1])


@kernel
def _second_order(team, rank, members, u, old, fx, fy, fz, bounds, gains, lx, ly, lz, last_bounds, last_gains, steps):
    """``f*`` are factors of a quarter step (Crank-Nicolson over half), ``l*`` of half a step (over all of it)."""
    nz, ny = u.shape[1], u.shape[2]
    z_from, z_to = part_of(nz, rank, members)
    y_from, y_to = part_of(ny, rank, members)
    for _ in range(steps):
        for s in range(u.shape[0]):
            b, v = bounds[s], u[s]
            for z in range(z_from, z_to):
                _middle(v, old, z, b, fx[s], fy[s], gains[s], True)
            meet(team, members)
            if nz > 1:
                for y in range(max(y_from, b[1, 0]), min(y_to, b[1, 1])):
                    for z in range(nz):
                        old[z, y] = v[z, y]
                    along_z(v, y, b[2, 0], b[2, 1], lz[s], last_gains[s])
                    for z in range(nz):
                        _mirror(v, old, z, y, b[2, 0], b[2, 1])
                meet(team, members)
            for z in range(z_from, z_to):
                _middle(v, old, z, b, fx[s], fy[s], gains[s], False)
            meet(team, members)
