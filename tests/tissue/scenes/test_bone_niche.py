"""The scene of the bone niche: it loads, runs shortened, and its measures and ablations are read from runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.tissue.scenes.bone_niche import beside, foci
from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

SHORT = ("6 day", "2 day")


def test_scene_is_complete_and_runs_in_three_dimensions() -> None:
    check_scene("bone-niche", ("6 h", "6 h"))


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


def test_measures_of_a_short_form() -> None:
    # What has not happened yet is no number.
    check_measures(
        "bone-niche",
        *SHORT,
        {"focus_1_week", "focus_2_weeks", "resorption", "formation", "osteoblasts_beside", "osteoclasts_beside"},
    )


def test_same_bits_after_a_stop_and_on_two_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits("bone-niche", *SHORT, tmp_path, monkeypatch)
