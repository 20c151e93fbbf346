"""Banks of simulated patients at fixed bottlenecks, and what is interpolated from them.

A patient's bottleneck b enters the engine through the take exp(-b) of a founder (and, barely, through the colony's
first size). A bank therefore holds engine runs at fixed diameters and fixed b, all with the same seed, so that the same
patients are seen in every cell. Between the nodes the outcome's probability is interpolated on the scale
ln(-ln(1-p)), on which a rare outcome is exactly a line of slope -1 in b: the bank goes on with that line where the
outcome is too rare to be counted. Every distribution of b between patients is then a weighted sum over a fine grid, so
that a likelihood costs no simulation.

A bank is built cell by cell (``inference.cells``), so that a killed build loses at most the cell that was being
computed.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import expit, ndtr

from diaspore.body.processes.extravasation import WIDE_RATIO, WIDE_SHARE
from diaspore.core.parallel import available_threads, ordered_map
from diaspore.core.progress import Progress, no_progress
from diaspore.inference.cells import kept
from diaspore.inference.checksum import engine_checksum

FINE = np.arange(0.0, 60.0 + 0.0625, 0.125)
"""Grid of b on which distributions between patients are weighed."""
CERTAIN = 0.97  # below this share the next lower b is simulated as well; above it the outcome is taken as certain
_AT_ONCE = 1000  # patients held at a time
COUNTED = 8  # patients with the outcome, and without it, that a node needs to be believed


@dataclass(frozen=True)
class BankPlan:
    """What a bank simulates.

    Attributes:
        name: label, for example the cancer.
        patient: fields of a patient file without diameter, number of patients and bottleneck.
        diameters_mm: ascending diameters of the primary at diagnosis.
        bottlenecks: ascending values of b.
        patients: patients of each cell.
        seed: seed of all cells.
    """

    name: str
    patient: Mapping[str, Any]
    diameters_mm: tuple[float, ...]
    bottlenecks: tuple[float, ...]
    patients: int
    seed: int

    def cell(self, diameter_mm: float, bottleneck: float) -> dict[str, Any]:
        """The patient file of one cell, as plain data."""
        data = json.loads(json.dumps(self.patient))
        data["primary"] = {**data["primary"], "diameter_at_diagnosis": f"{diameter_mm!r} mm"}
        data["patients"] = self.patients
        change = dict(data.get("change", {}))
        data["change"] = {**change, "fate.bottleneck": float(bottleneck), "fate.bottleneck_sd": 0.0}
        return {"schema_version": 1, "kind": "patient", "name": "bank", **data}


@dataclass(frozen=True)
class Bank:
    """A finished bank.

    Attributes:
        plan: what was simulated.
        found: (diameters, bottlenecks) patients with distant metastasis found at diagnosis; -1 where it was certain.
    """

    plan: BankPlan
    found: np.ndarray

    def shares(self) -> np.ndarray:
        """(diameters, bottlenecks) shares with the outcome, falling in b (a cell that breaks the order is levelled)."""
        p = np.where(self.found < 0, 1.0, self.found / self.plan.patients)
        falling: np.ndarray = np.maximum.accumulate(p[:, ::-1], axis=1)[:, ::-1]
        return falling

    def fine(self, size_mm: np.ndarray) -> np.ndarray:
        """(sizes, len(FINE)) probability of the outcome at each size and each b of `FINE`."""
        p = self.shares()
        nodes = np.array(self.plan.bottlenecks)
        rows = np.stack([_along_b(row, nodes, self.plan.patients) for row in p])
        if len(rows) == 1:
            raise ValueError("a bank needs two diameters or more")
        at = np.log(np.asarray(size_mm, dtype=float))
        across = PchipInterpolator(np.log(self.plan.diameters_mm), rows, axis=0, extrapolate=True)(at)
        return -np.expm1(-np.exp(np.minimum(across, 3.0)))

    def as_dict(self) -> dict[str, Any]:
        """For a file."""
        return {
            "diameters_mm": list(self.plan.diameters_mm),
            "bottlenecks": list(self.plan.bottlenecks),
            "patients": self.plan.patients,
            "seed": self.plan.seed,
            "patient": dict(self.plan.patient),
            "found": self.found.tolist(),
        }

    def sha256(self) -> str:
        """Checksum of the content, as 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode("utf-8")).hexdigest()

    @classmethod
    def from_dict(cls, name: str, data: Mapping[str, Any]) -> Bank:
        """The inverse of `as_dict`."""
        plan = BankPlan(
            name,
            data["patient"],
            tuple(data["diameters_mm"]),
            tuple(data["bottlenecks"]),
            int(data["patients"]),
            int(data["seed"]),
        )
        return cls(plan, np.array(data["found"], dtype=np.int64))


