"""The breast fit: its data, what it simulates, its surrogate, and that the shipped optima meet the data."""

from __future__ import annotations

import math

import numpy as np
import pytest

from diaspore.inference.artefact import shipped
from diaspore.inference.breast import outcome as outcomes
from diaspore.inference.breast import standin
from diaspore.inference.breast.outcome import Outcome
from diaspore.inference.breast.posterior import Posterior, around
from diaspore.inference.breast.targets import targets
from diaspore.inference.breast.variants import PRIORS, VARIANTS
from diaspore.inference.surrogate import Quadratic, quadratic, terms

ARTEFACT = "breast-2026.2"


def optimum(name: str) -> dict[str, float]:
    found: dict[str, float] = shipped(ARTEFACT).header["units"][name]["optimum"]
    return found


def test_targets_are_the_strata_of_a_hundred_patients_and_more() -> None:
    data = targets()
    assert data.nodes.sum(axis=1).tolist() == [97, 844, 762, 386, 118]
    assert data.cells.sum(axis=(1, 2)).tolist() == [1436, 270, 260, 125, 886, 508, 144, 152]
    assert all(name.startswith("untreated") for name in data.names)
    assert data.free[0].tolist() == [0.8813, 0.7284, 0.5819]
    # About as many patients as were at risk, fewer at the end because of censoring.
    assert np.all(data.effective <= 1.01 * data.cells.sum(axis=(1, 2))[:, None])


def test_metastases_at_diagnosis_are_pooled_by_class() -> None:
    data = targets()
    assert [len(size) for size, _ in data.diameters] == [3, 6, 10]
    assert data.spread[0] == pytest.approx((25 + 35 + 63) / (6941 + 6771 + 6182))
    assert data.spread_patients.tolist() == [1000.0] * 3


def test_perfect_outcome_has_no_deviance() -> None:
    data, seen = targets(), outcomes.counts(targets())
    perfect = np.log(seen.share / (1.0 - seen.share))
    assert np.abs(outcomes.residuals(seen, perfect)).max() < 1e-6
    shares = data.nodes / data.nodes.sum(axis=1, keepdims=True)
    half = Outcome(shares, outcomes.null(data).free, data.spread)
    squares = outcomes.residuals(seen, outcomes.features(data, half)) ** 2
    assert squares[seen.kinds["nodes"]].max() < 1e-6
    assert squares[seen.kinds["spread"]].max() < 1e-6
    assert squares[seen.kinds["relapse"]].max() > 1.0
    assert len(outcomes.feature_names()) == len(seen.share) == len(squares)


def test_residuals_are_the_binomial_deviance_with_the_sign_of_the_error() -> None:
    seen = outcomes.Counts(np.array([0.3]), np.array([50.0]), np.array([0.5]), {})
    p = 0.4
    full = 2.0 * 50.0 * (0.3 * math.log(0.3 / p) + 0.7 * math.log(0.7 / (1.0 - p)))
    assert outcomes.residuals(seen, np.array([math.log(p / (1.0 - p))]))[0] == pytest.approx(-math.sqrt(0.5 * full))


def test_a_stratum_is_the_mean_of_its_cells() -> None:
    data = targets()
    free = np.random.default_rng(1).uniform(0.2, 0.9, outcomes.null(data).free.shape)
    found = Outcome(np.ones((5, 4)) / 4, free, data.spread).strata(data)
    by_hand = (data.cells[0][..., None] * free).sum(axis=(0, 1)) / data.cells[0].sum()
    np.testing.assert_allclose(found[0], by_hand)
    free[2, 0] = np.nan  # a cell without patients is left out
    assert np.isfinite(Outcome(np.ones((5, 4)) / 4, free, data.spread).strata(data)).all()


@pytest.mark.parametrize("name", list(VARIANTS))
def test_scores_map_back_and_forth(name: str) -> None:
    variant = VARIANTS[name]
    scores = np.random.default_rng(3).uniform(-1.0, 1.0, (5, len(variant.free)))
    np.testing.assert_allclose(variant.scores(variant.values(scores)), scores, atol=1e-9)
    far = variant.values(np.full((1, len(variant.free)), 9.0))[0]
    for value, prior in zip(far, variant.priors, strict=True):
        assert prior.low <= value <= prior.high
    assert all(prior.low < prior.centre < prior.high for prior in PRIORS.values())


