"""Nuclei by networks that others trained, for those who have them installed: StarDist, Cellpose."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.images.segmentation import Segmenter

PLUGINS = {"stardist": "stardist", "cellpose": "cellpose"}
"""Name of the segmenter -> package of PyPI."""


def segmenter(name: str) -> Segmenter:
    """A segmenter by name. Its model may be fetched from the internet by that package at the first use.

    Raises:
        InputError: no such segmenter, or its package is not installed.
    """
    if name not in PLUGINS:
        raise InputError(
            f"there is no segmenter {name!r}",
            field="segmenter",
            allowed=tuple(PLUGINS),
            nearest=nearest_name(name, PLUGINS),
        )
    modules = {"stardist": "stardist.models", "cellpose": "cellpose.models"}
    try:
        library = importlib.import_module(modules[name])
    except ImportError:
        problem = f"the segmenter {name} needs the package {PLUGINS[name]}, which is not installed"
        raise InputError(problem, field="segmenter", allowed=f"pip install {PLUGINS[name]}") from None
    return _stardist(library) if name == "stardist" else _cellpose(library)


def _stardist(library: Any) -> Segmenter:
    model = library.StarDist2D.from_pretrained("2D_versatile_fluo")

    def found(image: np.ndarray, /) -> np.ndarray:
        low, high = np.percentile(image, (1.0, 99.8))
        labels, _ = model.predict_instances((image - low) / max(float(high - low), 1.0))
        return np.asarray(labels, dtype=np.int32)

    return found


def _cellpose(library: Any) -> Segmenter:
    model = library.CellposeModel(gpu=False)

    def found(image: np.ndarray, /) -> np.ndarray:
        return np.asarray(model.eval(image)[0], dtype=np.int32)

    return found
