"""Files that build on another: ``extends: NAME`` and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diaspore.core.errors import InputError, shown

FIELD = "extends"
_DEEPEST = 10


def merged(base: Any, over: Any) -> Any:
    """``over`` laid upon ``base``: mappings are joined name by name, all else is replaced; null takes a name out."""
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    found = dict(base)
    for name, value in over.items():
        if value is None:
            found.pop(name, None)
        elif name in found:
            found[name] = merged(found[name], value)
        else:
            found[name] = value
    return found


def extended(data: Mapping[str, Any], deep: int = 0) -> dict[str, Any]:
    """The whole description that a file with ``extends`` stands for.

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
    if deep >= _DEEPEST:
        raise InputError("leads in a circle", field=FIELD)
    base = read_document(find_spec_file(name)).data
    if not isinstance(base, Mapping):
        raise InputError(f"{shown(name)} holds no description", field=FIELD)
    whole = extended(base, deep + 1)
    if "kind" in data and data["kind"] != whole.get("kind"):
        raise InputError(f"{shown(name)} is a {whole.get('kind')}", field=FIELD, allowed=str(data["kind"]))
    found = merged(whole, {key: value for key, value in data.items() if key != FIELD})
    assert isinstance(found, dict)
    return found
