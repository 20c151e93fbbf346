"""Reference models of the cases against closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from diaspore.validation.models import bottleneck, filter_flow, markov_chain, recurrence

CIRCLE = [
    ("large_veins", "right_heart", 100.0),
    ("right_heart", "lung", 100.0),
    ("lung", "left_heart", 100.0),
    ("left_heart", "aorta_large_arteries", 100.0),
    ("aorta_large_arteries", "brain", 25.0),
    ("aorta_large_arteries", "liver", 75.0),
    ("brain", "large_veins", 25.0),
    ("liver", "large_veins", 75.0),
]


@pytest.mark.parametrize("phi", [0.1, 0.5, 0.9999, 1.0])
def test_filter_flow_closed_form(phi: float) -> None:
    net = filter_flow.network(CIRCLE)
    found = filter_flow.arrest_by_solve(net, "venous", phi)
    lung = phi / (1.0 - (1.0 - phi) ** 2)  # geometric series over the turns
    assert found[net.index("lung")] == pytest.approx(lung, rel=1e-12)
    assert found[net.index("brain")] == pytest.approx(0.25 * (1.0 - lung), abs=1e-14)
    np.testing.assert_allclose(filter_flow.arrest_by_series(net, "venous", phi), found, atol=1e-13)


def test_walkers_are_reproducible_and_conserved() -> None:
    net = filter_flow.network(CIRCLE)
    one = filter_flow.arrest_by_walkers(net, "gut", 0.7, 5000, seed=1)
    assert one.sum() == 5000
    np.testing.assert_array_equal(one, filter_flow.arrest_by_walkers(net, "gut", 0.7, 5000, seed=1))
    assert not np.array_equal(one, filter_flow.arrest_by_walkers(net, "gut", 0.7, 5000, seed=2))


def test_flow_table_is_balanced() -> None:
    flow: dict[str, float] = {}
    for a, b, percent in filter_flow.male_edges():
        flow[a] = flow.get(a, 0.0) - percent
        flow[b] = flow.get(b, 0.0) + percent
    assert max(map(abs, flow.values())) < 1e-9


MODEL = recurrence.RecurrenceModel(0.3, 0.2, 0.05, 1e6, 1e-7, 2)


def test_first_passage_to_two_cells() -> None:
    ages = np.linspace(0.0, 30.0, 61)
    exact = 0.6 * -np.expm1(-0.5 * ages)
    np.testing.assert_allclose(recurrence.passage_exact(MODEL, ages), exact, atol=1e-7)
    assert MODEL.reach_probability == pytest.approx(0.6)


def test_pure_birth_passage() -> None:
    ages = np.linspace(0.0, 60.0, 31)
    model = replace(MODEL, death=0.0, detectable=20)
    np.testing.assert_allclose(recurrence.passage_exact(model, ages), (-np.expm1(-0.3 * ages)) ** 19, atol=1e-7)
    assert recurrence.passage_gumbel(replace(model, detectable=10**6), np.array([200.0]))[0] == pytest.approx(1.0)


def test_survival_limits_and_closed_form() -> None:
    ages = np.linspace(0.0, 400.0, 8001)
    model = replace(MODEL, initiation=1e-7)
    times = np.array([-400.0, 5.0, 300.0])
    found = recurrence.survival(model, times, ages, recurrence.passage_exact(model, ages))
    # t > 0: int_0^inf F(t + w) r exp(-r w) dw for F = 0.6 (1 - exp(-k u))
    r, k = 0.05, 0.5
    mean = model.initiated * 0.6 * (1.0 - math.exp(-k * 5.0) * r / (r + k))
    assert found[0] == pytest.approx(1.0)
    assert found[1] == pytest.approx(math.exp(-mean), rel=1e-6)
    assert found[2] == pytest.approx(model.never, rel=1e-6)


def test_simulated_recurrences_follow_the_seed() -> None:
    a, b = (recurrence.simulate(MODEL, 500, seed=3) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert np.isinf(a).any()


def test_bottleneck() -> None:
    fit = bottleneck.Fit(doubling_days=365.24, t0=8.0, t1=2.0, mu=2.0, sigma=0.3)
    assert fit.corrected_rate == pytest.approx(math.log(2.0))
    assert fit.published_rate == pytest.approx(math.log(2.0))
    assert bottleneck.share_metastatic(fit, 0.7, 0.05) == 0.0
    shares = [bottleneck.share_metastatic(fit, 0.7, d) for d in (1.0, 2.0, 4.0, 8.0)]
    assert shares == sorted(shares)
    same = [bottleneck.share_metastatic_adaptive(fit, 0.7, d) for d in (1.0, 2.0, 4.0, 8.0)]
    np.testing.assert_allclose(shares, same, rtol=1e-4)
    assert bottleneck.survival_by_series(8.0) == pytest.approx(math.exp(-8.0), rel=1e-12)


def test_two_state_chain() -> None:
    a = np.array([[0.9, 0.1], [0.4, 0.6]])
    np.testing.assert_allclose(markov_chain.stationary_vector(a), [0.8, 0.2], atol=1e-12)
    np.testing.assert_allclose(markov_chain.passage_times(a, 1), [10.0, 0.0], atol=1e-12)
    steps = markov_chain.walk(a, 0, 1, 20_000, seed=5)
    assert steps.mean() == pytest.approx(10.0, abs=4 * math.sqrt(90.0 / 20_000))
    assert markov_chain.walk(a, 1, 1, 20_000, seed=6).mean() == pytest.approx(5.0, abs=0.3)


def test_chain_with_a_wanted_vector() -> None:
    wanted = np.array([0.5, 0.3, 0.2])
    a = markov_chain.chain_with_stationary(np.full((3, 3), 1.0) + np.eye(3), wanted)
    np.testing.assert_allclose(wanted @ a, wanted, atol=1e-12)
    with pytest.raises(ValueError, match="cannot carry"):
        markov_chain.chain_with_stationary(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([0.5, 0.5]))
