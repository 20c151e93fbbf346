"""Pre-metastatic niche: marrow-derived cells that gather in a lung before tumour cells come."""

from __future__ import annotations

import math

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import colonies, founders, live
from diaspore.tissue.scenes.scene import ReadyScene

MARROW = ("progenitor", "cd11b", "neutrophil", "entrained")
"""Types of cells that come from the marrow."""
CLUSTER = 8
"""Touching cells of the marrow from which on they are a cluster."""
LEAST = 4
"""Cells from which on the offspring of an arrived tumour cell counts as a colony."""
OVERT = 16
"""Cells from which on it counts as an overt metastasis of so small a piece of lung."""


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    found, clusters, largest = {"cluster": math.nan, "overt": math.nan}, [], np.zeros(0)
    for number in range(tissue.snapshots):
        shot, day = tissue.shot(number), tissue.hours(number) / 24.0
        place = shot["place"][live(shot, tissue, *MARROW)]
        clusters.append(int(np.sum(np.bincount(colonies(place, gap=2.0), minlength=1) >= CLUSTER)))
        largest = founders(shot["founder"][live(shot, tissue, "tumour", "growing")])
        if clusters[-1] and math.isnan(found["cluster"]):
            found["cluster"] = day
        if np.any(largest >= OVERT) and math.isnan(found["overt"]):
            found["overt"] = day
    come = tissue.counts["tumour come in"].to_numpy()
    tumour = float(tissue.counts["hours"].to_numpy()[np.argmax(come > 0)] / 24.0) if come.any() else math.nan
    end = tissue.counts.iloc[-1]
    return finite(
        {
            "cluster_day": found["cluster"],
            "tumour_day": tumour,
            "lead_days": tumour - found["cluster"],
            "overt_day": found["overt"],
            "clusters": float(np.mean(clusters)),
            "cd11b_recruited": end["cd11b come in"],
            "tumour_cells_come": end["tumour come in"],
            "colonies": float(np.sum(largest >= LEAST)),
            "burden": end["tumour live"] + end["growing live"],
        }
    )


SCENE = ReadyScene(
    name="premetastatic-niche",
    measures={
        "cluster_day": ("day", f"first day with {CLUSTER} cells of the marrow that touch"),
        "tumour_day": ("day", "first day with a tumour cell"),
        "lead_days": ("day", "from the first cluster to the first tumour cell"),
        "overt_day": ("day", f"first day with {OVERT} living cells of one arrived tumour cell"),
        "clusters": ("", "clusters of cells of the marrow, mean over the run"),
        "cd11b_recruited": ("", "CD11b+ cells that came in"),
        "tumour_cells_come": ("", "tumour cells that were caught"),
        "colonies": ("", f"arrived cells with at least {LEAST} living cells at the end"),
        "burden": ("", "tumour cells at the end"),
    },
    measure=measure,
    ablations=(
        Ablation("VEGFR1+ progenitors", cells=("progenitor",)),
        Ablation("lysyl oxidase", factors=("lox",)),
        Ablation("MMP9", factors=("mmp9",)),
        Ablation("G-CSF", factors=("gcsf",)),
        Ablation("neutrophils", cells=("neutrophil",)),
        Ablation("neutrophils entrained by the tumour", cells=("entrained",)),
    ),
    expected={
        ("VEGFR1+ progenitors", "marrow-derived clusters"): "clusters",
        ("VEGFR1+ progenitors", "colonies"): "colonies",
        ("lysyl oxidase", "CD11b+ cells recruited"): "cd11b_recruited",
        ("lysyl oxidase", "growth of metastases"): "burden",
        ("MMP9", "colonies"): "colonies",
        ("G-CSF", "colonies"): "colonies",
        ("neutrophils", "colonies"): "colonies",
        ("neutrophils entrained by the tumour", "colonies"): "colonies",
    },
)
