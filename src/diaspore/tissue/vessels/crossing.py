"""Which voxels a segment crosses, and for how long a way; maps of vessels on the grid; which vessel is nearest."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.fields.grid import Grid
from diaspore.tissue.vessels.graph import Graph

AROUND = 16
"""Lines by which the wall of a vessel that is wider than a voxel is drawn."""


class Crossing(NamedTuple):
    """Pieces of segments within single voxels.

    Attributes:
        segment: (P,) row of the segment.
        voxel: (P,) number of the voxel, x fastest.
        length: (P,) of wall there, um; over all pieces of a segment they add up to its length.
    """

    segment: np.ndarray
    voxel: np.ndarray
    length: np.ndarray


@inline
def _index(x, low, spacing, n):
    return min(max(int(math.floor((x - low) / spacing)), 0), n - 1)


@kernel
def _trace(a, b, origin, spacing, shape, weight, s, k, segment, voxel, length):
    """Pieces of one line; with arrays of no length it only counts. Returns the number of pieces so far."""
    d = b - a
    whole = math.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
    t = 0.0
    while True:
        # The next face of a voxel on the way, a hair beyond where the line is.
        ahead = 1.0
        for axis in range(3):
            if d[axis] != 0.0:
                cell = (a[axis] + t * d[axis] - origin[axis]) / spacing
                face = math.floor(cell + 1e-9) + 1.0 if d[axis] > 0.0 else math.ceil(cell - 1e-9) - 1.0
                at = (origin[axis] + face * spacing - a[axis]) / d[axis]
                if t < at < ahead:
                    ahead = at
        if segment.shape[0] > 0:
            middle = 0.5 * (t + ahead)
            x = _index(a[0] + middle * d[0], origin[0], spacing, shape[2])
            y = _index(a[1] + middle * d[1], origin[1], spacing, shape[1])
            z = _index(a[2] + middle * d[2], origin[2], spacing, shape[0])
            segment[k], voxel[k] = s, (z * shape[1] + y) * shape[2] + x
            length[k] = weight * (ahead - t) * whole
        k += 1
        t = ahead
        if t >= 1.0:
            return k


@kernel
def _cross(place, ends, diameter, origin, spacing, shape, segment, voxel, length):
    """Pieces of all segments; returns how many there are."""
    k = 0
    for s in range(ends.shape[0]):
        a, b = place[ends[s, 0]], place[ends[s, 1]]
        if diameter[s] <= spacing:
            k = _trace(a, b, origin, spacing, shape, 1.0, s, k, segment, voxel, length)
            continue
        d = b - a
        size = math.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
        d = d / size if size > 0.0 else np.array([0.0, 0.0, 1.0])
        least = 0
        for axis in range(1, 3):
            least = axis if abs(d[axis]) < abs(d[least]) else least
        p = np.zeros(3)
        p[least] = 1.0
        p -= d[least] * d
        p /= math.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)
        q = np.array([d[1] * p[2] - d[2] * p[1], d[2] * p[0] - d[0] * p[2], d[0] * p[1] - d[1] * p[0]])
        for j in range(AROUND):
            angle = 2.0 * math.pi * (j + 0.5) / AROUND
            away = 0.5 * diameter[s] * (math.cos(angle) * p + math.sin(angle) * q)
            k = _trace(a + away, b + away, origin, spacing, shape, 1.0 / AROUND, s, k, segment, voxel, length)
    return k


def cross(graph: Graph, grid: Grid) -> Crossing:
    """Pieces of all segments; what lies outside of the grid counts for the nearest voxel."""
    ends = graph.ends[: graph.segments]
    box = (graph.place, ends, graph.diameter[: graph.segments], np.array(grid.origin, dtype=float), grid.spacing,
           np.array(grid.shape))  # fmt: skip
    none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
    many = _cross(*box, none, none, nothing)
    segment, voxel = np.empty((2, many), dtype=np.int64)
    length = np.empty(many)
    if many:
        _cross(*box, segment, voxel, length)
    return Crossing(segment, voxel, length)


def surface_density(graph: Graph, crossing: Crossing, grid: Grid, among: np.ndarray) -> np.ndarray:
    """Surface of the vessels ``among`` (a mask of segments) in every voxel, um2/um3, shape of the grid."""
    chosen = among[crossing.segment]
    area = np.pi * graph.diameter[crossing.segment[chosen]] * crossing.length[chosen] / grid.voxel_volume
    return np.bincount(crossing.voxel[chosen], weights=area, minlength=grid.size).reshape(grid.shape)


class Bins(NamedTuple):
    """Segments by the bin of their middle, for `nearest`."""

    low: np.ndarray
    width: float
    shape: np.ndarray
    first: np.ndarray
    order: np.ndarray
    row: np.ndarray


@kernel
def _bin(x, y, z, low, width, shape):
    i = min(max(int((x - low[0]) / width), 0), shape[0] - 1)
    j = min(max(int((y - low[1]) / width), 0), shape[1] - 1)
    k = min(max(int((z - low[2]) / width), 0), shape[2] - 1)
    return (k * shape[1] + j) * shape[0] + i


@kernel
def _sort(middle, low, width, shape, number, first, order):
    for s in range(middle.shape[0]):
        number[s] = _bin(middle[s, 0], middle[s, 1], middle[s, 2], low, width, shape)
        first[number[s] + 2] += 1
    for b in range(first.shape[0] - 2):
        first[b + 2] += first[b + 1]
    for s in range(middle.shape[0]):
        order[first[number[s] + 1]] = s
        first[number[s] + 1] += 1


def make_bins(graph: Graph, reach: float, among: np.ndarray | None = None) -> Bins:
    """Bins so wide that what is within ``reach`` of a point lies in its bin or one beside it."""
    row = np.arange(graph.segments) if among is None else np.flatnonzero(among)
    middle = graph.middles()[row]
    low = middle.min(axis=0) if len(row) else np.zeros(3)
    high = middle.max(axis=0) if len(row) else np.zeros(3)
    width = reach + 0.5 * float(graph.lengths()[row].max(initial=0.0)) + 1e-6
    span = high - low
    while np.prod(np.floor(span / width) + 1.0) > 4 * len(row) + 1000:
        width *= 1.26
    shape = (np.floor(span / width) + 1.0).astype(np.int64)
    first = np.zeros(int(np.prod(shape)) + 2, dtype=np.int64)
    number, order = np.empty((2, len(row)), dtype=np.int64)
    _sort(middle, low, width, shape, number, first, order)
    return Bins(low, width, shape, first, order, row)


@inline
def _around(at, axis, bins):
    """First and one beyond the last bin along an axis that hold what is in reach of a point."""
    k = int(math.floor((at - bins.low[axis]) / bins.width))
    return max(k - 1, 0), min(k + 1, bins.shape[axis] - 1) + 1


@inline
def to_line(px, py, pz, a, b):
    """Square of the distance of a point from a segment, and where along it (0 to 1) it is nearest."""
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    size = dx * dx + dy * dy + dz * dz
    t = 0.0
    if size > 0.0:
        t = min(max(((px - a[0]) * dx + (py - a[1]) * dy + (pz - a[2]) * dz) / size, 0.0), 1.0)
    x, y, z = px - a[0] - t * dx, py - a[1] - t * dy, pz - a[2] - t * dz
    return x * x + y * y + z * z, t


@kernel
def nearest(points, own, reach, place, ends, sprout, perfused, bins, found, distance, where):
    """Nearest segment within ``reach`` of every point, -1 where there is none.

    Args:
        points: (n, 3) um.
        own: (n,) sprout whose segments do not count unless they are perfused; 0 for none.
        reach: um.
        place, ends, sprout, perfused: of the graph.
        bins: of `make_bins`, for at least this reach.
        found, distance, where: (n,) row of the segment, um, and share of its length.
    """
    nx, ny = bins.shape[0], bins.shape[1]
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        best, found[i], distance[i], where[i] = reach * reach, -1, np.inf, 0.0
        (x0, x1), (y0, y1), (z0, z1) = _around(x, 0, bins), _around(y, 1, bins), _around(z, 2, bins)
        for kz in range(z0, z1):
            for ky in range(y0, y1):
                for kx in range(x0, x1):
                    b = (kz * ny + ky) * nx + kx
                    for m in range(bins.first[b], bins.first[b + 1]):
                        s = bins.row[bins.order[m]]
                        if own[i] != 0 and sprout[s] == own[i] and perfused[s] == 0:
                            continue
                        square, t = to_line(x, y, z, place[ends[s, 0]], place[ends[s, 1]])
                        if square < best or (square == best and found[i] < 0):
                            best, found[i], where[i] = square, s, t
                            distance[i] = math.sqrt(square)


def near(graph: Graph, bins: Bins, places: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Row of the nearest segment of the bins within ``reach`` of every place (n, 3), else -1, and its distance (um)."""
    count = len(places)
    found, distance, where = np.empty(count, dtype=np.int64), np.empty(count), np.empty(count)
    own = np.zeros(count, dtype=np.uint64)
    points = np.ascontiguousarray(places[:, :3], dtype=float)
    nearest(points, own, reach, graph.place, graph.ends, graph.sprout, graph.perfused, bins, found, distance, where)
    return found, distance


