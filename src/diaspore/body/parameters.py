"""Values of all parameters of a run: the named set, changed by the patient file, as floats in canonical units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from diaspore.body.changes import DEFAULT, check_bed, parameter_keys, source_site, unit_of
from diaspore.body.definitions import SITE, Definition
from diaspore.body.registry import DEFINITIONS, scalar_dtype, site_dtype
from diaspore.core.citations import Citations
from diaspore.core.errors import InputError
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES, capillary_bed
from diaspore.knowledge.parameters import ParameterSet, load_parameter_set


@dataclass(frozen=True)
class Values:
    """All values of a run.

    Attributes:
        set: the named set they come from.
        scalar: record array of shape (1,).
        site: record array of shape (sites,).
        changed: keys that the user changed.
    """

    set: ParameterSet
    scalar: np.ndarray
    site: np.ndarray
    changed: tuple[str, ...]


def changed_values(change: Any) -> dict[str, Any]:
    """Key -> canonical float or word of the parameters that a specification changes."""
    fields = type(change).model_fields
    found = {str(field.alias): getattr(change, name) for name, field in fields.items()}
    return {key: value for key, value in found.items() if value is not None}


def resolve(name: str, change: Mapping[str, Any]) -> Values:
    """Values of parameter set ``name`` with ``change`` (key -> canonical float or word) applied.

    Raises:
        InputError: a value missing from the set, or outside its range.
    """
    chosen = load_parameter_set(name)
    keys = parameter_keys()
    values = dict(_numbers(name))
    changed = []
    for key, value in change.items():
        if value is None:
            continue
        definition = keys[key]
        values[key] = float(definition.choices.index(value)) if definition.choices else float(value)
        changed.append(key)
        if key.endswith(f".{DEFAULT}"):
            # A changed default acts on every site that the user did not change besides.
            stem = key.removesuffix(DEFAULT)
            for other in [k for k in values if k.startswith(stem) and k != key and change.get(k) is None]:
                del values[other]
    scalar = np.zeros(1, dtype=scalar_dtype())
    site = np.zeros(len(SITES), dtype=site_dtype())
    missing = []
    for definition in DEFINITIONS.values():
        if definition.index == SITE:
            for i, place in enumerate(SITES):
                source = source_site(definition, place)
                value = values.get(f"{definition.key}.{source}", values.get(f"{definition.key}.{DEFAULT}"))
                if value is None and definition.key == "blood.capillary_diameter":
                    value = capillary_bed(source).diameter_um
                if value is None:
                    missing.append(f"{definition.key}.{place}")
                    continue
                site[definition.field][i] = value
        else:
            if definition.key not in values:
                missing.append(definition.key)
                continue
            scalar[definition.field] = values[definition.key]
            if definition.spread:
                scalar[f"{definition.field}_spread"] = values.get(f"{definition.key}.spread", 0.0)
    if missing:
        raise InputError(f"the parameter set {name} gives no value for: {', '.join(missing)}", file=chosen.file)
    return Values(chosen, scalar, site, tuple(sorted(changed)))


@cache
def _numbers(name: str) -> Mapping[str, float]:
    """All values of a set, converted and checked."""
    chosen = load_parameter_set(name)
    keys = parameter_keys()
    values: dict[str, float] = {}
    for key, entry in chosen.entries.items():
        definition = keys.get(key)
        if definition is None:
            check_bed(key)
            raise InputError(f"the parameter set {name} names an unknown parameter", field=key, file=chosen.file)
        values[key] = _number(entry.value, definition, key)
        if entry.spread is not None:
            values[f"{key}.spread"] = float(str(entry.spread))
    return values


def _number(value: Any, definition: Definition, key: str) -> float:
    if definition.choices:
        return float(definition.choices.index(str(value)))
    return Quantity(unit_of(definition), ge=definition.low, le=definition.high).parse(value, field=key)


def cite(values: Values, citations: Citations) -> None:
    """Register the sources of every value in use."""
    for key, entry in values.set.entries.items():
        citations.add(entry.source, key if key not in values.changed else f"{key} (changed by the user)")
