"""How a lattice lies in memory, and the numbers its rules work with.

Every grid has a rim one point wide, so that a neighbour is always one place away: a point is the number
``(grid * side + y) * side + x`` with x and y from 1 to ``side - 2``. On the rim there are no cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Bits of what is at a point.
EDGE_LEFT, EDGE_RIGHT, EDGE_LOW, EDGE_HIGH = 1, 2, 4, 8
VESSEL, RUPTURED, WAY_IN = 16, 32, 64
EDGES_X, EDGES_Y = EDGE_LEFT | EDGE_RIGHT, EDGE_LOW | EDGE_HIGH

MESENCHYMAL, EPITHELIAL = 0, 1

# Processes of random numbers. Those of the first two are numbered within a step, the others belong to a cluster.
WALK, SHUFFLE, LEAVES_CLUSTER, SURVIVES, GOES_TO = 0x4C01, 0x4C03, 0x4C04, 0x4C05, 0x4C06
STARTS, VESSELS = 0x4C07, 0x4C08

# Places in the ends of the queue.
HEAD, TAIL, BOOKED = 0, 1, 2

# Running totals; each pair is mesenchymal, epithelial.
ENTERED, DIED, ARRIVED, NO_ROOM, BORN, LEFT_CLUSTER, TOTALS = 0, 2, 4, 6, 8, 10, 12


class Points(NamedTuple):
    """What is at the points.

    Attributes:
        mmp2, ecm: (G, side, side) levels.
        counts: (2, G * side * side) mesenchymal and epithelial cells.
        features: (G * side * side) bits of what is there.
        box: (G, 4) part of each grid outside of which there is neither MMP-2 nor a mesenchymal cell: y from, y to,
            x from, x to.
        rows: (2, side) work space.
    """

    mmp2: np.ndarray
    ecm: np.ndarray
    counts: np.ndarray
    features: np.ndarray
    box: np.ndarray
    rows: np.ndarray


class Cells(NamedTuple):
    """Where the cells are: one row for each, mesenchymal and epithelial apart; ``number`` (2,) are in use."""

    mesenchymal: np.ndarray
    epithelial: np.ndarray
    number: np.ndarray
    mover: np.ndarray
    target: np.ndarray


class Queue(NamedTuple):
    """Clusters in the vasculature in the order in which they leave it.

    Attributes:
        leaves: step at which each leaves.
        cells: (C, 2) its mesenchymal and epithelial cells.
        identity: its number since the start.
        ends: first in use, one past the last in use, clusters booked since the start.
    """

    leaves: np.ndarray
    cells: np.ndarray
    identity: np.ndarray
    ends: np.ndarray


class Tally(NamedTuple):
    """Running totals, and per grid the cells that the program's counter shows: it never goes down."""

    totals: np.ndarray
    counter: np.ndarray


class Rules(NamedTuple):
    """Numbers per step, without dimensions.

    Attributes:
        spread, keep, produce: MMP-2: share that goes to each neighbour, that stays, what a mesenchymal cell makes.
        contact, digest: loss of matrix by a mesenchymal cell and by MMP-2.
        walk: (2,) probability of a random step in one direction.
        pull: (2,) what a difference of 1 in matrix adds to it.
        most: (2,) bound of the probability to move at all.
        no_negative: negative probabilities are none, instead of being taken off another.
        open_vessels: points with a vessel take any number of cells.
        capacity: most cells at a point.
        doubling: (2,) steps between divisions.
        transit: steps in the vasculature.
        survival: (2,) of a single cell, of a cluster.
        leave: probability with which a cell leaves its cluster.
        sites: (G - 1) cumulated shares of the grids that are not the primary.
        vessels: points of all vessels, grid by grid; those of grid g begin at ``vessels_from[g]``.
    """

    spread: float
    keep: float
    produce: float
    contact: float
    digest: float
    walk: np.ndarray
    pull: np.ndarray
    most: np.ndarray
    no_negative: bool
    open_vessels: bool
    capacity: int
    doubling: np.ndarray
    transit: int
    survival: np.ndarray
    leave: float
    sites: np.ndarray
    vessels: np.ndarray
    vessels_from: np.ndarray
