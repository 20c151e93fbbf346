"""Epithelial-mesenchymal plasticity: a state with three stable stretches and hysteresis.

``time ds/dt = drive - gap s - sin(4 pi s)`` on [0, 1], with noise. Without the gap all three states (0, 0.5, 1) hold
for drives between -1 and 1; the gap parts the drives at which cells become hybrid and mesenchymal, as experiments and
models of two switches in a row have it (``tian2013``). The form is our own, the simplest with these states.
"""

from __future__ import annotations

import math

from diaspore.core.jit import inline

_FOUR_PI = 4.0 * math.pi


@inline
def drift(state, drive, gap, time):
    """ds/dt, 1/min."""
    return (drive - gap * state - math.sin(_FOUR_PI * state)) / time


@inline
def advanced(state, drive, gap, time, step):
    """State after ``step`` by Heun's method (second order), kept in [0, 1]."""
    first = drift(state, drive, gap, time)
    guess = min(max(state + step * first, 0.0), 1.0)
    return min(max(state + 0.5 * step * (first + drift(guess, drive, gap, time)), 0.0), 1.0)
