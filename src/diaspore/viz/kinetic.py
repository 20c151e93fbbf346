"""Pictures of kinetic networks: trajectories, and equilibria against a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diaspore.core.runstore import Run
from diaspore.networks.kinetic.equilibria import Branch
from diaspore.viz import style

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: curves of a panel, panels of a row and of a picture
CURVES, COLUMNS, PANELS = 5, 3, 12


@style.styled
def trajectories(run: Run) -> Figure:
    """Every species over time, those of like size in one panel."""
    table, spec = run.table("course"), run.spec
    species = [name for name in spec["species"] if np.ptp(table[name].to_numpy()) > 0.0]
    groups = _groups(species, {name: float(np.abs(table[name]).max()) for name in species})
    left_out = sum(map(len, groups[PANELS:]))
    groups = groups[:PANELS]
    rows, columns = -(-len(groups) // COLUMNS) or 1, min(len(groups), COLUMNS) or 1
    width, height = max(4.1 * columns + 0.6, 7.4), 2.9 * rows + 1.5
    figure = style.new_figure(width, height)
    unit = run.summary["time_unit"]
    words = [f"{len(spec['species'])} species", f"{len(spec.get('reactions', {}))} reactions", _method(spec)]
    if left_out:
        words.append(f"{left_out} small ones not shown")
    title = run.manifest["name"]
    style.heading(
        figure, title if len(title) < 14 * columns + 24 else f"{title[: 14 * columns + 21]}…", " · ".join(words)
    )
    grid = figure.add_gridspec(
        rows, columns, left=0.8 / width, right=1 - 0.3 / width, top=1 - 1.1 / height, bottom=0.75 / height,
        wspace=0.32, hspace=0.45,
    )  # fmt: skip
    time = table["time"].to_numpy()
    if not groups:
        style.empty_note(figure.add_subplot(grid[0, 0]), "nothing changes in this run")
    for k, group in enumerate(groups):
        axes = figure.add_subplot(grid[k // columns, k % columns])
        for name, colour in zip(group, COLOURS, strict=False):
            axes.plot(time, table[name].to_numpy(), color=colour, linewidth=1.5, label=_label(spec, name))
        units = {spec["species"][name].get("unit", "") for name in group}
        axes.set_ylabel(units.pop() if len(units) == 1 else "")
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0.0) if low < 0.0 else 0.0, high + 0.13 * len(group) * (high - max(low, 0.0)))
        axes.legend(loc="upper right", handlelength=1.4, labelspacing=0.25)
        axes.set_xlim(time[0], time[-1])
        if k >= len(groups) - columns:
            axes.set_xlabel("time" if unit == "dimensionless" else f"time ({unit}s)")
    return figure


def _groups(names: Sequence[str], size: dict[str, float]) -> list[list[str]]:
    """Names by size, at most a factor of eight in a group, the largest first."""
    groups: list[list[str]] = []
    for name in sorted(names, key=lambda name: -size[name]):
        if groups and len(groups[-1]) < CURVES and size[name] * 8.0 >= size[groups[-1][0]]:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _label(spec: dict[str, Any], name: str) -> str:
    text = str(spec["species"][name].get("label") or name)
    return text if len(text) <= 26 else f"{text[:25]}…"


def _method(spec: dict[str, Any]) -> str:
    method = spec.get("method", "lsoda")
    names = {"lsoda": "LSODA", "rk4": "Runge-Kutta", "rosenbrock": "RODAS", "libroadrunner": "libroadrunner"}
    step = spec.get("step") if method in ("rk4", "rosenbrock") else None
    return names[method] + (f", step {step}" if step is not None else "")


@style.styled
def bifurcation(
    branches: Sequence[Branch], species: str, *, title: str, unit: str = "", label: str = "", parameter: str = ""
) -> Figure:
    """Equilibria of one species against a parameter: stable ones as full lines, others dashed, folds as dots."""
    figure = style.new_figure(7.4, 4.8)
    subtitle = "equilibria, followed by their arc length"
    style.heading(figure, title, subtitle)
    axes = style.inch_axes(figure, 0.95, 0.75, 0.35, 1.0)
    folds = [
        (fold.value, fold.state[species], _turns_back(branch, fold.value))
        for branch in branches
        for fold in branch.folds
    ]
    for branch in branches:
        values, states = branch.values, branch.states[species]
        change = np.flatnonzero(np.diff(branch.stable.astype(int))) + 1
        for part in np.split(np.arange(len(values)), change):
            # One point further, so that the parts of a line meet.
            reach = np.arange(part[0], min(part[-1] + 2, len(values)))
            stable = bool(branch.stable[part[0]])
            axes.plot(
                values[reach], states[reach], color=style.PRIMARY if stable else style.RUN_B, linewidth=1.8,
                linestyle="-" if stable else "--",
            )  # fmt: skip
    for value, state, right in folds:
        axes.plot([value], [state], "o", color=style.INK, markersize=5)
        text = f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
        axes.annotate(
            text, (value, state), xytext=(8 if right else -8, 0), textcoords="offset points",
            ha="left" if right else "right", va="center", fontsize=8.5,
        )  # fmt: skip
    axes.set_xlabel(parameter or branches[0].parameter)
    axes.set_ylabel((label or species) + (f" ({unit})" if unit else ""))
    axes.margins(x=0.08, y=0.12)
    handles = [
        Line2D([], [], color=style.PRIMARY, linewidth=1.8, label="stable"),
        Line2D([], [], color=style.RUN_B, linewidth=1.8, linestyle="--", label="unstable"),
        Line2D([], [], color=style.INK, marker="o", linestyle="", markersize=5, label="fold"),
    ]
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.97, 0.93), ncols=3)
    return figure


def _turns_back(branch: Branch, value: float) -> bool:
    """Whether a branch comes from lower values of the parameter to a fold, so that there is room to its right."""
    k = int(np.argmin(np.abs(branch.values - value)))
    beside = branch.values[max(k - 1, 0) : k + 2]
    return bool(beside.mean() < value)
