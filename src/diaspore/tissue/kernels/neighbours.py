"""Who is within reach of whom: cells sorted into bins, and lists that stay true while nobody moves far.

A list holds the cells within reach and a skin beyond it. It is made anew when two cells may have come closer by more
than the skin, so that no pair in reach is ever missed.
"""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import kernel

REACH = 1.25  # adhesion reaches so many radii


@kernel
def bin_of(place, i, box, width, bins):
    """Bin of a cell: x fastest. ``box`` (3,) is the least corner, ``bins`` (3,) their number along x, y, z."""
    number = 0
    for axis in range(2, -1, -1):
        k = int((place[i, axis] - box[axis]) / width)
        number = number * bins[axis] + min(max(k, 0), bins[axis] - 1)
    return number


@kernel
def sort_into_bins(place, count, box, width, bins, bin_number, first, order):
    """Counting sort: cells of bin b are ``order[first[b]:first[b + 1]]``, by row."""
    total = bins[0] * bins[1] * bins[2]
    for b in range(total + 2):
        first[b] = 0
    for i in range(count):
        b = bin_of(place, i, box, width, bins)
        bin_number[i] = b
        first[b + 2] += 1
    for b in range(total):
        first[b + 2] += first[b + 1]
    for i in range(count):
        b = bin_number[i]
        order[first[b + 1]] = i
        first[b + 1] += 1


@kernel
def list_neighbours(place, i_from, i_to, bin_number, bins, first, order, skin, k, room, start, stop, neighbours):
    """Write the lists of cells [i_from, i_to) into ``neighbours[k:room]``; -1 when there is too little room."""
    nx, ny, nz = bins[0], bins[1], bins[2]
    for i in range(i_from, i_to):
        b = bin_number[i]
        bx = b % nx
        by = b // nx % ny
        bz = b // (nx * ny)
        x, y, z, radius = place[i, 0], place[i, 1], place[i, 2], place[i, 3]
        start[i] = k
        left, right = max(bx - 1, 0), min(bx + 1, nx - 1)
        for cz in range(max(bz - 1, 0), min(bz + 1, nz - 1) + 1):
            for cy in range(max(by - 1, 0), min(by + 1, ny - 1) + 1):
                row = (cz * ny + cy) * nx
                from_, to = first[row + left], first[row + right + 1]
                if k + to - from_ > room:
                    return -1
                for m in range(from_, to):
                    j = order[m]
                    dx = x - place[j, 0]
                    dy = y - place[j, 1]
                    dz = z - place[j, 2]
                    reach = REACH * (radius + place[j, 3]) + skin
                    neighbours[k] = np.uint32(j)
                    k += 1 if dx * dx + dy * dy + dz * dz < reach * reach and j != i else 0
        stop[i] = k
    return k
