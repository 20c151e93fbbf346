"""Sampling: a known posterior, the same bits after a stop, calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.inference.artefact import Artefact, read
from diaspore.inference.calibration import Calibration, calibrate
from diaspore.inference.fits.seer import Curve
from diaspore.inference.likelihoods import binomial_log_likelihood
from diaspore.inference.priors import Prior
from diaspore.inference.sample import LogLikelihood, Plan, sample
from tests.inference.common import bins, closed_bank

PRIORS = (
    Prior("a", "normal", 24.0, 3.0, "diaspore", "assumed"),
    Prior("b", "lognormal", 4.0, 0.3, "diaspore", "assumed"),
)
NORMAL = (Prior("x", "normal", 1.0, 2.0, "diaspore", "assumed"), Prior("y", "normal", 0.0, 1.0, "diaspore", "assumed"))
SMALL = Plan(walkers=16, steps=120, block=30, burn=40, thin=8)


def observed(theta: np.ndarray) -> np.ndarray:
    """One observation of x + y, 3 with variance 1."""
    return -0.5 * (theta.sum(axis=1) - 3.0) ** 2


def test_a_normal_posterior_is_found() -> None:
    chain = sample(
        NORMAL, observed, np.array([1.0, 0.0]), 5, Plan(walkers=32, steps=1500, block=500, burn=300, thin=20)
    )
    draws, density = chain.draws()
    # prior precision diag(1/4, 1), observation precision 1 along (1, 1)
    precision = np.array([[1.25, 1.0], [1.0, 2.0]])
    cov = np.linalg.inv(precision)
    mean = cov @ np.array([0.25 * 1.0 + 3.0, 3.0])
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.15)
    np.testing.assert_allclose(np.cov(draws.T), cov, atol=0.25)
    assert density.shape == (len(draws),)
    assert np.all(chain.autocorrelation_time() < 100.0)


def test_a_stopped_sampling_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    whole = sample(NORMAL, observed, np.array([1.0, 0.0]), 5, SMALL)
    sample(NORMAL, observed, np.array([1.0, 0.0]), 5, SMALL, tmp_path)
    blocks = sorted(tmp_path.glob("block-*.npz"))
    assert len(blocks) == 4
    blocks[3].unlink()
    blocks[2].write_bytes(blocks[2].read_bytes()[:100])  # torn
    calls = 0

    def counted(theta: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return observed(theta)

    again = sample(NORMAL, counted, np.array([1.0, 0.0]), 5, SMALL, tmp_path)
    assert np.array_equal(again.theta, whole.theta)
    assert np.array_equal(again.log_posterior, whole.log_posterior)
    assert calls < 2 * 60 + 10, "only the last two blocks are sampled again"
    other = sample(NORMAL, observed, np.array([1.0, 0.0]), 6, SMALL, tmp_path)
    assert not np.array_equal(other.theta, whole.theta), "blocks of another seed are not taken"


def calibration(replications: int, plan: Plan) -> Calibration:
    data = bins()
    curve = Curve(closed_bank(), data.size_mm)

    def simulate(theta: np.ndarray, rng: np.random.Generator) -> LogLikelihood:
        p = np.clip(curve(theta[None, :])[0], 0.0, 1.0)
        events = rng.binomial(data.patients.astype(int), p)
        return lambda x: binomial_log_likelihood(curve(x), events, data.patients)

    return calibrate(PRIORS, simulate, replications, 11, plan)


def test_ranks_are_uniform_in_a_few_replications() -> None:
    found = calibration(30, Plan(walkers=12, steps=150, block=150, burn=50))
    assert found.ranks.shape == (30, 2)
    assert np.all(found.p_values(bins=5) > 1e-3)


@pytest.mark.slow
def test_ranks_are_uniform() -> None:
    found = calibration(300, Plan(walkers=16, steps=500, block=500, burn=150))
    assert np.all(found.p_values(bins=15) > 1e-3)


def test_a_wrong_likelihood_is_noticed() -> None:
    """The check can fail: a posterior that takes the data for sixteen times as many is too narrow."""
    data = bins()
    curve = Curve(closed_bank(), data.size_mm)

    def simulate(theta: np.ndarray, rng: np.random.Generator) -> LogLikelihood:
        events = rng.binomial(data.patients.astype(int), curve(theta[None, :])[0])
        return lambda x: 16.0 * binomial_log_likelihood(curve(x), events, data.patients)

    found = calibrate(PRIORS, simulate, 40, 12, Plan(walkers=12, steps=120, block=120, burn=50))
    assert np.min(found.p_values(bins=5)) < 1e-3


def test_an_artefact_comes_back_as_it_was(tmp_path: Path) -> None:
    import pandas as pd

    header = {key: [] for key in ("data", "free_parameters", "priors", "units", "does_not_claim")}
    first = Artefact(
        {"schema_version": 1, "name": "x", "version": "1", "seed": 3, **header},
        pd.DataFrame({"unit": ["a", "a"], "b": [1.0, 2.5], "log_posterior": [0.0, -1.0]}),
    )
    folder = first.write(tmp_path)
    assert folder.name == "x-1"
    bytes_before = [(folder / f).read_bytes() for f in ("fit.json", "draws.parquet")]
    assert first.write(tmp_path) == folder
    assert [(folder / f).read_bytes() for f in ("fit.json", "draws.parquet")] == bytes_before
    back = read(folder)
    assert dict(back.header) == dict(first.header)
    pd.testing.assert_frame_equal(back.draws, first.draws)
    assert [p.name for p in tmp_path.iterdir()] == ["x-1"]
