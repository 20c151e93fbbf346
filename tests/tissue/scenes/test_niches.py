"""Scenes of niches in lung, liver and brain: they run, resume to the same bits, and say where numbers are from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import diaspore
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec
from diaspore.tissue import engine
from diaspore.tissue.ablation import ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.common import run_of, variant
from diaspore.tissue.scenes.scene import scene
from diaspore.tissue.sources import unsourced
from tests.tissue.common import resumed_alike

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


def short(name: str, duration: str = "1 day", save_every: str = "6 h") -> Any:
    return variant(scene(name).spec(), duration=duration, save_every=save_every)


@pytest.mark.parametrize("name", NAMES)
def test_measures_of_a_day(name: str) -> None:
    found = scene(name).measure(Tissue(diaspore.simulate(short(name), seed=3, quiet=True, threads=1)))
    assert set(found) == set(scene(name).measures)
    assert {key for key, value in found.items() if not math.isfinite(value)} <= LATE[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_number_says_where_it_is_from(name: str) -> None:
    assert unsourced(scene(name).spec()) == []


@pytest.mark.parametrize("name", NAMES)
def test_ablations_make_tissues(name: str) -> None:
    one = scene(name)
    for ablation in one.ablations:
        assert ablated(one.spec(), ablation).cell_types
    assert {ablation for ablation, _ in one.expected} <= {ablation.name for ablation in one.ablations}
    assert set(one.expected.values()) <= set(one.measures)


@pytest.mark.parametrize("name", NAMES)
def test_resumed_and_on_two_threads_alike(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = short(name, "6 h", "2 h").model_dump(mode="json", by_alias=True, exclude_none=True)
    resumed_alike(engine, data, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", NAMES)
def test_three_dimensions(name: str) -> None:
    spec: Any = load_spec(shipped_models()[f"{name}-3d"])
    assert spec.domain.z is not None
    tissue = run_of(variant(spec, duration="2 h", save_every="1 h"), 1)
    assert tissue.snapshots == 3


def test_added_rules_come_in_an_ablation() -> None:
    """Kupffer cells die from the third day on, and not before."""
    one = scene("liver-niche")
    late = next(ablation for ablation in one.ablations if ablation.name == "Kupffer cells after arrival")
    tissue = run_of(variant(ablated(one.spec(), late), duration="5 day", save_every="1 day"), 1)
    kupffer = tissue.counts["kupffer live"].to_numpy()
    assert kupffer[2] == kupffer[0]
    assert kupffer[-1] == 0
