"""The body seen from the front, its organs coloured by burden or by how often they are hit in a population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from diaspore.cohort.compare import is_locoregional
from diaspore.cohort.intervals import wilson
from diaspore.viz import style
from diaspore.viz.body_shapes import (
    BOTTOM,
    TOP,
    body_outline,
    both,
    control_points,
    place_of,
    regional_place,
    shapes,
    smooth,
)
from diaspore.viz.data import RunData, living, outcome, patient_subtitle, patient_title

Colour = str | tuple[float, float, float, float]

SKIN, SKIN_EDGE = "#f6f3ef", "#b3aaa1"
ORGAN, ORGAN_EDGE = "#dcdfe3", "#ffffff"
BONE, BONE_EDGE = "#eae6df", "#d6cfc5"
WOMAN_ONLY, MAN_ONLY = {"ovary", "uterus"}, {"prostate"}
#: drawn only where there is something to show, or the picture would be crowded
OPTIONAL = {"muscle", "uterus", "pericardium", "chest nodes", "belly nodes", "groin nodes"}
#: width of one body in inches, wide enough for the longest labels on both sides
PANEL = 5.5
#: one cell to a litre
BURDEN_RANGE = (1e-6, 1e6)
COLUMN = 35.0  # where labels begin, to either side of the middle
BURDEN_TICKS = {1e-6: "1 cell", 1e-3: "1,000 cells", 1.0: "1 mm³", 1e3: "1 cm³", 1e6: "1 litre"}


@dataclass
class Mark:
    """What is to be said about one place: its colour (None: not hit) and the lines of its label.

    ``parts``: how many of the place's parts are hit; None: all.
    """

    colour: Colour | None
    lines: tuple[str, ...] = ()
    hidden: bool = False
    anchor: tuple[float, float] | None = None
    parts: int | None = None


@dataclass
class Body:
    """One body to draw: the marks by place, and lines about sites that the drawing does not show."""

    sex: str
    marks: dict[str, Mark] = field(default_factory=dict)
    primary: Mark | None = None
    elsewhere: list[str] = field(default_factory=list)
    empty: str = "no tumour"


@style.styled
def patient_map(data: RunData, patient: int) -> Figure:
    """One patient's body at diagnosis, at the relapse and at the end, as far as these differ."""
    row = data.patient(patient)
    end = float(row["followup_d"])
    moments = [(0.0, "At diagnosis")]
    if np.isfinite(row["relapse_d"]) and 30 < row["relapse_d"] < end - 30:
        moments.append((float(row["relapse_d"]), f"At relapse, {style.year_text(float(row['relapse_d']))}"))
    if end > 30:
        words = outcome(row)
        moments.append((end, f"At the end: {words}"))
    figure = style.new_figure(0.5 + PANEL * max(len(moments), 2), 7.2)
    style.heading(figure, patient_title(row), patient_subtitle(row), data.source)
    norm = LogNorm(*BURDEN_RANGE, clip=True)
    width, height = figure.get_size_inches()
    for index, (day, title) in enumerate(moments):
        left = (width - PANEL * len(moments)) / 2 + PANEL * index
        axes = figure.add_axes((left / width, 1.05 / height, PANEL / width, (height - 2.0) / height))
        draw_body(axes, _body_of(data, row, day, norm), 12.4 * PANEL)
        axes.set_title(title, loc="center", fontsize=10.5, pad=4)
    _burden_bar(figure, norm)
    return figure


