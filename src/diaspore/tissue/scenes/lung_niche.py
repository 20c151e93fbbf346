"""Lung niche: what becomes of tumour cells that are caught in capillaries of the lung."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import at, colonies, live, newcomers, share
from diaspore.tissue.scenes.scene import Scene

SINGLE, CLUSTERED = 120, 72
"""Tumour cells that arrive alone and in clusters; the first entries under `recruitment`."""
LEAST = 4
"""Cells from which on a group counts as a colony."""


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    arrived = SINGLE + CLUSTERED
    early, day, end = at(tissue, 12.0), at(tissue, 24.0), tissue.counts.iloc[-1]
    half_day = at(tissue, 12.0)
    met = early["nk encounters tumour"]
    late = end["nk encounters tumour"] - day["nk encounters tumour"]
    alive = day["tumour live"] + day["growing live"]
    # Cells alive at the ends of the first half day, and without the few that have divided by then.
    at_risk = 0.5 * (arrived + half_day["tumour live"] + half_day["growing live"])
    shot = tissue.shot(tissue.snapshots - 1)
    rows = live(shot, tissue, "tumour", "growing")
    group = colonies(shot["place"][rows])
    sizes = np.bincount(group)
    seed = int(tissue.run.manifest["seed"])
    founder = shot["founder"][rows]
    alone = np.isin(founder, newcomers(seed, 0, SINGLE))
    large = np.isin(group, np.flatnonzero(sizes >= LEAST))
    of_single = len(np.unique(group[large & alone]))
    of_cluster = len(np.unique(group[large & ~alone]))
    growing = live(shot, tissue, "growing")
    return finite(
        {
            "nk_kill_share": share(early["nk kills tumour"], early["nk kills tumour"] + early["nk escapes tumour"]),
            "nk_late_survival": share(end["nk escapes tumour"] - day["nk escapes tumour"], late),
            "hours_between_encounters": share(12.0 * at_risk, met),
            "alive_24h": alive / arrived,
            "extravasated": end["tumour extravasated"] / arrived,
            "survived_nk": 1.0 - end["nk kills tumour"] / arrived,
            "colonies": float(of_single + of_cluster),
            "colonies_of_single_cells": float(of_single),
            "colonies_of_clusters": float(of_cluster),
            "colonies_per_cell": share(float(np.sum(sizes >= LEAST)), float(len(rows))),
            "retained": share(float(np.sum(sizes >= LEAST)), float(arrived)),
            "cells_in_colonies": float(np.sum(large)),
            "cells_of_a_colony": float(np.mean(sizes[sizes >= LEAST])) if np.any(sizes >= LEAST) else 0.0,
            "growing": float(len(growing)),
        }
    )


SCENE = Scene(
    name="lung-niche",
    measures={
        "nk_kill_share": ("", "encounters with NK cells of the first 12 h that end in death"),
        "nk_late_survival": ("", "encounters with NK cells after 24 h that the tumour cell survives"),
        "hours_between_encounters": ("h", "between encounters of a tumour cell with NK cells, first 12 h"),
        "alive_24h": ("", "arrived cells alive in the lung after 24 h"),
        "extravasated": ("", "arrived cells that got out of the vessel"),
        "survived_nk": ("", "arrived cells that no NK cell killed"),
        "colonies": ("", f"groups of at least {LEAST} tumour cells at the end"),
        "colonies_of_single_cells": ("", "of them with cells that came alone"),
        "colonies_of_clusters": ("", "of them with cells that came in clusters only"),
        "colonies_per_cell": ("", "colonies per tumour cell at the end"),
        "retained": ("", "colonies per arrived cell"),
        "cells_in_colonies": ("", "tumour cells in colonies at the end"),
        "cells_of_a_colony": ("", "mean tumour cells of a colony at the end"),
        "growing": ("", "tumour cells in cycle at the end"),
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
        ("macrophages", "growth of established colonies"): "cells_of_a_colony",
        ("ATP of platelets", "extravasation of tumour cells"): "extravasated",
        ("platelets", "tumour cells that survive NK cells"): "survived_nk",
        ("neutrophils", "survival in the vessel and extravasation"): "extravasated",
        ("neutrophils", "colonies"): "colonies",
        ("regulatory T cells", "colonies"): "colonies",
        ("CD8 T cells", "outgrowth of dormant cells"): "growing",
    },
)
