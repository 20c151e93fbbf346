"""Nuclei of twelve real fields against outlines drawn by hand.

The settings of `ctc.images.segmentation` were chosen on the first four fields by name. A nucleus is found if an
object and it overlap by more than half of what they cover together; no object can do so with two. Means are
of the fields that hold nuclei (one of the twelve does not). Instances: see the note in the data's folder.
"""

from __future__ import annotations

import io
import lzma
from pathlib import Path

import numpy as np

from diaspore.ctc.images.packages import skimage, tifffile
from diaspore.ctc.images.segmentation import nuclei
from diaspore.validation.registry import Result

FOLDER = Path(__file__).parents[1] / "data" / "bbbc039"
TUNED = 4
PIXEL_UM = 0.656
OVERLAP = 0.5


def fields() -> list[str]:
    """Names of the fields, those that settings were chosen on first."""
    return sorted(file.stem for file in FOLDER.glob("*.png"))


def field(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Image (uint16) and labels of the nuclei, both ``[y, x]``."""
    image = tifffile().imread(io.BytesIO(lzma.decompress((FOLDER / f"{name}.tif.xz").read_bytes())))
    colours = skimage("io").imread(FOLDER / f"{name}.png")
    return image, skimage("measure").label(colours, connectivity=1)


def f1(truth: np.ndarray, found: np.ndarray, overlap: float = OVERLAP) -> float:
    """F1 of objects at an intersection over union above ``overlap`` (at least 0.5); 1 if there is nothing in either."""
    wanted, got = int(truth.max()), int(found.max())
    if wanted + got == 0:
        return 1.0
    common = np.zeros((wanted + 1, got + 1))
    np.add.at(common, (truth.ravel(), found.ravel()), 1)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0, keepdims=True) - common
    hits = int((common[1:, 1:] > overlap * union[1:, 1:]).sum())
    return 2.0 * hits / (wanted + got)


def scores() -> dict[str, float]:
    """F1 of each field, by name."""
    found = {}
    for name in fields():
        image, truth = field(name)
        found[name] = f1(truth, nuclei(image, PIXEL_UM))
    return found


def run() -> Result:
    """All twelve fields."""
    found = scores()
    # The field without nuclei, where nothing was found, says nothing of the others.
    real = [value for name, value in found.items() if field(name)[1].any()]
    each = ", ".join(f"{name} {value:.3f}" for name, value in found.items())
    result = Result()
    result.add("f1_mean", float(np.mean(real)), reason=each)
    result.add("f1_unseen", float(np.mean(real[TUNED:])))
    result.add("f1_worst", min(real))
    return result
