"""pydantic's errors in the words of the person who wrote the file."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from diaspore.core.errors import InputError, InputErrors, nearest_name, shown
from diaspore.core.yamlio import Document, dotted, find

Path = tuple[str | int, ...]

_WORDS = {
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "dict_type": "expected fields (name: value)",
    "model_type": "expected fields (name: value)",
    "model_attributes_type": "expected fields (name: value)",
}
_UNKNOWN = "is not a known field"
_MISSING = "the field "
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def explain(error: ValidationError, model: type[BaseModel], data: Any, document: Document | None) -> InputError:
    """All mistakes pydantic found in `data`, each once, in the order of the file."""
    found: dict[Path, list[InputError]] = {}
    details = error.errors(include_url=False)
    for detail in details:
        path, tags = _data_path(detail["loc"], model, data, detail["type"])
        if detail["type"] == "too_short" and _counts_only_valid(detail, _value_at(data, path), details):
            continue
        mistake = _mistake(detail, model, path, tags, data)
        name = dotted(path)
        if mistake.field is not None:  # a validator named the field relative to what it was given
            name += mistake.field if mistake.field.startswith("[") or not path else f".{mistake.field}"
            path += find(_value_at(data, path), mistake.field)
        file = None if document is None else document.file
        line = None if document is None else document.line_of(path)
        located = InputError(
            mistake.problem, file=file, line=line, field=name, allowed=mistake.allowed, nearest=mistake.nearest
        )
        same = found.setdefault(path, [])
        if str(located) not in [str(other) for other in same]:
            same.append(located)
    _drop_misspelt(found)
    mistakes = [_merged(errors) for errors in found.values()]
    mistakes.sort(key=lambda mistake: mistake.line or 0)
    return mistakes[0] if len(mistakes) == 1 else InputErrors(mistakes)


def _counts_only_valid(detail: Any, written: Any, others: Sequence[Any]) -> bool:
    """pydantic leaves entries with mistakes out of its count: as many are written as are needed."""
    location = detail["loc"]
    below = any(other["loc"][: len(location)] == location and len(other["loc"]) > len(location) for other in others)
    return below and isinstance(written, Sequence) and len(written) >= detail["ctx"]["min_length"]


def _mistake(detail: Any, model: type[BaseModel], path: Path, tags: Path, data: Any) -> InputError:
    kind: str = detail["type"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    value = detail["input"]
    if kind == "extra_forbidden":
        names = sorted(_fields_at(model, tags[:-1]))
        given = _value_at(data, path[:-1])
        free = [name for name in names if not isinstance(given, Mapping) or name not in given]
        return InputError(_UNKNOWN, allowed=_relevant(names, path[-1]), nearest=nearest_name(path[-1], free))
    if kind == "missing":
        return InputError(_missing(model, path, tags))
    if kind == "value_error" and isinstance(context.get("error"), InputError):
        cause = context["error"]
        problem = cause.problem if cause.column is None else f"column {cause.column}: {cause.problem}"
        return InputError(problem, field=cause.field, allowed=cause.allowed, nearest=cause.nearest)
    if kind in ("value_error", "assertion_error"):
        return InputError(str(context.get("error", detail["msg"])))
    if kind in ("literal_error", "enum"):
        return _choice(value, str(context["expected"]))
    if kind == "union_tag_invalid":
        return _choice(context["tag"], str(context["expected_tags"]))
    if kind == "union_tag_not_found":
        name = str(context["discriminator"]).strip("'")
        return InputError(f"{_MISSING}{name} is missing; it says which form this is")
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return InputError(f"must be {words} {context[key]}, got {shown(value)}")
    if kind in ("too_short", "too_long"):
        limit = context.get("min_length", context.get("max_length"))
        words = "at least" if kind == "too_short" else "at most"
        entries = "entry" if limit == 1 else "entries"
        return InputError(f"must have {words} {limit} {entries}, has {context['actual_length']}")
    if kind == "string_too_short":
        return InputError("must not be empty" if value == "" else f"is too short: {shown(value)}")
    if kind in _WORDS:
        return InputError(f"{_WORDS[kind]}, got {shown(value)}")
    message = detail["msg"]
    return InputError(f"{message[:1].lower()}{message[1:]}, got {shown(value)}")


def _relevant(names: Sequence[str], written: object) -> Sequence[str]:
    """Of very many dotted names those that begin as the one written, or else the beginnings there are."""
    if len(names) <= 40:
        return names
    same = [name for name in names if name.startswith(str(written).partition(".")[0] + ".")]
    return same or list(dict.fromkeys(name.partition(".")[0] + ".…" for name in names))


def _missing(model: type[BaseModel], path: Path, tags: Path) -> str:
    name = path[-1]
    fields = _fields_at(model, tags[:-1])
    text = f"{_MISSING}{name} is missing"
    about = fields.get(str(name))
    return text if about is None or not about.description else f"{text}: {about.description}"


def _choice(value: Any, expected: str) -> InputError:
    names = re.findall(r"'([^']*)'", expected)
    problem = f"{shown(value)} is not one of the choices"
    if not names:  # numbers
        return InputError(problem, allowed=expected.replace(" or ", ", "))
    return InputError(problem, allowed=names, nearest=nearest_name(value, names))


def _merged(errors: Sequence[InputError]) -> InputError:
    """One message where a field could have had several forms and fitted none."""
    if len(errors) == 1:
        return errors[0]
    first = errors[0]
    problems = "; or ".join(dict.fromkeys(error.problem for error in errors))
    near = next((error.nearest for error in errors if error.nearest is not None), None)
    allowed = next((error.allowed for error in errors if error.allowed is not None), None)
    return InputError(problems, file=first.file, line=first.line, field=first.field, allowed=allowed, nearest=near)


def _drop_misspelt(found: dict[Path, list[InputError]]) -> None:
    """A required field written with a slip is reported once, as the unknown name, not also as missing."""
    for path in list(found):
        meant = found[path][0].nearest
        if found[path][0].problem == _UNKNOWN and meant is not None:
            other = (*path[:-1], meant)
            if other in found and found[other][0].problem.startswith(_MISSING):
                del found[other]


def _data_path(location: Path, model: Any, data: Any, kind: str) -> tuple[Path, Path]:
    """Split pydantic's location into the path in the file and the path with the union tags pydantic puts between."""
    path: list[str | int] = []
    current = data
    candidates = [model]
    last = len(location) - 1
    for index, part in enumerate(location):
        members = [member for candidate in candidates for member in _members(candidate)]
        is_tag = len(members) > 1 and any(_has_tag(member, part) for member in members)
        candidates = [following for candidate in candidates for following in _step(candidate, part)]
        if is_tag and index < last:
            continue
        if _holds(current, part):
            current = current[part]
        elif index < last or kind != "missing":
            continue  # a union tag, "[key]" or a validator's name
        path.append(part)
    return tuple(path), location


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)


