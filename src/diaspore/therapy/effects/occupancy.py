"""A target that a drug occupies, such as the ligand that drives osteoclasts."""

from __future__ import annotations

import numpy as np

from diaspore.core.errors import InputError


def occupied(concentration: np.ndarray, dissociation: float) -> np.ndarray:
    """Share of the target that is bound, where there is much more drug than target.

    Args:
        concentration: free drug, any shape.
        dissociation: concentration at which half is bound, in the same unit.

    Raises:
        InputError: a dissociation constant that is not above 0.
    """
    if not dissociation > 0.0:
        raise InputError(f"must be above 0, got {dissociation:g}", field="dissociation")
    c = np.asarray(concentration, dtype=float)
    found: np.ndarray = c / (dissociation + c)
    return found


def free_of_target(total: np.ndarray, target: np.ndarray, dissociation: float) -> np.ndarray:
    """Free drug where it and its target deplete each other, in balance (source: gibiansky2008).

    The root of ``f + target f / (dissociation + f) = total``, written so that it loses no digits where the target holds
    nearly all of the drug.

    Args:
        total, target: drug and target, free and bound, in one unit.
        dissociation: in the same unit.
    """
    total, target = np.asarray(total, dtype=float), np.asarray(target, dtype=float)
    b = total - target - dissociation
    root = np.sqrt(b * b + 4.0 * dissociation * total)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = np.where(b >= 0.0, 0.5 * (b + root), 2.0 * dissociation * total / (root - b))
    return found
