"""The cell cycle: phases whose lengths are exponential, fixed, or gamma-distributed.

The rate of a phase may change from step to step (oxygen, rules), so a cell carries its progress: the share done of a
fixed phase, the stages passed of a gamma one (as many exponential stages as its shape says).
"""

from __future__ import annotations

from diaspore.core.jit import inline
from diaspore.core.rng import poisson, uniform
from diaspore.tissue.kinds import EXPONENTIAL, FIXED
from diaspore.tissue.processes.streams import S_CYCLE


@inline
def oxygen_factor(level, threshold, saturation):
    """Share of the rate at an oxygen level: a ramp between threshold and saturation (``ghaffarizadeh2018``)."""
    return min(max((level - threshold) / (saturation - threshold), 0.0), 1.0)


@inline
def advance_phase(law, shape, rate, step, progress, seed, identity, tick):
    """Progress after a step, and whether the phase has ended."""
    if law == EXPONENTIAL:
        # A phase begins and ends with a step: with this probability its mean length is one over the rate.
        return 0.0, uniform(seed, identity, S_CYCLE, tick) < rate * step
    if law == FIXED:
        progress += rate * step
        return progress, progress >= 1.0 - 1e-9
    progress += poisson(shape * rate * step, seed, identity, S_CYCLE, tick)
    return progress, progress >= shape