@style.styled
def population_map(data: RunData) -> Figure:
    """One body for all patients: the share with a detected metastasis at each site, with 95 % intervals."""
    total = data.size
    counts = {site: found.size for site, found in data.detected.items()}
    shares = {site: count / max(total, 1) for site, count in counts.items()}
    top = _nice_ceiling(max(shares.values(), default=0.0))
    norm = Normalize(0.0, top)
    colours = style.burden_map()
    body = Body(data.sex)
    for site, share in shares.items():
        low, high = (100 * float(limit) for limit in wilson(counts[site], max(total, 1)))
        lines = (style.label(site), style.percent(share), f"({low:.1f}–{high:.1f})")
        _add(body, site, Mark(colours(norm(share)), lines), style.percent(share))
    nodal = data.examined["nodes_positive"].to_numpy() > 0
    if nodal.any():
        of = "at diagnosis" if nodal.size == total else f"of {nodal.size:,} examined"
        text = (style.label("regional_nodes"), f"{style.percent(float(nodal.mean()))} positive", of)
        body.marks[regional_place(data.primary)] = Mark(style.PRIMARY, text)
    diameter = float(data.patients["diameter_at_diagnosis_mm"].median())
    body.primary = _primary_mark(data.primary, (_organ(data.primary), "primary,", f"median {diameter:.0f} mm"))
    figure = style.new_figure(8.6, 8.6)
    hit = np.unique(np.concatenate(list(data.detected.values()))).size if data.detected else 0
    follow = float(data.patients["followup_d"].max()) / style.DAYS_PER_YEAR
    subtitle = (
        f"share of {total:,} patients with a detected metastasis within {follow:.0f} years (95 % interval); "
        f"any site: {style.percent(hit / max(total, 1))}"
    )
    style.heading(figure, f"Where {style.cancer(data.primary)} spreads", subtitle, data.source)
    axes = figure.add_axes((0.0, 1.05 / 8.6, 1.0, (8.6 - 1.85) / 8.6))
    draw_body(axes, body, 74.0)
    if not shares:
        figure.text(0.5, 0.68 / 8.6, "no metastasis was detected", ha="center", style="italic", color=style.MUTED)
        return figure
    bar = figure.add_axes((0.3, 0.62 / 8.6, 0.4, 0.13 / 8.6))
    scale = figure.colorbar(ScalarMappable(norm, colours), cax=bar, orientation="horizontal")
    ticks = np.linspace(0, top, 5)
    scale.set_ticks(list(ticks), labels=[f"{100 * tick:g} %" for tick in ticks])
    _finish_bar(bar, "patients with a detected metastasis (grey: none)")
    return figure


def draw_body(axes: Axes, body: Body, half_width: float) -> None:
    """Draw one body with its labels; ``half_width`` is what fits to either side, in drawing units."""
    axes.set_axis_off()
    axes.set_xlim(-half_width, half_width)
    axes.set_ylim(BOTTOM, TOP)
    axes.set_aspect("equal")
    skin = body.marks.get("skin")
    silhouette = body_outline(body.sex)
    edge, weight = (skin.colour, 3.2) if skin and skin.colour else (SKIN_EDGE, 1.3)
    axes.add_patch(Polygon(silhouette, facecolor=SKIN, edgecolor=edge, linewidth=weight, joinstyle="round", zorder=0))
    for name, shape in shapes().items():
        mark = body.marks.get(name)
        hit = mark is not None and mark.colour is not None
        if not hit and (name in OPTIONAL or (name in WOMAN_ONLY | MAN_ONLY and not _has(body.sex, name))):
            continue
        if name == "breast" and not hit:
            if body.sex != "male":
                for line in both(smooth(control_points()["breast line"], closed=False)):
                    axes.plot(*line.T, color=SKIN_EDGE, linewidth=1.0, solid_capstyle="round", zorder=shape.layer)
            continue
        for number, outline in enumerate(shape.parts):
            spared = mark is not None and mark.parts is not None and number >= mark.parts
            face, edge, width = _look(name, None if spared else mark, shape.ring)
            axes.add_patch(
                Polygon(outline, facecolor=face, edgecolor=edge, linewidth=width, joinstyle="round", zorder=shape.layer)
            )
    _details(axes)
    _fade(axes, half_width)
    if body.primary is not None and body.primary.anchor is not None:
        axes.plot(*body.primary.anchor, "o", ms=13, mfc=style.PRIMARY, mec="white", mew=1.6, zorder=14)
        axes.plot(*body.primary.anchor, "o", ms=4, mfc="white", mec="white", zorder=15)
    _labels(axes, body, half_width)
    if not body.marks and body.primary is None and not body.elsewhere:
        axes.text(COLUMN, 120.0, body.empty, ha="left", va="center", style="italic", color=style.MUTED, zorder=20)


def _look(name: str, mark: Mark | None, ring: bool) -> tuple[Any, str, float]:
    """Face, edge and line width of an organ."""
    if mark is not None and mark.colour is not None:
        if ring:
            return to_rgba(mark.colour, 0.85), "white", 0.6
        return (to_rgba(mark.colour, 0.5) if name == "breast" else mark.colour), "white", 0.9
    if name == "bone":
        return BONE, BONE_EDGE, 0.5
    if ring:
        return "none", "#c3bcb3", 0.7
    return ORGAN, ORGAN_EDGE, 0.9


