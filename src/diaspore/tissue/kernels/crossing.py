"""Cells that go through walls, alone or with those that hold on to them."""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import kernel
from diaspore.core.rng import child_id, uniform
from diaspore.tissue.kernels.contacts import touch
from diaspore.tissue.processes.streams import S_ENTER, S_JOIN
from diaspore.tissue.state import APOPTOTIC

MOST = 64
"""Cells that leave together at most."""


@kernel
def leave(x, count, rates, touches, free, cohesion, leaving, step, seed, tick, route, leader):
    """Cells in ``free`` (n,) that touch a wall leave through it, with cells of their type that hold on to them.

    Args:
        rates: (R, n) 1/min by route; ``touches`` (R, n): whether the cell touches a wall of it.
        cohesion: (n,) chance that a touching cell of the same type goes along with it.
        leaving: (n,) is marked. ``route`` (n,) receives the number of the route, ``leader`` (n,) the row of the
            cell that went first; -1: it stays.
    """
    group = np.empty(MOST, dtype=np.int64)
    for i in range(count):
        route[i] = -1
        leader[i] = -1
    for i in range(count):
        if leaving[i] or not free[i] or x.phase[i] >= APOPTOTIC:
            continue
        total = 0.0
        for r in range(rates.shape[0]):
            if touches[r, i]:
                total += rates[r, i]
        if total <= 0.0:
            continue
        u = uniform(seed, x.identity[i], S_ENTER, tick)
        chance = -math.expm1(-total * step)
        if u >= chance:
            continue
        left, chosen = u / chance * total, 0
        for r in range(rates.shape[0]):
            if touches[r, i] and rates[r, i] > 0.0 and left >= 0.0:
                chosen = r
            if touches[r, i]:
                left -= rates[r, i]
        group[0] = i
        members, done = 1, 0
        leaving[i] = True
        route[i] = chosen
        leader[i] = i
        while done < members:
            a = group[done]
            done += 1
            for m in range(x.start[a], x.stop[a]):
                j = x.neighbours[m]
                if members >= MOST or leaving[j] or not free[j] or x.kind[j] != x.kind[i] or x.phase[j] >= APOPTOTIC:
                    continue
                if not touch(x, a, j):
                    continue
                pair = child_id(x.identity[a], x.identity[j])
                if uniform(seed, pair, S_JOIN, tick) < cohesion[j]:
                    leaving[j] = True
                    route[j] = chosen
                    leader[j] = i
                    group[members] = j
                    members += 1