def test_simulation_repeats() -> None:
    variant = VARIANTS["slow"]
    one, two = (outcomes.simulate(variant, optimum("slow"), 300, 1) for _ in range(2))
    assert np.array_equal(one.free, two.free, equal_nan=True)
    assert np.array_equal(one.spread, two.spread)
    assert np.allclose(one.nodes.sum(axis=1), 1.0)
    assert Outcome.from_dict(one.as_dict()).as_dict().keys() == one.as_dict().keys()


@pytest.mark.parametrize("name", list(VARIANTS))
def test_stand_in_beats_the_null_model(name: str) -> None:
    data, variant = targets(), VARIANTS[name]
    theta = np.array([optimum(name)[k] for k in variant.free])
    found = outcomes.score(data, standin.outcome(variant, theta, 1024))
    null = outcomes.score(data, outcomes.null(data))
    assert found.deviance_relapse < 0.5 * null.deviance_relapse
    assert found.deviance_nodes < 0.5 * null.deviance_nodes


# Surrogate


def test_a_quadratic_is_found_exactly() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((80, 4))
    y = np.column_stack([1.0 + x[:, 0] - 2.0 * x[:, 1] * x[:, 2], x[:, 3] ** 2])
    found = quadratic(x, y, ridge=0.0)
    at = rng.standard_normal((10, 4))
    np.testing.assert_allclose(found(at), np.column_stack([1.0 + at[:, 0] - 2.0 * at[:, 1] * at[:, 2], at[:, 3] ** 2]))
    assert found.error.max() < 1e-9
    with pytest.raises(ValueError, match="cannot determine"):
        quadratic(x[: terms(4) - 1], y[: terms(4) - 1])


def test_its_error_is_that_of_points_left_out() -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_normal((60, 2))
    y = (x[:, 0] + rng.normal(0.0, 0.3, 60))[:, None]
    found = quadratic(x, y, ridge=0.0)
    left_out = [
        (quadratic(np.delete(x, i, 0), np.delete(y, i, 0), ridge=0.0)(x[[i]]) - y[i])[0, 0] for i in range(len(x))
    ]
    assert found.error[0] == pytest.approx(np.sqrt(np.mean(np.square(left_out))), rel=1e-6)


def test_points_around_have_the_wanted_spread() -> None:
    covariance = np.array([[0.3, 0.1], [0.1, 0.2]])
    points = around(np.array([0.5, -0.5]), covariance, 1.5, 2000, 7)
    np.testing.assert_allclose(points.mean(axis=0), [0.5, -0.5], atol=0.02)
    np.testing.assert_allclose(np.cov(points.T), 2.25 * covariance, atol=0.03)


def test_optimum_of_a_known_posterior() -> None:
    """One datum, one parameter that is the datum's logit: between prior and data."""
    variant = VARIANTS["slow"]
    p = len(variant.free)
    seen = outcomes.Counts(np.array([0.7]), np.array([400.0]), np.ones(1), {})
    weights = np.zeros((terms(p), 1))
    weights[1] = 1.0
    target = Posterior(variant, seen, Quadratic(np.zeros(p), np.ones(p), weights, np.zeros(1), 1))
    best = target.optimum(np.zeros((1, p)))
    grid = np.linspace(-1, 2, 30001)
    cost = np.array([outcomes.residuals(seen, np.array([x]))[0] ** 2 for x in grid]) + grid**2
    assert best[0] == pytest.approx(grid[np.argmin(cost)], abs=1e-3)
    np.testing.assert_allclose(best[1:], 0.0, atol=1e-6)


def test_the_artefact_says_what_it_rests_on() -> None:
    header = shipped(ARTEFACT).header
    assert not header["quick"]
    assert {row["table"]: row["sha256"] for row in header["data"]} == targets().sha256
    for name, variant in VARIANTS.items():
        assert tuple(header["free_parameters"]["per_unit"][name]) == variant.free


@pytest.mark.slow
@pytest.mark.parametrize("name", list(VARIANTS))
def test_shipped_optimum_meets_the_data(name: str) -> None:
    """Patients that no fit has seen: relapse within 4 points on average, nodes within 5.

    The dormant variant misses the class of up to 10 mm, of 97 patients, which the validation case says.
    """
    variant, data = VARIANTS[name], targets()
    found = outcomes.simulate(variant, optimum(name), 60_000, 1, first=500_000)
    assert outcomes.score(data, found).mean_error_relapse < 4.0
    patients = data.nodes.sum(axis=1)
    error = 100.0 * np.abs(found.nodes[:, 0] - data.nodes[:, 0] / patients)
    assert error[patients >= (0 if name == "slow" else 100)].max() < 5.0
