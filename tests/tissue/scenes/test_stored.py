"""Stored runs of ablations: rows computed anew are those that come with the package."""

from __future__ import annotations

import pytest

from diaspore.tissue.ablation import WHOLE, measured_runs
from diaspore.tissue.scenes.scene import SCENES, ReadyScene, scene
from diaspore.tissue.scenes.stored import read_runs

SEED = 1


def _with_runs(name: str) -> ReadyScene:
    own = scene(name)
    if not own.table().is_file():
        pytest.skip("no runs of this scene are stored; the case ablation_signs counts those that are")
    return own


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_rows_can_be_computed_anew(name: str) -> None:
    own = _with_runs(name)
    stored = read_runs(own)[0].set_index(["ablation", "seed"])
    made = measured_runs(own.spec(), own.ablations[:1], own.measure, [SEED]).set_index(["ablation", "seed"])
    assert list(made.index) == [(WHOLE, SEED), (own.ablations[0].name, SEED)]
    assert set(made.columns) == set(stored.columns)
    for row in made.index:
        for measure in made.columns:
            assert made.loc[row, measure] == pytest.approx(stored.loc[row, measure], rel=1e-6, nan_ok=True), measure


@pytest.mark.parametrize("name", SCENES)
def test_stored_runs_are_whole(name: str) -> None:
    own = _with_runs(name)
    stored, _ = read_runs(own)
    seeds = sorted(stored["seed"].unique())
    assert len(seeds) >= 20
    for ablation in (WHOLE, *(one.name for one in own.ablations)):
        assert sorted(stored.loc[stored["ablation"] == ablation, "seed"]) == seeds
    assert set(own.measures) <= set(stored.columns)
