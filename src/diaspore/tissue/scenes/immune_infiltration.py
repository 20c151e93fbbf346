"""Immune infiltration: cytotoxic T cells that come into a tumour, and what they kill there."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import at, events, live, share
from diaspore.tissue.scenes.scene import ReadyScene

COME = 24.0
"""Hours after which the cytotoxic T cells come."""
EDGE = 0.98
"""Share of the tumour cells within the radius that counts as that of the tumour; T cells kill at its edge first."""


def inside(shot: dict[str, np.ndarray], tissue: Tissue) -> float:
    """Live cytotoxic T cells within the radius of the tumour."""
    tumour, t_cells = (shot["place"][live(shot, tissue, name), :3] for name in ("tumour", "cd8"))
    if len(tumour) == 0 or len(t_cells) == 0:
        return 0.0
    centre = np.median(tumour, axis=0)
    radius = np.quantile(np.linalg.norm(tumour - centre, axis=1), EDGE)
    return float(np.sum(np.linalg.norm(t_cells - centre, axis=1) < radius))


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    counts = tissue.counts
    hours = counts["hours"].to_numpy()
    within = np.zeros(len(hours))
    held: dict[int, float] = {}  # min for which each T cell has held tumour cells, as last seen
    kind = tissue.types.index("cd8")
    for number in np.flatnonzero(hours >= COME):
        shot = tissue.shot(int(number))
        within[number] = inside(shot, tissue)
        mine = shot["kind"] == kind
        held |= dict(zip(shot["identity"][mine].tolist(), shot["damage"][2, mine].tolist(), strict=True))
    start, end = at(tissue, COME), counts.iloc[-1]
    kills = float(end["cd8 kills tumour"])
    there = float(np.trapezoid(counts["cd8 live"], hours))
    log = events(tissue, "contacts")
    first = counts["tumour live"].iloc[0]
    return finite(
        {
            "kills_per_day": 24.0 * share(kills, there),
            "hours_inside_per_kill": share(float(np.trapezoid(within, hours)), kills),
            "kills_per_day_of_contact": 24.0 * share(kills, sum(held.values()) / 60.0),
            "hits": float(log["hits"].median()) if len(log) else float("nan"),
            "kills": kills,
            "t_cells": end["cd8 live"],
            "t_cells_inside": float(within[hours >= hours[-1] - 24.0].mean()),
            "growth": share(end["tumour live"], first),
            "growth_before": share(start["tumour live"], first),
        }
    )


SCENE = ReadyScene(
    name="immune-infiltration",
    measures={
        "kills_per_day": ("1/day", "tumour cells killed per cytotoxic T cell in the tissue and day"),
        "hours_inside_per_kill": ("h", "hours of T cells within the tumour for each kill"),
        "kills_per_day_of_contact": ("1/day", "tumour cells killed per T cell and day for which it holds one"),
        "hits": ("", "median hits that add up in a killed tumour cell"),
        "kills": ("", "tumour cells killed"),
        "t_cells": ("", "cytotoxic T cells at the end"),
        "t_cells_inside": ("", "of them within the tumour, mean of the last day"),
        "growth": ("", "tumour cells at the end over those at the start"),
        "growth_before": ("", f"the same at {COME:g} h, before T cells come"),
    },
    measure=measure,
    ablations=(
        Ablation("suppressive cytokine of the liver", factors=("liver_cytokine",)),
        Ablation("regulatory T cells", cells=("treg",)),
        Ablation("TGF-beta", factors=("tgfb",)),
    ),
    expected={
        ("suppressive cytokine of the liver", "tumour cells killed per T cell and day"): "kills_per_day",
        ("regulatory T cells", "growth of the tumour"): "growth",
        ("TGF-beta", "T cells inside the tumour"): "t_cells_inside",
    },
)
