"""Lymph node: T cells that pass through, the first micrometastasis, and how it goes on by lymph."""

from __future__ import annotations

import math

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import colonies, events, live
from diaspore.tissue.scenes.scene import ReadyScene

MICRO = 100.0
"""Radius (um) of a micrometastasis, by the area or volume of its cells."""


def _first(tissue: Tissue) -> float:
    """Days until a colony has the size of a micrometastasis, to the next snapshot; not a number: none has."""
    for number in range(tissue.snapshots):
        shot = tissue.shot(number)
        place = shot["place"][live(shot, tissue, "tumour")]
        if not len(place):
            continue
        power = 2.0 if len(shot["z"]) == 1 else 3.0
        if np.bincount(colonies(place), place[:, 3] ** power).max() >= MICRO**power:
            return tissue.hours(number) / 24.0
    return math.nan


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    first, end = tissue.counts.iloc[0], tissue.counts.iloc[-1]
    found = events(tissue, "crossing")
    gone = found[found["event"] == "left by lymph"] if len(found) else found
    t_cells = gone[gone["type"] == "t_cell"] if len(gone) else gone
    return finite(
        {
            "t_cell_transit": float(t_cells["minutes"].mean()) / 60.0 if len(t_cells) else math.nan,
            "t_cells_left": float(len(t_cells)),
            "first_node_metastasis": _first(tissue),
            "new_lymph_vessels": float(end["lymph vessels mm/mm2"] - first["lymph vessels mm/mm2"]),
            "tumour_cells": float(end["tumour live"]),
            "spread_onwards": float(np.sum(gone["type"] == "tumour")) if len(gone) else 0.0,
        }
    )


SCENE = ReadyScene(
    name="lymph-node",
    measures={
        "t_cell_transit": ("h", "mean time from arrival to leaving by lymph"),
        "t_cells_left": ("", "T cells that left by lymph"),
        "first_node_metastasis": ("day", f"until a colony has a radius of {MICRO:g} um"),
        "new_lymph_vessels": ("mm/mm2", "gain of lymph vessels"),
        "tumour_cells": ("", "tumour cells in the node at the end"),
        "spread_onwards": ("", "tumour cells that left the node by lymph"),
    },
    measure=measure,
    ablations=(
        Ablation("VEGF-C/VEGFR3", changes={"vessels.lymph_sprouting": None}),
        Ablation("VEGF-C", factors=("vegf_c",)),
    ),
    expected={
        ("VEGF-C/VEGFR3", "new lymph vessels"): "new_lymph_vessels",
        ("VEGF-C", "spread beyond the sentinel node"): "spread_onwards",
    },
)
