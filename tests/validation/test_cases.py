"""The shipped cases: what they state, and that the quick ones hold."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

import diaspore.knowledge
from diaspore.validation import load_cases, must_pass_failures, not_covered, run_cases
from diaspore.validation.models.engine_runs import warm_up
from diaspore.validation.report import closer_nulls, json_lines, null_counts, summary, table, verdict

CASES = load_cases()


@pytest.fixture(scope="module")
def results() -> list[dict[str, Any]]:
    warm_up()
    return list(run_cases("quick"))


@pytest.mark.parametrize("name", sorted(CASES))
def test_case_is_stated_fully(name: str) -> None:
    case = CASES[name]
    assert importlib.util.find_spec(f"diaspore.validation.cases.{name}") is not None
    assert case.title
    assert case.endpoint
    assert case.setting
    assert case.checks


def test_every_source_is_in_the_reference_list() -> None:
    bib = (Path(diaspore.knowledge.__file__).parent / "references.bib").read_text("utf-8")
    known = set(re.findall(r"^@\w+\{([^,\s]+)", bib, flags=re.MULTILINE))
    used = {s for c in CASES.values() for s in c.source} | {g["source"] for g in not_covered()}
    assert used - known == set()


def test_quick_cases_hold(results: list[dict[str, Any]]) -> None:
    assert [(r["case"], r["check"], r["reason"]) for r in must_pass_failures(results)] == []


def test_coverage_differences_are_the_known_ones(results: list[dict[str, Any]]) -> None:
    assert [(r["case"], r["check"], r["reason"]) for r in results if not r["pass"] and not r["known"]] == []


def test_comparisons_with_data_stand_beside_a_null_model(results: list[dict[str, Any]]) -> None:
    for r in results:
        if r["kind"] in ("fitted", "shape only", "held out", "predicted") and CASES[r["case"]].null_model:
            assert isinstance(r["obtained"], dict), (r["case"], r["check"])


def test_same_numbers_again() -> None:
    for name in ("colony_size_power_law", "markov_chain_identities", "luzzi_cascade"):
        first, second = (
            [{k: v for k, v in r.items() if k != "seconds"} for r in run_cases("all", [name])] for _ in range(2)
        )
        assert first == second


def test_report(results: list[dict[str, Any]]) -> None:
    lines = json_lines(results).splitlines()
    assert len(lines) == len(results)
    assert json.loads(lines[0])["case"] == results[0]["case"]
    assert table(results).row_count == len(results)
    counts = null_counts(results)
    assert set(counts) >= {"fitted", "shape only", "held out", "predicted"}
    assert sum(worse for worse, _ in counts.values()) == sum(bool(closer_nulls(r)) for r in results)
    total = sum(sum(row.values()) for row in summary(results).values())
    assert total == len(results)
    made_up = {"pass": False, "skipped": False, "kind": "analytic"}
    assert verdict(made_up) == "FAIL"
    assert verdict(made_up | {"kind": "fitted"}) == "differs"
    assert verdict(made_up | {"skipped": True}) == "skipped"
