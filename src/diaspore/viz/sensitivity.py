"""Picture of a sensitivity analysis: bars by parameter with 95 % intervals, one panel for each output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diaspore.viz import style

if TYPE_CHECKING:
    import pandas as pd

FIRST_COLOUR, TOTAL_COLOUR = "#56B4E9", "#0072B2"
_BARS = {
    "sobol": (("total", TOTAL_COLOUR, "total: with interactions"), ("first_order", FIRST_COLOUR, "first order: alone")),
    "morris": (("mean_absolute_effect", TOTAL_COLOUR, "mean absolute effect"),),
}
_SUBTITLE = {
    "sobol": "share of the output's variance under the priors · whiskers: 95 % bootstrap intervals",
    "morris": "change of the output while one parameter moves over its prior · whiskers: 95 % bootstrap intervals"
    " · dots: standard deviation of effects (interaction, curvature)",
}
_ACROSS = 3


@style.styled
def sensitivity(table: pd.DataFrame, title: str) -> Figure:
    """Sobol or Morris indices, parameters in the order of their largest index over all outputs.

    Args:
        table: of `inference.sensitivity.morris` or `sobol`; one method, any number of outputs.
        title: heading of the picture.

    Raises:
        ValueError: the table holds rows of both methods or none.
    """
    methods = table["method"].unique()
    if len(methods) != 1:
        raise ValueError("a picture of sensitivity shows one method")
    method = str(methods[0])
    outputs = list(dict.fromkeys(table["output"]))
    main = _BARS[method][0][0]
    leading = table[table["index"] == main]
    # Outputs have units of their own in Morris' method: each counts relative to its largest effect.
    largest = leading.groupby("output")["value"].transform("max") if method == "morris" else 1.0
    order = (leading["value"] / largest).groupby(leading["parameter"], sort=False).max().fillna(0.0)
    parameters = list(order.sort_values(ascending=False, kind="stable").index)
    across = min(_ACROSS, len(outputs))
    down = -(-len(outputs) // across)
    names = 0.6 + 0.075 * max(len(p) for p in parameters)
    width, height = max(6.5, names + 3.1 * across + 0.4), 1.75 + down * (0.75 + 0.3 * len(parameters))
    figure = style.new_figure(width, height)
    style.heading(figure, title, _SUBTITLE[method], "parameters independent, each over its prior")
    cell_w, cell_h = (width - names - 0.3) / across, (height - 1.6) / down
    for k, output in enumerate(outputs):
        i, j = divmod(k, across)
        axes = style.inch_axes(
            figure,
            names + j * cell_w,
            0.5 + (down - 1 - i) * cell_h + 0.45,
            width - names - (j + 1) * cell_w + 0.25,
            1.1 + i * cell_h + 0.3,
        )
        _panel(axes, table[table["output"] == output], method, parameters, j == 0)
        axes.set_title(style.label(output))
    if method == "sobol":
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower right", bbox_to_anchor=(0.99, 0.3 / height), ncols=2, fontsize=8)
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, method: str, parameters: list[str], named: bool) -> None:
    y = np.arange(len(parameters))
    bars = _BARS[method]
    thick = 0.72 / len(bars)
    for k, (index, colour, label) in enumerate(bars):
        part = rows[rows["index"] == index].set_index("parameter").loc[parameters]
        value = part["value"].to_numpy(dtype=float)
        place = y + (k - (len(bars) - 1) / 2.0) * thick
        axes.barh(place, value, height=thick, color=colour, lw=0, label=label)
        axes.hlines(place, part["low"], part["high"], color=style.INK, lw=1.0)
    if method == "morris":
        spread = rows[rows["index"] == "sd_of_effects"].set_index("parameter").loc[parameters]["value"]
        axes.plot(spread, y, "o", ms=3.5, color="#D55E00", clip_on=False)
    else:
        top = np.nanmax(np.append(rows["high"].to_numpy(dtype=float), 0.0))
        axes.set_xlim(min(0.0, float(np.nanmin(np.append(rows["low"], 0.0)))), max(1.0, float(top)))
    if rows["value"].isna().all():
        style.empty_note(axes, "does not vary")
    axes.axvline(0.0, color=style.MUTED, lw=0.8)
    axes.set_yticks(y, parameters if named else [])
    axes.set_ylim(len(parameters) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.set_xlabel("share of variance" if method == "sobol" else "effect, unit of the output")
