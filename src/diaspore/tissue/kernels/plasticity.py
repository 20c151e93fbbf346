"""Plasticity of all cells."""

from __future__ import annotations

import math

from diaspore.core.jit import kernel
from diaspore.core.rng import normal
from diaspore.tissue.processes.plasticity import advanced
from diaspore.tissue.processes.streams import S_EMT
from diaspore.tissue.state import APOPTOTIC


@kernel
def change_states(state, kind, phase, identity, count, drive, plastic, gap, time, noise, step, seed, tick):
    """Advance the states of live cells of ``plastic`` types; ``drive`` (n,), the others by type."""
    for i in range(count):
        k = kind[i]
        if not plastic[k] or phase[i] >= APOPTOTIC:
            continue
        parts = max(1, int(math.ceil(25.0 * step / time[k])))
        for _ in range(parts):
            state[i] = advanced(state[i], drive[i], gap[k], time[k], step / parts)
        if noise[k] > 0.0:
            jump = noise[k] * math.sqrt(step / time[k]) * normal(seed, identity[i], S_EMT, tick)
            state[i] = min(max(state[i] + jump, 0.0), 1.0)
