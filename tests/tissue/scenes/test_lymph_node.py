"""The scene of the lymph node."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

NAME = "lymph-node"


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene(NAME, ("20 min", "20 min"))


def test_measures_of_a_short_form() -> None:
    found = check_measures(NAME, "4 h", "2 h", {"t_cell_transit", "first_node_metastasis"})
    assert found["tumour_cells"] == 0.0


def test_bits_do_not_depend_on_threads_or_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits(NAME, "2 h", "40 min", tmp_path, monkeypatch)
