"""Peritoneal implant: spheroids that take hold on the omentum and open its mesothelium."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import live, newcomers, share, snapshot_at
from diaspore.tissue.scenes.scene import ReadyScene

SPHEROIDS, CELLS = 6, 8
"""Spheroids that come in, and cells of each."""
ROW, THICK = -30.0, 15.0
"""Height (um) of the mesothelium, and how far from it a mesothelial cell still belongs to it."""
SPOT = 80.0
"""Half the width (um) of the milky spot around the middle."""
REACH = 1.25
"""Distance over the sum of radii at which two cells touch."""


def gap_at(x: float, row: np.ndarray) -> float:
    """Width (um) of the gap around ``x`` between mesothelial cells of the layer; ``row`` (n, 2): place, radius.

    It is 0 at a place covered by a cell, and without bound where there is no cell on one side.
    """
    left, right = row[row[:, 0] <= x], row[row[:, 0] > x]
    low = (left[:, 0] + left[:, 1]).max(initial=-np.inf)
    high = (right[:, 0] - right[:, 1]).min(initial=np.inf)
    return max(0.0, float(high - low))


def openings(tissue: Tissue, seed: int) -> np.ndarray:
    """Hours from attachment of each spheroid until the gap is as wide as it was then; not a number where it is not."""
    names = newcomers(seed, 0, SPHEROIDS * CELLS).reshape(SPHEROIDS, CELLS)
    attached, width, hours = (np.full(SPHEROIDS, np.nan) for _ in range(3))
    held, layer = tissue.types.index("implant"), tissue.types.index("mesothelial")
    for number in range(tissue.snapshots):
        shot = tissue.shot(number)
        place = shot["place"]
        alike = (shot["kind"] == layer) & (np.abs(place[:, 1] - ROW) <= THICK)
        row = place[alike][:, [0, 3]]
        for k in np.flatnonzero(np.isnan(hours)):
            mine = np.isin(shot["founder"], names[k]) & np.isin(shot["kind"], [held, tissue.types.index("tumour")])
            if np.isnan(attached[k]):
                if not np.any(mine & (shot["kind"] == held)):
                    continue
                attached[k] = tissue.hours(number)
                # Twice the mean distance from the middle is 4/3 of the radius of a disc.
                middle = place[mine, 0].mean()
                away = np.hypot(place[mine, 0] - middle, place[mine, 1] - place[mine, 1].mean())
                width[k] = 3.0 * away.mean()
            elif mine.any() and gap_at(float(np.median(place[mine, 0])), row) >= width[k]:
                hours[k] = tissue.hours(number) - attached[k]
    return hours


def mixed(tissue: Tissue, shot: dict[str, np.ndarray], seed: int) -> float:
    """Share of the spheroids that touch a floating mesothelial cell."""
    names = newcomers(seed, 0, SPHEROIDS * CELLS).reshape(SPHEROIDS, CELLS)
    shed = shot["place"][live(shot, tissue, "shed")]
    own = live(shot, tissue, "tumour", "implant")
    found = []
    for group in names:
        place = shot["place"][own[np.isin(shot["founder"][own], group)]]
        if len(place):
            away = np.linalg.norm(place[:, None, :3] - shed[None, :, :3], axis=2)
            found.append(bool(np.any(away <= REACH * (place[:, None, 3] + shed[None, :, 3]))))
    return float(np.mean(found)) if found else float("nan")


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    seed = int(tissue.run.manifest["seed"])
    hours = openings(tissue, seed)
    early, last = tissue.shot(snapshot_at(tissue, 4.0)), tissue.shot(tissue.snapshots - 1)
    held = early["place"][live(early, tissue, "implant")]
    arrived = SPHEROIDS * CELLS
    day = tissue.shot(snapshot_at(tissue, 24.0))
    taken = np.isin(
        newcomers(seed, 0, arrived), day["founder"][live(day, tissue, "implant")]
    )  # fmt: skip
    open_ = np.isfinite(hours)
    return finite(
        {
            "clearance_time": float(np.mean(hours[open_])) if open_.any() else float("nan"),
            "opened": float(np.mean(open_)),
            "on_milky_spots_4h": share(float(np.sum(np.abs(held[:, 0]) <= SPOT)), float(len(held))),
            "attached_4h": float(len(held)) / arrived,
            "attached": float(np.mean(taken)),
            "mixed_spheroids": mixed(tissue, tissue.shot(snapshot_at(tissue, 2.0)), seed),
            "load": float(len(live(last, tissue, "tumour", "implant"))),
        }
    )


SCENE = ReadyScene(
    name="peritoneal-implant",
    measures={
        "clearance_time": ("h", "from attachment until the gap in the mesothelium is as wide as the spheroid"),
        "opened": ("", "spheroids with such a gap"),
        "on_milky_spots_4h": ("", "attached cells that sit over the milky spot after 4 h"),
        "attached_4h": ("", "cells that have taken hold after 4 h, over those that came"),
        "attached": ("", "cells that came and have taken hold, or their offspring, after a day"),
        "mixed_spheroids": ("", "spheroids that touch a floating mesothelial cell after 2 h"),
        "load": ("", "tumour cells at the end"),
    },
    measure=measure,
    ablations=(
        Ablation("milky spots and omentum", cells=("macrophage", "fat")),
        Ablation("milky spots", cells=("macrophage",)),
        Ablation("fibronectin of the mesothelium", factors=("fibronectin",)),
        Ablation("integrin and myosin of tumour cells", factors=("pull",)),
        Ablation("mesothelial cells", cells=("mesothelial", "shed")),
    ),
    expected={
        ("milky spots and omentum", "tumour load of the abdomen"): "load",
        ("fibronectin of the mesothelium", "adhesion and implants"): "attached",
        ("integrin and myosin of tumour cells", "opening of the mesothelium"): "opened",
        ("mesothelial cells", "adhesion and colonization of the omentum"): "attached",
    },
)
