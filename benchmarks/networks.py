"""Speed and memory of Boolean networks.

``cohen-vs-cmaboss``: 100,000 trajectories of the shipped model ``cohen-2015`` (32 nodes, inputs random) to t = 100,
with the probabilities of six nodes and of their combinations in windows of 1, on one thread: time of the public engine
(``cmaboss``, extra ``test``) over ours, timed in turn in one process; ``cpu`` is our time in s. ``million-cells-*``: a
unit of network time of a million cells with that network, from its start (active) and after it has come to rest
(quiescent); ``flips_per_cell`` says how much happens. ``million-cells-150-nodes``: the same with the shipped model
``regan-2022``. ``bytes-per-cell-32-nodes``: what a cell of a tissue carries for the network, one average of a node
included. ``tissue-200k``: time of a spheroid of 200,000 cells with steady oxygen, in each of which the network runs
every 12 min, senses oxygen and moves a behaviour, over the time without networks.
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

TRAJECTORIES = 100_000
REPEATS = {"small": 3, "medium": 5, "large": 9}
RADIUS_200K = 554.0  # um, of the spheroid

COMMON = """
import json, resource, sys, time
import numpy as np
from diaspore.core.simulate import find_spec_file
from diaspore.core.spec import load_spec
from diaspore.networks.boolean.copies import Draws, advance_copies
from diaspore.networks.boolean.ensemble import Ensemble

threads, repeats = int(sys.argv[1]), int(sys.argv[2])

def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result

def network(name):
    return load_spec(find_spec_file(name))
"""

PEER = (
    COMMON
    + """
import os, tempfile
import cmaboss
from diaspore.networks.boolean.engine import node_table, phenotype_table
from diaspore.networks.formats.maboss import write_maboss

trajectories = int(sys.argv[3])
shown = ("Metastasis", "Migration", "Invasion", "EMT", "Apoptosis", "CellCycleArrest")
spec = network("cohen-2015").model_copy(
    update={"outputs": shown, "duration": 100.0, "window": 1.0, "trajectories": trajectories}
)
bnd, cfg = write_maboss(spec)
folder = tempfile.mkdtemp()
for ending, text in (("bnd", bnd), ("cfg", cfg + "seed_pseudorandom = 1;\\n")):
    with open(os.path.join(folder, "n." + ending), "w") as out:
        out.write(text)

def theirs():
    simulation = cmaboss.MaBoSSSim(network=os.path.join(folder, "n.bnd"), config=os.path.join(folder, "n.cfg"))
    result = simulation.run()
    return result.get_nodes_probtraj(), result.get_probtraj()

def ours():
    tally = Ensemble(spec).run(1, 0, trajectories, 1)
    return node_table(spec, tally), phenotype_table(spec, tally)

Ensemble(spec).run(1, 0, 1000, 1)
times = []
for _ in range(repeats):
    peer, mine = timed(theirs), timed(ours)
    times.append((peer[1] / mine[1], mine[1]))
print(json.dumps({"times": times}))
"""
)

MILLION = (
    COMMON
    + """
ensemble, count = Ensemble(network(sys.argv[3])), 1_000_000
names, variants = ensemble.network, ensemble.variants
variant, entity = np.zeros(count, dtype=np.int16), np.arange(count, dtype=np.uint64)

def unit(states, turn):
    return advance_copies(names, variants, states, variant, entity, Draws(1, 410, turn), 0.0, 1.0, threads=threads)

start = ensemble.start(1, 0, count)
unit(start[:, :count].copy(), 1)
active, rest = [], []
for _ in range(repeats):
    active.append(timed(lambda: unit(start.copy(), 1)))
states = start.copy()
for turn in range(1, 101):
    unit(states, turn)
for _ in range(repeats):
    rest.append(timed(lambda: unit(states, 101)))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"active": [t[:2] for t in active], "quiescent": [t[:2] for t in rest],
    "flips": [active[0][2] / count, rest[0][2] / count], "bytes": int(states.nbytes / count), "peak_gb": peak}))
