"""A trajectory for the Simularium viewer: version 3 of its JSON format, cells as spheres."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.errors import InputError
from diaspore.tissue.results import STATES, box, colour_of, labelled, states

if TYPE_CHECKING:
    from diaspore.core.progress import Progress
    from diaspore.tissue.results import Tissue

VERSION = 3
DEFAULT, SPHERE_VALUES = 1000.0, 11
LARGEST_BOX = 100.0
"""Longest edge in the units of the file: for larger scenes the viewer's own camera and floor do not fit."""
DIGITS = 4
"""Decimal places of lengths in those units."""
BYTES_PER_CELL = 55
LARGEST_FILE = 500_000_000
"""Bytes; a browser reads a file as one text, which has at most 2^29 characters."""
FIELD_OF_VIEW = 75.0  # degrees, the viewer's own


def write_simularium(tissue: Tissue, numbers: Sequence[int], file: Path, progress: Progress) -> None:
    """Write snapshots as frames; a cell keeps its number from frame to frame.

    Raises:
        InputError: the file would be larger than browsers can read.
    """
    _refuse_large(tissue, numbers)
    first, last = tissue.shot(numbers[0]), tissue.shot(numbers[-1])
    corner, spacing, shape = box(first)
    edges = spacing * np.array(shape)
    unit = length_unit(float(edges.max()))
    scale = Scale(corner + 0.5 * edges, unit)
    steps = np.diff([tissue.hours(number) for number in numbers])
    info = {
        "version": VERSION,
        "trajectoryTitle": tissue.run.manifest["name"],
        "modelInfo": {
            "title": tissue.run.manifest["name"],
            "version": f"Diaspore {tissue.run.manifest['versions']['diaspore']}",
            "description": f"kind: tissue, seed {tissue.run.manifest['seed']}; research software",
        },
        "timeUnits": {"magnitude": 1.0, "name": "hour"},
        "timeStepSize": float(steps[0]) if len(steps) else 1.0,
        "totalSteps": len(numbers),
        "spatialUnits": {"magnitude": unit, "name": "µm"},
        "size": dict(zip("xyz", (edges / unit).tolist(), strict=True)),
        "cameraDefault": _camera(scale, [first["place"], last["place"]], edges),
        "typeMapping": types(tissue),
    }
    head = {"version": 1, "msgType": 1, "bundleStart": 0, "bundleSize": len(numbers)}
    names = Numbering()
    with file.open("w", encoding="utf-8") as stream, progress(len(numbers), "Simularium", "snapshots") as bar:
        stream.write(f'{{"trajectoryInfo": {_json(info)},\n"spatialData": {_json(head)[:-1]}, "bundleData": [\n')
        for index, number in enumerate(numbers):
            data = frame(tissue.shot(number), names, scale)
            stream.write(f'{{"frameNumber": {index}, "time": {_json(tissue.hours(number))}, "data": [')
            stream.writelines(_numbers(data))
            stream.write("]}" + (",\n" if index + 1 < len(numbers) else "\n"))
            bar.advance()
        stream.write(f'] }},\n"plotData": {_json(plots(tissue))}}}\n')


class Scale:
    """Lengths of the file: from the middle of the domain, in ``unit`` um."""

    def __init__(self, middle: np.ndarray, unit: float) -> None:
        self.middle, self.unit = middle, unit

    def places(self, place: np.ndarray) -> np.ndarray:
        """Coordinates of cells."""
        scaled: np.ndarray = (place[:, :3] - self.middle) / self.unit
        return scaled


class Numbering:
    """Small numbers for identities, in the order in which cells appear; among those of a frame, by identity."""

    def __init__(self) -> None:
        self._known = np.empty(0, dtype=np.uint64)  # sorted
        self._numbers = np.empty(0, dtype=np.int64)

    def __call__(self, identity: np.ndarray) -> np.ndarray:
        """Numbers of these cells; new ones are numbered."""
        new = np.setdiff1d(identity, self._known)
        start = len(self._known)
        known = np.concatenate([self._known, new])
        numbers = np.concatenate([self._numbers, np.arange(start, start + len(new))])
        order = np.argsort(known)
        self._known, self._numbers = known[order], numbers[order]
        found: np.ndarray = self._numbers[np.searchsorted(self._known, identity)]
        return found


def frame(shot: Mapping[str, np.ndarray], names: Numbering, scale: Scale) -> np.ndarray:
    """Values of a frame, one row for a cell, in the order of their numbers."""
    rows = np.zeros((len(shot["identity"]), SPHERE_VALUES))
    rows[:, 0] = DEFAULT
    rows[:, 1] = names(shot["identity"])
    rows[:, 2] = shot["kind"] * len(STATES) + states(shot["phase"])
    rows[:, 3:6] = scale.places(shot["place"])
    rows[:, 9] = shot["place"][:, 3] / scale.unit
    return rows[np.argsort(rows[:, 1])]


