"""A small spheroid in oxygen, ten seeds, beside figures measured with PhysiCell."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.placement import hexagonal_sphere
from diaspore.tissue.processes.volume import radius_of
from diaspore.tissue.state import APOPTOTIC
from diaspore.validation.registry import Result
from diaspore.validation.tissues import spheroid

SEEDS = range(1, 11)


def run() -> Result:
    """Cells at the start for three radii; cells, dead cells and oxygen after an hour."""
    result = Result()
    cell = radius_of(2494.0)
    for check, radius in (("start", 119.5), ("start_20k", 257.5), ("start_100k", 440.0)):
        result.add(check, len(hexagonal_sphere(radius, cell)))
    cells, dead, least = [], [], []
    for seed in SEEDS:
        s = spheroid(119.5, seed)
        s.run(10)
        cells.append(s.cells.count)
        dead.append(int(np.sum(s.cells.phase[: s.cells.count] >= APOPTOTIC)))
        least.append(float(s.u.min()))
    result.add("cells", float(np.mean(cells)))
    result.add("dead", float(np.mean(dead)))
    result.add("least_oxygen", float(np.mean(least)))
    return result
