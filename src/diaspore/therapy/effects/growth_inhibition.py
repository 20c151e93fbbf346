"""Growth, exponential then linear, of a tumour whose cells die days after a drug hit them (source: simeoni2004)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.therapy.kernels.growth_inhibition import grow

BEND = 20.0
"""How sharply growth turns from exponential to linear (simeoni2004)."""


@dataclass(frozen=True)
class GrowthInhibition:
    """Constants of the model.

    Attributes:
        early: growth rate of a small tumour, 1/day.
        late: growth of a large one, size/day.
        kill: 1/day per concentration.
        transit: between the stages of dying, 1/day.
    """

    early: float
    late: float
    kill: float
    transit: float

    def __post_init__(self) -> None:
        for name in ("early", "late", "transit"):
            if not getattr(self, name) > 0.0:
                raise InputError(f"must be above 0, got {getattr(self, name):g}", field=name)
        if not self.kill >= 0.0:
            raise InputError(f"must be at least 0, got {self.kill:g}", field="kill")

    @property
    def threshold(self) -> float:
        """Constant concentration above which a small tumour shrinks."""
        return self.early / self.kill if self.kill > 0.0 else np.inf

    def sizes(self, first: np.ndarray | float, drive: np.ndarray, step: float) -> np.ndarray:
        """Sizes (P, N + 1) from ``first`` (P,) on; ``drive`` (P, N, 3) is what `exposure.drive` gives."""
        patients, count = drive.shape[0], drive.shape[1]
        y = np.zeros((patients, 4))
        y[:, 0] = first
        found = np.empty((patients, count + 1))
        of = [np.full(patients, value) for value in (self.early, self.late, self.kill, self.transit)]
        grow(y, np.ascontiguousarray(drive), step, of[0], of[1], BEND, of[2], of[3], found)
        return found
