"""The life of every lesion of one patient: seeded, dormant, growing, detected, removed, one lane each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from diaspore.cohort.compare import is_locoregional
from diaspore.viz import style
from diaspore.viz.data import RunData, living, patient_subtitle, patient_title

YEAR = style.DAYS_PER_YEAR
#: lanes shown for one organ; the further ones are counted in the organ's name
LANES_PER_ORGAN = 8
LANES = 44


@style.styled
def timeline(data: RunData, patient: int) -> Figure:
    """Swimlanes of the lesions of one patient; day 0 is the diagnosis."""
    row = data.patient(patient)
    every = data.lesions_of(patient)
    lesions = living(every)
    groups = _groups(lesions, row)
    lanes = sum(len(part) for _, part, _ in groups)
    height = 2.65 + max(0.19 * lanes + 0.16 * len(groups), 1.6)
    figure = style.new_figure(11.0, height)
    lost = len(every) - len(lesions)
    subtitle = patient_subtitle(row) + (f" · {style.plural(lost, 'lesion')} that died out not shown" if lost else "")
    style.heading(figure, patient_title(row), subtitle, data.source)
    axes = style.inch_axes(figure, 1.75, 1.05, 0.35, 1.25)
    start, end = _span(lesions, row)
    axes.set_xlim(start, end)
    if not lanes:
        axes.set_ylim(1, 0)
        axes.set_yticks([])
        style.empty_note(axes, "no lesion was seeded outside the primary")
    else:
        _draw_groups(axes, groups, float(row["followup_d"]), data.site_palette)
    _marks(axes, data.visits_of(patient), row)
    axes.set_xlabel("years after diagnosis")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    _legend(figure, lanes > 0, bool(lanes) and bool((lesions["fate"].astype(str) == "extinct").any()))
    return figure


def _groups(lesions: pd.DataFrame, row: pd.Series) -> list[tuple[str, pd.DataFrame, int]]:
    """(name, lesions to show, number of all) by organ, the organ with the earliest detection on top."""
    if lesions.empty:
        return []
    found = []
    for site, part in lesions.groupby("site", observed=True):
        first = part["detected_d"].min()
        order = (not is_locoregional(str(site)), first if np.isfinite(first) else np.inf, part["seeded_d"].min())
        found.append((order, str(site), part))
    found.sort(key=lambda item: (item[0], item[1]))
    share = max(2, min(LANES_PER_ORGAN, LANES // len(found)))
    groups = []
    for _, site, part in found:
        shown = part.iloc[np.sort(_ranked(part, site, row, share)[:share])].sort_values("seeded_d", kind="stable")
        groups.append((site, shown, len(part)))
    return groups


def _ranked(part: pd.DataFrame, site: str, row: pd.Series, lanes: int) -> np.ndarray:
    """Positions of a site's lesions, what tells most first.

    The relapse, then the largest that live at the end (half of the lanes), then the first detected, then the oldest.
    """
    detected = part["detected_d"].fillna(np.inf).to_numpy(dtype=float)
    volume = part["volume_at_end_mm3"].to_numpy(dtype=float)
    relapse = (np.abs(detected - float(row["relapse_d"])) < 0.5) & (str(row["relapse_site"]) == site)
    largest = np.zeros(len(part), dtype=bool)
    largest[np.argsort(-volume, kind="stable")[: (lanes + 1) // 2]] = True
    largest &= volume > 0
    return np.lexsort((part["seeded_d"], detected, ~largest, ~relapse))


def _draw_groups(
    axes: Axes, groups: list[tuple[str, pd.DataFrame, int]], end_d: float, colours: dict[str, str]
) -> None:
    y, ticks, names = 0.5, [], []
    for index, (site, shown, total) in enumerate(groups):
        top = y - 0.5
        for lesion in shown.itertuples():
            _lane(axes, y, lesion, end_d, colours.get(site, style.MUTED))
            y += 1.0
        if index % 2 == 0:
            axes.axhspan(top - 0.2, y - 0.3, color="#f6f7f8", zorder=0, linewidth=0)
        extra = f"\n{len(shown)} of {total} shown" if total > len(shown) else ""
        ticks.append((top + y - 0.5) / 2)
        names.append(style.label(site) + extra)
        y += 0.5
    axes.set_ylim(y - 0.6, -0.4)
    axes.set_yticks(ticks, names)
    for text, (site, _, _) in zip(axes.get_yticklabels(), groups, strict=True):
        text.set_color(colours.get(site, style.INK))
        text.set_fontweight("bold")


def _lane(axes: Axes, y: float, lesion: Any, end_d: float, colour: str) -> None:
    """One lesion from its seeding to its removal or the end of observation."""
    seeded, waking, detected, removed = (
        float(value) for value in (lesion.seeded_d, lesion.waking_d, lesion.detected_d, lesion.removed_d)
    )
    gone = str(lesion.fate) == "extinct"  # after its detection, on a day that is not known
    stop = detected if gone else removed if np.isfinite(removed) else end_d
    wake = waking if np.isfinite(waking) else stop
    quiet_end = min(max(wake, seeded), stop)
    axes.plot([seeded / YEAR, quiet_end / YEAR], [y, y], color=colour, linewidth=1.0, dashes=(3, 2), zorder=2)
    if np.isfinite(waking) and waking < stop:
        _growth(axes, y, wake, stop, lesion, colour)
    axes.plot(seeded / YEAR, y, "o", ms=4.5, mfc=colour, mec="white", mew=0.6, zorder=4)
    if np.isfinite(detected) and detected <= end_d + 1:
        axes.plot(detected / YEAR, y, "D", ms=5.5, mfc="white", mec=style.INK, mew=1.1, zorder=5)
    place = axes.transData
    if np.isfinite(detected) and (gone or removed - detected < 0.02 * np.ptp(axes.get_xlim()) * YEAR):
        place = place + ScaledTranslation(9 / 72, 0, axes.figure.dpi_scale_trans)  # beside the mark of detection
    if np.isfinite(removed) and removed <= end_d + 1:
        axes.plot(removed / YEAR, y, "x", ms=6, mec=style.INK, mew=1.4, zorder=6, transform=place)
    elif gone:
        axes.plot(detected / YEAR, y, "+", ms=7, mec=style.MUTED, mew=1.4, zorder=6, transform=place)


def _growth(axes: Axes, y: float, wake: float, stop: float, lesion: Any, colour: str) -> None:
    """A band that widens with the diameter a lesion grows through; only its volume at the known days is exact."""
    final = max(float(lesion.volume_at_end_mm3), 0.0)
    at_zero = float(lesion.diameter_at_diagnosis_mm)
    if final <= 0.0:
        final = np.pi / 6 * at_zero**3 if at_zero > 0 else 1e-3
    steps = np.linspace(wake, stop, 40)
    known = [(wake, 1e-6), (stop, max(final, 2e-6))]
    if wake < 0 < stop and at_zero > 0:
        known.insert(1, (0.0, min(max(np.pi / 6 * at_zero**3, 1.5e-6), max(final, 2e-6))))
    logs = np.interp(steps, [day for day, _ in known], [np.log10(volume) for _, volume in known])
    half = 0.05 + 0.33 * np.clip((logs + 6) / 12, 0, 1)
    axes.fill_between(steps / YEAR, y - half, y + half, color=colour, linewidth=0, zorder=3)


def _span(lesions: pd.DataFrame, row: pd.Series) -> tuple[float, float]:
    first = 0.0 if lesions.empty else float(lesions["seeded_d"].min())
    end = max(float(row["followup_d"]), 30.0)
    start = min(first, -0.06 * end)
    margin = 0.03 * (end - start)
    return (start - margin) / YEAR, (end + margin) / YEAR


def _marks(axes: Axes, visits: pd.DataFrame, row: pd.Series) -> None:
    """Diagnosis, relapse and death as lines; visits as ticks along the top."""
    above = axes.get_xaxis_transform()
    lines = [(0.0, "diagnosis", style.INK, "-")]
    if np.isfinite(row["relapse_d"]):
        lines.append((float(row["relapse_d"]), "relapse", "#B23764", "-"))
    dead = np.isfinite(row["death_d"])
    lines.append(
        (float(row["followup_d"]), "death" if dead else "end", style.INK if dead else style.MUTED, "-" if dead else ":")
    )
    low, high = axes.get_xlim()
    last = -np.inf
    for day, text, colour, dash in lines:
        x = day / YEAR
        axes.axvline(x, color=colour, linewidth=2.0 if text == "death" else 1.1, linestyle=dash, zorder=1.5)
        # Two words close together: the second one moves a line up.
        up = 13 if x - last < 0.075 * (high - low) else 2
        place: dict[str, Any] = {"xytext": (0, up), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        axes.annotate(text, (x, 1.02), xycoords=above, fontsize=8.5, color=colour, **place)
        last = x
    if len(visits):
        axes.plot(
            visits["day"] / YEAR, np.full(len(visits), 1.0), "|", ms=7, mec=style.MUTED, transform=above, clip_on=False
        )


def _legend(figure: Figure, lesions: bool, extinct: bool) -> None:
    colour = style.MUTED
    handles = [Line2D([], [], marker="|", ls="", color=colour, ms=7, label="visit")]
    if lesions:
        handles = [
            Line2D([], [], marker="o", ls="", color=colour, ms=4.5, label="seeded"),
            Line2D([], [], color=colour, lw=1, dashes=(3, 2), label="dormant or held"),
            Line2D([], [], color=colour, lw=5, label="growing (width: log volume)"),
            Line2D([], [], marker="D", ls="", mfc="white", mec=style.INK, mew=1.1, ms=5.5, label="detected"),
            Line2D([], [], marker="x", ls="", mec=style.INK, mew=1.4, label="removed"),
            *handles,
        ]
    if extinct:
        handles.insert(-1, Line2D([], [], marker="+", ls="", mec=colour, mew=1.4, ms=7, label="died out later"))
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 0.3 / height), ncols=len(handles), handlelength=1.8
    )