def _value_at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _fields_at(model: Any, path: Path) -> dict[str, Any]:
    """Fields of the model(s) found at a location, by name."""
    candidates = [model]
    for part in path:
        following: list[Any] = []
        for candidate in candidates:
            following += _step(candidate, part)
        candidates = following
    fields: dict[str, Any] = {}
    for candidate in candidates:
        for member in _members(candidate):
            if isinstance(member, type) and issubclass(member, BaseModel):
                fields |= {info.alias or name: info for name, info in member.model_fields.items()}
    return fields


def _step(annotation: Any, part: str | int) -> list[Any]:
    found: list[Any] = []
    members = _members(annotation)
    tagged = [member for member in members if len(members) > 1 and _has_tag(member, part)]
    if tagged:
        return tagged
    for member in members:
        origin = get_origin(member)
        arguments = get_args(member)
        if isinstance(member, type) and issubclass(member, BaseModel):
            for name, info in member.model_fields.items():
                if part in (name, info.alias):
                    found.append(info.annotation)
        elif origin in (list, tuple, set, frozenset) or (isinstance(origin, type) and issubclass(origin, Sequence)):
            if isinstance(part, int):
                found += [argument for argument in arguments if argument is not Ellipsis]
        elif isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
            found.append(arguments[1])
    return found


def _members(annotation: Any) -> list[Any]:
    """The types an annotation allows, with Annotated and Union taken apart."""
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _members(get_args(annotation)[0])
    if origin is typing.Union or origin is types.UnionType:
        return [member for argument in get_args(annotation) for member in _members(argument)]
    return [] if annotation is type(None) else [annotation]


def _has_tag(member: Any, tag: str | int) -> bool:
    if not (isinstance(member, type) and issubclass(member, BaseModel)):
        return False
    if member.__name__ == tag:
        return True
    return any(
        get_origin(info.annotation) is typing.Literal and tag in get_args(info.annotation)
        for info in member.model_fields.values()
    )
