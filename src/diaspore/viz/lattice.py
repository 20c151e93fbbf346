"""Pictures of a lattice: its grids at the start, half-way and at the end, and how many cells there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from diaspore.core.errors import RunStoreError
from diaspore.core.runstore import Run
from diaspore.tissue.snapshot import snapshot_name
from diaspore.viz import style

MESENCHYMAL, EPITHELIAL = "#0072B2", "#D55E00"
NORMAL, RUPTURED = "#22262b", "#CC2222"
#: matrix: dissolved, intact
MATRIX = ("#ffffff", "#d9d3c3")
#: snapshots side by side
SHOTS = 3
#: lines of the grids that are shown, below each other
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.")
GRIDS = len(DASHES)


@style.styled
def sections(run: Run) -> Figure:
    """Cells of each grid by phenotype over the matrix, with the vessels, at the start, half-way and at the end."""
    last = int(run.summary["snapshots"]) - 1
    numbers = sorted({round(last * k / (SHOTS - 1)) for k in range(SHOTS)})
    shots = [_snapshot(run, number) for number in numbers]
    names = [str(name) for name in shots[0]["grid"].values]
    shown = names[:GRIDS]
    capacity = float(run.spec.get("carrying_capacity", 4))
    size, top, bottom = 2.9, 1.0, 1.0
    height = top + bottom + size * len(shown)
    figure = style.new_figure(size * len(shots) + 1.1, height)
    more = f" · {len(names) - len(shown)} more grids are not shown" if len(names) > len(shown) else ""
    style.heading(figure, f"{run.manifest['name']}: cells and matrix", _words(run) + more, _source(run))
    grid = figure.add_gridspec(
        len(shown), len(shots), left=0.085, right=0.985, top=1.0 - top / height, bottom=bottom / height,
        wspace=0.06, hspace=0.06,
    )  # fmt: skip
    for k, shot in enumerate(shots):
        x = shot["x"].values / 1000.0
        half = 0.5 * (x[1] - x[0])
        ends = (x[0] - half, x[-1] + half, x[0] - half, x[-1] + half)
        for g, name in enumerate(shown):
            axes = figure.add_subplot(grid[g, k])
            axes.imshow(_colours(shot, g, capacity), origin="lower", extent=ends, interpolation="nearest")
            _vessels(axes, shot, g, x)
            axes.set(xlim=ends[:2], ylim=ends[2:], aspect="equal")
            ticks = np.array([-0.5, 0.0, 0.5]) * float(f"{x[-1]:.1g}")  # none at the ends, where neighbours meet
            axes.set(xticks=ticks, yticks=ticks)
            axes.grid(visible=False)
            cells = [int(shot[kind].values[g].sum()) for kind in ("mesenchymal", "epithelial")]
            axes.text(
                0.03, 0.97, f"{sum(cells):,} cells", transform=axes.transAxes, va="top", fontsize=7, color=style.INK,
                zorder=3, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
            )  # fmt: skip
            axes.tick_params(labelbottom=g == len(shown) - 1, labelleft=k == 0)
            if g == 0:
                axes.set_title(_time(_hours(shot, run)))
            if k == 0:
                axes.set_ylabel(f"{name}\ny, mm")
            if g == len(shown) - 1:
                axes.set_xlabel("x, mm")
    _key(figure, bool((shots[0]["vessels"].values == 2).any()), height)
    return figure


@style.styled
def counts(run: Run) -> Figure:
    """Cells on each grid by phenotype, and cells and clusters in the vasculature, over time."""
    table = run.table("counts")
    names = [column.removesuffix(" born") for column in table if column.endswith(" born")]
    grids = [c.removesuffix(" mesenchymal") for c in table if c.endswith(" mesenchymal") and "vasculature" not in c]
    days = table["hours"] / 24.0
    figure = style.new_figure(10.0, 4.4)
    style.heading(figure, f"{run.manifest['name']}: cells over time", _words(run), _source(run))
    panels = figure.add_gridspec(1, 2, left=0.085, right=0.975, top=0.74, bottom=0.19, wspace=0.22)
    axes = figure.add_subplot(panels[0, 0])
    colours = (MESENCHYMAL, EPITHELIAL)
    for g, grid in enumerate(grids[:GRIDS]):
        for name, colour in zip(names, colours, strict=True):
            values = table[f"{grid} {name}"].to_numpy(dtype=float)
            if values.any():
                axes.plot(days, np.where(values > 0.0, values, np.nan), color=colour, linestyle=DASHES[g])
    axes.set(xlabel="days", ylabel="cells", title="On the grids", yscale="log")
    handles = [Line2D([], [], color=c, label=n) for n, c in zip(names, colours, strict=True)]
    handles += [Line2D([], [], color=style.MUTED, linestyle=d, label=g) for g, d in zip(grids, DASHES, strict=False)]
    axes.legend(handles=handles, loc="upper left")
    axes = figure.add_subplot(panels[0, 1])
    for name, colour in zip(names, colours, strict=True):
        axes.plot(days, table[f"vasculature {name}"], color=colour, label=f"{name} cells", linewidth=0.9)
    axes.plot(days, table["clusters in the vasculature"], color=style.INK, label="clusters", linewidth=0.9)
    axes.set(xlabel="days", ylabel="in the vasculature", title="On their way")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left")
    return figure


def _colours(shot: Any, g: int, capacity: float) -> np.ndarray:
    """(y, x, 3): matrix where there are no cells, else the mean colour of the cells, deeper where there are more."""
    m = shot["mesenchymal"].values[g].astype(float)[..., None]
    e = shot["epithelial"].values[g].astype(float)[..., None]
    matrix = np.clip(shot["ecm"].values[g], 0.0, 1.0)[..., None]
    ground = np.array(to_rgb(MATRIX[0])) * (1.0 - matrix) + np.array(to_rgb(MATRIX[1])) * matrix
    total = m + e
    own = (m * np.array(to_rgb(MESENCHYMAL)) + e * np.array(to_rgb(EPITHELIAL))) / np.maximum(total, 1.0)
    depth = np.where(total > 0.0, 0.35 + 0.65 * np.minimum(total / capacity, 1.0), 0.0)
    mixed: np.ndarray = ground * (1.0 - depth) + own * depth
    return mixed


def _vessels(axes: Axes, shot: Any, g: int, x: np.ndarray) -> None:
    vessels = shot["vessels"].values[g]
    for kind, colour, marker in ((1, NORMAL, "o"), (2, RUPTURED, "X")):
        rows, columns = np.nonzero(vessels == kind)
        axes.plot(
            x[columns], x[rows], linestyle="", marker=marker, markersize=5, markerfacecolor=colour,
            markeredgecolor="white", markeredgewidth=0.7, clip_on=False, zorder=4,
        )  # fmt: skip


def _key(figure: Figure, ruptured: bool, height: float) -> None:
    handles: list[Any] = [
        Patch(facecolor=MESENCHYMAL, label="mesenchymal"),
        Patch(facecolor=EPITHELIAL, label="epithelial"),
        Patch(facecolor=MATRIX[1], edgecolor=style.FAINT, label="matrix intact"),
        Patch(facecolor=MATRIX[0], edgecolor=style.FAINT, label="dissolved"),
        Line2D([], [], linestyle="", marker="o", color=NORMAL, label="vessel"),
    ]
    if ruptured:
        handles.append(Line2D([], [], linestyle="", marker="X", color=RUPTURED, label="ruptured"))
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), bbox_to_anchor=(0.53, 0.25 / height))


def _snapshot(run: Run, number: int) -> Any:
    found = run.arrays(snapshot_name(number))
    if found is None:
        raise RunStoreError(f"the run in {run.path} is damaged: {snapshot_name(number)} is missing")
    return found


def _hours(shot: Any, run: Run) -> float:
    end = float(run.summary["end"]["hours"])
    return end * float(shot["clock"].values[0]) / float(run.summary["steps"])


def _time(hours: float) -> str:
    return f"{hours:.3g} h" if hours < 72.0 else f"{hours / 24.0:.3g} days"


def _words(run: Run) -> str:
    end = run.summary["end"]
    rules = f"rules: {run.spec.get('rules', 'published')}"
    return f"{run.summary['cells']:,} cells after {_time(float(end['hours']))} · {rules} · seed {run.manifest['seed']}"


def _source(run: Run) -> str:
    return f"{run.manifest['name']}, seed {run.manifest['seed']}"
