"""Tissues in one picture: cells, size and oxygen over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diaspore.core.runstore import Run
from diaspore.tissue.compare import LETTERS, opened_tissues
from diaspore.tissue.results import LIVE, STATES, Tissue
from diaspore.viz import style

#: live cells of each type have their own line up to so many types
LINES: tuple[Any, ...] = ("-", "--", ":", "-.")
Line = tuple[str, Any]  # how it is drawn, and values
ROOM_IN = 0.25  # height of a row of the key


@style.styled
def comparison(runs: Sequence[Run]) -> Figure:
    """Live cells, dying cells, radius, and the least level of the first substance, over time, one colour a run."""
    tissues = opened_tissues(runs)
    rows = -(-len(runs) // 2)
    height = 7.4 + ROOM_IN * rows
    figure = style.new_figure(10.4, height)
    types = list(dict.fromkeys(name for tissue in tissues for name in tissue.types))
    types = types if 1 < len(types) <= len(LINES) else []
    panels: list[tuple[str, str, Callable[[Tissue], list[Line]]]] = [
        ("Live cells", "cells", lambda tissue: _live(tissue, types)),
        ("Dying cells", "cells", lambda tissue: [("-", _total(tissue, STATES[1:]))]),
        ("Size", "radius of all cells, µm", lambda tissue: [("-", tissue.counts["radius_um"])]),
    ]
    if tissues[0].units:
        first, unit = next(iter(tissues[0].units.items()))
        panels.append((style.label(first), f"least in the domain, {unit}", lambda tissue: _least(tissue, first, unit)))
    style.heading(figure, "Tissues compared", "one run of each: differences include chance", "")
    grid = figure.add_gridspec(
        2, 2, left=0.085, right=0.975, top=1 - 1.15 / height, bottom=(1.05 + ROOM_IN * rows) / height, hspace=0.42,
        wspace=0.24,
    )  # fmt: skip
    for k, (title, axis, lines) in enumerate(panels):
        axes = figure.add_subplot(grid[k // 2, k % 2])
        for colour, tissue in zip(LIVE, tissues, strict=False):
            for line, values in lines(tissue):
                axes.plot(tissue.counts["hours"], values, color=colour, linestyle=line)
        axes.set(title=title, xlabel="hours", ylabel=axis)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        if k == 0 and types:
            pairs = zip(LINES, types, strict=False)
            handles = [Line2D([], [], color=style.MUTED, linestyle=line, label=name) for line, name in pairs]
            axes.legend(handles=handles, loc="best")
    names = [f"{letter}: {name}" for letter, name in zip(LETTERS, run_names(runs), strict=False)]
    pairs = zip(LIVE, names, strict=False)
    handles = [Line2D([], [], color=colour, linewidth=2.5, label=name) for colour, name in pairs]
    figure.legend(handles=handles, loc="lower left", ncols=2, bbox_to_anchor=(0.06, 0.32 / height))
    return figure


def _live(tissue: Tissue, types: Sequence[str]) -> list[Line]:
    """Live cells, by type if types are given."""
    if types:
        return [(LINES[types.index(name)], tissue.counts[f"{name} live"]) for name in tissue.types]
    return [("-", _total(tissue, STATES[:1]))]


def _least(tissue: Tissue, name: str, unit: str) -> list[Line]:
    """Least level of a substance, where a run has it in the same unit."""
    return [("-", tissue.counts[f"{name} least"])] if tissue.units.get(name) == unit else []


def _total(tissue: Tissue, states: Sequence[str]) -> Any:
    return sum(tissue.counts[f"{name} {state}"] for name in tissue.types for state in states)


def run_names(runs: Sequence[Run]) -> list[str]:
    """Names that tell the runs apart: their own with the seed, or those of their directories, or the whole paths."""
    choices = (
        [f"{run.manifest['name']}, seed {run.manifest['seed']}" for run in runs],
        [f"{run.path.resolve().name}, seed {run.manifest['seed']}" for run in runs],
    )
    for names in choices:
        if len(set(names)) == len(names):
            return names
    return [run.path.as_posix() for run in runs]
