"""What tests of scenes share: short forms of them, and what every scene must do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec, validate
from diaspore.tissue import engine
from diaspore.tissue.ablation import ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.scene import scene
from diaspore.tissue.sources import unsourced
from diaspore.tissue.spec import TissueSpec
from tests.tissue.common import resumed_alike


def shortened(name: str, duration: str, save_every: str, **changes: Any) -> dict[str, Any]:
    """A scene, or its form in three dimensions, for a short time, without its sources and changed at the top level."""
    spec = load_spec(shipped_models()[name])
    data: dict[str, Any] = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)
    return data | {"duration": duration, "save_every": save_every} | changes


def check_measures(name: str, duration: str, every: str, may_lack: set[str]) -> dict[str, float]:
    """Measures of a short form: those named in the scene, and all numbers but those that may lack."""
    made = validate(TissueSpec, shortened(name, duration, every))
    own = scene(name)
    found = dict(own.measure(Tissue(diaspore.simulate(made, seed=1, threads=1, quiet=True))))
    assert list(found) == list(own.measures)
    assert {one for one, value in found.items() if not np.isfinite(value)} <= may_lack
    return found


def check_scene(name: str, three_d: tuple[str, str]) -> None:
    """Numbers have sources, ablations can be made, outcomes are measures; the form in three dimensions runs."""
    own = scene(name)
    assert unsourced(own.spec()) == []
    solid = load_spec(shipped_models()[f"{name}-3d"])
    assert isinstance(solid, TissueSpec)
    assert unsourced(solid) == []
    for one in own.ablations:
        ablated(own.spec(), one)
    assert {ablation for ablation, _ in own.expected} <= {one.name for one in own.ablations}
    assert set(own.expected.values()) <= set(own.measures)
    run = diaspore.simulate(shortened(f"{name}-3d", *three_d), seed=1, threads=1, quiet=True)
    assert len(run.table("counts")) >= 2


def check_bits(name: str, duration: str, every: str, where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes whether a run is killed and goes on with two threads, or not."""
    resumed_alike(engine, shortened(name, duration, every), where, monkeypatch)
