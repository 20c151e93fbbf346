"""Angiogenic switch: whether vessels come to a small tumour, and what they do for it."""

from __future__ import annotations

import math

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import live, share, snapshot_at
from diaspore.tissue.scenes.scene import ReadyScene

START = 75.0
"""Radius (um) of the tumour at the start, around the middle of the domain."""
PARENT = 200.0
"""Distance (um) of the vessels of the start from the middle."""
SWITCHED = 100.0
"""Length (um) of new vessels with flow within the tumour of the start from which on it has switched."""
PALPABLE = 4.0 / 3.0 * math.pi * 2.5**3 * 2.06e5
"""Cells of a tumour that can be felt: 5 mm across, at 2.06e5 cells in a mm3."""
INJECTED = 1e6
"""Cells that are injected; an assumption."""


def _new(shot: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Length, distance of the middle from the centre, and flow (0 or 1) of every segment that sprouts have made."""
    rows = np.flatnonzero(shot["vessels_sprout"] != 0)
    ends = shot["vessels_place"][shot["vessels_ends"][rows]]
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    return length, np.linalg.norm(ends.mean(axis=1), axis=1), shot["vessels_perfused"][rows]


def _front(shots: list[dict[str, np.ndarray]], hours: np.ndarray) -> float:
    """Mean advance (mm/day) of the longest new vessels towards the middle until one is near the tumour."""
    reached = []
    for shot in shots:
        rows = np.flatnonzero(shot["vessels_sprout"] != 0)
        nodes = shot["vessels_place"][shot["vessels_ends"][rows]].reshape(-1, 3)
        reached.append(max(PARENT - float(np.abs(nodes[:, 0]).min()), 0.0) if len(nodes) else 0.0)
    steps = [
        (reached[k + 1] - reached[k]) / (hours[k + 1] - hours[k]) * 24e-3
        for k in range(len(shots) - 1)
        if reached[k] > 0.0 and reached[k + 1] < PARENT - START
    ]
    return float(np.mean(steps)) if steps else math.nan


def _elongation(shots: list[dict[str, np.ndarray]], hours: np.ndarray) -> float:
    """Mean way (um/h) of tips that are there in two snapshots."""
    found: list[np.ndarray] = []
    for k in range(len(shots) - 1):
        a, b = shots[k], shots[k + 1]
        _, i, j = np.intersect1d(a["vessels_tip_identity"], b["vessels_tip_identity"], return_indices=True)
        way = b["vessels_place"][b["vessels_tip_node"][j]] - a["vessels_place"][a["vessels_tip_node"][i]]
        found.append(np.linalg.norm(way, axis=1) / (hours[k + 1] - hours[k]))
    ways = np.concatenate(found) if found else np.zeros(0)
    return float(ways.mean()) if len(ways) else math.nan


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    shots = [tissue.shot(number) for number in range(tissue.snapshots)]
    counts = tissue.counts
    hours = counts["hours"].to_numpy()
    cells = (counts["dormant live"] + counts["angiogenic live"]).to_numpy()
    length, away, flows = _new(shots[-1])
    inside = float(length[(away < START) & (flows == 1)].sum())
    late = snapshot_at(tissue, 0.5 * float(hours[-1]))
    day_2 = shots[snapshot_at(tissue, 48.0)]
    generation = day_2["generation"][live(day_2, tissue, "dormant", "angiogenic")]
    rate = math.log(max(cells[-1], 1) / max(cells[late], 1)) / max(hours[-1] - hours[late], 1e-9) * 24.0
    return finite(
        {
            "switched": float(inside >= SWITCHED),
            "vessels_in_tumour": inside,
            "new_vessels": float(length.sum()) * 1e-3,
            "sprouts": float(counts["vessels begun"].iloc[-1]),
            "perfusion": share(float(length[flows == 1].sum()), float(length.sum())),
            "growth": share(float(cells[-1]), float(cells[0])),
            "growth_rate": rate,
            "divisions": float(generation.mean()) if len(generation) else math.nan,
            "vessel_front": _front(shots, hours),
            "elongation": _elongation(shots, hours),
        }
    )


def days_to_palpable(rate: float, cells: float = INJECTED) -> float:
    """Days from so many cells on at a steady rate of growth (1/day); infinite where there is none."""
    return math.log(PALPABLE / cells) / rate if rate > 0.0 else math.inf


SCENE = ReadyScene(
    name="angiogenic-switch",
    measures={
        "switched": (
            "",
            f"1 where {SWITCHED:g} um of new vessels with flow are within the tumour of the start, else 0",
        ),
        "vessels_in_tumour": ("um", "new vessels with flow within the tumour of the start"),
        "new_vessels": ("mm", "length of new vessels at the end"),
        "sprouts": ("", "sprouts begun"),
        "perfusion": ("", "share of the new vessels that have flow"),
        "growth": ("", "tumour cells at the end over those at the start"),
        "growth_rate": ("1/day", "of tumour cells in the second half"),
        "divisions": ("", "mean generation of tumour cells after two days"),
        "vessel_front": ("mm/day", "advance of the longest new vessels before they reach the tumour"),
        "elongation": ("um/h", "mean way of tips"),
    },
    measure=measure,
    ablations=(
        Ablation("MMP9", factors=("mmp9",)),
        Ablation("MMP2", factors=("mmp2",)),
        Ablation("uPA", factors=("upa",)),
        Ablation("VEGF signalling", changes={"vessels.sprouting": None}),
        Ablation("Dll4/Notch", changes={"vessels.sprouting.notch": 0.0}),
    ),
    expected={
        ("MMP9", "tumours that switch"): "switched",
        ("MMP2", "tumours that switch"): "switched",
        ("MMP2", "growth of the tumour"): "growth",
        ("uPA", "tumours that switch"): "switched",
        ("VEGF signalling", "tumours that switch"): "switched",
        ("Dll4/Notch", "sprouts and vessels"): "new_vessels",
        ("Dll4/Notch", "perfusion"): "perfusion",
        ("Dll4/Notch", "growth of the tumour"): "growth",
    },
)
