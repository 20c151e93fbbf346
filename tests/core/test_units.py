from __future__ import annotations

import math
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from diaspore.core.errors import InputError
from diaspore.core.units import (
    CANONICAL,
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    Fraction,
    Quantity,
    dimension_name,
    examples,
    format_quantity,
    parse_fraction,
    parse_quantity,
    registry,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("18 h", "day", 0.75),
        ("18h", "day", 0.75),
        ("  18   hours ", "day", 0.75),
        ("1 year", "day", DAYS_PER_YEAR),
        ("1 month", "day", DAYS_PER_MONTH),
        ("2 weeks", "day", 14.0),
        ("1.5e2 um", "mm", 0.15),
        ("150 µm", "mm", 0.15),
        ("150 μm", "mm", 0.15),
        ("4 cm**3", "mm**3", 4000.0),
        ("4 cm^3", "mm**3", 4000.0),
        ("4 cm³", "mm**3", 4000.0),
        ("4 cm3", "mm**3", 4000.0),
        ("2 mL", "mm**3", 2000.0),
        ("0.5 1/day", "1/day", 0.5),
        ("0.5 /day", "1/day", 0.5),
        ("24 per day", "1/day", 24.0),
        ("1 1/h", "1/day", 24.0),
        ("5 cells/mL", "1/mL", 5.0),
        ("5 1/mL", "1/mL", 5.0),
        ("7.5 mL", "mL", 7.5),
        ("75 mL/min", "L/min", 0.075),
        ("1e6 cells", "cell", 1e6),
        ("70 kg", "g", 70_000.0),
        ("30 %", "dimensionless", 0.3),
        ("-3 day", "day", -3.0),
        ("0.25", "dimensionless", 0.25),
    ],
)
def test_text_with_a_unit_becomes_the_canonical_number(text: str, unit: str, expected: float) -> None:
    assert parse_quantity(text, unit) == pytest.approx(expected, rel=1e-15)


def test_common_conversions_are_exact() -> None:
    assert parse_quantity("18 h", "day") == 0.75
    assert parse_quantity("90 min", "day") == 0.0625
    assert parse_quantity("3 um", "mm") == 0.003
    assert parse_quantity("2 mL", "mm**3") == 2000.0


@pytest.mark.parametrize("value", ["18", 18, 18.5])
def test_a_bare_number_names_field_dimension_and_an_example(value: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_quantity(value, "day", field="primary.doubling_time")
    text = str(caught.value)
    assert text.startswith("primary.doubling_time: ")
    assert "has no unit" in text
    assert "time" in text
    assert '"18 h"' in text


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("18 mm", "day", "length"),
        ("18 day", "mm", "time"),
        ("3 1/day", "day", "rate"),
        ("37 degC", "day", "[temperature]"),
        ("5 cells", "dimensionless", "cells"),
        ("30 %", "day", "plain number"),
        ("5 cells/mL", "day", "expected a time"),
        ("2 cell", "day", "cells"),
    ],
)
def test_a_wrong_dimension_is_named(text: str, unit: str, words: str) -> None:
    with pytest.raises(InputError, match="expected") as caught:
        parse_quantity(text, unit, field="x")
    assert words in str(caught.value)


@pytest.mark.parametrize(("unit", "near"), [("dayz", "day"), ("Day", "day"), ("cels", "cells")])
def test_an_unknown_unit_gets_a_suggestion(unit: str, near: str) -> None:
    with pytest.raises(InputError, match="not known") as caught:
        parse_quantity(f"3 {unit}", "day")
    assert caught.value.nearest == near


@pytest.mark.parametrize(
    "text",
    ["", "day", "abc", "nan day", "inf day", "1e999 day", "1,000 day", "1 000 day", "18 h + 1 h", "18 5 h", "--3 day",
     "18 h; import os", "18 __import__('os')", "3 day day-", "3 (day", "3 \N{SNOWMAN}"],
)  # fmt: skip
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_quantity(text, "day")


@pytest.mark.parametrize("value", [None, True, [1], {"a": 1}, object()])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(InputError, match="expected a time"):
        parse_quantity(value, "day")


@given(value=finite, unit=st.sampled_from(sorted(CANONICAL.values())))
def test_written_quantities_read_back_exactly(value: float, unit: str) -> None:
    assert parse_quantity(format_quantity(value, unit), unit) == value


