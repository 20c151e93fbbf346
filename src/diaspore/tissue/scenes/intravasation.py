"""Intravasation: how many tumour cells enter blood, alone or in clusters, and where."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import events, live, share
from diaspore.tissue.scenes.scene import ReadyScene

DENSITY = 1e-12
"""Grams of tumour in a cubic micrometre."""
FIELDS = 20 * 0.2
"""Area (mm2) of twenty fields."""
SLACK = 6.0
"""Way (um) that cells may have gone between a snapshot and an entry."""


def _near(a: np.ndarray, b: np.ndarray, slack: float = 0.0) -> np.ndarray:
    """Which pairs (len(a), len(b)) of cells, rows of x, y, z and radius, touch."""
    apart = np.linalg.norm(a[:, None, :3] - b[None, :, :3], axis=2)
    return np.asarray(apart < REACH * (a[:, None, 3] + b[None, :, 3]) + slack)


def places(shot: dict[str, np.ndarray], tissue: Tissue) -> np.ndarray:
    """Macrophages (n, 4) that touch both a tumour cell and the endothelium."""
    own, tumour, wall = (
        shot["place"][live(shot, tissue, *names)] for names in (("macrophage",), ("tumour",), ("endothelium", "open"))
    )
    return np.asarray(own[_near(own, tumour).any(axis=1) & _near(own, wall).any(axis=1)])


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    shots = [tissue.shot(number) for number in range(tissue.snapshots)]
    counts, domain = tissue.counts, tissue.run.spec["domain"]
    days = float(counts["hours"].iloc[-1]) / 24.0
    first = shots[0]
    edges = [len(first[name]) * float(first["x"][1] - first["x"][0]) for name in "xyz"]
    grams = float(np.prod(edges)) * DENSITY
    there = [places(shot, tissue) for shot in shots]
    flat = domain.get("z") is None
    late = [len(one) for one in there[len(there) // 3 :]]
    found = events(tissue, "crossing")
    gone = found[found["event"] == "left by blood"] if len(found) else found
    radius = float(np.cbrt(0.75 / np.pi * 2494.0))
    at_places = 0
    first_in = gone[gone["identity"] == gone["cluster"]] if len(gone) else gone
    for _, one in first_in.iterrows():
        number = int(np.sum(counts["hours"].to_numpy() * 60.0 <= one["minutes"] + 1e-6)) - 1
        cell = np.array([[one["x"], one["y"], one["z"], radius]])
        near = [there[k] for k in (number, number + 1) if k < len(there)]
        at_places += any(_near(cell, own, SLACK).any() for own in near)
    open_share = [row["open live"] / (row["open live"] + row["endothelium live"]) for _, row in counts.iterrows()]
    return finite(
        {
            "entered_per_day": len(gone) / days,
            "entries_per_day": len(first_in) / days,
            "shed_per_gram_day": len(gone) / days / grams,
            "share_at_contacts": share(float(at_places), float(len(first_in))),
            "contacts_per_20_fields": float(np.mean(late)) / (edges[0] * edges[1] * 1e-6) * FIELDS
            if flat else float("nan"),
            "permeability": float(np.mean(open_share)),
            "cells_in_clusters": share(float(np.sum(gone["size"] > 1)) if len(gone) else 0.0, float(len(gone))),
        }
    )  # fmt: skip


SCENE = ReadyScene(
    name="intravasation",
    measures={
        "entered_per_day": ("1/day", "tumour cells that enter the blood"),
        "entries_per_day": ("1/day", "entries, a cluster counted once"),
        "shed_per_gram_day": ("1/day", "tumour cells that enter the blood, per gram of tumour"),
        "share_at_contacts": ("", "entries of which the first cell was at a contact of all three"),
        "contacts_per_20_fields": ("", "such contacts in 20 fields of 0.2 mm2, mean of the later two thirds"),
        "permeability": ("", "share of the endothelium that is open, mean over time"),
        "cells_in_clusters": ("", "tumour cells that entered with others"),
    },
    measure=measure,
    ablations=(
        Ablation("VEGFA of macrophages at contacts", factors=("vegf",)),
        Ablation("macrophages", cells=("macrophage",)),
        Ablation("TNF of macrophages", factors=("tnf",)),
    ),
    expected={
        ("VEGFA of macrophages at contacts", "tumour cells that enter the blood per day"): "entered_per_day",
        ("macrophages", "tumour cells that enter the blood per day"): "entered_per_day",
        ("TNF of macrophages", "permeability of the endothelium and entries"): "entered_per_day",
    },
)
