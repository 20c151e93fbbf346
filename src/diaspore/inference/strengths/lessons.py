"""Virtual trials of levers: what the cascade alone says about when and why drugs against metastasis fail.

Intervals are of patients drawn again with replacement, the same in all arms. ``python -m
diaspore.inference.strengths.lessons [FOLDER]`` writes `FILE`.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diaspore.cohort.hazards import hazard_ratio
from diaspore.cohort.outcomes import times
from diaspore.inference.strengths.designs import KILL
from diaspore.inference.strengths.frozen import frozen_checksum, shipped, write

FILE = "lessons.json"
PATIENTS, SEED, YEARS = 5000, 6, 12.0
"""In each arm and each of the two explanations of the fit."""
AGAIN = 100
YEAR = 365.25
BEFORE = 2.0 * YEAR
"""Days from diagnosis to surgery in the trial of an early and a late start."""
SPILLED = 1e7
"""Cells that surgery sheds into the blood where it sheds any; assumed (0 in the fitted model)."""
END = 30.0 + YEAR
Rows = Mapping[str, pd.DataFrame]


def blocked(lever: str, factor: float, start: float, until: float) -> dict[str, Any]:
    """A setting of a lever from a day to another."""
    return {"lever": lever, "factor": factor, "from": f"{start!r} day", "until": f"{until!r} day"}


def invasion(start: float, until: float) -> list[dict[str, Any]]:
    """Invasion and proteases blocked as assumed of drugs."""
    from diaspore.therapy.effect import strengths

    return [blocked(lever, strengths()[lever], start, until) for lever in ("invasion_speed", "protease_activity")]


def drug(name: str, dose: str, every: str, effects: list[dict[str, Any]], **when: str) -> dict[str, Any]:
    """A drug with these effects."""
    return {"drug": name, "dose": dose, "every": every, "effects": effects, **when}


def arms() -> list[dict[str, Any]]:
    """Arms with surgery a month after diagnosis."""
    from diaspore.therapy.effect import strengths

    late = [{"lever": one["lever"], "factor": one["factor"]} for one in invasion(0.0, 1.0)]
    year = {"from": "surgery", "for": "1 year"}
    vessels = [{"lever": "angiogenesis_rate", "factor": strengths()["angiogenesis_rate"]}]
    kills = [{"lever": "kill_rate", "rate": f"{KILL!r} 1/day"}]
    around = [blocked("shedding", 0.5, 25.0, 45.0), blocked("immune_kill", 1.5, 25.0, 45.0)]
    spilled = {"surgery.procedure_cells": SPILLED}
    relapse = {"from": "relapse", "for": "10 year"}
    return [
        {"name": "none"},
        {"name": "invasion late", "treatment": [drug("marimastat", "10 mg", "12 h", late, **relapse)]},
        {"name": "vessels", "treatment": [drug("bevacizumab", "5 mg/kg", "2 week", vessels, **year)]},
        {"name": "bone", "levers": [blocked("bone_cycle", 0.25, 30.0, 30.0 + 5.0 * YEAR)]},
        {"name": "barrier", "treatment": [drug("trastuzumab", "6 mg/kg", "3 week", kills, **year)]},
        {"name": "nodes left", "surgery": {"primary": {"at": "30 day"}}},
        {"name": "around surgery", "levers": around},
        {"name": "spilled", "change": spilled},
        {"name": "spilled, blocked", "change": spilled, "levers": around},
    ]


def early() -> list[dict[str, Any]]:
    """Arms with surgery two years after diagnosis."""
    return [
        {"name": "none, late surgery"},
        {"name": "before", "levers": invasion(0.0, BEFORE)},
        {"name": "after", "levers": invasion(BEFORE, 2.0 * BEFORE)},
    ]


def outcomes(several: Sequence[dict[str, Any]], surgery: float, patients: int, seed: int) -> dict[str, pd.DataFrame]:
    """Outcomes by arm of patients without metastases, in both explanations of the fit, each arm in one order."""
    from diaspore.core.simulate import simulate
    from diaspore.inference.population import optimum_changes
    from diaspore.inference.strengths.fit import cohort

    found: dict[str, list[pd.DataFrame]] = {one["name"]: [] for one in several}
    for number, change in enumerate(optimum_changes()):
        data = cohort(change, patients, YEARS) | {"arms": list(several)}
        data["surgery"] = {name: one | {"at": f"{surgery!r} day"} for name, one in data["surgery"].items()}
        with tempfile.TemporaryDirectory(prefix="diaspore-lessons-") as folder:
            run = simulate(data, seed=seed + number, out=Path(folder) / "run", quiet=True)
            rows = run.table("outcomes")
        rows = rows[rows["m_stage"].astype(str) == "M0"].sort_values("patient")
        for k, name in enumerate(found):
            found[name].append(rows[rows["arm_number"] == k])
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def ratio(rows: Rows, arm: str, control: str, endpoint: str, start: float = 0.0, stop: float = math.inf) -> float:
    """Hazard ratio of an arm over another between two days."""
    parts = [times(rows[name], endpoint, YEARS * YEAR) for name in (control, arm)]
    time, event = (np.concatenate([parts[0][k], parts[1][k]]) for k in (0, 1))
    treated = np.repeat([False, True], [len(parts[0][0]), len(parts[1][0])])
    seen = time > start
    found = hazard_ratio(np.minimum(time, stop)[seen] - start, (event & (time <= stop))[seen], treated[seen])
    return float(found.value)


def share(rows: Rows, arm: str, site: str) -> float:
    """Share of a site among first relapses that are distant."""
    mine = rows[arm][rows[arm]["relapse_kind"].astype(str) == "distant"]
    return float(np.mean(mine["relapse_site"].astype(str) == site))


@dataclass(frozen=True)
class Lesson:
    """A figure of the arms: its check in the case ``lessons_of_trials`` ("" for none), words, and how it is made."""

    check: str
    words: str
    value: Callable[[Rows], float]


LESSONS = (
    Lesson(
        "invasion_late", "invasion blocked from the relapse on: death",
        lambda rows: ratio(rows, "invasion late", "none", "overall_survival"),
    ),
    Lesson(
        "invasion_early_less_late", "invasion blocked two years before over after surgery: distant relapse (log)",
        lambda rows: math.log(ratio(rows, "before", "none, late surgery", "distant_metastasis"))
        - math.log(ratio(rows, "after", "none, late surgery", "distant_metastasis")),
    ),
    Lesson(
        "angiogenic_years_on", "slower vessels for a year: relapse in that year",
        lambda rows: ratio(rows, "vessels", "none", "recurrence", 30.0, END),
    ),
    Lesson(
        "angiogenic_after", "slower vessels for a year: relapse in the three years after it",
        lambda rows: ratio(rows, "vessels", "none", "recurrence", END, END + 3.0 * YEAR),
    ),
    Lesson(
        "bone_share", "bone cycle at a quarter for five years: share of bone among first distant relapses",
        lambda rows: share(rows, "bone", "bone") / share(rows, "none", "bone"),
    ),
    Lesson(
        "bone_survival", "bone cycle at a quarter for five years: death",
        lambda rows: ratio(rows, "bone", "none", "overall_survival"),
    ),
    Lesson(
        "brain_share", "a drug that hardly reaches the brain: share of brain among first distant relapses",
        lambda rows: share(rows, "barrier", "brain") / share(rows, "none", "brain"),
    ),
    Lesson(
        "nodes_removed", "nodes removed over left: death",
        lambda rows: ratio(rows, "none", "nodes left", "overall_survival"),
    ),
    Lesson(
        "perioperative_off", "shedding blocked around surgery that sheds nothing: distant relapse",
        lambda rows: ratio(rows, "around surgery", "none", "distant_metastasis"),
    ),
    Lesson(
        "", "surgery that sheds ten million cells over one that sheds none: distant relapse",
        lambda rows: ratio(rows, "spilled", "none", "distant_metastasis"),
    ),
    Lesson(
        "", "shedding blocked around surgery that sheds ten million cells: distant relapse",
        lambda rows: ratio(rows, "spilled, blocked", "spilled", "distant_metastasis"),
    ),
)  # fmt: skip


def run(patients: int = PATIENTS, again: int = AGAIN, seed: int = SEED) -> dict[str, Any]:
    """All of `FILE`."""
    groups = [outcomes(arms(), 30.0, patients, seed), outcomes(early(), BEFORE, patients, seed)]
    whole = {name: rows for group in groups for name, rows in group.items()}
    draws: list[dict[str, float]] = []
    generator = np.random.default_rng(seed)
    for _ in range(again):
        drawn: dict[str, pd.DataFrame] = {}
        for group in groups:
            n = min(len(rows) for rows in group.values())
            which = generator.integers(0, n, n)
            drawn |= {name: rows.iloc[which].reset_index(drop=True) for name, rows in group.items()}
        draws.append({one.words: one.value(drawn) for one in LESSONS})
    found = []
    for one in LESSONS:
        low, high = np.percentile([draw[one.words] for draw in draws], [2.5, 97.5])
        numbers = {"value": one.value(whole), "low": float(low), "high": float(high)}
        found.append({"check": one.check, "words": one.words} | {k: float(f"{v:.4g}") for k, v in numbers.items()})
    return {
        "schema_version": 1, "strengths_sha256": frozen_checksum(), "patients": patients, "seed": seed,
        "lessons": found,
    }  # fmt: skip


def stored() -> Mapping[str, Any]:
    """What ships."""
    return shipped(FILE)


def main(arguments: Sequence[str]) -> None:
    """Compute and write `FILE` into a folder (default: where it ships)."""
    write(run(), FILE, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
