"""Pictures of a fit by its name: each module ``viz/fit_NAME.py`` offers ``pictures(result)``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from matplotlib.figure import Figure

from diaspore.inference.artefact import Artefact
from diaspore.viz import style

MODULES = {"seer": "fit_seer", "tropism": "fit_tropism"}
"""Name of a fit -> module of this package that draws it."""


def draw(result: Artefact, folder: Path) -> list[Path]:
    """The pictures of a fit as PNG files in ``folder``; returns their paths, none for a fit without pictures."""
    name = result.header["name"]
    if name not in MODULES:
        return []
    module = importlib.import_module(f"diaspore.viz.{MODULES[name]}")
    pictures = cast(Callable[[Artefact], Mapping[str, Figure]], module.pictures)(result)
    return [style.save_png(figure, folder / f"{title}.png") for title, figure in pictures.items()]
