"""Directions of fibres as a tensor in every voxel: mean of n n, with the trace 1; xx, yy, zz, xy, xz, yz."""

from __future__ import annotations

import math

from diaspore.core.jit import inline, kernel
from diaspore.tissue.state import APOPTOTIC


@inline
def guided(fibres, v, share, flat, x, y, z):
    """A heading (unit vector) turned towards the fibres of voxel ``v``; ``share`` 0: not, 1: wholly.

    ``(1 - share) e + share d T e`` with d the dimensions: fibres without order leave it as it is.
    """
    scale = share * (2.0 if flat else 3.0)
    keep = 1.0 - share
    a = keep * x + scale * (fibres[0, v] * x + fibres[3, v] * y + fibres[4, v] * z)
    b = keep * y + scale * (fibres[3, v] * x + fibres[1, v] * y + fibres[5, v] * z)
    c = keep * z + scale * (fibres[4, v] * x + fibres[5, v] * y + fibres[2, v] * z)
    if flat:
        c = 0.0
    norm = math.sqrt(a * a + b * b + c * c)
    if norm <= 0.0:
        return x, y, z
    return a / norm, b / norm, c / norm


@kernel
def align(fibres, voxel, heading, phase, rate, count, step):
    """Cells turn the fibres of their voxel into their own direction at ``rate`` (n,) 1/min, in the order of rows."""
    for i in range(count):
        if rate[i] <= 0.0 or phase[i] >= APOPTOTIC:
            continue
        x, y, z = heading[i, 0], heading[i, 1], heading[i, 2]
        if x * x + y * y + z * z < 0.5:
            continue  # it has not moved yet
        share = -math.expm1(-rate[i] * step)
        v = voxel[i]
        fibres[0, v] += share * (x * x - fibres[0, v])
        fibres[1, v] += share * (y * y - fibres[1, v])
        fibres[2, v] += share * (z * z - fibres[2, v])
        fibres[3, v] += share * (x * y - fibres[3, v])
        fibres[4, v] += share * (x * z - fibres[4, v])
        fibres[5, v] += share * (y * z - fibres[5, v])
