"""Networks of the library for validation cases."""

from __future__ import annotations

from collections.abc import Mapping

from diaspore.core.simulate import find_spec_file
from diaspore.core.spec import load_spec
from diaspore.networks.boolean.spec import BooleanNetworkSpec


def shipped_boolean(
    name: str, mutations: Mapping[str, str] | None = None, start: Mapping[str, float] | None = None
) -> BooleanNetworkSpec:
    """A Boolean network of the library, with nodes fixed ``on`` or ``off`` and other chances at the start."""
    spec = load_spec(find_spec_file(name))
    assert isinstance(spec, BooleanNetworkSpec)
    data = spec.model_dump(exclude_none=True, exclude_defaults=True)
    data["mutations"] = dict(mutations or {})
    data["initial"] = {**data.get("initial", {}), "on": {**spec.initial.on, **(start or {})}}
    return BooleanNetworkSpec.model_validate(data)
