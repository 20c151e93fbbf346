"""Units at the boundary: text with a unit comes in, floats in canonical units go inside.

pint is imported on first use only, and never reaches past this module.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any

from diaspore.core.errors import InputError, nearest_name, shown

if TYPE_CHECKING:
    import pint

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = 30.4375

CANONICAL: Mapping[str, str] = {
    "time": "day",
    "length": "mm",
    "volume": "mm**3",
    "rate": "1/day",
    "mass": "g",
    "concentration": "1/mL",
    "flow": "L/min",
    "cells": "cell",
    "dimensionless": "dimensionless",
}
"""Dimension name -> the unit every float of that dimension has inside the package."""

_NAMES = {unit: name for name, unit in CANONICAL.items()}

# What to show a user who left the unit out, by canonical unit.
_EXAMPLES = {
    "day": ("18 h", "120 day", "2 year"),
    "mm": ("20 mm", "2 cm", "150 um"),
    "mm**3": ("500 mm**3", "4 cm**3"),
    "1/day": ("0.05 1/day", "2 1/year"),
    "g": ("70 kg", "2 mg"),
    "1/mL": ("5 1/mL", "5 cells/mL"),
    "L/min": ("6.5 L/min", "75 mL/min"),
    "cell": ("1e6 cells",),
}

# Offered as "did you mean": the spellings pint knows for the units in biology's daily use.
_COMMON_UNITS = (
    "s", "sec", "second", "min", "minute", "h", "hour", "day", "week", "month", "year",
    "nm", "um", "micrometer", "mm", "cm", "m", "mm**3", "cm**3", "um**3", "uL", "mL", "dL", "L", "litre",
    "pg", "ng", "ug", "mg", "g", "kg", "cell", "cells", "mol", "nmol", "M", "nM",
    "1/day", "1/hour", "1/mL", "cells/mL", "L/min", "mL/min", "mmHg", "ng/mL", "dimensionless",
)  # fmt: skip

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_TEXT = re.compile(rf"^\s*({_NUMBER})\s*(.*?)\s*$", re.DOTALL)
# What may reach pint, which computes whatever it is given: 9**9**9 would keep it busy for ever.
_FACTOR = r"(?:[^\W\d]\w*(?:\s*(?:\*\*|\^)\s*-?[1-9])?|\d{1,4}|%)"
_TIMES = r"(?:\s*[*/]\s*|\s+)"
_GROUP = rf"(?:{_FACTOR}|\(\s*{_FACTOR}(?:{_TIMES}{_FACTOR})*\s*\))"
_UNIT = re.compile(rf"(?:{_GROUP}(?:{_TIMES}{_GROUP})*)?")
_PERCENT = re.compile(rf"^\s*({_NUMBER})\s*%\s*$")


@cache
def registry() -> pint.UnitRegistry[Any]:
    """The package's unit registry (built once per process).

    On top of pint's units: ``cell`` counts cells, a dimension of its own; a year is 365.25 days and a month 30.4375.
    """
    import pint

    ureg: pint.UnitRegistry[Any] = pint.UnitRegistry(autoconvert_offset_to_baseunit=False)
    ureg.define("cell = [cell]")
    return ureg


def dimension_name(unit: str) -> str:
    """Plain name of the dimension of `unit`: "time", "length" … or pint's formula for an unnamed one."""
    if unit in _NAMES:
        return _NAMES[unit]
    dimensionality = _dimensionality(unit)
    for canonical, name in _NAMES.items():
        if _dimensionality(canonical) == dimensionality:
            return name
    return " * ".join(f"{base}**{power:g}" if power != 1 else base for base, power in dimensionality)


def examples(unit: str) -> tuple[str, ...]:
    """Valid texts for a quantity whose canonical unit is `unit`, the most telling first."""
    return _EXAMPLES.get(unit, (f"1.5 {unit}",))


def parse_quantity(text: object, unit: str, *, field: str | None = None, example: str | None = None) -> float:
    """The number of `unit` that `text` stands for: ``parse_quantity("18 h", "day") == 0.75``.

    Args:
        text: a number followed by a unit, e.g. ``"18 h"``; a bare number only where `unit` is dimensionless.
        unit: canonical unit of the result.
        field: dotted field name for the message.
        example: a valid text for the message; by default any of the dimension.

    Raises:
        InputError: no unit, unknown unit, wrong dimension, or a number that is not finite.
    """
    wanted = _wanted(unit, example)
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise InputError(f"expected {wanted}, got {shown(text)}", field=field)
    if isinstance(text, str):
        match = _TEXT.match(text)
        if match is None:
            problem = f"cannot read {shown(text)} as a number with a unit; expected {wanted}"
            raise InputError(problem, field=field)
        try:
            factor, divide = _conversion(match[2], unit)
        except InputError as error:
            problem = error.problem.replace(_HERE, shown(text)).replace(_WANTED, wanted)
            raise InputError(problem, field=field, allowed=error.allowed, nearest=error.nearest) from None
        value = float(match[1])
        result = value / factor if divide else value * factor
    else:
        if unit != "dimensionless":
            raise InputError(f"{shown(text)} has no unit; expected {wanted}", field=field)
        result = _float(text)
    if not math.isfinite(result):
        raise InputError(f"{shown(text)} is not a finite number; expected {wanted}", field=field)
    return result


