"""Brain niche: tumour cells on vessels of the brain, astrocytes, and the barrier that opens late."""

from __future__ import annotations

import math

import numpy as np

from diaspore.tissue.ablation import Ablation, finite
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import live, share
from diaspore.tissue.scenes.scene import ReadyScene

ARRIVED = 100
"""Tumour cells that arrive; the entry under `recruitment`."""
LEAST = 8
"""Cells from which on the offspring of an arrived cell counts as a metastasis."""
MACRO = 60
"""Cells from which on it is a macrometastasis of so small a piece of brain."""
TAKES_UP = 4.5
"""Level of the contrast agent over that of normal brain (day 1) from which on a metastasis is said to take it up."""
LOOKS = (20.0, 25.0, 30.0, 35.0)
"""Days on which that is looked at."""


def measure(tissue: Tissue) -> dict[str, float]:
    """Measures of a run; see `SCENE`."""
    leaky = {f"leaky_day{day:g}": share(*uptake(tissue, _snapshot(tissue, day))) for day in LOOKS}
    first = math.nan
    for number in range(tissue.snapshots):
        if uptake(tissue, number)[0] > 0:
            first = tissue.hours(number) / 24.0
            break
    shot = tissue.shot(tissue.snapshots - 1)
    found = metastases(tissue, shot)
    sizes = np.array([len(rows) for rows in found])
    at, brain = levels(shot, "drug", found), normal(tissue, "drug")
    asleep = live(shot, tissue, "tumour")
    end = tissue.counts.iloc[-1]
    return finite(
        {
            **leaky,
            "opens_day": first,
            "metastases": float(len(found)),
            "macrometastases": float(np.sum(sizes >= MACRO)),
            "burden": float(len(live(shot, tissue, "growing"))),
            "survivors": share(
                float(len(np.unique(shot["founder"][live(shot, tissue, "tumour", "growing")]))), ARRIVED
            ),
            "asleep": float(len(asleep)),
            "asleep_on_vessel": share(float(np.sum(_on_vessel(shot, asleep))), float(len(asleep))),
            "exposure_over_brain": float(np.median(at)) / brain if len(at) else math.nan,
            "extravasated": end["tumour extravasated"] / ARRIVED,
        }
    )


def _snapshot(tissue: Tissue, day: float) -> int:
    return int(np.argmin(np.abs(tissue.counts["hours"].to_numpy() / 24.0 - day)))


def metastases(tissue: Tissue, shot: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Rows of the cells of every metastasis of a snapshot."""
    rows = live(shot, tissue, "tumour", "growing")
    founder = shot["founder"][rows]
    groups = [rows[founder == one] for one in np.unique(founder)]
    return [group for group in groups if len(group) >= LEAST]


def levels(shot: dict[str, np.ndarray], substance: str, found: list[np.ndarray]) -> np.ndarray:
    """Mean level in every metastasis."""
    level = shot[f"substance_{substance}"]
    mean = []
    for rows in found:
        at = []
        for axis, name in ((2, "z"), (1, "y"), (0, "x")):
            centre = shot[name]
            spacing = centre[1] - centre[0] if len(centre) > 1 else 1.0
            number = np.rint((shot["place"][rows, axis] - centre[0]) / spacing).astype(int)
            at.append(np.clip(number, 0, len(centre) - 1))
        mean.append(float(level[tuple(at)].mean()))
    return np.array(mean)


def normal(tissue: Tissue, substance: str) -> float:
    """Level in the brain while there are no metastases: the mean at the second snapshot."""
    return float(tissue.shot(1)[f"substance_{substance}"].mean())


def uptake(tissue: Tissue, number: int) -> tuple[float, float]:
    """Metastases that take up the contrast agent in a snapshot, and all."""
    shot = tissue.shot(number)
    found = metastases(tissue, shot)
    at, brain = levels(shot, "contrast", found), normal(tissue, "contrast")
    return float(np.sum(at > TAKES_UP * brain)), float(len(found))


def _on_vessel(shot: dict[str, np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Whether cells touch a vessel."""
    place, ends = shot["vessels_place"], shot["vessels_ends"].astype(int)
    a, b = place[ends[:, 0], :2], place[ends[:, 1], :2]
    along = b - a
    found = np.zeros(len(rows), dtype=bool)
    for k, row in enumerate(rows):
        at = shot["place"][row]
        t = np.clip(((at[:2] - a) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12), 0.0, 1.0)
        away = np.linalg.norm(a + t[:, None] * along - at[:2], axis=1)
        found[k] = bool(np.any(away <= 0.5 * shot["vessels_diameter"] + at[3] + 2.0))
    return found


SCENE = ReadyScene(
    name="brain-niche",
    measures={
        **{f"leaky_day{day:g}": ("", f"metastases that take up the contrast agent on day {day:g}") for day in LOOKS},
        "opens_day": ("day", "first day on which a metastasis takes it up"),
        "metastases": ("", f"arrived cells with at least {LEAST} living cells at the end"),
        "macrometastases": ("", f"arrived cells with at least {MACRO}"),
        "burden": ("", "tumour cells in cycle at the end"),
        "survivors": ("", "arrived cells of which there is a living cell at the end"),
        "asleep": ("", "arrived cells that live and never were in cycle"),
        "asleep_on_vessel": ("", "of them those that touch a vessel"),
        "exposure_over_brain": ("", "drug in metastases (median) over that in normal brain (day 1), at the end"),
        "extravasated": ("", "arrived cells that got out of the vessel"),
    },
    measure=measure,
    ablations=(
        Ablation("VEGF-A", factors=("vegf",)),
        Ablation("plasmin", factors=("plasmin",)),
        Ablation("cytokines of astrocytes", factors=("tnf",)),
        Ablation("STING of the host", rules=({"type": "astrocyte"},)),
    ),
    expected={
        ("VEGF-A", "macrometastases of lung cancer cells"): "macrometastases",
        ("plasmin", "survival of tumour cells"): "survivors",
        ("cytokines of astrocytes", "growth of metastases"): "burden",
    },
)
