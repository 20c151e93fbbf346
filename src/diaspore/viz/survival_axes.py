"""Survival curves with their bands and the numbers at risk below, as several pictures need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from diaspore.cohort.survival import kaplan_meier, median_survival
from diaspore.viz import style

YEAR = style.DAYS_PER_YEAR
#: a curve is drawn at no more points than this; more cannot be seen and makes a million patients slow
POINTS = 600


@dataclass(frozen=True)
class Arm:
    """One curve: name, times in days, events, colour."""

    name: str
    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    colour: str


def draw_survival(
    axes: Axes, arms: Sequence[Arm], title: str, what: str, key_rows: int = 0, since: str = "diagnosis"
) -> None:
    """Kaplan-Meier curves of some arms with 95 % bands, a key with medians, and a table of numbers at risk.

    ``since`` names the event from which years count.
    ``key_rows`` reserves room for the key, so that the titles of neighbouring panels stand at one height.
    """
    arms = [arm for arm in arms if arm.time.size]
    if not arms:
        axes.set_axis_off()
        axes.set_title(title)
        style.empty_note(axes, "no patient to follow")
        return
    end = max(float(arm.time.max()) for arm in arms)
    ticks = year_ticks(end / YEAR)
    finals = []
    for arm in arms:
        grid = np.linspace(0.0, float(arm.time.max()), POINTS)
        curve = kaplan_meier(arm.time, arm.event, at=grid)
        axes.fill_between(grid / YEAR, curve.lower, curve.upper, step="post", color=arm.colour, alpha=0.18, linewidth=0)
        axes.step(grid / YEAR, curve.survival, where="post", color=arm.colour, linewidth=1.8)
        known = curve.survival[np.isfinite(curve.survival)]
        finals.append((float(known[-1]), arm))
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0, ticks[-1] if ticks[-1] >= end / YEAR else end / YEAR * 1.01)
    axes.set_xticks(ticks)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    axes.set_ylabel(what)
    axes.set_xlabel(f"years after {since}")
    axes.grid(axis="both")
    _key(axes, arms, title, key_rows)
    _at_risk(axes, arms, ticks)
    if not any(arm.event.any() for arm in arms):
        style.empty_note(axes, "no event")


def year_ticks(years: float) -> list[float]:
    """Round ticks from 0 to about the given number of years."""
    step = next(step for step in (0.25, 0.5, 1, 2, 5, 10, 20, 50) if years / step <= 7)
    return [float(tick) for tick in np.arange(0, years + 0.01 * step, step)] or [0.0]


def _key(axes: Axes, arms: Sequence[Arm], title: str, rows: int) -> None:
    """Name and median of each arm between the title and the curves, where nothing can overlap."""
    handles = []
    for arm in arms:
        middle = median_survival(kaplan_meier(arm.time, arm.event))
        text = f"{arm.name}: median not reached"
        if np.isfinite(middle.value):
            text = f"{arm.name}: median {middle.value / YEAR:.1f} y"
            if np.isfinite(middle.lower) and np.isfinite(middle.upper):
                text += f" ({middle.lower / YEAR:.1f}–{middle.upper / YEAR:.1f})"
        handles.append(Line2D([], [], color=arm.colour, linewidth=2.2, label=text))
    columns = 1 if _size_in_points(axes)[0] < 290 else 2
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=columns, handlelength=1.3, fontsize=8,
        columnspacing=1.2, labelspacing=0.25, borderpad=0.2,
    )  # fmt: skip
    axes.set_title(title, pad=8 + 12.5 * max(rows, -(-len(arms) // columns)))


def _size_in_points(axes: Axes) -> tuple[float, float]:
    box = axes.get_window_extent()
    return box.width * 72.0 / style.DPI, box.height * 72.0 / style.DPI


def _at_risk(axes: Axes, arms: Sequence[Arm], ticks: Sequence[float]) -> None:
    """Numbers at risk under the axis: two lines of text height for the axis label, then one line per arm."""
    size = _size_in_points(axes)[1]
    top, line = -46.0 / size, 12.0 / size
    axes.annotate(
        "at risk", (0.0, -34.0 / size), xycoords="axes fraction", xytext=(-14, 0), textcoords="offset points",
        ha="left", va="center", fontsize=7.5, color=style.MUTED,
    )  # fmt: skip
    for row, arm in enumerate(arms):
        ordered = np.sort(arm.time)
        for tick in ticks:
            # Half a day of grace: a follow-up of a whole number of years still counts at its own tick.
            count = ordered.size - int(np.searchsorted(ordered, tick * YEAR - 0.5, side="left"))
            axes.annotate(
                f"{count:,}", (tick, top - row * line), xycoords=("data", "axes fraction"), ha="center", va="center",
                fontsize=7.5, color=arm.colour,
            )  # fmt: skip
