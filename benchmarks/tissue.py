"""Speed and memory of the tissue engine on the workload that its peers were measured with.

``spheroid-*``: a sphere of tumour cells in a cubic millimetre of medium (50^3 voxels of 20 um) held at 38 mmHg, steps
of 0.01, 0.1 and 6 min, double precision: the shipped model ``oxygen-spheroid`` with 1,993, 20,010 and 99,835 cells.
The value is seconds of wall time for a simulated minute, after a first interval that fills caches; ``cpu`` is the time
of all threads. ``diffusion-*``: implicit steps of one substance, voxel updates per second. ``cells-*``: spheres of
cells alone, without substances and with steps of mechanics of 0.1 min; nanoseconds per cell and step, with growth,
division and all else that cells do every 6 min. ``lattice-step``: the first 300 steps of the shipped model
``metaspread-default`` (3 grids of 201 x 201 points, 388 cells), which its own program takes 0.32 s for each; always on
one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

RADII = {"spheroid-2k": 119.5, "spheroid-20k": 257.5, "spheroid-100k": 440.0}
ADAPTIVE = {"spheroid-20k-adaptive": 257.5}  # steady oxygen, steps of mechanics that grow: the shipped model as it is
STEPS = {
    "spheroid-2k": 3,
    "spheroid-20k": 3,
    "spheroid-100k": 2,
    "spheroid-20k-adaptive": 10,
}  # of phenotypes, 6 min each
REPEATS = {"small": 3, "medium": 5, "large": 7}
CELLS = {"cells-10k": 204.4, "cells-100k": 440.3, "cells-1m": 948.6}  # radius of the sphere, um
LATTICE_STEPS = 300
SIDES = {"diffusion-100": 100, "diffusion-200": 200}

CHILD = """
import json, resource, sys, time
import numpy as np
import diaspore
from diaspore.fields.diffusion import Diffusion, Substance
from diaspore.fields.grid import Grid
from diaspore.validation.tissues import simulation, spheroid

what, amount, threads, repeats = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
steps = int(sys.argv[5])
times = []
if what == "cells":
    side = 20.0 * np.ceil(amount / 20.0 + 3.0)
    ends = [f"{-side} um", f"{side} um"]
    s = simulation(
        1234, threads, domain={"x": ends, "y": ends, "z": ends}, steps={"longest_mechanics": "0 min"},
        cell_types={"tumour": {"apoptosis": {}}}, cells=[{"type": "tumour", "sphere": {"radius": f"{amount} um"}}],
    )
    s.run(1)
    work, unit = lambda: s.run(1), 60.0 * s.cells.count / 1e9
elif what == "lattice":
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.spec import load_spec
    from diaspore.tissue.lattice.compile import compile_lattice

    spec = load_spec(find_spec_file("metaspread-default"))
    compile_lattice(spec).lattice.run(1)
    starts = [compile_lattice(spec, seed).lattice for seed in range(repeats)]
    work, unit = lambda: starts.pop().run(steps), float(steps)
elif what != "diffusion":
    s = spheroid(amount, 1234, threads, steady=what == "adaptive")
    s.run(1)
    work, unit = lambda: s.run(steps), 6.0 * steps
else:
    side = int(amount)
    solver = Diffusion(Grid((side, side, side), 20.0), [Substance(1e5, 0.1)], 0.01)
    u = np.random.default_rng(1).random((1, side, side, side))
    steps = max(2, int(5e7 / side**3))
    solver.advance(u, 1, threads)
    work, unit = lambda: solver.advance(u, steps, threads), float(steps * side**3)
for _ in range(repeats):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    times.append(((time.perf_counter() - wall) / unit, (time.process_time() - cpu) / unit))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"times": times, "peak_gb": peak}))
"""


def measure(what: str, amount: float, threads: int, repeats: int, steps: int = 0) -> dict[str, Any]:
    """One case in a process of its own."""
    env = dict(os.environ)
    source = str(Path(__file__).resolve().parents[1] / "src")
    env["PYTHONPATH"] = source + os.pathsep + env.get("PYTHONPATH", "")
    command = [sys.executable, "-c", CHILD, what, repr(amount), str(threads), str(repeats), str(steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def row(case: str, unit: str, threads: int, values: list[float], cpu: list[float], peak: float) -> dict[str, Any]:
    """One measurement: medians and the spread (largest over smallest)."""
    return {
        "case": case,
        "value": median(values),
        "unit": unit,
        "cpu": median(cpu),
        "threads": threads,
        "repeats": len(values),
        "spread": max(values) / min(values),
        "peak_gb": peak,
    }


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield all cases for 1 and (where there is more than one core) 2 threads; ``size``: how often each is timed."""
    found = measure("lattice", 0.0, 1, REPEATS[size], LATTICE_STEPS)
    walls, cpus = zip(*found["times"], strict=True)
    yield row("tissue/lattice-step", "s/step", 1, list(walls), list(cpus), found["peak_gb"])
    for count in sorted({1, min(2, threads)}):
        for name, radius in (RADII | ADAPTIVE).items():
            what = "adaptive" if name in ADAPTIVE else "spheroid"
            found = measure(what, radius, count, REPEATS[size], STEPS[name])
            walls, cpus = zip(*found["times"], strict=True)
            yield row(f"tissue/{name}", "s per simulated minute", count, list(walls), list(cpus), found["peak_gb"])
        for name, radius in CELLS.items():
            found = measure("cells", radius, count, REPEATS[size])
            walls, cpus = zip(*found["times"], strict=True)
            yield row(f"tissue/{name}", "ns per cell and step", count, list(walls), list(cpus), found["peak_gb"])
        for name, side in SIDES.items():
            found = measure("diffusion", side, count, REPEATS[size])
            walls, cpus = zip(*found["times"], strict=True)
            yield row(
                f"fields/{name}", "voxel updates/s", count, [1.0 / w for w in walls], [1.0 / c for c in cpus],
                found["peak_gb"],
            )  # fmt: skip
