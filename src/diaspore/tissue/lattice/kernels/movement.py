"""Random walk up the gradient of matrix, in random order, and entry into vessels of the primary.

Whether and where a cell wants to go depends on the matrix at its place alone, so it is drawn for all cells before any
moves; a cell that stays changes nothing. Only the others are put in random order and move one after the other, which
is the same law as going through all cells in random order. As at most one cell in fifty wants to move, the rows that
may are found by jumps of geometric length at a bound of the probability, and thinned.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import uniform2
from diaspore.tissue.lattice.kernels.circulation import enter
from diaspore.tissue.lattice.kernels.layout import (
    EDGE_HIGH,
    EDGE_LEFT,
    EDGE_LOW,
    EDGE_RIGHT,
    EDGES_X,
    EDGES_Y,
    RUPTURED,
    SHUFFLE,
    TAIL,
    VESSEL,
    WALK,
    WAY_IN,
)

STAYS = 0


@inline
def probabilities(ecm, features, p, side, walk, pull, no_negative):
    """Probabilities of a step left, right, down and up; no step leaves the grid, no drift along an edge's normal."""
    feature = features[p]
    across = 0.0 if feature & EDGES_X else ecm[p + 1] - ecm[p - 1]
    along = 0.0 if feature & EDGES_Y else ecm[p + side] - ecm[p - side]
    left = 0.0 if feature & EDGE_LEFT else walk - pull * across
    right = 0.0 if feature & EDGE_RIGHT else walk + pull * across
    down = 0.0 if feature & EDGE_LOW else walk - pull * along
    up = 0.0 if feature & EDGE_HIGH else walk + pull * along
    if no_negative:
        left, right, down, up = max(left, 0.0), max(right, 0.0), max(down, 0.0), max(up, 0.0)
    return left, right, down, up


@inline
def direction(left, right, down, up, side, u):
    """Where to go for a uniform number ``u``: staying takes what is left above the probabilities of all steps.

    A negative probability is taken off that of the step drawn beside it, as a search in cumulated weights in the order
    left, down, stay, up, right does it.
    """
    first = max(left + down, 0.0)
    if u < first:
        return -1 if u < left else -side
    u -= first
    if u < up + right:
        return side if u < up else 1
    return STAYS


@kernel
def wanting(seed, step, kind, place, points, cells, rules, found):
    """Add the rows of one phenotype that want to move, and where to, to the list of movers; its new length.

    Rows of epithelial cells are written as -1 - row.
    """
    most, number, side = rules.most[kind], cells.number[kind], points.mmp2.shape[1]
    if most <= 0.0 or number == 0:
        return found
    ecm, scale = points.ecm.reshape(points.features.shape[0]), 1.0 / math.log1p(-most)
    row, draw = -1, 0
    while True:
        jump, where = uniform2(seed, np.uint64(step), WALK + kind, draw)
        draw += 1
        row += 1 + int(min(math.log(jump) * scale, 4e9))
        if row >= number:
            return found
        p = np.int64(place[row])
        left, right, down, up = probabilities(
            ecm, points.features, p, side, rules.walk[kind], rules.pull[kind], rules.no_negative
        )
        away = direction(left, right, down, up, side, where * most)
        if away != STAYS:
            cells.mover[found] = row if kind == 0 else -1 - row
            cells.target[found] = p + away
            found += 1


@kernel
def shuffle(seed, step, mover, target, number):
    """Put the movers in random order."""
    for i in range(number - 1, 0, -1):
        if (number - 1 - i) % 2 == 0:
            u, v = uniform2(seed, np.uint64(step), SHUFFLE, (number - 1 - i) // 2)
        else:
            u = v
        j = int(u * (i + 1))
        mover[i], mover[j] = mover[j], mover[i]
        target[i], target[j] = target[j], target[i]


@inline
def _close(place, number):
    """Close the gaps that cells in the vasculature left; how many rows are in use then."""
    kept = 0
    for row in range(number):
        if place[row] >= 0:
            place[kept] = place[row]
            kept += 1
    return kept


@kernel
def move(seed, step, points, cells, queue, rules, tally):
    """One step of all cells of all grids."""
    counts, features = points.counts, points.features
    movers = wanting(seed, step, 0, cells.mesenchymal, points, cells, rules, 0)
    movers = wanting(seed, step, 1, cells.epithelial, points, cells, rules, movers)
    shuffle(seed, step, cells.mover, cells.target, movers)
    entered = queue.ends[TAIL]
    for k in range(movers):
        row, q = np.int64(cells.mover[k]), np.int64(cells.target[k])
        kind = 0
        place = cells.mesenchymal
        if row < 0:
            kind, row, place = 1, -1 - row, cells.epithelial
        p = np.int64(place[row])
        if p < 0:  # gone with a cluster before its turn
            continue
        feature = features[q]
        if feature & WAY_IN and (kind == 0 or feature & RUPTURED):
            enter(step, q, points, cells, queue, rules, tally)
        elif counts[0, q] + counts[1, q] < rules.capacity or (rules.open_vessels and feature & VESSEL):
            counts[kind, p] -= 1
            counts[kind, q] += 1
            place[row] = q
    if queue.ends[TAIL] != entered:
        cells.number[0] = _close(cells.mesenchymal, cells.number[0])
        cells.number[1] = _close(cells.epithelial, cells.number[1])
