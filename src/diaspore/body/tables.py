"""From the records of a batch to the tables of a run directory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from diaspore.body.batch import Batch
from diaspore.body.compile import Compiled
from diaspore.body.kernels.extract import lesion_columns, patient_figures
from diaspore.body.processes.staging import GROUPS, stage_group
from diaspore.body.state import PHASES, ROUTES, VISIT_KINDS
from diaspore.knowledge.anatomy import SITES

_T = ("T1", "T2", "T3", "T4")
_N = ("N0", "N1", "N2", "N3")
_M = ("M0", "M1")
DETECTION = ("clinical", "screen", "fixed", "metastasis")
CAUSES = ("alive", "cancer", "other")
RELAPSE_KINDS = ("none", "local", "regional", "distant")
LOCAL_BED = "local"


def words(positions: np.ndarray, names: tuple[str, ...]) -> pa.Array:
    """Column of words from their positions; -1 is empty."""
    index = pa.array(positions.astype(np.int8), mask=positions < 0)
    return pa.DictionaryArray.from_arrays(index, pa.array(names))


def site_names(compiled: Compiled) -> tuple[str, ...]:
    """Names of sites in tables: a lesion in the bed of the primary is "local", not a metastasis of that organ."""
    names = list(SITES)
    names[SITES.index(compiled.spec.primary.site)] = LOCAL_BED
    return tuple(names)


def diameter(y: np.ndarray) -> np.ndarray:
    """Diameter in mm from ln volume in mm3."""
    result: np.ndarray = np.exp((y - np.log(np.pi / 6.0)) / 3.0)
    return result


def owners(batch: Batch) -> np.ndarray:
    """Position of each lesion's patient within the batch."""
    return np.repeat(np.arange(len(batch.patients)), np.diff(batch.offsets))


@dataclass(frozen=True)
class Figures:
    """What all lesions of a patient decide; arrays of shape (patients,), ``by_site`` (sites,) counts patients."""

    relapse: np.ndarray
    distant_relapse: np.ndarray
    relapse_kind: np.ndarray
    relapse_site: np.ndarray
    distant_lesions: np.ndarray
    sites: np.ndarray
    burden: np.ndarray
    by_site: np.ndarray


def figures(compiled: Compiled, batch: Batch) -> Figures:
    """Relapse, burden and counts of every patient (kernels.extract)."""
    n = len(batch.patients)
    relapse, distant, burden = np.zeros((3, n))
    kind, site = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int16)
    counts, by_site = np.zeros((2, n), dtype=np.int32), np.zeros(len(SITES), dtype=np.int64)
    primary, nodes = SITES.index(compiled.spec.primary.site), SITES.index("regional_nodes")
    patient_figures(
        batch.lesions,
        batch.offsets,
        batch.patients,
        primary,
        nodes,
        relapse,
        distant,
        kind,
        site,
        counts,
        burden,
        by_site,
    )
    return Figures(relapse, distant, kind, site, counts[0], counts[1], burden, by_site)


def patients_table(compiled: Compiled, batch: Batch, figure: Figures) -> pa.Table:
    """Table ``patients``: one row per patient; days count from diagnosis."""
    p = batch.patients
    n = len(p)
    names = (*site_names(compiled), "total")
    columns = {
        "patient": p["id"],
        "sex": words(p["sex"], ("female", "male")),
        "age_at_diagnosis_y": p["age"] / 365.25,
        "primary": words(np.zeros(n, dtype=np.int8), (compiled.spec.primary.site,)),
        "doubling_time_d": p["doubling"],
        "diameter_at_diagnosis_mm": diameter(p["y_diagnosis"]),
        "inception_d": p["inception"],
        "detection": words(p["detection"], DETECTION),
        "t_stage": words(p["stage_t"] - 1, _T),
        "n_stage": words(p["stage_n"], _N),
        "m_stage": words(p["stage_m"], _M),
        "stage_group": words(stage_group(p["stage_t"], p["stage_n"], p["stage_m"]), GROUPS),
        "nodes_involved": p["nodes_involved"],
        "nodes_examined": p["nodes_examined"],
        "nodes_positive": p["nodes_positive"],
        "occult_metastases": p["occult"],
        "metastases_seeded": figure.distant_lesions,
        "metastases_not_followed": p["untracked"],
        "self_seeded": p["self_seeded"] + p["self_expected"],
        "sites_with_metastasis": figure.sites,
        "relapse_d": figure.relapse,
        "relapse_kind": words(figure.relapse_kind, RELAPSE_KINDS),
        "relapse_site": words(figure.relapse_site, names),
        "distant_relapse_d": figure.distant_relapse,
        "progression_d": p["progressed"],
        "death_d": p["death"],
        "death_cause": words(p["cause"], CAUSES),
        "death_site": words(p["death_site"], names),
        "followup_d": p["end"],
        "ctc_per_ml_at_diagnosis": p["ctc_diagnosis"],
        "dormant_cells_at_end": batch.stocks.sum(axis=1),
        "burden_at_end_mm3": figure.burden,
    }
    return pa.table(columns)


def lesions_table(compiled: Compiled, batch: Batch) -> pa.Table:
    """Table ``lesions``: one row per metastasis, sleeper or local regrowth that was followed; the primary has none."""
    m = len(batch.lesions) - len(batch.patients)
    ids = np.zeros(m, dtype=np.int64)
    keys = np.zeros((2, m), dtype=np.uint64)
    numbers = np.zeros((6, m), dtype=np.int16)
    labels = np.zeros((3, m), dtype=np.int8)
    values = np.zeros((7, m), dtype=np.float32)
    lesion_columns(batch.lesions, batch.offsets, ids, keys, numbers, labels, values)
    return pa.table(
        {
            "patient": batch.patients["id"][ids],
            "lesion": keys[0],
            "parent": keys[1],
            "generation": numbers[0],
            "site": words(labels[0], site_names(compiled)),
            "station": numbers[1],
            "node": numbers[2],
            "route": words(labels[1], ROUTES),
            "clone": numbers[3],
            "founder_cells": numbers[4],
            "founder_clones": numbers[5],
            "seeded_d": values[0],
            "waking_d": values[1],
            "vascularised_d": values[2],
            "detected_d": values[3],
            "removed_d": values[4],
            "fate": words(labels[2], PHASES),
            "diameter_at_diagnosis_mm": values[5],
            "volume_at_end_mm3": values[6],
        }
    )


def visits_table(compiled: Compiled, batch: Batch) -> pa.Table:
    """Table ``visits``: one row per visit of every patient."""
    v = batch.visits
    par = compiled.model.par[0]
    return pa.table(
        {
            "patient": v["patient"],
            "visit": v["visit"],
            "day": v["day"],
            "kind": words(v["kind"], VISIT_KINDS),
            "primary_mm3": v["primary"],
            "nodal_mm3": v["nodal"],
            "metastatic_mm3": v["metastatic"],
            "lesions_detected": v["lesions_detected"],
            "ctc_per_ml_arm": v["ctc_per_ml"],
            "ctc_count": v["ctc_count"],
            "tube_ml": np.full(len(v), par["detection_tube_volume"], dtype=np.float32),
        }
    )
