"""Division: the cell's parts are halved, the daughter is put beside it in a random direction."""

from __future__ import annotations

import math

from diaspore.core.jit import inline
from diaspore.core.rng import uniform2

_TWO_PI = 2.0 * math.pi


@inline
def direction(seed, identity, process, tick, flat):
    """A random unit vector of a process; in the plane where ``flat``."""
    a, b = uniform2(seed, identity, process, tick)
    z = 0.0 if flat else 2.0 * a - 1.0
    across = math.sqrt(1.0 - z * z)
    return across * math.cos(_TWO_PI * b), across * math.sin(_TWO_PI * b), z