"""
)

TISSUE = (
    COMMON
    + """
from diaspore.core.spec import validate
from diaspore.core.yamlio import load_yaml
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec

def tissue(networks):
    data = dict(load_yaml(find_spec_file("oxygen-spheroid")).data)
    side = 20.0 * np.ceil(float(sys.argv[3]) / 20.0 + 3.0)
    data["domain"] = {axis: [f"{-side} um", f"{side} um"] for axis in "xyz"}
    data["cells"] = [{"type": "tumour", "sphere": {"radius": sys.argv[3] + " um"}}]
    if networks:
        data["networks"] = {"invasion": {
            "model": "cohen-2015", "hours_per_unit": 1, "averages": {"EMT": "6 h"},
            "inputs": [{"node": "DNAdamage", "signal": "oxygen", "on": "5 mmHg", "reversed": True}],
        }}
        # A behaviour that is rarely seen: the two tissues must stay alike, or something else would be compared.
        data["rules"] = [{"type": "tumour", "signal": "invasion.EMT average", "direction": "increases",
            "behaviour": "apoptosis", "saturation": "6e-5 1/min", "half_max": 0.5}]
    compiled = compile_tissue(validate(TissueSpec, data), seed=1)
    return Simulation(compiled.scene, compiled.cells, 1, threads)

pair = [tissue(False), tissue(True)]
for one in pair:
    one.run(4)
times = []
for _ in range(repeats):
    without, within = timed(lambda: pair[0].run(4)), timed(lambda: pair[1].run(4))
    times.append((without[0], within[0]))
columns = pair[1].cells.columns
bytes_per_cell = sum(c.nbytes / c.shape[-1] for c in columns.values())
print(json.dumps({"times": times, "bytes": bytes_per_cell, "cells": pair[1].cells.count}))
"""
)


def measure(code: str, *arguments: object) -> dict[str, Any]:
    """One case in a process of its own."""
    env = dict(os.environ)
    source = str(Path(__file__).resolve().parents[1] / "src")
    env["PYTHONPATH"] = source + os.pathsep + env.get("PYTHONPATH", "")
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def row(case: str, unit: str, threads: int, values: list[float], **more: Any) -> dict[str, Any]:
    """One measurement: median and spread (largest over smallest)."""
    return {
        "case": f"networks/{case}",
        "value": median(values),
        "unit": unit,
        "threads": threads,
        "repeats": len(values),
        "spread": max(values) / min(values),
    } | more


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield all cases; ``size``: how often each is timed."""
    repeats = REPEATS[size]
    found = measure(PEER, 1, repeats, TRAJECTORIES)
    ratios, cpu = zip(*found["times"], strict=True)
    yield row("cohen-vs-cmaboss", "times as fast", 1, list(ratios), cpu=median(cpu))
    for count in sorted({1, min(2, threads)}):
        for name, model in (("million-cells", "cohen-2015"), ("million-cells-150-nodes", "regan-2022")):
            found = measure(MILLION, count, repeats, model)
            for k, state in enumerate(("active", "quiescent")):
                walls, cpus = zip(*found[state], strict=True)
                case = f"{name}-{state}" if name == "million-cells" else f"{name}, {state}"
                yield row(
                    case, "s per unit time", count, list(walls), cpu=median(cpus), flips_per_cell=found["flips"][k],
                    peak_gb=found["peak_gb"],
                )  # fmt: skip
    for count in sorted({1, min(2, threads)}):
        found = measure(TISSUE, count, repeats, RADIUS_200K)
        without, within = zip(*found["times"], strict=True)
        ratios = [b / a for a, b in zip(without, within, strict=True)]
        yield row(
            "tissue-200k", "times the time without", count, ratios, cells=found["cells"], s_without=median(without)
        )
    yield row("bytes-per-cell-32-nodes", "bytes", 1, [found["bytes"]])
