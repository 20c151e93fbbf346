from __future__ import annotations

import pickle

import pytest

from diaspore.core.errors import DiasporeError, InputError, InputErrors, list_names, nearest_name


def test_message_says_where_what_and_what_is_allowed() -> None:
    error = InputError(
        "is not a known field", file="p.yaml", line=3, field="primary.sise", allowed=["size", "site"], nearest="size"
    )
    assert str(error) == ("p.yaml:3: primary.sise: is not a known field\n  allowed: size, site\n  did you mean 'size'?")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ({}, "wrong"),
        ({"field": "a.b"}, "a.b: wrong"),
        ({"file": "f"}, "f: wrong"),
        ({"file": "f", "line": 2}, "f:2: wrong"),
        ({"line": 2, "field": "a"}, "line 2: a: wrong"),
    ],
)
def test_parts_of_the_location_may_be_missing(location: dict[str, object], expected: str) -> None:
    assert str(InputError("wrong", **location)) == expected  # type: ignore[arg-type]


def test_located_fills_only_what_is_missing() -> None:
    error = InputError("wrong", field="inner", allowed="x").located(file="f", line=4, field="outer")
    assert (error.file, error.line, error.field, error.allowed) == ("f", 4, "inner", "x")


def test_several_mistakes_are_listed_in_one_error() -> None:
    errors = InputErrors([InputError("first", field="a"), InputError("second", field="b")])
    assert isinstance(errors, InputError)
    assert isinstance(errors, DiasporeError)
    assert str(errors) == "a: first\nb: second"
    assert len(errors.errors) == 2


def test_no_mistakes_are_no_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        InputErrors([])


def test_errors_survive_pickling() -> None:
    one = InputError("first", file="f", line=1, field="a", allowed=["x"], nearest="x")
    many = InputErrors([one, InputError("second")])
    for error in (one, many):
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("doubling-time", "doubling_time"), ("Doubling time", "doubling_time"), ("dubling_time", "doubling_time")],
)
def test_nearest_name_forgives_case_and_separators(written: str, expected: str) -> None:
    assert nearest_name(written, ["doubling_time", "diameter"]) == expected


def test_nothing_is_suggested_when_nothing_is_close() -> None:
    assert nearest_name("zzz", ["doubling_time"]) is None
    assert nearest_name("x", []) is None
    assert nearest_name(3.5, ["a"]) is None


def test_long_lists_are_shortened() -> None:
    text = list_names([f"n{i}" for i in range(50)])
    assert text.endswith("… (10 more)")
    assert list_names([]) == "(none)"
    assert list_names("a sentence") == "a sentence"
