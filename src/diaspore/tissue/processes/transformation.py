"""Transformation: a cell becomes one of another type."""

from __future__ import annotations

import math

from diaspore.core.jit import inline
from diaspore.core.rng import uniform2
from diaspore.tissue.processes.streams import S_TRANSFORMATION


@inline
def chance(seed, identity, tick):
    """Two uniform numbers: whether a cell transforms at all, and into which type."""
    return uniform2(seed, identity, S_TRANSFORMATION, tick)


@inline
def transforms(total, step, u):
    """Whether a cell whose rates of transformation sum to ``total`` transforms within the step."""
    return total > 0.0 and u < -math.expm1(-total * step)
