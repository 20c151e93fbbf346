"""One look for every picture: colours, type, axes, footers, and how a figure becomes a file.

Colours are safe for the common forms of colour blindness: the categorical ones come from Okabe and Ito and from
Tol's muted set, the sequential map runs monotonically from light to dark. Figures are built with the object-oriented
API of matplotlib on the Agg canvas; nothing here touches pyplot.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

P = ParamSpec("P")
T = TypeVar("T")

DISCLAIMER = "Diaspore · research software, not for clinical decisions"
DAYS_PER_YEAR = 365.25
DPI = 150

INK = "#22262b"
MUTED = "#6b7178"
FAINT = "#c9cdd2"
GRID = "#e9ebee"
NONE = "#dfe2e6"
PRIMARY = "#0072B2"
DEATH = "#22262b"
RUN_A, RUN_B = "#0072B2", "#D55E00"

#: colours of the sites that people ask for most; others follow in `site_colours`
SITE_COLOURS = {
    "bone": "#E69F00",
    "lung": "#56B4E9",
    "liver": "#D55E00",
    "brain": "#CC79A7",
    "distant_nodes": "#009E73",
    "regional_nodes": PRIMARY,
    "adrenal": "#999933",
    "skin": "#44AA99",
    "peritoneum": "#882255",
    "pleura": "#88CCEE",
    "ovary": "#AA4499",
    "kidney": "#117733",
    "pancreas": "#DDCC77",
    "spleen": "#661100",
    "muscle": "#775577",
    "thyroid": "#F0E442",
    "bowel": "#AA7744",
    "stomach": "#CC6677",
    "heart": "#C51B7D",
    "breast": "#E377C2",
    "prostate": "#4D4D4D",
    "bladder": "#332288",
    "pericardium": "#6699CC",
    "meninges": "#8DA048",
    "local": "#003F5C",
}
SPARE = ("#999999", "#CC9966", "#6B8E23", "#9467BD", "#B8860B", "#5F9EA0", "#A0522D", "#708090")

STAGE_COLOURS = {"I": "#6BAED6", "II": "#2171B5", "III": "#E08214", "IV": "#8C2D04"}
PHENOTYPES = {
    "E": ("epithelial", "#56B4E9"),
    "H": ("hybrid E/M", "#E69F00"),
    "M": ("mesenchymal", "#882255"),
}

_RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that pictures are the same everywhere
    "font.size": 9.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.labelsize": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "path.simplify": True,
    "svg.hashsalt": "diaspore",
}


def burden_map() -> Colormap:
    """Light sand to dark plum; lightness falls monotonically, so it survives grey printing and colour blindness."""
    stops = ["#fcd98e", "#fdb866", "#f58b4c", "#dd5a52", "#b23764", "#7c2468", "#431752"]
    return LinearSegmentedColormap.from_list("diaspore-burden", stops)


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Draw under Diaspore's settings, whatever the user's own matplotlib settings are, and leave those untouched."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_RC)  # type: ignore[arg-type]
            return function(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """An empty figure (inches) on the Agg canvas."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def heading(figure: Figure, title: str, subtitle: str = "", footnote: str = "") -> None:
    """Title and subtitle at the top left, the disclaimer and a note at the bottom.

    Positions are in inches, so that pictures of all sizes agree; a long subtitle takes a second line between two of its
    parts (0.95 inches are then taken at the top).
    """
    width, height = figure.get_size_inches()
    left = 0.35 / width
    figure.text(left, 1 - 0.24 / height, title, fontsize=13, fontweight="bold", va="top", ha="left")
    lines = [""]
    for part in subtitle.split(" · "):
        longer = f"{lines[-1]} · {part}" if lines[-1] else part
        if len(longer) <= 14.5 * (width - 0.7) or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    figure.text(
        left, 1 - 0.53 / height, "\n".join(lines), fontsize=9, color=MUTED, va="top", ha="left", linespacing=1.35
    )
    figure.text(1 - left, 0.14 / height, DISCLAIMER, fontsize=7, color=MUTED, va="bottom", ha="right")
    figure.text(left, 0.14 / height, footnote, fontsize=7, color=MUTED, va="bottom", ha="left")


def inch_axes(figure: Figure, left: float, bottom: float, right: float, top: float) -> Axes:
    """Axes with the given margins in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    )


def empty_note(axes: Axes, text: str) -> None:
    """Say in the middle of the axes that there is nothing to show, and why."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=MUTED, fontsize=10, style="italic"
    )


def site_colours(sites: Iterable[str]) -> dict[str, str]:
    """A colour for each site: the fixed ones where there are, spare ones in the order of the names otherwise."""
    names = list(dict.fromkeys(sites))
    spare = iter(SPARE * (1 + len(names) // len(SPARE)))
    colours = {}
    for name in sorted(names):
        if name in SITE_COLOURS:
            colours[name] = SITE_COLOURS[name]
        else:
            colours[name] = next(spare)
    return {name: colours[name] for name in names}


def label(name: str) -> str:
    """A site or field name as a reader wants to see it."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:] if text else "unknown"


def number(value: float, digits: int = 2) -> str:
    """A number for a label: few digits, thousands grouped, powers of ten beyond a million."""
    if not np.isfinite(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6 or size < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}×10{superscript(int(exponent))}"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def superscript(value: int) -> str:
    """An exponent in superscript digits."""
    return str(value).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))


def percent(share: float) -> str:
    """A share as a percentage with sensible digits."""
    value = 100.0 * share
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0 %"
    return f"{value:.0f} %" if value >= 9.95 else f"{value:.1f} %" if value >= 0.095 else f"{value:.2g} %"


def volume(mm3: float) -> str:
    """A tumour volume in the unit that reads best: cm3, mm3, or cells (10^6 per mm3) below 0.001 mm3."""
    if mm3 >= 1000:
        return f"{number(mm3 / 1000)} cm³"
    if mm3 >= 1e-3:
        return f"{number(mm3)} mm³"
    cells = mm3 * 1e6
    return f"~{number(max(round(cells), 1))} cell{'s' if cells >= 1.5 else ''}"


def plural(count: float, noun: str) -> str:
    """'1 lesion', '3 lesions'."""
    return f"{count:,.0f} {noun}{'' if count == 1 else 's'}"


def year_text(days: float) -> str:
    """A time since diagnosis in words: 'at diagnosis', 'after 7 months', 'after 3.4 y'."""
    if days < 1:
        return "at diagnosis"
    years = days / DAYS_PER_YEAR
    return f"after {years:.1f} y" if years >= 1 else f"after {plural(round(days / 30.4375), 'month')}"


def diameter(mm3: float) -> float:
    """Diameter (mm) of a sphere of the given volume (mm3)."""
    return float((6.0 * max(mm3, 0.0) / np.pi) ** (1.0 / 3.0))


@styled
def save_png(figure: Figure, path: Path) -> Path:
    """Write a PNG whole or not at all (temporary name, then rename), without time stamp or version inside."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".png", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:  # it may name the temporary file or none: say which picture is meant
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path


_CANCERS = {
    "nsclc": "non-small-cell lung cancer",
    "sclc": "small-cell lung cancer",
    "melanoma": "melanoma",
    "head_neck": "head and neck cancer",
    "rectum": "rectal cancer",
    "ovary": "ovarian cancer",
    "pancreas": "pancreatic cancer",
    "endometrium": "endometrial cancer",
    "cervix": "cervical cancer",
    "oesophagus": "oesophageal cancer",
}


def cancer(primary: str) -> str:
    """Name of the disease with the given primary."""
    return _CANCERS.get(primary, f"{primary.replace('_', ' ')} cancer")
