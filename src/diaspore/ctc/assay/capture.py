"""How many cells of a kind an assay keeps and recognises: by EpCAM, by size, by cytokeratin.

Levels differ between cells of a kind as log-normal numbers do; chances are averaged over them (Gauss and Hermite).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from diaspore.ctc.cells import CellKind

NODES = 64


@cache
def _normal() -> tuple[np.ndarray, np.ndarray]:
    z, w = np.polynomial.hermite_e.hermegauss(NODES)
    return z, w / w.sum()


def averaged_hill(median: float, spread: float, half: float, power: float) -> float:
    """Mean of x**h / (x**h + half**h) over a log-normal x."""
    if median <= 0.0:
        return 0.0
    if half <= 0.0:
        return 1.0
    z, w = _normal()
    return float(w @ (1.0 / (1.0 + np.exp(-power * (math.log(median / half) + spread * z)))))


@dataclass(frozen=True)
class ByEpcam:
    """Magnetic beads on EpCAM: half of the cells with ``half`` molecules are captured."""

    half: float
    power: float

    def share(self, kind: CellKind) -> float:
        """Of cells of a kind."""
        return averaged_hill(kind.epcam, kind.epcam_spread, self.half, self.power)


@dataclass(frozen=True)
class BySize:
    """A gap or pore: half of the cells of diameter ``pore`` (um) are kept, and a step of ``width`` wide leads there."""

    pore: float
    width: float

    def share(self, kind: CellKind) -> float:
        """Of cells of a kind."""
        z, w = _normal()
        size = kind.diameter * np.exp(kind.diameter_spread * z)
        return float(w @ (1.0 / (1.0 + np.exp(-np.clip((size - self.pore) / self.width, -500.0, 500.0)))))


@dataclass(frozen=True)
class All:
    """No capture: all nucleated cells are looked at."""

    def share(self, kind: CellKind) -> float:
        """Of cells of a kind."""
        return 1.0


Capture = ByEpcam | BySize | All


def recognised(kind: CellKind, half: float) -> float:
    """Share of cells of a kind that are called tumour cells by their cytokeratin; ``half`` of 0: all."""
    return averaged_hill(kind.cytokeratin, kind.marker_spread, half, 2.0)
