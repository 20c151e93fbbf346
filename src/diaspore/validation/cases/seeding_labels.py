"""Descent of distant metastases in engine patients with involved nodes."""

from __future__ import annotations

import numpy as np

from diaspore.knowledge.anatomy import SITES
from diaspore.validation.models.engine_runs import Patients, surgical_population
from diaspore.validation.registry import Result

GENERATIONS = 64


def descends_from_node(patients: Patients) -> np.ndarray:
    """Whether each lesion has a nodal lesion among its ancestors."""
    lesions = patients.lesions
    order = np.argsort(lesions["id"])
    ids = lesions["id"][order]
    place = np.clip(np.searchsorted(ids, lesions["parent"]), 0, len(ids) - 1)
    parent = np.where(ids[place] == lesions["parent"], order[place], -1)  # -1: the primary
    nodal = lesions["site"] == SITES.index("regional_nodes")
    found = np.zeros(len(parent), dtype=bool)
    ancestor = parent.copy()
    for _ in range(GENERATIONS):
        inside = ancestor >= 0
        if not inside.any():
            break
        found[inside] |= nodal[ancestor[inside]]
        ancestor[inside] = parent[ancestor[inside]]
    return found


def run() -> Result:
    """Share of patients without nodal descent; linear and polyclonal seeding are reported beside it."""
    result = Result()
    patients = surgical_population()
    lesions = patients.lesions
    distant = patients.distant() & ~np.isnan(lesions["detected"])
    node_positive = patients.columns["nodes_involved"] > 0
    both = node_positive & patients.any_of(distant)
    through_nodes = patients.any_of(distant & descends_from_node(patients))
    count, total = int(np.sum(both & ~through_nodes)), int(both.sum())
    linear = float(np.mean(lesions["generation"][distant] > 1))
    polyclonal = float(np.mean(lesions["founder_clones"][distant] > 1))
    result.add(
        "independent_of_nodes",
        count / total,
        null={"all_from_primary": 1.0, "coin": 0.5},
        reason=f"of {total} patients; of detected distant lesions {linear:.1%} are seeded by a metastasis or node "
        f"(linear), the others by the primary (parallel); {polyclonal:.1%} have a polyclonal founder",
    )
    return result
