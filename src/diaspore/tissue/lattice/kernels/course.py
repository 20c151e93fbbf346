"""The loop over steps."""

from __future__ import annotations

from diaspore.core.jit import inline, kernel
from diaspore.tissue.lattice.kernels.circulation import arrive
from diaspore.tissue.lattice.kernels.division import divide
from diaspore.tissue.lattice.kernels.fields import step_fields
from diaspore.tissue.lattice.kernels.layout import HEAD, TAIL
from diaspore.tissue.lattice.kernels.movement import move


@inline
def _make_way(queue, needed):
    """Move the queue to its beginning where there is no room for more behind it; whether there is room then."""
    room = queue.leaves.shape[0]
    first, last = queue.ends[HEAD], queue.ends[TAIL]
    if last + needed <= room:
        return True
    for c in range(first, last):
        queue.leaves[c - first] = queue.leaves[c]
        queue.cells[c - first, 0] = queue.cells[c, 0]
        queue.cells[c - first, 1] = queue.cells[c, 1]
        queue.identity[c - first] = queue.identity[c]
    queue.ends[HEAD], queue.ends[TAIL] = 0, last - first
    return last - first + needed <= room


@inline
def _room(cells, queue):
    """Whether there is room for whatever may happen in a step: all divide, all in the vasculature arrive."""
    m, e = 2 * cells.number[0], 2 * cells.number[1]
    for c in range(queue.ends[HEAD], queue.ends[TAIL]):
        m += queue.cells[c, 0]
        e += queue.cells[c, 1]
    return m <= cells.mesenchymal.shape[0] and e <= cells.epithelial.shape[0] and _make_way(queue, m + e)


@kernel
def advance(seed, step, end, points, cells, queue, rules, tally):
    """Steps from ``step`` to ``end``; the step that was reached, less than ``end`` where there must be more room."""
    mesenchymal = points.counts[0].reshape(points.mmp2.shape)
    while step < end:
        if not _room(cells, queue):
            return step
        arrive(seed, step, points, cells, queue, rules, tally)
        step_fields(points, mesenchymal, rules)
        if step > 0:
            if step % rules.doubling[0] == 0:
                divide(0, cells.mesenchymal, points, cells, rules, tally)
            if step % rules.doubling[1] == 0:
                divide(1, cells.epithelial, points, cells, rules, tally)
        move(seed, step, points, cells, queue, rules, tally)
        step += 1
    return step
