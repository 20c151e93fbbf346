"""Scenes for tests of tissues."""

from __future__ import annotations

from typing import Any

from diaspore.core.spec import validate
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec

OXYGEN = {
    "unit": "mmHg", "diffusion": "1e5 um**2/min", "decay": "0.1 1/min", "initial": "38 mmHg",
    "held": {"all": "38 mmHg"},
}  # fmt: skip
TUMOUR: dict[str, Any] = {
    "oxygen": {}, "apoptosis": {}, "necrosis": {}, "exchange": {"oxygen": {"uptake": "10 1/min"}}
}  # fmt: skip


def scene(**changes: Any) -> dict[str, Any]:
    """A spheroid of 1,993 cells in a box of half a millimetre, changed at the top level."""
    side = ["-250 um", "250 um"]
    data = {
        "schema_version": 1, "kind": "tissue", "name": "test", "duration": "12 min", "save_every": "6 min",
        "domain": {"x": side, "y": side, "z": side}, "substances": {"oxygen": OXYGEN}, "cell_types": {"tumour": TUMOUR},
        "cells": [{"type": "tumour", "sphere": {"radius": "119.5 um"}}],
    }  # fmt: skip
    return data | changes


def simulation(seed: int = 1, threads: int = 1, **changes: Any) -> Simulation:
    """A simulation of `scene`."""
    compiled = compile_tissue(validate(TissueSpec, scene(**changes)), seed=seed)
    return Simulation(compiled.scene, compiled.cells, seed, threads)
