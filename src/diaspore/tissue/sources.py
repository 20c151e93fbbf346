"""Where the numbers of a tissue come from: what the file says of its own, and the tables behind what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, Field, model_validator
from pydantic.fields import FieldInfo

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.spec import Spec
from diaspore.core.units import parse_quantity
from diaspore.knowledge.load import GRADES, Row, facts, references
from diaspore.tissue.spec_cell import CycleSpec
from diaspore.tissue.spec_common import FACT, SETTING, Part
from diaspore.tissue.spec_rules import FunctionSpec, RuleSpec

if TYPE_CHECKING:
    from diaspore.tissue.spec import TissueSpec

DERIVED = "derived"
OWN_GRADES = (*GRADES[:3], DERIVED, *GRADES[3:])
"""Grades of the tables, and one for what is computed from other numbers; its note says how."""

# What says how long and how finely to compute and where to begin, and not how cells or molecules are.
_SETTINGS = re.compile(
    r"(schema_version|duration|save_every|domain|steps|cells)\b.*"
    r"|networks\.[^.]+\.(interval|step|treatments\[\d+\]\.(start|stop))"
)
_WRITTEN = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\s+(\S.*?))?\s*")
_TOLERANCE = 1e-6


class SourceSpec(Part):
    """What stands behind a number: a row of the tables, or a source and a grade.

    A text is short for either: ``assumed``, or the key of a row.
    """

    fact: str | None = Field(None, description="key of a row of the tables, which must have the same value")
    source: str | None = Field(None, description="key of the list of references")
    grade: str | None = Field(None, description=", ".join(OWN_GRADES))
    note: str | None = Field(None, max_length=2000)
    interval: tuple[str | float, str | float] | None = Field(None, description="lowest and highest, with units")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        if data in references() and data not in facts():
            raise InputError("needs a grade beside a source", allowed=f"{{source: {data}, grade: in vitro}}")
        return {"grade": data} if data == "assumed" else {"fact": data}

    @model_validator(mode="after")
    def _known(self) -> SourceSpec:
        if self.fact is not None:
            if self.fact not in facts():
                names = [*facts(), "assumed"]
                raise InputError(f"no fact is called {shown(self.fact)}", nearest=nearest_name(self.fact, names))
            for name in ("source", "grade", "interval"):
                if getattr(self, name) is not None:
                    raise InputError("is that of the row of the tables", field=name, allowed="fact, note")
            return self
        if self.grade is None:
            raise InputError("is missing", field="grade", allowed=OWN_GRADES)
        if self.grade not in OWN_GRADES:
            raise InputError(
                f"{shown(self.grade)} is not an evidence grade", field="grade", allowed=OWN_GRADES,
                nearest=nearest_name(self.grade, OWN_GRADES),
            )  # fmt: skip
        if self.source is not None and self.source not in references():
            raise InputError(
                f"{shown(self.source)} is not in the list of references", field="source",
                nearest=nearest_name(self.source, references()),
            )  # fmt: skip
        if self.grade in (DERIVED, "fitted here") and not self.note:
            raise InputError(f"is missing: how it was {self.grade.removesuffix(' here')}", field="note")
        return self


@dataclass(frozen=True)
class Number:
    """A number of a scene, or something else that needs a source: a rule, a function, a network.

    Attributes:
        path: in the file.
        text: as it is written.
        value, unit: the same apart; None where it is no single number.
        kind: "parameter", "rule", "function", "network", "setting", or "neutral" for what is left out and then off.
        fact: key of the row of the tables behind it, "" where there is none.
        source: key of a reference, "" where there is none.
        grade: one of `OWN_GRADES`, "" where nobody said.
        low, high: in `unit`, None where not known.
    """

    path: str
    text: str
    value: float | None
    unit: str
    kind: str
    fact: str = ""
    source: str = ""
    grade: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def settled(self) -> bool:
        """Whether something is said of where it is from; of a whole network its publication is enough."""
        return self.kind in ("setting", "neutral") or bool(self.grade or (self.kind == "network" and self.source))

    @property
    def only_assumed(self) -> bool:
        """Whether nothing but an assumption stands behind it."""
        return self.grade == "assumed" or not self.settled


@dataclass(frozen=True)
class _Found:
    """A number on the way, with what the description itself knows of its origin."""

    number: Number
    usual: str = ""  # key of the row that it has when left out, if it has that value
    own: tuple[str, ...] = ()  # path and texts of the nearest `source` of a part, such as that of a rule


def numbers(spec: TissueSpec) -> list[Number]:
    """All numbers that the file or its defaults set, in the order of the fields, with what stands behind them."""
    return [_resolved(found, spec.sources) for found in _walk(spec) if isinstance(found, _Found)]


def unsourced(spec: TissueSpec) -> list[str]:
    """Paths of parameters, rules and the like of which nothing says where they are from, not even that of a guess."""
    return [number.path for number in numbers(spec) if not number.settled]


def sources_of(spec: TissueSpec) -> list[tuple[str, str]]:
    """References behind the numbers of a scene, each with what it was used for; for its citations."""
    used: dict[tuple[str, str], None] = {}  # an ordered set
    for number in numbers(spec):
        # "diaspore" stands in the tables for an assumption of this package, which there is nothing to cite for.
        if number.source not in ("", "diaspore") and number.kind not in ("neutral", "network"):
            top = re.match(r"\w+(?:\.[^.\[]+)?", number.path)
            used[number.source, f"values of {top[0] if top else number.path}"] = None
    return list(used)


def check_sources(spec: TissueSpec) -> None:
    """Refuse sources of what is not in the file, and values that differ from the row they are said to have.

    Raises:
        InputError: naming the path, and the nearest one there is.
    """
    if not spec.sources:
        return
    nodes = list(_walk(spec))
    leaves = {found.number.path: found for found in nodes if isinstance(found, _Found)}
    paths = [node.number.path if isinstance(node, _Found) else node for node in nodes]
    for path, given in spec.sources.items():
        field = f"sources.{path}"
        if path not in paths:
            raise InputError(
                "is no number of this file, nor what holds some", field=field, nearest=nearest_name(path, paths)
            )
        found = leaves.get(path)
        number = None if found is None or found.number.value is None else found.number
        if number is None and (given.fact is not None or given.interval is not None):
            what = "the key of a row" if given.fact is not None else "an interval"
            raise InputError(f"is not a single number, so {what} does not fit", field=field)
        if given.fact is not None and number is not None:
            _same(number, facts()[given.fact], field)
        if given.interval is not None and number is not None:
            _inside(number, given, field)
        said = any(
            _keys(leaf.own) and f"{path}.".startswith((f"{leaf.own[0]}.", f"{leaf.own[0]}["))
            for leaf in leaves.values()
        )
        if given.source is None and given.grade in GRADES[:3] and not said:
            raise InputError("is missing", field=f"{field}.source", allowed="a key of references.bib")


def _same(number: Number, row: Row, field: str) -> None:
    try:
        value = row.to(number.unit)
    except InputError as error:
        raise InputError(f"{row.key} is {row.value:g} {row.unit}: {error.problem}", field=field) from None
    assert number.value is not None
    if abs(value - number.value) > _TOLERANCE * max(abs(value), abs(number.value)):
        unit = "" if number.unit == "dimensionless" else f" {number.unit}"
        raise InputError(
            f"is {number.value:.8g}{unit} here, but {row.key} is {value:.8g}{unit}", field=field,
            allowed='that value, another key, or "assumed"',
        )  # fmt: skip


def _inside(number: Number, given: SourceSpec, field: str) -> None:
    low, high = _interval(given, number.unit, field)
    assert number.value is not None
    if not low <= number.value <= high:
        raise InputError(
            f"{number.value:g} is not in the interval from {low:g} to {high:g} {number.unit}", field=f"{field}.interval"
        )


def _interval(given: SourceSpec, unit: str, field: str = "") -> tuple[float, float]:
    assert given.interval is not None
    low, high = (parse_quantity(end, unit, field=f"{field}.interval") for end in given.interval)
    return low, high


def _resolved(found: _Found, given: dict[str, SourceSpec]) -> Number:
    """What is said of the number itself, then the row of a usual value, then what is said of what holds it."""
    number, entry, own = found.number, given.get(found.number.path), found.own
    if entry is None and number.kind in ("setting", "neutral"):
        return number
    if entry is None and found.usual:
        return _from_row(number, facts()[found.usual])
    holder = number.path
    while entry is None and holder and not (own and holder == own[0]):
        holder = _above(holder)
        entry = given.get(holder)
    said = _own(number, own)
    if entry is None:
        return said
    if entry.fact is not None:
        row = _from_row(number, facts()[entry.fact])
        return replace(row, note=entry.note) if entry.note else row
    low, high = (None, None) if entry.interval is None else _interval(entry, number.unit)
    # A guess of one number of a rule is not from the rule's source.
    source = said.source if entry.grade != "assumed" or (holder,) == own[:1] else ""
    return replace(
        number, source=entry.source or source, grade=entry.grade or "", low=low, high=high, note=entry.note or said.note
    )


def _above(path: str) -> str:
    """What holds a path: ``rules[3].power`` -> ``rules[3]`` -> ``rules`` -> nothing."""
    return path[: max(path.rfind("."), path.rfind("["), 0)]


def _from_row(number: Number, row: Row) -> Number:
    low, high = (None if end is None else replace(row, value=end).to(number.unit) for end in (row.low, row.high))
    return replace(number, fact=row.key, source=row.source, grade=row.grade, low=low, high=high, note=row.note)


def _own(number: Number, own: tuple[str, ...]) -> Number:
    """The number with the source that a rule, function or network gives itself."""
    if not own:
        return number
    if own[1:] == ("assumed",):
        return replace(number, grade="assumed")
    keys, texts = _keys(own), [text for text in own[1:] if text not in references()]
    if len(texts) == 1 and texts[0] in facts():
        row = facts()[texts[0]]
        return replace(number, fact=row.key, source=row.source, grade=row.grade, note=row.note)
    return replace(number, source=", ".join(keys), note="; ".join(texts))


def _keys(own: tuple[str, ...]) -> list[str]:
    return [text for text in own[1:] if text in references()]


def _walk(spec: TissueSpec) -> Iterator[_Found | str]:
    """Numbers of a scene, and the paths of what holds them, which comes first."""
    written = spec.model_dump(mode="json", exclude={"sources": True, "networks": {"__all__": {"network"}}})
    for name, info in type(spec).model_fields.items():
        if name != "sources":
            yield from _under(name, getattr(spec, name), written.get(name), _Field.of(info, spec, name), ())


@dataclass(frozen=True)
class _Field:
    """What a field tells of the values in it."""

    numeric: bool  # it may hold a number, also one written as text with its unit
    extra: dict[str, Any]
    default: bool = False  # the value is the one that it has when left out

    @staticmethod
    def of(info: FieldInfo, model: BaseModel, name: str) -> _Field:
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        left_out = info.get_default(call_default_factory=True, validated_data={})
        return _Field(_numeric(info.annotation), extra, bool(left_out == getattr(model, name)))


def _numeric(annotation: Any) -> bool:
    return annotation in (float, int) or any(_numeric(one) for one in get_args(annotation) if not isinstance(one, str))


def _under(path: str, value: Any, written: Any, field: _Field, own: tuple[str, ...]) -> Iterator[_Found | str]:
    kind = "setting" if _SETTINGS.fullmatch(path) or field.extra.get(SETTING) else "parameter"
    if isinstance(value, Spec):
        sources = tuple(getattr(value, "source", ()))
        size = next((len(parts) for name in ("nodes", "species") if (parts := getattr(value, name, None))), 0)
        text = f"{value.name}: {size} {'nodes' if value.kind == 'boolean_network' else 'species'}"
        yield _Found(Number(path, text, None, "", "network"), own=(path, *sources))
    elif isinstance(value, BaseModel):
        if isinstance(source := getattr(value, "source", None), str):
            own = (path, source)
        yield _whole(path, value, own)
        for name, info in type(value).model_fields.items():
            below = _Field.of(info, value, name)
            if SETTING in field.extra:  # holds for all of a part
                below = replace(below, extra={SETTING: field.extra[SETTING]} | below.extra)
            yield from _under(f"{path}.{name}", getattr(value, name), (written or {}).get(name), below, own)
        if isinstance(value, CycleSpec):
            yield from _usual_cycle(path, value)
    elif isinstance(value, dict):
        yield path
        for name, one in value.items():
            yield from _under(f"{path}.{name}", one, (written or {}).get(name), replace(field, default=False), own)
    elif isinstance(value, tuple | list) and value and not (field.numeric and _plain(value)):
        yield path
        for i, one in enumerate(value):
            yield from _under(f"{path}[{i}]", one, written[i], replace(field, default=False), own)
    elif isinstance(value, tuple | list) and value:
        ends = ", ".join(str(one) for one in written[:3]) if len(value) < 4 else f"{len(value):,} of them"
        yield _Found(Number(path, ends, None, "", kind), own=own)
    elif field.numeric and not isinstance(value, bool) and (parts := _parts(written)) is not None:
        usual = str(field.extra.get(FACT, "")) if field.default else ""
        off = parts[0] == 0.0 or (parts[0] == 1.0 and parts[1] == "dimensionless")
        if kind == "parameter" and field.default and not usual and off:
            kind = "neutral"
        unit = "" if parts[1] == "dimensionless" else f" {parts[1]}"
        yield _Found(Number(path, f"{parts[0]:.6g}{unit}", *parts, kind), usual, own)


def _whole(path: str, value: BaseModel, own: tuple[str, ...]) -> _Found | str:
    """A part that needs a source as a whole, or the path of any other."""
    if isinstance(value, RuleSpec):
        text = f"{value.signal} {value.direction} {value.behaviour} of {value.type}"
        return _Found(Number(path, text, None, "", "rule"), own=own)
    if isinstance(value, FunctionSpec):
        text = f"{value.function}() computes {value.behaviour} of {value.type}"
        return _Found(Number(path, text, None, "", "function"), own=own)
    return path


def _usual_cycle(path: str, cycle: CycleSpec) -> Iterator[_Found]:
    """The lengths of a named cycle, which are in the tables only."""
    if cycle.birth_rate is not None:
        return
    for key, row in facts().items():
        if key.startswith(f"tissue.cycle.{cycle.model}."):
            unit = row.unit
            yield _Found(
                Number(f"{path}.{key.rpartition('.')[2]}", f"{row.value:g} {unit}", row.value, unit, "parameter"), key
            )


def _plain(value: Any) -> bool:
    """Whether a sequence is one of numbers, such as ends of an axis or points; those are not told one by one."""
    return all(isinstance(one, int | float) or (isinstance(one, tuple | list) and _plain(one)) for one in value)


def _parts(written: Any) -> tuple[float, str] | None:
    """Number and unit of a value as it is written; None for another text."""
    if isinstance(written, int | float):
        return float(written), "dimensionless"
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) else None
    return None if match is None else (float(match[1]), match[2] or "dimensionless")


def to_json(found: Iterable[Number]) -> list[dict[str, Any]]:
    """Numbers as plain data."""
    names = ("path", "text", "value", "unit", "kind", "fact", "source", "grade", "low", "high", "note")
    return [{name: getattr(number, name) for name in names} for number in found]
