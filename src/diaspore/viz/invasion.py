"""Pictures of an invasion: profiles along a line or maps of a rectangle, and the front over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diaspore.core.errors import RunStoreError
from diaspore.core.runstore import Run
from diaspore.fields.invasion.engine import snapshot_name
from diaspore.fields.invasion.front import fitted_speed
from diaspore.fields.invasion.models import MODELS
from diaspore.viz import style

#: profiles drawn over each other, fewer where there are many species and peaks, and maps side by side
PROFILES, FEW_PROFILES, MAPS = 6, 4, 3
#: panels in a row
COLUMNS = 3


@style.styled
def profiles(run: Run) -> Figure:
    """Every species along the line at several times, from light to dark."""
    model = MODELS[run.spec["model"]]
    numbers, times = _chosen(run, PROFILES if len(model.species) <= COLUMNS else FEW_PROFILES)
    shots = [_snapshot(run, number) for number in numbers]
    rows = -(-len(model.species) // COLUMNS)
    columns = min(len(model.species), COLUMNS)
    width, height = max(3.6 * columns + 1.4, 6.4), 2.7 * rows + 1.9
    figure = style.new_figure(width, height)
    style.heading(figure, f"{run.manifest['name']}: profiles", _words(run), _source(run))
    colours = _ramp(len(shots))
    grid = figure.add_gridspec(
        rows, columns, left=0.75 / width, right=1 - 1.25 / width, top=1 - 1.15 / height, bottom=0.85 / height,
        wspace=0.3, hspace=0.5,
    )  # fmt: skip
    for k, (name, symbol) in enumerate(zip(model.species, model.symbols, strict=True)):
        axes = figure.add_subplot(grid[k // columns, k % columns])
        for shot, colour in zip(shots, colours, strict=True):
            axes.plot(shot["x"].values, shot[name].values, color=colour, linewidth=1.4)
        axes.set_title(f"{style.label(name)} {symbol}")
        axes.set_xlim(*run.spec["domain"]["x"])
        axes.set_ylim(bottom=0.0, top=1.08 * max(float(shot[name].values.max()) for shot in shots) + 1e-12)
        axes.set_xlabel("x")
    handles = [Line2D([], [], color=c, label=f"{t:g}") for c, t in zip(colours, times, strict=True)]
    figure.legend(handles=handles, title="time", loc="upper right", bbox_to_anchor=(1 - 0.2 / width, 1 - 1.0 / height))
    return figure


@style.styled
def maps(run: Run) -> Figure:
    """Every species at the start, half-way and at the end."""
    model = MODELS[run.spec["model"]]
    numbers, times = _chosen(run, MAPS)
    shots = [_snapshot(run, number) for number in numbers]
    x, y = shots[0]["x"].values, shots[0]["y"].values
    half = 0.5 * (x[1] - x[0])
    ends = (x[0] - half, x[-1] + half, y[0] - half, y[-1] + half)
    wide = 2.65
    tall = wide * min(max((ends[3] - ends[2]) / (ends[1] - ends[0]), 0.3), 2.0)
    rows = len(model.species)
    width, height = wide * (len(shots) + 0.12 * (len(shots) - 1)) + 2.0, (tall + 0.35) * rows + 1.65
    figure = style.new_figure(width, height)
    style.heading(figure, f"{run.manifest['name']}: maps", _words(run), _source(run))
    grid = figure.add_gridspec(
        rows, len(shots), left=1.0 / width, right=1 - 1.0 / width, top=1 - 1.2 / height, bottom=0.8 / height,
        wspace=0.12, hspace=0.35 / tall,
    )  # fmt: skip
    for r, (name, symbol) in enumerate(zip(model.species, model.symbols, strict=True)):
        top = max(float(shot[name].values.max()) for shot in shots)
        image: Any = None
        for k, (shot, time) in enumerate(zip(shots, times, strict=True)):
            axes = figure.add_subplot(grid[r, k])
            image = axes.imshow(
                shot[name].values, origin="lower", extent=ends, vmin=0.0, vmax=max(top, 1e-12), cmap=style.burden_map(),
                interpolation="nearest",
            )  # fmt: skip
            if r == 0:
                axes.set_title(f"time {time:g}")
            if r == rows - 1:
                axes.set_xlabel("x")
            else:
                axes.set_xticklabels([])
            if k == 0:
                axes.set_ylabel(f"{style.label(name)} {symbol}\ny")
            else:
                axes.set_yticklabels([])
        box = grid[r, len(shots) - 1].get_position(figure)
        bar = figure.colorbar(image, cax=figure.add_axes((1 - 0.85 / width, box.y0, 0.13 / width, box.height)))
        bar.ax.tick_params(labelsize=8)
    return figure


@style.styled
def front(run: Run) -> Figure:
    """Place of the front over time with its speed, and the mass of every species."""
    model, table = MODELS[run.spec["model"]], run.table("front")
    time, place = table["time"].to_numpy(), table["place"].to_numpy()
    figure = style.new_figure(10.0, 4.4)
    style.heading(figure, f"{run.manifest['name']}: the front", _words(run), _source(run))
    grid = figure.add_gridspec(1, 2, left=0.08, right=0.97, top=0.74, bottom=0.17, wspace=0.25)
    axes = figure.add_subplot(grid[0, 0])
    watched = f"{model.species[model.watched]} {model.symbols[model.watched]} = {model.level:g}"
    axes.set(title=f"Where {watched}", xlabel="time", ylabel="radius" if _disc(run) else "x")
    known = np.isfinite(place)
    if known.any():
        axes.plot(time[known], place[known], "o", markersize=3.5, color=style.PRIMARY, label="front")
        speed = fitted_speed(time, place)
        if np.isfinite(speed):
            late = known & (time >= 0.5 * (time[known][0] + time[known][-1]))
            middle = place[late].mean() - speed * time[late].mean()
            ends = time[late][[0, -1]]
            axes.plot(
                ends, middle + speed * ends, color=style.RUN_B, label=f"speed {speed:.3g}, fitted to the later half"
            )
            linear = run.summary["linear_speed"]
            if linear is not None:
                begin = middle + speed * ends[0]
                axes.plot(
                    ends, begin + linear * (ends - ends[0]), "--", color=style.MUTED, linewidth=1.0,
                    label=f"speed in empty space, {linear:.3g}",
                )  # fmt: skip
        axes.legend(loc="upper left")
        axes.margins(y=0.15)
    else:
        style.empty_note(axes, "never reached in this run")
    axes = figure.add_subplot(grid[0, 1])
    for s, name in enumerate(model.species):
        mass = table[f"{name} mass"].to_numpy()
        colour, dashes = _CATEGORIES[s % len(_CATEGORIES)], _DASHES[s % len(_DASHES)]
        axes.plot(time, mass, color=colour, linestyle=dashes, label=f"{name} {model.symbols[s]}")
    axes.set(title="Mass in the domain", xlabel="time", ylabel="integral of the density")
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="best")
    return figure


_CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")

# Masses may lie over each other, as those of a tumour and of the acid that balances it.
_DASHES = ("-", "-", "--", ":", "-.")


def _ramp(count: int) -> list[Any]:
    """Colours of times, without the palest, which hardly shows on white."""
    colours = style.burden_map()
    return [colours(v) for v in np.linspace(0.12, 1.0, count)]


def _chosen(run: Run, count: int) -> tuple[list[int], list[float]]:
    times = run.table("front")["time"].to_numpy()
    last = len(times) - 1
    numbers = sorted({round(last * k / (count - 1)) for k in range(count)})
    return numbers, [float(times[number]) for number in numbers]


def _snapshot(run: Run, number: int) -> Any:
    found = run.arrays(snapshot_name(number))
    if found is None:
        raise RunStoreError(f"the run in {run.path} is damaged: {snapshot_name(number)} is missing")
    return found


def _disc(run: Run) -> bool:
    return run.spec["domain"].get("y") is not None and run.spec.get("initial", {}).get("shape") != "edge"


def _words(run: Run) -> str:
    model = MODELS[run.spec["model"]]
    values = run.summary["parameters"]
    shown = ", ".join(f"{name} {values[name]:g}" for name in model.parameters) if len(values) <= 6 else ""
    return " · ".join(part for part in (model.title, shown, "dimensionless") if part)


def _source(run: Run) -> str:
    return f"run {run.manifest['name']}"
