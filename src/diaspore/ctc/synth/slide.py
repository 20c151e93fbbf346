"""A made-up field with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from diaspore.ctc.cells import TUMOUR_KINDS
from diaspore.ctc.images.frames import Frame
from diaspore.ctc.synth.optics import photograph
from diaspore.ctc.synth.paint import paint
from diaspore.ctc.synth.population import population
from diaspore.ctc.synth.spec import SlideSpec

STREAM = 0x51DE
"""Key of the random numbers of slides, beside the seed."""


@dataclass(frozen=True)
class Slide:
    """``images``: uint16 ``[channel, y, x]``; ``truth``: one row a cell; ``nuclei``, ``cells``: labels, row + 1.

    The truth has the columns of `population.population`, and ``tumour`` (whether it is a tumour cell), ``touches`` (its
    disc and that of another cell meet) and ``whole`` (it lies inside the field).
    """

    images: np.ndarray
    truth: pd.DataFrame
    nuclei: np.ndarray
    cells: np.ndarray
    spec: SlideSpec

    def frame(self, name: str = "synthetic") -> Frame:
        """The field as a reader would give it."""
        spec = self.spec
        return Frame(self.images, spec.channels, spec.pixel_um, spec.optics.top, name, name)


def make_slide(spec: SlideSpec | None = None, *, seed: int) -> Slide:
    """A field from a seed: the same seed and spec give the same bits."""
    spec = spec or SlideSpec()
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, STREAM], dtype=np.uint64)))
    cells = population(spec, rng)
    canvas = paint(spec, cells, rng)
    images = photograph(spec, canvas.light, rng)
    truth = cells.assign(
        tumour=cells["kind"].isin(TUMOUR_KINDS), touches=_touches(spec, cells), whole=_whole(spec, cells)
    )
    return Slide(images, truth, canvas.nuclei, canvas.cells, spec)


def _touches(spec: SlideSpec, cells: pd.DataFrame) -> np.ndarray:
    places = cells[["y", "x"]].to_numpy()
    radius = 0.5 * cells["diameter_um"].to_numpy() / spec.pixel_um
    found = np.zeros(len(cells), dtype=bool)
    if len(cells) > 1:
        pairs = cKDTree(places).query_pairs(2.0 * float(radius.max()), output_type="ndarray")
        apart = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
        near = pairs[apart < radius[pairs[:, 0]] + radius[pairs[:, 1]]]
        found[near.ravel()] = True
    return found


def _whole(spec: SlideSpec, cells: pd.DataFrame) -> np.ndarray:
    radius = 0.5 * cells["diameter_um"].to_numpy() / spec.pixel_um
    inside = np.ones(len(cells), dtype=bool)
    for axis, size in zip(("y", "x"), spec.shape, strict=True):
        inside &= (cells[axis].to_numpy() >= radius) & (cells[axis].to_numpy() <= size - 1 - radius)
    return inside