def parse_fraction(value: object, *, field: str | None = None) -> float:
    """A share between 0 and 1 from a number in that range or a percentage such as ``"30 %"``.

    Raises:
        InputError: anything else.
    """
    allowed = 'a number from 0 to 1, or a percentage such as "30 %"'
    if isinstance(value, str):
        match = _PERCENT.match(value)
        if match is None:
            raise InputError(f"cannot read {shown(value)} as a fraction", field=field, allowed=allowed)
        result = float(match[1]) / 100.0
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"cannot read {shown(value)} as a fraction", field=field, allowed=allowed)
    else:
        result = _float(value)
    if not 0.0 <= result <= 1.0:
        raise InputError(f"{shown(value)} is not between 0 and 1", field=field, allowed=allowed)
    return result


def format_quantity(value: float, unit: str) -> str:
    """Text that `parse_quantity` reads back to exactly `value`: ``format_quantity(18.0, "day") == "18 day"``."""
    number = repr(float(value)).removesuffix(".0")
    return number if unit == "dimensionless" else f"{number} {unit}"


@dataclass(frozen=True)
class Quantity:
    """Marks a model field as a dimensional number: ``doubling_time: Annotated[float, Quantity("day", gt=0)]``.

    The field holds a float in `unit`. It is written as text with any unit of the same dimension ("18 h"); a bare number
    is refused unless the validation context is ``{"canonical": True}``. It serialises to text that reads back exactly.

    Args:
        unit: canonical unit of the float.
        ge, gt, le, lt: bounds in `unit`.
    """

    unit: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    def parse(self, value: object, *, canonical: bool = False, field: str | None = None) -> float:
        """`value` as a float in `unit`, bounds checked.

        Raises:
            InputError: as `parse_quantity`, or outside the bounds.
        """
        if canonical and isinstance(value, int | float) and not isinstance(value, bool):
            number = _float(value)
            if not math.isfinite(number):
                raise InputError(f"{shown(value)} is not a finite number", field=field)
        else:
            number = parse_quantity(value, self.unit, field=field, example=self._examples()[0])
        for words, bound, holds in self._bounds():
            if not holds(number):
                raise InputError(f"must be {words} {bound}, got {shown(value)}", field=field)
        return number

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def validate(value: Any, info: Any) -> float:
            return self.parse(value, canonical=bool((info.context or {}).get("canonical", False)))

        if self.unit == "dimensionless":
            return core_schema.with_info_plain_validator_function(validate)
        return core_schema.with_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: format_quantity(value, self.unit), return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        limits = [f"{words} {bound}" for words, bound, _ in self._bounds()]
        if self.unit == "dimensionless":
            result: dict[str, Any] = {"type": "number"} | _about("a plain number", limits)
            keys = {"minimum": self.ge, "exclusiveMinimum": self.gt, "maximum": self.le, "exclusiveMaximum": self.lt}
            return result | {key: bound for key, bound in keys.items() if bound is not None}
        about = f"a {dimension_name(self.unit)} with its unit"
        return {
            "type": "string",
            "pattern": rf"^\s*{_NUMBER}\s*[A-Za-zµμ1/(].*$",
            "examples": self._examples(),
            "x-unit": self.unit,
        } | _about(about, limits)

    @cache  # noqa: B019  an instance belongs to a field and lives as long as the program
    def _examples(self) -> list[str]:
        bounds = self._bounds()
        texts = [*examples(self.unit), *(bound for _, bound, _ in bounds)]
        numbers = [parse_quantity(text, self.unit) for text in texts]
        fitting = [
            text for text, number in zip(texts, numbers, strict=True) if all(holds(number) for *_, holds in bounds)
        ]
        return fitting[: len(examples(self.unit))] or texts[:1]

    def _bounds(self) -> list[tuple[str, str, Callable[[float], bool]]]:
        """Each bound in words, as people write it, and as a test."""
        tests: tuple[tuple[str, float | None, Callable[[float, float], bool]], ...] = (
            ("at least", self.ge, operator.ge),
            ("more than", self.gt, operator.gt),
            ("at most", self.le, operator.le),
            ("less than", self.lt, operator.lt),
        )
        return [
            (words, _readable(bound, self.unit), partial(_swapped, holds, bound))
            for words, bound, holds in tests
            if bound is not None
        ]


def _about(kind: str, limits: list[str]) -> dict[str, str]:
    """The description of a type; under a second name too, because that of the field displaces the first."""
    text = "; ".join([kind, *limits])
    return {"description": text, "x-about": text}


def _swapped(holds: Callable[[float, float], bool], bound: float, number: float) -> bool:
    return holds(number, bound)


def _readable(value: float, unit: str) -> str:
    """A bound as people write it: whole years as years."""
    if unit == "day" and value > 0 and (value / DAYS_PER_YEAR).is_integer():
        return f"{value / DAYS_PER_YEAR:g} year"
    return format_quantity(value, unit)


