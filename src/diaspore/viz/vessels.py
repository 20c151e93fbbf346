"""Pictures of vessels: as wide as they are, coloured by what flows, over a substance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from diaspore.core.errors import InputError, nearest_name
from diaspore.viz import style

Shot = Mapping[str, np.ndarray]
Colour = Literal["flow", "haematocrit", "perfused", "leakiness"]
COLOURS = ("flow", "haematocrit", "perfused", "leakiness")
PERFUSED, STILL, LYMPH, TIP = "#B2182B", "#7C8288", "#999933", "#E69F00"
_LABELS = {"flow": "flow, nl/min", "haematocrit": "haematocrit", "leakiness": "leakiness of the wall, times normal"}
_DECADES = 4
"""Most decades of flow that colours tell apart."""


@style.styled
def vessels(
    shot: Shot,
    colour: Colour = "flow",
    substance: str | None = None,
    unit: str = "",
    *,
    title: str = "Vessels",
    subtitle: str = "",
    footnote: str = "",
    slab: float | None = None,
) -> Figure:
    """Vessels from above, over a substance in the middle layer.

    Args:
        shot: arrays of a snapshot of a tissue with vessels (``vessels_place``, ``x``, ``substance_...``).
        colour: what colours of blood vessels mean: one of `COLOURS`; lymph vessels are green.
        substance: name of the substance behind; None for none.
        unit: of that substance.
        title, subtitle, footnote: words.
        slab: thickness (um) around the middle within which vessels are drawn; None for all.

    Raises:
        InputError: an unknown colour or substance.
    """
    if colour not in COLOURS:
        raise InputError(
            f"{colour!r} is no colour of vessels",
            field="colour",
            allowed=COLOURS,
            nearest=nearest_name(colour, COLOURS),
        )
    known = [name.removeprefix("substance_") for name in shot if name.startswith("substance_")]
    if substance is not None and substance not in known:
        raise InputError(
            f"no substance is called {substance!r}", field="substance", allowed=known,
            nearest=nearest_name(substance, known),
        )  # fmt: skip
    x, y = (_ends(np.asarray(shot[axis])) for axis in "xy")
    tall = min(max((y[1] - y[0]) / (x[1] - x[0]), 0.3), 2.0)
    side = 5.9
    width = 7.0 + 0.95 * ((substance is not None) + (colour != "perfused"))
    height = side * tall + 1.9
    figure = style.new_figure(width, height)
    style.heading(figure, title, subtitle, footnote)
    axes = style.inch_axes(figure, 0.75, 0.95, width - 0.75 - side, 0.95)
    if substance is not None:
        field = np.asarray(shot[f"substance_{substance}"])
        image = axes.imshow(
            field[len(field) // 2], origin="lower", extent=(*x, *y), cmap=paper(), interpolation="nearest", vmin=0.0,
        )  # fmt: skip
        _bar(figure, image, f"{substance}, {unit}" if unit else substance, 6.95, height, tall * side)
    drawn = draw(axes, shot, colour, slab)
    if drawn is not None:
        _bar(figure, drawn, _LABELS[colour], 6.95 if substance is None else 7.9, height, tall * side)
    axes.set(xlim=x, ylim=y, aspect="equal", xlabel="x, µm", ylabel="y, µm")
    figure.legend(
        handles=_key(shot, colour),
        loc="lower center",
        ncols=4,
        bbox_to_anchor=((0.75 + 0.5 * side) / width, 0.28 / height),
        borderaxespad=0.0,
    )
    return figure


def draw(axes: Axes, shot: Shot, colour: Colour = "flow", slab: float | None = None) -> PolyCollection | None:
    """Draw vessels and tips on axes in um; returns what has a scale of colours, if anything has."""
    place, ends = np.asarray(shot["vessels_place"]), np.asarray(shot["vessels_ends"])
    chosen = np.ones(len(ends), dtype=bool)
    if slab is not None:
        z = np.asarray(shot["z"])
        chosen = np.abs(place[ends, 2].mean(axis=1) - 0.5 * (z[0] + z[-1])) <= 0.5 * slab
    lymph = np.asarray(shot["vessels_kind"]) == 1
    flows = np.asarray(shot["vessels_perfused"]) == 1
    corners = _corners(place, ends, np.asarray(shot["vessels_diameter"]))
    result = None
    for rows, plain in (
        (chosen & lymph, LYMPH),
        (chosen & ~lymph & ~flows, STILL),
        (chosen & ~lymph & flows, PERFUSED),
    ):
        scaled = plain is PERFUSED and colour != "perfused"
        made = PolyCollection(list(corners[rows]), linewidths=0.5, zorder=3 if scaled else 2)
        if scaled and rows.any():
            values = _values(shot, colour)[rows]
            made.set(array=values, cmap=_warm(), norm=_norm(values, colour))
            made.set_edgecolor("face")
            result = made
        else:
            made.set(facecolor=plain, edgecolor=plain)
        axes.add_collection(made)
    tips = place[np.asarray(shot["vessels_tip_node"], dtype=np.int64)]
    axes.plot(tips[:, 0], tips[:, 1], "o", color=TIP, markersize=4.0, markeredgecolor="white", zorder=4, linestyle="")
    return result


def _values(shot: Shot, colour: Colour) -> np.ndarray:
    if colour == "flow":
        return np.abs(np.asarray(shot["vessels_flow"])) * 1e-6
    return np.asarray(shot[f"vessels_{colour}"])


def _norm(values: np.ndarray, colour: Colour) -> Normalize:
    if colour == "flow":
        most = float(values.max())
        return LogNorm(max(float(values.min()), most * 10.0**-_DECADES), most * 1.0001, clip=True)
    low = 1.0 if colour == "leakiness" else 0.0
    return Normalize(low, max(float(values.max()), low + 0.1))


def _corners(place: np.ndarray, ends: np.ndarray, diameter: np.ndarray) -> np.ndarray:
    """(S, 4, 2) a rectangle for every segment, as wide as it is."""
    a, b = place[ends[:, 0], :2], place[ends[:, 1], :2]
    d = b - a
    size = np.sqrt(np.sum(d * d, axis=1, keepdims=True))
    d = np.where(size > 0.0, d / np.maximum(size, 1e-12), [1.0, 0.0])
    aside = 0.5 * diameter[:, None] * np.column_stack([-d[:, 1], d[:, 0]])
    # One seen from its end is a square.
    more = np.maximum(0.5 * (diameter[:, None] - size), 0.0) * d
    return np.stack([a - more + aside, b + more + aside, b + more - aside, a - more - aside], axis=1)


def _ends(centres: np.ndarray) -> tuple[float, float]:
    half = 0.5 * float(centres[1] - centres[0]) if len(centres) > 1 else 0.5
    return float(centres[0]) - half, float(centres[-1]) + half


def paper() -> Colormap:
    """Light greys and blues, so that vessels stand out."""
    return LinearSegmentedColormap.from_list("diaspore-paper", ["#ffffff", "#dbe6f0", "#a9c2da"])


def _warm() -> Colormap:
    """Runs from yellow to dark red; the least is still seen on white."""
    return LinearSegmentedColormap.from_list("diaspore-warm", ["#f2b134", "#e8672d", "#b2182b", "#4d0613"])


def _bar(figure: Figure, mapped: Any, label: str, left: float, height: float, tall: float) -> None:
    width = figure.get_figwidth()
    room = figure.add_axes((left / width, (0.95 + 0.15 * tall) / height, 0.13 / width, 0.7 * tall / height))
    figure.colorbar(mapped, cax=room).set_label(label)
    room.tick_params(labelsize=7)


def _key(shot: Shot, colour: Colour) -> list[Any]:
    handles: list[Any] = []
    if colour == "perfused":
        handles.append(Patch(color=PERFUSED, label="perfused"))
    handles.append(Patch(color=STILL, label="not perfused"))
    if (np.asarray(shot["vessels_kind"]) == 1).any():
        handles.append(Patch(color=LYMPH, label="lymph vessel"))
    if len(shot["vessels_tip_node"]):
        handles.append(Line2D([], [], marker="o", linestyle="", color=TIP, label="tip of a sprout"))
    return handles
