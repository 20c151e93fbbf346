"""What engine patients say of the data: nodes by size, freedom from recurrence, metastases found at diagnosis.

Patients with drawn diameters are operated on the day after diagnosis and followed for ten years without planned visits:
recurrences are found when a lesion reaches the diameter at which it is noticed. Only results within classes of size are
used, so the law of diameters acts within a class alone. Other patients, with the diameters of the registry's bins, are
imaged at diagnosis.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.body.batch import People, Workspace, run, run_people
from diaspore.body.compile import Compiled, compile_patient
from diaspore.body.tables import figures
from diaspore.core.spec import spec_from_dict
from diaspore.inference.breast.targets import GROUPS, METABRIC, ROTTERDAM, SPREAD, YEARS, Targets, targets
from diaspore.inference.breast.variants import PARAMETERS, RECORDED, Variant

FRAME = {"detection.primary_diameter": "22 mm", "detection.primary_diameter.spread": 0.5}
"""Diameters that are drawn."""
LESIONS = 5
"""Founders at a site that are followed: with 20, relapse within 2 to 10 years differs by 0.1 points."""
PART = 5000  # patients held at a time
FIRST = tuple(GROUPS.values())
LEAST = 300.0
"""Patients that whether any node is positive counts as at least, in each class of size."""
_STAGED = (0.6, 0.3, 0.1)  # patients of each class that are imaged: the rarer the outcome, the more
_TINY = 2e-4  # shares nearer to 0 or 1 are not told apart
_FEW = 0.03  # the same of nodes and relapse, which are far from both
_STEEP = math.log(1.0 / _TINY - 1.0)


@dataclass(frozen=True)
class Outcome:
    """What a simulation says of the data.

    Attributes:
        nodes: (5, 4) shares of the groups of positive nodes in METABRIC's classes of size, without metastasis.
        free: (3, 4, 3) share free of recurrence by class of size, group of nodes, and year; nan without patients.
        spread: (3,) share with a distant metastasis found at diagnosis among those recorded, by class of diameter.
    """

    nodes: np.ndarray
    free: np.ndarray
    spread: np.ndarray

    def strata(self, data: Targets) -> np.ndarray:
        """(strata, 3) shares free of recurrence, cells weighted by the cohort's patients; empty cells left out."""
        known = ~np.isnan(self.free)
        weight = data.cells[..., None] * known
        total = weight.sum(axis=(1, 2))
        found: np.ndarray = (weight * np.where(known, self.free, 0.0)).sum(axis=(1, 2)) / np.maximum(total, 1e-300)
        return found

    def as_dict(self) -> dict[str, Any]:
        """For a file."""
        return {"nodes": self.nodes.tolist(), "free": self.free.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """The inverse of `as_dict`."""
        return cls(*(np.array(data[name], dtype=float) for name in ("nodes", "free", "spread")))


def patient_file(variant: Variant, theta: Mapping[str, float], lesion_limit: int = LESIONS) -> dict[str, Any]:
    """The patients of free values, as plain data."""
    return {
        "schema_version": 1,
        "kind": "patient",
        "name": "natural history",
        "parameters": PARAMETERS,
        "surgery": {"primary": {"at": "1 day"}, "nodes": {"at": "1 day"}},
        "follow_up": {"duration": "10.1 year", "visits": [], "imaging": {"after_relapse": False}},
        # Coarser than usual: the days of relapse are read to a few days, and the first founders decide a relapse.
        "numerics": {"lesion_limit": lesion_limit, "panel": "183 day", "day_tolerance": "3 day"},
        "change": {**FRAME, **variant.changes(theta)},
    }


def simulate(
    variant: Variant,
    theta: Mapping[str, float],
    patients: int,
    seed: int,
    first: int = 0,
    lesion_limit: int = LESIONS,
) -> Outcome:
    """Outcome from engine patients ``first`` .. ``first + patients - 1``, and as many imaged at diagnosis.

    The same seed shares all draws between values.
    """
    data = patient_file(variant, theta, lesion_limit)
    nodes, free = _after_surgery(compile_file(data, seed), patients, first)
    staging = {**data, "follow_up": {"duration": "1 day", "visits": []}}
    del staging["surgery"]
    model, space = compile_file(staging, seed), Workspace()
    share = []
    for k, (size, weight) in enumerate(targets().diameters):
        number = int(round(patients * _STAGED[k]))
        # The registry's own mix of bins, in the same order whatever the parameters are.
        edges = np.round(np.concatenate([[0.0], np.cumsum(weight)]) / weight.sum() * number).astype(int)
        numbers = np.arange(number, dtype=np.int64) + (len(SPREAD) * first + k * patients)
        people = People(numbers, np.repeat(size, np.diff(edges)), np.full(number, math.nan))
        metastatic = 0
        for at in range(0, number, PART):
            part = people.take(np.arange(at, min(at + PART, number)))
            metastatic += int(np.sum(run_people(model, part, space=space).patients["stage_m"]))
        share.append(recorded(metastatic / number, theta))
    return Outcome(nodes, free, np.array(share))


def recorded(share: float, theta: Mapping[str, float]) -> float:
    """Share with a metastasis in a registry's table of sizes, from the true share at diagnosis."""
    known = share * theta.get(RECORDED, 1.0)
    return known / (known + 1.0 - share)


def compile_file(data: Mapping[str, Any], seed: int) -> Compiled:
    """The compiled patients of a patient file as plain data."""
    spec: Any = spec_from_dict(dict(data))
    return compile_patient(spec, seed)


def _after_surgery(model: Compiled, patients: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    space = Workspace()
    diameter, group, m0, day, event = [], [], [], [], []
    for start in range(first, first + patients, PART):
        batch = run(model, start, min(PART, first + patients - start), space=space)
        relapse = figures(model, batch).relapse
        p = batch.patients
        diameter.append(np.exp((p["y_diagnosis"] - math.log(math.pi / 6.0)) / 3.0))
        group.append(np.searchsorted(FIRST, p["nodes_positive"], side="right") - 1)
        m0.append(p["stage_m"] == 0)
        event.append(~np.isnan(relapse))
        day.append(np.where(event[-1], relapse, p["end"]) - 1.0)
    d, g, kept = np.concatenate(diameter), np.concatenate(group), np.concatenate(m0)
    t, e = np.concatenate(day), np.concatenate(event)
    nodes = np.array(
        [np.bincount(g[kept & (d > low) & (d <= high)], minlength=len(GROUPS)) for low, high in METABRIC.values()],
        dtype=float,
    )
    free = np.zeros((len(ROTTERDAM), len(GROUPS), len(YEARS)))
    for i, (low, high) in enumerate(ROTTERDAM.values()):
        for j in range(len(GROUPS)):
            here = kept & (d > low) & (d <= high) & (g == j)
            free[i, j] = _kaplan_meier(t[here], e[here])
    return nodes / np.maximum(nodes.sum(axis=1, keepdims=True), 1.0), free


def _kaplan_meier(day: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Kaplan-Meier estimate at `YEARS`; nan without patients."""
    if len(day) == 0:
        return np.full(len(YEARS), np.nan)
    order = np.lexsort((~event, day))
    at_risk = np.arange(len(day), 0, -1)
    curve = np.concatenate([[1.0], np.cumprod(1.0 - event[order] / at_risk)])
    found: np.ndarray = curve[np.searchsorted(day[order], np.array(YEARS) * 365.25, side="right")]
    return found


def features(data: Targets, outcome: Outcome) -> np.ndarray:
    """(features,) logits of all binomial shares of the likelihood: nodes, relapse by interval, metastases.

    The multinomial of nodes is split into N0, then 1-3 of the positive, then 4-9 of those with 4 and more. Relapse is
    the share that stays free between two of `YEARS`.
    """
    splits = [outcome.nodes[:, j] / np.maximum(outcome.nodes[:, j:].sum(axis=1), 1e-12) for j in range(len(GROUPS) - 1)]
    curve = np.concatenate([np.ones((len(data.names), 1)), outcome.strata(data)], axis=1)
    stay = curve[:, 1:] / np.maximum(curve[:, :-1], 1e-9)
    # Shares of few simulated patients may be 0 or 1 by chance, and their logits would rule every regression.
    common = np.clip(np.concatenate([np.ravel(splits), stay.ravel()]), _FEW, 1.0 - _FEW)
    p = np.concatenate([common, np.clip(outcome.spread, _TINY, 1.0 - _TINY)])
    found: np.ndarray = np.log(p / (1.0 - p))
    return found


def feature_names() -> list[str]:
    """What each binomial share is, in the order of `features`."""
    splits = ("none positive", "1 to 3 of the positive", "4 to 9 of 4 and more")
    names = [f"nodes {size}: {split}" for split in splits for size in METABRIC]
    begin = (0.0, *YEARS[:-1])
    names += [
        f"{name}: free from {a:g} to {b:g} years" for name in targets().names for a, b in zip(begin, YEARS, strict=True)
    ]
    return names + [f"metastasis at diagnosis, {name} mm" for name in SPREAD]


@dataclass(frozen=True)
class Counts:
    """The data as binomials: shares and patients of each feature, weights, and slices of the three kinds."""

    share: np.ndarray
    number: np.ndarray
    weight: np.ndarray
    kinds: Mapping[str, slice]


def counts(data: Targets) -> Counts:
    """The data in the order of `features`.

    Whether any node is positive counts as `LEAST` patients at least in every class of size: the curve over sizes is
    wanted, not the sizes that patients happen to have.
    """
    splits = [
        (data.nodes[:, j] / data.nodes[:, j:].sum(axis=1), data.nodes[:, j:].sum(axis=1))
        for j in range(len(GROUPS) - 1)
    ]
    seen = np.concatenate([np.ones((len(data.names), 1)), data.free], axis=1)
    stay = seen[:, 1:] / seen[:, :-1]
    weight = np.ones((len(splits), len(METABRIC)))
    weight[0] = np.maximum(1.0, LEAST / splits[0][1])
    parts = [
        (np.ravel([s for s, _ in splits]), np.ravel([n for _, n in splits]), weight.ravel()),
        (stay.ravel(), data.effective.ravel(), np.repeat(data.weight, len(YEARS))),
        (data.spread, data.spread_patients, np.ones(len(data.spread))),
    ]
    share, number, weight = (np.concatenate([part[i] for part in parts]) for i in range(3))
    edges = np.cumsum([0, *(len(part[0]) for part in parts)])
    kinds = {name: slice(edges[i], edges[i + 1]) for i, name in enumerate(("nodes", "relapse", "spread"))}
    return Counts(share, number, weight, kinds)


def residuals(seen: Counts, logits: np.ndarray) -> np.ndarray:
    """Weighted signed roots of binomial deviances of the data from (..., features) logits; same shape."""
    p = 1.0 / (1.0 + np.exp(-np.clip(logits, -_STEEP, _STEEP)))
    o = np.clip(seen.share, 1e-12, 1.0 - 1e-12)
    deviance = 2.0 * seen.number * (o * np.log(o / p) + (1.0 - o) * np.log((1.0 - o) / (1.0 - p)))
    found: np.ndarray = np.sign(seen.share - p) * np.sqrt(seen.weight * np.maximum(deviance, 0.0))
    return found


@dataclass(frozen=True)
class Score:
    """How well an outcome meets the data: deviances, and errors in percentage points."""

    deviance_relapse: float
    deviance_nodes: float
    deviance_spread: float
    mean_error_relapse: float
    worst_error_relapse: float
    mean_error_positive: float
    worst_error_positive: float
    mean_error_spread: float


def score(data: Targets, outcome: Outcome) -> Score:
    """Deviances; errors over strata and years, over P(node positive | size), and of metastases at diagnosis."""
    seen = counts(data)
    squares = residuals(seen, features(data, outcome)) ** 2
    deviance = {name: float(squares[part].sum()) for name, part in seen.kinds.items()}
    error = 100.0 * np.abs(outcome.strata(data) - data.free)
    positive = 100.0 * np.abs(outcome.nodes[:, 0] - data.nodes[:, 0] / data.nodes.sum(axis=1))
    return Score(
        deviance["relapse"],
        deviance["nodes"],
        deviance["spread"],
        float(error.mean()),
        float(error.max()),
        float(positive.mean()),
        float(positive.max()),
        float(100.0 * np.abs(outcome.spread - data.spread).mean()),
    )


def null(data: Targets) -> Outcome:
    """Null model: one curve for all patients, one distribution of nodes and one share of metastases for all sizes."""
    by_nodes = [k for k, name in enumerate(data.names) if name.startswith("untreated_nodes.")]
    number = data.cells[by_nodes].sum(axis=(1, 2))
    pooled = number @ data.free[by_nodes] / number.sum()
    shares = data.nodes.sum(axis=0) / data.nodes.sum()
    everybody = np.array([weight.sum() for _, weight in data.diameters])
    return Outcome(
        np.tile(shares, (len(METABRIC), 1)),
        np.tile(pooled, (len(ROTTERDAM), len(GROUPS), 1)),
        np.full(len(data.spread), everybody @ data.spread / everybody.sum()),
    )
