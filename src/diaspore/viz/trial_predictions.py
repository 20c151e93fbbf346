"""Picture of predicted trials: hazard ratios with the range of assumed strengths, beside a drug that does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from diaspore.inference.strengths.predictions import trial
from diaspore.viz import style

CENTRAL, SIZE, NULL = "#0072B2", "#9ECAE1", "#E3E3E3"
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)


@style.styled
def forest(found: Mapping[str, Any]) -> Figure:
    """A row for every trial: square and thick line for the model, thin line with the chance of its size, grey null."""
    groups = {"surgery": "given after surgery", "relapse": "given after relapse"}
    ordered = [[row for row in found["trials"] if trial(row["trial"]).begins == begins] for begins in groups]
    count = sum(map(len, ordered)) + len(groups)
    height = 2.1 + 0.235 * count
    figure = style.new_figure(9.5, height)
    words = f"{found['patients']:,} simulated patients in each arm · one strength for all drugs of a lever"
    source = f"strengths {found['strengths']}, {found['strengths_sha256'][:12]}"
    style.heading(figure, "Predicted hazard ratios of trials of drugs", words, source)
    axes = figure.add_axes((0.43, 1.0 / height, 0.54, 1 - 1.9 / height))
    labels, at, y = [], [], 0.0
    for title, rows in zip(groups.values(), ordered, strict=True):
        if not rows:
            continue
        labels.append(title)
        at.append(y)
        y -= 1.0
        for row in rows:
            one = trial(row["trial"])
            axes.fill_betweenx([y - 0.36, y + 0.36], row["null_low"], row["null_high"], color=NULL, linewidth=0)
            axes.plot([row["low"], row["high"]], [y, y], color=SIZE, linewidth=1.4, zorder=2)
            axes.plot(sorted((row["weak"], row["strong"])), [y, y], color=CENTRAL, linewidth=3.4, zorder=3)
            axes.plot([row["central"]], [y], marker="s", markersize=4.5, color="black", zorder=4)
            labels.append(f"{one.name}: {one.drug}, {one.cancer}")
            at.append(y)
            y -= 1.0
    axes.axvline(1.0, color=style.MUTED, linewidth=1.0)
    axes.set_xscale("log")
    axes.set_ylim(y + 0.4, 0.6)
    axes.set_yticks(at, labels, fontsize=7.5)
    for label in axes.get_yticklabels():
        if label.get_text() in groups.values():
            label.set_fontweight("bold")
    low, high = axes.get_xlim()
    ticks = [t for t in TICKS if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel(
        "hazard ratio of the trial's endpoint (below 1: the drug helps)\n"
        "blue: weak to strong drug; light: and chance of a trial of its size; grey: no effect", fontsize=8
    )  # fmt: skip
    return figure
