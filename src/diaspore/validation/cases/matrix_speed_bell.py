"""Speed of free cells against density and pores of the matrix around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.tissue.simulation import Simulation
from diaspore.validation.registry import Result
from diaspore.validation.tissues import simulation

CELLS, HOURS = 1_000, 24
DENSITIES = np.round(np.arange(0.0, 1.0001, 0.05), 2)
TYPES = {"off": (1.0, 0.0), "on": (1.0, 1.0), "on_2": (2.0, 1.0)}
"""Name -> receptors and proteolysis. Surfaces, where receptors were varied, have no pores: proteolysis is on there."""
PORE = 6.8
"""Cross-section (um2) of pores at density 1, as in the tables."""
NARROW = 5.0


def run() -> Result:
    """1,000 cells of every type at every density, for a day."""
    result = Result()
    speeds = np.array([_speeds(density) for density in DENSITIES])
    off, on, twice = speeds.T
    slope = np.diff(off)
    result.add("rising", float(np.sign(off[2] - off[1])))
    result.add("falling", float(np.sign(off[19] - off[18])))
    signs = np.sign(slope[slope != 0.0])
    result.add("one_maximum", float(np.sum(signs[1:] != signs[:-1])))
    result.add("place", float(DENSITIES[np.argmax(off)]))
    result.add("place_receptors", float(DENSITIES[np.argmax(twice)] / DENSITIES[np.argmax(on)]))
    result.add("peak_receptors", float(twice.max() / on.max()))
    pore = PORE / np.maximum(DENSITIES, 1e-9)
    between = (pore <= 20.0) & (off > 0.0)
    result.add("linear_in_pore", float(np.corrcoef(pore[between], off[between])[0, 1] ** 2))
    result.add("stop", float(pore[(DENSITIES > 0.0) & (off == 0.0)].max(initial=0.0)))
    narrow = _speeds(1.0, NARROW)
    result.add("proteolysis", float(np.sign(narrow[1] - narrow[0])))
    return result


def _speeds(density: float, pore: float = PORE) -> list[float]:
    """Mean speed (um/min) of each of `TYPES`: way of a step of phenotypes over its length."""
    s = _free(density, pore)
    before, total = _places(s), np.zeros(len(TYPES))
    for _ in range(2 * HOURS):
        s.run(1)
        after = _places(s)
        kind = s.cells.kind[: s.cells.count][np.argsort(s.cells.identity[: s.cells.count])]
        way = np.linalg.norm(after - before, axis=1)
        total += [way[kind == k].mean() for k in range(len(TYPES))]
        before = after
    return [float(value) for value in total / s.minutes]


def _places(s: Simulation) -> np.ndarray:
    n = s.cells.count
    return s.cells.place[:n, :3][np.argsort(s.cells.identity[:n])]


def _free(density: float, pore: float) -> Simulation:
    """Cells in a layer that do not push each other, far from its edges."""
    wide = ["-2000 um", "2000 um"]
    starts = np.random.default_rng(1).uniform(-1000.0, 1000.0, (len(TYPES), CELLS, 2))
    quiet: dict[str, Any] = {
        "cycle": {"model": "none"}, "repulsion": "0 um/min", "adhesion": "0 um/min", "volume": "8 um**3",
        "nucleus_volume": "4 um**3",
    }  # fmt: skip
    types = {
        name: quiet
        | {
            "motility": {
                "speed": "0.3 um/min",
                "persistence": "60 min",
                "matrix": _matrix(receptors, proteolysis, pore),
            }
        }
        for name, (receptors, proteolysis) in TYPES.items()
    }
    cells = [
        {"type": name, "at": [[f"{x!r} um", f"{y!r} um"] for x, y in places]}
        for name, places in zip(TYPES, starts.tolist(), strict=True)
    ]
    return simulation(
        domain={"x": wide, "y": wide, "spacing": "100 um"},
        substances={"collagen": {"pace": "still", "initial": float(density)}}, cell_types=types, cells=cells,
        steps={"phenotype": "30 min", "longest_mechanics": "6 min"},
    )  # fmt: skip


def _matrix(receptors: float, proteolysis: float, pore: float) -> dict[str, Any]:
    return {
        "substance": "collagen", "receptors": receptors, "proteolysis": proteolysis, "pore": f"{pore!r} um**2",
    }  # fmt: skip
