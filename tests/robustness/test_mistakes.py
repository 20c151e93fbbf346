"""One mistake in a patient file, through the command: where it is, what would do, what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError, InputErrors
from diaspore.core.spec import load_spec

HEAD = "schema_version: 1\nkind: patient\nname: x\n"  # three lines; the mistakes below begin on the fourth

CASES: dict[str, tuple[str, int, str, *tuple[str, ...]]] = {
    # name: text after the head, line, field, part of the problem, [part of what is allowed, [nearest name]]
    "unknown field": ("primry: {}", 4, "primry", "not a known field", "primary", "primary"),
    "unknown field inside": ("primary:\n  syte: lung", 5, "primary.syte", "not a known field", "site", "site"),
    "no unit": ("age: 61", 4, "age", '61 has no unit; expected a time with its unit, for example "18 year"'),
    "no unit in text": ("age: '61'", 4, "age", "has no unit"),
    "wrong dimension": ("age: 61 mm", 4, "age", "of dimension length; expected a time"),
    "unknown unit": ("age: 61 yearz", 4, "age", "not known", "a unit of time", "year"),
    "not finite": ("age: .nan", 4, "age", "nan has no unit"),
    "infinite": ("age: 1e999 year", 4, "age", "not a finite number"),
    "too young": ("age: 3 year", 4, "age", "at least 18 year, got '3 year'"),
    "negative time": ("surgery: {primary: {at: -3 day}}", 4, "surgery.primary.at", "at least 0 day"),
    "nothing": ("age_mean:", 4, "age_mean", "got nothing"),
    "no patients": ("patients: 0", 4, "patients", "at least 1, got 0"),
    "half a patient": ("patients: 1.5", 4, "patients", "whole number"),
    "patients as truth": ("patients: true", 4, "patients", "expected a whole number, got true"),
    "patients as text": ("patients: '7'", 4, "patients", "whole number"),
    "sex": ("sex: femal", 4, "sex", "not one of the choices", "female", "female"),
    "parameter set": (
        "parameters: brest-2026.1", 4, "parameters", "no parameter set", "breast-2026.1", "breast-2026.1"),
    "site": ("primary: {site: brest}", 4, "primary.site", "not one of the choices", "breast", "breast"),
    "cavity as site": ("primary: {site: pleura}", 4, "primary.site", "not one of the choices", "lung"),
    "man's ovary": ("sex: male\nprimary: {site: ovary}", 5, "primary.site", "a male patient has no ovary"),
    "woman's prostate": ("primary:\n  site: prostate", 5, "primary.site", "a female patient has no prostate"),
    "lever at an absent organ": (
        "levers:\n  - {lever: growth_rate, factor: 2, sites: [lung, prostate]}",
        5, "levers[0].sites[1]", "a female patient has no prostate"
    ),
    "station of another primary": (
        "primary: {site: lung}\nsurgery:\n  nodes:\n    at: 9 day\n    stations: [hilar, axilla_1]",
        8, "surgery.nodes.stations[1]", "not a nodal station of a primary of the lung", "mediastinal"
    ),
    "default stations of another primary": (
        "primary: {site: lung}\nsurgery:\n  nodes: {at: 9 day}",
        6, "surgery.nodes.stations", "its default is not for a primary of the lung", "hilar"
    ),
    "no station known": (
        "primary: {site: brain}\nsurgery:\n  nodes: {at: 9 day}", 6, "surgery.nodes", "no lymph-node stations"
    ),
    "misspelt station": (
        "surgery: {nodes: {at: 9 day, stations: [axila_1]}}",
        4, "surgery.nodes.stations[0]", "not a nodal station", "axilla_1", "axilla_1",
    ),
    "surgery after the end": (
        "follow_up: {duration: 1 year}\nsurgery:\n  primary:\n    at: 2 year",
        7, "surgery.primary.at", "day 730.5 is not before the end of follow-up", "less than 365.25 day"
    ),
    "lever after the end": (
        "follow_up: {duration: 1 year}\nlevers:\n  - {lever: emt_rate, factor: 2, from: 1 year}",
        6, "levers[0].from", "not before the end of follow-up", "less than 365.25 day"
    ),
    "missing day": ("surgery:\n  primary: {}", 5, "surgery.primary.at", "the field at is missing"),
    "share": ("screening: {share: 70}", 4, "screening.share", "70 is not between 0 and 1", "percentage"),
    "visits out of order": (
        "follow_up:\n  visits:\n    - {every: 1 year, until: 5 year}\n    - {every: 1 year, until: 3 year}",
        7, "follow_up.visits[1].until", "later than that of the stretch before"
    ),
    "no visit": (
        "follow_up: {visits: [{every: 2 year, until: 1 year}]}",
        4, "follow_up.visits[0].every", "longer than the stretch"
    ),
    "too many visits": (
        "follow_up:\n  visits: [{every: 1 h, until: 20 year}]",
        5, "follow_up.visits", "makes 175,320 appointments", "at most 10,000"
    ),
    "too many visits of all": (
        "patients: 50000\nfollow_up:\n  visits: [{every: 1 day, until: 20 year}]",
        6, "follow_up.visits", "makes 7,305 visits of each of 50,000 patients", "at most 1,953"
    ),
    "imaging as a number": (
        "follow_up: {imaging: {at_diagnosis: 1}}", 4, "follow_up.imaging.at_diagnosis", "expected true or false"
    ),
    "unknown lever": (
        "levers: [{lever: growth, factor: 2}]", 4, "levers[0].lever", "choices", "growth_rate", "growth_rate"
    ),
    "no lever": ("levers: [{factor: 2}]", 4, "levers[0].lever", "the field lever is missing"),
    "factor of a rate": (
        "levers: [{lever: kill_rate, factor: 2}]", 4, "levers[0].factor", "not for the lever kill_rate", "rate:"
    ),
    "rate of a factor": (
        "levers: [{lever: emt_rate, rate: 2 1/day}]", 4, "levers[0].rate", "not for the lever emt_rate", "factor:"
    ),
    "lever without effect": ("levers: [{lever: emt_rate}]", 4, "levers[0].factor", "needs a factor", "0.5"),
    "negative rate": (
        "levers:\n  - lever: kill_rate\n    rate: -1 1/day", 6, "levers[0].rate", "at least 0 1/day, got '-1 1/day'"
    ),
    "rate without unit": ("levers: [{lever: ctc_death, rate: 3}]", 4, "levers[0].rate", "expected a rate"),
    "negative factor": ("levers: [{lever: emt_rate, factor: -1}]", 4, "levers[0].factor", "at least 0, got -1"),
    "factor as truth": ("levers: [{lever: emt_rate, factor: true}]", 4, "levers[0].factor", "a plain number"),
    "route of another lever": (
        "levers: [{lever: emt_rate, factor: 1, route: blood}]", 4, "levers[0].route", "has no route", "shedding"
    ),
    "sites of a lever without": (
        "levers: [{lever: shedding, factor: 1, sites: [lung]}]", 4, "levers[0].sites", "has no sites", "growth_rate"
    ),
    "clones of a lever without": (
        "levers: [{lever: homing_prob, factor: 1, clones: [1]}]", 4, "levers[0].clones", "has no clones", "growth_rate"
    ),
    "clone": ("levers: [{lever: emt_rate, factor: 1, clones: [4]}]", 4, "levers[0].clones[0]", "at most 3"),
    "site given twice": (
        "levers: [{lever: emt_rate, factor: 1, sites: [lung, lung]}]", 4, "levers[0].sites[1]", "given twice"
    ),
    "no site": ("levers: [{lever: emt_rate, factor: 1, sites: []}]", 4, "levers[0].sites", "at least 1 entry"),
    "ends before it begins": (
        "levers:\n  - {lever: emt_rate, factor: 1, from: 9 day,\n     until: 9 day}",
        6, "levers[0].until", "later than 'from'"
    ),
    "start is called from": (
        "levers: [{lever: emt_rate, factor: 1, start: 9 day}]", 4, "levers[0].start", "not a known field", "from"
    ),
    "unknown parameter": (
        "change:\n  growth.doubling_tme: 90 day",
        5, "change.growth.doubling_tme", "not a known field", "growth.exponent", "growth.doubling_time",
    ),
    "parameter without unit": ("change: {growth.doubling_time: 90}", 4, "change.growth.doubling_time", "no unit"),
    "parameter out of range": (
        "change: {lymph.retention: 1.5}", 4, "change.lymph.retention", "must be at most 1, got 1.5"
    ),
    "growth law": ("change: {growth.law: gompertzian}", 4, "change.growth.law", "choices", "gompertz", "gompertz"),
    "numerics": ("numerics: {lesion_limit: 0}", 4, "numerics.lesion_limit", "at least 1, got 0"),
    "list for fields": ("primary: [breast]", 4, "primary", "expected fields"),
    "text for a list": ("levers: none", 4, "levers", "expected a list"),
    "given twice": ("age: 50 year\nage: 60 year", 5, "age", "given twice (first on line 4)"),
    # Found only when the patient is compiled.
    "larger than growth allows": (
        "primary:\n  site: breast\n  diameter_at_diagnosis: 45 cm",
        6, "primary.diameter_at_diagnosis", "450 mm cannot arise", "limiting size"
    ),
    "smaller than growth begins": (
        "primary:\n  site: breast\n  diameter_at_diagnosis: 10 um",
        6, "primary.diameter_at_diagnosis", "0.01 mm cannot arise", "avascular limit"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_mistake(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body, line, field, problem, allowed, nearest = (*CASES[name], "", "")[:6]
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(HEAD + body + "\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["run", "p.yaml"])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(f"p.yaml:{line}: {field}: "), result.stderr
    words, _, rest = result.stderr.partition("\n")
    assert problem in words
    assert allowed in rest.partition("did you mean")[0]
    assert rest.partition("  did you mean ")[2] == (f"{nearest!r}?\n" if nearest else ""), result.stderr
    assert len(result.stderr.splitlines()) <= 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.yaml"], "nothing else was written"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD + "sex: male\nprimary: {site: ovary}\nage: 61\nlevers: [{lever: kill_rate}]\nnonsense: 1\n")
    with pytest.raises(InputErrors) as caught:
        load_spec(file)
    assert [error.line for error in caught.value.errors] == [5, 6, 7, 8]
    assert all(isinstance(error, InputError) for error in caught.value.errors)


def test_the_number_of_patients_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(HEAD)
    for number in ("0", "-5", "1000000000"):
        result = CliRunner().invoke(app, ["run", "p.yaml", "--patients", number])
        assert result.exit_code == 2
        assert result.stderr.startswith("--patients: must be at "), result.stderr
