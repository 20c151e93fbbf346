"""Bone niche: foci of tumour cells on bone that is remodelled, and what they do to it."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import colonies, live, share, snapshot_at
from diaspore.tissue.scenes.scene import ReadyScene

DAY = 24.0
BESIDE = 100.0
"""Distance (um) from a tumour cell up to which bone cells are beside the tumour."""
LEAST = 0.2
"""Change of bone (um/day) from which on a place counts as resorbed or formed."""
LARGE = 50
"""Cells from which on a focus is large."""


def foci(shot: dict[str, np.ndarray], tissue: Tissue) -> np.ndarray:
    """Cells of each focus of at least two tumour cells."""
    sizes = np.bincount(colonies(shot["place"][live(shot, tissue, "tumour")]))
    return sizes[sizes >= 2]


def beside(shot: dict[str, np.ndarray], tissue: Tissue, name: str) -> tuple[float, float]:
    """Live cells of a type beside the tumour, and the share of the area that is beside it; all without a tumour."""
    from scipy.spatial import cKDTree

    tumour = shot["place"][live(shot, tissue, "tumour"), :2]
    mine = shot["place"][live(shot, tissue, name), :2]
    if len(tumour) == 0:
        return float(len(mine)), 1.0
    tree = cKDTree(tumour)
    y, x = np.meshgrid(shot["y"], shot["x"], indexing="ij")
    area = np.mean(tree.query(np.column_stack([x.ravel(), y.ravel()]))[0] <= BESIDE)
    return float(np.sum(tree.query(mine)[0] <= BESIDE)) if len(mine) else 0.0, float(area)


def turnover(tissue: Tissue, first: int, last: int) -> tuple[float, float]:
    """Mean speed (um/day) at which bone falls where it falls, and rises where it rises, day by day."""
    lost, gained = [], []
    before = None
    for number in range(first, last + 1):
        level = tissue.shot(number)["substance_bone"].reshape(-1)
        if before is not None:
            rate = (level - before) * DAY / (tissue.hours(number) - tissue.hours(number - 1))
            lost.append(-rate[rate < -LEAST])
            gained.append(rate[rate > LEAST])
        before = level
    down, up = np.concatenate(lost or [[]]), np.concatenate(gained or [[]])
    return (
        float(down.mean()) if len(down) else float("nan"),
        float(up.mean()) if len(up) else float("nan"),
    )  # fmt: skip


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    last = tissue.snapshots - 1
    weeks = [foci(tissue.shot(snapshot_at(tissue, 7.0 * n * DAY)), tissue) for n in (1, 2)]
    late = range(min(snapshot_at(tissue, 28.0 * DAY), last), last + 1)
    density = {}
    for name in ("osteoblast", "osteoclast"):
        found = [beside(tissue.shot(number), tissue, name) for number in late]
        density[name] = share(sum(n for n, _ in found), sum(area for _, area in found))
    resorbed, formed = turnover(tissue, 0, last)
    shot = tissue.shot(last)
    start = tissue.shot(0)["substance_bone"].mean()
    sizes = foci(tissue.shot(snapshot_at(tissue, 14.0 * DAY)), tissue)
    return finite(
        {
            "focus_1_week": float(np.median(weeks[0])) if len(weeks[0]) else float("nan"),
            "focus_2_weeks": float(np.median(weeks[1])) if len(weeks[1]) else float("nan"),
            "foci": float(np.sum(sizes >= LARGE)),
            "osteoblasts_beside": density["osteoblast"],
            "osteoclasts_beside": density["osteoclast"],
            "resorption": resorbed,
            "formation": formed,
            "bone_lost": 100.0 * (1.0 - float(shot["substance_bone"].mean()) / float(start)),
            "tumour": float(len(live(shot, tissue, "tumour"))),
            "tumour_3_weeks": float(tissue.counts["tumour live"].iloc[snapshot_at(tissue, 21.0 * DAY)]),
        }
    )


SCENE = ReadyScene(
    name="bone-niche",
    measures={
        "focus_1_week": ("", "median cells of a focus of at least two after a week"),
        "focus_2_weeks": ("", "the same after two weeks"),
        "foci": ("", f"foci of at least {LARGE} cells after two weeks"),
        "osteoblasts_beside": ("", "osteoblasts beside tumour, as many as there were if all was so; from week 4 on"),
        "osteoclasts_beside": ("", "the same of osteoclasts"),
        "resorption": ("um/day", "mean speed at which bone falls where it falls"),
        "formation": ("um/day", "mean speed at which bone rises where it rises"),
        "bone_lost": ("%", "of the bone at the start"),
        "tumour": ("", "tumour cells at the end"),
        "tumour_3_weeks": ("", "tumour cells after three weeks"),
    },
    measure=measure,
    ablations=(
        Ablation("RANKL", factors=("rankl",)),
        Ablation("osteoclasts (bisphosphonate)", cells=("osteoclast",)),
        Ablation("TGF-beta signalling of tumour cells", rules=({"type": "tumour", "signal": "tgfb"},)),
        Ablation("neutrophils and MDSC", cells=("neutrophil",)),
    ),
    expected={
        ("RANKL", "osteolysis"): "bone_lost",
        ("RANKL", "tumour burden in bone"): "tumour_3_weeks",
        ("osteoclasts (bisphosphonate)", "recurrence in bone"): "foci",
        ("TGF-beta signalling of tumour cells", "bone destruction and tumour in bone"): "bone_lost",
        ("neutrophils and MDSC", "colonies"): "foci",
    },
)
