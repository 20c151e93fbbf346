"""Hazard ratios of trials of drugs, predicted with strengths that none of them was used for.

All drugs that move a lever move it equally far (table ``lever_strengths``; killing as fitted for chemotherapy in
`frozen`), from the first dose to the last; a trial differs from another by its drug's levers, its cancer, when the drug
is given, and what is counted. Ends of the assumed ranges give the ends of what the model would find possible. The null
model says that no drug does anything.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diaspore.cohort.hazards import hazard_ratio
from diaspore.cohort.outcomes import times
from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.inference.strengths.frozen import NAME, frozen_checksum, shipped, strengths
from diaspore.knowledge.drugs import drug

PATIENTS, SEED = 6000, 20_265
RESISTANCE = 1e-8
"""Chance per division of a resistant cell in `FILE_RESISTANT`; assumed, 1e-9 to 1e-7."""
"""Of each arm; in breast cancer half of them in each explanation of the fit."""
ACCRUAL, YEARS = 2.0, {"surgery": 5.0, "relapse": 10.0}
"""Years over which patients enter, and of follow-up after the last, by what a course begins with; assumed."""
FILE = "predictions.json"
FILE_RESISTANT = "predictions-resistant.json"
FURTHER = "overall_survival"
"""Endpoint that is told besides that of the trial."""
ARMS = ("control", "central", "weak", "strong")


@dataclass(frozen=True)
class Trial:
    """A trial to be predicted.

    Attributes:
        key, name: short name, and what it is called.
        drug, cancer: in the drug base; a cancer with a model of its own.
        course: of the drug in plain words.
        endpoint: one of `diaspore.cohort.trial_spec.ENDPOINTS`.
        patients: who took part, recalled.
    """

    key: str
    name: str
    drug: str
    cancer: str
    course: str
    endpoint: str
    patients: int

    @property
    def begins(self) -> str:
        """Surgery or relapse."""
        return "relapse" if self.course.endswith("from relapse") else "surgery"


@cache
def trials() -> tuple[Trial, ...]:
    """All trials of the table ``predicted_trials``."""
    from diaspore.knowledge.load import table

    return tuple(
        Trial(
            row.key.removeprefix("predicted_trial."), row["trial"], row["drug"], row["cancer"], row["course"],
            row["endpoint"], int(row.value),
        )
        for row in table("predicted_trials")
    )  # fmt: skip


def trial(name: str) -> Trial:
    """The trial of a key or name.

    Raises:
        InputError: there is none.
    """
    for one in trials():
        if name.lower() in (one.key, one.name.lower()):
            return one
    keys = [one.key for one in trials()]
    raise InputError(f"no trial is called {shown(name)}", allowed=keys, nearest=nearest_name(name, keys))


def effects_of_drug(name: str, which: str) -> list[dict[str, Any]]:
    """Effects of a drug on its levers, with the strengths that are assumed of every drug.

    Args:
        name: in the drug base.
        which: "central", or "weak" and "strong" for the ends of the assumed ranges.
    """
    found: list[dict[str, Any]] = []
    for lever, sign in drug(name).levers.items():
        if lever == "kill_rate":
            found.append({"lever": lever, "rate": f"{_kill_rate(which)!r} 1/day"})
            continue
        value = _factor(lever, which)
        usual = 1 if value > 1.0 else -1
        found.append({"lever": lever, "factor": value if sign == usual else 1.0 / value})
    return found


def _factor(lever: str, which: str) -> float:
    from diaspore.knowledge.load import fact

    row = fact(f"lever_strengths.{lever}")
    assert row.low is not None
    assert row.high is not None
    if which == "central":
        return row.value
    ends = sorted((row.low, row.high), key=lambda one: abs(math.log(one)))
    return ends[0] if which == "weak" else ends[1]


def _kill_rate(which: str) -> float:
    """1/day: that of four courses of a taxane in 84 days; its interval is widened by that of AC."""
    ac, taxane = (strengths()[f"{name}_decades"] for name in ("ac", "taxane"))
    decades = {"central": taxane.value, "weak": min(ac.low, taxane.low), "strong": max(ac.high, taxane.high)}[which]
    return decades * math.log(10.0) / 84.0


def described(one: Trial, patients: int, resistance: float = 0.0) -> list[dict[str, Any]]:
    """What is simulated, as files of kind trial: one for each explanation of the model of the cancer."""
    from diaspore.inference.population import optimum_changes
    from diaspore.inference.strengths.fit import cohort
    from diaspore.therapy.words import course_from_words

    years = ACCRUAL + YEARS[one.begins]
    if one.cancer == "breast":
        parts = [cohort(change, -(-patients // 2), years + 0.1) for change in optimum_changes()]
    else:
        parts = [_ready_cohort(one.cancer, patients, years + 0.1)]
    arms: list[dict[str, Any]] = [{"name": ARMS[0]}]
    for which in ARMS[1:]:
        course = dict(course_from_words(one.course)) | {"effects": effects_of_drug(one.drug, which)}
        arms.append({"name": which, "treatment": [course]})
    analysis = {"follow_up": f"{YEARS[one.begins]!r} year", "endpoints": [one.endpoint], "at": []}
    return [
        part | {"name": one.key, "accrual": f"{ACCRUAL!r} year", "arms": arms, "analysis": analysis,
                "resistance": resistance}
        for part in parts
    ]  # fmt: skip


def _ready_cohort(cancer: str, patients: int, years: float) -> dict[str, Any]:
    """The shipped cohort of a cancer as a trial of one sex."""
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.yamlio import load_yaml

    data: dict[str, Any] = dict(load_yaml(find_spec_file(f"{cancer}-cohort")).data)
    data.pop("groups", None)
    follow = dict(data["follow_up"])
    visits = [{"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": f"{years!r} year"}]
    follow |= {"duration": f"{years!r} year", "visits": visits}
    m0 = {"eligibility": {"m0": False}}
    return data | {"kind": "trial", "patients": patients, "follow_up": follow} | m0


def predicted(
    one: Trial, patients: int = PATIENTS, seed: int = SEED, threads: int | None = None, resistance: float = 0.0
) -> dict[str, Any]:
    """Simulate a trial and predict its hazard ratios; a row of `FILE`."""
    from diaspore.core.simulate import simulate

    parts = []
    for number, data in enumerate(described(one, patients, resistance)):
        with tempfile.TemporaryDirectory(prefix="diaspore-trial-") as folder:
            run = simulate(data, seed=seed + number, out=Path(folder) / "run", quiet=True, threads=threads)
            parts.append(run.table("outcomes"))
    rows = pd.concat(parts, ignore_index=True)
    if one.begins == "surgery":  # adjuvant trials: of those without metastases, who had their operation
        rows = rows[(rows["m_stage"].astype(str) == "M0") & ~(rows["followup_d"] < 30.0)].reset_index(drop=True)
    cut = 365.25 * (ACCRUAL + YEARS[one.begins])
    found: dict[str, Any] = {"trial": one.key, "endpoint": one.endpoint}
    arms = {name: times(rows[rows["arm_number"] == k], one.endpoint, cut) for k, name in enumerate(ARMS)}
    shares = [float(np.mean(event)) for _, event in arms.values()]
    for name in ARMS[1:]:
        ratio = _ratio(arms["control"], arms[name])
        found[name] = float(f"{ratio[0]:.4g}")
        if name == "central":
            found["error"] = float(f"{ratio[1]:.3g}")
    further = [times(rows[rows["arm_number"] == k], FURTHER, cut) for k in (0, 1)]
    found[FURTHER] = float(f"{_ratio(*further)[0]:.4g}")
    found["event_share"] = float(f"{shares[0]:.3g}")
    found["counted"] = len(arms["control"][0])
    spread, null = (
        1.96 * math.sqrt(4.0 / max(1.0, one.patients * share)) for share in (0.5 * (shares[0] + shares[1]), shares[0])
    )
    ends = [found[name] for name in ARMS[1:]]
    low, high = min(ends) * math.exp(-spread), max(ends) * math.exp(spread)
    found["low"], found["high"] = float(f"{low:.3g}"), float(f"{high:.3g}")
    found["null_low"], found["null_high"] = (float(f"{math.exp(sign * null):.3g}") for sign in (-1, 1))
    return found


def _ratio(control: tuple[np.ndarray, np.ndarray], arm: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    """Hazard ratio and the standard error of its logarithm."""
    time, event = (np.concatenate([control[k], arm[k]]) for k in (0, 1))
    treated = np.repeat([False, True], [len(control[0]), len(arm[0])])
    found = hazard_ratio(time, event, treated)
    return float(found.value), float(found.error)


def predict(
    wanted: Iterable[Trial], patients: int = PATIENTS, seed: int = SEED, threads: int | None = None,
    done: Callable[[Trial], None] = lambda one: None, resistance: float = 0.0,
) -> dict[str, Any]:  # fmt: skip
    """Predictions of trials, with what they were made with; ``resistance`` is the chance of it per division."""
    from diaspore.inference.checksum import engine_checksum

    rows = []
    for one in wanted:
        rows.append(predicted(one, patients, seed, threads, resistance))
        done(one)
    return {
        "schema_version": 1, "strengths": NAME, "strengths_sha256": frozen_checksum(), "engine": engine_checksum(),
        "patients": patients, "seed": seed, "resistance": resistance, "trials": rows,
    }  # fmt: skip


def stored(resistance: float = 0.0) -> Mapping[str, Any]:
    """What ships.

    Raises:
        InputError: for this chance of resistance nothing does.
    """
    if resistance not in (0.0, RESISTANCE):
        raise InputError(
            f"no predictions ship for a chance of {resistance:g}", field="resistance", allowed=f"0 or {RESISTANCE:g}"
        )
    return shipped(FILE if resistance == 0.0 else FILE_RESISTANT)
