"""The time between two looks at phenotypes: substances diffuse and are taken up, cells push and pull each other.

One call of :func:`interval` by every member of a team. Members own planes of voxels (rows in two dimensions) and
stretches of cells; every voxel and every cell is computed in the same way whatever the number of members.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from diaspore.core.jit import kernel
from diaspore.core.team import meet, part_of
from diaspore.fields.diffusion import implicit_step
from diaspore.tissue.behaviours import Traits
from diaspore.tissue.kernels.exchange import apply, collect, find_voxels
from diaspore.tissue.kernels.forces import BLOCK, ROWS, velocities
from diaspore.tissue.kernels.migration import migrate
from diaspore.tissue.kernels.motion import fastest, hold, move
from diaspore.tissue.kernels.neighbours import list_neighbours, sort_into_bins

DONE, FULL = 0, 1  # what `interval` reports


class Field(NamedTuple):
    """Substances and the tables of their diffusion step (see ``fields.diffusion``)."""

    u: np.ndarray  # (S, nz, ny, nx)
    fx: np.ndarray
    fy: np.ndarray
    fz: np.ndarray
    bounds: np.ndarray
    gains: np.ndarray
    origin: np.ndarray  # (3,) x, y, z
    spacing: float


class Exchange(NamedTuple):
    """Uptake and secretion, and the maps that they make (see ``exchange``)."""

    kind: np.ndarray  # (room,)
    phase: np.ndarray
    volumes: np.ndarray  # (room, 3)
    traits: Traits
    rates: np.ndarray  # (types, 2, S, 4), see ``exchange.rates_of``
    share: float  # diffusion step over the volume of a voxel
    balanced: bool
    voxel: np.ndarray  # (room,)
    stamp: np.ndarray  # (voxels,) when the voxel's map was last made
    factor: np.ndarray  # (S, voxels)
    gain: np.ndarray  # (S, voxels)
    occupied: np.ndarray  # (voxels,)


class Mechanics(NamedTuple):
    """Places, velocities and what tells who is near whom."""

    place: np.ndarray
    before: np.ndarray  # (room, 3) velocity of the step before
    velocity: np.ndarray  # (room, 3)
    pressure: np.ndarray
    kind: np.ndarray
    repulsion: np.ndarray  # (kinds, kinds)
    adhesion: np.ndarray
    friction: np.ndarray  # (kinds,)
    roots: np.ndarray  # (2, n) of each cell's own strengths, or (2, 0)
    low: np.ndarray  # (3,) where centres may be
    high: np.ndarray
    box: np.ndarray  # (3,) corner of the bins
    bins: np.ndarray  # (3,)
    width: float
    skin: float
    bin_number: np.ndarray  # (room,)
    first: np.ndarray  # (bins + 2,)
    order: np.ndarray  # (room,)
    start: np.ndarray  # (room,)
    stop: np.ndarray
    neighbours: np.ndarray
    moved: np.ndarray  # (room, 3)
    still: np.ndarray  # (room,) cells that nothing moves, or (0,)


class Clock(NamedTuple):
    """Steps of an interval; arrays of one element change."""

    diffusion_steps: int  # between two mechanics steps
    length: float  # of the interval, min
    step: float  # of mechanics, min; the shortest one where it adapts
    longest: float  # step of mechanics; not above ``step``: it does not adapt
    shift: float  # um that the fastest cell may move in a step that is longer than the shortest
    tick: np.ndarray  # (1,) mechanics steps since the start of the run: stamps of voxels
    contacts: bool  # whether rules count neighbours afterwards, so that the lists must hold at the end
    last: np.ndarray  # (1,) length of the mechanics step before, min
    report: np.ndarray  # (2,) state, min done of the interval so far
    far: np.ndarray  # (members * 8,) square of the largest displacement of each member's cells
    lists: np.ndarray  # (members * 8,) whether a member's neighbours found room


@kernel
def list_all(team, rank, members, count, m, ends):
    """Sort cells into bins and list their neighbours; ``ends`` (members * 8,) is negative where a list has no room."""
    if rank == 0:
        sort_into_bins(m.place, count, m.box, m.width, m.bins, m.bin_number, m.first, m.order)
    meet(team, members)
    i_from, i_to = part_of(count, rank, members)
    k, room = part_of(m.neighbours.shape[0], rank, members)
    ends[8 * rank] = list_neighbours(
        m.place, i_from, i_to, m.bin_number, m.bins, m.first, m.order, m.skin, k, room, m.start, m.stop, m.neighbours
    )


@kernel
def renew_lists(m, count, rank, members, team, clock):
    """Sort cells into bins and list their neighbours; False when a list does not fit."""
    list_all(team, rank, members, count, m, clock.lists)
    i_from, i_to = part_of(count, rank, members)
    m.moved[i_from:i_to] = 0.0
    meet(team, members)
    fits = True
    for other in range(members):
        fits = fits and clock.lists[8 * other] >= 0
    return fits


@kernel
def interval(team, rank, members, count, field, exchange, m, migration, clock):
    """Advance fields and places of ``count`` cells by ``length``; the lists are made anew at the start."""
    u = field.u
    substances, nz, ny, nx = u.shape
    flat = u.reshape(substances, nz * ny * nx)
    shape = u.shape[1:]
    i_from, i_to = part_of(count, rank, members)
    planes, size = (ny, nx) if nz == 1 else (nz, ny * nx)
    first_plane, last_plane = part_of(planes, rank, members)
    lowest, highest = first_plane * size, last_plane * size
    occupied = exchange.occupied[lowest:highest]
    work = np.empty((ROWS, BLOCK))
    now = clock.tick[0]
    fits = renew_lists(m, count, rank, members, team, clock)
    done = clock.report[1]
    last = clock.last[0]
    end = clock.length * (1.0 - 1e-12)
    while done < end and fits:
        if substances > 0 or migration.active:
            find_voxels(m.place, i_from, i_to, field.origin, field.spacing, shape, exchange.voxel)
            meet(team, members)
        now += 1
        if substances > 0:
            found = collect(
                exchange.voxel, count, exchange.kind, exchange.phase, exchange.volumes, exchange.traits,
                exchange.rates, exchange.share, exchange.balanced, lowest, highest, exchange.stamp, now,
                exchange.factor, exchange.gain, occupied, shape, field.bounds,
            )  # fmt: skip
            for _ in range(clock.diffusion_steps):
                if exchange.balanced:
                    for s in range(substances):
                        apply(flat[s], exchange.factor[s], exchange.gain[s], occupied, found)
                implicit_step(team, rank, members, u, field.fx, field.fy, field.fz, field.bounds, field.gains)
                if not exchange.balanced:
                    for s in range(substances):
                        apply(flat[s], exchange.factor[s], exchange.gain[s], occupied, found)
        velocities(
            m.place, m.kind, i_from, i_to, m.start, m.stop, m.neighbours, m.repulsion, m.adhesion, m.roots,
            m.friction, m.velocity, m.pressure, work,
        )  # fmt: skip
        hold(m.velocity, m.still, i_from, i_to)
        step = clock.step
        if clock.longest > step:
            meet(team, members)  # everyone has read `far` of the step before
            clock.far[8 * rank] = fastest(m.velocity, i_from, i_to)
            meet(team, members)
            speed = 0.0
            for other in range(members):
                speed = max(speed, clock.far[8 * other])
            wanted = clock.shift / math.sqrt(speed) if speed > 0.0 else clock.longest
            step = min(max(step, wanted), clock.longest, max(2.0 * last, step))
            # The rest is done in one step, or in two alike, so that no tiny one is left.
            left = clock.length - done
            step = left if left <= step * (1.0 + 1e-9) else min(step, max(0.5 * left, clock.step))
        meet(team, members)
        if migration.active:
            migrate(migration, i_from, i_to, m.place, m.moved, exchange.voxel, step, now)
        clock.far[8 * rank] = move(m.place, m.velocity, m.before, i_from, i_to, step, last, m.low, m.high, m.moved)
        last = step
        done += step
        meet(team, members)
        far = 0.0
        for other in range(members):
            far = max(far, clock.far[8 * other])
        if 4.0 * far > m.skin * m.skin and (done < end or clock.contacts):
            fits = renew_lists(m, count, rank, members, team, clock)
    meet(team, members)
    if rank == 0:
        clock.tick[0] = now
        clock.report[0] = DONE if fits else FULL
        clock.report[1] = done
        clock.last[0] = last
