"""Speed of treatments: a year of an antibody in ten thousand patients who differ, on one thread.

``pk-10k-patients-366-days``: concentrations and areas at 366 daily moments of a two-compartment model, 17 infusions
every three weeks; ``population-10k-patients``: the patients' models from published spreads and weights.
``trial-10k-10y``: 10,000 patients with breast cancer for ten years in two arms, twelve weeks of a taxane or none, with
visits, outcomes on disk and the analysis: a whole `diaspore.simulate`, after a small one that loads the kernels.
``200-trials-of-1000``: as many trials of the same drugs, one after another, with the power over all of them (once;
not with ``--size small``).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

PATIENTS, DAYS, EVERY, DOSES = 10_000, 366, 21.0, 17
TRIAL: dict[str, Any] = {
    "schema_version": 1, "kind": "trial", "name": "bench", "patients": 10_000, "parameters": "breast-2026.2",
    "numerics": {"lesion_limit": 5}, "surgery": {"primary": {"at": "30 day"}},
    "follow_up": {
        "duration": "10 year",
        "visits": [{"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": "10 year"}],
    },
    "covariates": {"diameter": {"median": "22 mm", "spread": 0.5, "low": "4 mm", "high": "80 mm"}},
    "arms": [
        {"name": "none"},
        {"name": "drug", "treatment": [
            {"drug": "bevacizumab", "dose": "5 mg/kg", "every": "2 week", "for": "1 year", "from": "surgery",
             "effects": [{"lever": "angiogenesis_rate", "factor": 0.3, "half": "50 mg/L"}]},
            "paclitaxel 80 mg/m2 weekly for 12 weeks from surgery",
        ]},
    ],
    "analysis": {"follow_up": "10 year", "endpoints": ["recurrence", "overall_survival"]},
}  # fmt: skip
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
    walls, cpus = timed(lambda: trial(TRIAL["patients"], threads), REPEATS[size] // 5)
    yield {
        "case": "therapy/trial-10k-10y", "value": median(walls), "unit": "s", "cpu": median(cpus), "threads": threads,
        "repeats": len(walls), "spread": max(walls) / min(walls),
    }  # fmt: skip
    if size == "small":
        return
    wall, cpu = time.perf_counter(), time.process_time()
    many = {"enrol": 1000, "repeats": 200, "patients": 224_000, "accrual": "0 day"}
    trial(many.pop("patients"), threads, **many)
    yield {
        "case": "therapy/200-trials-of-1000", "value": time.perf_counter() - wall, "unit": "s",
        "cpu": time.process_time() - cpu, "threads": threads, "repeats": 1,
    }  # fmt: skip


def trial(patients: Any, threads: int, **more: Any) -> None:
    """A trial of so many patients, in a folder that is thrown away."""
    from diaspore.core.simulate import simulate
    from diaspore.core.spec import spec_from_dict

    with tempfile.TemporaryDirectory() as folder:
        spec = spec_from_dict(TRIAL | {"patients": patients} | more)
        simulate(spec, seed=1, out=Path(folder) / "run", threads=threads, quiet=True)
