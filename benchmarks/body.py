"""Speed and memory of the body engine: the main job itself, from the specification to finished tables.

Every measurement is a whole ``diaspore.simulate`` of the shipped breast patient in a fresh process with compiled
kernels (a run of ten patients before it fills the cache), so it holds drawing, courses, visits, tables on disk and the
summary. ``cpu`` is user plus system time of all threads: the figure to compare on a busy machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

PATIENTS = {"small": 50_000, "medium": 200_000, "large": 1_000_000}
REPEATS = {"small": 3, "medium": 2, "large": 1}

CHILD = """
import json, resource, sys, time
import diaspore
from diaspore.core.spec import load_spec
from diaspore.core.simulate import find_spec_file

patients, threads, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
spec = load_spec(find_spec_file("breast"))
diaspore.simulate(spec.model_copy(update={"patients": 10}), out=out + "/warm", threads=threads, quiet=True)
start, cpu = time.perf_counter(), time.process_time()
diaspore.simulate(spec.model_copy(update={"patients": patients}), out=out + "/run", threads=threads, quiet=True)
wall, cpu = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
single = []
for i in range(5):
    begin = time.perf_counter()
    diaspore.simulate(spec, seed=i, out=out + f"/one{i}", threads=1, quiet=True)
    single.append(time.perf_counter() - begin)
print(json.dumps({"wall": wall, "cpu": cpu, "peak_gb": peak, "single": single}))
"""


def measure(patients: int, threads: int) -> dict[str, Any]:
    """One run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
        source = str(Path(__file__).resolve().parents[1] / "src")
        env["PYTHONPATH"] = source + os.pathsep + env.get("PYTHONPATH", "")
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(patients), str(threads), folder],
            check=True,
            capture_output=True,
            text=True,
            env=env,
        )
        result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return result


def row(case: str, values: list[float], unit: str, threads: int) -> dict[str, Any]:
    """One measurement: the median and the spread (largest over smallest)."""
    return {
        "case": case,
        "value": median(values),
        "unit": unit,
        "threads": threads,
        "repeats": len(values),
        "spread": max(values) / min(values),
    }


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield all cases for 1 and (where there is more than one core) 2 threads; ``size`` small, medium or large."""
    patients = PATIENTS[size]
    for count in sorted({1, min(2, threads)}):
        runs = [measure(patients, count) for _ in range(REPEATS[size])]
        yield row("body/patients-per-second", [patients / r["wall"] for r in runs], "1/s", count)
        yield row("body/patients-per-cpu-second", [patients / r["cpu"] for r in runs], "1/s", count)
        yield row("body/memory-gb", [r["peak_gb"] for r in runs], "GB", count)
        yield row("body/one-patient", [s for r in runs for s in r["single"]], "s", count)
    half = measure(patients // 2, min(2, threads))
    whole = runs[-1]
    ratio = (whole["cpu"] / patients) / (half["cpu"] / (patients // 2))
    yield row("body/cpu-per-patient-over-half-size", [ratio], "1", min(2, threads))
