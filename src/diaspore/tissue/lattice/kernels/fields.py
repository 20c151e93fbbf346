"""MMP-2 spreads, decays and is made; matrix is lost: explicit, five points, mirrored at the edges."""

from __future__ import annotations

from diaspore.core.jit import kernel


@kernel
def step_fields(points, mesenchymal, rules):
    """One step of all grids, in place.

    What lies outside of a grid's box is 0 and stays so to the bit: neither has it MMP-2 to spread nor matrix to lose.
    ``mesenchymal`` (G, side, side) are the cells that make MMP-2.
    """
    mmp2, ecm, box = points.mmp2, points.ecm, points.box
    end = mmp2.shape[1] - 1
    spread, keep, produce, contact, digest = rules.spread, rules.keep, rules.produce, rules.contact, rules.digest
    for g in range(mmp2.shape[0]):
        if box[g, 0] >= box[g, 1]:
            continue
        y0, y1 = max(box[g, 0] - 1, 1), min(box[g, 1] + 1, end)
        x0, x1 = max(box[g, 2] - 1, 1), min(box[g, 3] + 1, end)
        box[g, 0], box[g, 1], box[g, 2], box[g, 3] = y0, y1, x0, x1
        width = x1 - x0
        if y0 == 1:
            mmp2[g, 0, x0:x1] = mmp2[g, 2, x0:x1]
        if y1 == end:
            mmp2[g, end, x0:x1] = mmp2[g, end - 2, x0:x1]
        above, here = points.rows[0], points.rows[1]  # values before the step, shifted so that x0 is at 1
        above[1 : width + 1] = mmp2[g, y0 - 1, x0:x1]
        for y in range(y0, y1):
            level, below = mmp2[g, y, x0:x1], mmp2[g, y + 1, x0:x1]
            matrix, makers = ecm[g, y, x0:x1], mesenchymal[g, y, x0:x1]
            here[0 : width + 2] = mmp2[g, y, x0 - 1 : x1 + 1]
            if x0 == 1:
                here[0] = here[2]
            if x1 == end:
                here[width + 1] = here[width - 1]
            for i in range(width):
                around = ((here[i + 2] + here[i]) + below[i]) + above[i + 1]
                new = (spread * around + here[i + 1] * keep) + produce * makers[i]
                level[i] = new
                matrix[i] *= max(0.0, 1.0 - (contact * makers[i] + digest * new))
            above, here = here, above
