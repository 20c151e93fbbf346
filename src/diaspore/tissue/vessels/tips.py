"""Motion of the tips of sprouts: up a growth factor, up what is bound to the matrix, and at random.

``v = chi grad c/(K + c) + rho grad f/F``: a receptor that saturates (``anderson1998``, where chi0/(1 + alpha c) is
chi K = chi0, K = 1/alpha), and adhesion to a still substance. The drift is integrated by the midpoint rule; random
steps are keyed by the tip's identity and the number of the substep.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import normal2
from diaspore.tissue.vessels.streams import S_WANDER, S_WANDER_Z

SUBSTEPS = 64
"""Room for substeps in the numbers of draws."""


class Motion(NamedTuple):
    """How tips move.

    Attributes:
        chemotaxis: chi, um2/min.
        half: level K at which half of the receptors are taken.
        haptotaxis: rho/F, um2/min per unit of the still substance.
        wandering: coefficient of random motion, um2/min.
        fastest: speed that a tip cannot exceed, um/min.
    """

    chemotaxis: float
    half: float
    haptotaxis: float
    wandering: float
    fastest: float


@inline
def level_at(u, origin, spacing, x, y, z):
    """Level between the centres of voxels, linear in each direction; beyond the outer centres as there."""
    nz, ny, nx = u.shape
    fx = min(max((x - origin[0]) / spacing - 0.5, 0.0), nx - 1.0)
    fy = min(max((y - origin[1]) / spacing - 0.5, 0.0), ny - 1.0)
    fz = min(max((z - origin[2]) / spacing - 0.5, 0.0), nz - 1.0)
    i, j, k = min(int(fx), max(nx - 2, 0)), min(int(fy), max(ny - 2, 0)), min(int(fz), max(nz - 2, 0))
    fx -= i
    fy -= j
    fz -= k
    total = 0.0
    for c in range(2):
        weight_z = fz if c else 1.0 - fz
        if weight_z == 0.0:
            continue
        for b in range(2):
            weight_y = fy if b else 1.0 - fy
            if weight_y == 0.0:
                continue
            row = u[k + c, j + b]
            part = (1.0 - fx) * row[i]
            if fx > 0.0:
                part += fx * row[i + 1]
            total += weight_z * weight_y * part
    return total


@inline
def slope_at(u, origin, spacing, x, y, z, axis):
    """Derivative along an axis (0: x) over one spacing around a point, which is continuous in the point."""
    nz, ny, nx = u.shape
    half = 0.5 * spacing
    if axis == 0:
        if nx == 1:
            return 0.0
        low, high = level_at(u, origin, spacing, x - half, y, z), level_at(u, origin, spacing, x + half, y, z)
    elif axis == 1:
        if ny == 1:
            return 0.0
        low, high = level_at(u, origin, spacing, x, y - half, z), level_at(u, origin, spacing, x, y + half, z)
    else:
        if nz == 1:
            return 0.0
        low, high = level_at(u, origin, spacing, x, y, z - half), level_at(u, origin, spacing, x, y, z + half)
    return (high - low) / spacing


@inline
def drift(c, f, held, origin, spacing, motion, x, y, z):
    """Velocity without the random part; ``held`` is whether there is a still substance ``f``."""
    v0, v1, v2 = 0.0, 0.0, 0.0
    if motion.chemotaxis != 0.0:
        factor = motion.chemotaxis / (motion.half + level_at(c, origin, spacing, x, y, z))
        v0 += factor * slope_at(c, origin, spacing, x, y, z, 0)
        v1 += factor * slope_at(c, origin, spacing, x, y, z, 1)
        v2 += factor * slope_at(c, origin, spacing, x, y, z, 2)
    if held:
        v0 += motion.haptotaxis * slope_at(f, origin, spacing, x, y, z, 0)
        v1 += motion.haptotaxis * slope_at(f, origin, spacing, x, y, z, 1)
        v2 += motion.haptotaxis * slope_at(f, origin, spacing, x, y, z, 2)
    size = math.sqrt(v0 * v0 + v1 * v1 + v2 * v2)
    if size > motion.fastest:
        share = motion.fastest / size
        v0, v1, v2 = v0 * share, v1 * share, v2 * share
    return v0, v1, v2


@inline
def _inside(x, low, high):
    return min(max(x, low), high)


@kernel
def move_tips(
    places, begins, leaving, headings, identities, c, f, held, origin, spacing, low, high, motion, minutes, substeps,
    seed, tick,
):  # fmt: skip
    """Move tips over some minutes, in place.

    A tip that has just parted from another one keeps its heading until it is so far away as ``leaving``.

    Args:
        places, begins, headings: (n, 3); leaving, identities: (n,).
        c, f: growth factor and still substance (nz, ny, nx); ``held``: whether there is the second.
        origin, spacing: of the grid.
        low, high: (3,) ends of the domain, where tips stop.
        motion: how they move.
        minutes, substeps: the step, and into how many it is cut, at most `SUBSTEPS`.
        seed, tick: of the run, and number of the step.
    """
    dt = minutes / substeps
    spread = math.sqrt(2.0 * motion.wandering * dt)
    for i in range(places.shape[0]):
        x, y, z = places[i, 0], places[i, 1], places[i, 2]
        x0, y0, z0 = x, y, z
        for n in range(substeps):
            u0, u1, u2 = drift(c, f, held, origin, spacing, motion, x, y, z)
            v0, v1, v2 = drift(
                c, f, held, origin, spacing, motion, x + 0.5 * dt * u0, y + 0.5 * dt * u1, z + 0.5 * dt * u2
            )
            if leaving[i] > 0.0:
                size = math.sqrt(v0 * v0 + v1 * v1 + v2 * v2)
                v0, v1, v2 = size * headings[i, 0], size * headings[i, 1], size * headings[i, 2]
            x1, y1, z1 = x + dt * v0, y + dt * v1, z + dt * v2
            if spread > 0.0:
                event = tick * SUBSTEPS + n
                a, b = normal2(seed, identities[i], S_WANDER, event)
                x1 += spread * a
                if c.shape[1] > 1:
                    y1 += spread * b
                if c.shape[0] > 1:
                    z1 += spread * normal2(seed, identities[i], S_WANDER_Z, event)[0]
            x1, y1, z1 = _inside(x1, low[0], high[0]), _inside(y1, low[1], high[1]), _inside(z1, low[2], high[2])
            x, y, z = x1, y1, z1
            away = (x - begins[i, 0]) ** 2 + (y - begins[i, 1]) ** 2 + (z - begins[i, 2]) ** 2
            if away >= leaving[i] ** 2:
                leaving[i] = 0.0
        gone = math.sqrt((x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2)
        if gone > 0.0 and leaving[i] == 0.0:
            headings[i, 0], headings[i, 1], headings[i, 2] = (x - x0) / gone, (y - y0) / gone, (z - z0) / gone
        places[i, 0], places[i, 1], places[i, 2] = x, y, z


@kernel
def levels_at(u, origin, spacing, places, out):
    """`level_at` for many places (n, 3)."""
    for i in range(places.shape[0]):
        out[i] = level_at(u, origin, spacing, places[i, 0], places[i, 1], places[i, 2])


def levels(u: np.ndarray, origin: np.ndarray, spacing: float, places: np.ndarray) -> np.ndarray:
    """Level of ``u`` (nz, ny, nx) at many places (n, 3)."""
    out = np.empty(len(places))
    levels_at(u, origin, spacing, np.ascontiguousarray(places), out)
    return out
