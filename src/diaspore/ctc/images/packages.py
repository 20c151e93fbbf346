"""Libraries for images, which not everybody has installed."""

from __future__ import annotations

import importlib
from typing import Any

from diaspore.core.errors import InputError


def _imported(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        problem = f"images need the package {package}, which is not installed"
        raise InputError(problem, allowed="pip install 'diaspore[ctc]'") from None


def tifffile() -> Any:
    """The module tifffile.

    Raises:
        InputError: it is not installed.
    """
    return _imported("tifffile", "tifffile")


def skimage(part: str) -> Any:
    """A module of scikit-image, such as ``filters``.

    Raises:
        InputError: it is not installed.
    """
    return _imported(f"skimage.{part}", "scikit-image")
