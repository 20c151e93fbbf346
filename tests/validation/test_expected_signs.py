"""What scenes are compared with: published numbers, and signs of ablations listed before scenes were built."""

from __future__ import annotations

from collections import Counter

import pytest

from diaspore.knowledge.load import references
from diaspore.tissue.scenes.scene import SCENES, scene
from diaspore.validation import load_cases
from diaspore.validation.ablations import compared, expected_signs, signs_of


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_is_compared_with_three_published_numbers(name: str) -> None:
    case = load_cases()[f"scene_{name.replace('-', '_')}"]
    assert sum(check.kind in ("published", "fitted", "shape only") for check in case.checks) >= 3
    for check in case.checks:
        if check.tolerance.kind == "interval" and check.expected is not None:
            assert check.tolerance.met(check.expected, check.expected), check.name


@pytest.mark.parametrize("name", SCENES)
def test_every_listed_sign_has_a_measure(name: str) -> None:
    one = scene(name)
    rows = signs_of(one)
    assert len(rows) >= 2
    assert set(rows["measure"]) <= set(one.measures)
    assert set(rows["off"]) <= {ablation.name for ablation in one.ablations}


def test_stored_runs_are_of_twenty_seeds_and_have_all_measures() -> None:
    from diaspore.tissue.scenes.stored import read_runs

    stored = [one for one in map(scene, SCENES) if one.table().is_file()]
    assert len(stored) >= 7
    for one in stored:
        runs = read_runs(one)[0]
        assert set(runs.groupby("ablation").size()) == {20}, one.name
        assert set(one.measures) <= set(runs.columns), one.name
        assert compared(one, runs)["agrees"].notna().all(), one.name


def test_signs_of_ablations_are_well_formed() -> None:
    rows = expected_signs().to_dict("records")
    assert sum(row["scored"] == "yes" for row in rows) >= 24
    for row in rows:
        assert all(row[field] for field in row if field != "note"), row
        assert row["sign"] in ("+", "-", "0"), row
        assert row["scored"] in ("yes", "no"), row
        assert row["evidence"] in ("patients", "animals", "in vitro"), row
        assert row["seen"] in ("abstract", "summary", "table", "title"), row
        assert row["source"] in references(), row
        assert row["scored"] == "yes" or "conflicts with" in row["note"], row
    asked = Counter((row["scene"], row["off"], row["outcome"]) for row in rows)
    assert max(asked.values()) == 1
