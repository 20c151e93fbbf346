"""Pictures of predicted risks beside what happened: curves by quarter of predicted risk, and calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from diaspore.cohort.survival import kaplan_meier
from diaspore.inference.assess import Calibration, calibration
from diaspore.viz import style

#: quarters of predicted risk, from low to high
COLOURS = ("#56B4E9", "#009E73", "#E69F00", "#882255")
NAMES = ("lowest quarter of predicted risk", "second", "third", "highest")
GROUPS = 8  # of the calibration plot
LEAST = 10  # patients at risk for a curve to be drawn


@style.styled
def prediction(
    time: np.ndarray,
    event: np.ndarray,
    risk: np.ndarray,
    years: Sequence[float],
    at: float,
    title: str,
    subtitle: str,
) -> Figure:
    """Predicted and observed curves by quarter of predicted risk, and calibration at one time.

    Args:
        time: (n,) years of follow-up. event: (n,) bool, it ended with the event.
        risk: (n, years) predicted probability of the event by each of ``years``.
        years: ascending. at: the one of them at which risks are sorted and calibration is shown.
        title, subtitle: of the picture.
    """
    figure = style.new_figure(12.6, 6.2)
    style.heading(
        figure,
        title,
        subtitle,
        f"steps: Kaplan-Meier with 95 % band while {LEAST} patients are at risk; dots: predicted;"
        " right: groups of equal size with 95 % intervals",
    )
    by = risk[:, list(years).index(at)]
    left = style.inch_axes(figure, 0.75, 0.85, 6.35, 1.25)
    right = style.inch_axes(figure, 7.25, 0.85, 0.45, 1.25)
    _curves(left, time, event, risk, years, by)
    _calibration(right, time, event, by, at)
    return figure


def _curves(
    axes: Axes, time: np.ndarray, event: np.ndarray, risk: np.ndarray, years: Sequence[float], by: np.ndarray
) -> None:
    order = np.argsort(by, kind="stable")
    parts = np.array_split(order, 4)
    ends = [float(np.sort(time[part])[-min(LEAST, len(part))]) for part in parts]
    end = min(max(ends), float(years[-1]))
    for part, last, colour, name in zip(parts, ends, COLOURS, NAMES, strict=True):
        grid = np.linspace(0.0, min(last, end), 400)
        curve = kaplan_meier(time[part], event[part], at=grid)
        axes.fill_between(grid, 100 * curve.lower, 100 * curve.upper, step="post", color=colour, alpha=0.15, lw=0)
        axes.step(grid, 100 * curve.survival, where="post", color=colour, lw=1.7, label=f"{name} ({len(part)})")
        mean = 100 * np.concatenate([[1.0], 1.0 - risk[part].mean(axis=0)])
        axes.plot([0.0, *years], mean, "--o", color=colour, lw=1.0, ms=5, mec="white", mew=0.7)
    axes.set_xlim(0.0, end)
    axes.set_ylim(0.0, 102.0)
    axes.set_xlabel("years")
    axes.set_ylabel("without recurrence or death")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid(axis="y")
    axes.set_title("Observed (steps) and predicted (dots)")
    axes.legend(loc="lower left", fontsize=8, handlelength=1.4, labelspacing=0.3)


def _calibration(axes: Axes, time: np.ndarray, event: np.ndarray, by: np.ndarray, at: float) -> None:
    found = calibration(time, event, by, at)
    axes.plot([0, 100], [0, 100], color=style.FAINT, lw=1.2, zorder=1)
    axes.annotate("ideal", (96, 96), color=style.MUTED, fontsize=8, ha="right", va="bottom", rotation=38)
    for part in np.array_split(np.argsort(by, kind="stable"), GROUPS):
        curve = kaplan_meier(time[part], event[part], at=[at])
        x, y = 100 * by[part].mean(), 100 * (1.0 - curve.survival[0])
        below, above = y - 100 * (1.0 - curve.upper[0]), 100 * (1.0 - curve.lower[0]) - y
        axes.errorbar(x, y, yerr=[[below], [above]], fmt="o", color=style.RUN_A, ms=5.5, lw=1.2, zorder=3)
    grid = np.linspace(max(0.005, by.min()), min(0.995, by.max()), 200)
    axes.plot(100 * grid, 100 * _recalibrated(grid, by, time, event, at), color=style.RUN_B, lw=1.5, zorder=2)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
    axes.grid()
    axes.set_xlabel(f"predicted probability by {at:g} years")
    axes.set_ylabel(f"observed by {at:g} years")
    axes.set_title("Calibration")
    axes.text(
        0.97, 0.04, _words(found), transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5, color=style.RUN_B
    )


def _recalibrated(grid: np.ndarray, by: np.ndarray, time: np.ndarray, event: np.ndarray, at: float) -> np.ndarray:
    """The fitted relation of observed to predicted probability at some predicted ones."""
    from diaspore.inference.assess import recalibration

    a, b = recalibration(time, event, by, at)
    result: np.ndarray = -np.expm1(-np.exp(a + b * np.log(-np.log1p(-grid))))
    return result


def _words(found: Calibration) -> str:
    a, b = found.intercept, found.slope
    return (
        f"intercept {a.value:+.2f} ({a.lower:+.2f} to {a.upper:+.2f}), ideal 0\n"
        f"slope {b.value:.2f} ({b.lower:.2f} to {b.upper:.2f}), ideal 1"
    )
