"""A colony that grows and shrinks by single cells."""

from __future__ import annotations

from diaspore.core.jit import kernel
from diaspore.core.rng import uniform

S_EVENT = 2001


@kernel
def until(size, events, identity, level, division, seed):
    """Let colonies divide and die, cell by cell, until they have ``level`` cells or none; returns the events.

    Args:
        size, events: (n,) cells, and events so far; changed.
        identity: (n,) of each colony.
        division: chance that the next event is a division and no death.
    """
    total = 0
    for i in range(size.shape[0]):
        n, e = size[i], events[i]
        while 0 < n < level:
            n += 1 if uniform(seed, identity[i], S_EVENT, e) < division else -1
            e += 1
        total += e - events[i]
        size[i], events[i] = n, e
    return total
