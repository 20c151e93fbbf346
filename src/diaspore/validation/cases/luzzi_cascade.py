"""Metastatic inefficiency of melanoma cells in the mouse liver: a consistency case."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.registry import Result

EXTRAVASATE, START, MACROSCOPIC, SOLITARY_DAY_13 = 0.80, 1.0 / 40.0, 1.0 / 100.0, 0.36
CELLS = 4_000_000


def run() -> Result:
    """Product and log-losses, and a simulation cell by cell with competing clocks."""
    result = Result()
    shares = (EXTRAVASATE, START, MACROSCOPIC)
    product = math.prod(shares)
    result.add("product", product)
    for name, share in zip(("extravasation", "first_growth", "macroscopic"), shares, strict=True):
        result.add(f"loss_share_{name}_pct", 100.0 * math.log(share) / math.log(product))
    for name, count in simulate(CELLS, seed=1998).items():
        result.add_counts(f"simulated_{name}", count, CELLS)
    return result


def simulate(cells: int, seed: int) -> dict[str, int]:
    """Counts of cells that extravasate by day 3, start to grow, become macroscopic, and stay solitary on day 13.

    Losses before extravasation and the starts of growth are competing exponential clocks over the first 3 days;
    solitary cells die at the constant rate that leaves the reported share on day 13.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    loss = -math.log(EXTRAVASATE) / 3.0
    extravasated = rng.exponential(1.0 / loss, cells) > 3.0
    start = -math.log1p(-START) / 3.0
    growing = extravasated & (rng.exponential(1.0 / start, cells) < 3.0)
    solitary = extravasated & ~growing
    death = math.log(EXTRAVASATE * (1.0 - START) / SOLITARY_DAY_13) / 10.0
    alive = solitary & (rng.exponential(1.0 / death, cells) > 10.0)
    macroscopic = growing & (rng.random(cells) < MACROSCOPIC)
    return {
        "extravasated": int(extravasated.sum()),
        "micrometastases": int(growing.sum()),
        "macroscopic": int(macroscopic.sum()),
        "solitary_day_13": int(alive.sum()),
    }
