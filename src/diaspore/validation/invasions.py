"""Invasions that several cases start from."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.core.spec import validate
from diaspore.fields.invasion.simulation import Invasion
from diaspore.fields.invasion.spec import InvasionSpec


def invasion(model: str, length: float, spacing: float, step: float, **parameters: float) -> Invasion:
    """A named model from its usual start on a line."""
    data: dict[str, Any] = {
        "schema_version": 1,
        "kind": "invasion",
        "name": "case",
        "model": model,
        "parameters": parameters,
        "domain": {"x": [0.0, length], "spacing": spacing},
        "duration": step,
        "save_every": step,
        "step": step,
    }
    return Invasion(validate(InvasionSpec, data))


def advance_to(state: Invasion, time: float) -> None:
    """Advance to a time, a whole multiple of the step."""
    state.advance(round(time / state.spec.time_step) - state.steps)


def speed(state: Invasion, begin: float, end: float) -> float:
    """Mean speed of the front between two times."""
    advance_to(state, begin)
    first = state.place()
    advance_to(state, end)
    return (state.place() - first) / (end - begin)


def peaks(values: np.ndarray, above: float) -> np.ndarray:
    """Indices of local maxima above a level."""
    middle = values[1:-1]
    found: np.ndarray = 1 + np.flatnonzero((middle > values[:-2]) & (middle >= values[2:]) & (middle > above))
    return found