def _details(axes: Axes) -> None:
    """Jaw and windpipe: only to make the drawing recognisable."""
    axes.plot(*smooth(control_points()["jaw"], closed=False).T, color=SKIN_EDGE, linewidth=0.9, zorder=3.4)
    for line in (((0, 150), (0, 139.5)), ((0, 139.5), (-4.0, 135.8)), ((0, 139.5), (3.8, 136.2))):
        x, y = zip(*line, strict=True)
        axes.plot(x, y, color="#c4c8cd", linewidth=3.0, solid_capstyle="round", zorder=3.5)


def _fade(axes: Axes, half_width: float) -> None:
    """Let the legs fade into the page, so that the lower edge does not look cut off."""
    ramp = np.ones((64, 1, 4))
    ramp[:, 0, 3] = np.linspace(0.0, 1.0, 64) ** 1.3
    axes.imshow(ramp, extent=(-half_width, half_width, BOTTOM, BOTTOM + 12), aspect="auto", zorder=13)
    axes.set_aspect("equal")


def _labels(axes: Axes, body: Body, half_width: float) -> None:
    """Labels in a column on either side, in the order of their organs, so that the leader lines do not cross."""
    marks = [(name, mark, _anchor(name, mark)) for name, mark in body.marks.items() if mark.lines]
    if body.primary is not None and body.primary.anchor is not None and body.primary.lines:
        marks.append(("primary", body.primary, body.primary.anchor))
    sides: dict[int, list[tuple[Mark, tuple[float, float], bool]]] = {-1: [], 1: []}
    flexible = []
    for name, mark, (x, y) in marks:
        if name == "primary" or abs(x) < 1.0 or not _paired(name):
            sides[-1 if x < 0 else 1].append((mark, (x, y), name == "primary"))
        else:
            flexible.append((mark, (x, y)))
    for mark, (x, y) in sorted(flexible, key=lambda item: -item[1][1]):
        side = min((-1, 1), key=lambda s: (_crowd(sides[s], y), len(sides[s]), s * x < 0))
        sides[side].append((mark, (side * abs(x), y), False))
    # Height of a line of text in drawing units.
    line = 11.2 * 2 * half_width / (axes.get_window_extent().width * 72.0 / style.DPI)
    for side, entries in sides.items():
        entries.sort(key=lambda item: -item[1][1])
        heights = [line * len(mark.lines) + 0.7 * line for mark, _, _ in entries]
        floor = BOTTOM + 8.0
        if side > 0 and body.elsewhere:
            floor = max(floor, BOTTOM + 3.0 + line * (1 + len(body.elsewhere)))
        places = _spread([entry[1][1] for entry in entries], heights, floor)
        for (mark, (x, y), main), centre in zip(entries, places, strict=True):
            _leader(axes, (x, y), (side * (COLUMN - 1.0), centre), side)
            _write(axes, mark, side * COLUMN, centre, line, main)
    if body.elsewhere:
        axes.text(
            half_width - 2, BOTTOM + 2, "\n".join(["elsewhere:", *body.elsewhere]), ha="right", va="bottom", fontsize=8
        )


def _crowd(entries: Sequence[tuple[Mark, tuple[float, float], bool]], y: float) -> int:
    """How many labels of a side want to stand near a height."""
    return sum(abs(place[1] - y) < 13.0 for _, place, _ in entries)


def _leader(axes: Axes, anchor: tuple[float, float], end: tuple[float, float], side: int) -> None:
    x, y = anchor
    bend = side * 29.5 if abs(end[1] - y) > 0.5 else end[0]
    path = ([x, bend, end[0]], [y, end[1], end[1]])
    halo = [effects.Stroke(linewidth=2.4, foreground="white", alpha=0.85), effects.Normal()]
    axes.plot(*path, color=style.INK, linewidth=0.7, zorder=16, path_effects=halo, solid_capstyle="round")
    axes.plot(x, y, "o", ms=2.6, color=style.INK, mec="white", mew=0.5, zorder=17)