@kernel
def _to_walls(points, reach, place, ends, diameter, bins, found):
    """Distance to the nearest wall of the segments of the bins, below 0 inside of it; infinite beyond ``reach``."""
    nx, ny = bins.shape[0], bins.shape[1]
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        best = np.inf
        (x0, x1), (y0, y1), (z0, z1) = _around(x, 0, bins), _around(y, 1, bins), _around(z, 2, bins)
        for kz in range(z0, z1):
            for ky in range(y0, y1):
                for kx in range(x0, x1):
                    b = (kz * ny + ky) * nx + kx
                    for m in range(bins.first[b], bins.first[b + 1]):
                        s = bins.row[bins.order[m]]
                        square, _ = to_line(x, y, z, place[ends[s, 0]], place[ends[s, 1]])
                        best = min(best, math.sqrt(square) - 0.5 * diameter[s])
        found[i] = best if best <= reach else np.inf


def to_walls(graph: Graph, bins: Bins, places: np.ndarray, reach: float) -> np.ndarray:
    """Distance (um) of every place (n, 3) from the nearest wall of the segments of the bins, infinite beyond ``reach``.

    The bins are for ``reach`` and the largest radius together; the distance is below 0 inside of a vessel.
    """
    found = np.empty(len(places))
    points = np.ascontiguousarray(places[:, :3], dtype=float)
    _to_walls(points, reach, graph.place, graph.ends, graph.diameter, bins, found)
    return found
