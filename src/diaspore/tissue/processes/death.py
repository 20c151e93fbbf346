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
def dies_by_necrosis(level, threshold, full, rate, always, step, seed, identity, tick):
    """Whether a cell begins necrosis: for want of oxygen, not above ``threshold`` and at the whole ``rate`` below
    ``full``; and ``always``, at a rate that does not depend on oxygen.

    An infinite rate kills at once below the threshold (the default of ``ghaffarizadeh2018``).
    """
    if level < threshold:
        if math.isinf(rate):
            return True
        always += rate * min(max((threshold - level) / (threshold - full), 0.0), 1.0)
    return always > 0.0 and uniform(seed, identity, S_NECROSIS, tick) < -math.expm1(-always * step)