@given(
    value=st.floats(min_value=1e-9, max_value=1e9),
    units=st.sampled_from(
        [("h", "day"), ("min", "day"), ("week", "day"), ("month", "day"), ("year", "day"), ("um", "mm"), ("cm", "mm"),
         ("mL", "mm**3"), ("1/hour", "1/day"), ("1/year", "1/day"), ("mg", "g"), ("1/uL", "1/mL"), ("mL/min", "L/min")]
    ),
)  # fmt: skip
def test_conversion_agrees_with_pint(value: float, units: tuple[str, str]) -> None:
    source, target = units
    expected = registry().Quantity(value, source).to(target).magnitude
    assert parse_quantity(f"{value!r} {source}", target) == pytest.approx(expected, rel=1e-14)


@given(st.text(max_size=30))
def test_any_text_gives_a_finite_number_or_an_input_error(text: str) -> None:
    try:
        result = parse_quantity(text, "day")
    except InputError:
        return
    assert math.isfinite(result)


@pytest.mark.parametrize(("value", "expected"), [(0, 0.0), (1, 1.0), (0.3, 0.3), ("30 %", 0.3), ("100%", 1.0)])
def test_fractions(value: object, expected: float) -> None:
    assert parse_fraction(value) == pytest.approx(expected)


@pytest.mark.parametrize("value", [-0.1, 1.1, "130 %", "0.3", "30", True, None, float("nan"), "30 day"])
def test_bad_fractions(value: object) -> None:
    with pytest.raises(InputError, match=r"0 (and|to) 1"):
        parse_fraction(value)


def test_dimension_names() -> None:
    for name, unit in CANONICAL.items():
        assert dimension_name(unit) == name
    assert dimension_name("h") == "time"
    assert dimension_name("um/min") == "[length] * [time]**-1"
    assert examples("um/min") == ("1.5 um/min",)


def test_examples_are_valid() -> None:
    for unit in CANONICAL.values():
        if unit != "dimensionless":
            for text in examples(unit):
                assert parse_quantity(text, unit) > 0


class Model(BaseModel):
    time: Annotated[float, Quantity("day", ge=0)]
    rate: Annotated[float, Quantity("1/day", gt=0, le=10)] = 0.5
    ratio: Annotated[float, Quantity("dimensionless", ge=0)] = 2.0
    share: Fraction = 0.1
    maybe: Annotated[float, Quantity("mm", lt=5)] | None = None


def test_fields_hold_floats_and_serialise_to_text_that_reads_back() -> None:
    model = Model.model_validate({"time": "18 h", "share": "30 %", "maybe": "2 mm"})
    assert model.time == 0.75
    for mode in ("python", "json"):
        dumped = model.model_dump(mode=mode)
        assert dumped == {"time": "0.75 day", "rate": "0.5 1/day", "ratio": 2.0, "share": 0.3, "maybe": "2 mm"}
        assert Model.model_validate(dumped) == model
    assert Model.model_validate({"time": "1 day"}).model_dump()["maybe"] is None


def test_bare_numbers_are_accepted_only_from_inside() -> None:
    with pytest.raises(ValidationError, match="has no unit"):
        Model.model_validate({"time": 3.0})
    assert Model.model_validate({"time": 3}, context={"canonical": True}).time == 3.0
    with pytest.raises(ValidationError, match="not a finite"):
        Model.model_validate({"time": math.inf}, context={"canonical": True})
    with pytest.raises(ValidationError):
        Model.model_validate({"time": True}, context={"canonical": True})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"time": "-1 day"}, "at least 0 day"),
        ({"time": "1 day", "rate": "0 1/day"}, "more than 0 1/day"),
        ({"time": "1 day", "rate": "1 1/h"}, "at most 10 1/day"),
        ({"time": "1 day", "maybe": "1 cm"}, "less than 5 mm"),
    ],
)
def test_bounds_are_given_with_their_unit(data: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Model.model_validate(data)


def test_json_schema_helps_an_editor() -> None:
    import re

    properties = Model.model_json_schema()["properties"]
    assert properties["time"]["type"] == "string"
    assert "time" in properties["time"]["description"]
    assert "at least 0 day" in properties["time"]["description"]
    for unit, name in (("day", "time"), ("1/day", "rate")):
        for example in examples(unit):
            assert re.search(properties[name]["pattern"], example)
    assert not re.search(properties["time"]["pattern"], "18")
    ratio = {"type": "number", "minimum": 0, "description": "a plain number; at least 0", "default": 2.0}
    assert properties["ratio"].items() >= ratio.items()
