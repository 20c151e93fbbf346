"""A reference population: simulated patients, sorted so that those like a real one are found at once.

Patients without metastases at diagnosis who had surgery are sorted by class of positive nodes and, within it, by
diameter. Running sums of every outcome over that order make the mean of any window of neighbours two look-ups.
Several runs (draws of the parameters' posterior) may be joined; the spread between them is what the parameters leave
open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.core.runstore import Run

NODE_CLASSES = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 6), (7, 9), (10, 10**6))
ANY_NODES = -1  # the class of a patient whose nodes are not known
YEARS = (1, 2, 3, 5, 7, 10, 15, 20)
YEAR = 365.25
LOCAL = ("local", "regional_nodes")


@dataclass(frozen=True)
class Sorted:
    """Patients of one class of nodes and one run, by ascending diameter.

    Attributes:
        ln_diameter: (n,) ln mm.
        sums: (n + 1, outcomes) running sums of the outcomes.
        burden: (n,) occult distant burden at diagnosis, mm3.
    """

    ln_diameter: np.ndarray
    sums: np.ndarray
    burden: np.ndarray


@dataclass(frozen=True)
class Reference:
    """A reference population.

    Attributes:
        outcomes: names of the outcomes, all shares of patients.
        sites: distant sites with an outcome each.
        years: years after diagnosis at which relapse is known.
        classes: (run, group, class of nodes) -> `Sorted`; group "" is everybody.
        runs: number of runs. groups: names of groups. smallest, largest: diameters in mm.
    """

    outcomes: tuple[str, ...]
    sites: tuple[str, ...]
    years: tuple[int, ...]
    classes: Mapping[tuple[int, str, int], Sorted]
    runs: int
    groups: tuple[str, ...]
    smallest: float
    largest: float


def node_class(nodes: np.ndarray) -> np.ndarray:
    """Positions in `NODE_CLASSES` of numbers of positive nodes; `ANY_NODES` where nan."""
    lows = np.array([low for low, _ in NODE_CLASSES])
    known = ~np.isnan(nodes)
    return np.where(known, np.searchsorted(lows, np.where(known, nodes, 0.0), side="right") - 1, ANY_NODES)


def reference_population(runs: Sequence[Run]) -> Reference:
    """The reference population of some finished runs of the same cancer.

    Raises:
        InputError: a run without patients who could be compared.
    """
    columns = [_outcomes(run) for run in runs]
    names = tuple(dict.fromkeys(name for frame, _ in columns for name in frame.columns))
    classes: dict[tuple[int, str, int], Sorted] = {}
    groups: set[str] = set()
    low, high = np.inf, 0.0
    for number, (frame, who) in enumerate(columns):
        values = frame.reindex(columns=names, fill_value=0.0).to_numpy(dtype=float)
        size = np.log(who["diameter"].to_numpy(dtype=float))
        if not len(size):
            raise InputError("no patient of the reference population had surgery and no metastases", field="reference")
        nodes = node_class(who["nodes"].to_numpy(dtype=float))
        burden = who["burden"].to_numpy(dtype=float)
        low, high = min(low, float(np.exp(size.min()))), max(high, float(np.exp(size.max())))
        group = who["group"].to_numpy(dtype=str)
        groups |= set(group) - {""}
        for name in {"", *group}:
            for k in (ANY_NODES, *range(len(NODE_CLASSES))):
                mask = (group == name) if name else np.ones(len(size), dtype=bool)
                where = np.flatnonzero(mask & (nodes == k) if k != ANY_NODES else mask)
                order = where[np.argsort(size[where], kind="stable")]
                sums = np.vstack([np.zeros(len(names)), np.cumsum(values[order], axis=0)])
                classes[number, name, k] = Sorted(size[order], sums, burden[order])
    sites = tuple(name.removeprefix("occult in ") for name in names if name.startswith("occult in "))
    years = tuple(y for y in YEARS if f"relapse by {y}" in names)
    return Reference(names, sites, years, classes, len(runs), tuple(sorted(groups)), low, high)


def _outcomes(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What became of the comparable patients of a run (shares, 0 or 1), and what is known of them."""
    patients, lesions = run.table("patients"), run.table("lesions")
    missing = sorted({"distant_relapse_d", "nodes_examined", "relapse_site"} - set(patients.columns))
    if missing:
        raise InputError(f"{run.path} has no column {missing[0]}: it was made by another version", field="reference")
    who = patients[(patients["m_stage"].astype(str) == "M0") & (patients["nodes_examined"] > 0)].set_index("patient")
    site = lesions["site"].astype(str)
    mine = lesions["patient"].isin(who.index)
    there = mine & (lesions["seeded_d"] <= 0.0)
    distant = there & ~site.isin(LOCAL)
    awake = distant & (lesions["waking_d"] <= 0.0)
    result: dict[str, Any] = {}

    def anyone(mask: pd.Series) -> np.ndarray:
        return np.asarray(who.index.isin(lesions.loc[mask, "patient"].unique()), dtype=float)

    result["occult metastasis"] = anyone(distant)
    result["growing metastasis"] = anyone(awake)
    result["only dormant"] = result["occult metastasis"] * (1.0 - result["growing metastasis"])
    for name in sorted(set(site[distant])):
        result[f"occult in {name}"] = anyone(distant & (site == name))
    result["missed node"] = (who["nodes_involved"] > who["nodes_positive"]).to_numpy(dtype=float)
    relapse, far = who["relapse_d"].to_numpy(), who["distant_relapse_d"].to_numpy()
    where = who["relapse_site"].astype(str).to_numpy()
    death = np.where(who["death_cause"].astype(str) == "cancer", who["death_d"], np.nan)
    followed = float(patients["followup_d"].max())
    for year in (y for y in YEARS if y * YEAR <= followed + 1.0):
        result[f"relapse by {year}"] = (relapse <= year * YEAR).astype(float)
        result[f"distant metastasis by {year}"] = (far <= year * YEAR).astype(float)
        result[f"death of the cancer by {year}"] = (death <= year * YEAR).astype(float)
        for name in sorted(set(where[~np.isnan(relapse)])):
            result[f"first relapse in {name} by {year}"] = ((relapse <= year * YEAR) & (where == name)).astype(float)
    size = lesions["diameter_at_diagnosis_mm"].where(awake).fillna(0.0)
    volume = (np.pi / 6.0 * size**3).groupby(lesions["patient"]).sum()
    known = pd.DataFrame(
        {
            "diameter": who["diameter_at_diagnosis_mm"].to_numpy(),
            "nodes": who["nodes_positive"].to_numpy(),
            "burden": volume.reindex(who.index, fill_value=0.0).to_numpy(),
            "group": who["group"].astype(str).to_numpy() if "group" in who else "",
        }
    )
    return pd.DataFrame(result), known
