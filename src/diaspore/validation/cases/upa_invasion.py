"""The urokinase plasminogen activation system: convergence under refinement."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.invasions import advance_to, invasion, peaks
from diaspore.validation.registry import Result

LENGTH = 10.0
MESHES = {1000: 0.02, 2000: 0.01, 4000: 0.005}


def run() -> Result:
    """Order at an early time, the front later, positivity, and peaks."""
    result = Result()
    early, front, least, clusters = {}, {}, math.inf, 0
    for volumes, step in MESHES.items():
        state = invasion("upa", LENGTH, LENGTH / volumes, step)
        last = {1000: 10, 2000: 50, 4000: 75}[volumes]
        for time in range(5, last + 1, 5):
            advance_to(state, float(time))
            least = min(least, float(state.u.min()))
            if time == 10:
                early[volumes] = state.line[0].copy()
            if time == 50:
                front[volumes] = state.place()
        clusters = len(peaks(state.line[0], 0.1))
    coarse, fine = (float(np.abs(early[n] - early[2 * n].reshape(-1, 2).mean(axis=1)).mean()) for n in (1000, 2000))
    result.add("order_t10", math.log2(coarse / fine))
    result.add("least_density", least)
    result.add("front_t50", abs(front[2000] / front[4000] - 1.0))
    result.add("peaks_t75", clusters)
    return result
