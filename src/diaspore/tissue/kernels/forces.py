"""Repulsion and adhesion between cells that touch: velocities in an overdamped medium.

A pair at distance d, with the sum of radii R and a reach of 1.25 R, moves apart at ``c_r (1 - d/R)^2`` where it
overlaps and together at ``c_a (1 - d/(1.25 R))^2`` within reach; source: ``ghaffarizadeh2018``.

Pairs are gathered in blocks, so that the arithmetic runs over long stretches with vector instructions; the sums keep
the order of the lists.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import kernel
from diaspore.tissue.kernels.neighbours import REACH

BLOCK = 2048  # pairs of a block, whose work space stays in the second-level cache
ROWS = 10


@kernel
def alone_velocity(place, kind, i, start, stop, neighbours, repulsion, adhesion, roots, friction, velocity, pressure):
    """The same for one cell that has more neighbours than a block takes."""
    vx = vy = vz = p = 0.0
    for k in range(start[i], stop[i]):
        j = np.uint64(neighbours[k])
        dx, dy, dz = place[i, 0] - place[j, 0], place[i, 1] - place[j, 1], place[i, 2] - place[j, 2]
        radii = place[i, 3] + place[j, 3] + 1e-12
        distance = math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12
        push = max(0.0, 1.0 - distance / radii) ** 2
        pull = max(0.0, 1.0 - distance / (REACH * radii)) ** 2
        c_r, c_a = repulsion[kind[i], kind[j]], adhesion[kind[i], kind[j]]
        if roots.shape[1] > 0:
            c_r *= roots[0, i] * roots[0, j]
            c_a *= roots[1, i] * roots[1, j]
        f = (c_r * push - c_a * pull) / distance
        vx += f * dx
        vy += f * dy
        vz += f * dz
        p += push
    mobility = 1.0 / friction[kind[i]]
    velocity[i, 0] = mobility * vx
    velocity[i, 1] = mobility * vy
    velocity[i, 2] = mobility * vz
    pressure[i] = p


@kernel
def velocities(
    place, kind, i_from, i_to, start, stop, neighbours, repulsion, adhesion, roots, friction, velocity, pressure, work
):  # fmt: skip
    """Write velocity (n, 3) and pressure of cells [i_from, i_to).

    ``repulsion`` and ``adhesion`` (kinds, kinds): strength between two cell types, um/min; ``work`` (ROWS, BLOCK).
    ``friction`` (kinds,): by which forces are divided. ``roots`` (2, n), or (2, 0): square roots of each cell's own
    strengths, which multiply those of its type.
    """
    gx, gy, gz, gr, cr, ca = work[0], work[1], work[2], work[3], work[4], work[5]
    fx, fy, fz, fs = work[6], work[7], work[8], work[9]
    rooted = roots.shape[1] > 0
    alone = repulsion.shape[0] == 1 and not rooted
    for k in range(BLOCK):
        cr[k] = repulsion[0, 0]
        ca[k] = adhesion[0, 0]
    near = 1.0 / REACH
    begin = i_from
    while begin < i_to:
        i = begin
        m = 0
        if stop[i] - start[i] > BLOCK:
            alone_velocity(
                place, kind, i, start, stop, neighbours, repulsion, adhesion, roots, friction, velocity, pressure
            )
            begin += 1
            continue
        while i < i_to and m + stop[i] - start[i] <= BLOCK:
            x, y, z, radius = place[i, 0], place[i, 1], place[i, 2], place[i, 3]
            for k in range(start[i], stop[i]):
                j = np.uint64(neighbours[k])
                gx[m] = x - place[j, 0]
                gy[m] = y - place[j, 1]
                gz[m] = z - place[j, 2]
                gr[m] = radius + place[j, 3]
                if not alone:
                    cr[m] = repulsion[kind[i], kind[j]]
                    ca[m] = adhesion[kind[i], kind[j]]
                if rooted:
                    cr[m] *= roots[0, i] * roots[0, j]
                    ca[m] *= roots[1, i] * roots[1, j]
                m += 1
            i += 1
        for k in range(m):
            # Two cells at one place part in no direction, and two without a volume do not touch.
            dx, dy, dz, radii = gx[k], gy[k], gz[k], gr[k] + 1e-12
            distance = math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12
            inverse = 1.0 / (radii * distance)
            ratio = distance * distance * inverse
            pull = 1.0 - near * ratio
            pull = pull if pull > 0.0 else 0.0
            push = 1.0 - ratio
            push = push if push > 0.0 else 0.0
            push *= push
            f = (cr[k] * push - ca[k] * pull * pull) * radii * inverse
            fx[k] = f * dx
            fy[k] = f * dy
            fz[k] = f * dz
            fs[k] = push
        m = 0
        for n in range(begin, i):
            vx = vy = vz = p = 0.0
            for _ in range(stop[n] - start[n]):
                vx += fx[m]
                vy += fy[m]
                vz += fz[m]
                p += fs[m]
                m += 1
            mobility = 1.0 / friction[kind[n]]
            velocity[n, 0] = mobility * vx
            velocity[n, 1] = mobility * vy
            velocity[n, 2] = mobility * vz
            pressure[n] = p
        begin = i
