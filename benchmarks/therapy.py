"""Speed of treatments: a year of an antibody in ten thousand patients who differ, on one thread.

``pk-10k-patients-366-days``: concentrations and areas at 366 daily moments of a two-compartment model, 17 infusions
every three weeks; ``population-10k-patients``: the patients' models from published spreads and weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

PATIENTS, DAYS, EVERY, DOSES = 10_000, 366, 21.0, 17
REPEATS = {"small": 5, "medium": 15, "large": 50}


def timed(work: Callable[[], Any], repeats: int) -> tuple[list[float], list[float]]:
    """Seconds and CPU seconds of each of some runs, after one that loads the kernels."""
    work()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return walls, cpus


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield all cases; ``size``: how often each is run. Pharmacokinetics use one thread, whatever ``threads`` is."""
    from diaspore.therapy.exposure import Doses, exposure
    from diaspore.therapy.population import population_model

    identities = np.arange(PATIENTS, dtype=np.uint64)
    weight = 45.0 + 0.006 * np.arange(PATIENTS)
    bevacizumab = population_model("bevacizumab")

    def population() -> Any:
        return bevacizumab.patients(1, identities, {"weight": weight})

    model = population()
    doses = Doses.every(EVERY * np.arange(DOSES), 15.0 * weight[:, None] * np.ones(DOSES), infusion=1.5 / 24.0)
    days = np.arange(float(DAYS))
    for name, work in (
        ("pk-10k-patients-366-days", lambda: exposure(model, doses, days)),
        ("population-10k-patients", population),
    ):
        walls, cpus = timed(work, REPEATS[size])
        yield {
            "case": f"therapy/{name}", "value": median(walls), "unit": "s", "cpu": median(cpus), "threads": 1,
            "repeats": len(walls), "spread": max(walls) / min(walls),
        }  # fmt: skip
