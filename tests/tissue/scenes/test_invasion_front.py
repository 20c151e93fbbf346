"""The scene of the invasion front."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

NAME = "invasion-front"


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene(NAME, ("20 min", "20 min"))


def test_measures_of_a_short_form() -> None:
    found = check_measures(
        NAME, "3 h", "30 min",
        {"single_cell_speed", "fibroblast_leads", "streaming_share", "speed_in_narrow_pores", "collective_speed"},
    )  # fmt: skip
    assert found["growth"] > 0.9


def test_bits_do_not_depend_on_threads_or_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits(NAME, "2 h", "30 min", tmp_path, monkeypatch)
