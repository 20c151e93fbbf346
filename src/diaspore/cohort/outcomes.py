"""Outcomes of a trial: times to events as an analysis sees them, and what an arm does to them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from diaspore.cohort.hazards import hazard_ratio, logrank
from diaspore.cohort.survival import kaplan_meier
from diaspore.knowledge.anatomy import SITES

if TYPE_CHECKING:
    from diaspore.body.batch import Batch
    from diaspore.cohort.trial_spec import TrialSpec

_EVENTS = {
    "overall_survival": ("death_d",),
    "cancer_death": ("cancer_death_d",),
    "disease_free_survival": ("relapse_d", "death_d"),
    "recurrence": ("relapse_d",),
    "distant_metastasis": ("distant_relapse_d",),
    "distant_metastasis_free_survival": ("distant_relapse_d", "death_d"),
    "bone_metastasis_free_survival": ("bone_found_d", "death_d"),
    "brain_metastasis_free_survival": ("brain_found_d", "death_d"),
    "survival_after_relapse": ("death_d",),
    "progression_free_survival": ("progression_d", "death_d"),
}
"""Columns of days of which the first is the event of an endpoint."""


FROM_RELAPSE = ("survival_after_relapse", "progression_free_survival")
"""Endpoints that count from a relapse (with metastases at diagnosis, from that), of those only who have one."""


def first_found(batch: Batch, site: str) -> np.ndarray:
    """Day (n,) on which the first metastasis of each patient at a site was found; nan: none was."""
    lesions = batch.lesions
    owner = np.repeat(np.arange(len(batch.patients)), np.diff(batch.offsets))
    mine = (lesions["site"] == SITES.index(site)) & (lesions["route"] != 0) & np.isfinite(lesions["detected"])
    found = np.full(len(batch.patients), np.inf)
    np.minimum.at(found, owner[mine], lesions["detected"][mine])
    end = batch.patients["end"]
    return np.where(found <= end, found, np.nan)


def counted(rows: pd.DataFrame, endpoint: str, cut: float) -> pd.DataFrame:
    """Rows that an endpoint counts: all, or those whose relapse was seen."""
    if endpoint not in FROM_RELAPSE:
        return rows
    return rows[_begin(rows, endpoint) < _observed(rows, cut)].reset_index(drop=True)


def _begin(rows: pd.DataFrame, endpoint: str) -> np.ndarray:
    """Day (n,) from which an endpoint counts; nan: never."""
    if endpoint not in FROM_RELAPSE:
        return np.zeros(len(rows))
    return np.where(rows["m_stage"].astype(str) == "M1", 0.0, rows["relapse_d"].to_numpy(dtype=float))


def _observed(rows: pd.DataFrame, cut: float) -> np.ndarray:
    """Day (n,) on which observation ends: follow-up, loss, or the analysis on day ``cut``."""
    end = np.minimum(rows["followup_d"].to_numpy(dtype=float), rows["lost_d"].to_numpy(dtype=float))
    found: np.ndarray = np.minimum(end, cut - rows["entry_d"].to_numpy(dtype=float))
    return found


def times(rows: pd.DataFrame, endpoint: str, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """Days until the event or the end of observation, and whether there was one, of the rows that are `counted`.

    Observation ends with the patient's own follow-up, with death where that is no event, when the patient is lost, and
    with the analysis on day ``cut`` after the first patient's entry.
    """
    rows = counted(rows, endpoint, cut)
    end, begin = _observed(rows, cut), _begin(rows, endpoint)
    event = np.full(len(rows), np.inf)
    for column in _EVENTS[endpoint]:
        if column == "cancer_death_d":
            day = np.where(rows["death_cause"].astype(str) == "cancer", rows["death_d"].to_numpy(dtype=float), np.nan)
        else:
            day = rows[column].to_numpy(dtype=float)
        event = np.fmin(event, day)
    seen = event <= end
    return np.maximum(np.where(seen, event, end) - begin, 0.0), seen


def stratum_of(rows: pd.DataFrame, by: tuple[str, ...]) -> np.ndarray | None:
    """Number of the stratum of each row, by what is found in the control arm; None for no strata."""
    if not by:
        return None
    parts = {
        "stage": rows["stage_of_control"].astype(str).to_numpy(),
        "nodes": (rows["nodes_of_control"].to_numpy() > 0).astype(str),
        "age": (rows["age_at_diagnosis_y"].to_numpy() < 50.0).astype(str),
    }
    joined = pd.Series(["|".join(one) for one in zip(*(parts[name] for name in by), strict=True)])
    return np.asarray(pd.factorize(joined, sort=True)[0])


def effects(spec: TrialSpec, rows: pd.DataFrame) -> pd.DataFrame:
    """What each arm does compared with the first, a row for every endpoint and stretch of time.

    Columns: hazard ratio of Cox's model with its 95 % interval; ``ratio`` and its standard error by observed less
    expected over variance; events and patients at the start in both arms; and shares without an event at the days asked
    for, by Kaplan and Meier. Where every patient is in every arm, intervals are too wide: those of another trial of as
    many.
    """
    control = rows[rows["arm_number"] == 0]
    analysis = spec.analysis
    cut = spec.accrual + analysis.follow_up
    borders = [0.0, *analysis.periods, np.inf]
    stretches = [("all", 0.0, np.inf)]
    if analysis.periods:
        stretches += [(_named(a, b), a, b) for a, b in pairwise(borders) if a < cut]
    found = []
    for k, arm in enumerate(spec.arms[1:], start=1):
        everybody = pd.concat([control, rows[rows["arm_number"] == k]], ignore_index=True)
        for endpoint in analysis.endpoints:
            both = counted(everybody, endpoint, cut)
            treated = (both["arm_number"] == k).to_numpy()
            stratum = stratum_of(both, analysis.strata)
            time, event = times(both, endpoint, cut)
            for name, start, stop in stretches:
                at_risk = time >= start if start == 0.0 else time > start
                row: dict[str, Any] = {"arm": arm.name, "control": spec.arms[0].name, "endpoint": endpoint}
                row |= {"period": name}
                t, e = np.minimum(time[at_risk], stop) - start, event[at_risk] & (time[at_risk] <= stop)
                who, within = treated[at_risk], None if stratum is None else stratum[at_risk]
                cox, test = hazard_ratio(t, e, who, within), logrank(t, e, who, within)
                row |= {
                    "hazard_ratio": cox.value, "low": cox.low, "high": cox.high, "probability": test.ratio.probability,
                    "ratio": test.ratio.value, "ratio_error": test.ratio.error,
                    "events_control": int(np.sum(e & ~who)), "events_arm": int(np.sum(e & who)),
                    "patients_control": int(np.sum(~who)), "patients_arm": int(np.sum(who)),
                }  # fmt: skip
                if name == "all":
                    row |= _shares(spec, time, event, treated)
                found.append(row)
    return pd.DataFrame(found)


def _named(start: float, stop: float) -> str:
    """A stretch in years."""
    return f"from {start / 365.25:g}" if stop == np.inf else f"{start / 365.25:g}-{stop / 365.25:g}"


def _shares(spec: TrialSpec, time: np.ndarray, event: np.ndarray, treated: np.ndarray) -> dict[str, float]:
    """Shares without an event at the days asked for."""
    found = {}
    for day in spec.analysis.at:
        for name, who in (("control", ~treated), ("arm", treated)):
            curve = kaplan_meier(time[who], event[who], at=[day])
            found[f"free_{day / 365.25:g}y_{name}"] = float(curve.survival[0])
    return found
