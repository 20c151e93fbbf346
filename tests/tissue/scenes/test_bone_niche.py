"""The scene of the bone niche: it loads, runs shortened, and its measures and ablations are read from runs."""

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
from diaspore.tissue.scenes.bone_niche import SCENE, beside, foci
from diaspore.tissue.sources import unsourced
from tests.tissue.common import resumed_alike
from tests.tissue.scenes.shortened import shortened


def short(**changes: Any) -> dict[str, Any]:
    return shortened("bone-niche", duration="6 day", save_every="2 day") | changes


def test_all_numbers_have_a_source() -> None:
    assert unsourced(SCENE.spec()) == []
    assert unsourced(load_spec(shipped_models()["bone-niche-3d"])) == []


def test_measures_of_a_short_run(tmp_path: Path) -> None:
    tissue = Tissue(diaspore.simulate(short(), seed=1, out=tmp_path / "run", quiet=True, threads=1))
    found = SCENE.measure(tissue)
    assert set(found) == set(SCENE.measures)
    # There may be no focus of two cells, and no bone that falls or rises.
    empty = {"focus_1_week", "focus_2_weeks", "resorption", "formation", "osteoblasts_beside", "osteoclasts_beside"}
    assert all(np.isfinite(value) for name, value in found.items() if name not in empty)


class _Types:
    types = ("tumour", "osteoblast")


def test_foci_and_what_is_beside_them() -> None:
    x = np.array([0.0, 10.0, 20.0, 200.0, 50.0, -300.0])
    shot = {
        "place": np.column_stack([x, 0.0 * x, 0.0 * x, 8.0 + 0.0 * x]), "kind": np.array([0, 0, 0, 0, 1, 1]),
        "phase": np.zeros(6, dtype=int), "x": np.array([-1000.0, 0.0, 1000.0]), "y": np.zeros(1),
    }  # fmt: skip
    np.testing.assert_array_equal(foci(shot, _Types()), [3])  # type: ignore[arg-type]
    number, area = beside(shot, _Types(), "osteoblast")  # type: ignore[arg-type]
    assert number == 1.0
    assert area == pytest.approx(1.0 / 3.0)


def test_same_bits_after_a_stop_and_on_two_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed_alike(engine, short(), tmp_path, monkeypatch)


@pytest.mark.parametrize("ablation", SCENE.ablations, ids=lambda one: one.name)
def test_ablations_apply(ablation: Any) -> None:
    assert ablated(SCENE.spec(), ablation) != SCENE.spec()


def test_three_dimensions(tmp_path: Path) -> None:
    data = shortened("bone-niche-3d", duration="6 h", save_every="6 h")
    run = diaspore.simulate(data, seed=1, out=tmp_path / "run", quiet=True, threads=1)
    assert Tissue(run).counts["osteoblast live"].iloc[-1] > 30
