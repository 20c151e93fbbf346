"""Registry of validation cases: verdicts, crashes, skips, choice of cases."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from diaspore.core.errors import InputError
from diaspore.validation import Case, Result, load_cases, must_pass_failures, not_covered, run_cases
from diaspore.validation.report import closer_nulls, null_counts
from diaspore.validation.tolerance import Tolerance, clopper_pearson

YAML = """
case: {name}
title: A case
source: [someone2000]
endpoint: a number
setting: none
kind: analytic
evidence: derived
quick: {quick}
checks:
  - {{name: one, expected: 1.0, tolerance: {{absolute: 0.1}}}}
  - {{name: two, kind: fitted, expected: null, tolerance: {{relative: 0.5}}, note: a note}}
"""


def make(tmp_path: Path, *names: str, quick: str = "true") -> dict[str, Case]:
    for name in names:
        (tmp_path / f"{name}.yaml").write_text(YAML.format(name=name, quick=quick))
    return load_cases(tmp_path)


def loader(fill: Callable[[Result], None]) -> Callable[[str], Callable[[], Result]]:
    def run() -> Result:
        result = Result()
        fill(result)
        return result

    return lambda name: run


def test_pass_and_null_model(tmp_path: Path) -> None:
    def fill(r: Result) -> None:
        r.add("one", 1.05)
        r.add("two", 3.0, expected=2.5, null={"constant": 9.0})

    one, two = run_cases("all", cases=make(tmp_path, "good"), loader=loader(fill))
    assert one["pass"]
    assert one["obtained"] == 1.05
    assert one["tolerance"] == "± 0.1"
    assert two["pass"]
    assert two["kind"] == "fitted"
    assert two["obtained"] == {"model": 3.0, "null": {"constant": 9.0}}
    assert two["expected"] == 2.5
    assert two["reason"] == "a note"
    assert must_pass_failures([one, two]) == []
    json.dumps([one, two], allow_nan=False)


def test_null_models_that_are_closer(tmp_path: Path) -> None:
    def fill(r: Result) -> None:
        r.add("one", 1.05, null={"near": 0.96, "far": 3.0, "as near": 0.95})
        r.add("two", 3.0, expected=2.5, null={"far": 1.0})

    rows = list(run_cases("all", cases=make(tmp_path, "good"), loader=loader(fill)))
    assert [closer_nulls(row) for row in rows] == [["near"], []]
    assert null_counts(rows) == {"analytic": (1, 1), "fitted": (0, 1)}
    missing = {**rows[0], "obtained": {"model": None, "null": {"near": 1.0}}}
    assert closer_nulls(missing) == []
    assert null_counts([{**rows[0], "obtained": 1.0}]) == {}


def test_failures_say_why(tmp_path: Path) -> None:
    def fill(r: Result) -> None:
        r.add("one", 2.0)
        r.skip("two", "no data here")
        r.add("three", 1.0)

    one, two, stray = run_cases("all", cases=make(tmp_path, "bad"), loader=loader(fill))
    assert not one["pass"]
    assert "off by +1" in one["reason"]
    assert not two["pass"]
    assert two["skipped"]
    assert two["obtained"] is None
    assert "no data here" in two["reason"]
    assert not stray["pass"]
    assert "no expectation" in stray["reason"]
    assert [r["check"] for r in must_pass_failures([one, two, stray])] == ["one", "three"]


def test_a_skipped_analytic_check_is_a_failure(tmp_path: Path) -> None:
    rows = list(run_cases("all", cases=make(tmp_path, "c"), loader=loader(lambda r: r.skip("one", "why"))))
    assert [r["check"] for r in must_pass_failures(rows)] == ["one"]


def test_crash_is_reported_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    def crash() -> Result:
        raise ZeroDivisionError("boom")

    def run() -> Result:
        r = Result()
        r.add("one", 1.0)
        r.add("two", math.nan, expected=1.0)
        return r

    cases = make(tmp_path, "a_crash", "b_fine")
    rows = list(run_cases("all", cases=cases, loader=lambda name: crash if name == "a_crash" else run))
    assert [r["pass"] for r in rows] == [False, False, True, False]
    assert "ZeroDivisionError: boom" in rows[0]["reason"]
    assert "not finite" in rows[3]["reason"]


def test_missing_module_is_a_failure(tmp_path: Path) -> None:
    rows = list(run_cases("all", cases=make(tmp_path, "there_is_no_such_case")))
    assert not any(r["pass"] for r in rows)
    assert "ModuleNotFoundError" in rows[0]["reason"]


def test_a_case_without_expected_number_cannot_pass(tmp_path: Path) -> None:
    rows = list(run_cases("all", cases=make(tmp_path, "c"), loader=loader(lambda r: r.add("two", 1.0))))
    assert not rows[1]["pass"]
    assert "no expected number" in rows[1]["reason"]


def test_choice_of_cases_and_progress(tmp_path: Path) -> None:
    cases = make(tmp_path, "fast") | make(tmp_path, "slow", quick="false")
    cases["fast"] = load_cases(tmp_path)["fast"]
    seen: list[tuple[str, int, int]] = []
    fill = loader(lambda r: r.add("one", 1.0))

    def names(which: str, chosen: list[str] | None = None) -> list[str]:
        rows = run_cases(which, chosen, cases=cases, loader=fill, progress=lambda *a: seen.append(a))
        return list(dict.fromkeys(r["case"] for r in rows))

    assert names("quick") == ["fast"]
    assert names("all") == ["fast", "slow"]
    assert names("quick", ["slow"]) == ["slow"]
    assert seen[:2] == [("fast", 0, 1), ("", 1, 1)]


def test_unknown_name_helps(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'hahnfeldt_control'"):
        list(run_cases("quick", ["hahnfelt_control"]))
    with pytest.raises(InputError, match="not known"):
        list(run_cases("some"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("absolute: 0.1", "roughly: 0.1"), "tolerance is one of"),
        (("kind: analytic", "kind: certain"), "unknown kind"),
        (("name: two", "name: one"), "names must differ"),
        (("setting: none\n", ""), "no 'setting'"),
        (("evidence: derived\n", "evidence: derived\nknown_differences: {three: why}\n"), "names no check: three"),
    ],
)
def test_badly_stated_case_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    (tmp_path / "c.yaml").write_text(YAML.format(name="c", quick="true").replace(*change))
    with pytest.raises(ValueError, match=message):
        load_cases(tmp_path)


def test_a_known_difference_is_said_and_still_no_pass(tmp_path: Path) -> None:
    text = YAML.format(name="c", quick="true").replace("quick: true", "quick: true\nknown_differences: {t*: far off}")
    (tmp_path / "c.yaml").write_text(text)

    def fill(result: Result) -> None:
        result.add("one", 1.0)
        result.add("two", 1.0, expected=4.0)

    one, two = run_cases("quick", cases=load_cases(tmp_path), loader=loader(fill))
    assert (one["pass"], one["known"], one["reason"]) == (True, False, "")
    assert (two["pass"], two["known"], two["reason"]) == (False, True, "off by -75 %; known: far off; a note")


def test_tolerances() -> None:
    assert Tolerance("relative", 0.01).met(-99.5, -100.0)
    assert not Tolerance("relative", 0.001).met(99.5, 100.0)
    assert Tolerance("at_most", 0.5).met(-0.4, 0.0)
    assert not Tolerance("at_most", 0.5).met(-0.6, 0.0)
    published = Tolerance.parse({"interval": [1.0, 2.4]}, "here")
    assert published.met(2.4, 1.7)
    assert not published.met(2.5, 1.7)
    assert str(published) == "1 to 2.4"
    assert published.explain(2.5, 1.7) == "outside 1 to 2.4"
    for wrong in (1.0, [2.0, 1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match="interval is a list of two"):
            Tolerance.parse({"interval": wrong}, "here")
    ci = Tolerance("binomial_ci", 0.95)
    assert ci.met(0.5, 0.45, (50, 100))
    assert not ci.met(0.5, 0.35, (50, 100))
    assert "outside" in ci.explain(0.5, 0.35, (50, 100))
    with pytest.raises(ValueError, match="needs counts"):
        ci.met(0.5, 0.35)
    assert [str(Tolerance(k, 0.02)) for k in ("absolute", "relative", "at_most", "binomial_ci")] == [
        "± 0.02",
        "± 2 %",
        "≤ 0.02",
        "2 % binomial interval",
    ]


def test_clopper_pearson_known_values() -> None:
    # 0 of 10 and 10 of 10: closed form 1 - (alpha/2)**(1/n)
    assert clopper_pearson(0, 10, 0.95) == pytest.approx((0.0, 1 - 0.025**0.1))
    assert clopper_pearson(10, 10, 0.95) == pytest.approx((0.025**0.1, 1.0))
    assert clopper_pearson(6, 29, 0.95) == pytest.approx((0.0799, 0.3972), abs=2e-4)


def test_what_is_not_covered_has_a_reason() -> None:
    gaps = not_covered()
    assert gaps
    assert all(set(g) == {"topic", "source", "reason"} and g["reason"] for g in gaps)
