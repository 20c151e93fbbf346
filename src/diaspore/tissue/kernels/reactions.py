"""Reactions by mass action within voxels, each solved exactly over a step."""

from __future__ import annotations

import math

from diaspore.core.jit import inline, kernel


@inline
def used_up(a, b, rate, step):
    """How much of A (with as much of B) reacts within ``step`` when ``a' = b' = -rate a b``, exactly."""
    if a <= 0.0 or b <= 0.0:
        return 0.0
    least, most = min(a, b), max(a, b)
    x = rate * step * (most - least)
    # (1 - exp(-x))/gap, which is the rate times the step where both are alike.
    reach = rate * step * (-math.expm1(-x) / x if x > 1e-12 else 1.0)
    return min(least * most * reach / (1.0 + least * reach), least)


@inline
def driven(u, v, by, rate, half):
    """The rate times what drives the reaction in voxel ``v``."""
    k = rate
    for d in range(2):
        if by[d] >= 0:
            level = u[by[d], v]
            k *= level / (half + level) if d == 0 and half > 0.0 else level
    return k


@kernel
def react(u, moves, takes, ratios, by, makes, yields, rate, half, step):
    """Advance one reaction in all voxels by ``step``.

    Args:
        u: levels, float ``[S, voxels]``; those that ``moves`` marks change, the others hold (they are in balance).
        moves: bool ``[S]``.
        takes, by, makes: numbers of substances, -1: none; ``[2]``, ``[2]``, ``[4]``.
        ratios, yields: level of each that goes with one unit of the reaction, ``[2]``, ``[4]``.
        rate, half: constants; ``half`` 0: none.
    """
    first, second = takes[0], takes[1]
    for v in range(u.shape[1]):
        k = driven(u, v, by, rate, half)
        if k <= 0.0:
            continue
        # In units of the reaction: a is level over ratio, and a' = -(rate times ratio) a.
        if first < 0:
            extent = k * step
        elif second < 0:
            a = u[first, v] / ratios[0]
            k *= ratios[0]
            extent = a * -math.expm1(-k * step) if moves[first] else a * k * step
        else:
            a, b = u[first, v] / ratios[0], u[second, v] / ratios[1]
            k *= ratios[0] * ratios[1]
            if moves[first] and moves[second]:
                extent = used_up(a, b, k, step)
            elif moves[first]:
                extent = a * -math.expm1(-k * b * step)
            elif moves[second]:
                extent = b * -math.expm1(-k * a * step)
            else:
                extent = k * a * b * step
        for n in range(2):
            if takes[n] >= 0 and moves[takes[n]]:
                u[takes[n], v] = max(u[takes[n], v] - ratios[n] * extent, 0.0)
        for n in range(4):
            if makes[n] >= 0 and moves[makes[n]]:
                u[makes[n], v] += yields[n] * extent


@kernel
def turnover(u, takes, ratios, by, rate, half, s, loss, extent_rate):
    """What a reaction does to a substance in balance, at the levels of now.

    Writes ``extent_rate`` ``[voxels]`` (units of the reaction per min) and, where ``s`` is used up, adds to its
    ``loss`` (1/min).
    """
    for v in range(u.shape[1]):
        k = driven(u, v, by, rate, half)
        for n in range(2):
            if takes[n] == s:
                loss[v] += k * ratios[n] * (u[takes[1 - n], v] if takes[1 - n] >= 0 else 1.0)
        for n in range(2):
            if takes[n] >= 0:
                k *= u[takes[n], v]
        extent_rate[v] = k
