"""Brightness against the leukocytes of the same slide, since counts do not carry over between microscopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

ENOUGH = 30
"""Fewer leukocytes than this give no spread to go by."""
SAMPLE = 100_000
"""Most events from which a slide's leukocytes are described; of larger slides every second, third, … is taken."""
POSITIVE = 5.0
"""CD45 above so many times the noise of a background pixel counts as there."""
CONSISTENT = 1.4826
"""Median absolute deviation of a normal distribution to its standard deviation."""


def scale(snr: np.ndarray) -> np.ndarray:
    """asinh(mean / 2 noise): linear within the noise, logarithmic above. ``snr``: the mean over the noise."""
    return np.arcsinh(0.5 * np.asarray(snr, dtype=np.float64))


@dataclass(frozen=True)
class Reference:
    """The leukocytes of a slide.

    ``count``: how many describe it; ``middle`` and ``spread``: median and robust sd of asinh(mean / 2 noise) by
    channel; ``balance``: median and robust sd of the balance of cytokeratin and CD45; ``nuclei``: events looked at;
    ``cd45_share`` and ``keratin_share``: parts of them in which that channel is there.
    """

    count: int
    middle: Mapping[str, float]
    spread: Mapping[str, float]
    balance: tuple[float, float]
    nuclei: int
    cd45_share: float
    keratin_share: float

    @property
    def enough(self) -> bool:
        """Whether there are leukocytes enough to go by."""
        return self.count >= ENOUGH


def balance(events: pd.DataFrame) -> np.ndarray:
    """asinh scale of cytokeratin less that of CD45: about the log of their ratio; above 0: more cytokeratin."""
    return _u(events, "cytokeratin") - _u(events, "cd45")


def reference(events: pd.DataFrame, names: Iterable[str]) -> Reference:
    """The leukocytes among events: CD45 is there and outweighs cytokeratin. ``names``: the channels."""
    there = balance(events)
    cd45 = events["cd45_snr"].to_numpy() > POSITIVE
    keratin = events["cytokeratin_snr"].to_numpy() > POSITIVE
    chosen = cd45 & (there < 0.0)
    found = {name: _middle(_u(events, name)[chosen]) for name in names}
    total = max(len(events), 1)
    return Reference(
        int(chosen.sum()), {name: one[0] for name, one in found.items()}, {name: one[1] for name, one in found.items()},
        _middle(there[chosen]), len(events), float(cd45.sum() / total), float((keratin & ~cd45).sum() / total),
    )  # fmt: skip


def standardised(events: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """``balance`` and a column ``NAME_z`` for each channel; z is undefined (NaN) where there are too few leukocytes."""
    columns = {"balance": balance(events).astype(np.float32)}
    for name, middle in reference.middle.items():
        z = (_u(events, name) - middle) / reference.spread[name]
        columns[f"{name}_z"] = (z if reference.enough else np.full(len(events), np.nan)).astype(np.float32)
    return pd.DataFrame(columns, index=events.index)


def _u(events: pd.DataFrame, name: str) -> np.ndarray:
    return scale(events[f"{name}_snr"].to_numpy())


def _middle(values: np.ndarray) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    middle = float(np.median(values))
    return middle, max(CONSISTENT * float(np.median(np.abs(values - middle))), 0.05)
