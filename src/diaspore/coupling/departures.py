"""Cells that left a tissue, read from its table of crossings: alone or in clusters, by route and phenotype."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diaspore.core.runstore import Run
from diaspore.tissue.parts.crossing import ROUTES
from diaspore.tissue.parts.plasticity import phenotype_of

PHENOTYPES = ("epithelial", "hybrid", "mesenchymal")
EVENTS = tuple(f"left by {route}" for route in ROUTES)


@dataclass(frozen=True)
class Departures:
    """Cells that left, in the order in which they did; arrays of shape (cells,).

    Attributes:
        minutes: since the start of the tissue's run.
        route: number in `ROUTES`.
        phenotype: number in `PHENOTYPES`; epithelial where cells have no such state.
        identity: of the cell.
        cluster: identity of the cell of its cluster that went first.
        size: cells of its cluster.
    """

    minutes: np.ndarray
    route: np.ndarray
    phenotype: np.ndarray
    identity: np.ndarray
    cluster: np.ndarray
    size: np.ndarray

    def __len__(self) -> int:
        return len(self.minutes)

    def leaders(self) -> np.ndarray:
        """Rows of one cell of every single or cluster: the one that went first."""
        return np.flatnonzero(self.identity == self.cluster)


def departures(run: Run, types: tuple[str, ...] | None = None) -> Departures:
    """What left the tissue of a finished run.

    Args:
        run: of kind tissue.
        types: cell types that count; all when left out.
    """
    rows = run.table("crossing_events") if "crossing_events" in run.tables() else pd.DataFrame()
    if len(rows):
        rows = rows[rows["event"].isin(EVENTS)]
    if len(rows) and types is not None:
        rows = rows[rows["type"].isin(types)]
    if len(rows) == 0:
        none = np.zeros(0, dtype=np.int64)
        names = np.zeros(0, dtype=np.uint64)
        return Departures(np.zeros(0), none, none, names, names, none)
    state = np.nan_to_num(rows["emt"].to_numpy(float))
    return Departures(
        rows["minutes"].to_numpy(float),
        rows["event"].map({event: number for number, event in enumerate(EVENTS)}).to_numpy(np.int64),
        pd.Series(phenotype_of(state)).map({word: n for n, word in enumerate(PHENOTYPES)}).to_numpy(np.int64),
        rows["identity"].to_numpy(np.uint64),
        rows["cluster"].to_numpy(np.uint64),
        rows["size"].to_numpy(np.int64),
    )
