"""Reference of the patient file, from its JSON schema (which comes from the pydantic model)."""

from __future__ import annotations

import re
from typing import Any

from generators.markdown import code, quantity, table

# Parts in reading order: dotted place in the file -> definition in the schema.
PARTS = (
    ("", "", "The file"),
    ("primary", "PrimarySpec", "`primary`: the primary tumour"),
    ("screening", "ScreeningSpec", "`screening`: screening before diagnosis"),
    ("follow_up", "FollowUpSpec", "`follow_up`: follow-up after diagnosis"),
    ("follow_up.visits", "VisitsSpec", "`follow_up.visits`: stretches of visits"),
    ("follow_up.imaging", "ImagingSpec", "`follow_up.imaging`: imaging of all sites"),
    ("surgery", "SurgerySpec", "`surgery`: operations"),
    ("surgery.primary", "PrimarySurgerySpec", "`surgery.primary`: excision of the primary"),
    ("surgery.nodes", "NodalSurgerySpec", "`surgery.nodes`: nodal surgery"),
    ("surgery.lesions", "LesionSurgerySpec", "`surgery.lesions`: removal of detected metastases"),
    ("levers", "LeverSpec", "`levers`: effects of treatments"),
    ("treatment", "TreatmentSpec", "`treatment`: drugs"),
    ("treatment.course", "CourseSpec", "`treatment.course`: a course of a drug"),
    ("treatment.effects", "EffectSpec", "`treatment.effects`: what it does to levers"),
    ("numerics", "NumericsSpec", "`numerics`: numerical settings"),
)
SEPARATE = {"ParameterChanges"}  # `change` has a page of its own

# What the schema leaves unsaid.
MEANINGS = {
    "kind": "what the file describes",
    "sex": "chooses the blood-flow network, and which organs there are",
    "primary": "see `primary`",
    "screening": "see `screening`",
    "follow_up": "see `follow_up`",
    "surgery": "see `surgery`; none when left out",
    "levers": "see `levers`",
    "numerics": "see `numerics`",
    "follow_up.duration": "end of observation, counted from diagnosis",
    "follow_up.visits": "see `follow_up.visits`",
    "follow_up.imaging": "see `follow_up.imaging`",
    "follow_up.visits.every": "time between visits",
    "follow_up.visits.until": "end of the stretch, counted from diagnosis",
    "surgery.primary": "see `surgery.primary`",
    "surgery.nodes": "see `surgery.nodes`",
    "surgery.lesions": "see `surgery.lesions`",
    "surgery.primary.at": "day of the operation, counted from diagnosis",
    "surgery.nodes.at": "day of the operation, counted from diagnosis",
    "surgery.nodes.method": "remove every node of the stations, or examine a sample",
    "surgery.lesions.at": "day of the operation, counted from diagnosis",
    "levers.lever": "name of the lever",
    "levers.from": "first day, counted from diagnosis",
    "treatment": "see `treatment`",
    "treatment.course": "see `treatment.course`",
    "levers.until": "day on which it ends; never when left out",
}

_NAMES = {"integer": "whole number", "string": "text", "boolean": "`true` or `false`", "number": "number"}
_BOUND = re.compile(r"(at least|more than|at most|less than) ([^;)]+)")
_DIMENSION = re.compile(r"\s*\(?a (?:time|length|rate|share|plain number)\b[^)]*\)?$")


def fields() -> str:
    """One table per part of the file."""
    from diaspore.core.spec import json_schema

    schema = json_schema("patient")
    known = {name for _, name, _ in PARTS if name} | SEPARATE
    missing = set(schema["$defs"]) - known
    if missing:
        raise ValueError(f"parts of the patient file without a place in the reference: {sorted(missing)}")
    blocks = []
    for place, name, title in PARTS:
        part = schema["$defs"][name] if name else schema
        required = set(part.get("required", ()))
        rows = [
            (code(field), _form(what), _default(what, field in required), _text(what, f"{place}.{field}".strip(".")))
            for field, what in part["properties"].items()
        ]
        blocks.append(f"### {title}\n\n{table(('field', 'form', 'default', 'meaning'), rows)}")
        if place == "levers":
            blocks.append("`levers` is a list; each entry has these fields. See [levers](levers.md).")
        if place == "treatment":
            blocks.append(
                "`treatment` is a list; an entry is a text in plain words, or has these fields, or those of `course` "
                "itself. See [drugs](drugs.md#treatments-of-patients)."
            )
    return "\n\n".join(blocks)


def _alternatives(what: dict[str, Any]) -> list[dict[str, Any]]:
    return [form for form in what.get("anyOf", (what,)) if form.get("type") != "null"]


def _form(what: dict[str, Any]) -> str:
    forms = _alternatives(what)
    form = forms[0]
    if "$ref" in form:
        name = form["$ref"].rsplit("/", 1)[1]
        return "parameter keys, see [parameters](parameters.md)" if name in SEPARATE else "a part of its own, see below"
    if "x-unit" in form:
        bounds = [f"{word} {quantity(bound)}" for word, bound in _BOUND.findall(form.get("description", ""))]
        return "; ".join([f"{_dimension(form['x-unit'])} with unit", *bounds])
    if len(forms) == 2 and {one.get("type") for one in forms} == {"string", "number"} and "x-unit" not in forms[1]:
        return "time with unit, or a word"
    if len(forms) == 2:
        return 'a share: 0 to 1, or "30 %"'
    if "const" in form:
        return code(form["const"])
    if "enum" in form:
        return _one_of(form["enum"])
    if form.get("type") == "array":
        item = form["items"]
        return "list, see below" if "$ref" in item else f"list of {_NAMES[item['type']]}s"
    bounds = [f"{form[key]:,} {word}" for key, word in (("minimum", "or more"), ("maximum", "at most")) if key in form]
    return "; ".join([_NAMES[form["type"]], *bounds])


def _one_of(words: list[str]) -> str:
    if len(words) < 6:
        return ", ".join(code(word) for word in words)
    return "a [site](#sites)" if "liver" in words else "a lever"


def _dimension(unit: str) -> str:
    return {"day": "time", "mm": "length", "1/day": "rate"}.get(unit, unit)


def _default(what: dict[str, Any], required: bool) -> str:
    if required:
        return "required"
    value = what.get("default")
    if isinstance(value, dict):
        return "see below"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, list):
        return "see below" if value and isinstance(value[0], dict) else code(str(value).replace("'", ""))
    return code(quantity(value) if isinstance(value, str) else f"{value:g}")


def _text(what: dict[str, Any], place: str) -> str:
    return _DIMENSION.sub("", what.get("description", "")) or MEANINGS[place]
