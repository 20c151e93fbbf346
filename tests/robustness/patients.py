"""Patient files made by hypothesis: valid ones, and ones with mistakes."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from diaspore.body.changes import parameter_keys, unit_of
from diaspore.body.processes.clones import MAX_CLONES
from diaspore.body.spec import PRIMARY_SITES, RECOVERY, SITE_LEVERS
from diaspore.body.stations import stations_of
from diaspore.core.messages import FACTOR_LEVERS, LEAST_ADHESION, RATE_LEVERS, ROUTES
from diaspore.core.units import parse_quantity
from diaspore.knowledge.anatomy import SITES

Data = dict[str, Any]

_ABSENT = {"female": "prostate", "male": "ovary"}


def quantity(low: float, high: float, *units: tuple[str, float]) -> st.SearchStrategy[str]:
    """Text of a quantity between `low` and `high` of the canonical unit, in one of ``(unit, its size)``."""
    number = st.floats(low, high, allow_subnormal=False)
    inner = st.tuples(number, st.sampled_from(units))
    return inner.filter(lambda pair: low <= pair[0] / pair[1][1] * pair[1][1] <= high).map(
        lambda pair: f"{pair[0] / pair[1][1]!r} {pair[1][0]}"
    )


_TIME = (("day", 1.0), ("year", 365.25), ("month", 30.4375), ("h", 1 / 24), ("week", 7.0))
_RATE = (("1/day", 1.0), ("1/year", 1 / 365.25), ("1/h", 24.0))
_LENGTH = (("mm", 1.0), ("cm", 10.0), ("um", 1e-3))


def days(low: float, high: float = 36_000.0) -> st.SearchStrategy[str]:
    """A time between two numbers of days."""
    return quantity(low, high, *_TIME)


def _optional(fields: dict[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]) -> Any:
    return st.fixed_dictionaries(required, optional=fields)


def _visits() -> st.SearchStrategy[list[Data]]:
    def stretches(steps: list[tuple[float, int]]) -> list[Data]:
        found, last = [], 0.0
        for every, number in steps:
            last += every * (number + 0.5)
            found.append({"every": f"{every!r} day", "until": f"{last!r} day"})
        return found

    return st.lists(st.tuples(st.floats(20.0, 400.0), st.integers(1, 12)), max_size=4).map(stretches)


def _lever(sex: str, last: float) -> st.SearchStrategy[Data]:
    sites = st.lists(st.sampled_from([s for s in SITES if s != _ABSENT[sex]]), min_size=1, max_size=4, unique=True)
    clones = st.lists(st.integers(0, MAX_CLONES - 1), min_size=1, max_size=MAX_CLONES, unique=True)

    def of(name: str) -> st.SearchStrategy[Data]:
        required: dict[str, Any] = {"lever": st.just(name)}
        if name in RATE_LEVERS:
            required["rate"] = quantity(0.0, 10.0, *_RATE)
        else:
            least = LEAST_ADHESION if name == "adhesion" else 0.0
            required["factor"] = st.one_of(st.integers(int(least > 0.0), 1000), st.floats(least, 1000))
        optional: dict[str, Any] = {"from": days(0, min(0.99 * last, 1000)), "until": days(2000, 9000)}
        if name == "shedding":
            optional["route"] = st.sampled_from(ROUTES)
        if name in SITE_LEVERS:
            optional["sites"] = sites
            if not name.endswith("_prob"):
                optional["clones"] = clones
        return _optional(optional, **required)

    return st.sampled_from(FACTOR_LEVERS + RATE_LEVERS).flatmap(of)


def _changes() -> st.SearchStrategy[Data]:
    def value(key: str) -> st.SearchStrategy[Any]:
        definition = parameter_keys()[key]
        if definition.choices:
            return st.sampled_from(definition.choices)
        number = st.floats(definition.low, definition.high, allow_subnormal=False)
        unit = unit_of(definition)
        return number if unit == "dimensionless" else number.map(lambda x: f"{x!r} {unit}")

    keys = st.lists(st.sampled_from(sorted(parameter_keys())), max_size=6, unique=True)
    return keys.flatmap(lambda names: st.fixed_dictionaries({name: value(name) for name in names}))


def _surgery(site: str, last: float) -> st.SearchStrategy[Data]:
    at = days(0, 0.99 * last)
    optional: dict[str, Any] = {
        "primary": st.fixed_dictionaries({"at": at}),
        "lesions": _optional({"at_most": st.integers(1, 100)}, at=at),
        "only_m0": st.booleans(),
    }
    known = [station.name for station in stations_of(site)]
    if known:
        stations = st.lists(st.sampled_from(known), min_size=1, unique=True)
        optional["nodes"] = _optional({"method": st.sampled_from(["dissection", "sampling"])}, at=at, stations=stations)
    return _optional(optional).map(_apart)


def _apart(surgery: Data) -> Data:
    """The same, with operations that would overlap on one day."""
    operations = [one for one in surgery.values() if isinstance(one, dict) and "at" in one]
    at = sorted(parse_quantity(one["at"], "day") for one in operations)
    if any(0.0 < b - a < RECOVERY + 1e-6 for a in at for b in at):
        for one in operations:
            one["at"] = operations[0]["at"]
    return surgery


def _patient(person: tuple[str, str, float]) -> st.SearchStrategy[Data]:
    sex, site, last = person  # follow-up ends after `last`, and what is planned comes before
    follow_up = _optional(
        {
            "duration": days(last, 9000),
            "visits": _visits(),
            "imaging": _optional(
                {"at_diagnosis": st.booleans(), "after_relapse": st.booleans(), "every": days(30, 4000)}
            ),
        }
    )
    optional: dict[str, Any] = {
        "parameters": st.just("breast-2026.1"),
        "patients": st.one_of(st.integers(1, 4), st.just(1e4)),
        "age": days(19 * 365.25, 109 * 365.25),
        "age_mean": days(19 * 365.25, 109 * 365.25),
        "age_sd": days(0, 20 * 365.25),
        "screening": _optional({"share": st.one_of(st.floats(0, 1), st.just("30 %")), "interval": days(30, 4000)}),
        "follow_up": follow_up,
        "surgery": _surgery(site, last),
        "levers": st.lists(_lever(sex, last), max_size=3),
        "change": st.one_of(st.none(), _changes()),
        "numerics": _optional(
            {
                "panel": days(5, 400),
                "hahnfeldt_step": days(0.5, 20),
                "lesion_limit": st.integers(1, 1000),
                "day_tolerance": days(0.001, 10),
            }
        ),
    }
    primary = _optional({"diameter_at_diagnosis": quantity(0.5, 400.0, *_LENGTH)}, site=st.just(site))
    return _optional(
        optional,
        schema_version=st.just(1),
        kind=st.just("patient"),
        name=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30),
        sex=st.just(sex),
        primary=primary,
    )


_PEOPLE = [
    (sex, site, last) for sex in _ABSENT for site in PRIMARY_SITES if site != _ABSENT[sex] for last in (1.0, 3000.0)
]

valid = st.sampled_from(_PEOPLE).flatmap(_patient)
"""Plain data of a patient file without a mistake."""

_TREES = st.recursive(
    st.none(),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=5,
)
# Values of every wrong sort; fields of the file get one in place of theirs.
odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), _TREES,
    st.sampled_from([
        10**400, -(10**400), 16**20_000, 1e308, -1e308, 5e-324, "", " ", "1e999 day", "-5 day", "5 mm", "5 day mm",
        "1 dayz", "0x10 day", "18", "18 h", "1/0 day", "9**9**9 day", "nan day", "inf", "30 %", "300 %", "-1 %",
        "\x00", "\u202e", "a" * 10_000, "liver", "ovary", "prostate", "axilla_1", [], {}, [[]], [{}], {"": 1},
        {"a": {"b": {"c": 1}}}, {1: 2}, ["liver", "liver"], [1, "x", None], {"site": {"site": {}}}, b"bytes", {1, 2},
        object(),
    ]),
).map(copy.deepcopy)  # fmt: skip
_NAMES = st.one_of(
    st.text(max_size=12),
    st.sampled_from([
        "from", "start", "site", "sites", "at", "every", "until", "kidn", "growth.doubling_time", "growth",
        "fate.soil.liver", "change", "default", "__class__", "model_fields", "self", "a.b[0]", "<<",
    ]),
)  # fmt: skip


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return found + [place for key, value in inner for place in _places(value, (*path, key))]


@st.composite
def damaged(draw: st.DrawFn) -> Data:
    """A patient file with one to four things changed: dropped, renamed, added, swapped, of another type, extreme."""
    data: Data = copy.deepcopy(draw(valid))
    for _ in range(draw(st.integers(1, 4))):
        places = _places(data)
        if not places:
            break
        # Mostly past the first lines, whose mistakes hide all others.
        inner = [place for place in places if place[0] not in ("schema_version", "kind", "name")]
        path = draw(st.sampled_from(inner if inner and draw(st.integers(0, 9)) else places))
        parent: Any = data
        for part in path[:-1]:
            parent = parent[part]
        last = path[-1]
        what = draw(st.sampled_from(["drop", "rename", "add", "replace", "replace", "swap", "nest", "repeat", "unit"]))
        if what == "drop":
            del parent[last]
        elif what == "rename" and isinstance(parent, dict):
            name = draw(st.one_of(_NAMES, st.just(f"{last}"[:-1]), st.just(f"{last}s")))
            parent[name] = parent.pop(last)
        elif what == "add" and isinstance(parent, dict):
            parent[draw(_NAMES)] = draw(odd)
        elif what == "swap":
            other = draw(st.sampled_from(places))
            parent[last] = copy.deepcopy(_at(data, other))
        elif what == "nest":
            parent[last] = draw(st.sampled_from([{"x": parent[last]}, [parent[last]], {str(last): parent[last]}]))
        elif what == "repeat" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif what == "unit" and isinstance(parent[last], str):
            unit = draw(st.sampled_from(["mm", "1/day", "g", "year", "cells", "", "%", "furlong", "m**2", "degC"]))
            parent[last] = f"{parent[last].split(' ')[0]} {unit}"
        else:
            parent[last] = draw(odd)
    return data


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        data = data[part]
    return data
