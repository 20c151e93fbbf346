"""Uptake, secretion and export: what cells do to the substances of the voxel that holds their centre.

A cell of volume V with uptake U, secretion S (1/min) towards a level r and export E changes the level c of its voxel as
``c' = V/V_voxel (S (r - c) - U c) + E/V_voxel``. Two ways to do so within a step dt, both positive:

- balanced: before diffusion, ``c (1 - a) + g`` with a and g summed over the cells of the voxel. What cells then find
  has the balance of an implicit step of diffusion and exchange at once, whatever the step; the splitting of diffusion
  by axes leaves an error in two and three dimensions that falls with the step.
- implicit: after diffusion, ``(c + g)/(1 + a)`` cell by cell in the order of rows, as in ``ghaffarizadeh2016``; what
  cells find is less than the balance by the share that they take in a step.

The map of a voxel is made once for all diffusion steps between two mechanics steps. Each voxel belongs to one thread,
so sharing one is no race.
"""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.tissue.behaviours import CHEMOTAXIS, EXPORT, GENERAL, SECRETION, TARGET, UPTAKE, towards, trait
from diaspore.tissue.state import APOPTOTIC


@kernel
def find_voxels(place, i_from, i_to, origin, spacing, shape, voxel):
    """Voxel (z, y, x order, flat) of each cell; ``origin`` (x, y, z), ``shape`` (nz, ny, nx)."""
    for i in range(i_from, i_to):
        number = 0
        for axis in range(3):
            n = shape[axis]
            k = int((place[i, 2 - axis] - origin[2 - axis]) / spacing)
            number = number * n + min(max(k, 0), n - 1)
        voxel[i] = number


def rates_of(traits):
    """What cells of each type do to each substance, live and dead, where no rule moves it: (types, 2, S, 4).

    The last axis: uptake, secretion, secretion times its target, export. Empty where rules move any of these.
    """
    n = traits.substances
    if np.any(traits.column[GENERAL : GENERAL + CHEMOTAXIS * n] >= 0):
        return np.empty((0, 2, n, 4))
    per = [traits.base[:, GENERAL + what * n : GENERAL + (what + 1) * n] for what in range(CHEMOTAXIS)]
    live = np.stack([per[UPTAKE], per[SECRETION], per[SECRETION] * per[TARGET], per[EXPORT]], axis=-1)
    dead = np.zeros_like(live)
    dead[:, :, 0] = per[UPTAKE] * traits.dead_uptake[:, None]
    return np.ascontiguousarray(np.stack([live, dead], axis=1))


@inline
def exchange_of(i, s, share, kinds_of, phase, volumes, traits):
    """What cell ``i`` does to substance ``s`` of its voxel within a step: share taken, share given, gain of the level.

    ``share`` is the step over the volume of a voxel. For behaviours that rules move; without them, `rates_of` is
    quicker, because a call with so many arrays takes longer than the sums.
    """
    k = kinds_of[i]
    dead = phase[i] >= APOPTOTIC
    a = share * (volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
    taken = a * towards(traits, k, dead, i, UPTAKE, s)
    given = a * towards(traits, k, dead, i, SECRETION, s)
    gain = share * towards(traits, k, dead, i, EXPORT, s)
    if given > 0.0:
        b = GENERAL + TARGET * traits.substances + s  # a level, which dying does not change
        gain += given * trait(traits, k, i, b)
    return taken, given, gain


@kernel
def deposit(voxel, count, kind, phase, volumes, traits, rates, s, per_voxel, sink, source):
    """Sum up what cells take from and give to substance ``s`` in each voxel: ``sink`` (1/min), ``source`` (level/min).

    ``per_voxel`` is one over the volume of a voxel; the sums are in the order of rows.
    """
    ruled = rates.shape[0] == 0
    for v in range(sink.shape[0]):
        sink[v] = 0.0
        source[v] = 0.0
    for i in range(count):
        if ruled:
            taken, given, gain = exchange_of(i, s, per_voxel, kind, phase, volumes, traits)
        else:
            k, d = kind[i], 1 if phase[i] >= APOPTOTIC else 0
            a = per_voxel * (volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
            taken, given = a * rates[k, d, s, 0], a * rates[k, d, s, 1]
            gain = a * rates[k, d, s, 2] + per_voxel * rates[k, d, s, 3]
        sink[voxel[i]] += taken + given
        source[voxel[i]] += gain


@inline
def kept_share(a):
    """Share of the level that a balanced exchange leaves of ``a``, the share that cells would change in the step.

    1 - a: then an implicit step of diffusion and exchange one after the other have the balance of both at once. Beyond
    a = 1/2 it goes on smoothly and stays positive, and cells take less than they would.
    """
    return 1.0 - a if a <= 0.5 else 0.25 / a


@kernel
def collect(
    voxel, count, kind, phase, volumes, traits, rates, share, balanced, lowest, highest, stamp, now, factor, gain,
    occupied, shape, bounds,
):  # fmt: skip
    """Make the map ``u -> factor u + gain`` of voxels [lowest, highest) that hold cells; returns how many there are.

    ``share`` is a diffusion step over the volume of a voxel. ``factor`` and ``gain`` (S, voxels) receive the maps of
    voxels that ``stamp`` marks with ``now`` and ``occupied`` lists. Voxels outside ``bounds`` (S, 3, 2) are held and
    do not change.
    """
    substances = factor.shape[0]
    ruled = rates.shape[0] == 0
    found = 0
    for i in range(count):
        v = voxel[i]
        if v < lowest or v >= highest:
            continue
        fresh = stamp[v] != now
        if fresh:
            stamp[v] = now
            occupied[found] = v
            found += 1
        for s in range(substances):
            if ruled:
                taken, given, more = exchange_of(i, s, share, kind, phase, volumes, traits)
            else:
                k, d = kind[i], 1 if phase[i] >= APOPTOTIC else 0
                a = share * (volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
                taken, given = a * rates[k, d, s, 0], a * rates[k, d, s, 1]
                more = a * rates[k, d, s, 2] + share * rates[k, d, s, 3]
            if balanced:
                factor[s, v] = taken + given + (0.0 if fresh else factor[s, v])
                gain[s, v] = more + (0.0 if fresh else gain[s, v])
            else:
                kept = 1.0 / (1.0 + taken + given)
                factor[s, v] = kept if fresh else factor[s, v] * kept
                gain[s, v] = (more if fresh else gain[s, v] + more) * kept
    for s in range(substances):
        z_low, z_high = bounds[s, 0, 0], bounds[s, 0, 1]
        y_low, y_high = bounds[s, 1, 0], bounds[s, 1, 1]
        x_low, x_high = bounds[s, 2, 0], bounds[s, 2, 1]
        for k in range(found):
            v = occupied[k]
            row = v // shape[2]
            x = v - row * shape[2]
            z = row // shape[1]
            y = row - z * shape[1]
            if not (z_low <= z < z_high and y_low <= y < y_high and x_low <= x < x_high):
                factor[s, v] = 1.0
                gain[s, v] = 0.0
            elif balanced:
                a = factor[s, v]
                factor[s, v] = kept_share(a)
                if a > 0.5:
                    gain[s, v] *= (1.0 - factor[s, v]) / a
    return found


@kernel
def apply(u, factor, gain, occupied, found):
    """Change the listed voxels of one substance (flat)."""
    for k in range(found):
        v = occupied[k]
        u[v] = u[v] * factor[v] + gain[v]
