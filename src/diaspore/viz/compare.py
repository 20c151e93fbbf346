"""Two runs in one picture: survival, sites, the main numbers with their differences, and what the specs differ in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from diaspore.cohort.compare import compare_runs
from diaspore.cohort.intervals import wilson
from diaspore.cohort.survival import overall_survival, relapse_free_survival
from diaspore.viz import style
from diaspore.viz.data import RunData
from diaspore.viz.survival_axes import Arm, draw_survival

ROWS = 14
#: rows of the table in order of interest; what a pair of runs lacks is left out
WANTED = (
    "overall survival at 5 y",
    "overall survival at 10 y",
    "overall survival at 20 y",
    "relapse-free survival at 5 y",
    "relapse-free survival at 10 y",
    "detected metastasis",
    "died of cancer",
    "stage IV at diagnosis",
    "node-positive, of those examined",
    "mean primary diameter at diagnosis",
    "mean occult metastases at diagnosis",
    "mean metastases seeded",
    "mean CTC at diagnosis",
    "mean dormant cells at the end",
)


@style.styled
def comparison(a: RunData, b: RunData) -> Figure:
    """Survival of A against B, sites, table of the main metrics, and the spec fields that differ."""
    table = compare_runs(a.run, b.run)
    figure = style.new_figure(13.0, 10.2)
    names = _names(a, b)
    paired = bool(table["paired"].any())
    how = "same patients and seed: differences patient by patient" if paired else "independent patients"
    subtitle = (
        f"A: {names[0]}, {style.plural(a.size, 'patient')} · B: {names[1]}, {style.plural(b.size, 'patient')} · {how}"
    )
    sources = [f"{letter}: {name} ({data.source})" for letter, name, data in zip("AB", names, (a, b), strict=True)]
    style.heading(figure, "Two runs compared", subtitle, "; ".join(sources))
    boxes = ((0.065, 0.655, 0.26, 0.205), (0.39, 0.655, 0.26, 0.205))
    for box, outcome, title in zip(
        boxes,
        (overall_survival, relapse_free_survival),
        ("Overall survival", "Relapse-free survival (M0)"),
        strict=True,
    ):
        axes = figure.add_axes(box)
        arms = [
            Arm(name, *outcome(data.patients), colour)
            for name, data, colour in (("A", a, style.RUN_A), ("B", b, style.RUN_B))
            if len(data.patients)
        ]
        draw_survival(axes, arms, title, "share of patients")
    _sites(figure.add_axes((0.77, 0.655, 0.205, 0.235)), a, b)
    _table(figure.add_axes((0.03, 0.05, 0.63, 0.47)), table)
    _specs(figure.add_axes((0.69, 0.05, 0.285, 0.47)), table.attrs["spec_differences"])
    return figure


def _names(a: RunData, b: RunData) -> tuple[str, str]:
    """Names that tell the runs apart: their own, or those of their directories, or the whole paths."""
    if a.name != b.name:
        return a.name, b.name
    if a.run.path.name != b.run.path.name:
        return a.run.path.name, b.run.path.name
    return a.run.path.as_posix(), b.run.path.as_posix()


def _sites(axes: Axes, a: RunData, b: RunData) -> None:
    axes.set_title("Sites ever detected")
    shares = {}
    for site in {**a.detected, **b.detected}:
        shares[site] = max(data.detected.get(site, np.zeros(0)).size / max(data.size, 1) for data in (a, b))
    names = sorted(shares, key=lambda site: (-shares[site], site))[:9]
    axes.tick_params(axis="y", length=0)
    if not names:
        axes.set_xticks([])
        axes.set_yticks([])
        style.empty_note(axes, "no metastasis was detected")
        return
    for offset, data, colour in ((-0.17, a, style.RUN_A), (0.17, b, style.RUN_B)):
        counts = np.array([data.detected.get(site, np.zeros(0)).size for site in names])
        low, high = wilson(counts, max(data.size, 1))
        y = np.arange(len(names)) + offset
        axes.hlines(y, low, high, color=colour, linewidth=1.6)
        axes.plot(counts / max(data.size, 1), y, "o", ms=4.5, color=colour)
    axes.set_yticks(range(len(names)), [style.label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    axes.set_xlabel("share of patients, 95 % interval")
    axes.grid(axis="x")


def _table(axes: Axes, table: pd.DataFrame) -> None:
    axes.set_axis_off()
    axes.set_title("Main numbers", pad=4)
    rows = table.set_index("metric")
    wanted = [name for name in WANTED if name in rows.index][:ROWS]
    columns = (0.0, 0.52, 0.64, 0.76, 1.0)
    heads = ("", "A", "B", "B − A", "95 % interval")
    step = 1.0 / (ROWS + 1.2)
    colours = (style.INK, style.RUN_A, style.RUN_B, style.INK, style.INK)
    for x, head, colour in zip(columns, heads, colours, strict=True):
        axes.text(
            x, 1.0 - 0.5 * step, head, ha="left" if x == 0 else "right", va="center", fontweight="bold", color=colour
        )
    axes.plot([0, 1], [1.0 - step] * 2, color=style.MUTED, linewidth=0.9)
    for index, name in enumerate(wanted):
        row = rows.loc[name]
        y = 1.0 - (index + 1.6) * step
        share = row["unit"] == "share"
        write, points = _writer(row, share), " pp" if share else ""
        clear = np.isfinite(row["lower"]) and (row["lower"] > 0 or row["upper"] < 0)
        unit = "" if share else f" ({row['unit'].replace('mm3', 'mm³')})"
        cells = (
            style.label(name) + unit,
            write(row["A"]) + (" %" if share else ""),
            write(row["B"]) + (" %" if share else ""),
            _signed(row["difference"], write, points),
            _interval(row, write, points),
        )
        for x, cell in zip(columns, cells, strict=True):
            bold = clear and x >= 0.7
            axes.text(
                x, y, cell, ha="left" if x == 0 else "right", va="center", fontsize=8.8,
                fontweight="bold" if bold else "normal", color=style.INK if bold or x < 0.7 else style.MUTED,
            )  # fmt: skip
        axes.plot([0, 1], [y - 0.5 * step] * 2, color=style.GRID, linewidth=0.7)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)


def _writer(row: pd.Series, share: bool) -> Callable[[float], str]:
    """How all numbers of a row are written: with the decimals that its values and the width of its interval need."""
    factor = 100.0 if share else 1.0
    size = factor * max(abs(row["A"]), abs(row["B"]))
    if not np.isfinite(size) or size == 0:
        size = 1.0
    exponent = int(np.floor(np.log10(size)))
    if not share and not -3 <= exponent < 6:
        power = f"×10{style.superscript(exponent)}"
        return lambda value: "0" if value == 0 else f"{value / 10.0**exponent:.2f}{power}"
    decimals = max(1 - exponent, 1) if share else max(2 - exponent, 0)
    width = factor * (row["upper"] - row["lower"])
    if np.isfinite(width) and width > 0:
        decimals = max(decimals, min(int(np.ceil(-np.log10(width))), decimals + 2))
    return lambda value: f"{factor * value:,.{decimals}f}" if np.isfinite(value) else "–"


def _interval(row: pd.Series, write: Callable[[float], str], unit: str) -> str:
    if not np.isfinite(row["lower"]):
        return "–"
    if row["lower"] == row["upper"]:
        return "identical"
    return f"{_signed(row['lower'], write, '')} to {_signed(row['upper'], write, unit)}"


def _signed(value: float, write: Callable[[float], str], unit: str) -> str:
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else '−'}{write(abs(value))}{unit}"


def _specs(axes: Axes, differences: list[dict[str, object]]) -> None:
    axes.set_axis_off()
    axes.set_title("What differs in the specs", pad=4)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    step = 1.0 / 15.2
    if not differences:
        axes.text(0, 1 - step, "nothing", color=style.MUTED, style="italic", va="center")
        return
    y = 1.0 - 0.5 * step
    for entry in differences[:7]:
        axes.text(0, y, _clip(str(entry["field"]), 44), fontsize=8.8, fontweight="bold", va="center")
        axes.text(
            0.03, y - 0.8 * step, f"A  {_clip(_plain(entry['A']), 20)}", fontsize=8.8, color=style.RUN_A, va="center"
        )
        axes.text(
            0.53, y - 0.8 * step, f"B  {_clip(_plain(entry['B']), 20)}", fontsize=8.8, color=style.RUN_B, va="center"
        )
        y -= 2.0 * step
    if len(differences) > 7:
        axes.text(0, y, f"and {len(differences) - 7} more", fontsize=8.5, color=style.MUTED, va="center")


def _plain(value: object) -> str:
    return "not set" if value is None else str(value)


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
