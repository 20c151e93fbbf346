"""Treatments with drugs in a patient's file: the same as the levers they stand for, and mistakes named."""

from __future__ import annotations

from typing import Any

import pytest

from diaspore.body.schedule import treatment_levers
from diaspore.body.spec import PatientSpec
from diaspore.core.errors import InputError
from diaspore.core.simulate import simulate
from diaspore.core.spec import spec_from_dict

BASE: dict[str, Any] = {
    "schema_version": 1, "kind": "patient", "name": "treated", "patients": 60, "surgery": {"primary": {"at": "20 day"}},
    "follow_up": {"duration": "10 year", "visits": [{"every": "1 year", "until": "10 year"}]},
}  # fmt: skip
COURSES = [
    "paclitaxel 80 mg/m2 weekly for 12 weeks from surgery",
    {"drug": "trastuzumab", "dose": "6 mg/kg", "every": "3 week", "for": "1 year", "from": "100 day",
     "effects": [{"lever": "growth_rate", "factor": 0.3, "half": "20 mg/L"}]},
]  # fmt: skip


def test_a_treatment_is_the_levers_it_stands_for() -> None:
    treated = spec_from_dict(BASE | {"treatment": COURSES})
    assert isinstance(treated, PatientSpec)
    levers = treatment_levers(treated)
    assert {one.lever for one in levers} == {"kill_rate", "growth_rate"}
    assert min(one.start for one in levers) == 20.0
    written = [
        {"lever": one.lever, "from": f"{one.start!r} day", "until": f"{one.until!r} day"}
        | ({"factor": one.factor} if one.rate is None else {"rate": f"{one.rate!r} 1/day"})
        | ({} if one.sites is None else {"sites": list(one.sites)})
        for one in levers
    ]
    by_hand = spec_from_dict(BASE | {"levers": written})
    a, b = (simulate(spec, seed=2, threads=1, quiet=True) for spec in (treated, by_hand))
    for table in ("patients", "lesions", "visits"):
        assert a.table(table).equals(b.table(table)), table
    untreated = simulate(spec_from_dict(BASE), seed=2, threads=1, quiet=True)
    assert a.summary != untreated.summary


def test_organs_that_a_sex_has_not_are_left_out() -> None:
    spec = spec_from_dict(BASE | {"treatment": COURSES})
    assert isinstance(spec, PatientSpec)
    assert all("prostate" not in (one.sites or ()) for one in treatment_levers(spec))


@pytest.mark.parametrize(
    ("course", "field", "words"),
    [
        ("paclitaxil 80 mg/m2 weekly for 12 weeks", "treatment[0]", "paclitaxel"),
        ("paclitaxel 80 mg weekly for 12 weeks", "treatment[0].dose", "80 mg/m2"),
        ("paclitaxel 80 mg/m2 weekly for 12 weeks from day 4000", "treatment[0].from", "end of follow-up"),
        ("paclitaxel 80 mg/m2 weekly", "treatment[0].for", "no end"),
    ],
)
def test_mistakes(course: str, field: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        spec_from_dict(BASE | {"treatment": [course]})
    assert error.value.field == field


def test_surgery_that_is_not_planned() -> None:
    with pytest.raises(InputError, match="no surgery"):
        spec_from_dict(BASE | {"surgery": {}, "treatment": COURSES[:1]})
