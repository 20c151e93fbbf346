"""Hamiltonian sampling: a known density, the same bits after a stop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.core.progress import no_progress
from diaspore.inference.hamiltonian import HamiltonianPlan, hamiltonian

CORNER = np.array([[1.0, 0.8, 0.0], [0.0, 0.5, 0.0], [0.3, 0.0, 2.0]])
COVARIANCE = CORNER @ CORNER.T
MEAN = np.array([1.0, -2.0, 0.5])
SMALL = HamiltonianPlan(chains=2, steps=60, block=20, burn=10, thin=5)


def normal(x: np.ndarray) -> tuple[float, np.ndarray]:
    pull = np.linalg.solve(COVARIANCE, x - MEAN)
    return -0.5 * float((x - MEAN) @ pull), -pull


def test_a_normal_density_is_found_although_the_scale_is_off() -> None:
    plan = HamiltonianPlan(chains=4, steps=2500, block=500, burn=200, thin=4)
    chains = hamiltonian(normal, MEAN + 0.5, 1.3 * np.diag(np.sqrt(np.diag(COVARIANCE))), 3, plan)
    draws, density = chains.draws()
    np.testing.assert_allclose(draws.mean(axis=0), MEAN, atol=0.12)
    np.testing.assert_allclose(np.cov(draws.T), COVARIANCE, atol=0.25)
    assert density == pytest.approx([normal(x)[0] for x in draws])
    assert np.all(chains.r_hat() < 1.01)
    assert np.all(chains.effective_draws() > 1000)
    assert 0.6 < chains.acceptance < 1.0


def test_a_curved_bounded_density_is_found() -> None:
    """Gamma with shape 3: mean 3, variance 3, nothing below 0."""

    def gamma(x: np.ndarray) -> tuple[float, np.ndarray]:
        if x[0] <= 0.0:
            return -np.inf, np.zeros(1)
        return float(2.0 * np.log(x[0]) - x[0]), 2.0 / x - 1.0

    plan = HamiltonianPlan(chains=4, steps=5000, block=1000, burn=200, thin=1)
    chains = hamiltonian(gamma, np.array([2.0]), np.array([[1.4]]), 5, plan)
    draws = chains.draws()[0][:, 0]
    assert (draws.mean(), draws.var()) == (pytest.approx(3.0, abs=0.1), pytest.approx(3.0, abs=0.35))
    assert draws.min() > 0.0


def test_independent_draws_are_counted_as_such_and_stuck_chains_are_noticed() -> None:
    from diaspore.inference.hamiltonian import Chains

    rng = np.random.default_rng(1)
    x = rng.standard_normal((4, 2000, 2))
    x[:, :, 1] = np.repeat(x[:, ::10, 1], 10, axis=1)  # each held ten times
    chains = Chains(x, x[:, :, 0], 1.0, SMALL)
    np.testing.assert_allclose(chains.effective_draws(), [8000.0, 800.0], rtol=0.2)
    away = Chains(x + np.arange(4)[:, None, None], x[:, :, 0], 1.0, SMALL)
    assert np.all(away.r_hat() > 1.3)


def test_a_stopped_sampling_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    calls = 0

    def counted(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal calls
        calls += 1
        return normal(x)

    root = np.linalg.cholesky(COVARIANCE)
    whole = hamiltonian(counted, MEAN, root, 4, SMALL)
    every = calls
    with no_progress(120, "x") as bar:
        hamiltonian(normal, MEAN, root, 4, SMALL, tmp_path, bar, "a")
    blocks = sorted(tmp_path.glob("chain-1/*.json"), key=lambda p: p.stat().st_mtime_ns)
    assert len(blocks) == 3
    blocks[1].write_bytes(blocks[1].read_bytes()[:100])  # torn
    blocks[2].unlink()
    calls = 0
    again = hamiltonian(counted, MEAN, root, 4, SMALL, tmp_path, target="a")
    assert np.array_equal(again.x, whole.x)
    assert np.array_equal(again.log_density, whole.log_density)
    assert calls < 0.5 * every, "only the last two blocks are sampled again"
    calls = 0
    hamiltonian(counted, MEAN, root, 4, SMALL, tmp_path, target="b")
    assert calls == every, "blocks of another density are not taken"
