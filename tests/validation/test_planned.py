"""Expectations that were written down before what they speak of is built."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import diaspore
from diaspore.knowledge.load import references
from diaspore.validation import load_cases

PLANNED = Path(__file__).parent / "planned"
SIGNS = Path(diaspore.__file__).parent / "validation" / "data" / "ablation_signs.csv"


def test_planned_cases_are_stated_fully() -> None:
    shipped = set(load_cases())
    for name, case in load_cases(PLANNED).items():
        assert name not in shipped
        assert case.title
        assert case.endpoint
        assert case.setting
        assert case.notes
        assert case.checks
        assert set(case.source) <= set(references()), name


def test_expected_numbers_lie_in_their_intervals() -> None:
    for name, case in load_cases(PLANNED).items():
        for check in case.checks:
            if check.tolerance.kind == "interval" and check.expected is not None:
                assert check.tolerance.met(check.expected, check.expected), (name, check.name)


def test_scenes_are_compared_with_published_numbers() -> None:
    for name, case in load_cases(PLANNED).items():
        if name.startswith("scene_"):
            assert sum(check.kind == "published" for check in case.checks) >= 3, name


def test_signs_of_ablations_are_well_formed() -> None:
    with SIGNS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, strict=True))
    assert sum(row["scored"] == "yes" for row in rows) >= 24
    for row in rows:
        assert None not in row
        assert all(row[field] for field in row if field != "note"), row
        assert row["sign"] in ("+", "-", "0"), row
        assert row["scored"] in ("yes", "no"), row
        assert row["evidence"] in ("patients", "animals", "in vitro"), row
        assert row["seen"] in ("abstract", "summary", "table", "title"), row
        assert row["source"] in references(), row
        assert row["scored"] == "yes" or "conflicts with" in row["note"], row
    asked = Counter((row["scene"], row["off"], row["outcome"]) for row in rows)
    assert max(asked.values()) == 1
