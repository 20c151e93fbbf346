"""The scene of the lymph node beside the movement of T cells and the time of the first metastasis."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.core.simulate import simulate
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.lymph_node import SCENE
from diaspore.validation.registry import Result
from diaspore.validation.tissues import simulation

SEEDS = range(1, 13)
MINUTES, EVERY = 60, 0.5


def run() -> Result:
    """Twelve seeds; T cells alone in three dimensions for an hour, seen every half minute."""
    result = Result()
    found = [SCENE.measure(Tissue(simulate(SCENE.spec(), seed=seed, threads=1, quiet=True))) for seed in SEEDS]
    speed, drift = walk()
    result.add("t_cell_speed", speed, reason="put in")
    transit = float(np.nanmean([one["t_cell_transit"] for one in found]))
    result.add("t_cell_transit", transit, reason="fitted: the rate at which they leave was set by it")
    result.add("t_cell_drift", drift, reason="put in: nothing draws T cells of the scene")
    # Where there is none by the end it comes later: a median, since no mean is known.
    first = float(np.median(np.nan_to_num([one["first_node_metastasis"] for one in found], nan=np.inf)))
    result.add("first_node_metastasis", first, reason="fitted: the rate at which tumour cells come was set by it")
    return result


def walk() -> tuple[float, float]:
    """Mean speed and drift (um/min) of the T cells of the scene."""
    data: dict[str, Any] = SCENE.spec().model_dump(mode="json", by_alias=True, exclude_none=True)
    t_cell = {key: value for key, value in data["cell_types"]["t_cell"].items() if key != "crossing"}
    side = ["-2000 um", "2000 um"]
    starts = np.random.default_rng(1).uniform(-1000.0, 1000.0, (2000, 3)).tolist()
    s = simulation(
        domain={"x": side, "y": side, "z": side, "spacing": "200 um"}, cell_types={"t_cell": t_cell},
        cells=[{"type": "t_cell", "at": [[f"{x!r} um" for x in place] for place in starts]}],
        steps={"phenotype": f"{EVERY} min"},
    )  # fmt: skip
    start = before = _places(s)
    ways = []
    for _ in range(round(MINUTES / EVERY)):
        s.run(1)
        after = _places(s)
        ways.append(np.linalg.norm(after - before, axis=1).mean() / EVERY)
        before = after
    return float(np.mean(ways)), float(np.linalg.norm((before - start).mean(axis=0)) / MINUTES)


def _places(s: Any) -> np.ndarray:
    n = s.cells.count
    found: np.ndarray = s.cells.place[:n, :3][np.argsort(s.cells.identity[:n])]
    return found
