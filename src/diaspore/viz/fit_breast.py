"""Pictures of the fit of breast cancer: relapse, nodes and metastases by size, and what cannot be told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diaspore.cohort.intervals import wilson
from diaspore.inference.artefact import Artefact
from diaspore.viz import style
from diaspore.viz.sensitivity import sensitivity

COLOURS = {"slow": style.RUN_A, "dormant": style.RUN_B}
YEARS = (0.0, 2.0, 5.0, 10.0)
_GROUPS = {"n0": "no positive node", "1_3": "1 to 3 nodes", "4_9": "4 to 9 nodes", "10": "10 nodes and more"}
_SIZES = {"le20": "up to 20 mm", "20_50": "20 to 50 mm", "gt50": "above 50 mm"}


def pictures(result: Artefact) -> dict[str, Figure]:
    """All pictures by name."""
    import pandas as pd

    found = {"relapse": relapse(result), "by_size": by_size(result), "ridge": ridge(result)}
    for name, unit in result.header["units"].items():
        title = f"What moves the results of the {name} variant within its posterior"
        found[f"sensitivity_{name}"] = sensitivity(pd.DataFrame(unit["sensitivity"]), title)
    return found


def stratum_title(name: str) -> str:
    """A stratum of the Rotterdam cohort in words."""
    kind, _, rest = name.partition(".")
    if kind == "untreated_nodes":
        return _GROUPS[rest]
    size = next(s for s in _SIZES if rest.startswith(f"{s}_"))
    return f"{_SIZES[size]}, {_GROUPS[rest.removeprefix(f'{size}_')]}"


def _features(unit: dict[str, Any], start: str) -> np.ndarray:
    """Positions of the features whose name begins with ``start``."""
    return np.array([i for i, name in enumerate(unit["features"]["names"]) if name.startswith(start)])


@style.styled
def relapse(result: Artefact) -> Figure:
    """Freedom from recurrence by stratum: the cohort, both variants, and the curve of all strata together."""
    figure = style.new_figure(13.0, 8.4)
    style.heading(
        figure,
        "Relapse after surgery alone: two explanations of the same curves",
        f"{result.name} · fitted to these points · points: Rotterdam cohort, untreated, 95 % intervals · "
        "lines: engine patients at the optimum",
        "slow: metastases grow at very different speeds · dormant: they sleep or pause, then grow at the same speed",
    )
    units: dict[str, Any] = result.header["units"]
    first: dict[str, Any] = next(iter(units.values()))
    for k, name in enumerate(first["curves"]["strata"]):
        axes = style.inch_axes(
            figure, 0.7 + 3.1 * (k % 4), 0.95 + 3.45 * (1 - k // 4), 13.0 - 3.35 - 3.1 * (k % 4),
            8.4 - 3.55 - 3.45 * (1 - k // 4),
        )  # fmt: skip
        here = _features(first, f"{name}: free")
        stay, number = (np.array(first["features"][what])[here] for what in ("observed", "patients"))
        free = np.cumprod(stay)
        error = np.sqrt(np.cumsum((1.0 - stay) / stay / number))  # Greenwood: of ln S
        axes.errorbar(
            YEARS[1:], 100 * free, yerr=100 * np.array([free - free * np.exp(-1.96 * error),
                                                        np.minimum(1.0, free * np.exp(1.96 * error)) - free]),
            fmt="o", ms=5, color=style.INK, ecolor=style.MUTED, lw=1.0, zorder=3,
        )  # fmt: skip
        for variant, unit in units.items():
            _posterior_curve(axes, unit, here, COLOURS[variant])
            curve = np.concatenate([[1.0], unit["curves"]["engine"][k]])
            axes.plot(YEARS, 100 * curve, color=COLOURS[variant], lw=1.8, label=variant)
        axes.set_ylim(0, 100)
        axes.set_xlim(0, 10.4)
        axes.set_xticks([0, 2, 5, 10])
        axes.set_title(stratum_title(name), loc="left", fontsize=9.5)
        if k % 4 == 0:
            axes.set_ylabel("free of recurrence, %")
        if k // 4 == 1:
            axes.set_xlabel("years after surgery")
        if k == 0:
            axes.legend(loc="lower left")
    return figure


def _posterior_curve(axes: Axes, unit: dict[str, Any], here: np.ndarray, colour: str) -> None:
    posterior = unit["features"]["posterior"]
    low, high = (np.cumprod(np.array(posterior[end])[here]) for end in ("low", "high"))
    axes.fill_between(
        YEARS, 100 * np.concatenate([[1.0], low]), 100 * np.concatenate([[1.0], high]), color=colour, alpha=0.12, lw=0
    )


@style.styled
def by_size(result: Artefact) -> Figure:
    """Groups of positive nodes and metastases at diagnosis by class of size, beside both variants."""
    figure = style.new_figure(13.0, 5.2)
    style.heading(
        figure,
        "Nodes and metastases found at diagnosis by size",
        f"{result.name} · fitted to these points, with 95 % intervals · nodes: METABRIC · metastases: SEER",
        "bars beside the points: engine patients at the optimum of each variant",
    )
    units: dict[str, Any] = result.header["units"]
    first: dict[str, Any] = next(iter(units.values()))
    starts = {
        "none positive": "no positive node, %",
        "1 to 3": "1 to 3, % of the positive",
        "4 to 9": "4 to 9, % of 4 and more",
    }
    for k, (split, label) in enumerate(starts.items()):
        axes = style.inch_axes(figure, 0.75 + 3.1 * k, 0.95, 13.0 - 3.35 - 3.1 * k, 1.35)
        here = np.array([i for i, n in enumerate(first["features"]["names"]) if n.startswith("nodes ") and split in n])
        _classes(axes, units, here, ["≤10", "11–20", "21–30", "31–50", ">50"], label)
    axes = style.inch_axes(figure, 10.05, 0.95, 0.3, 1.35)
    _classes(axes, units, _features(first, "metastasis"), ["10–20", "25–50", "55–100"], "metastasis at diagnosis, %")
    axes.legend(loc="upper left")
    return figure


def _classes(axes: Axes, units: dict[str, Any], here: np.ndarray, names: list[str], label: str) -> None:
    first: dict[str, Any] = next(iter(units.values()))
    share, number = (np.array(first["features"][what])[here] for what in ("observed", "patients"))
    low, high = wilson(share * number, number)
    at = np.arange(len(here))
    for i, (variant, unit) in enumerate(units.items()):
        value = 100 * np.array(unit["features"]["engine"])[here]
        axes.bar(at + 0.3 * (i - 0.5), value, width=0.28, color=COLOURS[variant], alpha=0.55, lw=0, label=variant)
    axes.errorbar(
        at, 100 * share, yerr=100 * np.array([share - low, high - share]), fmt="o", ms=4.5, color=style.INK,
        ecolor=style.INK, lw=1.0, zorder=3,
    )  # fmt: skip
    axes.set_xticks(at, names)
    axes.set_ylim(0.0, None)
    axes.set_xlabel("size, mm")
    axes.set_title(label, loc="left", fontsize=9.5)


@style.styled
def ridge(result: Artefact) -> Figure:
    """Correlation of posterior draws, and how much narrower each parameter is than its prior."""
    figure = style.new_figure(13.0, 7.6)
    style.heading(
        figure,
        "What the curves leave open",
        f"{result.name} · squares: correlation of posterior draws on the scales of the priors · "
        "bars: posterior standard deviation over the prior's",
        "a bar near 1: the data say nothing of it · a dark square: the data fix a combination of the two only",
    )
    for k, (variant, unit) in enumerate(result.header["units"].items()):
        names = [n.replace("_", " ") for n in unit["relative_sd"]]
        left = 1.75 + 6.4 * k
        axes = style.inch_axes(figure, left, 1.75, 13.0 - left - 3.5, 1.5)
        correlation = np.array(unit["correlation"])
        image = axes.imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7.5)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_title(variant, loc="left")
        bars = style.inch_axes(figure, left + 3.6, 1.75, 13.0 - left - 4.5, 1.5)
        bars.barh(range(len(names)), list(unit["relative_sd"].values()), color=COLOURS[variant], height=0.7)
        bars.set_ylim(len(names) - 0.5, -0.5)
        bars.set_yticks([])
        bars.set_xlim(0, 1.2)
        bars.axvline(1.0, color=style.FAINT, lw=1.0)
        bars.set_title("sd / prior's", loc="left", fontsize=8.5)
    colours = style.inch_axes(figure, 5.4, 0.72, 5.4, 6.76)
    figure.colorbar(image, cax=colours, orientation="horizontal")
    colours.tick_params(labelsize=7)
    return figure
