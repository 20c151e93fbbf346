"""Cells that come into a tissue in the course of a run, from blood, lymph, marrow or the body."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from diaspore.tissue.scene import Scene
    from diaspore.tissue.state import Cells


@dataclass(frozen=True)
class Newcomers:
    """Cells that come in at once.

    Attributes:
        place: (n, 3) um.
        kind: (n,) numbers of cell types.
        identity: (n,) names that no other cell has or will have.
        columns: values of columns of cells by name, with the cells along the last axis; 0 in the others.
    """

    place: np.ndarray
    kind: np.ndarray
    identity: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)


def add_newcomers(cells: Cells, scene: Scene, new: Newcomers) -> slice:
    """Put them after the last row, mature and at rest; returns their rows."""
    first, n = cells.count, len(new.place)
    cells.reserve(first + n)
    rows = slice(first, first + n)
    k = scene.kinds[new.kind]
    solid = k["volume"] * (1.0 - k["fluid_fraction"])
    for name in ("velocity", "heading", "pressure", "progress", "burst", "generation", "divisions", "phase"):
        getattr(cells, name)[rows] = 0
    cells.place[rows, :3] = new.place
    cells.place[rows, 3] = np.cbrt(0.75 / math.pi * k["volume"])
    cells.kind[rows] = new.kind
    cells.volumes[rows, 0] = k["volume"] * k["fluid_fraction"]
    cells.volumes[rows, 1], cells.volumes[rows, 2] = k["nucleus"], solid - k["nucleus"]
    cells.nucleus_target[rows] = k["nucleus"] * (1 + k["phase_doubles"][:, 0])
    cells.identity[rows] = new.identity
    cells.founder[rows] = new.identity
    cells.count = first + n
    for name, column in cells.columns.items():
        column[..., rows] = new.columns.get(name, 0)
    return rows
