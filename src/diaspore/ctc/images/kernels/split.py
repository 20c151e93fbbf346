"""Objects that touch, taken apart at their necks: exact distances, and a watershed that merges what is shallow."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel

STEPS = 8  # of distance in a pixel, for sorting
FARTHEST = 255  # px, beyond which a distance is cut off: a field that is all one object takes no hours


@kernel
def distances(mask):
    """Euclidean distance (px, float32 ``[y, x]``) of each pixel of a mask to the nearest one outside it, exactly.

    What lies beyond the image counts as inside, so that cells that the edge cuts are not narrowed by it.
    """
    height, width = mask.shape
    far = FARTHEST - 1
    column = np.zeros((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            if mask[y, x]:
                column[y, x] = min(column[y - 1, x] if y else far, far) + 1
    for y in range(height - 2, -1, -1):
        for x in range(width):
            if mask[y, x] and column[y + 1, x] + 1 < column[y, x]:
                column[y, x] = column[y + 1, x] + 1
    out = np.zeros((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            if not mask[y, x]:
                continue
            best = np.int64(column[y, x]) ** 2
            side = 1
            while side * side < best and (x - side >= 0 or x + side < width):
                if x - side >= 0:
                    best = min(best, np.int64(column[y, x - side]) ** 2 + side * side)
                if x + side < width:
                    best = min(best, np.int64(column[y, x + side]) ** 2 + side * side)
                side += 1
            out[y, x] = np.sqrt(np.float32(best))
    return out


@inline
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@kernel
def basins(height_map, depth, share):
    """Watershed from the summits downwards of everything above 0.

    Two summits remain apart only if the pass between them lies at least ``depth`` and at least the part ``share`` of
    the lower summit below it. int32 labels ``[y, x]``, 1, 2, … in the order of their first pixel; neighbours are the
    eight.
    """
    rows, columns = height_map.shape
    top = 0
    count = 0
    for y in range(rows):
        for x in range(columns):
            if height_map[y, x] > 0.0:
                count += 1
                top = max(top, int(height_map[y, x] * STEPS))
    starts = np.zeros(top + 2, np.int64)
    for y in range(rows):
        for x in range(columns):
            if height_map[y, x] > 0.0:
                starts[top - int(height_map[y, x] * STEPS) + 1] += 1
    for k in range(1, top + 2):
        starts[k] += starts[k - 1]
    order = np.empty(count, np.int64)
    for y in range(rows):
        for x in range(columns):
            if height_map[y, x] > 0.0:
                k = top - int(height_map[y, x] * STEPS)
                order[starts[k]] = y * columns + x
                starts[k] += 1

    labels = np.zeros((rows, columns), np.int32)
    parent = np.zeros(count + 1, np.int32)
    summit = np.zeros(count + 1, np.float32)
    found = 0
    near = np.empty(8, np.int32)
    for k in range(count):
        y, x = order[k] // columns, order[k] % columns
        here = height_map[y, x]
        n = 0
        nearest, steepest = 0, np.float32(-1.0)
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                v, u = y + dy, x + dx
                if v < 0 or u < 0 or v >= rows or u >= columns or labels[v, u] == 0:
                    continue
                root = _root(parent, labels[v, u])
                if height_map[v, u] > steepest:
                    nearest, steepest = root, height_map[v, u]
                known = False
                for j in range(n):
                    known = known or near[j] == root
                if not known:
                    near[n] = root
                    n += 1
        if n == 0:
            found += 1
            parent[found] = found
            summit[found] = here
            labels[y, x] = found
            continue
        labels[y, x] = nearest
        for i in range(n):
            for j in range(i):
                a, b = _root(parent, near[i]), _root(parent, near[j])
                if a == b:
                    continue
                if summit[a] < summit[b]:
                    a, b = b, a
                if summit[b] - here < max(depth, share * summit[b]):
                    parent[b] = a
    number = np.zeros(found + 1, np.int32)
    last = 0
    for y in range(rows):
        for x in range(columns):
            if labels[y, x]:
                root = _root(parent, labels[y, x])
                if number[root] == 0:
                    last += 1
                    number[root] = last
                labels[y, x] = number[root]
    return labels
