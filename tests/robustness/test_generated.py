"""Generated patient files: good ones read back unchanged, bad ones give a message about a field and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diaspore.body.spec import PatientSpec
from diaspore.core.errors import InputError, InputErrors
from diaspore.core.spec import Spec, json_schema, spec_from_dict
from diaspore.core.yamlio import Document, dump_yaml, load_yaml, parse_yaml
from tests.robustness import patients

MANY = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
TEXT = (
    "schema_version: 1\nkind: patient\nname: x\npatients: 2\nprimary: {site: breast}\n"
    "levers:\n  - {lever: kill_rate, rate: 0.1 1/day}\n"
)
PIECES = ["", "\t", ":", "- ", "{", "[", "&a ", "*a", "!!", "|", "#", '"', "\n", "<<: ", "---\n", "%YAML 1.1\n"]


def outcome(make: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What comes out, or the mistake; any other exception fails the test."""
    try:
        return make(*arguments, **options)
    except InputError as error:
        return error


def mistakes(error: InputError) -> tuple[InputError, ...]:
    return error.errors if isinstance(error, InputErrors) else (error,)


def check_words(error: InputError) -> None:
    text = str(error)
    assert text.strip()
    assert len(text) < 20_000
    for word in ("pydantic", "Traceback", "validator", "Error"):
        assert word not in text


def check_fields(error: InputError, file: str | None = None) -> None:
    check_words(error)
    for one in mistakes(error):
        assert one.field, one
        assert one.file == file
        assert one.line is None if file is None else (one.line or 0) >= 1


@cache
def patient_checker() -> Any:
    return jsonschema.Draft202012Validator(json_schema("patient"))


def from_document(document: Document) -> Spec:
    return spec_from_dict(document.data, document)


@MANY
@given(patients.valid)
def test_a_resolved_spec_reads_back_equal(data: patients.Data) -> None:
    spec = spec_from_dict(data)
    assert isinstance(spec, PatientSpec)
    text = spec.to_yaml()
    again = from_document(parse_yaml(text))
    assert again == spec
    assert again.to_yaml() == text
    assert not [line for line in text.splitlines() if line.endswith(" null") and not line.startswith("name:")]


@MANY
@given(patients.valid)
def test_yaml_and_plain_data_give_the_same_spec(data: patients.Data) -> None:
    assert from_document(parse_yaml(dump_yaml(data))) == spec_from_dict(data)


@MANY
@given(patients.damaged())
def test_plain_data_is_a_spec_or_a_mistake(data: patients.Data) -> None:
    found = outcome(spec_from_dict, data)
    if isinstance(found, InputError):
        check_fields(found)
    else:
        assert from_document(parse_yaml(found.to_yaml())) == found


@MANY
@given(patients.damaged())
def test_a_file_is_a_spec_or_a_mistake_on_a_line(data: patients.Data) -> None:
    try:
        text = dump_yaml(data)
    except (TypeError, ValueError):  # nothing that a file can hold
        return
    document = outcome(parse_yaml, text, file="p.yaml")
    if isinstance(document, InputError):
        check_words(document)
        return
    found = outcome(from_document, document)
    if isinstance(found, InputError):
        check_fields(found, "p.yaml")


@settings(max_examples=400)
@given(st.data())
def test_a_file_with_characters_changed_is_a_spec_or_a_mistake(data: Any) -> None:
    text = TEXT
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(st.one_of(st.sampled_from(PIECES), st.characters()))
        text = text[:at] + new + text[at + data.draw(st.integers(0, 3)) :]
    found = outcome(lambda: from_document(parse_yaml(text, file="p.yaml")))
    if isinstance(found, InputError):
        check_words(found)
        assert found.file == "p.yaml"


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_bytes_are_a_spec_or_a_mistake(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = Path(tmp_path_factory.getbasetemp() / "bytes.yaml")
    file.write_bytes(data)
    found = outcome(lambda: from_document(load_yaml(file)))
    if isinstance(found, InputError):
        check_words(found)
        assert found.file == str(file)


@pytest.mark.parametrize("depth", [50, 1_000, 20_000])
@pytest.mark.parametrize("piece", ["[", "{a: ", "!!x ", "&a ", "? ", "\n- "])
def test_deep_nesting_is_refused(piece: str, depth: int) -> None:
    text = "schema_version: 1\nkind: patient\nname: x\nlevers: " + piece * depth
    assert isinstance(outcome(lambda: from_document(parse_yaml(text))), InputError)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(patients.valid)
def test_editors_accept_what_the_program_accepts(data: patients.Data) -> None:
    checker = patient_checker()
    written = {key: value for key, value in data.items() if value is not None}
    assert not list(checker.iter_errors(written))
    assert not list(checker.iter_errors(parse_yaml(spec_from_dict(data).to_yaml()).data))
