"""Lung niche: what becomes of tumour cells that are caught in capillaries of the lung."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import at, events, live, newcomers, share
from diaspore.tissue.scenes.scene import ReadyScene

SINGLE, CLUSTERED = 700, 24
"""Tumour cells that arrive alone and in clusters; the first entries under `recruitment`."""
ARRIVING = ("tumour", "clustered")
"""Types of tumour cells that arrive."""
CLUSTER = 4
"""Cells of a cluster."""
LEAST = 4
"""Cells from which on the offspring of an arrived cell or cluster counts as a colony."""
HALF_DAY, DAY = 12.0, 24.0
"""Hours that measures look at."""


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    arrived = SINGLE + CLUSTERED
    half_day, day, end = at(tissue, HALF_DAY), at(tissue, DAY), tissue.counts.iloc[-1]
    met, kills = _sum(half_day, "nk encounters {}"), _sum(half_day, "nk kills {}")
    late = _sum(end, "nk encounters {}") - _sum(day, "nk encounters {}")
    late_kills = _sum(end, "nk kills {}") - _sum(day, "nk kills {}")
    alive = _sum(day, "{} live") + day["growing live"]
    lost = np.concatenate([_killed(tissue), _washed_out(tissue)])
    at_risk = float(np.sum(np.minimum(lost, HALF_DAY))) + HALF_DAY * (arrived - len(lost))
    shot = tissue.shot(tissue.snapshots - 1)
    rows = live(shot, tissue, *ARRIVING, "growing")
    seed = int(tissue.run.manifest["seed"])
    # A colony is what came of one arrived cell or cluster; cells that pass may push its cells apart.
    arrivals = newcomers(seed, 0, arrived)
    origin = np.arange(arrived)
    origin[SINGLE:] = SINGLE + (origin[SINGLE:] - SINGLE) // CLUSTER
    sorter = np.argsort(arrivals)
    mine = origin[sorter[np.searchsorted(arrivals, shot["founder"][rows], sorter=sorter)]]
    sizes = np.bincount(mine, minlength=1)
    colony = np.flatnonzero(sizes >= LEAST)
    many, cells = float(len(colony)), float(sizes[colony].sum())
    of_single = int(np.sum(colony < SINGLE))
    of_cluster = len(colony) - of_single
    label = float(np.sum(0.5 ** shot["generation"][rows].astype(float)))
    return finite(
        {
            "nk_kill_share": share(kills, met),
            "nk_late_survival": 1.0 - share(late_kills, late),
            "hours_between_encounters": share(at_risk, met),
            "alive_24h": alive / arrived,
            "extravasated": _sum(end, "{} extravasated") / arrived,
            "survived_nk": 1.0 - _sum(end, "nk kills {}") / arrived,
            "colonies": many,
            "colonies_of_single_cells": float(of_single),
            "colonies_of_clusters": float(of_cluster),
            "colonies_per_survivor": share(many, label),
            "label": label,
            "retained": many / arrived,
            "cells_in_colonies": cells,
            "cells_of_a_colony": share(cells, many),
            "growing": float(len(live(shot, tissue, "growing"))),
            "survivors": float(np.sum(sizes > 0)),
        }
    )


def _sum(row: pd.Series, name: str) -> float:
    """Sum of a count over the types that arrive; nothing where it is not counted."""
    return float(sum(row.get(name.format(one), 0.0) for one in ARRIVING))


def _killed(tissue: Tissue) -> np.ndarray:
    """Hours at which tumour cells were killed."""
    found = events(tissue, "contacts")
    if found.empty:
        return np.zeros(0)
    return np.asarray(found.loc[found["killed"].isin(ARRIVING), "minutes"]) / 60.0


def _washed_out(tissue: Tissue) -> np.ndarray:
    """Hours at which they were carried away."""
    found = events(tissue, "crossing")
    if found.empty:
        return np.zeros(0)
    return np.asarray(found.loc[found["event"] == "washed out", "minutes"]) / 60.0


SCENE = ReadyScene(
    name="lung-niche",
    measures={
        "nk_kill_share": ("", f"encounters with NK cells of the first {HALF_DAY:g} h that end in death"),
        "nk_late_survival": ("", "encounters with NK cells after 24 h that the tumour cell survives"),
        "hours_between_encounters": ("h", "between encounters of a tumour cell with NK cells, first 12 h"),
        "alive_24h": ("", "arrived cells alive in the lung after 24 h"),
        "extravasated": ("", "arrived cells that got out of the vessel"),
        "survived_nk": ("", "arrived cells that no NK cell killed"),
        "colonies": ("", f"arrived cells and clusters with at least {LEAST} living cells at the end"),
        "colonies_of_single_cells": ("", "of them those of cells that came alone"),
        "colonies_of_clusters": ("", "of them those of clusters"),
        "colonies_per_survivor": (
            "",
            "colonies per cell at the end as a label of DNA counts them: it halves at every division",
        ),
        "label": ("", "cells at the end as that label counts them"),
        "retained": ("", "colonies per arrived cell"),
        "cells_in_colonies": ("", "tumour cells in colonies at the end"),
        "cells_of_a_colony": ("", "mean tumour cells of a colony at the end"),
        "growing": ("", "tumour cells in cycle at the end"),
        "survivors": ("", "arrived cells and clusters of which there is a living cell at the end"),
    },
    measure=measure,
    ablations=(
        Ablation("NK cells", cells=("nk",)),
        Ablation("macrophages", cells=("macrophage",)),
        Ablation("ATP of platelets", factors=("atp",)),
        Ablation("platelets", cells=("platelet",)),
        Ablation("neutrophils", cells=("neutrophil",)),
        Ablation("regulatory T cells", cells=("treg",)),
        Ablation("CD8 T cells", cells=("cd8",)),
    ),
    expected={
        ("NK cells", "tumour cells alive in the lung at 24 h"): "alive_24h",
        ("NK cells", "colonies founded by single cells"): "colonies_of_single_cells",
        ("NK cells", "colonies founded by clusters"): "colonies_of_clusters",
        ("macrophages", "extravasation of tumour cells"): "extravasated",
        ("macrophages", "growth of established colonies"): "cells_in_colonies",
        ("ATP of platelets", "extravasation of tumour cells"): "extravasated",
        ("platelets", "tumour cells that survive NK cells"): "survived_nk",
        ("neutrophils", "survival in the vessel and extravasation"): "extravasated",
        ("neutrophils", "colonies"): "colonies",
        ("regulatory T cells", "colonies"): "colonies",
        ("CD8 T cells", "outgrowth of dormant cells"): "growing",
    },
)
