"""Files that build on another: ``extends: NAME`` and what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, nearest_name, shown

FIELD = "extends"
_DEEPEST = 10
_NOTHING = object()


def merged(base: Any, over: Any, path: str = "") -> Any:
    """``over`` laid upon ``base``: mappings are joined name by name, all else is replaced; null takes a name out.

    Raises:
        InputError: null for a name that is not there; ``path`` is where these mappings stand.
    """
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    found = dict(base)
    for name, value in over.items():
        where = f"{path}.{name}" if path else str(name)
        if value is None:
            if name not in found:
                raise InputError(
                    "takes out what is not there", field=where, allowed=list(map(str, base)),
                    nearest=nearest_name(str(name), [str(one) for one in base]),
                )  # fmt: skip
            del found[name]
        elif name in found:
            found[name] = merged(found[name], value, where)
        else:
            found[name] = value
    return found


def extended(data: Mapping[str, Any], folder: Path | None = None, way: tuple[str, ...] = ()) -> dict[str, Any]:
    """The whole description that a file with ``extends`` stands for.

    Args:
        data: of the file.
        folder: of the file, in which the one that it names is looked for first.
        way: names that led here.

    Raises:
        InputError: no such model or file, files that extend each other, or another kind.
    """
    if FIELD not in data:
        return dict(data)
    from diaspore.core.simulate import find_spec_file
    from diaspore.core.spec import read_document

    name = data[FIELD]
    if not isinstance(name, str):
        raise InputError(f"must be the name of a model or file, got {shown(name)}", field=FIELD)
    if len(way) >= _DEEPEST:
        circle = " to ".join(dict.fromkeys((*way, name)))
        raise InputError(f"leads in a circle: {circle} to {name}", field=FIELD)
    beside = None if folder is None else folder / name
    try:
        file = beside if beside is not None and beside.is_file() else find_spec_file(name)
    except InputError as error:
        raise InputError(
            f"{shown(name)}: {error.problem}", field=FIELD, allowed=error.allowed, nearest=error.nearest
        ) from None
    base = read_document(file).data
    if not isinstance(base, Mapping):
        raise InputError(f"{shown(name)} holds no description", field=FIELD)
    whole = extended(base, Path(file).parent, (*way, name))
    if "kind" in data and data["kind"] != whole.get("kind"):
        raise InputError(f"{shown(name)} is a {whole.get('kind')}", field=FIELD, allowed=str(data["kind"]))
    over = {key: value for key, value in data.items() if key != FIELD}
    found = merged(whole, over)
    assert isinstance(found, dict)
    return _with_true_sources(whole, found)


def _with_true_sources(base: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """``found`` without what the ``sources`` of ``base`` say of numbers that are gone, or that have another value."""
    said, all_said = base.get("sources"), found.get("sources")
    if not isinstance(said, Mapping) or not isinstance(all_said, Mapping):
        return found
    kept = {
        path: source
        for path, source in all_said.items()
        if path not in said or said[path] != source or _holds(str(path), base, found)
    }
    return {**found, "sources": kept}


def _holds(path: str, base: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether ``path``, or where the file leaves it out what is nearest above it, is in both and as it was."""
    names = [int(name) if name.isdigit() else name for name in re.split(r"[.\[\]]+", path) if name]
    before: Any = base
    after: Any = found
    for name in names:
        old, new = _below(before, name), _below(after, name)
        if old is _NOTHING:
            return True
        if new is _NOTHING:
            return False
        before, after = old, new
    return isinstance(before, Mapping | list) or before == after


def _below(data: Any, name: str | int) -> Any:
    if isinstance(data, Mapping):
        return data.get(name, _NOTHING)
    if isinstance(data, list) and isinstance(name, int) and name < len(data):
        return data[name]
    return _NOTHING
