"""Shape and brightness of every object in one pass over its pixels."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.ctc.images.kernels.smooth import level

ROOT2 = np.sqrt(2.0)
HALF = (1.0 + ROOT2) / 2.0


@inline
def _border(labels, y, x, k):
    """Whether a pixel of object k has a side that is not k."""
    rows, columns = labels.shape
    return (
        y == 0 or x == 0 or y == rows - 1 or x == columns - 1
        or labels[y - 1, x] != k or labels[y + 1, x] != k or labels[y, x - 1] != k or labels[y, x + 1] != k
    )  # fmt: skip


@kernel
def shapes(labels, count):
    """Area, centre, second moments and perimeter (all in px) of objects 1 to ``count``.

    float64 ``[count, 7]``: area, y, x, the central moments yy, xx and yx over the area, and the perimeter as a line
    through the centres of the border's pixels (steps of 1, sqrt 2 and their mean; Benkrid and others).
    """
    rows, columns = labels.shape
    out = np.zeros((count, 7))
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x] - 1
            if k < 0:
                continue
            out[k, 0] += 1.0
            out[k, 1] += y
            out[k, 2] += x
            out[k, 3] += float(y) * y
            out[k, 4] += float(x) * x
            out[k, 5] += float(y) * x
            if not _border(labels, y, x, k + 1):
                continue
            straight, diagonal = 0, 0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    v, u = y + dy, x + dx
                    if (dy == 0 and dx == 0) or v < 0 or u < 0 or v >= rows or u >= columns:
                        continue
                    if labels[v, u] == k + 1 and _border(labels, v, u, k + 1):
                        if dy == 0 or dx == 0:
                            straight += 1
                        else:
                            diagonal += 1
            code = 1 + 2 * straight + 10 * diagonal
            if code == 5 or code == 7 or code == 15 or code == 17 or code == 25 or code == 27:
                out[k, 6] += 1.0
            elif code == 21 or code == 33:
                out[k, 6] += ROOT2
            elif code == 13 or code == 23:
                out[k, 6] += HALF
    for k in range(count):
        area = out[k, 0]
        if area > 0.0:
            y, x = out[k, 1] / area, out[k, 2] / area
            out[k, 1], out[k, 2] = y, x
            out[k, 3] = out[k, 3] / area - y * y
            out[k, 4] = out[k, 4] / area - x * x
            out[k, 5] = out[k, 5] / area - y * x
    return out


@kernel
def intensities(image, labels, nuclei, count, grid, floor):
    """Brightness of a channel less its background in objects 1 to ``count``.

    ``image``, ``labels`` and ``nuclei`` are ``[y, x]``; ``floor``: what counts as stained. float64 ``[count, 6]``: sum,
    maximum, sum of squares, stained pixels of the object, stained pixels of its nucleus, pixels of its nucleus.
    """
    rows, columns = labels.shape
    tile_y, tile_x = rows / grid.shape[0], columns / grid.shape[1]
    out = np.zeros((count, 6))
    out[:, 1] = -np.inf
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x] - 1
            if k < 0:
                continue
            value = float(image[y, x]) - level(grid, y, x, tile_y, tile_x)
            out[k, 0] += value
            out[k, 1] = max(out[k, 1], value)
            out[k, 2] += value * value
            stained = 1.0 if value > floor else 0.0
            out[k, 3] += stained
            if nuclei[y, x] == k + 1:
                out[k, 4] += stained
                out[k, 5] += 1.0
    return out


@kernel
def sharpness(values, labels, count):
    """Mean square of the gradient (central differences) over the square of the mean of objects 1 to ``count``, 1/px2.

    ``values`` float32 ``[y, x]``, background taken off. 0 where the mean is not above 0.
    """
    rows, columns = labels.shape
    total, squares, area = np.zeros(count), np.zeros(count), np.zeros(count)
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x] - 1
            if k < 0:
                continue
            up, down = values[max(y - 1, 0), x], values[min(y + 1, rows - 1), x]
            left, right = values[y, max(x - 1, 0)], values[y, min(x + 1, columns - 1)]
            gy, gx = 0.5 * (float(down) - float(up)), 0.5 * (float(right) - float(left))
            total[k] += values[y, x]
            squares[k] += gy * gy + gx * gx
            area[k] += 1.0
    out = np.zeros(count)
    for k in range(count):
        if total[k] > 0.0:
            out[k] = squares[k] * area[k] / (total[k] * total[k])
    return out


@kernel
def contacts(labels, stained):
    """Pairs of objects that touch, for each pair of neighbouring pixels (right or below): int64 ``[n, 3]``.

    Columns: the smaller label, the larger one, and whether both pixels are ``stained`` (1 or 0).
    """
    rows, columns = labels.shape
    size = 0
    for turn in range(2):
        if turn == 1:
            out = np.empty((size, 3), np.int64)
            size = 0
        for y in range(rows):
            for x in range(columns):
                k = labels[y, x]
                if k == 0:
                    continue
                for side in range(2):
                    v, u = y + side, x + 1 - side
                    if v >= rows or u >= columns:
                        continue
                    other = labels[v, u]
                    if other != 0 and other != k:
                        if turn == 1:
                            out[size, 0] = min(k, other)
                            out[size, 1] = max(k, other)
                            out[size, 2] = 1 if stained[y, x] and stained[v, u] else 0
                        size += 1
    return out
