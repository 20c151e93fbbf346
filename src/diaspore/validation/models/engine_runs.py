"""Engine patients for cases: runs of the body engine under a shipped parameter set, reduced to what cases count.

Runs are cached within a process, since several cases look at the same patients. Kernels are compiled by the first run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

PARAMETERS = "breast-2026.1"
SEED = 2026
PART = 2000  # patients held at a time
STAGING: dict[str, Any] = {"follow_up": {"duration": "2 day", "visits": []}}  # nothing after staging
_LESION = ("id", "parent", "seeded", "waking", "detected", "site", "generation", "founder_clones", "route", "phase")
_PATIENT = ("stage_m", "nodes_involved", "nodes_positive", "y_diagnosis", "death", "end")


@dataclass(frozen=True)
class Patients:
    """Patients of a run and their lesions other than the primary.

    Attributes:
        columns: fields of the engine's patient records, each (patients,), and ``relapse`` (day, nan for none).
        lesions: fields of the engine's lesion records, each (lesions,), and ``owner`` (position of the patient).
        ledger: the run's ledger (stages, routes, sites).
    """

    columns: dict[str, np.ndarray]
    lesions: dict[str, np.ndarray]
    ledger: np.ndarray

    def __len__(self) -> int:
        return len(self.columns["end"])

    @property
    def diameter(self) -> np.ndarray:
        """Diameter at diagnosis, mm."""
        found: np.ndarray = np.exp((self.columns["y_diagnosis"] - np.log(np.pi / 6.0)) / 3.0)
        return found

    def distant(self) -> np.ndarray:
        """Mask of lesions that are distant metastases: neither in the bed of the breast nor in its regional nodes."""
        from diaspore.knowledge.anatomy import SITES

        near = (SITES.index("breast"), SITES.index("regional_nodes"))
        return ~np.isin(self.lesions["site"], near)

    def any_of(self, mask: np.ndarray) -> np.ndarray:
        """Whether each patient has a lesion in the mask."""
        found = np.zeros(len(self), dtype=bool)
        found[self.lesions["owner"][mask]] = True
        return found


def run_patients(number: int, description: Mapping[str, Any], seed: int = SEED) -> Patients:
    """Run ``number`` patients of a description (the fields of a patient file) and reduce them."""
    from diaspore.body.batch import run
    from diaspore.body.compile import compile_patient
    from diaspore.body.ledger import batch_ledger
    from diaspore.body.tables import figures
    from diaspore.core.spec import spec_from_dict

    head = {"schema_version": 1, "kind": "patient", "name": "validation", "parameters": PARAMETERS, "patients": number}
    spec: Any = spec_from_dict({**head, **description})
    compiled = compile_patient(spec, seed)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in (*_PATIENT, "relapse")}
    lesions: dict[str, list[np.ndarray]] = {name: [] for name in (*_LESION, "owner")}
    ledgers = []
    for first in range(0, number, PART):
        count = min(PART, number - first)
        batch = run(compiled, first, count)
        for name in _PATIENT:
            columns[name].append(batch.patients[name].copy())
        columns["relapse"].append(figures(compiled, batch).relapse)
        keep = batch.lesions["route"] != 0
        for name in _LESION:
            lesions[name].append(batch.lesions[name][keep])
        lesions["owner"].append(first + np.repeat(np.arange(count), np.diff(batch.offsets))[keep])
        ledgers.append(batch_ledger(compiled, batch))
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Patients(joined, {name: np.concatenate(parts) for name, parts in lesions.items()}, np.sum(ledgers, axis=0))


@cache
def surgical_population(number: int = 12_000) -> Patients:
    """Patients of drawn diameter, operated on day 30 unless metastatic, without other treatment, for 20 years."""
    return run_patients(number, {"surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}}})


def at_diameter(millimetres: float, number: int, **description: Any) -> Patients:
    """Patients whose primary is found at this diameter."""
    primary = {"site": "breast", "diameter_at_diagnosis": f"{float(millimetres)!r} mm"}
    return run_patients(number, {"primary": primary, **description})


def staging_only(millimetres: float, number: int, **description: Any) -> Patients:
    """Patients of this diameter followed for two days: nothing but their history up to diagnosis and staging."""
    return at_diameter(millimetres, number, **STAGING, **description)


def warm_up() -> None:
    """Compile the kernels, so that the time of a case is its own."""
    run_patients(2, {"surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}}})
