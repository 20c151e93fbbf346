"""Pictures of a population: stages, sites, survival, time to relapse, tumour cells in the blood, nodes."""

from __future__ import annotations

import matplotlib.patheffects as effects
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from diaspore.cohort.intervals import wilson
from diaspore.cohort.survival import cumulative_incidence, first_event, overall_survival, relapse_free_survival
from diaspore.viz import style
from diaspore.viz.data import RunData
from diaspore.viz.survival_axes import YEAR, Arm, draw_survival, year_ticks

STAGES = ("I", "II", "III", "IV")
BAR = "#56789a"
NODE_CLASSES = ((0, 0, "0"), (1, 3, "1–3"), (4, 9, "4–9"), (10, 10**9, "10 or more"))


def _figure(data: RunData, width: float, height: float, title: str, subtitle: str = "") -> Figure:
    figure = style.new_figure(width, height)
    who = f"{style.plural(data.size, 'patient')}, {style.cancer(data.primary)}"
    style.heading(figure, title, f"{who} · {subtitle}" if subtitle else who, data.source)
    return figure


@style.styled
def stages(data: RunData) -> Figure:
    """Stage groups, T, N and M at diagnosis, as shares with 95 % intervals."""
    figure = _figure(data, 10.0, 4.2, "Stage at diagnosis", "bars: share of patients, whiskers: 95 % interval")
    groups = (
        ("Stage group", "stage_group", STAGES, [style.STAGE_COLOURS[stage] for stage in STAGES]),
        ("Primary (T)", "t_stage", ("T1", "T2", "T3", "T4"), [BAR] * 4),
        ("Nodes (N)", "n_stage", ("N0", "N1", "N2", "N3"), [BAR] * 4),
        ("Metastasis (M)", "m_stage", ("M0", "M1"), [BAR] * 2),
    )
    widths = [4, 4, 4, 2.4]
    grid = figure.add_gridspec(1, 4, width_ratios=widths, left=0.07, right=0.975, top=0.74, bottom=0.15, wspace=0.28)
    for index, (title, column, names, colours) in enumerate(groups):
        axes = figure.add_subplot(grid[index])
        values = data.patients[column].astype(str).to_numpy()
        counts = np.array([np.sum(values == name) for name in names])
        _share_bars(axes, counts, data.size, names, colours)
        axes.set_title(title)
        if column == "m_stage":
            axes.set_ylim(0, 1.12)
            axes.set_yticks(np.linspace(0, 1, 6))
        if column == "stage_group":
            axes.set_ylabel("share of patients")
    return figure


def _share_bars(axes: Axes, counts: np.ndarray, total: int, names: tuple[str, ...], colours: list[str]) -> None:
    shares = counts / max(total, 1)
    low, high = wilson(counts, max(total, 1))
    x = np.arange(len(names))
    axes.bar(x, shares, color=colours, width=0.72, linewidth=0)
    errors = np.clip(np.vstack([shares - low, high - shares]), 0, None)
    axes.errorbar(x, shares, yerr=errors, fmt="none", ecolor=style.INK, elinewidth=0.9, capsize=2)
    for index, share in enumerate(shares):
        axes.annotate(
            style.percent(float(share)),
            (index, high[index]),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
        )
    axes.set_xticks(x, names)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, max(float(high.max()) * 1.16, 0.05))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.grid(axis="y")


