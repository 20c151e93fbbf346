"""An invasion in memory: species on a grid from their usual start, advanced step by step."""

from __future__ import annotations

import numpy as np

from diaspore.core.errors import DiasporeError
from diaspore.fields.continuum import Continuum
from diaspore.fields.grid import Grid
from diaspore.fields.invasion.front import place_of
from diaspore.fields.invasion.model import Model
from diaspore.fields.invasion.models import MODELS
from diaspore.fields.invasion.spec import InvasionSpec


class Invasion:
    """State of a run.

    Args:
        spec: what the file says.

    Attributes:
        model: the model.
        values: all its parameters by name.
        u: (S, 1, ny, nx) the species.
        steps: done so far.
    """

    def __init__(self, spec: InvasionSpec) -> None:
        self.spec = spec
        self.model: Model = MODELS[spec.model]
        self.values = self.model.values(spec.parameters)
        domain, h = spec.domain, spec.domain.spacing
        ny = 1 if domain.y is None else round((domain.y[1] - domain.y[0]) / h)
        low_y = 0.0 if domain.y is None else domain.y[0]
        self.grid = Grid((1, ny, round((domain.x[1] - domain.x[0]) / h)), h, (domain.x[0], low_y, 0.0))
        parameters = [self.values[name] for name in self.model.parameters]
        self._solver = Continuum(self.grid, self.model.movers(self.values), self.model.rates, parameters)
        extent = self.model.extent if spec.initial.extent is None else spec.initial.extent
        start = self.model.start(self._distance(), extent, h, self.values)
        self.u = np.ascontiguousarray(np.stack(start)[:, None])
        self.steps = 0

    @property
    def time(self) -> float:
        """Time since the start."""
        return self.steps * self.spec.time_step

    @property
    def disc(self) -> bool:
        """Whether the tumour is a disc at the start."""
        return self.spec.domain.y is not None and self.spec.initial.shape != "edge"

    @property
    def line(self) -> np.ndarray:
        """(S, nx) the species along x, the first row in two dimensions."""
        row: np.ndarray = self.u[:, 0, 0]
        return row

    def advance(self, steps: int) -> None:
        """Advance by some steps.

        Raises:
            DiasporeError: a density is no longer a number.
        """
        self._solver.advance(self.u, self.spec.time_step, steps)
        self.steps += steps
        if not np.isfinite(self.u.sum()):
            raise DiasporeError(f"a density is no longer a number at time {self.time:g}; a shorter step may help")

    def place(self, species: int | None = None, level: float | None = None) -> float:
        """Where a species passes a level (by default those that mark the front); nan where it does not.

        With an edge the farthest such x, on average over rows; with a disc the radius of a disc as large as the area
        that is on the tumour's side.
        """
        s = self.model.watched if species is None else species
        at = self.model.level if level is None else level
        return place_of(self.u[s, 0], at, self.grid, disc=self.disc)

    def mass(self) -> np.ndarray:
        """(S,) integral of every species over the domain."""
        cell = self.grid.spacing ** (1 if self.spec.domain.y is None else 2)
        sums: np.ndarray = self.u.reshape(len(self.u), -1).sum(axis=1) * cell
        return sums

    def _distance(self) -> np.ndarray:
        """(ny, nx) distance of centres from the lower end of x, or from the centre of the disc."""
        x, y = self.grid.centres(2), self.grid.centres(1)
        if not self.disc:
            return np.broadcast_to(x - self.grid.origin[0], self.grid.shape[1:]).copy()
        middle = (0.5 * float(x[0] + x[-1]), 0.5 * float(y[0] + y[-1]))
        centre = self.spec.initial.centre or middle
        distance: np.ndarray = np.hypot(x[None, :] - centre[0], y[:, None] - centre[1])
        return distance
