"""The scene of the angiogenic switch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

NAME = "angiogenic-switch"


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene(NAME, ("2 h", "2 h"))


def test_measures_of_a_short_form() -> None:
    found = check_measures(NAME, "24 h", "6 h", {"perfusion", "vessel_front", "elongation"})
    assert found["growth"] > 0.5


def test_bits_do_not_depend_on_threads_or_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits(NAME, "8 h", "2 h", tmp_path, monkeypatch)
