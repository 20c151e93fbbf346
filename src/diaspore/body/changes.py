"""The parameters that a patient file may change, as one checked model: every key, unit and range of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from diaspore.body.definitions import SITE, Definition
from diaspore.body.registry import DEFINITIONS
from diaspore.core.errors import InputError
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES, vessels_of

DEFAULT = "default"


def unit_of(definition: Definition) -> str:
    """Unit for the units module."""
    return "dimensionless" if definition.unit == "1" else definition.unit


def source_site(definition: Definition, site: str) -> str:
    """The site whose key gives a site-indexed parameter its value at ``site``."""
    return vessels_of()[site] if definition.of_bed else site


@cache
def parameter_keys() -> Mapping[str, Definition]:
    """Every key that a parameter set or a patient file may give a value, with its definition.

    Site-indexed ones appear as ``KEY.default`` and ``KEY.<site>``, spreads as ``KEY.spread``. Those of vessels have no
    key for a site without a bed of its own, where it would have no effect.
    """
    keys: dict[str, Definition] = {}
    for definition in DEFINITIONS.values():
        if definition.index == SITE:
            own = [site for site in SITES if source_site(definition, site) == site]
            for site in (DEFAULT, *own):
                keys[f"{definition.key}.{site}"] = definition
        else:
            keys[definition.key] = definition
            if definition.spread:
                keys[f"{definition.key}.spread"] = Definition(
                    f"{definition.key}.spread", "1", 0, 5, f"between-patient log-sd: {definition.text}"
                )
    return MappingProxyType(keys)


def check_bed(key: str) -> None:
    """Refuse the key of a parameter of vessels for a site that has none of its own.

    Raises:
        InputError: it is one; the message names the site whose value holds there.
    """
    stem, _, site = key.rpartition(".")
    definition = DEFINITIONS.get(stem)
    if definition is not None and site in SITES and source_site(definition, site) != site:
        other = source_site(definition, site)
        raise InputError(
            f"has no effect: {site} has the vessels of {other}, which holds most of their common bed; "
            f"the value of {other} holds for both",
            field=key,
            nearest=f"{stem}.{other}",
        )


class _Changes(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def _of_beds(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                check_bed(str(key))
        return data


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
        __base__=_Changes,
        __config__=ConfigDict(frozen=True, extra="forbid", populate_by_name=False, serialize_by_alias=True),
        **fields,
    )
