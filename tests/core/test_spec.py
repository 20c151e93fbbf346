from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from diaspore.core.errors import InputError, InputErrors
from diaspore.core.spec import KINDS, Spec, json_schema, load_spec, register_kind, spec_from_dict
from tests import dummy_kind
from tests.dummy_kind import DummySpec

HEAD = "schema_version: 1\nkind: dummy\nname: test\n"


@pytest.fixture(autouse=True)
def _dummy_kind() -> Iterator[None]:
    dummy_kind.register()
    yield
    KINDS.pop("dummy", None)


def load(tmp_path: Path, text: str) -> Spec:
    file = tmp_path / "p.yaml"
    file.write_text(text, encoding="utf-8")
    return load_spec(file)


def mistake(tmp_path: Path, text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert caught.value.file == str(tmp_path / "p.yaml")
    return caught.value


def test_a_good_file(tmp_path: Path) -> None:
    spec = load(
        tmp_path,
        HEAD
        + "doubling_time: 3 month\nshare: 20 %\norgans:\n  liver: {volume: 1.5 L}\n"
        + "therapy:\n  - {type: surgery, day: 30 day}\n  - {type: drug, drug: x}\n",
    )
    assert isinstance(spec, DummySpec)
    assert spec.doubling_time == pytest.approx(91.3125)
    assert spec.organs["liver"].volume == pytest.approx(1.5e6)
    assert spec.therapy[0].type == "surgery"


def test_the_resolved_spec_reads_back_equal(tmp_path: Path) -> None:
    spec = load(
        tmp_path, HEAD + "doubling_time: 100 h\ntherapy: [{type: drug, drug: x}]\norgans: {liver: {volume: 1 L}}\n"
    )
    again = load(tmp_path, spec.to_yaml())
    assert again == spec
    assert again.to_yaml() == spec.to_yaml()


@pytest.mark.parametrize(
    ("body", "line", "field", "words", "near"),
    [
        ("dubling_time: 3 day", 4, "dubling_time", "is not a known field", "doubling_time"),
        ("doubling_time: 3", 4, "doubling_time", "has no unit; expected a time", None),
        ("doubling_time: 3 mm", 4, "doubling_time", "of dimension length; expected a time", None),
        ("doubling_time: 3 dayz", 4, "doubling_time", "is not known", "day"),
        ("doubling_time: -3 day", 4, "doubling_time", "must be more than 0 day, got '-3 day'", None),
        ("doubling_time: .inf", 4, "doubling_time", "expected a time", None),
        ("doubling_time:", 4, "doubling_time", "expected a time", None),
        ("rate: -1 1/day", 4, "rate", "must be at least 0 1/day", None),
        ("share: 1.2", 4, "share", "is not between 0 and 1", None),
        ("count: 0", 4, "count", "must be at least 1, got 0", None),
        ("count: 1.5", 4, "count", "expected a whole number, got 1.5", None),
        ("count: many", 4, "count", "expected a whole number, got 'many'", None),
        ("level: hihg", 4, "level", "'hihg' is not one of the choices", "high"),
        ("limit: 5", 4, "limit", "has no unit", None),
        ("organs: [1]", 4, "organs", "expected fields", None),
        ("organs:\n  liver:\n    volum: 1 L", 6, "organs.liver.volum", "is not a known field", "volume"),
        ("organs:\n  liver:\n    weight: 1", 5, "organs.liver.volume", "is missing", None),
        ("organs:\n  liver:\n    volume: 1 L\n    weight: -1", 7, "organs.liver.weight", "must be at least 0", None),
        ("organs:\n  liver:\n    volume: 1 L\n    weight: .nan", 7, "organs.liver.weight", "must be at least 0", None),
        ("therapy:\n  - {type: surgry, day: 1 day}", 5, "therapy[0]", "'surgry' is not one of the choices", "surgery"),
        ("therapy:\n  - {day: 1 day}", 5, "therapy[0]", "the field type is missing", None),
        ("therapy:\n  - {type: surgery, day: 5}", 5, "therapy[0].day", "has no unit", None),
        ("therapy:\n  - {type: surgery, dya: 5 day, day: 1 day}", 5, "therapy[0].dya", "is not a known field", None),
        ("therapy:\n  - {type: drug, day: 5 day, drug: x}", 5, "therapy[0].day", "is not a known field", None),
        ("therapy: none", 4, "therapy", "expected a list", None),
        ("level: high\nshare: 0", 1, None, "a high level needs a share above 0", None),
    ],
)
def test_each_mistake_is_one_clear_message(
    tmp_path: Path, body: str, line: int, field: str | None, words: str, near: str | None
) -> None:
    error = mistake(tmp_path, HEAD + body + "\n")
    assert not isinstance(error, InputErrors)
    assert (error.line, error.field) == (line, field), str(error)
    assert words in error.problem
    if near is not None:
        assert error.nearest == near
    assert "pydantic" not in str(error)


def test_unknown_fields_list_the_known_ones_of_that_place(tmp_path: Path) -> None:
    error = mistake(tmp_path, HEAD + "organs:\n  liver: {volume: 1 L, sise: 3}\n")
    assert error.allowed == ("volume", "weight")
    error = mistake(tmp_path, HEAD + "therapy:\n  - {type: drug, drug: x, day: 5 day}\n")
    assert error.allowed == ("clearance", "drug", "type")


def test_a_misspelt_required_field_is_one_mistake(tmp_path: Path) -> None:
    error = mistake(tmp_path, HEAD + "organs:\n  liver: {volum: 1 L}\n")
    assert not isinstance(error, InputErrors)
    assert (error.field, error.nearest) == ("organs.liver.volum", "volume")


def test_all_mistakes_are_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    error = mistake(tmp_path, HEAD + "rate: 3\ncount: 0\nnonsense: 1\n")
    assert isinstance(error, InputErrors)
    assert [one.line for one in error.errors] == [4, 5, 6]
    assert len(str(error).splitlines()) == 4, "one line each, and one with the allowed names"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: dummy\nname: x\n", "schema_version is missing"),
        ("schema_version: 2\nkind: dummy\nname: x\n", "2 is not a version"),
        ("schema_version: true\nkind: dummy\nname: x\n", "true is not a version"),
        ("schema_version: 1\nname: x\n", "kind is missing"),
        ("schema_version: 1\nkidn: dummy\nname: x\n", "kind is missing (found 'kidn')"),
        ("schema_version: 1\nkind: dumy\nname: x\n", "did you mean 'dummy'?"),
        ("schema_version: 1\nkind: [1]\nname: x\n", "is not a kind of file"),
        ("schema_version: 1\nkind: dummy\n", "the field name is missing"),
        ("schema_version: 1\nkind: dummy\nname: ''\n", "must not be empty"),
        ("schema_version: 1\nkind: dummy\nname: 5\n", "expected text, got 5"),
        ("- 1\n", "expected fields"),
        ("text\n", "expected fields"),
    ],
)
def test_the_head_of_the_file(tmp_path: Path, text: str, words: str) -> None:
    assert words in str(mistake(tmp_path, text))


