"""Cells and debris put into a field as light, before the microscope blurs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diaspore.ctc.synth.spec import SlideSpec

RIM_UM = 0.9
"""Thickness of the rim in which CD45 lies (assumed)."""
AUTO = 0.02
"""Light of a cell of its own in all channels, over that of a typical stained one (assumed)."""
DIRT = ("fibre", "speck", "fragment", "dead", "keratin")
DIRT_SHARES = (0.12, 0.28, 0.25, 0.2, 0.15)


@dataclass
class Canvas:
    """``light``: float32 ``[channel, y, x]``; ``nuclei`` and ``cells``: labels, 1 for the first cell of the table."""

    light: np.ndarray
    nuclei: np.ndarray
    cells: np.ndarray


def _patch(canvas: Canvas, y: float, x: float, reach: float) -> tuple[slice, slice, np.ndarray, np.ndarray] | None:
    """A square around a place, cut at the edges of the field, with the distances of its pixels from the place."""
    height, width = canvas.light.shape[1:]
    top, bottom = max(0, int(y - reach)), min(height, int(y + reach) + 2)
    left, right = max(0, int(x - reach)), min(width, int(x + reach) + 2)
    if top >= bottom or left >= right:
        return None
    dy, dx = np.mgrid[top:bottom, left:right].astype(np.float32)
    return slice(top, bottom), slice(left, right), dy - np.float32(y), dx - np.float32(x)


def _inside(dy: np.ndarray, dx: np.ndarray, radius: float, rng: np.random.Generator, rough: float = 0.06) -> np.ndarray:
    """How far inside of an uneven ellipse pixels are (px, negative outside)."""
    angle, stretch = rng.uniform(0.0, np.pi), rng.uniform(0.85, 1.0)
    c, s = np.cos(angle), np.sin(angle)
    u, v = (c * dx + s * dy) * np.sqrt(stretch), (c * dy - s * dx) / np.sqrt(stretch)
    turn = np.arctan2(v, u)
    waves = sum(rng.normal(0.0, rough / k) * np.cos(k * turn + rng.uniform(0.0, 6.3)) for k in (2, 3, 5))
    found: np.ndarray = radius * (1.0 + waves) - np.hypot(u, v)
    return found


def _soft(inside: np.ndarray) -> np.ndarray:
    """Share of a pixel that is covered."""
    return np.clip(inside + 0.5, 0.0, 1.0)


def paint(spec: SlideSpec, cells: pd.DataFrame, rng: np.random.Generator) -> Canvas:
    """All cells of a table from `population`, then the debris."""
    height, width = spec.shape
    canvas = Canvas(
        np.zeros((len(spec.channels), height, width), np.float32),
        np.zeros((height, width), np.int32), np.zeros((height, width), np.int32),
    )  # fmt: skip
    for number, cell in enumerate(cells.itertuples(index=False), 1):
        _cell(canvas, spec, cell, number, rng)
    for _ in range(spec.debris):
        _dirt(canvas, spec, rng)
    return canvas


def _cell(canvas: Canvas, spec: SlideSpec, cell: object, number: int, rng: np.random.Generator) -> None:
    optics, px = spec.optics, spec.pixel_um
    kind, diameter, across = getattr(cell, "kind"), getattr(cell, "diameter_um"), getattr(cell, "nucleus_um")  # noqa: B009
    y, x = getattr(cell, "y"), getattr(cell, "x")  # noqa: B009
    radius, small = 0.5 * diameter / px, 0.5 * across / px
    patch = _patch(canvas, y, x, 1.35 * radius + 2.0)
    if patch is None:
        return
    rows, columns, dy, dx = patch
    inside = _inside(dy, dx, radius, rng)
    leukocyte = kind == "leukocyte"
    if leukocyte and rng.random() < spec.lobed:
        nucleus = _lobed(dy, dx, small, rng)
    else:
        shift = rng.normal(0.0, 0.12 * (radius - small) + 1e-6, 2)
        nucleus = _inside(dy - shift[0], dx - shift[1], small, rng, 0.05)
    nucleus = np.minimum(nucleus, inside)
    core, body = _soft(nucleus), _soft(inside)
    grain = 1.0 + 0.15 * rng.standard_normal(dy.shape).astype(np.float32)
    rim = body * np.clip(1.0 - np.abs(inside - 0.5 * RIM_UM / px) / (RIM_UM / px), 0.0, 1.0)
    shell = body * (1.0 - 0.6 * core)  # most cytokeratin and vimentin lie around the nucleus
    auto = AUTO * np.exp(0.5 * rng.standard_normal())
    stains = {
        "dna": optics.dna * getattr(cell, "dna") * core * grain,  # noqa: B009
        "cytokeratin": optics.cytokeratin * getattr(cell, "cytokeratin") * shell * grain,  # noqa: B009
        "cd45": optics.cd45 * getattr(cell, "cd45") * (rim + 0.35 * body),  # noqa: B009
        "vimentin": optics.vimentin * getattr(cell, "vimentin") * shell * grain,  # noqa: B009
    }
    for k, name in enumerate(spec.channels):
        canvas.light[k, rows, columns] += stains[name] + auto * getattr(optics, name) * body
    canvas.cells[rows, columns][inside > 0] = number
    canvas.nuclei[rows, columns][nucleus > 0] = number


def _lobed(dy: np.ndarray, dx: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Two to four overlapping lobes on an arc, of about the area of a round nucleus of this radius."""
    lobes = int(rng.integers(2, 5))
    small = radius * (0.82 if lobes == 2 else 0.68 if lobes == 3 else 0.6)
    begin, arc = rng.uniform(0.0, 2.0 * np.pi), 0.62 * radius
    step = {2: np.pi, 3: 1.9, 4: 1.45}[lobes]
    found = np.full(dy.shape, -np.inf, np.float32)
    for k in range(lobes):
        angle = begin + k * step
        found = np.maximum(found, small - np.hypot(dy - arc * np.sin(angle), dx - arc * np.cos(angle)))
    return found