def _write(axes: Axes, mark: Mark, x: float, y: float, step: float, main: bool) -> None:
    align = "left" if x > 0 else "right"
    colour = style.PRIMARY if main or mark.colour == style.PRIMARY else style.INK
    top = y + step * (len(mark.lines) - 1) / 2
    for index, line in enumerate(mark.lines):
        axes.text(
            x, top - step * index, line, ha=align, va="center", fontsize=9.0 if index == 0 else 8.2, zorder=18,
            fontweight="bold" if index == 0 else "normal", color=colour if index == 0 else style.MUTED,
            fontstyle="italic" if mark.hidden and index == len(mark.lines) - 1 else "normal",
        )  # fmt: skip


def _spread(wanted: Sequence[float], heights: Sequence[float], floor: float) -> list[float]:
    """Centres as near as possible to the wanted ones (descending) without overlap, above a floor and below the top."""
    blocks: list[list[float]] = []  # [sum of wanted offsets, total height, members]
    for want, height in zip(wanted, heights, strict=True):
        blocks.append([want + height / 2, height, 1.0])
        while len(blocks) > 1 and _top(blocks[-1]) > _top(blocks[-2]) - blocks[-2][1]:
            upper, lower = blocks[-2], blocks.pop()
            shifted = lower[0] + lower[2] * upper[1]
            blocks[-1] = [upper[0] + shifted, upper[1] + lower[1], upper[2] + lower[2]]
    centres: list[float] = []
    index = 0
    for block in blocks:
        edge = min(_top(block), TOP - 1)
        for _ in range(int(block[2])):
            centres.append(edge - heights[index] / 2)
            edge -= heights[index]
            index += 1
    # A block moved away from an edge of the drawing may have come over its neighbour: push up, then down.
    edge = floor
    for i in range(len(centres) - 1, -1, -1):
        centres[i] = max(centres[i], edge + heights[i] / 2)
        edge = centres[i] + heights[i] / 2
    edge = TOP - 1
    for i, height in enumerate(heights):
        centres[i] = min(centres[i], edge - height / 2)
        edge = centres[i] - height / 2
    return centres


def _top(block: Sequence[float]) -> float:
    """Upper edge of a block of labels: the mean of what its members wish."""
    return block[0] / block[2]


def _anchor(name: str, mark: Mark) -> tuple[float, float]:
    if mark.anchor is not None:
        return mark.anchor
    return (-24.3, 128.0) if name == "skin" else shapes()[name].anchor


def _paired(name: str) -> bool:
    """True for what lies on both sides of the body, so that its label may stand on either."""
    if name == "skin":
        return True
    parts = shapes()[name].parts
    return bool(min(part[:, 0].mean() for part in parts) < -1.5 and max(part[:, 0].mean() for part in parts) > 1.5)


def _has(sex: str, place: str) -> bool:
    return sex == "both" or (sex == "female") == (place in WOMAN_ONLY)


def _add(body: Body, site: str, mark: Mark, short: str) -> None:
    """Put a mark at the place of its site; a second site of the same place adds a line there."""
    place = place_of(site)
    if place is None:
        body.elsewhere.append(f"{style.label(site)} {short}")
    elif place in body.marks:
        body.marks[place].lines += (f"{style.label(site)}: {short}",)
    else:
        body.marks[place] = mark


def _organ(primary: str) -> str:
    """Name of the organ of a primary: "Lung" for nsclc."""
    return style.label(place_of(primary) or primary)


def _primary_mark(primary: str, lines: tuple[str, ...]) -> Mark:
    place = place_of(primary)
    spots: Mapping[str, tuple[float, float]] = {
        "breast": (10.2, 126.2),
        "skin": (-21.6, 128.0),
        "lung": (8.6, 134.0),
        "kidney": (8.6, 104.6),
        "ovary": (5.4, 87.6),
    }
    anchor = spots.get(place or "", shapes()[place].anchor if place in shapes() else None)
    return Mark(None, lines, anchor=anchor)


