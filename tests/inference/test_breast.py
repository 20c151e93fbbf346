"""The breast fit: its data, its simulation function, and that the shipped optima meet the data."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.inference.fits import breast


def test_targets_are_the_strata_of_a_hundred_patients_and_more() -> None:
    data = breast.targets()
    assert data.nodes.sum(axis=1).tolist() == [97, 844, 762, 386, 118]
    assert data.cells.sum(axis=(1, 2)).tolist() == [1436, 270, 260, 125, 886, 508, 144, 152]
    assert all(name.startswith("untreated") for name in data.names)
    assert data.free[0].tolist() == [0.8813, 0.7284, 0.5819]
    # About as many patients as were at risk, fewer at the end because of censoring.
    assert np.all(data.effective <= 1.01 * data.cells.sum(axis=(1, 2))[:, None])


def test_perfect_outcome_has_no_deviance() -> None:
    data = breast.targets()
    shares = data.nodes / data.nodes.sum(axis=1, keepdims=True)
    relapse, nodes = breast.residuals(data, breast.Outcome(shares, breast.null(data).free))
    assert np.abs(nodes).max() < 1e-4
    assert np.abs(relapse).max() > 1.0


def test_priors_map_back_and_forth() -> None:
    for prior in breast.PRIORS.values():
        assert prior.back(prior.forward(prior.centre)) == pytest.approx(prior.centre)
        assert prior.low < prior.centre < prior.high


def test_simulation_shares_its_draws_and_depends_on_parts_only() -> None:
    variant = breast.VARIANTS["slow"]
    one = breast.simulate(variant, variant.optimum, 400)
    two = breast.simulate(variant, variant.optimum, 400)
    assert np.array_equal(one.free, two.free, equal_nan=True)
    assert np.allclose(one.nodes.sum(axis=1), 1.0)


@pytest.mark.parametrize("name", list(breast.VARIANTS))
def test_emulator_beats_the_null_model(name: str) -> None:
    data, variant = breast.targets(), breast.VARIANTS[name]
    found, null = breast.score(data, breast.emulate(variant, variant.optimum)), breast.score(data, breast.null(data))
    assert found.deviance_relapse < 0.3 * null.deviance_relapse
    assert found.deviance_nodes < 0.4 * null.deviance_nodes


@pytest.mark.slow
@pytest.mark.parametrize("name", list(breast.VARIANTS))
def test_shipped_optimum_meets_the_data(name: str) -> None:
    variant = breast.VARIANTS[name]
    found = breast.score(breast.targets(), breast.simulate(variant, variant.optimum, 30_000, first=500_000))
    assert found.mean_error_relapse < 4.0
    assert found.mean_error_positive < 5.0
