"""The course of one patient's disease: burden by organ, tumour cells in the blood, phenotypes, niches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from diaspore.cohort.remarks import KEPT
from diaspore.viz import style
from diaspore.viz.data import RunData, patient_subtitle, patient_title

if TYPE_CHECKING:
    import xarray as xr

YEAR = style.DAYS_PER_YEAR
ONE_CELL_MM3 = 1e-6
COMPARTMENTS = {
    "portal": ("portal vein", "#E69F00"),
    "central_venous": ("central veins", "#0072B2"),
    "arterial": ("arteries", "#D55E00"),
    "arm": ("arm vein (blood sample)", "#22262b"),
}
#: below one cell in the whole blood of a person nothing is there
FEWEST_PER_ML = 1e-4


@style.styled
def course(data: RunData, patient: int) -> Figure:
    """Four stacked panels over the years before and after diagnosis; a note where the run kept no course."""
    row = data.patient(patient)
    own = data.course_of(patient)
    if own is None:
        figure = style.new_figure(10.0, 3.0)
        style.heading(figure, patient_title(row), patient_subtitle(row), data.source)
        axes = style.inch_axes(figure, 0.4, 0.5, 0.4, 0.9)
        axes.set_axis_off()
        lost = f"course.zarr is missing from {data.run.path.name}: the time course is lost"
        kept_none = f"this run kept no time course (runs of more than {KEPT} patients keep tables only)"
        style.empty_note(axes, lost if data.course_is_lost else kept_none)
        return figure
    figure = style.new_figure(10.0, 11.0)
    style.heading(figure, patient_title(row), patient_subtitle(row), data.source)
    grid = figure.add_gridspec(
        4, 1, height_ratios=[3.0, 1.7, 1.25, 1.7], left=0.085, right=0.755, top=0.885, bottom=0.075, hspace=0.26
    )
    panels = [figure.add_subplot(grid[row]) for row in range(4)]
    years = own["time"].to_numpy() / YEAR
    _burden(panels[0], own, years, data.site_palette)
    _blood(panels[1], own, years, data.visits_of(patient))
    _phenotypes(panels[2], own, years)
    _niches(panels[3], own, years, data.site_palette)
    start = _first_year(own, years)
    for panel in panels:
        panel.set_xlim(start, max(years[-1], 0.1) + 0.01 * (years[-1] - start))
        panel.grid(axis="both")
        _events(panel, row, panel is panels[0])
        if panel is not panels[-1]:
            panel.tick_params(labelbottom=False)
    panels[-1].set_xlabel("years after diagnosis")
    figure.align_ylabels(panels)
    return figure


def _first_year(own: xr.Dataset, years: np.ndarray) -> float:
    """Start of the drawing: the primary's first cell, but not more than about as long before diagnosis as after it."""
    present = np.flatnonzero(own["primary_mm3"].to_numpy() > 0)
    first = float(years[present[0]]) if present.size else float(years[0])
    return max(first, -max(12.0, float(years[-1])))


def _burden(axes: Axes, own: xr.Dataset, years: np.ndarray, colours: dict[str, str]) -> None:
    ends: list[tuple[float, str, str]] = []
    curves: list[tuple[str, np.ndarray, str, float, Any]] = [
        ("primary", own["primary_mm3"].to_numpy(), style.PRIMARY, 2.4, "-")
    ]
    curves.append(("regional nodes", own["nodal_mm3"].to_numpy(), style.PRIMARY, 1.5, (0, (4, 1.5))))
    for site in own["site"].to_numpy():
        if str(site) == "regional_nodes":  # drawn already, in the colour of the primary's own region
            continue
        values = own["burden_mm3"].sel(site=site).to_numpy()
        curves.append((str(site), values, colours.get(str(site), style.MUTED), 1.7, "-"))
    for name, values, colour, width, dash in curves:
        shown = np.where(values >= ONE_CELL_MM3 / 2, values, np.nan)
        if not np.isfinite(shown).any():
            continue
        axes.plot(years, shown, color=colour, linewidth=width, linestyle=dash)
        last = np.flatnonzero(np.isfinite(shown))[-1]
        gone = " (removed)" if last < len(years) - 2 else ""
        ends.append((float(shown[last]), style.label(name) + gone, colour))
    axes.set_yscale("log")
    axes.set_ylim(1.2e-7, 3e6)
    axes.set_yticks([10.0**k for k in range(-6, 7, 2)])
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("burden (mm³)")
    axes.set_title("Tumour burden by organ", pad=18)  # above the names of events
    right = axes.secondary_yaxis("right", functions=(_diameter, _volume))  # type: ignore[arg-type]
    right.set_ylabel("diameter of one sphere (mm)", fontsize=8.5, color=style.MUTED, labelpad=1)
    right.yaxis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10, 100]))
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    right.tick_params(labelsize=8, color=style.FAINT)
    right.spines["right"].set_color(style.FAINT)
    axes.axhline(ONE_CELL_MM3, color=style.FAINT, linewidth=0.8, linestyle=":")
    axes.annotate(
        "one cell",
        (0.01, ONE_CELL_MM3 * 0.75),
        xycoords=("axes fraction", "data"),
        va="top",
        fontsize=7.5,
        color=style.MUTED,
    )
    _end_labels(axes, ends, 1.1)
    if not ends:
        style.empty_note(axes, "no tumour within the time drawn")


def _diameter(mm3: np.ndarray) -> np.ndarray:
    return np.cbrt(6.0 * np.maximum(np.asarray(mm3, dtype=float), 1e-12) / np.pi)


def _volume(mm: np.ndarray) -> np.ndarray:
    return np.asarray(np.pi / 6.0 * np.maximum(np.asarray(mm, dtype=float), 1e-6) ** 3)


