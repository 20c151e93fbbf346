"""Treatments that wait for a relapse or end with it: the same as those of that patient's own days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from diaspore.core.errors import InputError
from diaspore.core.simulate import simulate
from diaspore.core.spec import spec_from_dict

BASE: dict[str, Any] = {
    "schema_version": 1, "kind": "patient", "name": "relapsing", "patients": 80, "parameters": "breast-2026.2",
    "surgery": {"primary": {"at": "20 day"}},
    "follow_up": {
        "duration": "12 year", "visits": [{"every": "6 month", "until": "12 year"}], "imaging": {"every": "1 year"},
    },
}  # fmt: skip
TABLETS: dict[str, Any] = {
    "drug": "tamoxifen", "dose": "20 mg", "every": "1 day", "effects": [{"lever": "growth_rate", "factor": 0.1}],
}  # fmt: skip
PACLITAXEL: dict[str, Any] = {
    "drug": "paclitaxel", "dose": "80 mg/m2", "every": "7 day",
    "effects": [{"lever": "kill_rate", "rate": "0.02 1/day"}],
}  # fmt: skip


def patients(treatment: list[Any], **fields: Any) -> pd.DataFrame:
    return simulate(BASE | {"treatment": treatment} | fields, seed=3, threads=1, quiet=True).table("patients")


@pytest.fixture(scope="module")
def untreated() -> pd.DataFrame:
    return patients([])


def test_nothing_changes_before_and_later_deaths_after(untreated: pd.DataFrame) -> None:
    treated = patients([TABLETS | {"from": "relapse", "for": "12 year"}])
    same = untreated["relapse_d"].fillna(-1.0).to_numpy() == treated["relapse_d"].fillna(-1.0).to_numpy()
    assert same.all()
    free = untreated["relapse_d"].isna().to_numpy() & (untreated["m_stage"].astype(str) == "M0").to_numpy()
    assert free.any()
    assert untreated["death_d"][free].equals(treated["death_d"][free])
    both = untreated["death_d"].notna().to_numpy() & treated["death_d"].notna().to_numpy() & ~free
    assert both.sum() > 10
    gained = treated["death_d"][both] - untreated["death_d"][both]
    assert gained.min() > -1e-6
    assert gained.median() > 100.0


@pytest.mark.parametrize("number", range(4))
def test_it_equals_a_course_on_the_days_of_that_patient(untreated: pd.DataFrame, number: int) -> None:
    some = untreated[untreated["relapse_d"].notna() & (untreated["death_cause"].astype(str) == "cancer")]
    patient = some.iloc[number]
    # Someone found by imaging and someone with symptoms are among them; the course of the plan stops, the other begins.
    waiting = patients(
        [TABLETS | {"for": "12 year", "until": "relapse"}, PACLITAXEL | {"from": "relapse", "doses": 20}]
    )
    day = float(waiting["relapse_d"].iloc[int(patient["patient"])])
    if not np.isfinite(day):
        day = 4000.0  # none with the tablets: the other course is never given
    by_hand = patients(
        [TABLETS | {"for": f"{day!r} day"}, PACLITAXEL | {"from": f"{day!r} day", "doses": 20}]
        if day < 4000.0
        else [TABLETS | {"for": "12 year"}]
    )
    a, b = (table.iloc[int(patient["patient"])] for table in (waiting, by_hand))
    assert a["relapse_d"] == pytest.approx(b["relapse_d"], abs=1e-9, nan_ok=True)
    assert a["death_d"] == pytest.approx(b["death_d"], abs=1.0, nan_ok=True)
    assert a["death_cause"] == b["death_cause"]


def test_metastases_at_diagnosis_are_known_at_once() -> None:
    found = {}
    for start in ("relapse", "diagnosis"):
        table = patients([TABLETS | {"from": start, "for": "12 year"}], patients=800)
        found[start] = table[table["m_stage"].astype(str) == "M1"]["death_d"]
    assert len(found["relapse"]) > 5
    assert found["relapse"].equals(found["diagnosis"])


def test_the_same_in_parts_and_on_two_threads() -> None:
    course = [TABLETS | {"from": "relapse", "for": "3 year"}]
    spec = spec_from_dict(BASE | {"treatment": course, "patients": 1500})
    a, b = (simulate(spec, seed=3, threads=n, quiet=True).table("patients") for n in (1, 2))
    assert a.equals(b)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"levers": [{"lever": "growth_rate", "factor": 0.5}]}, "do not go with settings under 'levers'"),
        (
            {"treatment": [TABLETS | {"from": "relapse", "for": "1 year", "until": "relapse"}]},
            "cannot end with a relapse",
        ),
        ({"treatment": [TABLETS | {"from": "relapse"}]}, "no end"),
    ],
)
def test_mistakes(fields: dict[str, Any], words: str) -> None:
    data = BASE | {"treatment": [TABLETS | {"from": "relapse", "for": "1 year"}]} | fields
    with pytest.raises(InputError, match=words):
        spec_from_dict(data)
