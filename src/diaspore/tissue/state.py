"""State of the cells of a tissue: a structure of arrays, in um and min.

All arrays have room for more cells than there are; the first ``count`` rows are cells. The order of rows follows the
places of cells and is changed now and then, so nothing may be remembered by row: a cell is known by its ``identity``.
"""

from __future__ import annotations

import numpy as np

FIELDS: dict[str, tuple[str, tuple[int, ...], str]] = {
    "place": ("f8", (4,), "x, y, z and radius, um"),
    "velocity": ("f8", (3,), "velocity of the mechanics step before, um/min"),
    "volumes": ("f8", (3,), "fluid, solid of the nucleus, solid of the cytoplasm, um3"),
    "heading": ("f4", (3,), "unit vector of its own motion; zero: none yet"),
    "nucleus_target": ("f8", (), "solid of the nucleus to which it grows, um3"),
    "pressure": ("f8", (), "sum over neighbours of squared overlaps (1 - distance/radii)^2"),
    "progress": ("f8", (), "of the phase: min for a dying cell; stages or share of it for a live one"),
    "burst": ("f8", (), "volume at which a necrotic cell bursts, um3"),
    "identity": ("u8", (), "persistent name; a daughter's derives from its mother's"),
    "founder": ("u8", (), "identity of the cell of the start from which it descends"),
    "generation": ("i4", (), "divisions since the start"),
    "divisions": ("i4", (), "daughters so far"),
    "kind": ("i4", (), "number of the cell type"),
    "phase": ("i4", (), "number of the phase of its cycle, or one of the states of dying"),
}
"""Array name -> dtype, shape of one cell, meaning."""

APOPTOTIC, SWELLING, LYSED = 100, 101, 102
"""States of dying, in place of a phase."""


class Cells:
    """The arrays of `FIELDS` as attributes, and how many cells there are.

    Attributes:
        count: number of cells.
        columns: further arrays by name, with the cells along their last axis; daughters inherit them.
    """

    count: int
    columns: dict[str, np.ndarray]

    place: np.ndarray
    velocity: np.ndarray
    volumes: np.ndarray
    heading: np.ndarray
    nucleus_target: np.ndarray
    pressure: np.ndarray
    progress: np.ndarray
    burst: np.ndarray
    identity: np.ndarray
    founder: np.ndarray
    generation: np.ndarray
    divisions: np.ndarray
    kind: np.ndarray
    phase: np.ndarray

    def __init__(self, room: int) -> None:
        self.count = 0
        self.columns = {}
        for name, (dtype, shape, _) in FIELDS.items():
            setattr(self, name, np.zeros((room, *shape), dtype=dtype))

    @property
    def room(self) -> int:
        """Cells for which there is room."""
        return len(self.identity)

    def reserve(self, room: int) -> None:
        """Make room for so many cells at least."""
        if room <= self.room:
            return
        room = max(room, self.room + self.room // 8 + 64)
        for name, (dtype, shape, _) in FIELDS.items():
            wider = np.zeros((room, *shape), dtype=dtype)
            wider[: self.count] = getattr(self, name)[: self.count]
            setattr(self, name, wider)
        for name, array in self.columns.items():
            wider = np.zeros((*array.shape[:-1], room), dtype=array.dtype)
            wider[..., : self.count] = array[..., : self.count]
            self.columns[name] = wider

    def inherit(self, mothers: np.ndarray, first: int) -> None:
        """Copy the columns of the rows ``mothers`` to those of their daughters, from the row ``first`` on."""
        for array in self.columns.values():
            array[..., first : first + len(mothers)] = array[..., mothers]

    def reorder(self, order: np.ndarray) -> None:
        """Keep the cells of the rows ``order`` (n,), in that order."""
        for name in FIELDS:
            array = getattr(self, name)
            array[: len(order)] = array[order]
        for array in self.columns.values():
            array[..., : len(order)] = array[..., order]
        self.count = len(order)