def _dirt(canvas: Canvas, spec: SlideSpec, rng: np.random.Generator) -> None:
    """One piece of debris.

    Fibres and specks shine in all channels (specks often saturate), fragments are DNA alone, dead cells have a faint
    nucleus and some of everything, and pieces of cytokeratin have no nucleus.
    """
    height, width = spec.shape
    px, optics = spec.pixel_um, spec.optics
    what = DIRT[int(rng.choice(len(DIRT), p=DIRT_SHARES))]
    y, x = rng.uniform(0.0, height - 1.0), rng.uniform(0.0, width - 1.0)
    reach = {"fibre": 40.0, "speck": 12.0, "fragment": 5.0, "dead": 9.0, "keratin": 7.0}[what] / px
    patch = _patch(canvas, y, x, reach)
    if patch is None:
        return
    rows, columns, dy, dx = patch
    colours = np.exp(0.35 * rng.standard_normal(len(spec.channels)))
    if what == "fibre":
        angle, bend = rng.uniform(0.0, np.pi), rng.normal(0.0, 0.008)
        u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
        shape = _soft(rng.uniform(0.8, 1.8) / px - np.abs(v - bend * u**2)) * (
            np.abs(u) < reach * rng.uniform(0.4, 1.0)
        )
        levels = rng.uniform(0.1, 0.6) * colours
    elif what == "speck":
        shape = _soft(_inside(dy, dx, rng.uniform(1.5, 6.0) / px, rng, 0.3))
        levels = np.exp(rng.normal(0.0, 1.0)) * colours
    elif what == "fragment":
        shape = _soft(_inside(dy, dx, rng.uniform(0.8, 2.4) / px, rng, 0.2))
        levels = np.array([rng.uniform(0.3, 1.2), *([0.02] * (len(colours) - 1))])
    elif what == "dead":
        shape = _soft(_inside(dy, dx, rng.uniform(3.0, 5.5) / px, rng, 0.12))
        levels = np.array([rng.uniform(0.1, 0.35), *rng.uniform(0.08, 0.4, len(colours) - 1)])
    else:
        shape = _soft(_inside(dy, dx, rng.uniform(1.5, 4.5) / px, rng, 0.25))
        levels = np.array([0.01, rng.uniform(0.2, 1.0), 0.01, *([0.05] * (len(colours) - 3))])
    for k, name in enumerate(spec.channels):
        canvas.light[k, rows, columns] += (shape * levels[k] * getattr(optics, name)).astype(np.float32)
