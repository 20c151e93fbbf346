"""What measures of scenes share: tables of events, colonies, cells by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.rng import child_id_column
from diaspore.core.simulate import simulate
from diaspore.core.spec import validate
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.parts.recruitment import FIRST_NAME
from diaspore.tissue.results import Tissue
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC


def events(tissue: Tissue, part: str) -> pd.DataFrame:
    """Events of a part, in order; empty where nothing happened."""
    name = f"{part}_events"
    return tissue.run.table(name) if name in tissue.run.tables() else pd.DataFrame()


def at(tissue: Tissue, hours: float) -> pd.Series:
    """Row of the counts at a time, or at the last snapshot before it."""
    counts = tissue.counts
    return counts[counts["hours"] <= hours + 1e-9].iloc[-1]


def snapshot_at(tissue: Tissue, hours: float) -> int:
    """Number of the snapshot at a time, or of the last before it."""
    return int(np.sum(tissue.counts["hours"].to_numpy() <= hours + 1e-9)) - 1


def live(shot: dict[str, np.ndarray], tissue: Tissue, *types: str) -> np.ndarray:
    """Rows of the live cells of these types in a snapshot."""
    numbers = [tissue.types.index(name) for name in types]
    return np.flatnonzero(np.isin(shot["kind"], numbers) & (shot["phase"] < APOPTOTIC))


def colonies(place: np.ndarray, gap: float = 4.0) -> np.ndarray:
    """Number of the colony of every cell (n,): cells belong together whose surfaces are no further apart than ``gap``.

    ``place`` (n, 4): x, y, z and radius, um.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    n = len(place)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    reach = 2.0 * float(place[:, 3].max()) + gap
    pairs = cKDTree(place[:, :3]).query_pairs(reach, output_type="ndarray")
    between = np.linalg.norm(place[pairs[:, 0], :3] - place[pairs[:, 1], :3], axis=1)
    pairs = pairs[between <= place[pairs[:, 0], 3] + place[pairs[:, 1], 3] + gap]
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    found: np.ndarray = connected_components(graph, directed=False)[1]
    return found


def variant(spec: TissueSpec, **fields: Any) -> TissueSpec:
    """The tissue with other fields at the top; sources are left out, since they speak of what was there."""
    data = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)
    found: TissueSpec = validate(TissueSpec, data | fields)
    return found


def run_of(spec: TissueSpec, seed: int) -> Tissue:
    """A finished run on one thread."""
    return Tissue(simulate(spec, seed=seed, threads=1, quiet=True))


def founders(founder: np.ndarray) -> np.ndarray:
    """How many cells there are of each founder of these cells."""
    found: np.ndarray = np.unique(founder, return_counts=True)[1]
    return found


def touched(place: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each cell of ``rows`` has one of ``others`` within reach of adhesion; ``place`` (n, 4), um."""
    if len(rows) == 0 or len(others) == 0:
        return np.zeros(len(rows), dtype=bool)
    apart = np.linalg.norm(place[rows, None, :3] - place[None, others, :3], axis=2)
    found: np.ndarray = (apart < REACH * (place[rows, None, 3] + place[None, others, 3])).any(axis=1)
    return found


def newcomers(seed: int, first: int, count: int) -> np.ndarray:
    """Identities of cells that came in, counted over all that came in before, from ``first`` on."""
    return child_id_column(np.uint64(seed), FIRST_NAME + 1000 + first + np.arange(count, dtype=np.int64))


def share(part: float, whole: float) -> float:
    """Part over whole; not a number where there is nothing."""
    return part / whole if whole > 0 else float("nan")
