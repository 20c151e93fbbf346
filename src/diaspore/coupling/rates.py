"""Shedding of a tissue as rates, for an organ or a patient: from a patch, with its uncertainty.

A patch of tissue is a small part of a tumour. Its rates are per day; the factor from the patch to the organ is stated,
never hidden: cells of the tumour over cells of the patch, or surface of vessels over that of the patch. The interval is
that of a Poisson count (exact, Garwood) over all runs, and the spread between runs stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from diaspore.body.quantities import Point, shed_per_rate
from diaspore.core.errors import InputError
from diaspore.core.messages import ROUTES as BODY_ROUTES
from diaspore.core.messages import Shedding
from diaspore.core.runstore import Run
from diaspore.coupling.departures import PHENOTYPES, departures
from diaspore.knowledge.load import fact
from diaspore.tissue.parts.crossing import ROUTES
from diaspore.tissue.results import Tissue
from diaspore.tissue.state import APOPTOTIC

RATES = ("shedding.haematogenous", "shedding.lymphatic", "shedding.cavity")
"""Parameters of a patient for cells that go into blood, lymph and a cavity."""
CLASSES = (*PHENOTYPES, "cluster")
"""Of shed cells, as the body has them."""


@dataclass(frozen=True)
class Patch:
    """What a patch has, as the mean over its run.

    Attributes:
        days: length of the run.
        cells: live tumour cells.
        tumour_mm3: volume of its tumour: its live cells over the density of tumour cells in tissue
            (``cell.tumour.packing_density``).
        vessel_mm2: surface of its blood vessels with flow, 0 without vessels.
    """

    days: float
    cells: float
    tumour_mm3: float
    vessel_mm2: float


def patch_of(run: Run, types: Sequence[str]) -> Patch:
    """The patch of a finished run; ``types`` are those of tumour cells."""
    tissue = Tissue(run)
    numbers = [tissue.types.index(name) for name in types]
    cells, surfaces = [], []
    for number in range(tissue.snapshots):
        shot = tissue.shot(number)
        cells.append(int(np.sum(np.isin(shot["kind"], numbers) & (shot["phase"] < APOPTOTIC))))
        surfaces.append(_surface(shot))
    many = float(np.mean(cells))
    density = fact("cell.tumour.packing_density").to("1/mm**3")
    return Patch(tissue.hours(tissue.snapshots - 1) / 24.0, many, many / density, float(np.mean(surfaces)))


def _surface(shot: dict[str, np.ndarray]) -> float:
    """Surface of blood vessels with flow, mm2."""
    if "vessels_ends" not in shot:
        return 0.0
    ends = shot["vessels_place"][shot["vessels_ends"]]
    length = np.linalg.norm(ends[:, 1, :3] - ends[:, 0, :3], axis=1)
    flows = (shot["vessels_kind"] == 0) & (shot["vessels_perfused"] == 1)
    return float(np.sum(math.pi * shot["vessels_diameter"][flows] * length[flows])) / 1e6


def shedding_rates(runs: Sequence[Run], types: Sequence[str]) -> pd.DataFrame:
    """Rates of a patch: a row for every route and class, over all runs of it.

    Columns: events and cells counted, cells a day with their 95 % interval, and cells a day for each mm3 of tumour and
    mm2 of vessel. The interval is that of the events, times their mean size, since cells of a cluster do not leave one
    by one; how sizes differ is not in it. Of clusters by a route without any the mean size by all routes is taken, at
    least 2.
    """
    from scipy.stats import chi2

    if not runs:
        raise InputError("needs at least one run", field="runs")
    patches = [patch_of(run, types) for run in runs]
    days = sum(patch.days for patch in patches)
    tumour = sum(patch.days * patch.tumour_mm3 for patch in patches)
    surface = sum(patch.days * patch.vessel_mm2 for patch in patches)
    all_left = [departures(run, tuple(types)) for run in runs]
    rows = []
    sizes = np.concatenate([left.size[(left.size > 1) & (left.identity == left.cluster)] for left in all_left])
    mean_size = float(sizes.mean()) if len(sizes) else 2.0
    for r, route in enumerate(ROUTES):
        for c, word in enumerate(CLASSES):
            events = cells = 0
            for left in all_left:
                clustered = left.size > 1
                mine = (left.route == r) & (clustered if c == len(PHENOTYPES) else (~clustered & (left.phenotype == c)))
                cells += int(mine.sum())
                events += int(np.sum(mine & (left.identity == left.cluster)))
            per_event = cells / events if events else (mean_size if c == len(PHENOTYPES) else 1.0)
            low = 0.5 * chi2.ppf(0.025, 2 * events) if events else 0.0
            high = 0.5 * chi2.ppf(0.975, 2 * events + 2)
            rows.append(
                {
                    "route": route, "class": word, "events": events, "cells": cells, "cells_per_day": cells / days,
                    "low": low * per_event / days, "high": high * per_event / days,
                    "per_mm3_day": cells / tumour if tumour else math.nan,
                    "per_vessel_mm2_day": cells / surface if surface else math.nan,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def organ_factor(patches: Sequence[Patch], by: Literal["tumour", "vessels"], amount: float) -> float:
    """How many times a patch an organ's tumour is: of ``amount`` mm3 of tumour, or mm2 of vessels with flow.

    Raises:
        InputError: the patch has nothing of that.
    """
    own = np.mean([patch.tumour_mm3 if by == "tumour" else patch.vessel_mm2 for patch in patches])
    if not own > 0.0:
        raise InputError("the patch has none", field=by)
    return amount / float(own)


def shedding_message(rates: pd.DataFrame, factor: float) -> Shedding:
    """The message of an organ that is ``factor`` times the patch: cells a day by route and class."""
    table = np.zeros((len(BODY_ROUTES), len(CLASSES)))
    for row in rates.to_dict("records"):
        table[BODY_ROUTES.index(row["route"]), CLASSES.index(row["class"])] = row["cells_per_day"] * factor
    return Shedding(table, CLASSES)


def body_parameters(shedding: Shedding, tumour_mm3: float, cluster_cells: float, point: Point) -> dict[str, Any]:
    """Changes of parameters of a patient so that its primary of this volume sheds as the message says.

    Only what the message fixes: rates into blood, lymph and cavity, the share of cells in clusters, and their mean
    size. The body's laws of volume, macrophages and phenotypes are divided out, at the values of ``point`` and for a
    typical patient without treatment.

    Args:
        tumour_mm3: volume of the primary at which the message holds.
        cluster_cells: mean size of clusters.
        point: parameters of the patient (`transit.Body.point`).
    """
    rates, y = shedding.rates, math.log(tumour_mm3)
    blood = rates[BODY_ROUTES.index("blood")]
    found = {}
    if blood.sum() > 0.0:
        found["shedding.cluster_fraction"] = float(blood[CLASSES.index("cluster")] / blood.sum())
        if found["shedding.cluster_fraction"] > 0.0:
            found["shedding.cluster_size"] = max(2.0, cluster_cells)
    for route, into, name in zip(("blood", "lymph", "cavity"), shed_per_rate(point, y), RATES, strict=True):
        found[name] = float(rates[BODY_ROUTES.index(route)].sum()) / into
    return found
