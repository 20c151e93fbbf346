"""Pictures of a journey: what became of the cells that left, and how fast a patch sheds."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diaspore.core.runstore import Run
from diaspore.viz import style

FATES = {
    "arrived": "#0072B2", "left the blood elsewhere": "#009E73", "died": "#D55E00", "in the blood": "#CC79A7",
    "kept in nodes": "#999933", "in the cavity": "#56B4E9",
}  # fmt: skip
"""Colour of every fate of a cell."""
CLASSES = {"epithelial": "#56B4E9", "hybrid": "#332288", "mesenchymal": "#CC79A7", "cluster": "#882255"}
"""Colour of every class of shed cells."""


@style.styled
def fates(run: Run) -> Figure:
    """Cells that left the primary tissue, by route and size of their cluster, and what became of them."""
    table, summary = run.table("journey"), run.summary
    figure = style.new_figure(10.5, 4.6)
    target = run.spec["body"]["target"]
    words = (
        f"{summary['cells that left']:,} cells left, {summary['handed to the niche']:,} reached capillaries of the "
        f"{target} · seed {run.manifest['seed']}"
    )
    style.heading(figure, f"{run.manifest['name']}: from tissue to tissue", words, f"{run.manifest['name']}")
    grid = figure.add_gridspec(1, 2, left=0.08, right=0.97, top=0.76, bottom=0.26, wspace=0.3)
    axes = figure.add_subplot(grid[0, 0])
    groups = [("alone", table["size"] == 1), ("in clusters", table["size"] > 1)]
    bars = [(f"{route},\n{word}", rows & (table["route"] == route)) for route in table["route"].unique()
            for word, rows in groups]  # fmt: skip
    bars = [(name, rows) for name, rows in bars if rows.any()]
    bottom = np.zeros(len(bars))
    for fate, colour in FATES.items():
        high = np.array([float((rows & (table["fate"] == fate)).sum()) for _, rows in bars])
        if high.any():
            axes.bar(range(len(bars)), high, bottom=bottom, color=colour, label=fate, width=0.6)
            bottom += high
    axes.set_xticks(range(len(bars)), [name for name, _ in bars])
    axes.set(ylabel="cells", title="What became of them")
    if bars:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)
    else:
        style.empty_note(axes, "no cell left the tissue")
    _rates(figure.add_subplot(grid[0, 1]), run)
    return figure


def _rates(axes: Axes, run: Run) -> None:
    """Cells a day from the patch, with 95 % intervals."""
    rates = run.table("shedding")
    shown = rates[rates["events"] > 0]
    routes = list(shown["route"].unique())
    for k, (name, colour) in enumerate(CLASSES.items()):
        rows = shown[shown["class"] == name]
        if len(rows) == 0:
            continue
        at = np.array([routes.index(route) for route in rows["route"]]) + 0.16 * (k - 1.5)
        middle = rows["cells_per_day"].to_numpy()
        error = np.abs(np.stack([middle - rows["low"].to_numpy(), rows["high"].to_numpy() - middle]))
        axes.errorbar(at, middle, error, fmt="o", color=colour, label=name, capsize=3)
    axes.set_xticks(range(len(routes)), routes)
    axes.set(ylabel="cells a day from the patch", title="Shedding, with 95 % intervals", xlim=(-0.6, len(routes) - 0.4))
    axes.set_ylim(bottom=0)
    if routes:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4)
    else:
        style.empty_note(axes, "nothing was shed")
