"""Linear pharmacokinetics, exactly, from one moment to the next."""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import inline, kernel

BOLUS, DEPOT, INFUSION = range(3)
"""Ways of a dose: into the blood at once, into the depot, into the blood over a while."""


@inline
def absorbed(rate, absorption, minutes):
    """Integral over ``s`` from 0 to ``minutes`` of exp(-rate (minutes - s)) exp(-absorption s).

    Written so that it neither loses digits where the two rates are near each other nor overflows where they are not.
    """
    slow, gap = min(rate, absorption), abs(rate - absorption)
    z = gap * minutes
    share = -math.expm1(-z) / z if z > 0.0 else 1.0
    return math.exp(-slow * minutes) * minutes * share


@kernel
def concentrations(rates, weights, absorption, share, steps, step, amounts, kind, first, dose, shown, level, area):
    """Concentrations of patients [0, P) at some moments, and the areas under them since the start.

    A patient is a sum of exponentials: each part decays at its rate and gets all that comes into the blood.

    Args:
        rates, weights: (P, K) rates (1/time) and concentration per amount of each part.
        absorption, share: (P,) rate (1/time) at which what is in the depot passes into the blood, and the share of a
            dose that comes there.
        steps: (U,) lengths of intervals that differ.
        step: (N,) which of them each interval has.
        amounts: (P, D) or (1, D) for all alike: amounts, those of infusions per time.
        kind: (D,) `BOLUS`, `DEPOT` or `INFUSION`.
        first, dose: the doses that begin with interval n, or run in it, are ``dose[first[n]:first[n + 1]]``.
        shown: (N + 1,) column of ``level`` and ``area`` for the start and the end of every interval; -1: none.
        level, area: (P, T) concentrations and areas under them. Changed.
    """
    patients, parts = rates.shape
    kinds, count = len(steps), len(step)
    decay, ran, came = np.empty((kinds, parts)), np.empty((kinds, parts)), np.empty((kinds, parts))
    left, passed = np.empty(kinds), np.empty(kinds)
    amount = np.empty(parts)
    alike = len(amounts) == 1
    for p in range(patients):
        for u in range(kinds):
            t = steps[u]
            left[u] = math.exp(-absorption[p] * t)
            passed[u] = -math.expm1(-absorption[p] * t)
            for k in range(parts):
                decay[u, k] = math.exp(-rates[p, k] * t)
                ran[u, k] = absorbed(rates[p, k], 0.0, t)
                came[u, k] = absorption[p] * absorbed(rates[p, k], absorption[p], t)
        amount[:] = 0.0
        waiting, under = 0.0, 0.0
        if shown[0] >= 0:
            level[p, shown[0]] = 0.0
            area[p, shown[0]] = 0.0
        row = 0 if alike else p
        for n in range(count):
            u = step[n]
            flow = 0.0
            for m in range(first[n], first[n + 1]):
                d = dose[m]
                much = amounts[row, d]
                if kind[d] == DEPOT:
                    waiting += share[p] * much
                elif kind[d] == INFUSION:
                    flow += much
                else:
                    for k in range(parts):
                        amount[k] += much
            entered = flow * steps[u] + waiting * passed[u]
            found = 0.0
            for k in range(parts):
                before = amount[k]
                after = before * decay[u, k] + flow * ran[u, k] + waiting * came[u, k]
                under += weights[p, k] * (before + entered - after) / rates[p, k]
                found += weights[p, k] * after
                amount[k] = after
            waiting *= left[u]
            if shown[n + 1] >= 0:
                level[p, shown[n + 1]] = found
                area[p, shown[n + 1]] = under
