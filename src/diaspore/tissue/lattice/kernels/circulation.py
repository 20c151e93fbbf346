"""Clusters on their way: into vessels of the primary, through the vasculature, out of vessels elsewhere."""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import uniform, uniform2
from diaspore.tissue.lattice.kernels.layout import (
    ARRIVED,
    BOOKED,
    DIED,
    EDGE_HIGH,
    EDGE_LEFT,
    EDGE_LOW,
    EDGE_RIGHT,
    ENTERED,
    GOES_TO,
    HEAD,
    LEAVES_CLUSTER,
    LEFT_CLUSTER,
    MESENCHYMAL,
    NO_ROOM,
    SURVIVES,
    TAIL,
)


@inline
def _take(place, number, q, side, expected):
    """Mark the rows of all cells at a point and its four neighbours as gone."""
    found = 0
    for row in range(number):
        away = place[row] - q
        if away == 0 or away == 1 or away == -1 or away == side or away == -side:
            place[row] = -1
            found += 1
            if found == expected:
                break


@kernel
def enter(step, q, points, cells, queue, rules, tally):
    """All cells at a vessel and its four neighbours go into the vasculature as one cluster; their rows become -1."""
    counts, side = points.counts, points.mmp2.shape[1]
    slot = queue.ends[TAIL]
    for kind in range(2):
        total = 0
        for away in (0, -1, 1, -side, side):
            total += counts[kind, q + away]
            counts[kind, q + away] = 0
        if total > 0:
            _take(cells.mesenchymal if kind == MESENCHYMAL else cells.epithelial, cells.number[kind], q, side, total)
        queue.cells[slot, kind] = total
        tally.totals[ENTERED + kind] += total
    queue.leaves[slot] = step + rules.transit
    queue.identity[slot] = queue.ends[BOOKED]
    queue.ends[TAIL] += 1
    queue.ends[BOOKED] += 1


@inline
def _widen(box, g, y, x):
    """Let the box of a grid hold a point."""
    if box[g, 0] >= box[g, 1]:
        box[g, 0], box[g, 1], box[g, 2], box[g, 3] = y, y + 1, x, x + 1
    else:
        box[g, 0], box[g, 1] = min(box[g, 0], y), max(box[g, 1], y + 1)
        box[g, 2], box[g, 3] = min(box[g, 2], x), max(box[g, 3], x + 1)


@kernel
def settle(kind, g, vessel, points, cells, rules, tally):
    """Put one cell beside a vessel: left, right, below, above, the first with room; without room it is lost."""
    counts, side, feature = points.counts, points.mmp2.shape[1], points.features[vessel]
    for edge, away in ((EDGE_LEFT, -1), (EDGE_RIGHT, 1), (EDGE_LOW, -side), (EDGE_HIGH, side)):
        p = vessel + away
        if feature & edge or counts[0, p] + counts[1, p] >= rules.capacity:
            continue
        counts[kind, p] += 1
        if kind == MESENCHYMAL:
            cells.mesenchymal[cells.number[kind]] = p
            within = p - g * side * side
            _widen(points.box, g, within // side, within % side)
        else:
            cells.epithelial[cells.number[kind]] = p
        cells.number[kind] += 1
        tally.counter[g] += 1
        tally.totals[ARRIVED + kind] += 1
        return
    tally.totals[NO_ROOM + kind] += 1


@kernel
def leave(seed, identity, part, m, e, points, cells, rules, tally):
    """What becomes of a cluster, or of one cell that left it, at the end of its way: it dies, or comes to a site."""
    alone = 0 if m + e == 1 else 1
    if not uniform(seed, identity, SURVIVES, part) < rules.survival[alone]:
        tally.totals[DIED] += m
        tally.totals[DIED + 1] += e
        return
    to, at = uniform2(seed, identity, GOES_TO, part)
    g = 1
    while g < rules.sites.shape[0] and to >= rules.sites[g - 1]:
        g += 1
    first = rules.vessels_from[g]
    vessel = rules.vessels[first + int(math.floor(at * (rules.vessels_from[g + 1] - first)))]
    for _ in range(m):
        settle(0, g, vessel, points, cells, rules, tally)
    for _ in range(e):
        settle(1, g, vessel, points, cells, rules, tally)


@kernel
def arrive(seed, step, points, cells, queue, rules, tally):
    """All clusters whose time is over: single cells first, then each cluster, what leaves it before what is left."""
    first = queue.ends[HEAD]
    last = first
    while last < queue.ends[TAIL] and queue.leaves[last] == step:
        last += 1
    for c in range(first, last):
        m, e = queue.cells[c, 0], queue.cells[c, 1]
        if m + e == 1:
            leave(seed, np.uint64(queue.identity[c]), 0, m, e, points, cells, rules, tally)
    for c in range(first, last):
        m, e = queue.cells[c, 0], queue.cells[c, 1]
        size, identity = m + e, np.uint64(queue.identity[c])
        if size == 1:
            continue
        mesenchymal = m
        for i in range(size):
            if uniform(seed, identity, LEAVES_CLUSTER, i) < rules.leave:
                one = 1 if i < mesenchymal else 0
                leave(seed, identity, i + 1, one, 1 - one, points, cells, rules, tally)
                m -= one
                e -= 1 - one
                tally.totals[LEFT_CLUSTER + 1 - one] += 1
        if m + e > 0:
            leave(seed, identity, 0, m, e, points, cells, rules, tally)
    queue.ends[HEAD] = last
