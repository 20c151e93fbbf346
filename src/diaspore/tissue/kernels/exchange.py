"""Uptake and secretion: what cells do to the substances of the voxel that holds their centre.

A cell of volume V with uptake U, secretion S (1/min) towards a level r changes the concentration c of its voxel,
within a step dt and implicitly, to ``(c + a S r)/(1 + a (S + U))`` with ``a = dt V/V_voxel`` (``ghaffarizadeh2016``).
Cells act one after the other in the order of rows; together they are one linear map of the voxel, computed once for all
diffusion steps between two mechanics steps. Each voxel belongs to one thread, so sharing one is no race.
"""

from __future__ import annotations

from diaspore.core.jit import kernel
from diaspore.core.team import part_of
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


@kernel
def sample(flat, voxel, i_from, i_to, levels):
    """Substances (S, voxels) at the voxels of cells [i_from, i_to), into ``levels`` (S, n)."""
    for s in range(flat.shape[0]):
        for i in range(i_from, i_to):
            levels[s, i] = flat[s, voxel[i]]


@kernel
def cell_maps(team, rank, members, count, kinds, kind, phase, volumes, uptake, secretion, target, share, kept, gained):
    """Linear map of each cell on its voxel over one diffusion step, by substance.

    ``uptake``, ``secretion`` (kinds, S) are rates in 1/min, ``target`` (kinds, S) the level of secretion; ``share`` is
    the step over the volume of a voxel.
    """
    i_from, i_to = part_of(count, rank, members)
    for i in range(i_from, i_to):
        k = kind[i]
        a = share * (volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
        dead = phase[i] >= APOPTOTIC
        for s in range(uptake.shape[1]):
            out = a * uptake[k, s] * (kinds[k].dead_uptake if dead else 1.0)
            into = 0.0 if dead else a * secretion[k, s]
            kept[s, i] = 1.0 / (1.0 + out + into)
            gained[s, i] = into * target[k, s] * kept[s, i]


@kernel
def deposit(voxel, count, kinds, kind, phase, volumes, uptake, secretion, target, s, per_voxel, sink, source):
    """Sum up what cells take from and give to substance ``s`` in each voxel: ``sink`` (1/min), ``source`` (level/min).

    ``per_voxel`` is one over the volume of a voxel; the sums are in the order of rows.
    """
    for v in range(sink.shape[0]):
        sink[v] = 0.0
        source[v] = 0.0
    for i in range(count):
        k = kind[i]
        share = per_voxel * (volumes[i, 0] + volumes[i, 1] + volumes[i, 2])
        dead = phase[i] >= APOPTOTIC
        into = 0.0 if dead else share * secretion[k, s]
        sink[voxel[i]] += share * uptake[k, s] * (kinds[k].dead_uptake if dead else 1.0) + into
        source[voxel[i]] += into * target[k, s]


@kernel
def collect(voxel, count, kept, gained, lowest, highest, stamp, now, factor, gain, occupied, shape, bounds):
    """Join the maps of cells in voxels [lowest, highest) by voxel; returns how many voxels ``occupied`` lists.

    ``kept`` and ``gained`` (S, n): map of each cell. ``factor`` and ``gain`` (S, voxels) receive those of voxels that
    ``stamp`` marks with ``now``. Voxels outside ``bounds`` (S, 3, 2) are held and do not change.
    """
    substances = kept.shape[0]
    found = 0
    for i in range(count):
        v = voxel[i]
        if v < lowest or v >= highest:
            continue
        if stamp[v] != now:
            stamp[v] = now
            occupied[found] = v
            found += 1
            for s in range(substances):
                factor[s, v] = kept[s, i]
                gain[s, v] = gained[s, i]
        else:
            for s in range(substances):
                factor[s, v] *= kept[s, i]
                gain[s, v] = gain[s, v] * kept[s, i] + gained[s, i]
    for k in range(found):
        v = occupied[k]
        x = v % shape[2]
        y = v // shape[2] % shape[1]
        z = v // (shape[2] * shape[1])
        for s in range(substances):
            b = bounds[s]
            inside = b[0, 0] <= z < b[0, 1] and b[1, 0] <= y < b[1, 1] and b[2, 0] <= x < b[2, 1]
            if not inside:
                factor[s, v] = 1.0
                gain[s, v] = 0.0
    return found


@kernel
def apply(u, factor, gain, occupied, found):
    """Change the listed voxels of one substance (flat)."""
    for k in range(found):
        v = occupied[k]
        u[v] = u[v] * factor[v] + gain[v]
