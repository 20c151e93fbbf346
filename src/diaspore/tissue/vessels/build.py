"""From what a file says to the vessels at the start."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.sealed import read_sealed
from diaspore.fields.grid import Grid
from diaspore.tissue.vessels.graph import KINDS, Graph
from diaspore.tissue.vessels.spec_layout import LayoutSpec

SAME = 1e-3
"""Ends closer than this (um) are one node."""
MAX_SEGMENTS = 5_000_000
_AXES = "xyz"


class Maker:
    """Puts lines into a graph, cut into pieces; ends at one place are one node."""

    def __init__(self, graph: Graph, grid: Grid, piece: float) -> None:
        self.graph, self.grid, self.piece = graph, grid, piece
        self.low = np.array(grid.origin, dtype=float)
        self.high = self.low + grid.spacing * np.array(grid.shape[::-1])
        self.flat = grid.shape[0] == 1
        self._nodes: dict[tuple[int, ...], int] = {}

    def point(self, coordinates: Iterable[float], field: str) -> np.ndarray:
        """A point in the domain; without z in the middle of the only layer.

        Raises:
            InputError: it lies outside, or has no z where one is needed.
        """
        given = list(coordinates)
        if len(given) == 2 and not self.flat:
            raise InputError("a point needs x, y and z in three dimensions", field=field)
        xyz = np.array([*given, 0.0][:3])
        if self.flat:
            xyz[2] = 0.5 * (self.low[2] + self.high[2])
        slack = 1e-6 * self.grid.spacing
        if np.any(xyz < self.low - slack) or np.any(xyz > self.high + slack):
            ends = ", ".join(f"{n} from {a:g} to {b:g}" for n, a, b in zip(_AXES, self.low, self.high, strict=True))
            words = ", ".join(f"{v:g}" for v in given)
            raise InputError(f"the point ({words}) um is outside of the domain", field=field, allowed=f"{ends} um")
        return np.clip(xyz, self.low, self.high)

    def node(self, xyz: np.ndarray, kind: int) -> int:
        """Row of the node of a kind of vessel at a place; those of blood and lymph never meet."""
        key = (kind, *(int(round(v / SAME)) for v in xyz))
        if key not in self._nodes:
            self._nodes[key] = self.graph.add_node(xyz)
        return self._nodes[key]

    def line(self, a: np.ndarray, b: np.ndarray, diameter: float, kind: int, host: bool) -> tuple[int, int]:
        """A straight vessel; returns its two end nodes."""
        first, last = self.node(a, kind), self.node(b, kind)
        many = max(1, math.ceil(float(np.sqrt(np.sum((b - a) ** 2))) / self.piece - 1e-9))
        if self.graph.segments + many > MAX_SEGMENTS:
            raise InputError(
                "too many segments of vessels", field="vessels.layout", allowed=f"at most {MAX_SEGMENTS:,}"
            )
        before = first
        for k in range(1, many + 1):
            here = last if k == many else self.graph.add_node(a + (b - a) * (k / many))
            self.graph.add_segment(before, here, diameter, kind, host=host)
            before = here
        return first, last


def build(layout: tuple[LayoutSpec, ...], grid: Grid, seed: int) -> Graph:
    """The vessels that a file describes.

    Raises:
        InputError: a point outside of the domain, an axis that is not there, a table that cannot be read, no vessel.
    """
    graph = Graph(seed)
    maker = Maker(graph, grid, grid.spacing)
    for i, one in enumerate(layout):
        before = graph.segments
        _add(maker, one, f"vessels.layout[{i}]")
        if graph.segments == before:
            raise InputError("makes no vessel", field=f"vessels.layout[{i}]", allowed="corners that are not all alike")
        widest = float((maker.high - maker.low).max())
        if graph.diameter[before : graph.segments].max() > widest:
            raise InputError(
                f"is wider than the domain is long ({widest:g} um)", field=f"vessels.layout[{i}].diameter",
                allowed=f"at most {widest:g} um",
            )  # fmt: skip
    return graph


def _add(maker: Maker, one: LayoutSpec, field: str) -> None:
    kind = KINDS.index(one.kind)
    if one.line is not None:
        corners = [maker.point(point, f"{field}.line") for point in one.line]
        for a, b in pairwise(corners):
            maker.line(a, b, one.diameter, kind, one.stable)
        _hold(maker, one, [corners[0]], [corners[-1]])
    elif one.parallel is not None:
        _parallel(maker, one, kind, field)
    elif one.lattice is not None:
        _lattice(maker, one, kind, field)
    elif one.parent is not None:
        axis, across = _axis(maker, one.parent.axis, field), _AXES.index(one.parent.face[0])
        a = 0.5 * (maker.low + maker.high)
        low = one.parent.face.endswith("low")
        a[across] = maker.low[across] + one.parent.distance if low else maker.high[across] - one.parent.distance
        b = a.copy()
        a[axis], b[axis] = maker.low[axis], maker.high[axis]
        ends = [maker.point(p, f"{field}.parent.distance") for p in (a, b)]
        maker.line(ends[0], ends[1], one.diameter, kind, one.stable)
        _hold(maker, one, ends[:1], ends[1:])
    else:
        _table(maker, one, kind, field)


def _hold(maker: Maker, one: LayoutSpec, inlets: list[np.ndarray], outlets: list[np.ndarray]) -> None:
    for places, pressure in ((inlets, one.pressure_in), (outlets, one.pressure_out)):
        if pressure != "none":
            for place in places:
                maker.graph.held[maker.node(place, KINDS.index(one.kind))] = pressure


def _axis(maker: Maker, name: str, field: str) -> int:
    axis = _AXES.index(name)
    if maker.flat and axis == 2:
        raise InputError("there is no z in two dimensions", field=field, allowed=["x", "y"])
    return axis


def _ladder(maker: Maker, axis: int, spacing: float) -> np.ndarray:
    """Places of lines along an axis, in the middle of the domain."""
    if maker.flat and axis == 2:
        return np.array([0.5 * (maker.low[2] + maker.high[2])])
    span = maker.high[axis] - maker.low[axis]
    many = max(1, math.floor(span / spacing + 1e-9))
    return maker.low[axis] + 0.5 * (span - (many - 1) * spacing) + spacing * np.arange(many)


def _parallel(maker: Maker, one: LayoutSpec, kind: int, field: str) -> None:
    assert one.parallel is not None
    axis = _axis(maker, one.parallel.axis, f"{field}.parallel.axis")
    others = [a for a in range(3) if a != axis]
    ladders = [_ladder(maker, a, one.parallel.spacing) for a in others]
    for u in ladders[0]:
        for v in ladders[1]:
            a, b = maker.low.copy(), maker.high.copy()
            a[others[0]] = b[others[0]] = u
            a[others[1]] = b[others[1]] = v
            maker.line(a, b, one.diameter, kind, one.stable)
            _hold(maker, one, [a], [b])


def _lattice(maker: Maker, one: LayoutSpec, kind: int, field: str) -> None:
    assert one.lattice is not None
    axis = _axis(maker, one.lattice.axis, f"{field}.lattice.axis")
    ladders = [_ladder(maker, a, one.lattice.spacing) for a in range(3)]
    for along in range(3):
        steps = ladders[along]
        if along == axis:
            steps = np.concatenate([[maker.low[axis]], steps, [maker.high[axis]]])
        others = [a for a in range(3) if a != along]
        for u in ladders[others[0]]:
            for v in ladders[others[1]]:
                points = np.empty((len(steps), 3))
                points[:, along], points[:, others[0]], points[:, others[1]] = steps, u, v
                for a, b in pairwise(points):
                    maker.line(a, b, one.diameter, kind, one.stable)
                if along == axis:
                    _hold(maker, one, [points[0]], [points[-1]])


def _table(maker: Maker, one: LayoutSpec, kind: int, field: str) -> None:
    """Segments from a CSV file.

    Raises:
        InputError: a column that is missing, or a cell that cannot be read; it names the line.
    """
    assert one.file is not None
    where = f"{field}.file"
    wanted = ["x1", "y1", "x2", "y2"] + ([] if maker.flat else ["z1", "z2"])
    allowed = ["x1", "y1", "z1", "x2", "y2", "z2", "diameter", "kind", "pressure1", "pressure2"]
    try:
        text = read_sealed(one.file, one.sha256, where).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not text (UTF-8)", file=one.file, field=where) from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    for name in wanted:
        if name not in names:
            raise InputError(
                f"has no column {name!r}",
                file=one.file,
                field=where,
                allowed=allowed,
                nearest=nearest_name(name, names),
            )
    for name in names:
        if name not in allowed:
            raise InputError(
                f"the column {shown(name)} is not known", file=one.file, field=where, allowed=allowed,
                nearest=nearest_name(name, allowed),
            )  # fmt: skip
    rows = 0
    for row in reader:
        rows += 1
        line = reader.line_num

        def number(name: str, row: dict[str, str] = row, line: int = line) -> float | None:
            text = (row.get(name) or "").strip()
            if not text:
                return None
            try:
                value = float(text)
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                raise InputError(f"{name}: {shown(text)} is no number", file=one.file, line=line, field=where)
            return value

        ends = []
        for end in "12":
            point = [number(f"{axis}{end}") for axis in ("xy" if maker.flat else "xyz")]
            if any(v is None for v in point):
                raise InputError("a coordinate is missing", file=one.file, line=line, field=where)
            try:
                ends.append(maker.point([v for v in point if v is not None], where))
            except InputError as error:
                raise error.located(file=one.file, line=line) from None
        diameter = number("diameter")
        diameter = one.diameter if diameter is None else diameter
        if not 1.0 <= diameter <= 5000.0:
            raise InputError(
                f"a diameter of {diameter:g} um", file=one.file, line=line, field=where, allowed="from 1 to 5000 um"
            )
        word = (row.get("kind") or "").strip()
        if word and word not in KINDS:
            raise InputError(
                f"{shown(word)} is no kind of vessel", file=one.file, line=line, field=where, allowed=list(KINDS),
                nearest=nearest_name(word, KINDS),
            )  # fmt: skip
        nodes = maker.line(ends[0], ends[1], diameter, KINDS.index(word) if word else kind, one.stable)
        for node, name in zip(nodes, ("pressure1", "pressure2"), strict=True):
            pressure = number(name)
            if pressure is not None:
                maker.graph.held[node] = pressure
    if rows == 0:
        raise InputError("has no rows", file=one.file, field=where)
