"""Species on a grid that diffuse, follow gradients and react: the terms of `spreading`, `taxis`, `reactions` together.

A step is Strang's symmetric splitting (``strang1968``): half a step of reactions and of taxis, a step of diffusion, and
the two halves in opposite order, every one of them second order and positive. Axes and species are taken one after the
other, in opposite order in the second half. The whole is second order where limiters and positivity allow; transport
keeps mass to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.fields import spreading, taxis
from diaspore.fields.grid import CLOSED, FLUX, HELD, Faces, Grid
from diaspore.fields.lanes import lanes
from diaspore.fields.reactions import Rates, react


@dataclass(frozen=True)
class Mover:
    """How one species moves.

    Attributes:
        diffusion: coefficient, spacing^2 per time.
        hindered_by: species j that hinders diffusion: the coefficient is ``diffusion (1 - u_j)``, at least 0; None for
            a constant one.
        turnover: rate k of a relaxation k (u_j - u) towards species j, taken together with diffusion.
        towards: that species.
        follows: species whose gradients it climbs, with the strength of each; below 0 it flees.
        faces: what holds at the faces.
    """

    diffusion: float = 0.0
    hindered_by: int | None = None
    turnover: float = 0.0
    towards: int | None = None
    follows: tuple[tuple[int, float], ...] = ()
    faces: Faces = CLOSED


class Continuum:
    """Species that diffuse, follow gradients and react.

    Args:
        grid: the grid.
        movers: how each of the S species moves.
        rates: production and loss (`reactions.Rates`); None for none.
        parameters: what ``rates`` is given.

    Attributes:
        substeps: most substeps of taxis that a lane needed so far.
        backward: lanes of diffusion so far that were done by backward Euler to stay positive.

    Raises:
        InputError: a coefficient below 0, or a species that hinders or follows itself.
    """

    def __init__(
        self, grid: Grid, movers: Sequence[Mover], rates: Rates | None = None, parameters: Sequence[float] = ()
    ) -> None:
        for s, mover in enumerate(movers):
            if not mover.diffusion >= 0.0 or not np.isfinite(mover.diffusion):
                raise InputError(f"must be at least 0, got {mover.diffusion!r}", field="diffusion")
            if s in (mover.hindered_by, mover.towards, *(signal for signal, _ in mover.follows)):
                raise InputError(f"species {s} must not hinder, turn towards or follow itself", field="movers")
            if mover.turnover < 0.0 or (mover.turnover > 0.0) != (mover.towards is not None):
                raise InputError("goes with a rate of turnover above 0", field="towards")
        self.grid, self.movers, self._rates = grid, tuple(movers), rates
        self._parameters = np.array(parameters, dtype=float)
        self._follows = [
            (np.array([s for s, _ in m.follows], dtype=np.int64), np.array([chi for _, chi in m.follows]))
            for m in movers
        ]
        self._coefficients = [np.full((1, 1, 1), m.diffusion) for m in movers]
        # Where what hinders or attracts diffuses itself, the order of species needs the symmetry as well.
        pairs = [s for m in movers for s in (m.hindered_by, m.towards) if s is not None]
        self._coupled = any(movers[s].diffusion > 0.0 for s in pairs)
        self._lane = np.empty((max(spreading.WORK, taxis.WORK), max(grid.shape)))
        self._work = np.empty((3, len(movers), grid.size)) if rates is not None else np.empty((3, 0, 0))
        self.substeps = self.backward = 0

    def hold(self, u: np.ndarray) -> None:
        """Set the voxels of held faces of ``u`` (S, nz, ny, nx)."""
        for values, mover in zip(u, self.movers, strict=True):
            for face in range(6):
                axis = 2 - face // 2
                if mover.faces.kinds[face] == HELD and self.grid.shape[axis] > 1:
                    np.moveaxis(values, axis, 0)[-1 if face % 2 else 0] = mover.faces.values[face]

    def advance(self, u: np.ndarray, step: float, steps: int = 1) -> None:
        """Advance ``u`` (S, nz, ny, nx), contiguous, in place."""
        axes, order = self.grid.axes[::-1], range(len(self.movers))
        # Diffusion along the last axis is the middle of the step: x/2 y/2 z y/2 x/2.
        shares = [(axis, 0.5) for axis in axes[:-1]]
        for _ in range(steps):
            self._react(u, 0.5 * step)
            self._move(u, 0.5 * step, axes, order)
            for axis, share in shares:
                self._spread(u, share * step, axis, order)
            if self._coupled:
                self._spread(u, 0.5 * step, axes[-1], order)
                self._spread(u, 0.5 * step, axes[-1], order[::-1])
            else:
                self._spread(u, step, axes[-1], order)
            for axis, share in shares[::-1]:
                self._spread(u, share * step, axis, order[::-1])
            self._move(u, 0.5 * step, axes[::-1], order[::-1])
            self._react(u, 0.5 * step)

    def _react(self, u: np.ndarray, step: float) -> None:
        if self._rates is not None:
            react(self._rates, self._parameters, u.reshape(len(u), -1), step, self._work)
            self.hold(u)

    def _move(self, u: np.ndarray, step: float, axes: Sequence[int], order: Sequence[int]) -> None:
        number = step / self.grid.spacing**2
        for axis in axes:
            for s in order:
                signals, strengths = self._follows[s]
                if len(signals):
                    work = self._lane[: taxis.WORK, : self.grid.shape[axis]]
                    most = taxis.climb(lanes(u, axis), s, signals, strengths, number, work)
                    self.substeps = max(self.substeps, most)
                    self.hold(u)

    def _spread(self, u: np.ndarray, step: float, axis: int, order: Sequence[int]) -> None:
        number, low = step / self.grid.spacing**2, 2 * (2 - axis)
        work = self._lane[: spreading.WORK, : self.grid.shape[axis]]
        for s in order:
            mover, coefficient = self.movers[s], self._coefficients[s]
            kinds, values = mover.faces.kinds, mover.faces.values
            gains = [step * values[f] / self.grid.spacing if kinds[f] == FLUX else 0.0 for f in (low, low + 1)]
            if mover.diffusion == 0.0 and mover.turnover == 0.0 and not any(gains):
                continue
            if mover.hindered_by is not None:
                coefficient = lanes(mover.diffusion * np.maximum(1.0 - u[mover.hindered_by], 0.0), axis)
            # Turnover is shared out among the axes.
            turnover = step * mover.turnover / len(self.grid.axes)
            target = lanes(u[s if mover.towards is None else mover.towards], axis)
            self.backward += spreading.spread(
                lanes(u[s], axis), coefficient, number, turnover, target, gains[0], gains[1], kinds[low],
                kinds[low + 1], work,
            )  # fmt: skip
            self.hold(u)
