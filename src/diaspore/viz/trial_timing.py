"""Picture of hazard ratios against the start of a drug, by the cells that it acts on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from diaspore.viz import style

COLOURS = {"everywhere": "#000000", "the primary": "#D55E00", "metastases": "#0072B2"}
TITLES = {"distant_metastasis": "distant relapse", "overall_survival": "death of any cause"}


@style.styled
def timing(found: Mapping[str, Any]) -> Figure:
    """A panel for each endpoint, a line with 95 % intervals for what the drug acts on, and the day of surgery."""
    figure = style.new_figure(9.5, 4.4)
    words = f"given for {found['length']:g} years · {found['patients']:,} patients, the same in all arms"
    style.heading(figure, "A blocker of invasion, by when it is begun", words, f"strengths {found['strengths']}")
    grid = figure.add_gridspec(1, 2, left=0.08, right=0.985, top=0.74, bottom=0.16, wspace=0.2)
    for column, (endpoint, title) in enumerate(TITLES.items()):
        axes = figure.add_subplot(grid[0, column])
        for name, colour in COLOURS.items():
            rows = [row for row in found["rows"] if row["acts on"] == name and row["endpoint"] == endpoint]
            x, y, low, high = (np.array([row[key] for row in rows]) for key in ("start", "ratio", "low", "high"))
            axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(x, y, marker="o", markersize=4, color=colour, label=f"acts on {name}" if " " in name or name ==
                      "metastases" else "acts everywhere")  # fmt: skip
        axes.axhline(1.0, color=style.MUTED, linewidth=0.8)
        axes.axvline(found["surgery"], color=style.MUTED, linewidth=1.0, linestyle="--")
        axes.text(found["surgery"], 1.0, " surgery", transform=axes.get_xaxis_transform(), va="top", fontsize=8,
                  color=style.MUTED)  # fmt: skip
        axes.set_title(title)
        axes.set_xlabel("start, years after diagnosis")
        if column == 0:
            axes.set_ylabel("hazard ratio (bands: 95 %)")
            axes.legend(loc="lower right", fontsize=8)
    return figure
