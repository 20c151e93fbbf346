"""Picture of the tropism fit: table against model, each primary predicted from the others, error by site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from diaspore.viz import style

MODEL, OTHERS = "#0072B2", "#b3b8be"


@style.styled
def tropism(artefact: Mapping[str, Any]) -> Figure:
    """Shares by primary and site (observed, and predicted with the primary left out) and the error by site.

    Args:
        artefact: what ``inference.fits.tropism.fit`` gives or its ``fit.json`` holds, with folds.
    """
    observed = np.array(artefact["observed"], dtype=float)
    left_out = artefact["rule"]["left_out"]
    model = np.array(left_out["model"]["shares"], dtype=float)
    others = np.array(left_out["other_primaries"]["shares"], dtype=float)
    sites = [str(s) for s in artefact["data"]["sites"]]
    primaries = [str(p).replace("_", " ") for p in artefact["data"]["primaries"]]
    columns = np.argsort(-np.nanmean(observed, axis=0))
    rows = np.argsort(primaries)
    figure = style.new_figure(13.0, 8.6)
    text = "; ".join(
        f"{name} {left_out[key]['mae_pp']:.1f}"
        for name, key in (
            ("model", "model"),
            ("mean of other primaries", "other_primaries"),
            ("flow only", "flow_only"),
        )
    )
    style.heading(
        figure,
        "Where 27 cancers spread, each predicted from the other 26",
        f"share of metastatic patients who ever have the site · mean absolute error in points: {text}",
        "MSK-MET (nguyen2022); grey: the primary's own organ, or an organ that a sex does not have",
    )
    names = [sites[j] for j in columns]
    norm = Normalize(0.0, 0.9)
    colours = style.burden_map().with_extremes(bad=style.NONE)
    boxes = ((0.115, 0.24, 0.29, 0.61), (0.42, 0.24, 0.29, 0.61))
    for k, (box, values, title) in enumerate(
        zip(boxes, (observed, model), ("Observed", "Predicted, primary left out"), strict=True)
    ):
        axes = figure.add_axes(box)
        axes.imshow(np.ma.masked_invalid(values[rows][:, columns]), cmap=colours, norm=norm, aspect="auto")
        axes.set_title(title)
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
        axes.set_yticks(range(len(rows)), [primaries[i] for i in rows] if k == 0 else [], fontsize=8)
        axes.tick_params(length=0)
        axes.grid(False)
    bar = figure.add_axes((0.115, 0.075, 0.29, 0.012))
    figure.colorbar(ScalarMappable(norm, colours), cax=bar, orientation="horizontal", format="{x:.0%}")
    _errors(figure.add_axes((0.80, 0.24, 0.175, 0.61)), names, observed, model, others, columns)
    return figure


def _errors(
    axes: Axes,
    names: list[str],
    observed: np.ndarray,
    model: np.ndarray,
    others: np.ndarray,
    columns: np.ndarray,
) -> None:
    """Mean absolute error by site of the model and of the mean of other primaries."""
    y = np.arange(len(names))
    for values, colour, label, size in (
        (others, OTHERS, "mean of other primaries", 0.8),
        (model, MODEL, "model", 0.42),
    ):
        error = 100.0 * np.nanmean(np.abs(values - observed), axis=0)[columns]
        axes.barh(y, error, height=size, color=colour, label=label, linewidth=0)
    axes.set_yticks(y, names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("mean absolute error, points")
    axes.set_title("Error by site")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right", frameon=False, fontsize=8)
