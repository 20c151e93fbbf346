"""Pictures of a fit: posterior prediction beside the data, and the ridge along which parameters trade off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from diaspore.cohort.survival import wilson
from diaspore.inference.artefact import Artefact
from diaspore.inference.bank import Bank
from diaspore.inference.fits.seer import Curve
from diaspore.viz import style

COLUMNS = 3


def draw(result: Artefact, folder: Path) -> list[Path]:
    """Both pictures as PNG files in ``folder``; returns their paths."""
    return [
        style.save_png(posterior_predictive(result), folder / "posterior_predictive.png"),
        style.save_png(ridge(result), folder / "ridge.png"),
    ]