def test_plain_data_gives_the_same_spec_and_the_same_mistakes() -> None:
    data: dict[str, Any] = {"schema_version": 1, "kind": "dummy", "name": "x", "rate": "2 1/day"}
    assert spec_from_dict(data).rate == 2.0  # type: ignore[attr-defined]
    with pytest.raises(InputError) as caught:
        spec_from_dict(data | {"rate": 3})
    assert str(caught.value).startswith("rate: 3 has no unit")
    with pytest.raises(InputError, match="kind: the field kind is missing"):
        spec_from_dict({"schema_version": 1, "name": "x"})


def test_specs_cannot_be_changed() -> None:
    spec = DummySpec(name="x")
    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "y"  # type: ignore[misc]


def test_json_schema_is_valid_and_complete() -> None:
    schema = json_schema("dummy")
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["kind"]["const"] == "dummy"
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["kind", "name", "schema_version"]
    assert schema["properties"]["doubling_time"]["examples"][0] == "18 h"
    assert "doubling time of the primary" in schema["properties"]["doubling_time"]["description"]
    assert schema["properties"]["doubling_time"]["default"] == "120 day"
    assert "a time with its unit" in schema["properties"]["doubling_time"]["description"]
    jsonschema.Draft202012Validator.check_schema(schema)
    references = _references(schema)
    assert references
    assert {reference.removeprefix("#/$defs/") for reference in references} <= set(schema["$defs"])


@pytest.mark.parametrize(
    ("extra", "good"),
    [
        ({}, True),
        ({"doubling_time": "18 h", "share": "30 %", "limit": None}, True),
        ({"therapy": [{"type": "drug", "drug": "x"}], "organs": {"liver": {"volume": "1 L"}}}, True),
        ({"doubling_time": 18}, False),
        ({"doubling_time": "18"}, False),
        ({"share": 2}, False),
        ({"kind": "other"}, False),
        ({"nonsense": 1}, False),
        ({"therapy": [{"type": "surgery"}]}, False),
    ],
)
def test_editors_and_the_program_agree(extra: dict[str, Any], good: bool) -> None:
    data = {"schema_version": 1, "kind": "dummy", "name": "x"} | extra
    assert jsonschema.Draft202012Validator(json_schema("dummy")).is_valid(data) == good
    if good:
        spec_from_dict(data)
    else:
        with pytest.raises(InputError):
            spec_from_dict(data)


def test_json_schema_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    dummy = KINDS["dummy"]
    monkeypatch.setattr("diaspore.core.spec.KINDS", {"dummy": dummy, "other": dummy})
    schema = json_schema()
    assert [choice["properties"]["kind"]["const"] for choice in schema["oneOf"]] == ["dummy", "other"]
    monkeypatch.setattr("diaspore.core.spec.KINDS", {"dummy": dummy})
    assert json_schema()["properties"]["kind"]["const"] == "dummy"


def test_json_schema_of_an_unknown_kind() -> None:
    with pytest.raises(InputError, match="did you mean 'dummy'"):
        json_schema("dumy")


def test_kinds_can_be_registered() -> None:
    register_kind("extra", "tests.dummy_kind:DummySpec", "tests.dummy_kind:run_dummy")
    assert KINDS["extra"].spec_class() is DummySpec
    assert KINDS["extra"].engine_function() is dummy_kind.run_dummy
    del KINDS["extra"]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [reference for value in node.values() for reference in _references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in _references(value)]
    return []
