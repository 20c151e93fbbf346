"""Tables of referenced facts: reading, checking, looking up.

Every table in ``knowledge/tables`` is a CSV file with the columns ``key, …, value, unit, low, high, source, grade,
note``; what stands between ``key`` and ``value`` differs from table to table. Files are read once per process.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from diaspore.core.citations import Entry, shipped_bibliography
from diaspore.core.errors import InputError, nearest_name

if TYPE_CHECKING:
    import pandas as pd

GRADES = ("patients", "animals", "in vitro", "fitted here", "assumed")
"""What stands behind a number, from strongest to weakest; "assumed" also holds what nobody has confirmed."""

_COMMON = ("value", "unit", "low", "high", "source", "grade", "note")

# Checked once in the tests; listed here so that reading a table does not load the unit library.
_UNITS = frozenset(
    {
        "1/(um*min)",
        "1/L",
        "1/day",
        "1/day/mm**2",
        "1/g/day",
        "1/h",
        "1/km",
        "1/mL",
        "1/mL/day",
        "1/min",
        "1/month",
        "1/s",
        "1/year",
        "L",
        "L/day",
        "L/min",
        "cell",
        "cell/mL",
        "cm",
        "cm**2/s",
        "count",
        "day",
        "degree",
        "dimensionless",
        "g",
        "h",
        "kg",
        "m**2",
        "Pa",
        "mL",
        "mL/day",
        "mL/h",
        "mL/kg",
        "mL/kg/day",
        "mL/min",
        "mPa*s",
        "min",
        "mm",
        "mm**3",
        "mmHg",
        "month",
        "nM",
        "nm",
        "nmol/day",
        "percent",
        "pg/day",
        "pg/mL",
        "s",
        "um",
        "um**2",
        "um**2/(mmHg*min)",
        "um**2/min",
        "um**3",
        "um/(mmHg*min)",
        "um/min",
        "year",
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One referenced number.

    Attributes:
        key: dotted name, unique in the package.
        value: the number, in `unit`.
        unit: unit as text; "dimensionless" or "count" for plain numbers, "percent" for percentages.
        low, high: uncertainty or range in `unit` (the note says which), None when none is known.
        source: key in ``references.bib``.
        grade: one of `GRADES`.
        note: what the number does not say by itself.
    """

    key: str
    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    grade: str
    note: str

    def to(self, unit: str) -> float:
        """The value in another unit.

        Raises:
            InputError: the dimensions differ.
        """
        if unit == self.unit:
            return self.value
        from diaspore.core.units import parse_quantity

        return parse_quantity(f"{self.value!r} {self.unit}", unit, field=self.key)


@dataclass(frozen=True, slots=True)
class Row(Fact):
    """A fact with the other columns of its table, read as text: ``row["sex"]``.

    Attributes:
        table: name of the table.
        line: 1-based line in the file.
        columns: the table's own columns.
    """

    table: str = ""
    line: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, column: str) -> str:
        return self.columns[column]

    def number(self, column: str) -> float:
        """A column of the table as a number.

        Raises:
            InputError: it is not a number.
        """
        try:
            return float(self.columns[column])
        except ValueError:
            problem = f"{self.columns[column]!r} is not a number"
            raise InputError(problem, file=f"{self.table}.csv", line=self.line, field=column) from None


