"""Invasion front: how tumour cells leave a primary tumour into the matrix around it, singly and as strands."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.parts.plasticity import HYBRID, MESENCHYMAL
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import colonies, live, share
from diaspore.tissue.scenes.scene import ReadyScene

START = 100.0
"""Radius (um) of the tumour at the start, around the middle of the domain."""
BEYOND = 30.0
"""How far (um) outside of it a cell counts as invaded."""
DIAMETER = 17.0
"""Of a tumour cell (um). A motile one moves as far in half an hour."""
MOVING = 0.25 * DIAMETER
"""Way (um) in half an hour from which on a cell, single or in a group, counts as moving."""
ALIKE = 0.5
"""Cosine from which on two directions count as the same (60 degrees)."""
GAP = 6.0
"""Gap (um) between the surfaces of cells of a group at most."""
LEAST = 3
"""Tumour cells from which on a connected group outside counts as a strand."""
OUT = 50.0
"""How far (um) outside of the tumour of the start the tip of a strand is at least."""
NEAR = 20.0
"""Distance (um) from the tip of a strand within which whoever was first has led it."""
STOP = 6.8 / 7.0
"""Density of matrix beyond which pores stop cells without proteases: pores of dense matrix over the limit."""


Shot = dict[str, np.ndarray]


class _Half:
    """Two snapshots half an hour apart: tumour cells that are in both, outside of the tumour or not."""

    def __init__(self, tissue: Tissue, first: Shot, second: Shot) -> None:
        a, b = live(first, tissue, "tumour"), live(second, tissue, "tumour")
        _, i, j = np.intersect1d(first["identity"][a], second["identity"][b], return_indices=True)
        self.place = first["place"][a[i]]
        self.emt = first["emt"][0][a[i]]
        self.way = second["place"][b[j], :3] - self.place[:, :3]
        self.length = np.linalg.norm(self.way, axis=1)
        self.outside = _radius(self.place) > START + BEYOND
        corner = np.array([first[name][0] for name in "xyz"])
        spacing = first["x"][1] - first["x"][0]
        at = np.rint((self.place[:, :3] - corner) / spacing).astype(int)
        collagen = first["substance_collagen"]
        x, y, z = np.clip(at, 0, np.array(collagen.shape[::-1]) - 1).T
        self.density = collagen[z, y, x]
        group = colonies(self.place, GAP)
        self.group_size = np.bincount(group, minlength=1)[group] if len(group) else group
        self.motile = self.length >= DIAMETER

    def streams(self) -> np.ndarray:
        """Which cells have another motile one within a diameter ahead or behind that goes the same way."""
        found = np.zeros(len(self.way), dtype=bool)
        rows = np.flatnonzero(self.motile)
        heading = self.way[rows] / self.length[rows, None]
        for row, own in zip(rows, heading, strict=True):
            apart = self.place[rows, :3] - self.place[row, :3]
            along = apart @ own
            gap = np.linalg.norm(apart, axis=1) - DIAMETER
            across = np.linalg.norm(apart - along[:, None] * own, axis=1)
            near = (rows != row) & (gap <= DIAMETER) & (across <= DIAMETER) & (heading @ own >= ALIKE)
            found[row] = near.any()
        return found


def _radius(place: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(place[:, :3], axis=1))


def strands(tissue: Tissue, shots: list[Shot]) -> tuple[int, int, int]:
    """Strands of tumour cells outside at the end, how many of them a fibroblast has led, and cells in strands.

    The leader is who was first near the place of the outermost cell of the strand, over all snapshots.
    """
    shot = shots[-1]
    rows = live(shot, tissue, "tumour")
    rows = rows[(_radius(shot["place"][rows]) > START + BEYOND) & (shot["emt"][0][rows] < MESENCHYMAL)]
    place = shot["place"][rows]
    group = colonies(place, GAP)
    tips = []
    cells = 0
    for number in np.unique(group):
        mine = place[group == number]
        if len(mine) >= LEAST and _radius(mine).max() > START + OUT:
            tips.append(mine[np.argmax(_radius(mine)), :3])
            cells += len(mine)
    led = 0
    left = list(range(len(tips)))
    for shot in shots:
        for t in list(left):
            away = {
                kind: np.linalg.norm(shot["place"][live(shot, tissue, kind), :3] - tips[t], axis=1).min(initial=np.inf)
                for kind in ("tumour", "fibroblast")
            }
            if min(away.values()) <= NEAR:
                led += away["fibroblast"] < away["tumour"]
                left.remove(t)
    return len(tips), led, cells


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    shots = [tissue.shot(number) for number in range(tissue.snapshots)]
    start, end = tissue.counts.iloc[0], tissue.counts.iloc[-1]
    motile = streaming = alone = every = 0
    speeds: list[np.ndarray] = []
    narrow: list[np.ndarray] = []
    together: list[np.ndarray] = []
    hours = (tissue.hours(1) - tissue.hours(0)) if tissue.snapshots > 1 else float("nan")
    for number in range(tissue.snapshots // 3, tissue.snapshots - 1):
        half = _Half(tissue, shots[number], shots[number + 1])
        motile += int(half.motile.sum())
        streaming += int(half.streams().sum())
        single = half.outside & (half.group_size == 1)
        moving = half.outside & (half.length >= MOVING)
        every += len(half.length)
        alone += int((moving & single).sum())
        speeds.append(half.length[single & half.motile] / (60.0 * hours))
        narrow.append(half.length[(half.emt >= MESENCHYMAL) & (half.density > STOP)] / (60.0 * hours))
        together.append(half.length[half.outside & (half.group_size >= LEAST) & (half.emt < HYBRID)] / (60.0 * hours))
    shot = shots[-1]
    rows = live(shot, tissue, "tumour")
    invaded = int(np.sum(_radius(shot["place"][rows]) > START + BEYOND))
    left = end["tumour left by blood"]
    number, led, in_strands = strands(tissue, shots)
    single_speed, narrow_speed, together_speed = (
        np.concatenate(one) if one else np.zeros(0) for one in (speeds, narrow, together)
    )
    return finite(
        {
            "invaded": float(invaded + left),
            "left_by_blood": float(left),
            "growth": share(float(end["tumour live"] + left), float(start["tumour live"])),
            "single_share": share(float(alone), float(every)),
            "collective_speed": float(together_speed.mean()) if len(together_speed) else float("nan"),
            "strands": float(number),
            "cells_in_strands": float(in_strands),
            "fibroblast_leads": share(float(led), float(number)),
            "streaming_share": share(float(streaming), float(motile)),
            "single_cell_speed": float(np.median(single_speed)) if len(single_speed) else float("nan"),
            "speed_in_narrow_pores": float(narrow_speed.mean()) if len(narrow_speed) else float("nan"),
            "mesenchymal": share(float(end["tumour mesenchymal"]), float(end["tumour live"])),
        }
    )


SCENE = ReadyScene(
    name="invasion-front",
    measures={
        "invaded": ("", f"tumour cells more than {BEYOND:g} um outside of the tumour of the start, or gone by blood"),
        "left_by_blood": ("", "tumour cells that went into the blood"),
        "growth": ("", "tumour cells at the end, with those gone by blood, over those at the start"),
        "single_share": ("", "moving tumour cells outside that touch no other, of all tumour cells"),
        "collective_speed": ("um/min", f"of epithelial tumour cells outside in groups of at least {LEAST}"),
        "strands": ("", f"groups of at least {LEAST} tumour cells outside that are not mesenchymal"),
        "cells_in_strands": ("", "tumour cells in them"),
        "fibroblast_leads": ("", "of them, those to whose tip a fibroblast came first"),
        "streaming_share": ("", "motile tumour cells behind or before another that goes the same way"),
        "single_cell_speed": ("um/min", "median over half hours in which a single tumour cell outside is motile"),
        "speed_in_narrow_pores": ("um/min", "of mesenchymal tumour cells in pores below the limit"),
        "mesenchymal": ("", "mesenchymal share of the tumour cells at the end"),
    },
    measure=measure,
    ablations=(
        Ablation("CSF-1 (macrophages)", factors=("csf1",)),
        Ablation("TGF-beta", factors=("tgfb",)),
        Ablation("fibroblasts", cells=("fibroblast",)),
        Ablation(
            "matrix metalloproteinases", factors=("mmp2",),
            rules=({"behaviour": "proteolysis"}, {"behaviour": "collagen uptake"}),
            changes={
                "cell_types.fibroblast.exchange.collagen.uptake": "0 1/min",
                "cell_types.fibroblast.motility.matrix.proteolysis": 0.0,
            },
        ),
    ),
    expected={
        ("CSF-1 (macrophages)", "invasion and spread to the lung"): "invaded",
        ("CSF-1 (macrophages)", "growth of the primary tumour"): "growth",
        ("TGF-beta", "share of tumour cells that move singly"): "single_share",
        ("TGF-beta", "collective movement"): "cells_in_strands",
        ("fibroblasts", "collective invasion of epithelial tumour cells"): "cells_in_strands",
        ("matrix metalloproteinases", "speed in pores below the limit of deformation"): "speed_in_narrow_pores",
    },
)  # fmt: skip
