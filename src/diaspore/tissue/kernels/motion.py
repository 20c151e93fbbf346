"""Cells move: two-step Adams-Bashforth, walls at the faces of the domain."""

from __future__ import annotations

from diaspore.core.jit import kernel


@kernel
def fastest(velocity, i_from, i_to):
    """Square of the highest speed of cells [i_from, i_to)."""
    most = 0.0
    for i in range(i_from, i_to):
        vx, vy, vz = velocity[i, 0], velocity[i, 1], velocity[i, 2]
        most = max(most, vx * vx + vy * vy + vz * vz)
    return most


@kernel
def hold(velocity, still, i_from, i_to):
    """Cells [i_from, i_to) that are ``still`` (n,), as those lodged in a vessel, do not move; empty: there are none."""
    for i in range(i_from, min(i_to, len(still))):
        if still[i]:
            velocity[i, 0] = velocity[i, 1] = velocity[i, 2] = 0.0


@kernel
def move(place, velocity, before, i_from, i_to, step, last_step, low, high, moved):
    """Advance places of cells [i_from, i_to) by ``step`` and keep them in the domain.

    ``velocity`` (n, 3) of now becomes ``before``, which is that of a step of ``last_step`` earlier; ``moved`` (n, 3)
    adds up displacements since the lists were made. Returns the largest square of a displacement since then.
    """
    most = 0.0
    weight = 0.5 * step / last_step
    for i in range(i_from, i_to):
        square = 0.0
        for axis in range(3):
            v = velocity[i, axis]
            old = place[i, axis]
            new = old + step * ((1.0 + weight) * v - weight * before[i, axis])
            before[i, axis] = v
            new = min(max(new, low[axis]), high[axis])
            place[i, axis] = new
            moved[i, axis] += new - old
            square += moved[i, axis] * moved[i, axis]
        most = max(most, square)
    return most
