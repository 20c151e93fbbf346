"""Effect of a concentration: the law of Hill, and effects of several drugs together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diaspore.core.errors import InputError


def hill(concentration: np.ndarray, half: float, power: float = 1.0) -> np.ndarray:
    """Share of the greatest effect, 0 to 1.

    Args:
        concentration: any shape, at least 0.
        half: concentration with half of the effect, in the same unit.
        power: steepness; 1: the law of mass action (Emax).

    Raises:
        InputError: a half or power that is not above 0.
    """
    for name, value in (("half", half), ("power", power)):
        if not value > 0.0:
            raise InputError(f"must be above 0, got {value:g}", field=name)
    # Of the ratio or of its inverse, whichever is below 1, so that no power overflows.
    c = np.asarray(concentration, dtype=float)
    low = c <= half
    with np.errstate(divide="ignore"):
        small = np.where(low, c / half, half / np.where(low, 1.0, c)) ** power
    found: np.ndarray = np.where(low, small / (1.0 + small), 1.0 / (1.0 + small))
    return found


def factor(share: np.ndarray, greatest: float) -> np.ndarray:
    """Factor on a lever: 1 without drug, ``greatest`` at the full effect, geometric between.

    Geometric, so that half an effect of 0.25 is 0.5, and two half effects are the whole: a lever that multiplies does
    not depend on how an effect is cut into parts. ``greatest`` of 0 is reached linearly instead.

    Raises:
        InputError: a greatest effect below 0.
    """
    if not greatest >= 0.0:
        raise InputError(f"must be at least 0, got {greatest:g}", field="greatest")
    found: np.ndarray = 1.0 - share if greatest == 0.0 else greatest**share
    return found


def bliss(shares: Sequence[np.ndarray]) -> np.ndarray:
    """Share of cells hit by any of several drugs that act independently: 1 - (1 - a)(1 - b)... (source: greco1995)."""
    spared = np.ones_like(np.asarray(shares[0], dtype=float))
    for share in shares:
        spared = spared * (1.0 - np.asarray(share, dtype=float))
    found: np.ndarray = 1.0 - spared
    return found
