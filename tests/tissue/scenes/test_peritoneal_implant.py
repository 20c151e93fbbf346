"""The scene of the peritoneal implant: it loads, runs shortened, and its measures and ablations are read from runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.tissue.scenes.peritoneal_implant import CELLS, SCENE, gap_at
from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

SHORT = ("3 h", "1 h")


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene("peritoneal-implant", ("1 h", "1 h"))


def test_gap_between_cells_of_the_layer() -> None:
    row = np.array([[-20.0, 7.0], [30.0, 7.0], [44.0, 7.0]])
    assert gap_at(0.0, row) == pytest.approx(36.0)
    assert gap_at(35.0, row) == 0.0
    assert gap_at(100.0, row) == np.inf


def test_spheroids_come_whole() -> None:
    assert SCENE.spec().recruitment[0].cluster == CELLS


def test_measures_of_a_short_form() -> None:
    # What has not happened yet is no number.
    check_measures("peritoneal-implant", *SHORT, {"clearance_time", "on_milky_spots_4h"})


def test_same_bits_after_a_stop_and_on_two_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits("peritoneal-implant", *SHORT, tmp_path, monkeypatch)
