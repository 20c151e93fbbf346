"""Synthetic slides counted with the gates that go by the slide's own leukocytes.

The gates and their errors were chosen on slides with seeds from 1000; those here have seeds 1 to 200. Each field of
1024 x 1024 px holds 0 to 200 tumour cells (65 % epithelial, 25 % hybrid, 10 % mesenchymal; a tenth of them in
clusters), 300 to 1,500 leukocytes, of which six in ten have lobed nuclei, and 10 to 80 pieces of debris: fibres and
specks that shine in all channels, bare DNA, dying cells, cytokeratin without a nucleus. Blur, defocus across the
field, and light lost in the corners are drawn anew for each.

Cells that hold less than 0.15 of the cytokeratin of a typical epithelial cell (`DIM`; nine in ten mesenchymal ones) are
beyond what these gates see, and are apart: recall and counts are of the others; a call of a dim one is still right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from diaspore.ctc.images.calling import Caller
from diaspore.ctc.images.certainty import count_interval
from diaspore.ctc.images.features import Measured, measure
from diaspore.ctc.images.frames import Frame
from diaspore.ctc.images.gates import TUMOUR, load_gates
from diaspore.ctc.images.measuring import Measurements, tile_of
from diaspore.ctc.synth.slide import Slide, make_slide
from diaspore.ctc.synth.spec import Optics, SlideSpec
from diaspore.validation.registry import Result

SLIDES = 200
DIM = 0.15
LEAST = 10
KINDS = {"epithelial": 0.65, "hybrid": 0.25, "mesenchymal": 0.1}
BLURS_UM = (0.4, 0.8, 1.2, 1.8, 2.6, 3.6)
BLURRED_SLIDES = 8
BLURRED_SEED = 5000


@dataclass(frozen=True)
class Score:
    """Of one slide: true cells that are not dim, those of them that touch no other and how many of these were called,
    calls, right calls, and whether the number of true cells lies in the count's interval; then all tumour cells, dim
    ones too, how many were called, and whether their number does."""

    true: int
    free: int
    found: int
    calls: int
    right: int
    covered: bool
    everything: int
    everything_found: int
    everything_covered: bool


def drawn(seed: int) -> SlideSpec:
    """What a slide holds and how it was photographed, by chance."""
    rng = np.random.default_rng([seed, 77])
    return SlideSpec(
        tumour=int(rng.integers(0, 201)), leukocytes=int(rng.integers(300, 1501)), debris=int(rng.integers(10, 81)),
        kinds=KINDS,
        optics=Optics(
            blur_um=rng.uniform(0.4, 0.8), defocus_um=rng.uniform(0.0, 0.8), uneven=rng.uniform(0.1, 0.5)
        ),
    )  # fmt: skip


def matched(slide: Slide, places: np.ndarray) -> np.ndarray:
    """For each called place (y, x) the row of the tumour cell it stands for, or -1: nearest first, each cell once.

    A call stands for a cell if it lies within the cell's radius of its centre.
    """
    from scipy.spatial import cKDTree

    truth = slide.truth
    rows = np.flatnonzero(truth["tumour"])
    found = np.full(len(places), -1)
    if len(rows) and len(places):
        apart, nearest = cKDTree(truth[["y", "x"]].to_numpy()[rows]).query(places)
        radius = 0.5 * truth["diameter_um"].to_numpy()[rows] / slide.spec.pixel_um
        taken: set[int] = set()
        for call in np.argsort(apart, kind="stable"):
            cell = int(nearest[call])
            if apart[call] < radius[cell] and cell not in taken:
                taken.add(cell)
                found[call] = rows[cell]
    return found


def score(slide: Slide) -> Score:
    """Count one slide and compare it with its truth."""
    frame = slide.frame()
    caller, table = counted(frame, measure(frame))
    tumour = table[table["class"] == TUMOUR]
    hits = matched(slide, tumour[["y", "x"]].to_numpy())
    seen = np.zeros(len(slide.truth), dtype=bool)
    seen[hits[hits >= 0]] = True
    bright = slide.truth["tumour"].to_numpy() & (slide.truth["cytokeratin"].to_numpy() >= DIM)
    free = bright & ~slide.truth["touches"].to_numpy()
    gates = caller.gates
    low, high = count_interval(tumour["probability"].to_numpy(), gates.missed or 0.0, gates.wrong or 0.0)
    true = int(bright.sum())
    every = slide.truth["tumour"].to_numpy()
    return Score(
        true, int(free.sum()), int((free & seen).sum()), len(tumour), int((hits >= 0).sum()), low <= true <= high,
        int(every.sum()), int((every & seen).sum()), low <= int(every.sum()) <= high,
    )  # fmt: skip


def counted(frame: Frame, measured: Measured) -> tuple[Caller, pd.DataFrame]:
    """The caller of a slide of one field, and its events with their classes."""
    events = measured.events.assign(tile=0)
    whole = Measurements(tiles=[tile_of(frame)], sample=events)
    caller = Caller.of(load_gates("relative"), whole)
    return caller, caller.call(events, measured.contacts.assign(tile=0))


def rises(recalls: Sequence[tuple[int, int]]) -> int:
    """Steps at which a share (successes, trials) rises by more than two standard errors of the difference."""
    count = 0
    for (a, n), (b, m) in pairwise(recalls):
        p, q = a / n, b / m
        error = np.sqrt(p * (1.0 - p) / n + q * (1.0 - q) / m)
        count += q - p > 2.0 * error
    return int(count)


def blurred(blur: float) -> tuple[int, int]:
    """Found and all free cells on slides of the same cells under this much blur (um)."""
    spec = SlideSpec(tumour=80, leukocytes=700, kinds=KINDS, optics=Optics(blur_um=blur, defocus_um=0.0))
    scores = [score(make_slide(spec, seed=BLURRED_SEED + k)) for k in range(BLURRED_SLIDES)]
    return sum(one.found for one in scores), sum(one.free for one in scores)


def run() -> Result:
    """All slides, one after the other."""
    scores = [score(make_slide(drawn(seed), seed=seed)) for seed in range(1, SLIDES + 1)]
    result = Result()
    result.add_counts("recall", sum(one.found for one in scores), sum(one.free for one in scores))
    result.add_counts("recall_all", sum(one.everything_found for one in scores), sum(one.everything for one in scores))
    result.add_counts("all_in_interval", sum(one.everything_covered for one in scores), SLIDES)
    result.add_counts("precision", sum(one.right for one in scores), sum(one.calls for one in scores))
    ratios = [one.calls / one.true - 1.0 for one in scores if one.true >= LEAST]
    result.add("count_bias", float(np.mean(ratios)))
    result.add_counts("truth_in_interval", sum(one.covered for one in scores), SLIDES)
    recalls = [blurred(blur) for blur in BLURS_UM]
    told = ", ".join(f"{a / n:.3f} at {blur} um" for blur, (a, n) in zip(BLURS_UM, recalls, strict=True))
    result.add("blur_is_monotone", rises(recalls), reason=f"recall {told}")
    return result
