"""Picture of hazard ratios against the start of a drug, by the cells that it acts on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from diaspore.viz import style

COLOURS = {"everywhere": "#000000", "the primary": "#D55E00", "metastases": "#0072B2"}
LARGEST = 1.15
"""Right end of the axis of lessons; what is beyond has an arrow."""
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


@style.styled
def lessons(found: Mapping[str, Any]) -> Figure:
    """A row for every lesson: value and 95 % interval on a logarithmic axis, with 1 for no effect."""
    rows = found["lessons"]
    height = 1.9 + 0.34 * len(rows)
    figure = style.new_figure(10.5, height)
    words = f"{found['patients']:,} patients in each explanation of the fit, the same in all arms · 95 % intervals"
    style.heading(figure, "What the cascade alone says", words, f"strengths {found['strengths_sha256'][:12]}")
    axes = figure.add_axes((0.52, 0.75 / height, 0.29, 1 - 1.8 / height))
    for k, row in enumerate(rows):
        ends = np.array([row["low"], row["value"], row["high"]])
        if row["words"].endswith("(log)"):  # told as a ratio, as all others are
            ends = np.exp(ends)
        axes.plot(ends[[0, 2]], [-k, -k], color="#0072B2", linewidth=3.0, solid_capstyle="butt")
        axes.plot([ends[1]], [-k], marker="|", markersize=9, color="black")
        if ends[1] > LARGEST:
            axes.annotate("", (LARGEST, -k), (0.97 * LARGEST, -k), arrowprops={"arrowstyle": "->", "color": "#0072B2"})
        text = f"{ends[1]:.2f} ({ends[0]:.2f} to {ends[2]:.2f})"
        axes.text(1.04, -k, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    axes.axvline(1.0, color=style.MUTED, linewidth=1.0)
    axes.set_yticks([-k for k in range(len(rows))], [row["words"].removesuffix(" (log)") for row in rows], fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(0.68, LARGEST)
    ticks = (0.7, 0.8, 0.9, 1.0, 1.1)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("hazard ratio, or ratio of shares")
    return figure
