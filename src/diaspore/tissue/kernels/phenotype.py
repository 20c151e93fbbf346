"""What each cell does between two looks at phenotypes: it grows, goes through its cycle, divides, dies, disappears."""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.rng import child_id
from diaspore.core.team import part_of
from diaspore.tissue.behaviours import APOPTOSIS, EXIT, NECROSIS, trait, transform_to
from diaspore.tissue.kernels.exchange import find_voxels
from diaspore.tissue.processes.cycle import advance_phase, oxygen_factor
from diaspore.tissue.processes.death import dies_by_apoptosis, dies_by_necrosis
from diaspore.tissue.processes.division import direction
from diaspore.tissue.processes.streams import S_DIVISION
from diaspore.tissue.processes.transformation import chance, transforms
from diaspore.tissue.processes.volume import fluid_after, radius_of, relaxed
from diaspore.tissue.state import APOPTOTIC, LYSED, SWELLING

STAYS, DIVIDES, VANISHES = 0, 1, 2


@kernel
def grow(volumes, i, nucleus_target, ratio, fraction, fluid_rate, nucleus_rate, cytoplasm_rate, step):
    """Advance the three parts of cell ``i`` towards their targets; returns the volume."""
    volumes[i, 1] = relaxed(volumes[i, 1], nucleus_target, nucleus_rate, step)
    volumes[i, 2] = relaxed(volumes[i, 2], ratio * nucleus_target, cytoplasm_rate, step)
    solid = volumes[i, 1] + volumes[i, 2]
    volumes[i, 0] = fluid_after(volumes[i, 0], solid, fraction, fluid_rate, step)
    return volumes[i, 0] + solid


@inline
def new_kind(traits, kind, i, types, step, seed, identity, tick):
    """Type of a live cell after a step; one of the others with the chance of its rates."""
    total = 0.0
    for other in range(types):
        if other != kind:
            total += trait(traits, kind, i, transform_to(other, traits.substances))
    if total <= 0.0:
        return kind
    u, which = chance(seed, identity, tick)
    if not transforms(total, step, u):
        return kind
    chosen, left = kind, which * total
    for other in range(types):
        if other != kind:
            rate = trait(traits, kind, i, transform_to(other, traits.substances))
            if rate > 0.0 and left >= 0.0:
                chosen = other
            left -= rate
    return chosen


