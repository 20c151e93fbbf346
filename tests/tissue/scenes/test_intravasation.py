"""The scene of intravasation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

NAME = "intravasation"


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene(NAME, ("20 min", "20 min"))


def test_measures_of_a_short_form() -> None:
    found = check_measures(NAME, "3 h", "30 min", {"share_at_contacts", "cells_in_clusters"})
    assert found["contacts_per_20_fields"] > 0.0


def test_bits_do_not_depend_on_threads_or_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits(NAME, "2 h", "30 min", tmp_path, monkeypatch)
