"""Neutrophils under a drug that kills their precursors (source: friberg2002), for rules that put doses off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.therapy.kernels.neutrophils import neutrophils

STAGES = 5
"""Proliferating cells, three stages of maturing ones, cells in blood."""


@dataclass(frozen=True)
class Neutropenia:
    """Constants of the model.

    Attributes:
        transit: mean time from precursor to blood, days.
        slope: share of the making that is lost per concentration.
        base: neutrophils without drug, 1e9/L.
        feedback: power of base over level with which making rises.
    """

    transit: float
    slope: float
    base: float
    feedback: float

    def __post_init__(self) -> None:
        for name in ("transit", "base"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"must be above 0, got {getattr(self, name):g}", field=name)
        for name in ("slope", "feedback"):
            if not getattr(self, name) >= 0.0:
                raise InputError(f"must be at least 0, got {getattr(self, name):g}", field=name)

    def levels(self, drive: np.ndarray, step: float) -> np.ndarray:
        """Neutrophils (P, N + 1), 1e9/L, from rest on; ``drive`` (P, N, 3) is what `exposure.drive` gives."""
        patients, count = drive.shape[0], drive.shape[1]
        found = np.empty((patients, count + 1))
        rate = (STAGES - 1) / self.transit
        rates, slope, base, feedback = (
            np.full(patients, value) for value in (rate, self.slope, self.base, self.feedback)
        )
        y = np.full((patients, STAGES), self.base)
        neutrophils(y, np.ascontiguousarray(drive), step, rates, slope, base, feedback, found)
        return found