def _body_of(data: RunData, row: pd.Series, day: float, norm: Normalize) -> Body:
    """What one patient carries on a day."""
    patient = int(row["patient"])
    body = Body(str(row["sex"]))
    colours = style.burden_map()
    for site, volume, count, seen in _sites_on(data, patient, day):
        known = np.isfinite(volume)
        size = style.volume(volume) if known else "size not kept"
        lines: tuple[str, ...] = (style.label(site), size, style.plural(count, "lesion"))
        if seen < count:
            lines += ("none detected yet" if seen == 0 else f"{seen} detected",)
        _add(body, site, Mark(colours(norm(volume)) if known else style.FAINT, lines, hidden=seen < count), size)
    primary, nodal = _local_on(data, row, day)
    if day == 0 and row["nodes_positive"] > 0:
        nodes = f"{row['nodes_positive']:.0f} of {row['nodes_examined']:.0f} positive"
        mark = Mark(style.PRIMARY, ("Regional nodes", nodes), parts=int(row["nodes_positive"]))
        body.marks[regional_place(str(row["primary"]))] = mark
    elif nodal > BURDEN_RANGE[0]:
        body.marks[regional_place(str(row["primary"]))] = Mark(style.PRIMARY, ("Regional nodes", style.volume(nodal)))
    if primary > BURDEN_RANGE[0]:
        size = f"{style.diameter(primary):.0f} mm, {style.volume(primary)}"
        body.primary = _primary_mark(str(row["primary"]), (_organ(str(row["primary"])), "primary,", size))
    asleep = float(row["dormant_cells_at_end"])
    if day >= float(row["followup_d"]) and asleep >= 0.5:
        body.empty = f"no colony;\n{style.plural(round(asleep), 'dormant cell')}"
    else:
        body.empty = "no colony"
    return body


def _sites_on(data: RunData, patient: int, day: float) -> list[tuple[str, float, int, int]]:
    """(site, volume mm3, lesions, detected lesions) of the distant sites that hold something on a day."""
    lesions = data.lesions_of(patient)
    if lesions.empty:
        return []
    lesions = living(lesions[[not is_locoregional(str(site)) for site in lesions["site"]]])
    gone = lesions["removed_d"].to_numpy() <= day
    gone |= (lesions["fate"].astype(str) == "extinct").to_numpy() & (lesions["detected_d"].to_numpy() < day - 0.5)
    lesions = lesions[(lesions["seeded_d"].to_numpy() <= day) & ~gone]
    course = data.course_of(patient)
    end = float(data.patient(patient)["followup_d"])
    found = []
    for site, part in lesions.groupby("site", observed=True):
        if course is not None and site in course["site"].values:
            now = course["burden_mm3"].sel(site=site).sel(time=day, method="nearest")
            volume = float(now)
        elif day == 0:
            volume = float(np.sum(np.pi / 6 * part["diameter_at_diagnosis_mm"].to_numpy(dtype=float) ** 3))
        elif day >= end:
            volume = float(part["volume_at_end_mm3"].sum())
        else:
            volume = np.nan  # only time courses know it
        seen = int((part["detected_d"].to_numpy() <= day).sum())
        found.append((str(site), float(np.maximum(volume, BURDEN_RANGE[0])), len(part), seen))
    return found


def _local_on(data: RunData, row: pd.Series, day: float) -> tuple[float, float]:
    """Volumes (mm3) of the primary and of its nodal disease on a day."""
    if day == 0:
        return float(np.pi / 6 * row["diameter_at_diagnosis_mm"] ** 3), 0.0
    course = data.course_of(int(row["patient"]))
    if course is None:
        return 0.0, 0.0
    now = course.sel(time=day, method="nearest")
    return float(now["primary_mm3"]), float(now["nodal_mm3"])


def _burden_bar(figure: Figure, norm: Normalize) -> None:
    width, height = figure.get_size_inches()
    bar = figure.add_axes((0.5 - 2.2 / width, 0.66 / height, 4.4 / width, 0.13 / height))
    scale = figure.colorbar(ScalarMappable(norm, style.burden_map()), cax=bar, orientation="horizontal")
    scale.set_ticks(list(BURDEN_TICKS), labels=list(BURDEN_TICKS.values()))
    bar.xaxis.set_tick_params(which="minor", length=0)
    _finish_bar(bar, "metastatic burden of the organ (grey: none); primary and regional nodes in blue")


def _finish_bar(bar: Axes, title: str) -> None:
    bar.set_title(title, loc="center", fontsize=8.5, fontweight="normal", color=style.MUTED, pad=4)
    bar.tick_params(length=2, labelsize=8, color=style.MUTED)
    for spine in bar.spines.values():
        spine.set_visible(False)


def _nice_ceiling(value: float) -> float:
    """A round number at or above a share, for the end of the colour bar."""
    if value <= 0:
        return 0.1
    magnitude = 10.0 ** np.floor(np.log10(value))
    return float(
        next(step * magnitude for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * magnitude >= value - 1e-12)
    )
