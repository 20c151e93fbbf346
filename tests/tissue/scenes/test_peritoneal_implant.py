"""The scene of the peritoneal implant: it loads, runs shortened, and its measures and ablations are read from runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec
from diaspore.tissue import engine
from diaspore.tissue.ablation import ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.peritoneal_implant import CELLS, SCENE, gap_at
from diaspore.tissue.sources import unsourced
from tests.tissue.common import resumed_alike
from tests.tissue.scenes.shortened import shortened


def short(**changes: Any) -> dict[str, Any]:
    return shortened("peritoneal-implant", duration="3 h", save_every="1 h") | changes


def test_all_numbers_have_a_source() -> None:
    assert unsourced(SCENE.spec()) == []
    assert unsourced(load_spec(shipped_models()["peritoneal-implant-3d"])) == []


def test_measures_of_a_short_run(tmp_path: Path) -> None:
    tissue = Tissue(diaspore.simulate(short(), seed=1, out=tmp_path / "run", quiet=True, threads=1))
    found = SCENE.measure(tissue)
    assert set(found) == set(SCENE.measures)
    empty = {"clearance_time", "on_milky_spots_4h"}  # nothing has opened or taken hold yet
    assert all(np.isfinite(value) for name, value in found.items() if name not in empty)


def test_gap_between_cells_of_the_layer() -> None:
    row = np.array([[-20.0, 7.0], [30.0, 7.0], [44.0, 7.0]])
    assert gap_at(0.0, row) == pytest.approx(36.0)
    assert gap_at(35.0, row) == 0.0
    assert gap_at(100.0, row) == np.inf


def test_spheroids_come_whole() -> None:
    assert SCENE.spec().recruitment[0].cluster == CELLS


def test_same_bits_after_a_stop_and_on_two_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed_alike(engine, short(), tmp_path, monkeypatch)


@pytest.mark.parametrize("ablation", SCENE.ablations, ids=lambda one: one.name)
def test_ablations_apply(ablation: Any) -> None:
    assert ablated(SCENE.spec(), ablation) != SCENE.spec()


def test_three_dimensions(tmp_path: Path) -> None:
    data = shortened("peritoneal-implant-3d", duration="1 h", save_every="1 h")
    run = diaspore.simulate(data, seed=1, out=tmp_path / "run", quiet=True, threads=1)
    assert Tissue(run).counts["mesothelial live"].iloc[-1] > 90
