"""Division in rounds: every cell of a phenotype at a point with room puts a copy of itself there."""

from __future__ import annotations

from diaspore.core.jit import kernel
from diaspore.tissue.lattice.kernels.layout import BORN


@kernel
def divide(kind, place, points, cells, rules, tally):
    """One round for one phenotype, in the order of rows; copies of this round do not divide in it."""
    counts, number = points.counts, cells.number
    side2 = points.mmp2.shape[1] * points.mmp2.shape[1]
    before = number[kind]
    last = before
    for row in range(before):
        p = place[row]
        if counts[0, p] + counts[1, p] < rules.capacity:
            place[last] = p
            last += 1
            counts[kind, p] += 1
            tally.counter[p // side2] += 1
    number[kind] = last
    tally.totals[BORN + kind] += last - before
