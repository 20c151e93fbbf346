"""Cells move by themselves: headings are renewed, places advance."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from diaspore.core.jit import kernel
from diaspore.fields.gradient import gradient
from diaspore.tissue.behaviours import BIAS, CHEMOTAXIS, GENERAL, GUIDANCE, PERSISTENCE, SPEED, Traits, trait
from diaspore.tissue.kernels.fibres import guided
from diaspore.tissue.processes.migration import new_heading, turns
from diaspore.tissue.state import APOPTOTIC


class Migration(NamedTuple):
    """What cells need to move by themselves."""

    active: bool  # whether any cell does
    heading: np.ndarray  # (room, 3) unit vectors, zero: none yet
    identity: np.ndarray
    kind: np.ndarray
    phase: np.ndarray
    traits: Traits
    levels: np.ndarray  # (S, voxels)
    shape: np.ndarray  # (nz, ny, nx)
    spacing: float
    each_alike: np.ndarray  # (types,) whether every gradient counts by its direction only
    seed: np.uint64
    flat: bool
    fibres: np.ndarray  # (6, voxels) tensors of directions (see ``kernels.fibres``), or (6, 0)


@kernel
def response(m, kind, i, v):
    """Chemotactic response of a cell in voxel ``v``: gradients times their weights, summed up."""
    x = y = z = 0.0
    t = m.traits
    for s in range(t.substances):
        weight = trait(t, kind, i, GENERAL + CHEMOTAXIS * t.substances + s)
        if weight != 0.0:
            gx, gy, gz = gradient(m.levels[s], v, m.shape, m.spacing)
            if m.each_alike[kind]:
                length = math.sqrt(gx * gx + gy * gy + gz * gz)
                weight = weight / length if length > 0.0 else 0.0
            x += weight * gx
            y += weight * gy
            z += weight * gz
    return x, y, z


@kernel
def migrate(m, i_from, i_to, place, moved, voxel, step, tick):
    """Move cells [i_from, i_to) along their headings for ``step``; ``moved`` adds up displacements."""
    for i in range(i_from, i_to):
        k = m.kind[i]
        speed = trait(m.traits, k, i, SPEED)
        if speed <= 0.0 or m.phase[i] >= APOPTOTIC:
            continue
        still = m.heading[i, 0] == 0.0 and m.heading[i, 1] == 0.0 and m.heading[i, 2] == 0.0
        if still or turns(step, trait(m.traits, k, i, PERSISTENCE), m.seed, m.identity[i], tick):
            gx, gy, gz = response(m, k, i, voxel[i])
            bias = min(max(trait(m.traits, k, i, BIAS), 0.0), 1.0)
            x, y, z = new_heading(bias, gx, gy, gz, m.seed, m.identity[i], tick, m.flat)
            if m.fibres.shape[1] > 0:
                share = min(max(trait(m.traits, k, i, GUIDANCE), 0.0), 1.0)
                x, y, z = guided(m.fibres, voxel[i], share, m.flat, x, y, z)
            m.heading[i, 0] = x
            m.heading[i, 1] = y
            m.heading[i, 2] = z
        for axis in range(3):
            way = step * speed * m.heading[i, axis]
            place[i, axis] += way
            moved[i, axis] += way
