"""Killing by cytotoxic drugs: the share of cells that a course leaves, and the chance that it leaves none."""

from __future__ import annotations

import numpy as np

from diaspore.core.errors import InputError

DECADE = float(np.log(10.0))


def kill_rate(logs: float, days: float) -> float:
    """Rate (1/day) of death at which a course of some days kills ``logs`` decades of cells (source: skipper1964).

    Raises:
        InputError: no days, or fewer than no logs.
    """
    if not days > 0.0:
        raise InputError(f"must be above 0, got {days:g}", field="days")
    if not logs >= 0.0:
        raise InputError(f"must be at least 0, got {logs:g}", field="logs")
    return logs * DECADE / days


def cure_probability(cells: np.ndarray, logs: np.ndarray | float) -> np.ndarray:
    """Chance that no cell of ``cells`` is left after ``logs`` decades were killed, each cell for itself."""
    found: np.ndarray = np.exp(-np.asarray(cells, dtype=float) * 10.0 ** -np.asarray(logs, dtype=float))
    return found


def norton_simon(growth: np.ndarray, sensitivity: float, share: np.ndarray) -> np.ndarray:
    """Growth rate under a drug that kills in proportion to growth: growth (1 - sensitivity share) (source: norton1977).

    Args:
        growth: rate without drug, 1/day.
        sensitivity: above 1 the tumour shrinks at the full effect.
        share: of the full effect, 0 to 1.

    Raises:
        InputError: a sensitivity below 0.
    """
    if not sensitivity >= 0.0:
        raise InputError(f"must be at least 0, got {sensitivity:g}", field="sensitivity")
    found: np.ndarray = np.asarray(growth, dtype=float) * (1.0 - sensitivity * np.asarray(share, dtype=float))
    return found


def resistant(cells: np.ndarray, mutation: float) -> np.ndarray:
    """Chance that a tumour grown from one cell to ``cells`` holds a resistant one (sources: luria1943, goldie1979).

    Args:
        cells: at least 1.
        mutation: probability of resistance per division.

    Raises:
        InputError: a probability outside of 0 to 1.
    """
    if not 0.0 <= mutation <= 1.0:
        raise InputError(f"must be between 0 and 1, got {mutation:g}", field="mutation")
    found: np.ndarray = -np.expm1(-mutation * (np.asarray(cells, dtype=float) - 1.0))
    return found