@cache
def table_names() -> tuple[str, ...]:
    """Names of all tables, sorted."""
    folder = resources.files("diaspore.knowledge").joinpath("tables")
    return tuple(sorted(entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv")))


@cache
def _rows(name: str) -> tuple[Row, ...]:
    if name not in table_names():
        raise InputError(
            f"no table is called {name!r}", allowed=table_names(), nearest=nearest_name(name, table_names())
        )
    source = resources.files("diaspore.knowledge").joinpath("tables", f"{name}.csv")
    return tuple(parse_table(source.read_text(encoding="utf-8"), name))


def table(name: str) -> list[Row]:
    """All rows of a table, in the order of the file.

    Raises:
        InputError: no such table, or a row that fails the checks of `parse_table`.
    """
    return list(_rows(name))


def table_frame(name: str) -> pd.DataFrame:
    """A table as a data frame: own columns as numbers where all of them are, `value`, `low`, `high` as floats."""
    import pandas as pd

    rows = _rows(name)
    data: dict[str, list[object]] = {"key": [row.key for row in rows]}
    for column in rows[0].columns if rows else ():
        data[column] = [row.columns[column] for row in rows]
    for column in _COMMON:
        data[column] = [getattr(row, column) for row in rows]
    frame = pd.DataFrame(data)
    for column in rows[0].columns if rows else ():
        try:
            frame[column] = pd.to_numeric(frame[column].replace("", math.nan))
        except (TypeError, ValueError):
            continue
    for column in ("value", "low", "high"):
        frame[column] = frame[column].astype(float)
    return frame


@cache
def facts() -> Mapping[str, Row]:
    """Every row of every table by key.

    Raises:
        InputError: a key that two tables use.
    """
    result: dict[str, Row] = {}
    for name in table_names():
        for row in _rows(name):
            if row.key in result:
                problem = f"{row.key} is already a key of {result[row.key].table}.csv"
                raise InputError(problem, file=f"{name}.csv", line=row.line, field="key")
            result[row.key] = row
    return MappingProxyType(result)


def fact(key: str) -> Row:
    """The fact called `key`.

    Raises:
        InputError: no such key; the message names the nearest one.
    """
    known = facts()
    if key not in known:
        raise InputError(f"no fact is called {key!r}", nearest=nearest_name(key, known))
    return known[key]


def references() -> Mapping[str, Entry]:
    """The bibliography of the package by key."""
    return shipped_bibliography()


def read_table(path: str | Path) -> list[Row]:
    """Read and check a table from any file of the same layout.

    Raises:
        InputError: as `parse_table`, or the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=path) from None
    return parse_table(text, path.stem, file=str(path))


def parse_table(text: str, name: str, *, file: str | None = None) -> list[Row]:
    """Check and convert the text of a table.

    Raises:
        InputError: a missing column, a key given twice, a number that cannot be read or is outside its interval, an
            unknown unit or grade, a source that is missing or not in the bibliography, or no word about uncertainty.
    """
    return list(_checked(text, name, file or f"{name}.csv"))


def _checked(text: str, name: str, file: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text))
    header = next(reader, [])
    missing = [column for column in ("key", *_COMMON) if column not in header]
    if missing:
        raise InputError(f"the column {missing[0]} is missing", file=file, line=1, allowed=("key", *_COMMON))
    own = [column for column in header if column != "key" and column not in _COMMON]
    seen: dict[str, int] = {}
    for cells in reader:
        line = reader.line_num
        if len(cells) != len(header):
            raise InputError(f"has {len(cells)} cells, the header has {len(header)}", file=file, line=line)
        record = dict(zip(header, cells, strict=True))
        key = record["key"]
        if not key:
            raise InputError("is empty", file=file, line=line, field="key")
        if key in seen:
            raise InputError(f"{key} is given twice (first on line {seen[key]})", file=file, line=line, field="key")
        seen[key] = line
        value, low, high = _numbers(record, file, line)
        yield Row(
            key=key,
            value=value,
            unit=_unit(record["unit"], file, line),
            low=low,
            high=high,
            source=check_source(record["source"], file=file, line=line),
            grade=check_grade(record["grade"], file=file, line=line),
            note=record["note"],
            table=name,
            line=line,
            columns=MappingProxyType({column: record[column] for column in own}),
        )


def _numbers(record: Mapping[str, str], file: str, line: int) -> tuple[float, float | None, float | None]:
    found: dict[str, float | None] = {}
    for name in ("value", "low", "high"):
        text = record[name]
        if text == "" and name != "value":
            found[name] = None
            continue
        try:
            number = float(text)
        except ValueError:
            raise InputError(f"{text!r} is not a number", file=file, line=line, field=name) from None
        if not math.isfinite(number):
            raise InputError(f"{text!r} is not finite", file=file, line=line, field=name)
        found[name] = number
    value, low, high = found["value"], found["low"], found["high"]
    assert value is not None
    # A few sources print a rounded estimate, hence the tolerance.
    slack = 1e-9 * max(1.0, abs(value))
    if (low is not None and low > value + slack) or (high is not None and high < value - slack):
        raise InputError(f"{value!r} is outside {low} to {high}", file=file, line=line, field="value")
    if low is None and high is None and "no interval known" not in record["note"]:
        problem = "neither low nor high is given and the note does not say so"
        raise InputError(problem, file=file, line=line, field="note", allowed='"no interval known" in the note')
    return value, low, high


def _unit(text: str, file: str, line: int) -> str:
    if text not in _UNITS:
        from diaspore.core.units import registry

        try:
            if not text:
                raise ValueError
            registry().parse_units(text)
        except Exception:  # the unit library raises many kinds, from tokenizer errors to its own
            problem = f"{text!r} is not a unit"
            nearest = nearest_name(text, _UNITS)
            raise InputError(problem, file=file, line=line, field="unit", nearest=nearest) from None
    return text


def check_grade(text: str, *, file: str | None = None, line: int | None = None, field: str = "grade") -> str:
    """`text` if it is one of `GRADES`.

    Raises:
        InputError: it is not.
    """
    if text not in GRADES:
        problem = f"{text!r} is not an evidence grade" if text else "the evidence grade is missing"
        nearest = nearest_name(text, GRADES) if text else None
        raise InputError(problem, file=file, line=line, field=field, allowed=GRADES, nearest=nearest)
    return text


def check_source(text: str, *, file: str | None = None, line: int | None = None, field: str = "source") -> str:
    """`text` if it is a key of the bibliography.

    Raises:
        InputError: it is missing or unknown.
    """
    known = references()
    if not text:
        raise InputError("the source is missing", file=file, line=line, field=field, allowed="a key of references.bib")
    if text not in known:
        nearest = nearest_name(text, known)
        problem = f"{text!r} is not in references.bib"
        raise InputError(problem, file=file, line=line, field=field, nearest=nearest)
    return text
