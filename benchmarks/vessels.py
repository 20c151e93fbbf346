"""Speed of the vessels of a tissue: a cubic millimetre with 20,000 segments and some hundred tips, on one thread.

``step``: sprouting in a step of phenotypes (6 min), the median of those without flow. ``interval``: the step that also
reckons flow, the pressure of the fluid, maturation and pruning (every hour); ``interval-parting``: the same with red
cells that part unevenly, which takes turns between flow and haematocrit. ``exchange``: the maps of one substance while
vessels stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

HOURS = {"small": 6, "medium": 12, "large": 24}
SIDE = ["0 um", "1000 um"]
TISSUE: dict[str, Any] = {
    "schema_version": 1, "kind": "tissue", "name": "vessels", "duration": "1 h", "save_every": "1 h",
    "domain": {"x": SIDE, "y": SIDE, "z": SIDE}, "cell_types": {"tumour": {}}, "cells": [],
    "substances": {
        "oxygen": {"unit": "mmHg", "diffusion": "1e5 um**2/min", "decay": "1 1/min"},
        "VEGF": {"unit": "ng/mL", "diffusion": "600 um**2/min", "decay": "0.01 1/min"},
    },
}  # fmt: skip
VESSELS: dict[str, Any] = {
    "layout": [{"lattice": {"spacing": "85 um"}}, {"parallel": {"axis": "y", "spacing": "250 um"}, "kind": "lymph"}],
    "exchange": {"oxygen": {"level": "60 mmHg", "by_cells": True}},
    "sprouting": {"substance": "VEGF", "half": "1 ng/mL", "rate": "2e-5 1/(um*min)"},
    "remodelling": {}, "interstitium": {"outside": "0 mmHg"},
}  # fmt: skip


def measure(hours: int, parting: bool) -> tuple[list[float], list[float], list[float], dict[str, int]]:
    """Seconds of steps without and with flow, and of exchange; how many segments and tips there were at the end."""
    from diaspore.core.spec import validate
    from diaspore.tissue.compile import compile_tissue
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.vessels.part import Vessels
    from diaspore.tissue.vessels.spec import VesselsSpec

    compiled = compile_tissue(validate(TissueSpec, TISSUE), seed=1)
    simulation = Simulation(compiled.scene, compiled.cells, 1)
    grid = compiled.scene.grid
    simulation.u[1] = grid.centres(2) / 500.0
    part = Vessels(validate(VesselsSpec, VESSELS | {"flow": {"parting": parting}}), {"oxygen": "mmHg", "VEGF": "ng/mL"})
    part.begin(simulation)
    sink, source = np.zeros((2, *grid.shape))
    part.exchange(0, sink, source)
    steps, intervals, exchanges = [], [], []
    for k in range(10 * (hours + 1)):
        start = time.perf_counter()
        part.step(simulation)
        passed = time.perf_counter() - start
        simulation.tick += 1
        part.crossing()
        start = time.perf_counter()
        part.exchange(0, sink, source)
        if k >= 10:  # the first hour loads the kernels
            exchanges.append(time.perf_counter() - start)
            (intervals if simulation.tick % 10 == 0 else steps).append(passed)
    return steps, intervals, exchanges, {"segments": part.graph.segments, "tips": part.graph.tips}


def row(case: str, times: list[float], about: dict[str, int]) -> dict[str, Any]:
    """One measurement: the median and the spread (largest over smallest)."""
    return {"case": f"vessels/{case}", "value": median(times), "unit": "s", "threads": 1, "repeats": len(times),
            "spread": max(times) / min(times)} | about  # fmt: skip


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield all cases; ``size``: for how many simulated hours. Vessels use one thread, whatever ``threads`` is."""
    steps, intervals, exchanges, about = measure(HOURS[size], parting=False)
    yield row("step", steps, about)
    yield row("interval", intervals, about)
    yield row("exchange", exchanges, about)
    _, intervals, _, about = measure(HOURS[size], parting=True)
    yield row("interval-parting", intervals, about)
