"""Ready scenes as data, cut short for tests."""

from __future__ import annotations

from typing import Any

from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec


def shortened(name: str, **changes: Any) -> dict[str, Any]:
    """The description of a shipped model without its sources, changed at the top level."""
    data = load_spec(shipped_models()[name]).model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)
    return data | changes
