"""Rules: signals that a cell senses move its behaviours, by Hill functions.

Of several signals x with half-maxima h and powers n that increase a behaviour, ``U = sum (x/h)^n / (1 + sum (x/h)^n)``,
and D likewise of those that decrease it. From the base b the behaviour goes up to the saturation p of the increasing
ones and from there down to that q of the decreasing ones: ``(1 - D)((1 - U) b + U p) + D q`` (``johnson2025``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.team import part_of
from diaspore.fields.gradient import gradient
from diaspore.tissue.behaviours import GENERAL, TARGET, UPTAKE
from diaspore.tissue.kernels.exchange import find_voxels
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.signals import (
    APOPTOTIC_CELL,
    DEAD_CELL,
    NECROTIC_CELL,
    PRESSURE,
    PRESSURE_UNIT,
    TIME,
    TOUCHES_DEAD,
    TOUCHES_LIVE,
    VOLUME,
)  # fmt: skip
from diaspore.tissue.signals import GENERAL as GENERAL_SIGNALS
from diaspore.tissue.state import APOPTOTIC


class Rules(NamedTuple):
    """Rules, grouped by target: a behaviour of a cell type."""

    behaviour: np.ndarray  # (columns,) behaviour of each row of Traits.values
    target_kind: np.ndarray  # (targets,)
    target_column: np.ndarray
    increased: np.ndarray  # (targets,) saturation of the rules that increase it
    decreased: np.ndarray  # (targets,) saturation of those that decrease it
    first: np.ndarray  # (targets + 1,) first rule of each
    signal: np.ndarray  # (rules,)
    up: np.ndarray  # (rules,)
    half_max: np.ndarray
    power: np.ndarray
    when_dead: np.ndarray
    contacts: bool  # whether any signal counts neighbours


class Sensed(NamedTuple):
    """What signals are computed from."""

    place: np.ndarray
    volumes: np.ndarray
    pressure: np.ndarray
    kind: np.ndarray
    phase: np.ndarray
    levels: np.ndarray  # (S, voxels)
    voxel: np.ndarray  # (room,)
    origin: np.ndarray
    spacing: float
    shape: np.ndarray
    start: np.ndarray  # (room,) lists of neighbours
    stop: np.ndarray
    neighbours: np.ndarray
    minutes: float
    networks: np.ndarray  # (signals of networks, room)


@kernel
def count_contacts(x, i, counts):
    """Neighbours of cell ``i`` within reach of adhesion: live, dying, and live by type (2 + types,)."""
    counts[:] = 0.0
    for m in range(x.start[i], x.stop[i]):
        j = x.neighbours[m]
        dx, dy, dz = (
            x.place[i, 0] - x.place[j, 0],
            x.place[i, 1] - x.place[j, 1],
            x.place[i, 2] - x.place[j, 2],
        )
        reach = REACH * (x.place[i, 3] + x.place[j, 3])
        if dx * dx + dy * dy + dz * dz < reach * reach:
            if x.phase[j] < APOPTOTIC:
                counts[0] += 1.0
                counts[2 + x.kind[j]] += 1.0
            else:
                counts[1] += 1.0


@kernel
def sense(x, number, i, counts):
    """Signal ``number`` of cell ``i``; contacts are counted in ``counts``."""
    substances = x.levels.shape[0]
    v = x.voxel[i]
    if number < substances:
        return x.levels[number, v]
    number -= substances
    if number < substances:
        gx, gy, gz = gradient(x.levels[number], v, x.shape, x.spacing)
        return math.sqrt(gx * gx + gy * gy + gz * gz)
    number -= substances
    dying = x.phase[i] >= APOPTOTIC
    if number == PRESSURE:
        return x.pressure[i] / PRESSURE_UNIT
    if number == VOLUME:
        return x.volumes[i, 0] + x.volumes[i, 1] + x.volumes[i, 2]
    if number == TIME:
        return x.minutes
    if number == APOPTOTIC_CELL:
        return 1.0 if x.phase[i] == APOPTOTIC else 0.0
    if number == NECROTIC_CELL:
        return 1.0 if x.phase[i] > APOPTOTIC else 0.0
    if number == DEAD_CELL:
        return 1.0 if dying else 0.0
    if number == TOUCHES_LIVE:
        return counts[0]
    if number == TOUCHES_DEAD:
        return counts[1]
    number -= GENERAL_SIGNALS
    types = counts.shape[0] - 2
    return counts[2 + number] if number < types else x.networks[number - types, i]


@inline
def hill_term(signal, half_max, power):
    """(signal/half_max)^power; nothing of a signal that is not there, and at most what makes the response whole."""
    return min((signal / half_max) ** power, 1e300) if signal > 0.0 else 0.0


@inline
def response_of(base, up, down, increased, decreased):
    """A behaviour between base and saturations; ``up`` and ``down`` are the sums of Hill terms."""
    u, d = min(up, 1e300) / (1.0 + min(up, 1e300)), min(down, 1e300) / (1.0 + min(down, 1e300))
    return (1.0 - d) * ((1.0 - u) * base + u * increased) + d * decreased


@inline
def base_of(traits, k, dead, b):
    """Base of a behaviour, which for a dead cell is part of its uptake, and nothing else that it does."""
    base = traits.base[k, b]
    if dead:
        s = traits.substances
        if GENERAL + UPTAKE * s <= b < GENERAL + (UPTAKE + 1) * s:
            return base * traits.dead_uptake[k]
        if not GENERAL + TARGET * s <= b < GENERAL + (TARGET + 1) * s:
            return 0.0
    return base


@kernel
def evaluate(team, rank, members, count, rules, traits, x):
    """Fill ``traits.values`` of all cells."""
    i_from, i_to = part_of(count, rank, members)
    find_voxels(x.place, i_from, i_to, x.origin, x.spacing, x.shape, x.voxel)
    counts = np.zeros(2 + traits.base.shape[0])
    for i in range(i_from, i_to):
        k = x.kind[i]
        dead = x.phase[i] >= APOPTOTIC
        for c in range(rules.behaviour.shape[0]):
            traits.values[c, i] = base_of(traits, k, dead, rules.behaviour[c])
        if rules.contacts:
            count_contacts(x, i, counts)
        for t in range(rules.target_kind.shape[0]):
            if rules.target_kind[t] != k:
                continue
            up = down = 0.0
            for r in range(rules.first[t], rules.first[t + 1]):
                if dead and not rules.when_dead[r]:
                    continue
                term = hill_term(sense(x, rules.signal[r], i, counts), rules.half_max[r], rules.power[r])
                if rules.up[r]:
                    up += term
                else:
                    down += term
            c = rules.target_column[t]
            traits.values[c, i] = response_of(traits.values[c, i], up, down, rules.increased[t], rules.decreased[t])


@kernel
def gather(team, rank, members, count, rules, types, wanted, x, out):
    """Signals ``wanted`` (W,) of all cells into ``out`` (W, n), for functions of one's own."""
    i_from, i_to = part_of(count, rank, members)
    find_voxels(x.place, i_from, i_to, x.origin, x.spacing, x.shape, x.voxel)
    counts = np.zeros(2 + types)
    for i in range(i_from, i_to):
        if rules.contacts:
            count_contacts(x, i, counts)
        for w in range(wanted.shape[0]):
            out[w, i] = sense(x, wanted[w], i, counts)