def types(tissue: Tissue) -> dict[str, Any]:
    """Name and colour of every type of cell in every state that occurs."""
    found = {}
    for kind, name in enumerate(tissue.types):
        for state, word in enumerate(STATES):
            if tissue.counts[f"{name} {word}"].any():
                geometry = {"displayType": "SPHERE", "url": "", "color": colour_of(kind, state)}
                found[str(kind * len(STATES) + state)] = {"name": f"{name}#{word}", "geometry": geometry}
    return found


def plots(tissue: Tissue) -> dict[str, Any]:
    """Plots beside the viewer's scene: cells, and the least level of every substance, over time."""
    table, hours = tissue.counts, tissue.counts["hours"].tolist()
    cells = {f"{name} {word}": f"{name}, {word}" for name in tissue.types for word in STATES}
    shown = [("Cells", "cells", {column: label for column, label in cells.items() if table[column].any()})]
    shown += [(f"Least {name}", labelled(name, unit), {f"{name} least": name}) for name, unit in tissue.units.items()]
    data = [
        {
            "layout": {"title": title, "xaxis": {"title": "time (hours)"}, "yaxis": {"title": axis}},
            "data": [
                {"name": label, "type": "scatter", "mode": "lines", "x": hours, "y": table[column].tolist()}
                for column, label in columns.items()
            ],
        }
        for title, axis, columns in shown
    ]
    return {"version": 1, "data": data}


def length_unit(edge: float) -> float:
    """The least of 1, 2, 5, 10, 20 ... um (or 0.5, 0.2 ...) in which an edge is at most `LARGEST_BOX` long."""
    power = 10.0 ** math.floor(math.log10(edge / LARGEST_BOX))
    return next(power * step for step in (1.0, 2.0, 5.0, 10.0) if edge <= power * step * LARGEST_BOX * (1.0 + 1e-9))


def _camera(scale: Scale, places: Sequence[np.ndarray], edges: np.ndarray) -> dict[str, Any]:
    """Looks along z at all cells of the given frames, or at the whole domain when there are none."""
    cells = np.concatenate([scale.places(place) for place in places])
    if len(cells):
        low, high = cells.min(axis=0), cells.max(axis=0)
        reach = max(float(np.max(high - low)) / 2.0, 10.0 / scale.unit)
    else:
        low = high = np.zeros(3)
        reach = float(edges.max()) / scale.unit / 2.0
    look = 0.5 * (low + high)
    away = 1.3 * reach / math.tan(math.radians(FIELD_OF_VIEW / 2.0)) + reach
    axes = [
        dict(zip("xyz", np.round(v, DIGITS).tolist(), strict=True)) for v in (look + np.array([0.0, 0.0, away]), look)
    ]
    return {
        "position": axes[0],
        "lookAtPosition": axes[1],
        "upVector": {"x": 0.0, "y": 1.0, "z": 0.0},
        "fovDegrees": FIELD_OF_VIEW,
    }


def _numbers(rows: np.ndarray) -> Iterator[str]:
    """The values of a frame as text, some thousand cells at a time; whole numbers without a point."""
    for start in range(0, len(rows), 5000):
        texts = [
            f"1000,{int(row[1])},{int(row[2])},"
            f"{row[3]:.{DIGITS}f},{row[4]:.{DIGITS}f},{row[5]:.{DIGITS}f},0,0,0,{row[9]:.{DIGITS}f},0"
            for row in rows[start : start + 5000].tolist()
        ]
        yield ("," if start else "") + ",".join(texts)


def _refuse_large(tissue: Tissue, numbers: Sequence[int]) -> None:
    columns = [f"{name} {word}" for name in tissue.types for word in STATES]
    cells = tissue.counts[columns].sum(axis=1).to_numpy()
    size = BYTES_PER_CELL * int(cells[list(numbers)].sum())
    if size <= LARGEST_FILE:
        return
    problem = f"the file would have about {size / 1e6:,.0f} MB, more than browsers can read"
    for every in range(1, len(cells) + 1):
        kept = cells[tissue.chosen(every)]
        if BYTES_PER_CELL * int(kept.sum()) <= LARGEST_FILE:
            raise InputError(problem, field="every", allowed=f"at least {every}")
    raise InputError(problem, field="to", allowed="vtu, which has no such limit")


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False)
