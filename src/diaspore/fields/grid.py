"""A regular grid of cubic voxels in one to three dimensions, and what holds at its faces."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diaspore.core.errors import InputError

FACES = ("x_low", "x_high", "y_low", "y_high", "z_low", "z_high")
"""Faces of the box, in the order of every table of faces."""

HELD, FLUX = 0, 1


@dataclass(frozen=True)
class Grid:
    """Voxels of edge ``spacing`` (um); arrays on it have the shape ``(nz, ny, nx)``, x running fastest.

    Attributes:
        shape: voxels along z, y and x; an axis of one voxel is left out (two or one dimension).
        spacing: edge of a voxel, um.
        origin: corner of the box with the least coordinates (x, y, z), um.
    """

    shape: tuple[int, int, int]
    spacing: float
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or max(self.shape) < 3:
            raise InputError(f"has the shape {self.shape}", field="grid", allowed="at least 3 voxels along some axis")
        if any(1 < n < 3 for n in self.shape):
            raise InputError(f"has the shape {self.shape}", field="grid", allowed="1, or 3 voxels and more, on an axis")

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of arrays (0: z, 1: y, 2: x) that have more than one voxel."""
        return tuple(axis for axis in range(3) if self.shape[axis] > 1)

    @property
    def size(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @property
    def voxel_volume(self) -> float:
        """Volume of a voxel, um3; in fewer than three dimensions the missing edges are one spacing long."""
        return self.spacing**3

    def centres(self, axis: int) -> np.ndarray:
        """Coordinates of voxel centres along an axis of arrays (0: z, 1: y, 2: x), um."""
        places: np.ndarray = self.origin[2 - axis] + self.spacing * (np.arange(self.shape[axis]) + 0.5)
        return places


@dataclass(frozen=True)
class Faces:
    """What holds at the six faces for one substance, in the order of `FACES`.

    Attributes:
        kinds: `HELD` (the outermost layer of voxels keeps ``values``) or `FLUX`.
        values: concentration, or what enters through the face, concentration times um/min; 0 is a closed face.
    """

    kinds: tuple[int, int, int, int, int, int] = (FLUX,) * 6
    values: tuple[float, float, float, float, float, float] = (0.0,) * 6

    @classmethod
    def all(cls, kind: Literal["held", "flux"], value: float = 0.0) -> Faces:
        """The same at every face."""
        return cls((HELD if kind == "held" else FLUX,) * 6, (value,) * 6)


CLOSED = Faces()
"""Nothing passes any face."""
