"""Labels made better: each object down to a share of its own brightness, small ones out, cells around nuclei."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import kernel


@kernel
def own_threshold(values, labels, count, share, bins):
    """Mask of the pixels above ``share`` of their object's brightness: the ninetieth percentile of its pixels.

    ``values`` float32 and ``labels`` int32 ``[y, x]``; percentiles come from ``bins`` bins up to the object's maximum.
    """
    rows, columns = labels.shape
    peak = np.zeros(count + 1, np.float32)
    area = np.zeros(count + 1, np.int64)
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x]
            if k:
                peak[k] = max(peak[k], values[y, x])
                area[k] += 1
    histogram = np.zeros((count + 1, bins), np.int32)
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x]
            if k and peak[k] > 0.0:
                histogram[k, min(bins - 1, int(max(values[y, x], np.float32(0.0)) / peak[k] * bins))] += 1
    level = np.zeros(count + 1, np.float32)
    for k in range(1, count + 1):
        above = 0
        for b in range(bins - 1, -1, -1):
            above += histogram[k, b]
            if above >= 0.1 * area[k]:
                level[k] = share * peak[k] * (b + 0.5) / bins
                break
    mask = np.zeros((rows, columns), np.bool_)
    for y in range(rows):
        for x in range(columns):
            k = labels[y, x]
            if k:
                mask[y, x] = values[y, x] > level[k]
    return mask


@kernel
def kept(labels, count, smallest, largest):
    """Labels of the objects whose area (px) lies between two bounds, numbered anew in order; and how many they are."""
    rows, columns = labels.shape
    area = np.zeros(count + 1, np.int64)
    for y in range(rows):
        for x in range(columns):
            area[labels[y, x]] += 1
    number = np.zeros(count + 1, np.int32)
    last = 0
    for k in range(1, count + 1):
        if smallest <= area[k] <= largest:
            last += 1
            number[k] = last
    out = np.zeros((rows, columns), np.int32)
    for y in range(rows):
        for x in range(columns):
            out[y, x] = number[labels[y, x]]
    return out, last


@kernel
def grown(labels, mask, near, far):
    """Labels grown into free pixels: everywhere up to ``near`` px, and up to ``far`` px where ``mask`` holds.

    Distances are those of a path of straight (1) and diagonal (sqrt 2) steps; where two objects meet, the closer one
    has the pixel, at equal distance the one with the smaller number. int32 ``[y, x]``.
    """
    rows, columns = labels.shape
    out = labels.copy()
    # Steps of 5 and 7 for 1 and sqrt 2: whole numbers let rings be taken in order without a heap.
    limit, free = int(far * 5.0), int(near * 5.0)
    size = 0
    for y in range(rows):
        for x in range(columns):
            if labels[y, x]:
                size += 1
    cost = np.full((rows, columns), np.int16(32767))
    ring = np.empty(max(16, size), np.int64)
    ahead = [np.empty(16, np.int64) for _ in range(8)]
    used = np.zeros(8, np.int64)
    n = 0
    for y in range(rows):
        for x in range(columns):
            if labels[y, x]:
                cost[y, x] = 0
                edge = False
                for dy in range(-1, 2):
                    for dx in range(-1, 2):
                        v, u = y + dy, x + dx
                        if 0 <= v < rows and 0 <= u < columns and labels[v, u] == 0:
                            edge = True
                if edge:
                    ring[n] = y * columns + x
                    n += 1
    now = 0
    while now <= limit:
        if now > 0:
            waiting = ahead[now % 8]
            n = used[now % 8]
            if n > ring.shape[0]:
                ring = np.empty(2 * n, np.int64)
            for i in range(n):
                ring[i] = waiting[i]
            used[now % 8] = 0
        for i in range(n):
            y, x = ring[i] // columns, ring[i] % columns
            if cost[y, x] != now:
                continue
            mine = out[y, x]
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    v, u = y + dy, x + dx
                    if v < 0 or u < 0 or v >= rows or u >= columns or labels[v, u]:
                        continue
                    there = now + (5 if dy == 0 or dx == 0 else 7)
                    if there > limit or (there > free and not mask[v, u]):
                        continue
                    if there < cost[v, u]:
                        slot = there % 8
                        if used[slot] == ahead[slot].shape[0]:
                            longer = np.empty(2 * used[slot], np.int64)
                            longer[: used[slot]] = ahead[slot]
                            ahead[slot] = longer
                        ahead[slot][used[slot]] = v * columns + u
                        used[slot] += 1
                        cost[v, u] = there
                        out[v, u] = mine
                    elif there == cost[v, u] and mine < out[v, u]:
                        out[v, u] = mine
        now += 1
    return out