def _blood(axes: Axes, own: xr.Dataset, years: np.ndarray, visits: pd.DataFrame) -> None:
    axes.set_title("Circulating tumour cells")
    axes.set_ylabel("CTC (cells/mL)")
    ends, seen = [], []
    for name, (text, colour) in COMPARTMENTS.items():
        if name not in own["compartment"].values:
            continue
        values = own["ctc_per_ml"].sel(compartment=name).to_numpy()
        shown = np.where(values >= FEWEST_PER_ML, values, np.nan)
        if not np.isfinite(shown).any():
            continue
        axes.plot(years, shown, color=colour, linewidth=1.6)
        seen.append(shown)
        ends.append((float(shown[np.isfinite(shown)][-1]), style.label(text), colour))
    axes.set_yscale("log")
    if not seen:
        axes.set_yticks([])
        style.empty_note(axes, f"fewer than {FEWEST_PER_ML:g} cells per mL throughout")
        return
    top = max(float(np.nanmax(values)) for values in seen)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(FEWEST_PER_ML, max(top * 3, 1e-2))
    if len(visits) and "ctc_count" in visits:
        counts = visits["ctc_count"].to_numpy(dtype=float) / np.maximum(visits["tube_ml"].to_numpy(dtype=float), 1e-9)
        positive = counts > 0
        day = visits["day"].to_numpy() / YEAR
        axes.plot(day[positive], counts[positive], "o", ms=4, mfc="white", mec=style.INK, mew=1.0, zorder=4)
        axes.plot(
            day[~positive], np.full((~positive).sum(), FEWEST_PER_ML * 1.35), "v", ms=3.5, mfc="white", mec=style.MUTED
        )
        axes.annotate(
            "○ counted in a tube   ▽ none in the tube",
            (0.01, 0.9),
            xycoords="axes fraction",
            fontsize=7.5,
            color=style.MUTED,
        )
    _end_labels(axes, ends, 1.02)


def _phenotypes(axes: Axes, own: xr.Dataset, years: np.ndarray) -> None:
    axes.set_title("Phenotypes of the tumour cells")
    axes.set_ylabel("share of cells")
    base = np.zeros(len(years))
    for name in own["phenotype"].to_numpy():
        text, colour = style.PHENOTYPES.get(str(name), (str(name), style.MUTED))
        part = np.nan_to_num(own["fractions"].sel(phenotype=name).to_numpy())
        axes.fill_between(years, base, base + part, color=colour, alpha=0.85, linewidth=0)
        alive = np.flatnonzero(part > 0)
        if alive.size:
            middle = base[alive[-1]] + part[alive[-1]] / 2
            axes.annotate(
                style.label(text),
                (1.02, middle),
                xycoords=("axes fraction", "data"),
                color=colour,
                fontsize=8.5,
                va="center",
            )
        base = base + part
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def _niches(axes: Axes, own: xr.Dataset, years: np.ndarray, colours: dict[str, str]) -> None:
    axes.set_title("Readiness of the niches")
    axes.set_ylabel("readiness (–)")
    groups: dict[bytes, tuple[np.ndarray, list[str]]] = {}
    for site in own["site"].to_numpy():
        values = own["niche"].sel(site=site).to_numpy()
        if np.isfinite(values).any():
            groups.setdefault(values.tobytes(), (values, []))[1].append(str(site))
    ends = []
    for values, sites in groups.values():  # sites with the same course share one curve
        colour = colours.get(sites[0], style.MUTED) if len(sites) == 1 else style.INK
        axes.plot(years, values, color=colour, linewidth=1.4)
        if len(groups) == 1:
            name = "all sites"
        else:
            names = [style.label(site) for site in sites]
            name = ", ".join(names) if len(names) <= 2 else f"{names[0]} and {len(names) - 1} more"
        ends.append((float(values[np.isfinite(values)][-1]), name, colour))
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), max(1.0, high))
    _end_labels(axes, ends, 1.02)


def _end_labels(axes: Axes, ends: list[tuple[float, str, str]], x: float) -> None:
    """Names at the right-hand ends of the curves, moved apart where they would overlap."""
    if not ends:
        return
    height = axes.get_window_extent().height * 72.0 / style.DPI
    transform = axes.transData + axes.transAxes.inverted()
    ends = sorted(ends, key=lambda item: item[0])
    wanted = [float(np.clip(transform.transform((0.0, value))[1], 0.0, 1.0)) for value, _, _ in ends]
    gap = 10.6 / height
    places: list[float] = []
    for want in wanted:
        places.append(max(want, places[-1] + gap) if places else want)
    over = places[-1] - 1.0
    if over > 0:
        places[-1] = 1.0
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - gap)
    for place, (_, text, colour) in zip(places, ends, strict=True):
        axes.annotate(text, (x, place), xycoords="axes fraction", color=colour, fontsize=8.5, va="center")


def _events(axes: Axes, row: pd.Series, named: bool) -> None:
    marks = [(0.0, "diagnosis", style.INK)]
    if np.isfinite(row["relapse_d"]):
        marks.append((float(row["relapse_d"]) / YEAR, "relapse", "#B23764"))
    if np.isfinite(row["death_d"]):
        marks.append((float(row["death_d"]) / YEAR, "death", style.INK))
    low, high = axes.get_xlim()
    last = -np.inf
    for x, text, colour in marks:
        axes.axvline(x, color=colour, linewidth=0.9, zorder=1)
        if named:
            up = 12 if x - last < 0.09 * (high - low) else 1
            axes.annotate(
                text, (x, 1.0), xycoords=("data", "axes fraction"), xytext=(0, up), textcoords="offset points",
                ha="center", va="bottom", fontsize=8.5, color=colour,
            )  # fmt: skip
            last = x
