"""Where the tumour cells went: the ledger from shedding to the fatal lesion, by route and site."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from diaspore.viz import style
from diaspore.viz.data import RunData

#: stages that lead on, with the losses that leave the way at each
CHAIN = {
    "shed": "shed",
    "arrested": "arrested in vessel or node",
    "extravasated": "reached the tissue",
    "taken": "taken: founded a lesion",
    "grown": "grown",
    "detected": "detected",
    "fatal": "fatal",
}
LOSSES = {
    "lost_in_transit": ("lost in transit", "shed"),
    "died_after_arrest": ("died after arrest", "arrested"),
    "died_in_tissue": ("died in the tissue", "extravasated"),
    "dormant": ("dormant single cells", "extravasated"),
}
ROUTES = {
    "haematogenous": ("blood", "#D55E00"),
    "lymphatic": ("lymph", "#009E73"),
    "cavity": ("body cavity", "#56B4E9"),
    "perineural": ("nerves", "#CC79A7"),
    "procedure": ("procedure", "#999999"),
}


@style.styled
def ledger(data: RunData) -> Figure:
    """Bars from shed to fatal by route, with what is lost between, and the yield of each site."""
    table = data.ledger
    seen = set() if table.empty else set(table.loc[table["cells"] > 0, "route"].astype(str))
    routes = [route for route in ROUTES if route in seen]
    ratio = _take(table)
    figure = style.new_figure(11.0, max(5.0 + 0.8 * max(2, len(routes)), 2.6 + 0.24 * len(ratio)))
    style.heading(figure, "From shed cells to fatal lesions", _subtitle(data, table), data.source)
    if not routes:
        axes = style.inch_axes(figure, 0.5, 0.6, 0.5, 1.0)
        axes.set_axis_off()
        style.empty_note(axes, "no cell was shed: the ledger is empty")
        return figure
    stages = table.groupby(["stage", "route"], observed=True)["cells"].sum().unstack(fill_value=0.0)
    left = style.inch_axes(figure, 2.2, 1.2, 3.575, 1.25)
    handles = _chain(left, stages, routes)
    low = 0.38 / figure.get_figheight()
    figure.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.4, low), ncols=len(handles))
    right = style.inch_axes(figure, 8.91, 1.2, 0.385, 1.25)
    _sites(right, ratio, data.site_palette)
    return figure


def _subtitle(data: RunData, table: pd.DataFrame) -> str:
    text = f"all cells of {style.plural(data.size, 'patient')}, logarithmic scale"
    if table.empty:
        return text
    total = table.groupby("stage", observed=True)["cells"].sum()
    shed, taken = float(total.get("shed", 0.0)), float(total.get("taken", 0.0))
    if shed > 0 and taken > 0:
        text += f" · one lesion founded for every {style.number(shed / taken)} cells shed"
    if float(total.get("fatal", 0.0)) > 0:
        # The stages from "taken" on are no chain: a lesion kills through its size, whether it was found or not.
        text += " · fatal: lesions of 5 mm or more in patients who died of them, detected or not"
    return text


def _chain(axes: Axes, stages: pd.DataFrame, routes: list[str]) -> list[Patch]:
    """One row per stage, one thin bar per route: logarithmic bars must not be stacked. Returns the legend's entries."""
    rows: list[tuple[str, str, bool]] = []
    for stage, text in CHAIN.items():
        rows.append((stage, text, False))
        rows += [(loss, name, True) for loss, (name, after) in LOSSES.items() if after == stage]
    rows = [row for row in rows if row[0] in stages.index]
    y, ticks = 0.0, []
    top = float(stages.to_numpy().max())
    positive = stages.to_numpy()[stages.to_numpy() > 0]
    low = 10.0 ** min(-1.0, np.floor(np.log10(positive.min())) - 0.3) if positive.min() < 1 else 0.5
    width = 0.84 / max(len(routes), 1)
    for stage, _, lost in rows:
        for index, route in enumerate(routes):
            value = float(stages.loc[stage, route])
            at = y + (index - (len(routes) - 1) / 2) * width
            colour = ROUTES[route][1]
            if value > low:
                axes.barh(
                    at, value - low, left=low, height=width * 0.92, edgecolor=colour, linewidth=0.8,
                    facecolor="white" if lost else colour, hatch="/////" if lost else None,
                )  # fmt: skip
            text = style.number(value) if value > 0 else "none"
            axes.annotate(
                text, (max(value, low), at), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=8.0 if len(routes) < 3 else 7.0, color=style.INK if value > 0 else style.MUTED,
            )  # fmt: skip
        ticks.append(y)
        y += 1.0
    axes.set_xscale("log")
    axes.set_xlim(low, top * 60)
    axes.set_ylim(y - 0.45, -0.55)
    axes.set_yticks(ticks, [("– " if lost else "") + text for _, text, lost in rows])
    for label, (_, _, lost) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(style.MUTED if lost else style.INK)
        label.set_fontweight("normal" if lost else "bold")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel("cells (from “taken” on: lesions)")
    axes.set_title("The way, and what is lost on it")
    handles = [Patch(facecolor=ROUTES[route][1], label=ROUTES[route][0]) for route in routes]
    handles.append(Patch(facecolor="white", edgecolor=style.MUTED, hatch="/////", label="lost or waiting"))
    return handles


def _take(table: pd.DataFrame) -> pd.Series:
    """Founded lesions per arrested cell of every site that has any, in descending order."""
    if table.empty:
        return pd.Series(dtype=float)
    by = table.groupby(["site", "stage"], observed=True)["cells"].sum().unstack(fill_value=0.0)
    if not {"taken", "arrested"} <= set(by.columns):
        return pd.Series(dtype=float)
    ratio = (by["taken"] / by["arrested"].where(by["arrested"] > 0)).dropna()
    return ratio[ratio > 0].sort_values(ascending=False, kind="stable")


def _sites(axes: Axes, ratio: pd.Series, colours: dict[str, str]) -> None:
    """Founded lesions per arrested cell by site: the soil, with the number that arrives divided out."""
    axes.set_title("Take per cell arrested")
    if ratio.empty:
        axes.set_axis_off()
        style.empty_note(axes, "no cell was taken")
        return
    axes.hlines(np.arange(len(ratio)), ratio.min() / 12, ratio.to_numpy(), color=style.GRID, linewidth=1.5, zorder=1)
    for index, (site, value) in enumerate(ratio.items()):
        axes.plot(value, index, "o", ms=7, color=colours.get(str(site), style.MUTED))
    axes.set_xscale("log")
    axes.set_xlim(ratio.min() / 12, ratio.max() * 12)
    axes.xaxis.set_major_locator(LogLocator(numticks=4))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(max(len(ratio), 4) - 0.4, -0.6)
    axes.set_yticks(np.arange(len(ratio)), [style.label(str(site)) for site in ratio.index])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel("lesions founded\nper cell arrested")
