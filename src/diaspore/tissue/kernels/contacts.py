"""Cells that attack cells they touch, and cells that clear away dying ones."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import child_id, exponential, uniform, uniform2
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.processes.streams import S_AGAIN, S_CLEAR, S_HIT, S_LET_GO, S_TARGET
from diaspore.tissue.state import APOPTOTIC

ENCOUNTERS, ESCAPES, HITS, KILLS, CLEARED = range(5)
TALLIES = 5
DRAWS = 1 << 14
"""Most draws of a cell in a step."""
SPARED = 6
"""Cells that an attacker remembers to have let go, as many as it can touch of its own size in a layer."""


class Attacks(NamedTuple):
    """What attacks read of cell types."""

    weight: np.ndarray  # (K, K) how much a type goes for another, 0: not at all
    hold: np.ndarray  # (K,) mean time (min) for which it holds a target, infinity: until that is dead or away
    again: np.ndarray  # (K,) mean time (min) until it may take one that it let go, infinity: not while they touch
    hits_to_kill: np.ndarray  # (K,) of a target
    memory: np.ndarray  # (K,) time (min) without hits after which a target has recovered


class Touching(NamedTuple):
    """Cells and who is near whom; places by row."""

    place: np.ndarray
    kind: np.ndarray
    phase: np.ndarray
    progress: np.ndarray
    identity: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    neighbours: np.ndarray


@inline
def touch(x, i, j):
    """Whether two cells are within reach of adhesion."""
    dx, dy, dz = x.place[i, 0] - x.place[j, 0], x.place[i, 1] - x.place[j, 1], x.place[i, 2] - x.place[j, 2]
    reach = REACH * (x.place[i, 3] + x.place[j, 3])
    return dx * dx + dy * dy + dz * dz < reach * reach


@kernel
def _held(x, i, target):
    """Row of the target that cell ``i`` still touches alive; -1: none."""
    for m in range(x.start[i], x.stop[i]):
        j = x.neighbours[m]
        if x.identity[j] == target:
            return j if x.phase[j] < APOPTOTIC and touch(x, i, j) else -1
    return -1


@inline
def _open(x, i, j, weight, susceptibility, spared):
    """Whether cell ``i`` may take cell ``j``: alive, touched, of a type it goes for, and not one that it let go."""
    if not (weight[x.kind[i], x.kind[j]] > 0.0 and susceptibility[j] > 0.0 and x.phase[j] < APOPTOTIC):
        return False
    for k in range(SPARED):
        if spared[k, i] == x.identity[j]:
            return False
    return touch(x, i, j)


@inline
def _spare(spared, i, target):
    """Remember a cell that ``i`` lets go, in place of the one that it let go longest ago."""
    for k in range(SPARED - 1, 0, -1):
        spared[k, i] = spared[k - 1, i]
    spared[0, i] = target


@kernel
def _forget(x, i, spared, chance, seed, draw):
    """Of the cells that ``i`` let go, keep those that it still touches alive, in their order, but for a ``chance``."""
    kept = 0
    for k in range(SPARED):
        name = spared[k, i]
        if name != 0:
            spared[k, i] = 0
            stays = chance <= 0.0 or uniform(seed, draw, S_AGAIN, k) >= chance
            if stays and _held(x, i, name) >= 0:
                spared[kept, i] = name
                kept += 1


@kernel
def _chosen(x, i, weight, susceptibility, spared, u):
    """Row of a live cell that ``i`` touches, drawn by ``weight`` of its type; -1: there is none."""
    total = 0.0
    for m in range(x.start[i], x.stop[i]):
        j = x.neighbours[m]
        if _open(x, i, j, weight, susceptibility, spared):
            total += weight[x.kind[i], x.kind[j]]
    left = u * total
    chosen = -1
    for m in range(x.start[i], x.stop[i]):
        j = x.neighbours[m]
        if _open(x, i, j, weight, susceptibility, spared):
            if left >= 0.0:
                chosen = j
            left -= weight[x.kind[i], x.kind[j]]
    return chosen


@kernel
def attack(
    x, count, attacks, rate, susceptibility, target, spared, damage, unhit, held, step, seed, tick, tally, killed
):
    """One step of all attacks, in the order of rows.

    A cell without a target takes one of those it touches; it hits the one it holds at ``rate`` times the target's
    ``susceptibility``, until that is dead or it lets go, and takes another within the step. Hits and letting go are
    drawn in continuous time, so that shares of kills do not depend on the step; who touches whom is looked at once a
    step. A cell that was let go is not taken again by the same one while they touch, of the last `SPARED` of them, or
    until `Attacks.again` has passed. Hits of all attackers add up, and after `Attacks.memory` without one they are
    forgotten.

    Args:
        rate: (n,) hits per min.
        susceptibility: (n,) of each cell as a target.
        target: (room,) identity of the cell it holds, 0: none.
        spared: (SPARED, room) identities of cells that it let go and still touches, the last first; 0: none.
        damage, unhit: (room,) hits so far, min since the last.
        held: (room,) min for which it has held targets since it was made.
        step: min.
        tally: (K, K, TALLIES) counts by attacker and target; changed.
        killed: (n, 2) row of the attacker, hits of those that die in this step; -1: not. Changed.
    """
    for j in range(count):
        unhit[j] += step
        if damage[j] > 0.0 and unhit[j] > attacks.memory[x.kind[j]]:
            damage[j] = 0.0
    for i in range(count):
        k = x.kind[i]
        if x.phase[i] >= APOPTOTIC:
            target[i] = 0
            spared[:, i] = 0
            continue
        if target[i] == 0 and rate[i] <= 0.0:
            continue
        name = child_id(x.identity[i], tick)
        _forget(x, i, spared, -math.expm1(-step / attacks.again[k]), seed, name)
        j = -1
        if target[i] != 0:
            j = _held(x, i, target[i])
            if j < 0:
                target[i] = 0
        left = step
        draw = 0
        while draw < DRAWS:
            if j < 0:
                if rate[i] <= 0.0:
                    break
                u = uniform(seed, name, S_TARGET, draw)
                j = _chosen(x, i, attacks.weight, susceptibility, spared, u)
                if j < 0:
                    break
                target[i] = x.identity[j]
                tally[k, x.kind[j], ENCOUNTERS] += 1
            t = x.kind[j]
            until = exponential(seed, name, S_LET_GO, draw) * attacks.hold[k]
            ends = min(until, left)
            hits = rate[i] * susceptibility[j]
            now = 0.0
            dead = False
            while hits > 0.0 and draw < DRAWS:
                draw += 1
                now += exponential(seed, name, S_HIT, draw) / hits
                if now >= ends:
                    break
                damage[j] += 1.0
                unhit[j] = 0.0
                tally[k, t, HITS] += 1
                if damage[j] >= attacks.hits_to_kill[t]:
                    dead = True
                    break
            draw += 1
            if dead:
                x.phase[j] = APOPTOTIC
                x.progress[j] = 0.0
                tally[k, t, KILLS] += 1
                killed[j, 0] = i
                killed[j, 1] = int(damage[j])
                held[i] += now
                left -= now
            elif until < left:
                tally[k, t, ESCAPES] += 1
                _spare(spared, i, target[i])
                held[i] += until
                left -= until
            else:
                held[i] += left
                break
            target[i] = 0
            j = -1


@kernel
def clear(x, count, rate, fresh, leaving, step, seed, tick, tally):
    """Cells with a ``rate`` (n,) of engulfing take away one dying cell that they touch; ``leaving`` (n,) is marked.

    Those that are ``fresh`` (n,) are left alone.
    """
    for i in range(count):
        if rate[i] <= 0.0 or x.phase[i] >= APOPTOTIC:
            continue
        u, which = uniform2(seed, x.identity[i], S_CLEAR, tick)
        if u >= -math.expm1(-rate[i] * step):
            continue
        dying = 0
        for m in range(x.start[i], x.stop[i]):
            j = x.neighbours[m]
            if x.phase[j] >= APOPTOTIC and not (fresh[j] or leaving[j]) and touch(x, i, j):
                dying += 1
        if dying == 0:
            continue
        left = int(which * dying)
        for m in range(x.start[i], x.stop[i]):
            j = x.neighbours[m]
            if x.phase[j] >= APOPTOTIC and not (fresh[j] or leaving[j]) and touch(x, i, j):
                if left == 0:
                    leaving[j] = True
                    tally[x.kind[i], x.kind[j], CLEARED] += 1
                    break
                left -= 1
