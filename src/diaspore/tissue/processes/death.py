"""Death: apoptosis at a rate, necrosis where oxygen is short."""

from __future__ import annotations

import math

from diaspore.core.jit import inline
from diaspore.core.rng import uniform
from diaspore.tissue.processes.streams import S_APOPTOSIS, S_NECROSIS


@inline
def dies_by_apoptosis(rate, step, seed, identity, tick):
    """Whether a cell begins apoptosis within the step."""
    return rate > 0.0 and uniform(seed, identity, S_APOPTOSIS, tick) < -math.expm1(-rate * step)


@inline
def dies_by_necrosis(level, threshold, full, rate, step, seed, identity, tick):
    """Whether a cell begins necrosis: never above ``threshold``, at the whole ``rate`` below ``full``.

    An infinite rate kills at once below the threshold (the default of ``ghaffarizadeh2018``).
    """
    if level >= threshold:
        return False
    if math.isinf(rate):
        return True
    share = min(max((threshold - level) / (threshold - full), 0.0), 1.0)
    return share > 0.0 and uniform(seed, identity, S_NECROSIS, tick) < -math.expm1(-rate * share * step)
