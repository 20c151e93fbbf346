"""Courses that go on from diagnosis are whole ones, but for the last digits of sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from diaspore.body.batch import Batch, People, begin_people, run_people
from diaspore.body.compile import Compiled, compile_patient
from diaspore.body.tables import figures, lesions_table, patients_table, visits_table
from diaspore.core.spec import spec_from_dict

BASE: dict[str, Any] = {
    "schema_version": 1, "kind": "patient", "name": "begun", "patients": 120,
    "follow_up": {"duration": "8 year", "visits": [{"every": "1 year", "until": "8 year"}]},
}  # fmt: skip
OTHERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "surgery": {"surgery": {"primary": {"at": "14 day"}, "nodes": {"at": "14 day"}}},
    "levers from the first day": {
        "levers": [{"lever": "growth_rate", "factor": 0.5, "from": "0 day", "until": "1 year"}]
    },
    "treatment": {"treatment": ["paclitaxel 80 mg/m2 weekly for 12 weeks from day 30"]},
}


def tables(compiled: Compiled, batch: Batch) -> list[pd.DataFrame]:
    """All that is kept of a batch; work space that nobody reads differs."""
    figure = figures(compiled, batch)
    made = (patients_table(compiled, batch, figure), lesions_table(compiled, batch), visits_table(compiled, batch))
    return [one.to_pandas() for one in made]


@pytest.mark.parametrize("parameters", ["breast-2026.1", "breast-2026.2"])
@pytest.mark.parametrize("which", OTHERS)
def test_from_diagnosis_on_as_from_the_first_cell(which: str, parameters: str) -> None:
    plain = compile_patient(spec_from_dict(BASE | {"parameters": parameters}), 3)
    other = compile_patient(spec_from_dict(BASE | {"parameters": parameters} | OTHERS[which]), 3)
    people = People.of(plain, 0, 120)
    begun = begin_people(plain, people)
    whole, rest = run_people(other, people), run_people(other, people, begun=begun)
    assert whole.stocks == pytest.approx(rest.stocks, rel=1e-12)
    for a, b in zip(tables(other, whole), tables(other, rest), strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=False, rtol=1e-12, atol=0.0)
    some = np.arange(7, 90, 3)
    few = tables(other, run_people(other, people.take(some)))
    part = tables(other, run_people(other, people.take(some), begun=begun.take(some)))
    for a, b in zip(few, part, strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=False, rtol=1e-12, atol=0.0)
