"""Parameter sets: named, versioned values of an engine, each with its source and grade.

Layout of a file::

    name: breast-2026.1
    version: "2026.1"
    title: Breast cancer
    base: solid-2026.1          # optional: a shipped set whose parameters hold where this one gives none
    fitted_to: ["seer_size_metastasis: breast"]
    free_parameters: 3
    does_not_claim: [survival under a given treatment]
    parameters:
      growth.primary.doubling_time:
        value: 150 day
        low: 60 day
        high: 400 day
        source: ryu2014
        grade: patients
        note: mean of ...
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from diaspore.core.errors import InputError, InputErrors, nearest_name
from diaspore.core.yamlio import Document, load_yaml, parse_yaml
from diaspore.knowledge.load import check_grade, check_source

Value = str | int | float | bool | tuple["str | int | float | bool", ...]

_FILE_FIELDS = (
    "schema_version",
    "name",
    "version",
    "title",
    "base",
    "fitted_to",
    "free_parameters",
    "does_not_claim",
    "parameters",
)
_REQUIRED = ("name", "version", "parameters")
_ENTRY_FIELDS = ("value", "low", "high", "spread", "source", "grade", "note")
_NUMBER_WITH_UNIT = re.compile(r"^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S.*?)\s*$")


@dataclass(frozen=True)
class Entry:
    """One parameter as written.

    Attributes:
        key: dotted name.
        value: a text with unit ("150 day", "30 %"), a plain number, a word, or several of them.
        low, high: interval in the same form, or None.
        spread: how much it differs between patients, as written, or None.
        source, grade, note: what it rests on.
        line: 1-based line in the file, or None.
    """

    key: str
    value: Value
    low: Value | None
    high: Value | None
    spread: Value | None
    source: str
    grade: str
    note: str
    line: int | None = None

    def quantity(self, unit: str) -> float:
        """The value as a float in `unit`.

        Raises:
            InputError: it has no unit, or one of another dimension.
        """
        from diaspore.core.units import parse_quantity

        return parse_quantity(self.value, unit, field=self.key)

    def fraction(self) -> float:
        """The value as a share from 0 to 1.

        Raises:
            InputError: it is none.
        """
        from diaspore.core.units import parse_fraction

        return parse_fraction(self.value, field=self.key)


@dataclass(frozen=True)
class ParameterSet:
    """A named, versioned set of parameters.

    Attributes:
        name, version, title: of the set.
        hash: SHA-256 of the content in canonical form (comments, order and layout of the file do not matter).
        entries: key -> `Entry`.
        fitted_to: the data that free parameters were fitted to: table, and which data set of it.
        free_parameters: how many were fitted.
        does_not_claim: what the set must not be used for.
        file: where it was read, or None.
        base: name of the set whose entries hold where this one gives none, or None.
        own: entries that this set gives itself; all of them without a base.
    """

    name: str
    version: str
    title: str
    hash: str
    entries: Mapping[str, Entry]
    fitted_to: tuple[str, ...]
    free_parameters: int
    does_not_claim: tuple[str, ...]
    file: str | None = None
    base: str | None = None
    own: Mapping[str, Entry] = dataclass_field(default_factory=dict)

    def __getitem__(self, key: str) -> Entry:
        if key not in self.entries:
            problem = f"the parameter set {self.name} has no {key!r}"
            raise InputError(problem, file=self.file, nearest=nearest_name(key, self.entries))
        return self.entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def quantity(self, key: str, unit: str) -> float:
        """A parameter as a float in `unit`.

        Raises:
            InputError: no such parameter, no unit, or one of another dimension.
        """
        return self._located(key, self[key].quantity, unit)

    def fraction(self, key: str) -> float:
        """A parameter as a share from 0 to 1.

        Raises:
            InputError: no such parameter, or no share.
        """
        return self._located(key, self[key].fraction)

    def citations(self) -> list[tuple[str, str]]:
        """(source, what it is used for) of every parameter, sorted."""
        return sorted((entry.source, f"{self.name}: {key}") for key, entry in self.entries.items())

    def _located(self, key: str, read: Any, *args: Any) -> float:
        try:
            return float(read(*args))
        except InputError as error:
            raise error.located(file=self.file, line=self[key].line, field=f"parameters.{key}.value") from None


@cache
def parameter_set_names() -> tuple[str, ...]:
    """Names of the parameter sets that come with the package, sorted."""
    folder = resources.files("diaspore.knowledge").joinpath("parameters")
    if not folder.is_dir():
        return ()
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


@cache
def load_parameter_set(name: str) -> ParameterSet:
    """A shipped parameter set by name.

    Raises:
        InputError: no such set, or the file fails the checks of `read_parameter_set`.
    """
    names = parameter_set_names()
    if name not in names:
        raise InputError(f"no parameter set is called {name!r}", allowed=names, nearest=nearest_name(name, names))
    source = resources.files("diaspore.knowledge").joinpath("parameters", f"{name}.yaml")
    return _parameter_set(parse_yaml(source.read_text(encoding="utf-8"), file=f"{name}.yaml"), name)


def read_parameter_set(path: str | Path) -> ParameterSet:
    """A parameter set from any file.

    Raises:
        InputError: a missing or unknown field, a value that cannot be read, low and high of another dimension or not
            around the value, an unknown grade, a source that is not in the bibliography. All mistakes are listed.
    """
    return _parameter_set(load_yaml(path), None)


def _parameter_set(document: Document, name: str | None) -> ParameterSet:
    data = document.data
    if not isinstance(data, dict):
        raise document.error("a parameter set is a mapping", allowed=_FILE_FIELDS)
    errors = [
        document.error("is not a field of a parameter set", (field,), allowed=_FILE_FIELDS, nearest=_near(field))
        for field in data
        if field not in _FILE_FIELDS
    ]
    errors += [document.error(f"{field} is missing", allowed=_FILE_FIELDS) for field in _REQUIRED if field not in data]
    if name is not None and data.get("name", name) != name:
        errors.append(document.error(f"the file is {name}.yaml, so its name must be {name!r}", ("name",)))
    free = data.get("free_parameters", 0)
    if isinstance(free, bool) or not isinstance(free, int) or free < 0:
        errors.append(document.error(f"{free!r} is not a number of parameters", ("free_parameters",)))
    lists = {}
    for field in ("fitted_to", "does_not_claim"):
        lists[field] = data.get(field) or []
        if not isinstance(lists[field], list) or not all(isinstance(item, str) for item in lists[field]):
            errors.append(document.error("must be a list of texts", (field,)))
    parameters = data.get("parameters", {})
    entries: dict[str, Entry] = {}
    if not isinstance(parameters, dict):
        errors.append(document.error("must be a mapping from parameter to value, source and grade", ("parameters",)))
        parameters = {}
    for key, fields in parameters.items():
        try:
            entries[str(key)] = _entry(document, str(key), fields)
        except InputErrors as several:
            errors += several.errors
        except InputError as error:
            errors.append(error)
    base = None
    if data.get("base") is not None:
        base = _base(document, data["base"], errors)
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)
    return ParameterSet(
        name=str(data["name"]),
        version=str(data["version"]),
        title=str(data.get("title", data["name"])),
        hash=_digest(data) if base is None else _digest({**data, "base": base.hash}),
        entries=MappingProxyType(entries if base is None else {**base.entries, **entries}),
        fitted_to=tuple(lists["fitted_to"]),
        free_parameters=int(free),
        does_not_claim=tuple(lists["does_not_claim"]),
        file=document.file,
        base=None if base is None else base.name,
        own=MappingProxyType(entries),
    )


def _base(document: Document, name: Any, errors: list[InputError]) -> ParameterSet | None:
    """The set that another one builds on; a mistake in its name joins ``errors``."""
    own = document.data.get("name")
    if not isinstance(name, str) or name == own or name not in parameter_set_names():
        known = [other for other in parameter_set_names() if other != own]
        problem = "a set cannot build on itself" if name == own else f"no parameter set is called {name!r}"
        errors.append(document.error(problem, ("base",), allowed=known, nearest=nearest_name(name, known)))
        return None
    return load_parameter_set(name)


def _entry(document: Document, key: str, fields: Any) -> Entry:
    path = ("parameters", key)
    if not isinstance(fields, dict):
        raise document.error("needs value, source and grade", path, allowed=_ENTRY_FIELDS)
    line = document.line_of(path)
    errors = [
        document.error("is not a field of a parameter", (*path, field), allowed=_ENTRY_FIELDS, nearest=_near(field))
        for field in fields
        if field not in _ENTRY_FIELDS
    ]
    errors += [
        document.error(f"{field} is missing", path) for field in ("value", "source", "grade") if field not in fields
    ]
    read: dict[str, Value | None] = {}
    for field in ("value", "low", "high", "spread"):
        try:
            read[field] = _value(document, fields.get(field), (*path, field))
        except InputError as error:
            errors.append(error)
    where = {"file": document.file}
    for field, check in (("source", check_source), ("grade", check_grade)):
        if field in fields:
            try:
                check(
                    str(fields[field]),
                    line=document.line_of((*path, field)),
                    field=f"parameters.{key}.{field}",
                    **where,
                )
            except InputError as error:
                errors.append(error)
    if not errors:
        errors += _interval_errors(document, key, read)
    if errors:
        raise errors[0] if len(errors) == 1 else InputErrors(errors)
    assert read["value"] is not None
    return Entry(
        key=key,
        value=read["value"],
        low=read["low"],
        high=read["high"],
        spread=read["spread"],
        source=str(fields["source"]),
        grade=str(fields["grade"]),
        note=str(fields.get("note", "")),
        line=line,
    )


def _value(document: Document, value: Any, path: tuple[str, ...]) -> Value | None:
    if value is None and path[-1] != "value":
        return None
    if isinstance(value, list) and value:
        return tuple(_scalar(document, item, path) for item in value)
    return _scalar(document, value, path)


def _scalar(document: Document, value: Any, path: tuple[str, ...]) -> str | int | float | bool:
    if not isinstance(value, str | int | float | bool):
        raise document.error(f"{value!r} is not a number, a text with a unit, or a list of them", path)
    if isinstance(value, str):
        match = _NUMBER_WITH_UNIT.match(value)
        if match is not None:
            from diaspore.core.units import parse_quantity

            try:
                parse_quantity(value, "dimensionless" if match[2] == "%" else _unit_of(match[2]))
            except InputError as error:
                raise document.error(error.problem, path, nearest=error.nearest) from None
    return value


def _unit_of(text: str) -> str:
    from diaspore.core.units import registry

    try:
        registry().parse_units(text)
    except Exception as error:  # the unit library raises many kinds, from tokenizer errors to its own
        raise InputError(f"{text!r} is not a unit") from error
    return text


def _interval_errors(document: Document, key: str, read: Mapping[str, Value | None]) -> list[InputError]:
    """low <= value <= high, in the unit of the value; only for plain numbers and numbers with a unit."""
    from diaspore.core.units import parse_quantity

    value = read["value"]
    match = _NUMBER_WITH_UNIT.match(value) if isinstance(value, str) else None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if match is None and not numeric:
        return []
    unit = "dimensionless" if match is None or match[2] == "%" else match[2]
    centre = parse_quantity(value, unit)
    errors = []
    for field, sign in (("low", 1.0), ("high", -1.0)):
        bound = read[field]
        if bound is None:
            continue
        path = ("parameters", key, field)
        try:
            number = parse_quantity(bound, unit)
        except InputError as error:
            errors.append(document.error(error.problem, path, nearest=error.nearest))
            continue
        if sign * (centre - number) < -1e-9 * max(1.0, abs(centre)):
            errors.append(document.error(f"{bound!r} is on the wrong side of the value {value!r}", path))
    return errors


def _digest(data: Mapping[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _near(field: object) -> str | None:
    return nearest_name(field, (*_FILE_FIELDS, *_ENTRY_FIELDS))
