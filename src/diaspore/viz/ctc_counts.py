"""A patient's counts of circulating tumour cells over time, with intervals and the cut-off."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from diaspore.ctc.clinical.report import TUBE, Report
from diaspore.ctc.clinical.write import cancer_in_words
from diaspore.viz import style

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#882255", "#E69F00", "#56B4E9", "#999933")
MARKERS = "osD^vPX"
_TICKS = (0, *(m * 10**k for k in range(4) for m in (1, 2, 5)), 10_000, 100_000, 1_000_000, 10_000_000)


@style.styled
def ctc_counts(report: Report, title: str = "Circulating tumour cells") -> Figure:
    """Events per 7.5 mL at each visit with exact 95 % intervals; the axis is linear up to 1 and logarithmic above."""
    visits = report.visits
    figure = style.new_figure(9.0, 5.2)
    how = "Poisson" if report.size is None else f"negative binomial, size {report.size:g}"
    style.heading(
        figure, title, f"numbers: events counted, and the blood they were in where it was not {TUBE:g} mL",
        f"bars: exact 95 % intervals of the mean ({how}), without recovery or background",
    )  # fmt: skip
    axes = style.inch_axes(figure, 0.85, 0.95, 1.85, 1.0)
    span = max(float(np.ptp(visits["day"])), 10.0)
    assays = list(dict.fromkeys(visits["assay"]))
    for i, assay in enumerate(assays):
        part = visits[visits["assay"] == assay]
        low, middle, high = (part[name].to_numpy() for name in ("tube_low", "per_tube", "tube_high"))
        axes.errorbar(
            part["day"].to_numpy(), middle, yerr=[middle - low, high - middle],
            fmt=MARKERS[i % len(MARKERS)], color=COLOURS[i % len(COLOURS)], capsize=3, markersize=6, linewidth=1.4,
            label=assay, zorder=3,
        )  # fmt: skip
        for _, row in part.iterrows():
            blood = "" if row["volume_ml"] == TUBE else f" in {row['volume_ml']:g} mL"
            late = row["day"] > visits["day"].min() + 0.85 * span and len(visits) > 1
            axes.annotate(
                f"{row['count']:,}{blood}", (row["day"], row["per_tube"]), xytext=(-7 if late else 7, 4),
                textcoords="offset points", ha="right" if late else "left", fontsize=8.5, color=style.INK, zorder=4,
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
    axes.set_yscale("symlog", linthresh=1.0, linscale=0.5)
    top = float(max(visits["tube_high"].max(), 1.0))
    cut = report.cutoff
    if cut is not None:
        level = cut.per_ml * TUBE
        top = max(top, level)
        disease = cancer_in_words(cut).removeprefix(cut.setting).strip()
        axes.axhline(level, color=style.INK, linestyle="--", linewidth=1.0, zorder=1)
        axes.annotate(
            f"cut-off {style.number(level)}\n{cut.setting}\n{disease}\nCellSearch", (1.0, level),
            xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8.5,
        )  # fmt: skip
    axes.set_ylim(-0.12, top * 1.6)
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick <= top * 1.6]))
    axes.yaxis.set_minor_locator(FixedLocator([]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(axis="y")
    axes.set_xlim(visits["day"].min() - 0.06 * span, visits["day"].max() + 0.06 * span)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel("days since the first visit")
    axes.set_ylabel(f"events per {TUBE:g} mL of blood")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(assays), borderaxespad=0.2)
    return figure
