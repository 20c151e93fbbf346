"""Nuclei and cells of a field: where one ends and the next begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from diaspore.core.errors import InputError, nearest_name

METHODS = ("own", "otsu", "triangle")
"""How bright a pixel of a nucleus is: against the nucleus' own brightness, or one threshold for the field."""
SMOOTHED_NOISE = 0.2734375
"""Noise that is left of a pixel's after the window 1-4-6-4-1 in both directions: (1 + 16 + 36 + 16 + 1) / 256."""


class Segmenter(Protocol):
    """Anything that finds nuclei: ``Segmenter(image) -> labels``.

    ``image`` is the DNA channel as it was read, ``[y, x]``; the labels are whole numbers ``[y, x]``, 0 for background
    and 1, 2, … for nuclei. `plugins` makes such functions from StarDist and Cellpose.
    """

    def __call__(self, image: np.ndarray, /) -> np.ndarray:
        """Labels of the nuclei of one field."""


@dataclass(frozen=True)
class Segmentation:
    """How nuclei and cells are found; lengths in um, areas in um2. Defaults were chosen on four fields of BBBC039.

    ``noise``: a nucleus is brighter than so many standard deviations of the smoothed background; ``share``: its edge
    is where brightness falls to this part of its own (method "own"); ``depth`` (px) and ``neck``: two summits of the
    distance to the edge are two nuclei if the pass between them lies lower by both this much and this part.
    ``around``: how far a cell reaches beyond its nucleus; ``farthest``: the same where cytokeratin or CD45 goes on,
    down to the part ``rim`` of the cell's own brightness.
    """

    method: str = "own"
    noise: float = 10.0
    share: float = 0.45
    depth: float = 0.75
    neck: float = 0.12
    smallest_um2: float = 10.0
    largest_um2: float = 2000.0
    around_um: float = 1.5
    farthest_um: float = 6.0
    rim: float = 0.5

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            problem = f"there is no way {self.method!r} to find nuclei"
            raise InputError(problem, field="method", allowed=METHODS, nearest=nearest_name(self.method, METHODS))


def nuclei(image: np.ndarray, pixel_um: float, settings: Segmentation | None = None) -> np.ndarray:
    """Labels of the nuclei of a field, int32 ``[y, x]``, numbered from 1 by their first pixel.

    ``image``: DNA channel ``[y, x]``; ``pixel_um``: side of a pixel (um).
    """
    from diaspore.ctc.images.background import background
    from diaspore.ctc.images.kernels.smooth import smoothed

    image = np.ascontiguousarray(image)
    under = background(image)
    return nuclei_of(smoothed(image, under.grid), under.noise, pixel_um, settings or Segmentation())


def nuclei_of(values: np.ndarray, noise: float, pixel_um: float, settings: Segmentation) -> np.ndarray:
    """`nuclei`, from the smoothed channel less its background (float32) and the noise of one pixel before."""
    from diaspore.ctc.images.kernels.outline import kept, own_threshold
    from diaspore.ctc.images.kernels.split import basins, distances

    floor = settings.noise * SMOOTHED_NOISE * noise
    smallest, largest = settings.smallest_um2 / pixel_um**2, settings.largest_um2 / pixel_um**2
    if settings.method != "own":
        mask = values > max(floor, _threshold(values, settings.method))
    else:
        rough = basins(distances(values > floor), settings.depth, settings.neck)
        mask = own_threshold(values, rough, int(rough.max()), settings.share, 64)
    labels = basins(distances(filled(mask, smallest)), settings.depth, settings.neck)
    found: np.ndarray = kept(labels, int(labels.max()), smallest, largest)[0]
    return found


def filled(mask: np.ndarray, largest: float) -> np.ndarray:
    """A mask without holes (background that no straight step leads out of) of up to ``largest`` px."""
    from scipy.ndimage import label

    holes, count = label(~mask)
    if count <= 1:
        return mask
    small = np.bincount(holes.ravel(), minlength=count + 1) <= largest
    small[0] = False
    return mask | small[holes]


def cells(
    nuclei: np.ndarray, stained: np.ndarray, values: np.ndarray, pixel_um: float, settings: Segmentation
) -> np.ndarray:
    """Cells around nuclei, int32 ``[y, x]`` with the labels of their nuclei.

    A cell reaches ``around`` beyond its nucleus everywhere, and up to ``farthest`` where ``stained`` (bool ``[y, x]``)
    holds and ``values`` (stain, float32 ``[y, x]``) is above the part ``rim`` of the cell's own brightness; but never
    over a nucleus or what is closer to another one.
    """
    from diaspore.ctc.images.kernels.outline import grown, own_threshold

    seeds = nuclei.astype(np.int32, copy=False)
    near, far = settings.around_um / pixel_um, settings.farthest_um / pixel_um
    wide = grown(seeds, stained, near, far)
    bright = own_threshold(values, wide, int(seeds.max()), settings.rim, 64)
    found: np.ndarray = grown(seeds, bright, near, far)
    return found


def _threshold(values: np.ndarray, method: str) -> float:
    from diaspore.ctc.images.packages import skimage

    ways: dict[str, Callable[..., float]] = {
        "otsu": skimage("filters").threshold_otsu, "triangle": skimage("filters").threshold_triangle,
    }  # fmt: skip
    return 0.0 if values.max() <= values.min() else float(ways[method](values))
