"""Scenes of niches in lung, liver and brain: they run, resume to the same bits, and say where numbers are from."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaspore.tissue.ablation import ablated
from diaspore.tissue.scenes.common import run_of, variant
from diaspore.tissue.scenes.scene import scene
from tests.tissue.scenes.shortened import check_bits, check_measures, check_scene

NAMES = ("lung-niche", "liver-niche", "premetastatic-niche", "brain-niche")
LATE = {
    "lung-niche": {"colonies_per_survivor", "cells_of_a_colony", "nk_late_survival"},
    "liver-niche": {"on_kupffer", "left_dormancy"},
    "premetastatic-niche": {"cluster_day", "tumour_day", "lead_days", "overt_day"},
    "brain-niche": {
        "leaky_day20", "leaky_day25", "leaky_day30", "leaky_day35", "opens_day", "exposure_over_brain",
        "asleep_on_vessel",
    },
}  # fmt: skip
"""Measures of what may not have happened after a day: they are then no number."""


@pytest.mark.parametrize("name", NAMES)
def test_scene_is_complete_and_runs_in_three_dimensions(name: str) -> None:
    check_scene(name, ("2 h", "1 h"))


@pytest.mark.parametrize("name", NAMES)
def test_measures_of_a_day(name: str) -> None:
    check_measures(name, "1 day", "6 h", LATE[name])


@pytest.mark.parametrize("name", NAMES)
def test_resumed_and_on_two_threads_alike(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_bits(name, "6 h", "2 h", tmp_path, monkeypatch)


def test_added_rules_come_in_an_ablation() -> None:
    """Kupffer cells die from the third day on, and not before."""
    one = scene("liver-niche")
    late = next(ablation for ablation in one.ablations if ablation.name == "Kupffer cells after arrival")
    tissue = run_of(variant(ablated(one.spec(), late), duration="5 day", save_every="1 day"), 1)
    kupffer = tissue.counts["kupffer live"].to_numpy()
    assert kupffer[2] == kupffer[0]
    assert kupffer[-1] == 0
