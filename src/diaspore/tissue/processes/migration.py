"""Migration: persistent random motion with a bias along gradients of substances (``ghaffarizadeh2018``).

A cell keeps its heading for an exponentially distributed time on average of its persistence, then takes the direction
of ``bias g + (1 - bias) e``: g the unit vector of its chemotactic response, e a random one.
"""

from __future__ import annotations

import math

from diaspore.core.jit import inline
from diaspore.core.rng import uniform
from diaspore.tissue.processes.division import direction
from diaspore.tissue.processes.streams import S_HEADING, S_TURN


@inline
def turns(step, persistence, seed, identity, tick):
    """Whether a cell takes a new heading in this step.

    With this chance random walkers spread as those in continuous time, whatever the step.
    """
    return uniform(seed, identity, S_TURN, tick) * (persistence + 0.5 * step) < step


@inline
def new_heading(bias, gx, gy, gz, seed, identity, tick, flat):
    """A unit vector; ``g`` of any length, and no bias where it is zero."""
    x, y, z = direction(seed, identity, S_HEADING, tick, flat)
    length = math.sqrt(gx * gx + gy * gy + gz * gz)
    if length > 0.0 and bias > 0.0:
        x = (1.0 - bias) * x + bias * gx / length
        y = (1.0 - bias) * y + bias * gy / length
        z = (1.0 - bias) * z + bias * gz / length
        norm = math.sqrt(x * x + y * y + z * z)
        if norm > 0.0:
            return x / norm, y / norm, z / norm
    return x, y, z