@style.styled
def sites(data: RunData) -> Figure:
    """Share of patients with a detected metastasis by site, and the site where the relapse was first seen."""
    names = list(data.detected)[:16]
    height = max(3.6, 2.0 + 0.34 * max(len(names), 3))
    figure = _figure(data, 10.0, height, "Sites of metastasis", "dots: share, lines: 95 % interval")
    grid = figure.add_gridspec(
        1, 2, left=0.145, right=0.965, top=1 - 1.15 / height, bottom=0.85 / height, wspace=0.38, width_ratios=[1.15, 1]
    )
    left, right = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    _dots(left, {name: data.detected[name].size for name in names}, data.size, data.site_palette)
    left.set_title("Ever detected")
    left.set_xlabel("share of all patients")
    relapsed = data.patients[data.patients["relapse_kind"].astype(str) == "distant"]
    first = relapsed["relapse_site"].astype(str).value_counts()
    _dots(right, {str(name): int(count) for name, count in first.head(16).items()}, len(relapsed), data.site_palette)
    right.set_title("Site of the first distant relapse")
    if len(relapsed):
        right.set_xlabel(f"share of {style.plural(len(relapsed), 'distant relapse')}")
    return figure


def _dots(axes: Axes, counts: dict[str, int], total: int, colours: dict[str, str]) -> None:
    axes.tick_params(axis="y", length=0)
    if not counts:
        axes.set_yticks([])
        axes.set_xticks([])
        style.empty_note(axes, "no metastasis was detected")
        return
    reach = 0.0
    for index, (name, count) in enumerate(counts.items()):
        share = count / max(total, 1)
        low, high = (float(limit) for limit in wilson(count, max(total, 1)))
        colour = colours.get(name, style.MUTED)
        axes.plot([0, share], [index, index], color=colour, alpha=0.25, linewidth=6, solid_capstyle="butt", zorder=1)
        axes.plot([low, high], [index, index], color=style.INK, linewidth=1.2, zorder=2)
        axes.plot(share, index, "o", ms=6.5, color=colour, zorder=3)
        axes.annotate(
            style.percent(share), (high, index), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8.5
        )
        reach = max(reach, high)
    axes.set_yticks(range(len(counts)), [style.label(name) for name in counts])
    axes.set_ylim(max(len(counts), 3) - 0.4, -0.6)
    axes.set_xlim(0, reach * 1.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    axes.grid(axis="x")


@style.styled
def survival(data: RunData) -> Figure:
    """Survival and relapse-free survival without metastasis at diagnosis, and survival by stage."""
    figure = _figure(data, 11.0, 6.0, "Survival", "Kaplan–Meier estimates with 95 % bands")
    left = figure.add_axes((0.075, 0.27, 0.395, 0.49))
    right = figure.add_axes((0.575, 0.27, 0.395, 0.49))
    local = data.patients[data.patients["m_stage"].astype(str) != "M1"]
    arms = [
        Arm("overall", *overall_survival(local), style.INK),
        Arm("relapse-free", *relapse_free_survival(local), "#B23764"),
    ]
    draw_survival(left, arms, "No metastasis at diagnosis (M0)", "share of patients", key_rows=2)
    by_stage = []
    for stage in STAGES:
        part = data.patients[data.patients["stage_group"].astype(str) == stage]
        if len(part):
            by_stage.append(Arm(f"stage {stage}", *overall_survival(part), style.STAGE_COLOURS[stage]))
    draw_survival(right, by_stage, "All patients by stage at diagnosis", "overall survival", key_rows=2)
    return figure


@style.styled
def relapse_time(data: RunData) -> Figure:
    """When relapses come: hazard of a distant relapse by time since diagnosis, and its cumulative incidence."""
    patients = data.patients[data.patients["m_stage"].to_numpy() != "M1"]
    distant = patients.assign(relapse_d=patients["distant_relapse_d"])
    time, event = first_event(distant, ("relapse_d",)) if len(patients) else (np.zeros(0), np.zeros(0, bool))
    relapses = style.plural(int(event.sum()), "distant relapse")
    subtitle = f"{relapses} in {len(patients):,} patients without metastasis at diagnosis"
    figure = _figure(data, 11.0, 4.8, "Time to distant relapse", subtitle)
    left = figure.add_axes((0.075, 0.17, 0.395, 0.6))
    right = figure.add_axes((0.575, 0.17, 0.395, 0.6))
    left.set_title("Hazard of distant relapse")
    right.set_title("Cumulative incidence, death competing")
    if not event.any():
        for axes in (left, right):
            axes.set_xticks([])
            axes.set_yticks([])
            style.empty_note(axes, "no distant relapse")
        return figure
    _hazard(left, time, event)
    _incidence(right, distant, time)
    return figure


def _hazard(axes: Axes, time: np.ndarray, event: np.ndarray) -> None:
    """Events per person-year in bins wide enough to hold some events; Poisson intervals."""
    end = float(time.max()) / YEAR
    width = next(step for step in (0.5, 1.0, 2.0, 5.0) if event.sum() * step / end >= 6 or step == 5.0)
    edges = np.arange(0.0, end + width * 0.5, width)
    years = np.minimum(time, edges[-1] * YEAR) / YEAR
    counts = np.histogram(years[event & (time / YEAR <= edges[-1])], edges)[0]
    # Time at risk within each bin, from the number still at risk and the sum of the times that end inside it.
    ordered = np.sort(years)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    index = np.searchsorted(ordered, edges, side="left")
    inside = sums[index[1:]] - sums[index[:-1]] - np.diff(index) * edges[:-1]
    exposure = inside + (ordered.size - index[1:]) * width
    rate = np.where(exposure > 0, counts / np.maximum(exposure, 1e-12), np.nan) * 100
    # Exact Poisson limits are quantiles of gamma distributions; scipy.stats would cost a second to import.
    from scipy.special import gammaincinv

    per_year = 100 / np.maximum(exposure, 1e-12)
    low = np.where(counts > 0, gammaincinv(np.maximum(counts, 1), 0.025), 0.0) * per_year
    high = gammaincinv(counts + 1, 0.975) * per_year
    enough = exposure > 0.002 * exposure.max()
    centre = (edges[:-1] + edges[1:]) / 2
    axes.bar(centre[enough], rate[enough], width=width * 0.9, color="#d9a3b6", linewidth=0)
    axes.vlines(centre[enough], low[enough], high[enough], color="#B23764", linewidth=1.0)
    axes.plot(centre[enough], rate[enough], "o", ms=3, color="#B23764")
    top = float(np.nanmax(rate[enough]))
    axes.set_ylim(0, max(1.35 * top, min(1.15 * float(high[enough].max()), 2.5 * top)))
    axes.set_xlim(0, edges[-1])
    axes.set_xticks(year_ticks(edges[-1]))
    axes.set_xlabel("years after diagnosis")
    axes.set_ylabel("relapses per 100 patients and year")
    axes.grid(axis="y")
    axes.annotate(
        f"bins of {width:g} y, 95 % Poisson intervals", (0.99, 0.97), xycoords="axes fraction", ha="right", va="top",
        fontsize=7.5, color=style.MUTED,
    )  # fmt: skip


def _incidence(axes: Axes, distant: pd.DataFrame, time: np.ndarray) -> None:
    first, _ = first_event(distant, ("relapse_d", "death_d"))
    relapse = distant["relapse_d"].to_numpy(dtype=float)
    death = distant["death_d"].to_numpy(dtype=float)
    cause = np.where(relapse <= first, 1, np.where(death <= first, 2, 0))
    grid = np.linspace(0, float(time.max()), 500)
    last = 0.0
    for number, name, colour in ((1, "distant relapse", "#B23764"), (2, "death without distant relapse", style.MUTED)):
        curve = cumulative_incidence(first, cause, of=number, at=grid)
        axes.fill_between(grid / YEAR, curve.lower, curve.upper, color=colour, alpha=0.2, linewidth=0)
        axes.plot(grid / YEAR, curve.incidence, color=colour, linewidth=1.8)
        known = np.flatnonzero(np.isfinite(curve.incidence))
        last = max(last, float(np.nanmax(curve.upper)) if np.isfinite(curve.upper).any() else 0.0)
        middle = known[int(len(known) * (0.5 if number == 1 else 0.97))]
        halo = [effects.Stroke(linewidth=2.5, foreground="white"), effects.Normal()]
        axes.annotate(
            name, (grid[middle] / YEAR, float(curve.incidence[middle])), xytext=(-2, 7), textcoords="offset points",
            ha="right", color=colour, fontsize=8.5, fontweight="bold", path_effects=halo,
        )  # fmt: skip
    axes.set_xlim(0, float(time.max()) / YEAR)
    axes.set_xticks(year_ticks(float(time.max()) / YEAR))
    axes.set_ylim(0, min(1.0, last * 1.2 + 0.01))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    axes.set_xlabel("years after diagnosis")
    axes.set_ylabel("share of patients (M0)")
    axes.grid(axis="both")


@style.styled
def blood(data: RunData) -> Figure:
    """Distribution of the true CTC concentration at diagnosis by stage, on a logarithmic scale."""
    figure = _figure(
        data,
        9.0,
        4.6,
        "Circulating tumour cells at diagnosis",
        "true concentration in arm blood · box: middle half, bar: median, dashed: 1 cell per 7.5 mL tube",
    )
    axes = figure.add_axes((0.095, 0.14, 0.87, 0.64))
    values = data.patients["ctc_per_ml_at_diagnosis"].to_numpy(dtype=float)
    stage = data.patients["stage_group"].astype(str).to_numpy()
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size:
        axes.set_xticks([])
        axes.set_yticks([])
        style.empty_note(axes, "no tumour cell in the blood at diagnosis")
        return figure
    low, high = np.floor(np.log10(positive.min())), np.ceil(np.log10(positive.max()))
    low = max(low, high - 12)
    edges = np.linspace(low, high, 61)
    for index, name in enumerate(STAGES):
        own = values[stage == name]
        logs = np.log10(np.maximum(own[own > 0], 10.0**low))
        _violin(axes, index, logs, edges, style.STAGE_COLOURS[name])
        zero = f"\n{style.percent(float(np.mean(own <= 0)))} have none" if own.size and (own <= 0).any() else ""
        axes.annotate(
            f"n = {own.size:,}{zero}",
            (index, 0.985),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontsize=8,
        )
    tube = np.log10(1 / 7.5)
    if low < tube < high:
        axes.axhline(tube, color=style.MUTED, linewidth=0.9, linestyle="--", zorder=1)
    axes.set_xlim(-0.6, len(STAGES) - 0.4)
    axes.set_ylim(low, high + 0.18 * (high - low))
    axes.set_xticks(range(len(STAGES)), [f"stage {name}" for name in STAGES])
    step = 1 if high - low <= 8 else 2
    ticks = np.arange(low, high + 0.1, step)
    axes.set_yticks(ticks, [f"10{style.superscript(int(tick))}" for tick in ticks])
    axes.set_ylabel("CTC (cells/mL)")
    axes.grid(axis="y")
    return figure


def _violin(axes: Axes, x: float, logs: np.ndarray, edges: np.ndarray, colour: str) -> None:
    if logs.size == 0:
        return
    centre = (edges[:-1] + edges[1:]) / 2
    if logs.size >= 30:
        counts = np.histogram(logs, edges)[0].astype(float)
        # Silverman's bandwidth, in bins: the shape of a small sample is as smooth as its size allows.
        bandwidth = max(0.9 * logs.std() * logs.size**-0.2 / (edges[1] - edges[0]), 0.7)
        kernel = np.exp(-0.5 * (np.arange(-20, 21) / bandwidth) ** 2)
        counts = np.convolve(counts, kernel / kernel.sum(), mode="same")
        half = 0.38 * counts / counts.max()
        shown = half > 0.002
        axes.fill_betweenx(centre, x - half, x + half, where=shown, color=colour, alpha=0.75, linewidth=0)
    else:
        # Too few for a shape: every patient a dot, spread evenly so that the picture is the same each time.
        axes.plot(
            x + 0.3 * (((np.arange(logs.size) * 0.618) % 1) - 0.5), logs, "o", ms=4, color=colour, mec="white", mew=0.4
        )
    quarter, middle, three = np.percentile(logs, [25, 50, 75])
    if logs.size >= 5:
        axes.add_patch(_box(x, quarter, three))
    axes.plot([x - 0.09, x + 0.09], [middle, middle], color=style.INK, linewidth=2.0, zorder=5)
    axes.annotate(
        style.number(10.0**middle),
        (x + 0.1, middle),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        zorder=6,
    )


def _box(x: float, low: float, high: float) -> Rectangle:
    return Rectangle((x - 0.07, low), 0.14, high - low, facecolor="white", edgecolor=style.INK, linewidth=0.9, zorder=4)


@style.styled
def nodes(data: RunData) -> Figure:
    """Positive nodes: their number, and the share of patients in each class by size of the primary."""
    examined = f"{len(data.examined):,} examined" if len(data.examined) < data.size else ""
    subtitle = " · ".join(filter(None, ("positive nodes found at diagnosis", examined)))
    figure = _figure(data, 10.0, 4.4, "Lymph nodes", subtitle)
    left = figure.add_axes((0.075, 0.165, 0.39, 0.6))
    right = figure.add_axes((0.555, 0.165, 0.30, 0.6))
    left.set_title("Number of positive nodes")
    right.set_title("By size of the primary", pad=16)
    if data.examined.empty:
        for axes in (left, right):
            axes.set_xticks([])
            axes.set_yticks([])
            style.empty_note(axes, "nodes were not examined")
        return figure
    found = data.examined["nodes_positive"].to_numpy()
    true = data.examined["nodes_involved"].to_numpy()
    top = 15
    bins = np.arange(top + 2) - 0.5
    for values, name, offset, colour in (
        (found, "found", -0.2, style.PRIMARY),
        (true, "truly involved", 0.2, "#b7c9d8"),
    ):
        counts = np.histogram(np.minimum(values, top), bins)[0] / len(data.examined)
        left.bar(np.arange(top + 1) + offset, counts, width=0.4, color=colour, label=name, linewidth=0)
    left.set_xticks([0, 3, 6, 9, 12, top], ["0", "3", "6", "9", "12", f"≥{top}"])
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    left.set_ylabel("share of patients examined")
    left.set_xlabel("nodes")
    left.legend(loc="upper right")
    left.grid(axis="y")
    _by_size(right, data)
    return figure


def _by_size(axes: Axes, data: RunData) -> None:
    """Stacked shares of the node classes by diameter of the primary."""
    diameter = data.examined["diameter_at_diagnosis_mm"].to_numpy(dtype=float)
    found = data.examined["nodes_positive"].to_numpy()
    edges = [0, 10, 20, 30, 50, np.inf]
    names = ["≤10", "11–20", "21–30", "31–50", ">50"]
    colours = ["#dce6ee", "#92bedb", "#3f88b8", "#0b3c5d"]
    for index in range(len(names)):
        own = found[(diameter > edges[index]) & (diameter <= edges[index + 1])]
        base = 0.0
        for (low, high, text), colour in zip(NODE_CLASSES, colours, strict=True):
            share = float(np.mean((own >= low) & (own <= high))) if own.size else 0.0
            axes.bar(
                index, share, bottom=base, color=colour, width=0.8, linewidth=0, label=text if index == 0 else None
            )
            base += share
        axes.annotate(
            f"{own.size:,}",
            (index, 1.01),
            ha="center",
            va="bottom",
            fontsize=7.5,
            color=style.MUTED,
            annotation_clip=False,
        )
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1.0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.set_xlabel("diameter of the primary (mm)")
    handles, texts = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        texts[::-1],
        title="positive nodes",
        loc="center left",
        bbox_to_anchor=(1.02, 0.5),
        alignment="left",
    )
