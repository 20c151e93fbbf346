"""Pictures of a tissue: sections through its middle, and how many cells there are."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diaspore.core.errors import RunStoreError
from diaspore.core.runstore import Run
from diaspore.tissue.snapshot import snapshot_name
from diaspore.tissue.state import APOPTOTIC
from diaspore.viz import style

LIVE = ("#0072B2", "#009E73", "#CC79A7", "#332288", "#882255", "#117733", "#AA4499", "#661100")
DYING = {"apoptotic": "#D55E00", "necrotic": "#22262b"}
#: sections side by side
SECTIONS = 3


@style.styled
def sections(run: Run) -> Figure:
    """Cells cut by the middle plane at the start, half-way and at the end, over the first substance."""
    names = list(run.spec.get("substances", {}))
    last = len(run.table("counts")) - 1
    numbers = sorted({round(last * k / (SECTIONS - 1)) for k in range(SECTIONS)})
    shots = [_snapshot(run, number) for number in numbers]
    hours = run.table("counts")["hours"]
    figure = style.new_figure(4.1 * len(shots) + 1.1, 5.4)
    what = f" · background: {names[0]}, {run.spec['substances'][names[0]]['unit']}" if names else ""
    style.heading(
        figure, f"{run.manifest['name']}: section through the middle", _legend_words(run) + what, _source(run)
    )
    field = [_middle(shot[f"substance_{names[0]}"].values) for shot in shots] if names else []
    low, high = 0.0, 1.0
    if field:
        low, high = min(f.min() for f in field), max(f.max() for f in field)
    view = _view(shots)
    grid = figure.add_gridspec(1, len(shots), left=0.06, right=0.9, top=0.78, bottom=0.15, wspace=0.22)
    image: Any = None
    for k, (number, shot) in enumerate(zip(numbers, shots, strict=True)):
        axes = figure.add_subplot(grid[0, k])
        x, y = shot["x"].values, shot["y"].values
        half = 0.5 * (x[1] - x[0])
        ends = (x[0] - half, x[-1] + half, y[0] - half, y[-1] + half)
        if field:
            image = axes.imshow(
                field[k], origin="lower", extent=ends, vmin=low, vmax=max(high, low + 1e-9),
                cmap=style.burden_map().reversed(), interpolation="nearest",
            )  # fmt: skip
        _cells(axes, shot, run)
        axes.set(xlim=view[0], ylim=view[1], aspect="equal", title=_time(float(hours[number])), xlabel="x, µm")
        if k == 0:
            axes.set_ylabel("y, µm")
    if image is not None:
        bar = figure.colorbar(image, cax=figure.add_axes((0.925, 0.2, 0.014, 0.52)))
        bar.set_label(f"{names[0]}, {run.spec['substances'][names[0]]['unit']}")
    _key(figure, run)
    return figure


@style.styled
def counts(run: Run) -> Figure:
    """Cells by type and state, and the least level of every substance, over time."""
    table = run.table("counts")
    names, types = list(run.spec.get("substances", {})), list(run.spec["cell_types"])
    figure = style.new_figure(10.0 if names else 6.0, 4.4)
    style.heading(figure, f"{run.manifest['name']}: cells over time", _legend_words(run), _source(run))
    grid = figure.add_gridspec(1, 1 + bool(names), left=0.09, right=0.97, top=0.74, bottom=0.19, wspace=0.28)
    axes = figure.add_subplot(grid[0, 0])
    for t, name in enumerate(types):
        axes.plot(table["hours"], table[f"{name} live"], color=LIVE[t % len(LIVE)], label=f"{name}, live")
    for state, colour in DYING.items():
        total = sum(table[f"{name} {state}"] for name in types)
        if total.any():
            axes.plot(table["hours"], total, color=colour, label=state)
    axes.set(xlabel="hours", ylabel="cells", title="Cells")
    axes.set_ylim(bottom=0)
    axes.legend(loc="best")
    if names:
        axes = figure.add_subplot(grid[0, 1])
        for s, name in enumerate(names):
            unit = run.spec["substances"][name]["unit"]
            axes.plot(table["hours"], table[f"{name} least"], color=LIVE[s % len(LIVE)], label=f"{name}, {unit}")
        axes.set(xlabel="hours", ylabel="least level in the domain", title="Substances")
        axes.set_ylim(bottom=0)
        axes.legend(loc="best")
    return figure


def _snapshot(run: Run, number: int) -> Any:
    found = run.arrays(snapshot_name(number))
    if found is None:
        raise RunStoreError(f"the run in {run.path} is damaged: {snapshot_name(number)} is missing")
    return found


def _view(shots: list[Any]) -> list[tuple[float, float]]:
    """What part of x and y to show: all cells with some room around them, within the domain."""
    shown = []
    for axis, name in enumerate("xy"):
        places = shots[0][name].values
        half = 0.5 * (places[1] - places[0])
        low, high = float(places[0] - half), float(places[-1] + half)
        cells = np.concatenate([shot["place"].values[:, axis] for shot in shots])
        if len(cells):
            middle, reach = 0.5 * (cells.max() + cells.min()), 0.8 * (cells.max() - cells.min()) + 40.0
            low, high = max(low, float(middle - reach)), min(high, float(middle + reach))
        shown.append((low, high))
    return shown


def _middle(field: np.ndarray) -> np.ndarray:
    plane: np.ndarray = field[len(field) // 2]
    return plane


def _cells(axes: Axes, shot: Any, run: Run) -> None:
    """Discs where cells cross the middle plane."""
    place, phase, kind = shot["place"].values, shot["phase"].values, shot["kind"].values
    z = shot["z"].values
    height = place[:, 2] - z[len(z) // 2]
    cut = place[:, 3] ** 2 - height**2
    for colour, mine in _groups(phase, kind, run):
        rows = mine & (cut > 0.0)
        width = 2.0 * np.sqrt(cut[rows])
        axes.add_collection(
            EllipseCollection(
                width,
                width,
                np.zeros(len(width)),
                units="xy",
                offsets=place[rows, :2],
                offset_transform=axes.transData,
                facecolors=colour,
                edgecolors="white",
                linewidths=0.2,
            )
        )


def _groups(phase: np.ndarray, kind: np.ndarray, run: Run) -> list[tuple[str, np.ndarray]]:
    groups = [(LIVE[t % len(LIVE)], (kind == t) & (phase < APOPTOTIC)) for t in range(len(run.spec["cell_types"]))]
    groups.append((DYING["apoptotic"], phase == APOPTOTIC))
    groups.append((DYING["necrotic"], phase > APOPTOTIC))
    return groups


def _key(figure: Figure, run: Run) -> None:
    labels = {name: LIVE[t % len(LIVE)] for t, name in enumerate(run.spec["cell_types"])} | DYING
    handles = [Line2D([], [], marker="o", linestyle="", color=colour, label=name) for name, colour in labels.items()]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), bbox_to_anchor=(0.48, 0.035))


def _time(hours: float) -> str:
    return f"{hours:g} h" if hours < 72.0 else f"{hours / 24.0:.3g} days"


def _legend_words(run: Run) -> str:
    end = run.summary["end"]
    return f"{run.summary['cells']:,} cells after {_time(float(end['hours']))} · seed {run.manifest['seed']}"


def _source(run: Run) -> str:
    return f"{run.manifest['name']}, seed {run.manifest['seed']}"
