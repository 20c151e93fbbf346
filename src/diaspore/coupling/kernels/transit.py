"""Walk of single cells and clusters through the circulation, event by event."""

from __future__ import annotations

import math

from diaspore.core.jit import kernel
from diaspore.core.rng import uniform, uniform2

S_TRANSIT = 2101
IN_BLOOD, ARRIVED, ELSEWHERE, DIED = range(4)
MOST_STEPS = 100_000


@kernel
def walk(
    identity, start, kind, source, routing, transit, hold, release, extravasate, die, flow_death, target, until, seed,
    fate, place, when,
):  # fmt: skip
    """Follow every unit from its entry until it is held in the target, has left the vessel elsewhere, or is dead.

    Args:
        identity: (units,) of the random numbers. start: (units,) day of entry into the blood.
        kind: (units,) row of the tables of classes.
        source: (units, n) cumulative shares of the compartments that it enters first.
        routing: (n, n) cumulative shares of the outflow of i that enters j.
        transit: (n,) mean time in a compartment, day.
        hold: (classes, n) chance of being held on entering; release, extravasate, die: (classes, n) 1/day, when held.
        flow_death: (classes,) 1/day in flow.
        target: (n,) share of a compartment's capillaries in which being held means arrival.
        until: day at which one stops to look.
        fate, place, when: (units,) receive what became of it, the compartment, and the day.
    """
    n = transit.shape[0]
    for u in range(identity.shape[0]):
        day = start[u]
        k = kind[u]
        fate[u] = IN_BLOOD
        first, _ = uniform2(seed, identity[u], S_TRANSIT, 0)
        here = n - 1
        for j in range(n):
            if first < source[u, j]:
                here = j
                break
        for step in range(1, MOST_STEPS):
            held_draw, time_draw = uniform2(seed, identity[u], S_TRANSIT, 2 * step)
            what, way = uniform2(seed, identity[u], S_TRANSIT, 2 * step + 1)
            place[u] = here
            if held_draw < hold[k, here]:
                if target[here] > 0.0 and uniform(seed, identity[u], S_TRANSIT + 2, step) < target[here]:
                    fate[u] = ARRIVED
                    break
                total = release[k, here] + extravasate[k, here] + die[k, here]
                if total <= 0.0:
                    day = until
                    break
                day += -math.log(time_draw) / total
                if day >= until:
                    break
                if what * total < extravasate[k, here]:
                    fate[u] = ELSEWHERE
                    break
                if what * total < extravasate[k, here] + die[k, here]:
                    fate[u] = DIED
                    break
            else:
                rate = 1.0 / transit[here] + flow_death[k]
                day += -math.log(time_draw) / rate
                if day >= until:
                    break
                if what * rate < flow_death[k]:
                    fate[u] = DIED
                    break
            following = n - 1
            for j in range(n):
                if way < routing[here, j]:
                    following = j
                    break
            here = following
        when[u] = min(day, until)
