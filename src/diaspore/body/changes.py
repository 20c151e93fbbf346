"""The parameters that a patient file may change, as one checked model: every key, unit and range of the registry."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from diaspore.body.definitions import SITE, Definition
from diaspore.body.registry import DEFINITIONS
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES

DEFAULT = "default"


def unit_of(definition: Definition) -> str:
    """Unit for the units module."""
    return "dimensionless" if definition.unit == "1" else definition.unit


def parameter_keys() -> dict[str, Definition]:
    """Every key that a parameter set or a patient file may give a value, with its definition.

    Site-indexed ones appear as ``KEY.default`` and ``KEY.<site>``, spreads as ``KEY.spread``.
    """
    keys: dict[str, Definition] = {}
    for definition in DEFINITIONS.values():
        if definition.index == SITE:
            for site in (DEFAULT, *SITES):
                keys[f"{definition.key}.{site}"] = definition
        else:
            keys[definition.key] = definition
            if definition.spread:
                keys[f"{definition.key}.spread"] = Definition(
                    f"{definition.key}.spread", "1", 0, 5, f"between-patient log-sd: {definition.text}"
                )
    return keys


@cache
def changes_model() -> type[BaseModel]:
    """Pydantic model whose fields (by alias) are all parameter keys; unknown ones are refused."""
    fields: dict[str, Any] = {}
    for key, definition in parameter_keys().items():
        kind: Any
        if definition.choices:
            kind = Literal[definition.choices]
        else:
            kind = Annotated[float, Quantity(unit_of(definition), ge=definition.low, le=definition.high)]
        name = key.replace(".", "_")
        fields[name] = (kind | None, Field(default=None, alias=key, description=definition.text))
    return create_model(
        "ParameterChanges",
        __config__=ConfigDict(frozen=True, extra="forbid", populate_by_name=False, serialize_by_alias=True),
        **fields,
    )