@dataclass(frozen=True)
class FractionOf:
    """Marks a float field as a share from 0 to 1, also written as a percentage; used through `Fraction`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(parse_fraction)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*%\s*$"},
            ],
            "examples": [0.3, "30 %"],
        } | _about("a share: a number from 0 to 1, or a percentage", [])


Fraction = Annotated[float, FractionOf()]
"""A float from 0 to 1; also accepts ``"30 %"``."""


@dataclass(frozen=True)
class Whole:
    """Marks an int field as a count: ``patients: Annotated[int, Whole(ge=1)]``.

    ``1e4`` is a whole number; text, ``true`` and 1.5 are not.

    Args:
        ge, le: bounds.
    """

    ge: int
    le: int

    def parse(self, value: object) -> int:
        """`value` as an int, bounds checked.

        Raises:
            InputError: not a whole number, or outside the bounds.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"expected a whole number, got {shown(value)}")
        if isinstance(value, float) and not value.is_integer():
            raise InputError(f"expected a whole number, got {shown(value)}")
        if value < self.ge:
            raise InputError(f"must be at least {self.ge}, got {shown(value)}")
        if value > self.le:
            raise InputError(f"must be at most {self.le}, got {shown(value)}")
        return int(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.ge, "maximum": self.le}


# Stand for the text as written and for what is expected, so that the cached lookup below depends on neither.
_HERE, _WANTED = "\0", "\1"


def _float(number: int | float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _wanted(unit: str, example: str | None) -> str:
    if unit == "dimensionless":
        return "a plain number"
    return f'a {dimension_name(unit)} with its unit, for example "{example or examples(unit)[0]}"'


@lru_cache(maxsize=256)
def _dimensionality(unit: str) -> tuple[tuple[str, float], ...]:
    powers: dict[str, Any] = dict(registry().Unit(unit).dimensionality)
    return tuple(sorted((base, float(power)) for base, power in powers.items()))


@lru_cache(maxsize=2048)
def _conversion(written: str, unit: str) -> tuple[float, bool]:
    """How to turn a number of `written` into `unit`: (factor, divide?). Dividing keeps 18 h = 18/24 day exact."""
    if written == "" and unit != "dimensionless":
        raise InputError(f"{_HERE} has no unit; expected {_WANTED}")
    if written == "%" and unit == "dimensionless":
        return 100.0, True
    ureg = registry()
    source = _unit(written, unit)
    dimensions = dict(source.dimensionality)
    target = dict(ureg.Unit(unit).dimensionality)
    if dimensions != target:
        # "5 cells/mL" is a natural way to write a number concentration: the count may be left in or out.
        uncounted = {base: power for base, power in dimensions.items() if base != "[cell]"}
        if not target or uncounted != target or dimensions.get("[cell]") != 1:
            got = f"of dimension {dimension_name(str(source))}" if dimensions else "a plain number"
            raise InputError(f"{_HERE} is {got}; expected {_WANTED}")
        source = source / ureg.Unit("cell")
    magnitude: Any = ureg.Quantity(1.0, source).to(unit).magnitude
    factor = float(magnitude)
    inverse = 1.0 / factor
    if factor < 1.0 and math.isclose(inverse, round(inverse), rel_tol=1e-14):
        return float(round(inverse)), True
    # pint multiplies prefixes in floating point: 1 mL comes out as 1000.0000000000001 mm**3.
    whole = factor > 1.0 and math.isclose(factor, round(factor), rel_tol=1e-14)
    return float(round(factor)) if whole else factor, False


def check_unit(text: str) -> None:
    """Refuse what is no unit, of whatever dimension.

    Raises:
        InputError: naming the nearest common unit.
    """
    try:
        _unit(text, "dimensionless")
    except InputError:
        near = nearest_name(text, _COMMON_UNITS)
        raise InputError(f"{shown(text)} is not a unit that is known", nearest=near) from None


def _unit(written: str, target: str) -> Any:
    text = re.sub(r"^per\s+", "1/", written.strip())
    text = re.sub(r"(?<![a-zA-Z])([dcmuµμn]?m)([23])(?![0-9])", r"\1**\2", text)
    if text.startswith("/"):
        text = "1" + text
    if len(text) > 60 or not _UNIT.fullmatch(text):
        raise _unknown_unit(text, target)
    try:
        unit = registry().parse_units(text)
        # An offset unit (°C) has no factor; converting one raises here rather than later.
        registry().Quantity(1.0, unit).to_root_units()
    except Exception as error:  # pint raises many kinds, from tokenizer errors to its own
        raise _unknown_unit(text, target) from error
    return unit


def _unknown_unit(text: str, target: str) -> InputError:
    problem = f"{_HERE} has the unit {shown(text)}, which is not known"
    allowed = f"a unit of {dimension_name(target)}, for example " + ", ".join(examples(target))
    return InputError(problem, allowed=allowed, nearest=nearest_name(text, _COMMON_UNITS))
