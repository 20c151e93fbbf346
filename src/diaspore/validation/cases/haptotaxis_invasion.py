"""Haptotaxis of tumour cells beside a reference computation of the same equations."""

from __future__ import annotations

import numpy as np

from diaspore.validation.invasions import advance_to, invasion, peaks
from diaspore.validation.registry import Result

VOLUMES, STEP = 2000, 0.01


def run() -> Result:
    """Mass, positivity, and profiles at the times 10 and 20."""
    result = Result()
    state = invasion("haptotaxis", 1.0, 1.0 / VOLUMES, STEP)
    x = state.grid.centres(2)
    mass = state.mass()[0]
    drift, least = 0.0, float(state.u.min())
    result.add("mass", mass)
    for time in range(1, 21):
        advance_to(state, float(time))
        drift = max(drift, abs(state.mass()[0] / mass - 1.0))
        least = min(least, float(state.u.min()))
        if time in (10, 20):
            cells, _, protease = state.line
            ridge = peaks(cells, 1e-3)[-1]
            result.add(f"centre_t{time}", cells[0])
            result.add(f"ridge_x_t{time}", x[ridge])
            result.add(f"ridge_n_t{time}", cells[ridge])
            result.add(f"matrix_half_t{time}", state.place())
            if time == 10:
                result.add("protease_t10", protease[0])
            else:
                result.add("mean_x_t20", float(np.sum(x * cells) / np.sum(cells)))
    result.add("mass_kept", drift)
    result.add("least_density", least)
    return result
