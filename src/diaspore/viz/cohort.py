"""Pictures of a cohort, from its tables of shares and curves: the same work for a thousand members and a million."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from diaspore.core.runstore import Run
from diaspore.viz import style
from diaspore.viz.survival_axes import year_ticks

ALL = "all"
GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#999999")
#: more groups than colours: only the whole is drawn
MOST_GROUPS = len(GROUP_COLOURS)
PANELS = {
    "stage": "Stage at diagnosis",
    "positive nodes, M0": "Positive nodes (M0)",
    "CTC in a tube at diagnosis, M0": "CTC in a tube (M0)",
    "CTC in a tube at diagnosis, M1": "CTC in a tube (M1)",
}
CURVES = {
    "overall_survival": ("Alive", False),
    "relapse_free_survival": ("Alive without relapse (M0)", False),
    "relapse": ("Relapse (M0)", True),
    "distant_relapse": ("Distant metastasis found (M0)", True),
}
SITES = "site ever, of members with any"


def strata(table: pd.DataFrame) -> dict[str, str]:
    """Strata to draw with their colours: the groups, or the whole where there are none or too many."""
    names = [str(name) for name in table["stratum"].unique() if name != ALL]
    if not 0 < len(names) <= MOST_GROUPS:
        return {ALL: GROUP_COLOURS[0]}
    return dict(zip(names, GROUP_COLOURS, strict=False))


@style.styled
def shares(run: Run) -> Figure:
    """Stage, nodes and tubes at diagnosis, and the sites of metastases, by group with 95 % intervals."""
    table = run.table("shares")
    colours = strata(table)
    figure = style.new_figure(11.0, 7.2)
    style.heading(
        figure, f"{run.manifest['name']}: at diagnosis, and where it spreads", _who(run) + " · whiskers: 95 % interval",
        _source(run),
    )  # fmt: skip
    grid = figure.add_gridspec(
        2, 4, height_ratios=[1.0, 1.25], left=0.065, right=0.985, top=0.8, bottom=0.12, wspace=0.25, hspace=0.42
    )
    for index, (what, title) in enumerate(PANELS.items()):
        axes = figure.add_subplot(grid[0, index])
        _bars(axes, table[table["what"] == what], colours)
        axes.set_title(title)
        if index == 0:
            axes.set_ylabel("share of members")
    axes = figure.add_subplot(grid[1, :])
    found = table[table["what"] == SITES]
    whole = found[found["stratum"] == ALL].sort_values("share", ascending=False)
    order = [str(name) for name in whole["class"].head(16)]
    if order:
        _bars(axes, found, colours, order)
        axes.set_xticks(np.arange(len(order)), [style.label(name) for name in order], rotation=30, ha="right")
    else:
        axes.set_axis_off()
        style.empty_note(axes, "no metastasis was detected")
    axes.set_title("Sites ever detected, of members with any distant metastasis")
    _key(figure, colours)
    return figure


@style.styled
def curves(run: Run) -> Figure:
    """Survival and relapse by group with 95 % bands."""
    table = run.table("curves")
    colours = strata(table)
    figure = style.new_figure(11.0, 7.4)
    style.heading(
        figure, f"{run.manifest['name']}: course after diagnosis", _who(run) + " · bands: 95 % interval", _source(run)
    )
    grid = figure.add_gridspec(2, 2, left=0.07, right=0.98, top=0.82, bottom=0.09, wspace=0.18, hspace=0.35)
    for index, (name, (title, rises)) in enumerate(CURVES.items()):
        axes = figure.add_subplot(grid[index // 2, index % 2])
        own = table[table["curve"] == name]
        _curves(axes, own, colours, rises)
        axes.set_title(title)
        axes.set_ylabel("share of members")
        if index >= 2:
            axes.set_xlabel("years after diagnosis")
    _key(figure, colours)
    return figure


def _who(run: Run) -> str:
    return f"{style.plural(run.summary['patients'], 'member')}, {style.cancer(run.summary['primary'])}"


def _source(run: Run) -> str:
    return f"run {run.manifest['name']}, seed {run.manifest['seed']}"


def _bars(axes: Axes, table: pd.DataFrame, colours: Mapping[str, str], order: list[str] | None = None) -> None:
    """One group of bars per class, one bar per stratum."""
    names = order if order is not None else [str(name) for name in dict.fromkeys(table["class"])]
    width = 0.8 / len(colours)
    top = 0.05
    for index, (stratum, colour) in enumerate(colours.items()):
        own = table[table["stratum"] == stratum].set_index("class").reindex(names)
        share, low, high = (own[c].fillna(0.0).to_numpy(dtype=float) for c in ("share", "lower", "upper"))
        x = np.arange(len(names)) + (index - (len(colours) - 1) / 2) * width
        axes.bar(x, share, width=width * 0.94, color=colour, linewidth=0)
        errors = np.clip(np.vstack([share - low, high - share]), 0, None)
        axes.errorbar(x, share, yerr=errors, fmt="none", ecolor=style.INK, elinewidth=0.8, capsize=1.5)
        top = max(top, float(np.nanmax(high, initial=0.0)))
    axes.set_xticks(np.arange(len(names)), names)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, min(top * 1.12, 1.05))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.grid(axis="y")


def _curves(axes: Axes, table: pd.DataFrame, colours: Mapping[str, str], rises: bool) -> None:
    top = 0.0
    for stratum, colour in colours.items():
        own = table[table["stratum"] == stratum].sort_values("month")
        years = np.concatenate([[0.0], own["month"].to_numpy() / 12.0])
        value, low, high = (np.concatenate([[1.0], own[c].to_numpy(dtype=float)]) for c in ("value", "lower", "upper"))
        if rises:
            value, low, high = 1 - value, 1 - high, 1 - low
        axes.fill_between(years, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(years, value, color=colour, linewidth=1.8)
        top = max(top, float(np.nanmax(value)))
        axes.set_xlim(0, years[-1])
        axes.set_xticks(year_ticks(float(years[-1])))
    axes.set_ylim(0, max(0.05, 1.12 * top) if rises else 1.02)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.grid(axis="both")


def _key(figure: Figure, colours: Mapping[str, str]) -> None:
    """Names of the groups under the heading."""
    if list(colours) == [ALL]:
        return
    handles = [Line2D([], [], color=colour, linewidth=3, label=name) for name, colour in colours.items()]
    height = float(figure.get_size_inches()[1])
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.055, 1 - 0.78 / height), ncols=4, handlelength=1.2,
        columnspacing=1.4,
    )  # fmt: skip
