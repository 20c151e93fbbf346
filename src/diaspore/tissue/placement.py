"""Where cells are at the start."""

from __future__ import annotations

import math

import numpy as np


def hexagonal_sphere(radius: float, cell_radius: float, flat: bool = False) -> np.ndarray:
    """Centres (n, 3) of cells packed in hexagonal layers within a sphere around the origin (a disc where ``flat``).

    Spacing is the cell's radius times the square root of 3 in x and z and its diameter in y; odd columns, counted
    on through the layers, are shifted by a radius in y, odd layers by half a radius in x, as in the sample of
    ``ghaffarizadeh2018``.
    """
    dx = cell_radius * math.sqrt(3.0)
    dy = 2.0 * cell_radius
    # Sums step by step, as the sample makes them: which cells just fit depends on the last bit.
    xs, ys, zs = (_ladder(radius, step) for step in (dx, dy, dx))
    if flat:
        zs = np.zeros(1)
    layer, column = np.arange(len(zs)) % 2, np.arange(len(zs) * len(xs)).reshape(len(zs), len(xs)) % 2
    z, x, y = np.meshgrid(zs, xs, ys, indexing="ij")
    x = x + 0.5 * cell_radius * layer[:, None, None] * (not flat)
    y = y + cell_radius * column[:, :, None]
    inside = x**2 + y**2 + z**2 < radius**2
    return np.column_stack([x[inside], y[inside], z[inside]])


def _ladder(radius: float, step: float) -> np.ndarray:
    places = [-radius]
    while places[-1] + step < radius:
        places.append(places[-1] + step)
    return np.array(places)
