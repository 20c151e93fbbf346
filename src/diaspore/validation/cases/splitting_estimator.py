"""Multilevel splitting beside exact chances, and beside plain runs of a small piece of tissue."""

from __future__ import annotations

import numpy as np

from diaspore.core.spec import validate
from diaspore.coupling.colony import BirthDeathColony
from diaspore.coupling.patch import TissuePatch, living
from diaspore.coupling.splitting import plain, split
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result

DIVISION = 0.4
REPEATS, WALKERS = 400, 1_000
HOLD = 10  # cells
LEVELS = (2, 4, 6, 8, HOLD)
DAY = 1_440.0  # min
TISSUE_WALKERS, PLAIN_RUNS = 3_000, 20_000


def patch() -> Simulation:
    """A cell that dies four times as fast as it divides, unless it touches others: few colonies begin."""
    side = ["-60 um", "60 um"]
    cell = {"cycle": {"model": "live", "birth_rate": "0.01 1/min"}, "apoptosis": {"rate": "0.04 1/min"}}
    together = {
        "type": "tumour", "signal": "contact with live cell", "direction": "decreases", "behaviour": "apoptosis",
        "saturation": "0.005 1/min", "half_max": 1.0, "power": 4,
    }  # fmt: skip
    data = {
        "schema_version": 1, "kind": "tissue", "name": "patch", "duration": "24 h", "domain": {"x": side, "y": side},
        "cell_types": {"tumour": cell}, "cells": [{"type": "tumour", "at": [["0 um", "0 um"]]}], "rules": [together],
    }  # fmt: skip
    compiled = compile_tissue(validate(TissueSpec, data), seed=1)
    return Simulation(compiled.scene, compiled.cells, 1, 1, compiled.parts)


def run() -> Result:
    """Four hundred estimates of each walk, and one of the tissue beside plain runs."""
    result, colony = Result(), BirthDeathColony(DIVISION)
    repeats = {}
    for size in (12, 30):
        # The second walk has seeds of its own, so that the two checks are independent.
        seeds = range(size * REPEATS, (size + 1) * REPEATS)
        repeats[size] = [split(colony, range(2, size + 1), walkers=WALKERS, seed=seed) for seed in seeds]
        mean = float(np.mean([one.probability for one in repeats[size]]))
        result.add(f"walk_{size}", mean / colony.exact(size))
    exact = colony.exact(12)
    result.add("exact_12", exact)
    result.add("coverage", float(np.mean([one.low <= exact <= one.high for one in repeats[12]])))
    result.add("gain", _gain(colony, [one.probability for one in repeats[30]], [one.work for one in repeats[30]]))
    tissue = TissuePatch(patch(), DAY, living("tumour"))
    estimate = split(tissue, LEVELS, walkers=TISSUE_WALKERS, seed=1)
    runs = plain(tissue, HOLD, runs=PLAIN_RUNS, seed=2)
    result.add_counts("tissue", int(runs.groups.sum()), PLAIN_RUNS, expected=estimate.probability)
    return result


def _gain(colony: BirthDeathColony, estimates: list[float], works: list[float]) -> float:
    """Events of plain runs over those of splitting for the same relative error."""
    exact, first = colony.exact(30), plain(colony, 30, runs=20_000, seed=3)
    alone = first.work / 20_000 * (1.0 - exact) / exact
    return alone / (float(np.mean(works)) * float(np.var(estimates, ddof=1)) / exact**2)
