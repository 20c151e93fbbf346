"""Free cells that wander, and that climb a gradient."""

from __future__ import annotations

import math

import numpy as np

from diaspore.tissue.simulation import Simulation
from diaspore.validation.registry import Result
from diaspore.validation.tissues import simulation

CELLS, SPEED, PERSISTENCE = 5_000, 0.5, 15.0


def run() -> Result:
    """Squared displacement of 5,000 cells after 1 and 24 hours over the formula; drift along a gradient."""
    result = Result()
    wandering = _free(bias=0.0)
    start = _places(wandering)
    for check, steps in (("msd_1h", 10), ("msd_24h", 230)):
        wandering.run(steps)
        squared = np.mean(np.sum((_places(wandering) - start) ** 2, axis=1))
        result.add(check, float(squared) / formula(wandering.minutes))
    for check, bias in (("drift", 0.5), ("drift_full", 1.0)):
        climbing = _free(bias)
        start = _places(climbing)
        climbing.run(60)
        drift = np.mean(_places(climbing) - start, axis=0)[0] / climbing.minutes
        result.add(check, float(drift) / SPEED)
    return result


def formula(minutes: float) -> float:
    """Mean squared displacement (um2) of persistent random walkers."""
    return 2.0 * SPEED**2 * PERSISTENCE * (minutes - PERSISTENCE * -math.expm1(-minutes / PERSISTENCE))


def _places(s: Simulation) -> np.ndarray:
    """Places (n, 3) of the cells in an order that stays."""
    n = s.cells.count
    return s.cells.place[:n, :3][np.argsort(s.cells.identity[:n])]


def _free(bias: float) -> Simulation:
    """Cells that do not push each other in a linear gradient along x."""
    starts = np.random.default_rng(1).uniform(-1000.0, 1000.0, (CELLS, 3))
    places = [[f"{x!r} um" for x in place] for place in starts.tolist()]
    wide = ["-2000 um", "2000 um"]
    lure = {
        "diffusion": "1e7 um**2/min", "held": {"x_low": 0.0, "x_high": 1.0}, "pace": "steady", "initial": 0.5,
    }  # fmt: skip
    cell = {
        "cycle": {"model": "none"}, "repulsion": "0 um/min", "adhesion": "0 um/min", "volume": "8 um**3",
        "nucleus_volume": "4 um**3",
        "motility": {
            "speed": f"{SPEED} um/min", "persistence": f"{PERSISTENCE} min", "bias": bias, "chemotaxis": {"lure": 1.0}
        },
    }  # fmt: skip
    return simulation(
        domain={"x": wide, "y": wide, "z": wide, "spacing": "200 um"}, substances={"lure": lure},
        cell_types={"walker": cell}, cells=[{"type": "walker", "at": places}],
    )  # fmt: skip
