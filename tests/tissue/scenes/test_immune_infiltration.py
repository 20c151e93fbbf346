"""The scene of immune infiltration: it loads, runs shortened, and its measures and ablations are read from runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.tissue import engine
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import at
from diaspore.tissue.scenes.immune_infiltration import SCENE, inside
from tests.tissue.common import resumed_alike
from tests.tissue.scenes.shortened import check_scene, shortened


def short(**changes: Any) -> dict[str, Any]:
    """Nine hours, T cells from the second on, in a smaller tumour."""
    data = shortened("immune-infiltration", duration="9 h", save_every="3 h")
    data["recruitment"][0]["start"] = "2 h"
    data["cells"][0]["sphere"]["radius"] = "60 um"
    return data | changes


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene("immune-infiltration", ("24 min", "24 min"))


def test_measures_of_a_short_run(tmp_path: Path) -> None:
    tissue = Tissue(diaspore.simulate(short(), seed=1, out=tmp_path / "run", quiet=True, threads=1))
    found = SCENE.measure(tissue)
    assert set(found) == set(SCENE.measures)
    # No snapshot is of the time at which T cells come in the whole scene, and few cells are killed by then.
    empty = {"hours_inside_per_kill", "kills_per_day_of_contact", "kills_per_day", "hits", "t_cells_inside"}
    assert all(np.isfinite(value) for name, value in found.items() if name not in empty)
    assert found["t_cells"] > 0
    assert at(tissue, 0.0)["cd8 live"] == 0


def test_inside_counts_t_cells_within_the_tumour() -> None:
    class Types:
        types = ("tumour", "cd8")

    angle = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
    tumour = np.column_stack([50.0 * np.cos(angle), 50.0 * np.sin(angle), 0.0 * angle, 8.0 + 0.0 * angle])
    t_cells = np.array([[0.0, 10.0, 0.0, 5.0], [49.0, 0.0, 0.0, 5.0], [80.0, 0.0, 0.0, 5.0]])
    shot = {
        "place": np.vstack([tumour, t_cells]), "kind": np.repeat([0, 1], [20, 3]), "phase": np.zeros(23, dtype=int),
    }  # fmt: skip
    assert inside(shot, Types()) == 2.0  # type: ignore[arg-type]


def test_same_bits_after_a_stop_and_on_two_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed_alike(engine, short(), tmp_path, monkeypatch)
