"""Cells move: two-step Adams-Bashforth, walls at the faces of the domain."""

from __future__ import annotations

from diaspore.core.jit import kernel


@kernel
def move(place, velocity, before, i_from, i_to, step, low, high, moved):
    """Advance places of cells [i_from, i_to) by ``step`` and keep them in the domain.

    ``velocity`` (n, 3) of now becomes ``before``; ``moved`` (n, 3) adds up displacements since the lists were made.
    Returns the largest square of a displacement since then.
    """
    most = 0.0
    for i in range(i_from, i_to):
        square = 0.0
        for axis in range(3):
            v = velocity[i, axis]
            old = place[i, axis]
            new = old + step * (1.5 * v - 0.5 * before[i, axis])
            before[i, axis] = v
            new = min(max(new, low[axis]), high[axis])
            place[i, axis] = new
            moved[i, axis] += new - old
            square += moved[i, axis] * moved[i, axis]
        most = max(most, square)
    return most
