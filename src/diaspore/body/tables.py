"""From the records of a batch to the tables of a run directory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from diaspore.body.batch import Batch
from diaspore.body.compile import Compiled
from diaspore.body.processes.staging import GROUPS, stage_group
from diaspore.body.state import PHASES, ROUTES, VISIT_KINDS
from diaspore.knowledge.anatomy import SITES

_T = ("T1", "T2", "T3", "T4")
_N = ("N0", "N1", "N2", "N3")
_M = ("M0", "M1")
DETECTION = ("clinical", "screen", "fixed")
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


def relapses(compiled: Compiled, batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day, kind and site of the first relapse of patients without metastases at diagnosis (nan, 0, -1 for none).

    A relapse is the first detection after diagnosis of a lesion that surgery did not take out on that day.
    """
    lesions, patients = batch.lesions, batch.patients
    n = len(patients)
    owner = owners(batch)
    primary, nodes = SITES.index(compiled.spec.primary.site), SITES.index("regional_nodes")
    counts = (lesions["route"] != 0) & (lesions["detected"] > 0.0) & (lesions["detected"] != lesions["removed"])
    counts &= patients["stage_m"][owner] == 0
    day = np.full(n, np.inf)
    np.minimum.at(day, owner[counts], lesions["detected"][counts])
    kind = np.zeros(n, dtype=np.int8)
    site = np.full(n, -1, dtype=np.int16)
    first = counts & (lesions["detected"] == day[owner])
    which = np.where(lesions["site"] == primary, 1, np.where(lesions["site"] == nodes, 2, 3)).astype(np.int8)
    np.maximum.at(kind, owner[first], which[first])  # found together: the farthest one names the relapse
    chosen = np.flatnonzero(first & (which == kind[owner]))[::-1]
    site[owner[chosen]] = lesions["site"][chosen]
    return np.where(np.isfinite(day), day, np.nan), kind, site


def patients_table(compiled: Compiled, batch: Batch) -> pa.Table:
    """Table ``patients``: one row per patient; days count from diagnosis."""
    p = batch.patients
    lesions = batch.lesions
    owner = owners(batch)
    n = len(p)
    primary, nodes = SITES.index(compiled.spec.primary.site), SITES.index("regional_nodes")
    distant = (lesions["route"] != 0) & (lesions["site"] != primary) & (lesions["site"] != nodes)
    found = distant & ~np.isnan(lesions["detected"])
    pairs = np.unique(owner[found].astype(np.int64) * len(SITES) + lesions["site"][found])
    sites = np.bincount(pairs // len(SITES), minlength=n)
    colony = (lesions["phase"] >= 1) & (lesions["phase"] <= 4)
    burden = np.bincount(owner[colony], weights=np.exp(lesions["y"][colony]), minlength=n)
    day, kind, site = relapses(compiled, batch)
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
        "metastases_seeded": np.bincount(owner[distant], minlength=n).astype(np.int32),
        "metastases_not_followed": p["untracked"],
        "founders_merged": p["merged"],
        "sites_with_metastasis": sites.astype(np.int32),
        "relapse_d": day,
        "relapse_kind": words(kind, RELAPSE_KINDS),
        "relapse_site": words(site, names),
        "death_d": p["death"],
        "death_cause": words(p["cause"], CAUSES),
        "death_site": words(p["death_site"], names),
        "followup_d": p["end"],
        "ctc_per_ml_at_diagnosis": p["ctc_diagnosis"],
        "dormant_cells_at_end": batch.stocks.sum(axis=1),
        "burden_at_end_mm3": burden,
    }
    return pa.table(columns)


def lesions_table(compiled: Compiled, batch: Batch) -> pa.Table:
    """Table ``lesions``: one row per metastasis, sleeper or local regrowth that was followed (the primary is not one)."""
    keep = batch.lesions["route"] != 0
    lesion = batch.lesions[keep]
    colony = (lesion["phase"] >= 1) & (lesion["phase"] <= 4)
    volume = np.where(colony, np.exp(np.minimum(lesion["y"], 60.0)), 0.0)
    with np.errstate(invalid="ignore"):
        before = diameter(lesion["y_diagnosis"])
    days = {
        f"{name}_d": lesion[name].astype(np.float32)
        for name in ("seeded", "waking", "vascularised", "detected", "removed")
    }
    return pa.table(
        {
            "patient": batch.patients["id"][owners(batch)[keep]],
            "lesion": lesion["id"],
            "parent": lesion["parent"],
            "generation": lesion["generation"],
            "site": words(lesion["site"], site_names(compiled)),
            "station": lesion["station"],
            "node": lesion["node"],
            "route": words(lesion["route"], ROUTES),
            "clone": lesion["clone"].astype(np.int16),
            "founder_cells": lesion["founder_cells"],
            "founder_clones": lesion["founder_clones"],
            **days,
            "fate": words(lesion["phase"], PHASES),
            "diameter_at_diagnosis_mm": before.astype(np.float32),
            "volume_at_end_mm3": volume.astype(np.float32),
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
