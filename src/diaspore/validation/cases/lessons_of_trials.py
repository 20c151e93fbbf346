"""Virtual trials of levers: what the cascade alone says about when and why drugs against metastasis fail."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diaspore.cohort.hazards import hazard_ratio
from diaspore.cohort.outcomes import times
from diaspore.inference.population import optimum_changes
from diaspore.inference.strengths.designs import KILL
from diaspore.inference.strengths.fit import cohort
from diaspore.therapy.effect import strengths
from diaspore.validation.registry import Result

PATIENTS, SEED, YEARS = 5000, 6, 12.0
"""In each arm and each of the two explanations of the fit."""
BEFORE = 730.0
"""Days from diagnosis to surgery in the trial of an early and a late start."""
YEAR = 365.25


def blocked(lever: str, factor: float, start: str, until: str) -> dict[str, Any]:
    """A setting of a lever from a day to another."""
    return {"lever": lever, "factor": factor, "from": start, "until": until}


def invasion(start: str, until: str) -> list[dict[str, Any]]:
    """Invasion and proteases blocked as assumed of drugs."""
    return [blocked(lever, strengths()[lever], start, until) for lever in ("invasion_speed", "protease_activity")]


def drug(name: str, dose: str, every: str, effects: list[dict[str, Any]], **when: str) -> dict[str, Any]:
    """A drug with these effects."""
    return {"drug": name, "dose": dose, "every": every, "effects": effects, **when}


def arms() -> list[dict[str, Any]]:
    """All arms with surgery a month after diagnosis."""
    late = [{"lever": one["lever"], "factor": one["factor"]} for one in invasion("0 day", "1 day")]
    year = {"from": "surgery", "for": "1 year"}
    vessels = [{"lever": "angiogenesis_rate", "factor": strengths()["angiogenesis_rate"]}]
    reach = [{"lever": "kill_rate", "rate": f"{KILL!r} 1/day"}]
    around = [blocked("shedding", 0.5, "25 day", "45 day"), blocked("immune_kill", 1.5, "25 day", "45 day")]
    return [
        {"name": "none"},
        {"name": "invasion late", "treatment": [
            drug("marimastat", "10 mg", "12 h", late, **{"from": "relapse", "for": "10 year"})]},
        {"name": "vessels", "treatment": [drug("bevacizumab", "5 mg/kg", "2 week", vessels, **year)]},
        {"name": "bone", "levers": [blocked("bone_cycle", 0.25, "30 day", f"{30.0 + 5.0 * YEAR!r} day")]},
        {"name": "barrier", "treatment": [drug("trastuzumab", "6 mg/kg", "3 week", reach, **year)]},
        {"name": "nodes left", "surgery": {"primary": {"at": "30 day"}}},
        {"name": "around surgery", "levers": around},
    ]  # fmt: skip


def outcomes(several: list[dict[str, Any]], surgery: float = 30.0) -> pd.DataFrame:
    """Outcomes of patients without metastases, in both explanations of the fit."""
    parts = []
    for number, change in enumerate(optimum_changes()):
        data = cohort(change, PATIENTS, YEARS) | {"arms": several}
        day = f"{surgery!r} day"
        data["surgery"] = {name: one | {"at": day} for name, one in data["surgery"].items()}
        with tempfile.TemporaryDirectory(prefix="diaspore-lessons-") as folder:
            run = Path(folder) / "run"
            parts.append(_simulated(data, SEED + number, run))
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["m_stage"].astype(str) == "M0"].reset_index(drop=True)


def _simulated(data: dict[str, Any], seed: int, run: Path) -> pd.DataFrame:
    from diaspore.core.simulate import simulate

    return simulate(data, seed=seed, out=run, quiet=True).table("outcomes")


def ratio(rows: pd.DataFrame, arm: int, endpoint: str, start: float = 0.0, stop: float = math.inf) -> float:
    """Hazard ratio of an arm over the first between two days."""
    parts = [times(rows[rows["arm_number"] == k], endpoint, YEARS * YEAR) for k in (0, arm)]
    time, event = (np.concatenate([parts[0][k], parts[1][k]]) for k in (0, 1))
    treated = np.repeat([False, True], [len(parts[0][0]), len(parts[1][0])])
    seen = time > start
    found = hazard_ratio(np.minimum(time, stop)[seen] - start, (event & (time <= stop))[seen], treated[seen])
    return float(found.value)


def share(rows: pd.DataFrame, arm: int, site: str) -> float:
    """Share of a site among first relapses that are distant."""
    mine = rows[(rows["arm_number"] == arm) & (rows["relapse_kind"].astype(str) == "distant")]
    return float(np.mean(mine["relapse_site"].astype(str) == site))


def run() -> Result:
    """All lessons."""
    result = Result()
    rows = outcomes(arms())
    result.add("invasion_late", ratio(rows, 1, "overall_survival"))
    end = 30.0 + YEAR
    result.add("angiogenic_years_on", ratio(rows, 2, "recurrence", 30.0, end))
    result.add("angiogenic_after", ratio(rows, 2, "recurrence", end, end + 3.0 * YEAR))
    result.add("bone_share", share(rows, 3, "bone") / share(rows, 0, "bone"))
    result.add("bone_survival", ratio(rows, 3, "overall_survival"))
    result.add("brain_share", share(rows, 4, "brain") / share(rows, 0, "brain"))
    result.add("nodes_removed", 1.0 / ratio(rows, 5, "overall_survival"))
    result.add("perioperative_off", ratio(rows, 6, "distant_metastasis"))
    day, later = f"{BEFORE!r} day", f"{2.0 * BEFORE!r} day"
    early: list[dict[str, Any]] = [{"name": "none"}, {"name": "before", "levers": invasion("0 day", day)},
             {"name": "after", "levers": invasion(day, later)}]  # fmt: skip
    rows = outcomes(early, BEFORE)
    logs = [math.log(ratio(rows, k, "distant_metastasis")) for k in (1, 2)]
    result.add("invasion_early_less_late", logs[0] - logs[1])
    return result
