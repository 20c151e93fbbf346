"""Pictures of the tropism fit: each primary predicted from the others; predictive intervals; the ridge."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from diaspore.inference.artefact import Artefact
from diaspore.inference.fits.tropism import SHIPPED
from diaspore.viz import style

MODEL, OTHERS = "#0072B2", "#b3b8be"


def pictures(result: Artefact) -> dict[str, Figure]:
    """All pictures of this fit by name."""
    return {
        "left_out": left_out(result),
        "posterior_predictive": posterior_predictive(result),
        "ridge": ridge(result),
    }


def _array(values: Any) -> np.ndarray:
    """Numbers with null for nan."""
    return np.array(values, dtype=float)


@style.styled
def left_out(result: Artefact) -> Figure:
    """Shares by primary and site (observed, and predicted by the rule with the primary left out), error by site."""
    header = result.header
    rule = header["units"]["rule"]["left_out"]
    model, others = _array(rule["model"]["shares"]), _array(rule["other_primaries"]["shares"])
    made = np.isfinite(model).any(axis=1)  # a quick fit leaves out a few only
    model, others, observed = model[made], others[made], _array(header["observed"])[made]
    sites = [str(s) for s in header["sites"]]
    primaries = [str(p).replace("_", " ") for p, k in zip(header["primaries"], made, strict=True) if k]
    columns = np.argsort(-np.nan_to_num(_mean(observed)))
    rows = np.argsort(primaries)
    figure = style.new_figure(13.0, 8.6)
    text = "; ".join(
        f"{name} {rule[key]['mae_pp']:.1f}"
        for name, key in (
            ("model", "model"),
            ("mean of other primaries", "other_primaries"),
            ("flow only", "flow_only"),
        )
    )
    style.heading(
        figure,
        f"Where {len(primaries)} cancers spread, each predicted from the other {len(header['primaries']) - 1}",
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


def _mean(values: np.ndarray) -> np.ndarray:
    """By column, nan where all are."""
    known = np.isfinite(values)
    found: np.ndarray = np.where(known, values, 0.0).sum(axis=0) / np.where(
        known.any(axis=0), known.sum(axis=0), np.nan
    )
    return found


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
        error = 100.0 * np.nan_to_num(_mean(np.abs(values - observed)))[columns]
        axes.barh(y, error, height=size, color=colour, label=label, linewidth=0)
    axes.set_yticks(y, names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("mean absolute error, points")
    axes.set_title("Error by site")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower right", frameon=False, fontsize=8)


@style.styled
def posterior_predictive(result: Artefact) -> Figure:
    """Observed shares of all cells with their 95 % predictive intervals: fitted, and with the primary left out."""
    header = result.header
    unit = header["units"][SHIPPED]
    observed = _array(header["observed"])
    figure = style.new_figure(13.0, 7.4)
    style.heading(
        figure,
        "What the fit expects of each cell of the table",
        f"{result.name} · every point a primary and a site · bars: 95 % predictive intervals",
        "left: fitted to these cells · right: the primary was left out; its number of sites that of another primary",
    )
    for k, (part, centre, title) in enumerate(
        (
            (unit["predictive"], _array(unit["in_fit"]["shares"]), "Fitted"),
            (
                unit["left_out"]["predictive"],
                _array(unit["left_out"]["model"]["shares"]),
                "Predicted, primary left out",
            ),
        )
    ):
        axes = style.inch_axes(figure, 0.8 + 4.75 * k, 0.95, 13.0 - 5.1 - 4.75 * k, 1.35)
        _cells(axes, header, observed, centre, part)
        axes.set_title(title)
        if k == 0:
            axes.set_ylabel("observed, % of metastatic patients")
    _coverage(style.inch_axes(figure, 11.4, 0.95, 0.35, 1.35), header["primaries"], unit)
    return figure


def _cells(axes: Axes, header: Any, observed: np.ndarray, centre: np.ndarray, part: dict[str, Any]) -> None:
    low, high = _array(part["low_95"]), _array(part["high_95"])
    known = np.isfinite(observed) & np.isfinite(low)
    inside = known & (observed >= low - 1e-9) & (observed <= high + 1e-9)
    outside = known & ~inside
    axes.vlines(100 * centre[known], 100 * low[known], 100 * high[known], color=MODEL, alpha=0.13, lw=1.6)
    axes.plot([0, 100], [0, 100], color=style.FAINT, lw=0.8, zorder=0)
    axes.scatter(100 * centre[inside], 100 * observed[inside], s=7, color=style.INK, lw=0, zorder=3)
    axes.scatter(100 * centre[outside], 100 * observed[outside], s=16, color="#D55E00", lw=0, zorder=4)
    away = np.where(outside, np.maximum(low - observed, observed - high), 0.0)
    named: list[tuple[float, float]] = []
    for flat in np.argsort(-away, axis=None)[: int(outside.sum())]:
        i, j = np.unravel_index(flat, away.shape)
        x, y = float(centre[i, j]), float(observed[i, j])
        if len(named) < 7 and all(abs(x - other) > 0.35 or abs(y - height) > 0.035 for other, height in named):
            named.append((x, y))
            words = f"{header['primaries'][i].replace('_', ' ')}: {header['sites'][j]}"
            right = centre[i, j] > 0.55
            axes.annotate(
                words,
                (100 * centre[i, j], 100 * observed[i, j]),
                xytext=(-5 if right else 5, 0),
                textcoords="offset points",
                fontsize=7.5,
                color=style.MUTED,
                va="center",
                ha="right" if right else "left",
            )
    share = part["inside"]
    text = f"{int(known.sum())} cells\ninside 95 %: {share['0.95']:.1%}\ninside 50 %: {share['0.5']:.1%}"
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", fontsize=9)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("model, %")


def _coverage(axes: Axes, primaries: list[str], unit: dict[str, Any]) -> None:
    """Cells outside by primary: fitted and left out."""
    parts = {"fitted": unit["predictive"], "left out": unit["left_out"]["predictive"]}
    inside = {label: part["inside_95_by_primary"] for label, part in parts.items()}
    names = sorted(primaries, key=lambda p: (inside["left out"].get(p, 1.0), inside["fitted"][p]))
    y = np.arange(len(names))
    for label, size, colour in (("left out", 16, "#D55E00"), ("fitted", 14, MODEL)):
        known = [k for k, p in enumerate(names) if p in inside[label]]
        axes.scatter([100 * inside[label][names[k]] for k in known], known, s=size, color=colour, lw=0, label=label)
    axes.axvline(95.0, color=style.FAINT, lw=1.0, zorder=0)
    axes.set_yticks(y, [n.replace("_", " ") for n in names], fontsize=7.5)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("cells inside 95 %, %")
    axes.set_title("By primary")
    axes.legend(loc="lower left", fontsize=7.5, handletextpad=0.1)


@style.styled
def ridge(result: Artefact) -> Figure:
    """What cannot be told apart: mean against the average site, correlations of all other factors, and the weakest."""
    found = result.header["units"][SHIPPED]["ridge"]
    draws = result.draws[result.draws["unit"] == SHIPPED]
    sites = [c for c in draws.columns if c.startswith("site.")]
    own = [c for c in draws.columns if c.startswith("primary.")]
    level = draws[sites].mean(axis=1)
    figure = style.new_figure(14.2, 9.0)
    style.heading(
        figure,
        "What the table cannot tell apart",
        f"{result.name} · posterior draws",
        "matrix: after the average site is taken off every site and given to the mean",
    )
    axes = style.inch_axes(figure, 0.8, 5.1, 14.2 - 4.0, 1.25)
    axes.scatter(draws["mean"], level, s=5, color=MODEL, alpha=0.5, lw=0)
    axes.set_xlabel("mean")
    axes.set_ylabel("average ln factor of sites")
    axes.set_title(f"Level: correlation {found['mean_with_average_site']['correlation']:.2f}")
    weakest = sorted(found["sd_over_prior"].items(), key=lambda pair: -pair[1])[:14]
    axes = style.inch_axes(figure, 2.6, 0.8, 14.2 - 4.0, 4.75)
    axes.barh(np.arange(len(weakest)), [v for _n, v in weakest], color=MODEL, height=0.7, lw=0)
    axes.set_yticks(np.arange(len(weakest)), [_short(n) for n, _v in weakest], fontsize=7.5)
    axes.set_ylim(len(weakest) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.0)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("sd of posterior / prior")
    axes.set_title("Least known", loc="left")
    apart = draws[["beta", "mean", *sites, *own]].copy()
    apart[sites] = apart[sites].sub(level, axis=0)
    apart["mean"] += level
    names = ["beta", "mean + sites", *(_short(c) for c in (*sites, *own))]
    axes = style.inch_axes(figure, 5.9, 1.7, 1.1, 1.25)
    image = axes.imshow(np.corrcoef(apart.to_numpy().T), cmap="RdBu_r", vmin=-1.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6.5)
    axes.set_yticks(range(len(names)), names, fontsize=6.5)
    axes.tick_params(length=0)
    axes.set_title("Correlation of factors")
    bar = style.inch_axes(figure, 13.3, 1.7, 0.7, 1.25)
    figure.colorbar(image, cax=bar)
    return figure


def _short(name: str) -> str:
    return name.split(".", 1)[-1].replace("_", " ")
