"""Liver niche: tumour cells in sinusoids, Kupffer cells, sleep kept by natural killer cells, stellate cells."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import at, founders, live, share, touched
from diaspore.tissue.scenes.scene import ReadyScene

ARRIVED = 120
"""Tumour cells that arrive; the first entry under `recruitment`."""
LEAST = 4
"""Cells from which on the offspring of an arrived cell counts as a colony."""
EARLY = 12.0
"""Hour of the first look, at which cells adhere or have been killed."""
_GONE = {"signal": "time", "direction": "increases", "behaviour": "apoptosis", "saturation": "0.01 1/min", "power": 64}


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    early, end = at(tissue, EARLY), tissue.counts.iloc[-1]
    shot = tissue.shot(tissue.snapshots - 1)
    rows = live(shot, tissue, "tumour", "growing")
    sizes = founders(shot["founder"][rows])
    growing = live(shot, tissue, "growing")
    return finite(
        {
            "adherent": early["tumour inside vessels"],
            "on_kupffer": on_kupffer(tissue, 1),
            "extravasated": end["tumour extravasated"] / ARRIVED,
            "colonies": float(np.sum(sizes >= LEAST)),
            "left_dormancy": share(_left(tissue), end["tumour extravasated"]),
            "burden": float(len(rows)),
            "growing": float(len(growing)),
        }
    )


def on_kupffer(tissue: Tissue, number: int) -> float:
    """Share of the cells lodged in vessels that touch a Kupffer cell, in a snapshot."""
    shot = tissue.shot(number)
    lodged = live(shot, tissue, "tumour")
    lodged = lodged[shot["lodged"][0, lodged] > 0.0]
    return share(float(np.sum(touched(shot["place"], lodged, live(shot, tissue, "kupffer")))), float(len(lodged)))


def _left(tissue: Tissue) -> float:
    """Arrived cells that were ever seen in cycle."""
    seen: set[int] = set()
    for number in range(tissue.snapshots):
        shot = tissue.shot(number)
        seen.update(int(name) for name in np.unique(shot["founder"][live(shot, tissue, "growing")]))
    return float(len(seen))


SCENE = ReadyScene(
    name="liver-niche",
    measures={
        "adherent": ("", f"live tumour cells inside vessels after {EARLY:g} h"),
        "on_kupffer": ("", "share of them that touch a Kupffer cell"),
        "extravasated": ("", "arrived cells that got out of the vessel"),
        "colonies": ("", f"arrived cells with at least {LEAST} living cells at the end"),
        "left_dormancy": ("", "cells out of the vessel whose offspring was ever seen in cycle"),
        "burden": ("", "tumour cells at the end"),
        "growing": ("", "tumour cells in cycle at the end"),
    },
    measure=measure,
    ablations=(
        Ablation("neutrophils and MDSC", cells=("neutrophil",)),
        Ablation("Kupffer cells before arrival", cells=("kupffer",)),
        Ablation("Kupffer cells after arrival", adds=({**_GONE, "type": "kupffer", "half_max": "3 day"},)),
        Ablation(
            "Kupffer cells from day 18",
            adds=(
                {**_GONE, "type": "kupffer", "half_max": "18 day"},
                {**_GONE, "type": "late_kupffer", "half_max": "18 day"},
            ),
        ),
        Ablation("NK cells", cells=("nk",)),
        Ablation("activated stellate cells", cells=("activated_stellate",)),
    ),
    expected={
        ("neutrophils and MDSC", "colonies"): "colonies",
        ("Kupffer cells before arrival", "colonies"): "colonies",
        ("Kupffer cells after arrival", "colonies"): "colonies",
        ("Kupffer cells from day 18", "tumour burden"): "burden",
        ("NK cells", "exit from dormancy"): "left_dormancy",
        ("activated stellate cells", "exit from dormancy"): "left_dormancy",
    },
)
