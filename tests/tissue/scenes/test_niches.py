"""Scenes of niches in lung, liver and brain: they run, resume to the same bits, and say where numbers are from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.core.simulate import find_spec_file
from diaspore.core.spec import load_spec
from diaspore.tissue.ablation import ablated
from diaspore.tissue.scenes.brain_niche import levels
from diaspore.tissue.scenes.common import run_of, variant
from diaspore.tissue.scenes.scene import scene
from diaspore.tissue.spec import TissueSpec
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


@pytest.mark.parametrize("deep", [1, 7])
def test_levels_of_a_metastasis_are_those_of_its_voxels(deep: int) -> None:
    """Also where the domain begins elsewhere, and has layers."""
    x, y, z = -130.0 + 20.0 * np.arange(14), -60.0 + 20.0 * np.arange(7), -60.0 + 20.0 * np.arange(deep)
    level = np.random.default_rng(1).random((deep, 7, 14))
    cells = np.array([[x[9] + 7.0, y[2] - 9.0, z[-1], 8.0], [x[0], y[6], z[0], 8.0]])
    shot = {"substance_drug": level, "place": cells, "x": x, "y": y, "z": z}
    found = levels(shot, "drug", [np.array([0]), np.array([1]), np.array([0, 1])])
    expected = level[-1, 2, 9], level[0, 6, 0]
    assert found.tolist() == pytest.approx([*expected, sum(expected) / 2.0])


@pytest.mark.parametrize("name", ["lung-niche", "liver-niche", "brain-niche"])
def test_cells_per_volume_are_those_of_the_layer(name: str) -> None:
    """In three dimensions as in the layer, to the nearest cell or cluster."""

    def densities(spec: TissueSpec) -> tuple[dict[str, float], float]:
        domain = spec.domain
        sides = [domain.spacing if ends is None else ends[1] - ends[0] for ends in (domain.x, domain.y, domain.z)]
        volume = float(np.prod(sides))
        found = {f"cells {one.type}": one.random.number / volume for one in spec.cells if one.random is not None}
        found |= {f"come {one.type}": one.number / volume for one in spec.recruitment if one.number}
        return found, volume

    layer, _ = densities(scene(name).spec())
    solid, volume = densities(load_spec(find_spec_file(f"{name}-3d")))
    assert set(layer) == set(solid)
    for what, much in layer.items():
        assert solid[what] * volume == pytest.approx(much * volume, abs=2.0), what
