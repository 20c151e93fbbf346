"""Freedom from recurrence after surgery by positive nodes, engine patients weighted to the cohort's sizes."""

from __future__ import annotations

import numpy as np

from diaspore.knowledge.load import facts, table
from diaspore.validation.models.engine_runs import Patients, surgical_population
from diaspore.validation.registry import Result

SURGERY_DAY = 30.0
YEARS = (1, 2, 5, 10)
NODES = {"n0": (0, 0), "1_3": (1, 3), "4_9": (4, 9), "10": (10, 10_000)}
SIZES = {"le20": (0.0, 20.0), "20_50": (20.0, 50.0), "gt50": (50.0, 1e9)}
COHORT = "relapse.rotterdam.time_to_recurrence"


def kaplan_meier(time: np.ndarray, event: np.ndarray, weight: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Weighted Kaplan-Meier estimate at the times ``at``; ties count events before censorings."""
    order = np.lexsort((~event, time))
    time, event, weight = time[order], event[order], weight[order]
    at_risk = np.cumsum(weight[::-1])[::-1]
    survival = np.cumprod(1.0 - np.where(event, weight / at_risk, 0.0))
    position = np.searchsorted(time, at, side="right")
    found: np.ndarray = np.concatenate([[1.0], survival])[position]
    return found


def free_of_recurrence(patients: Patients, mask: np.ndarray, weight: np.ndarray, years: tuple[int, ...]) -> np.ndarray:
    """Share of the patients in ``mask`` without recurrence, years after surgery."""
    relapse = patients.columns["relapse"][mask]
    end = patients.columns["end"][mask]
    event = ~np.isnan(relapse)
    days = np.where(event, relapse, end) - SURGERY_DAY
    operated = days > 0.0
    at = np.array(years) * 365.25
    return kaplan_meier(days[operated], event[operated], weight[mask][operated], at)


def size_weights(patients: Patients, nodes: str, mask: np.ndarray) -> np.ndarray:
    """Weights that give the patients of a nodal stratum the cohort's classes of size."""
    cells = {r["size_mm"]: r.number("patients") for r in table("nodes_by_size") if _is_cell(r.key, nodes)}
    counts = dict(zip(SIZES, (cells["<=20"], cells["20-50"], cells[">50"]), strict=True))
    weight = np.zeros(len(patients))
    for name, (low, high) in SIZES.items():
        here = mask & (patients.diameter > low) & (patients.diameter <= high)
        if here.any():
            weight[here] = counts[name] / sum(counts.values()) / here.sum()
    return weight


def _is_cell(key: str, nodes: str) -> bool:
    return key.startswith("nodes.rotterdam.") and key.endswith(f".{nodes}")


def run() -> Result:
    """Curves by nodal stratum and of untreated node-negative patients by size."""
    result = Result()
    patients = surgical_population()
    m0 = patients.columns["stage_m"] == 0
    positive = patients.columns["nodes_positive"]
    known = facts()
    pooled = {year: float(known[f"{COHORT}.all.all.survival.y{year}"].value) for year in YEARS}
    errors, null_errors = [], []
    for name, (low, high) in NODES.items():
        mask = m0 & (positive >= low) & (positive <= high)
        curve = free_of_recurrence(patients, mask, size_weights(patients, name, mask), YEARS)
        for year, share in zip(YEARS, curve, strict=True):
            published = float(known[f"{COHORT}.nodes.{name}.survival.y{year}"].value)
            errors.append(share - published)
            null_errors.append(pooled[year] - published)
            reason = f"{int(mask.sum())} engine patients" if year == YEARS[0] else ""
            result.add(f"nodes_{name}_y{year}", float(share), null={"pooled": pooled[year]}, reason=reason)
    for name, (least, most) in SIZES.items():
        mask = m0 & (positive == 0) & (patients.diameter > least) & (patients.diameter <= most)
        curve = free_of_recurrence(patients, mask, np.ones(len(patients)), (5, 10))
        for year, share in zip((5, 10), curve, strict=True):
            result.add(f"untreated_n0_{name}_y{year}", float(share), null={"pooled": pooled[year]})

    def rms(x: list[float]) -> float:
        return 100.0 * float(np.sqrt(np.mean(np.square(x))))

    result.add("rmse_pp", rms(errors), null={"pooled": rms(null_errors)})
    return result