def _along_b(p: np.ndarray, nodes: np.ndarray, patients: int) -> np.ndarray:
    """ln(-ln(1-p)) on `FINE` from shares at the nodes.

    Nodes where the outcome, or its absence, was counted too rarely tell only on which side they lie; beyond the last
    counted ones the line goes on: with slope -1 where the outcome is rare, with the last slope where it is all but
    certain, and level below the lowest node when that one was counted.
    """
    level = np.log(-np.log1p(-np.clip(p, 0.5 / patients, 1.0 - 0.5 / patients)))
    counted = np.flatnonzero((p * patients >= COUNTED) & ((1.0 - p) * patients >= COUNTED))
    if len(counted) == 0:  # too few patients to see both: a line through the middle of what is known
        rare = p < 0.5
        middle = nodes[0] if rare.all() else nodes[-1] if not rare.any() else 0.5 * (nodes[rare][0] + nodes[~rare][-1])
        at = float(np.interp(middle, nodes, level))
        return at - (FINE - middle)
    first, last = int(counted[0]), int(counted[-1])
    low, high = nodes[first], nodes[last]
    slope = -1.0
    inside = np.full(len(FINE), level[first])
    if last > first:
        used = np.arange(first, last + 1)
        inside = PchipInterpolator(nodes[used], level[used])(np.clip(FINE, low, high))
        slope = min(0.0, (level[first + 1] - level[first]) / (nodes[first + 1] - nodes[first]))
    before = level[first] + (FINE - low) * (slope if first > 0 else 0.0)
    return np.where(low > FINE, before, np.where(high < FINE, level[last] - (FINE - high), inside))


def _standard_normal(z: np.ndarray) -> np.ndarray:
    found: np.ndarray = ndtr(z)
    return found


def _standard_logistic(z: np.ndarray) -> np.ndarray:
    found: np.ndarray = expit(z * (math.pi / math.sqrt(3.0)))
    return found


def _standard_contaminated(z: np.ndarray) -> np.ndarray:
    wider = z * math.sqrt(1.0 + WIDE_SHARE * (WIDE_RATIO**2 - 1.0))
    found: np.ndarray = (1.0 - WIDE_SHARE) * ndtr(wider) + WIDE_SHARE * ndtr(wider / WIDE_RATIO)
    return found


SHAPES = {"normal": _standard_normal, "logistic": _standard_logistic, "contaminated": _standard_contaminated}
"""Distributions of b between patients by name, as in the engine: distribution function at mean 0 and standard
deviation 1."""


def spread_weights(shape: str, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """(m, len(FINE)) weights on `FINE` of b with ``mean`` (m,) and ``sd`` (m,); below 0 counts as 0, as in the engine.

    The weight of a grid point is the probability of the half cells beside it, so that wide and narrow distributions
    are equally exact; a Gauss-Hermite rule would miss the steps of the outcome where ``sd`` is much wider than they.
    """
    middle = 0.5 * (FINE[1:] + FINE[:-1])
    below = SHAPES[shape]((middle[None, :] - np.asarray(mean)[:, None]) / np.asarray(sd)[:, None])
    edge = np.ones((len(below), 1))
    return np.diff(np.hstack([0.0 * edge, below, edge]), axis=1)


def cell_content(plan: BankPlan, diameter_mm: float, bottleneck: float) -> list[Any]:
    """All that decides a cell's result."""
    return [plan.cell(diameter_mm, bottleneck), plan.seed, engine_checksum()]


def simulate_cell(plan: BankPlan, diameter_mm: float, bottleneck: float) -> int:
    """Patients of a cell with distant metastasis found at diagnosis."""
    from diaspore.body.batch import Workspace, run
    from diaspore.body.compile import compile_patient
    from diaspore.core.spec import spec_from_dict

    spec: Any = spec_from_dict(plan.cell(diameter_mm, bottleneck))
    compiled, space, found = compile_patient(spec, plan.seed), Workspace(), 0
    for first in range(0, plan.patients, _AT_ONCE):
        batch = run(compiled, first, min(_AT_ONCE, plan.patients - first), space=space)
        found += int(np.sum(batch.patients["stage_m"] == 1))
    return found


def build(plan: BankPlan, cache_directory: Path, progress: Progress = no_progress) -> Bank:
    """Build a bank, reusing the cells that are in ``cache_directory`` already.

    For each diameter, b falls until the outcome is almost certain; lower cells are not simulated (-1).

    Raises:
        InputError: a diameter or value that the engine refuses.
    """
    cache_directory.mkdir(parents=True, exist_ok=True)
    found = np.full((len(plan.diameters_mm), len(plan.bottlenecks)), -1, dtype=np.int64)
    turn = Lock()
    with progress(found.size, f"bank of {plan.name}", "cells") as bar:

        def fill(i: int) -> None:
            diameter = plan.diameters_mm[i]
            for j in range(len(plan.bottlenecks) - 1, -1, -1):
                content = cell_content(plan, diameter, plan.bottlenecks[j])
                cell = kept(cache_directory, content, partial(_counted, plan, diameter, plan.bottlenecks[j]))
                found[i, j] = cell["found"]
                certain = found[i, j] >= CERTAIN * plan.patients
                with turn:
                    bar.advance(1 + j if certain else 1)
                if certain:
                    break

        for _ in ordered_map(fill, range(len(plan.diameters_mm)), available_threads()):
            pass
    return Bank(plan, found)


def _counted(plan: BankPlan, diameter_mm: float, bottleneck: float) -> dict[str, Any]:
    return {"found": simulate_cell(plan, diameter_mm, bottleneck)}
