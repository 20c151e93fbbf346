"""Pictures of a tissue: sections through its middle, and how many cells there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diaspore.core.runstore import Run
from diaspore.tissue.results import DYING, LIVE, STATES, Tissue, box, colour_of, labelled, states
from diaspore.viz import style
from diaspore.viz.vessels import LYMPH, PERFUSED, STILL, draw, paper

Shot = Mapping[str, np.ndarray]
#: sections side by side
SECTIONS = 3
#: types of cells beyond which the keys stand beside the axes
MANY = 4
#: vessels in the key
VESSELS = ("blood vessel with flow", "without flow", "lymph vessel")
#: largest over least of the greatest numbers of types from which on an axis is logarithmic above one cell
WIDE = 15.0
#: height of a row of the key, inches
KEY_ROW = 0.19


@style.styled
def sections(run: Run) -> Figure:
    """Cells cut by the middle plane at the start, half-way and at the end, over the first substance."""
    tissue = Tissue(run)
    last = tissue.snapshots - 1
    numbers = sorted({round(last * k / (SECTIONS - 1)) for k in range(SECTIONS)})
    shots = [tissue.shot(number) for number in numbers]
    view = View(tissue)
    for number, shot in zip(numbers, shots, strict=True):
        view.include(number, shot)
    width = 4.1 * len(shots) + 1.1
    more = KEY_ROW * (key_rows(tissue, width) - 1)
    height = 5.4 + more
    figure = style.new_figure(width, height)
    words = _legend_words(run) + background(tissue)
    style.heading(figure, f"{run.manifest['name']}: section through the middle", words, _source(run))
    top, bottom = 1 - 1.19 / height, (0.81 + more) / height
    grid = figure.add_gridspec(1, len(shots), left=0.06, right=0.9, top=top, bottom=bottom, wspace=0.22)
    image: Any = None
    for k, (number, shot) in enumerate(zip(numbers, shots, strict=True)):
        axes = figure.add_subplot(grid[0, k])
        image = panel(axes, shot, tissue, view)
        axes.set(title=time_words(tissue.hours(number)), xlabel="x, µm")
        if k == 0:
            axes.set_ylabel("y, µm")
    if image is not None:
        scale(figure, image, tissue, (0.925, (1.08 + more) / height, 0.014, 2.81 / height))
    key(figure, tissue, 0.48, 0.19 / height)
    return figure


@style.styled
def counts(run: Run) -> Figure:
    """Cells by type and state, and the levels of substances, over time."""
    table = run.table("counts")
    names, types = list(run.spec.get("substances", {})), list(run.spec["cell_types"])
    few = len(types) <= MANY and len(names) <= 2  # then keys find room within the axes
    figure = style.new_figure((10.0 if names else 6.0) + (0.0 if few else 3.2), 4.4)
    style.heading(figure, f"{run.manifest['name']}: cells over time", _legend_words(run), _source(run))
    right, gap = (0.97, 0.28) if few else (0.84, 0.62)
    grid = figure.add_gridspec(1, 1 + bool(names), left=0.075, right=right, top=0.74, bottom=0.19, wspace=gap)
    long = float(table["hours"].iloc[-1]) >= 72.0
    time = table["hours"] / (24.0 if long else 1.0)
    axes = figure.add_subplot(grid[0, 0])
    for t, name in enumerate(types):
        axes.plot(time, table[f"{name} live"], color=LIVE[t % len(LIVE)], label=f"{name}, live")
    for state, colour in DYING.items():
        total = sum(table[f"{name} {state}"] for name in types)
        if total.any():
            axes.plot(time, total, color=colour, label=state, linestyle="--" if not few else "-")
    axes.set(xlabel="days" if long else "hours", ylabel="cells", title="Cells")
    most = [most for name in types if (most := float(table[f"{name} live"].max())) > 0.0]
    if most and max(most) > WIDE * min(most):
        axes.set_yscale("symlog", linthresh=1.0, linscale=0.3)
        axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    _legend(axes, few)
    if names:
        axes = figure.add_subplot(grid[0, 1])
        for s, name in enumerate(names):
            label = labelled(name, run.spec["substances"][name]["unit"])
            colour = LIVE[s % len(LIVE)]
            if few:
                axes.plot(time, table[f"{name} least"], color=colour, label=f"{label}: least")
                axes.plot(time, table[f"{name} most"], color=colour, linestyle=":", label="most")
            else:
                axes.plot(time, table[f"{name} mean"], color=colour, label=label)
        words = "level in the domain" if few else "mean level in the domain"
        axes.set(xlabel="days" if long else "hours", ylabel=words, title="Substances")
        axes.set_ylim(bottom=0)
        _legend(axes, few)
    return figure


def _legend(axes: Axes, inside: bool) -> None:
    if inside:
        axes.legend(loc="best")
    else:
        axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.04), borderaxespad=0.0, fontsize=8)


@style.styled
def networks(run: Run) -> Figure:
    """Means of the nodes (shares of the cells) or species of networks in the cells, over time."""
    tissue, table = Tissue(run), run.table("counts")
    names = list(tissue.networks)
    figure = style.new_figure(1.2 + 5.4 * len(names), 4.4)
    style.heading(figure, f"{run.manifest['name']}: networks in the cells", _legend_words(run), _source(run))
    grid = figure.add_gridspec(
        1, len(names), left=0.12 / len(names) ** 0.5, right=0.97, top=0.74, bottom=0.19, wspace=0.25
    )
    for k, name in enumerate(names):
        axes = figure.add_subplot(grid[0, k])
        shown = tissue.shown_nodes(name)
        for j, node in enumerate(shown):
            dashes = ["-", "--", ":", "-."][j // len(LIVE) % 4]
            axes.plot(
                table["hours"], table[f"{name}.{node} mean"], color=LIVE[j % len(LIVE)], linestyle=dashes, label=node
            )
        boolean = tissue.networks[name]["kind"] == "boolean_network"
        axes.set(xlabel="hours", ylabel="share of living cells" if boolean else "mean of living cells", title=name)
        axes.set_ylim(bottom=0, top=1.02 if boolean else None)
        if shown:
            axes.legend(loc="best", ncols=1 + len(shown) // 9)
        else:
            style.empty_note(axes, "the network has no outputs, and no rule reads it")
    return figure


class View:
    """What of x and y to show, and the range of colours: the same for all snapshots that it has included."""

    def __init__(self, tissue: Tissue) -> None:
        self.substance = next(iter(tissue.units), None)
        steady = self.substance is not None and tissue.run.spec["substances"][self.substance].get("pace") == "steady"
        # A steady substance is not in balance before the first step; what it was given must not set the colours.
        self._unbalanced = 0 if steady and tissue.snapshots > 1 else -1
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)  # of all cells
        self._domain = np.zeros((2, 2))
        self._levels = [np.inf, -np.inf]

    def include(self, number: int, shot: Shot) -> None:
        """Make room for a snapshot."""
        corner, spacing, shape = box(shot)
        self._domain = np.array([corner[:2], corner[:2] + spacing * np.array(shape[:2])])
        place = shot["place"][:, :2]
        if len(place):
            self._low = np.minimum(self._low, place.min(axis=0))
            self._high = np.maximum(self._high, place.max(axis=0))
        if self.substance is not None and number != self._unbalanced:
            plane = middle(shot, self.substance)
            self._levels = [min(self._levels[0], float(plane.min())), max(self._levels[1], float(plane.max()))]

    def limits(self, axis: int) -> tuple[float, float]:
        """Ends of an axis (0: x, 1: y): all cells with some room around them, within the domain."""
        low, high = self._domain[:, axis]
        if self._low[axis] <= self._high[axis]:
            centre = 0.5 * (self._high[axis] + self._low[axis])
            reach = 0.8 * (self._high[axis] - self._low[axis]) + 40.0
            low, high = max(low, centre - reach), min(high, centre + reach)
        return float(low), float(high)

    @property
    def levels(self) -> tuple[float, float]:
        """Least and largest level of the first substance."""
        return self._levels[0], max(self._levels[1], self._levels[0] + 1e-9)


def panel(axes: Axes, shot: Shot, tissue: Tissue, view: View) -> Any:
    """A section through the middle; the image of the first substance, if there is one."""
    image = None
    if view.substance is not None:
        corner, spacing, shape = box(shot)
        x, y = (corner[k] + spacing * np.array([0, shape[k]]) for k in range(2))
        low, high = view.levels
        image = axes.imshow(
            middle(shot, view.substance), origin="lower", extent=(x[0], x[1], y[0], y[1]), vmin=low, vmax=high,
            cmap=paper() if tissue.vessels else style.burden_map().reversed(), interpolation="nearest",
        )  # fmt: skip
    if tissue.vessels:
        draw(axes, shot, "perfused", slab=box(shot)[1] if len(shot["z"]) > 1 else None)
    cells(axes, shot, tissue)
    axes.set(xlim=view.limits(0), ylim=view.limits(1), aspect="equal")
    return image


def middle(shot: Shot, substance: str) -> np.ndarray:
    """Levels of a substance in the middle layer, rows along y."""
    field = shot[f"substance_{substance}"]
    plane: np.ndarray = field[len(field) // 2]
    return plane


def cells(axes: Axes, shot: Shot, tissue: Tissue) -> list[EllipseCollection]:
    """Discs where cells cross the middle plane."""
    place, kind, state = shot["place"], shot["kind"], states(shot["phase"])
    z = shot["z"]
    cut = place[:, 3] ** 2 - (place[:, 2] - z[len(z) // 2]) ** 2
    drawn = []
    groups = [(t, 0) for t in range(len(tissue.types))] + [(None, s) for s in range(1, len(STATES))]
    for t, s in groups:
        rows = (cut > 0.0) & (state == s) & (True if t is None else kind == t)
        width = 2.0 * np.sqrt(cut[rows])
        drawn.append(
            EllipseCollection(
                width, width, np.zeros(len(width)), units="xy", offsets=place[rows, :2],
                offset_transform=axes.transData, facecolors=colour_of(t or 0, s), edgecolors="white", linewidths=0.2,
                zorder=3.5,  # above vessels, below their tips
            )
        )  # fmt: skip
        axes.add_collection(drawn[-1])
    return drawn


def scale(figure: Figure, image: Any, tissue: Tissue, place: tuple[float, float, float, float]) -> None:
    """What the colours of the background mean."""
    name, unit = next(iter(tissue.units.items()))
    figure.colorbar(image, cax=figure.add_axes(place)).set_label(labelled(name, unit))


def key(figure: Figure, tissue: Tissue, x: float, y: float) -> None:
    """What the colours of cells mean."""
    labels = _key_labels(tissue)
    dot, line = {"marker": "o", "linestyle": ""}, {"linewidth": 3.0}
    handles = [
        Line2D([], [], color=colour, label=name, **(line if name in VESSELS else dot))
        for name, colour in labels.items()
    ]
    columns = -(-len(labels) // key_rows(tissue, figure.get_figwidth()))
    figure.legend(handles=handles, loc="lower center", ncols=columns, bbox_to_anchor=(x, y))


def key_rows(tissue: Tissue, width: float) -> int:
    """Rows that the key takes in a picture of some inches."""
    labels = _key_labels(tissue)
    widest = 0.6 + 0.075 * max(map(len, labels))
    columns = max(1, min(len(labels), int((width - 0.4) / widest)))
    return -(-len(labels) // columns)


def _key_labels(tissue: Tissue) -> dict[str, str]:
    """Name and colour of all that was there at some time; all living cells if there were none."""
    seen = tissue.counts.max()
    live = {name: colour_of(t, 0) for t, name in enumerate(tissue.types)}
    found = {name: colour for name, colour in live.items() if seen[f"{name} live"] > 0} or live
    found |= {
        state: colour for state, colour in DYING.items() if any(seen[f"{name} {state}"] > 0 for name in tissue.types)
    }
    if tissue.vessels:
        found |= dict(zip(VESSELS[:2], (PERFUSED, STILL), strict=True))
        if tissue.has_lymph:
            found[VESSELS[2]] = LYMPH
    return found


def background(tissue: Tissue) -> str:
    """Words for what is behind the cells."""
    return "".join(f" · background: {labelled(*pair)}" for pair in list(tissue.units.items())[:1])


def time_words(hours: float) -> str:
    """A time for titles: hours, from three days on days."""
    return f"{hours:g} h" if hours < 72.0 else f"{hours / 24.0:.3g} days"


def _legend_words(run: Run) -> str:
    end = run.summary["end"]
    return f"{run.summary['cells']:,} cells after {time_words(float(end['hours']))} · seed {run.manifest['seed']}"


def _source(run: Run) -> str:
    return f"{run.manifest['name']}, seed {run.manifest['seed']}"