@kernel
def phenotypes(team, rank, members, count, cells, kinds, traits, voxels, flat, step, seed, tick, fate):
    """One step of all cells in the levels of ``flat`` (S, voxels). Writes their ``fate``."""
    place, volumes, nucleus_target, progress, identity, kind, phase, burst = cells
    first, last = part_of(count, rank, members)
    voxel, origin, spacing, shape = voxels
    find_voxels(place, first, last, origin, spacing, shape, voxel)
    types = kinds.shape[0]
    for i in range(first, last):
        t = kind[i]
        k = kinds[t]
        fate[i] = STAYS
        ratio = k.cytoplasm_ratio
        name = identity[i]
        if phase[i] < APOPTOTIC:
            level = flat[k.oxygen, voxel[i]] if k.oxygen >= 0 else np.inf
            p = phase[i]
            rate = trait(traits, t, i, EXIT + p)
            if p == 0 and k.oxygen >= 0:
                rate *= oxygen_factor(level, k.oxygen_threshold, k.oxygen_saturation)
            if dies_by_necrosis(
                level, k.necrosis_level, k.necrosis_full_level, k.necrosis_rate, trait(traits, t, i, NECROSIS), step,
                seed, name, tick,
            ):  # fmt: skip
                phase[i] = SWELLING
                progress[i] = 0.0
                burst[i] = k.lysis_ratio * (volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
            elif dies_by_apoptosis(trait(traits, t, i, APOPTOSIS), step, seed, name, tick):
                phase[i] = APOPTOTIC
                progress[i] = 0.0
            else:
                progress[i], ended = advance_phase(
                    k.phase_law[p], k.phase_shape[p], rate, step, progress[i], seed, name, tick
                )
                if ended:
                    progress[i] = 0.0
                    following = (p + 1) % k.phases
                    if p == k.divides_after:
                        fate[i] = DIVIDES
                    phase[i] = following
                    if k.phase_doubles[following] and p != k.divides_after:
                        nucleus_target[i] = 2.0 * k.nucleus
                if types > 1 and fate[i] == STAYS:
                    other = new_kind(traits, t, i, types, step, seed, name, tick)
                    if other != t:
                        kind[i] = other
                        k = kinds[other]
                        ratio = k.cytoplasm_ratio
                        phase[i] = 0
                        progress[i] = 0.0
                        nucleus_target[i] = k.nucleus * (2.0 if k.phase_doubles[0] == 1 else 1.0)
        if phase[i] < APOPTOTIC:
            volume = grow(
                volumes, i, nucleus_target[i], ratio, k.fluid_fraction, k.fluid_rate, k.nucleus_rate,
                k.cytoplasm_rate, step,
            )  # fmt: skip
        elif phase[i] == APOPTOTIC:
            volume = grow(
                volumes, i, 0.0, ratio, 0.0, k.apoptosis_fluid_rate, k.apoptosis_nucleus_rate,
                k.apoptosis_cytoplasm_rate, step,
            )  # fmt: skip
            progress[i] += step
            if progress[i] >= k.apoptosis_length - 1e-9:
                fate[i] = VANISHES
        else:
            swelling = phase[i] == SWELLING
            volume = grow(
                volumes, i, 0.0, ratio, 1.0 if swelling else 0.0,
                k.necrosis_swelling_rate if swelling else k.necrosis_fluid_rate, k.necrosis_nucleus_rate,
                k.necrosis_cytoplasm_rate, step,
            )  # fmt: skip
            progress[i] += step
            if swelling and volume >= burst[i]:
                phase[i] = LYSED
            if progress[i] >= k.necrosis_length - 1e-9:
                fate[i] = VANISHES
        place[i, 3] = radius_of(volume)


@kernel
def divide(cells, kinds, rows, count, seed, tick, flat, low, high):
    """Divide the cells of ``rows``; daughters take the rows from ``count`` on."""
    (
        place, before, heading, volumes, nucleus_target, progress, pressure, identity, founder, generation, divisions,
        kind, phase, burst,
    ) = cells  # fmt: skip
    n = count
    for r in range(rows.shape[0]):
        i = rows[r]
        dx, dy, dz = direction(seed, identity[i], S_DIVISION, tick, flat)
        radius = place[i, 3]
        identity[n] = child_id(identity[i], divisions[i])
        divisions[i] += 1
        generation[i] += 1
        divisions[n] = 0
        generation[n] = generation[i]
        founder[n] = founder[i]
        kind[n] = kind[i]
        phase[n] = phase[i]
        progress[n] = progress[i]
        burst[n] = 0.0
        grows = kinds[kind[i]].phase_doubles[phase[i]] == 1
        nucleus_target[i] = kinds[kind[i]].nucleus * (2.0 if grows else 1.0)
        nucleus_target[n] = nucleus_target[i]
        for part in range(3):
            volumes[i, part] *= 0.5
            volumes[n, part] = volumes[i, part]
        smaller = radius_of(volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
        place[n, 0] = place[i, 0] + radius * dx
        place[n, 1] = place[i, 1] + radius * dy
        place[n, 2] = place[i, 2] + radius * dz
        place[i, 0] -= 0.5 * radius * dx
        place[i, 1] -= 0.5 * radius * dy
        place[i, 2] -= 0.5 * radius * dz
        for axis in range(3):
            for j in (i, n):
                place[j, axis] = min(max(place[j, axis], low[axis]), high[axis])
            before[n, axis] = before[i, axis]
            heading[i, axis] = 0.0  # who has rounded up to divide sets out anew
            heading[n, axis] = 0.0
        place[i, 3] = smaller
        place[n, 3] = smaller
        pressure[n] = pressure[i]
        n += 1
    return n
