"""Lessons of trials: the arms can be run, intervals hold their values, and what ships is what the case expects."""

from __future__ import annotations

import numpy as np

from diaspore.inference.strengths import lessons
from diaspore.inference.strengths.frozen import frozen_checksum
from diaspore.validation.registry import load_cases


def test_every_check_has_a_lesson() -> None:
    checks = {check.name for check in load_cases()["lessons_of_trials"].checks}
    assert {one.check for one in lessons.LESSONS if one.check} == checks
    assert len({one.words for one in lessons.LESSONS}) == len(lessons.LESSONS)


def test_what_is_stored() -> None:
    found = lessons.stored()
    assert found["strengths_sha256"] == frozen_checksum()
    assert [row["words"] for row in found["lessons"]] == [one.words for one in lessons.LESSONS]
    assert all(row["low"] <= row["value"] <= row["high"] for row in found["lessons"])


def test_patients_are_the_same_in_all_arms() -> None:
    rows = lessons.outcomes(lessons.arms(), 30.0, 80, 1)
    first = rows["none"]
    assert 100 < len(first) <= 160
    for name, arm in rows.items():
        assert np.array_equal(arm["patient"], first["patient"]), name
    moved = np.abs(rows["around surgery"]["relapse_d"] - first["relapse_d"])
    assert moved.median() < 0.1  # nothing to block but what the primary sheds in its last days
    assert not rows["spilled"]["relapse_d"].equals(first["relapse_d"])
    assert not rows["spilled, blocked"]["relapse_d"].equals(rows["spilled"]["relapse_d"])
