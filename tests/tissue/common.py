"""Scenes for tests of tissues."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import diaspore
from diaspore.core.runstore import Run
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
    return Simulation(compiled.scene, compiled.cells, seed, threads, compiled.parts)


class Killed(Exception):
    pass


def resumed_alike(engine: ModuleType, data: dict[str, Any], where: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An undisturbed run, after one that died at its third snapshot and went on was found to have the same bytes."""
    whole = diaspore.simulate(data, seed=4, out=where / "whole", quiet=True, threads=1)
    save = engine._save

    def killed(store: Any, number: int, *rest: Any) -> None:
        if number == 2:
            raise Killed
        save(store, number, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_save", killed)
        with pytest.raises(Killed):
            diaspore.simulate(data, seed=4, out=where / "part", quiet=True, threads=1)
    part = diaspore.simulate(data, seed=4, out=where / "part", quiet=True, threads=2, resume=True)
    names = sorted(file.relative_to(whole.path) for file in whole.path.rglob("*") if file.is_file())
    assert names == sorted(file.relative_to(part.path) for file in part.path.rglob("*") if file.is_file())
    for name in names:
        if name.name != "timing.json":
            assert (whole.path / name).read_bytes() == (part.path / name).read_bytes(), name
    return whole
