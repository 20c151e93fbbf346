"""Data of the fit of breast cancer: nodes by size, relapse after surgery alone, metastases found at diagnosis.

* METABRIC's counts of positive nodes by class of size.
* Kaplan-Meier estimates of freedom from recurrence (local, regional or distant; death without recurrence is a
  censoring) of the Rotterdam cohort's patients without systemic therapy, at 2, 5 and 10 years, by nodes and by size and
  nodes, strata of `FEWEST` patients and more. Rotterdam's nodes by size, which stand in the same table, were seen and
  are not fitted.
* SEER's patients with a distant metastasis found at diagnosis, in three classes of diameter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from diaspore.inference.data import rows_sha256, size_bins
from diaspore.knowledge.load import Row, table

YEARS = (2.0, 5.0, 10.0)
GROUPS = {"n0": 0, "1_3": 1, "4_9": 4, "10": 10}
"""Group of positive nodes -> fewest nodes."""
METABRIC = {
    "le10": (0.0, 10.0),
    "11_20": (10.0, 20.0),
    "21_30": (20.0, 30.0),
    "31_50": (30.0, 50.0),
    "gt50": (50.0, 1e9),
}
ROTTERDAM = {"le20": (0.0, 20.0), "20_50": (20.0, 50.0), "gt50": (50.0, 1e9)}
SPREAD = {"10_20": (9.0, 20.0), "25_50": (20.0, 50.0), "55_100": (50.0, 100.0)}
"""Classes of diameter (mm) of metastases found at diagnosis."""
FEWEST = 100
MOST = 1000.0
"""Patients that each class of SEER counts as: staging by a registry is not the imaging of the engine, so that counts
of 10,000 and more are not taken at their word."""
_COHORT = "relapse.rotterdam.time_to_recurrence"
_Z95 = 1.959964


@dataclass(frozen=True)
class Targets:
    """The data.

    Attributes:
        nodes: (5, 4) patients of METABRIC by class of size and group of positive nodes.
        names: strata of the Rotterdam cohort, as in the keys of the table.
        cells: (strata, 3, 4) patients of a stratum by class of size and group.
        free: (strata, 3) share free of recurrence at `YEARS`.
        effective: (strata, 3) patients that a binomial would need for the variance of each interval's survival.
        weight: (strata,) 1/2 for the two strata of which one lies within the other, 0 for one that others make up.
        spread: (3,) share with a distant metastasis found at diagnosis, by class of diameter.
        spread_patients: (3,) patients that each of them counts as.
        diameters: for each of those classes, diameters (mm) and patients of the bins that make it up.
        sha256: checksum of the rows used, by table.
    """

    nodes: np.ndarray
    names: tuple[str, ...]
    cells: np.ndarray
    free: np.ndarray
    effective: np.ndarray
    weight: np.ndarray
    spread: np.ndarray
    spread_patients: np.ndarray
    diameters: tuple[tuple[np.ndarray, np.ndarray], ...]
    sha256: dict[str, str]


@cache
def targets() -> Targets:
    """Read the data from the tables of knowledge."""
    rows = {r.key: r for r in table("relapse_km")}
    counts = {r.key: r for r in table("nodes_by_size")}
    used: dict[str, list[Row]] = {"relapse_km": [], "nodes_by_size": []}

    def curve_row(name: str, year: float) -> Row:
        row = rows[f"{_COHORT}.{name}.survival.y{year:g}"]
        used["relapse_km"].append(row)
        return row

    def count(size: str, group: str) -> float:
        row = counts[f"nodes.metabric.{size}.{group}"]
        used["nodes_by_size"].append(row)
        return row.number("patients")

    nodes = np.array([[count(size, group) for group in GROUPS] for size in METABRIC])
    by_cell = np.array(
        [[curve_row(f"untreated_size_x_nodes.{s}_{g}", 2.0).number("n") for g in GROUPS] for s in ROTTERDAM]
    )
    strata: dict[str, np.ndarray] = {}
    for j, group in enumerate(GROUPS):
        mask = np.zeros_like(by_cell)
        mask[:, j] = 1.0
        strata[f"untreated_nodes.{group}"] = mask * by_cell
    for i, size in enumerate(ROTTERDAM):
        for j, group in enumerate(GROUPS):
            if by_cell[i, j] >= FEWEST:
                mask = np.zeros_like(by_cell)
                mask[i, j] = by_cell[i, j]
                strata[f"untreated_size_x_nodes.{size}_{group}"] = mask
    halves = {"untreated_nodes.n0": 0.0}
    for group in ("1_3", "4_9"):
        halves[f"untreated_nodes.{group}"] = halves[f"untreated_size_x_nodes.20_50_{group}"] = 0.5
    free, effective = [], []
    for name in strata:
        survival, variance = [1.0], [0.0]
        for year in YEARS:
            row = curve_row(name, year)
            assert row.low is not None
            assert row.high is not None
            # The published interval is symmetric in ln(-ln S); its width gives Greenwood's variance of ln S.
            error = (math.log(-math.log(row.low)) - math.log(-math.log(row.high))) / (2.0 * _Z95)
            survival.append(row.value)
            variance.append((error * math.log(row.value)) ** 2)
        s, v = np.array(survival), np.array(variance)
        p = s[1:] / s[:-1]
        free.append(s[1:])
        effective.append((1.0 - p) / p / np.diff(v))
    bins = size_bins("breast")
    inside = [(bins.size_mm > low) & (bins.size_mm <= high) for low, high in SPREAD.values()]
    everybody = np.array([bins.patients[k].sum() for k in inside])
    return Targets(
        nodes,
        tuple(strata),
        np.array(list(strata.values())),
        np.array(free),
        np.array(effective),
        np.array([halves.get(name, 1.0) for name in strata]),
        np.array([bins.metastatic[k].sum() for k in inside]) / everybody,
        np.minimum(everybody, MOST),
        tuple((bins.size_mm[k], bins.patients[k]) for k in inside),
        {name: rows_sha256(found) for name, found in used.items()} | {"seer_size_metastasis": bins.sha256},
    )
