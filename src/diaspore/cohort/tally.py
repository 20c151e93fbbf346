"""Counts of a cohort by stratum, added up part by part, so that a summary takes the same memory at any size.

A stratum is "all" or the name of a group. Times are counted in months after diagnosis. All members are followed to
death or to the end of follow-up unless a controller stops them, so curves are exact at the ends of months.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from diaspore.body.processes.staging import GROUPS

MONTH = 30.4375
NODES = ("0", "1-3", "4-9", "10+")
NODE_BORDERS = (1, 4, 10)
TUBE = ("0", "1", "2-4", "5+")
TUBE_BORDERS = (1, 2, 5)
DIAMETER_MM = np.arange(0.0, 205.0, 5.0)  # histogram of diameters at diagnosis; the last class is open
ALL = "all"
#: what can end a curve: name -> whether members with metastases at diagnosis count
CURVES = {
    "overall_survival": True,
    "cancer_death": True,
    "relapse_free_survival": False,
    "relapse": False,
    "distant_relapse": False,
}

Tally = dict[str, np.ndarray]


def months_of(duration: float) -> int:
    """Number of whole months of follow-up."""
    return int(round(duration / MONTH))


def tally_part(columns: Mapping[str, np.ndarray], by_site: np.ndarray, months: int) -> Tally:
    """Counts of some members.

    Args:
        columns: arrays (n,): stage (position in GROUPS), m1 (bool), nodes_examined, nodes_positive, tube_count (first
            visit), diameter (mm), relapse, distant_relapse, death, cancer_death, end (days; nan: none).
        by_site: (n, sites) bool, a detected metastasis there at any time.
        months: of follow-up.
    """
    m0 = ~columns["m1"]
    n = len(m0)
    examined = m0 & (columns["nodes_examined"] > 0)
    nodes = np.searchsorted(NODE_BORDERS, columns["nodes_positive"][examined], side="right")
    tube = np.searchsorted(TUBE_BORDERS, columns["tube_count"], side="right")
    result: Tally = {
        "members": np.array([n, int(m0.sum())]),
        "stage": np.bincount(columns["stage"], minlength=len(GROUPS)),
        "nodes_m0": np.bincount(nodes, minlength=len(NODES)),
        "tube_m0": np.bincount(tube[m0], minlength=len(TUBE)),
        "tube_m1": np.bincount(tube[~m0], minlength=len(TUBE)),
        "diameter": np.bincount(
            np.searchsorted(DIAMETER_MM, columns["diameter"], side="right") - 1, minlength=len(DIAMETER_MM)
        ),
        "sites": by_site.sum(axis=0),
        "metastatic": np.array([int(by_site.any(axis=1).sum())]),
    }
    relapse, death, end = columns["relapse"], columns["death"], columns["end"]
    first = {
        "overall_survival": death,
        "cancer_death": columns["cancer_death"],
        "relapse_free_survival": np.fmin(relapse, death),
        "relapse": relapse,
        "distant_relapse": columns["distant_relapse"],
    }
    for name, everyone in CURVES.items():
        who = np.ones(n, dtype=bool) if everyone else m0
        result[f"{name}.events"] = _by_month(first[name][who], months)
        # Members who leave without the event: the dead of other curves stay in the share, as a competing event does.
        gone = np.isnan(first[name][who]) & np.isnan(death[who]) & (end[who] < (months - 0.5) * MONTH)
        result[f"{name}.censored"] = _by_month(np.where(gone, end[who], np.nan), months)
        result[f"{name}.members"] = np.array([int(who.sum())])
    return {key: value.astype(np.int64) for key, value in result.items()}


def _by_month(days: np.ndarray, months: int) -> np.ndarray:
    """Number of days in each month: position k counts those in (k months, k + 1 months]; later ones are left out."""
    known = days[~np.isnan(days)]
    month = np.maximum(np.ceil(known / MONTH - 1e-9).astype(np.int64) - 1, 0)
    return np.bincount(month[month < months], minlength=months)


def add(total: dict[str, Tally], part: Mapping[str, Mapping[str, Any]]) -> None:
    """Add a part's tallies (by stratum) to the total."""
    for stratum, tally in part.items():
        mine = total.setdefault(stratum, {})
        for key, value in tally.items():
            array = np.asarray(value, dtype=np.int64)
            mine[key] = mine[key] + array if key in mine else array.copy()
