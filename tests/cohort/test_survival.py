"""The survival estimators against lifelines, hand-worked cases and their own limits."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from diaspore.cohort import survival as sv

lifelines = pytest.importorskip("lifelines")


def censored_sample(n: int, seed: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    failure, censoring = rng.weibull(1.3, n) * 900.0, rng.uniform(0.0, 1500.0, n)
    time, event = np.minimum(failure, censoring), failure <= censoring
    return (np.ceil(time / 30.0) * 30.0 if ties else time), event


@pytest.mark.parametrize("ties", [False, True])
def test_kaplan_meier_agrees_with_lifelines(ties: bool) -> None:
    time, event = censored_sample(400, 1, ties)
    fitter = lifelines.KaplanMeierFitter().fit(time, event)
    ours = sv.kaplan_meier(time, event)
    theirs = fitter.survival_function_at_times(ours.time).to_numpy()
    assert ours.survival == pytest.approx(theirs, abs=1e-12)
    band = fitter.confidence_interval_.loc[ours.time].to_numpy()
    inner = ours.survival > 0
    assert ours.lower[inner] == pytest.approx(band[inner, 0], abs=1e-9)
    assert ours.upper[inner] == pytest.approx(band[inner, 1], abs=1e-9)
    assert sv.median_survival(ours).value == pytest.approx(fitter.median_survival_time_)
    limits = lifelines.utils.median_survival_times(fitter.confidence_interval_).to_numpy()[0]
    assert sv.median_survival(ours)[1:] == pytest.approx(tuple(limits))


def test_numbers_at_risk_and_asked_times() -> None:
    curve = sv.kaplan_meier([1.0, 2.0, 2.0, 3.0, 4.0], [True, True, False, False, True], at=[0.0, 1.0, 2.5, 4.0, 9.0])
    assert curve.survival == pytest.approx([1.0, 0.8, 0.6, 0.0, 0.0])
    assert curve.at_risk.tolist() == [5, 5, 2, 1, 0]
    assert curve.events.tolist() == [0, 1, 2, 3, 3]


def test_curve_is_unknown_beyond_the_last_observation() -> None:
    curve = sv.kaplan_meier([1.0, 2.0], [True, False], at=[2.0, 2.1])
    assert curve.survival[0] == pytest.approx(0.5)
    assert np.isnan(curve.survival[1])


def test_nobody_dies() -> None:
    curve = sv.kaplan_meier([5.0, 6.0, 7.0], [False] * 3, at=[1.0, 6.5])
    assert curve.survival.tolist() == [1.0, 1.0]
    assert curve.lower.tolist() == [1.0, 1.0]
    assert np.isnan(sv.median_survival(sv.kaplan_meier([5.0], [False])).value)


def test_everybody_dies_leaves_no_band_at_zero() -> None:
    curve = sv.kaplan_meier([1.0, 2.0, 3.0], [True] * 3)
    assert curve.survival[-1] == 0.0
    assert np.isnan(curve.upper[-1])


def test_cumulative_incidence_agrees_with_lifelines() -> None:
    rng = np.random.default_rng(5)
    first, second, stop = rng.exponential(700, 500), rng.exponential(1100, 500), rng.uniform(0, 1500, 500)
    time = np.minimum(np.minimum(first, second), stop)
    cause = np.where(time == stop, 0, np.where(time == first, 1, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = lifelines.AalenJohansenFitter(seed=0).fit(time, cause, event_of_interest=1)
    ours = sv.cumulative_incidence(time, cause, of=1)
    theirs = fitter.cumulative_density_.iloc[:, 0].loc[ours.time].to_numpy()
    assert ours.incidence == pytest.approx(theirs, abs=1e-12)
    band = fitter.confidence_interval_.loc[ours.time].to_numpy()
    seen = (ours.incidence > 0) & np.isfinite(band).all(axis=1)  # lifelines leaves the very last death without a band
    assert ours.lower[seen] == pytest.approx(np.sort(band, axis=1)[seen, 0], abs=1e-6)
    assert ours.upper[seen] == pytest.approx(np.sort(band, axis=1)[seen, 1], abs=1e-6)


def test_causes_and_survival_sum_to_one() -> None:
    rng = np.random.default_rng(2)
    time, cause = np.ceil(rng.exponential(50, 300)), rng.integers(0, 3, 300)
    at = np.array([5.0, 40.0, 90.0])
    total = sum(sv.cumulative_incidence(time, cause, of=k, at=at).incidence for k in (1, 2))
    assert total + sv.kaplan_meier(time, cause > 0, at=at).survival == pytest.approx(np.ones(3))


def test_incidence_of_the_only_cause_is_one_minus_survival() -> None:
    time, event = censored_sample(200, 9)
    one = sv.cumulative_incidence(time, event.astype(int), of=1)
    km = sv.kaplan_meier(time, event)
    assert one.incidence == pytest.approx(1.0 - km.survival)


def test_restricted_mean() -> None:
    time, event = censored_sample(500, 3)
    curve = sv.kaplan_meier(time, event)
    fitter = lifelines.KaplanMeierFitter().fit(time, event)
    expected = lifelines.utils.restricted_mean_survival_time(fitter, t=800.0)
    got = sv.restricted_mean(curve, 800.0)
    assert got.value == pytest.approx(expected, rel=1e-9)
    rng = np.random.default_rng(0)
    resampled = []
    for _ in range(400):
        pick = rng.integers(0, time.size, time.size)
        resampled.append(sv.restricted_mean(sv.kaplan_meier(time[pick], event[pick]), 800.0).value)
    assert (got.upper - got.lower) / 2 / 1.96 == pytest.approx(np.std(resampled), rel=0.15)
    with pytest.raises(ValueError, match="last observation"):
        sv.restricted_mean(curve, 1e6)


def test_influence_gives_greenwood_variance() -> None:
    time, event = censored_sample(4000, 4)
    values = sv.survival_influence(time, event, 500.0)
    curve = sv.kaplan_meier(time, event)
    use = curve.time <= 500.0
    n, d = curve.at_risk[use], curve.events[use]
    greenwood = curve.survival[use][-1] ** 2 * np.sum(d / (n * (n - d)))
    assert np.mean(values**2) / time.size == pytest.approx(greenwood, rel=0.02)
    assert np.mean(values) == pytest.approx(0.0, abs=1e-9)


def test_influence_without_censoring_is_status_minus_survival() -> None:
    time = np.arange(1.0, 11.0)
    values = sv.survival_influence(time, np.ones(10, bool), 4.0)
    assert values == pytest.approx((time > 4.0) - 0.6)


def test_a_million_patients() -> None:
    time, event = censored_sample(1_000_000, 6)
    curve = sv.kaplan_meier(time, event, at=np.linspace(0, 1000, 50))
    truth = np.exp(-((curve.time / 900.0) ** 1.3))
    assert curve.survival == pytest.approx(truth, abs=0.005)


def test_outcomes_of_a_patient_table() -> None:
    table = pd.DataFrame(
        {
            "m_stage": ["M0", "M0", "M1", "M0"],
            "relapse_d": [100.0, np.nan, np.nan, np.nan],
            "death_d": [300.0, 200.0, 50.0, np.nan],
            "followup_d": [300.0, 200.0, 50.0, 400.0],
        }
    )
    time, event = sv.relapse_free_survival(table)
    assert (time.tolist(), event.tolist()) == ([100.0, 200.0, 400.0], [True, True, False])
    time, event = sv.overall_survival(table)
    assert (time.tolist(), event.tolist()) == ([300.0, 200.0, 50.0, 400.0], [True, True, True, False])


@pytest.mark.parametrize(
    ("time", "event", "match"),
    [
        ([], [], "no patients"),
        ([1.0], [True, False], "equally long"),
        ([np.nan], [True], "finite"),
        ([-1.0], [True], "neg"),
    ],
)
def test_bad_input_is_refused(time: list[float], event: list[bool], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        sv.kaplan_meier(time, event)


def test_bad_level_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        sv.kaplan_meier([1.0], [True], confidence=95)


def test_evaluated_curve_has_no_median() -> None:
    with pytest.raises(ValueError, match="every event time"):
        sv.median_survival(sv.kaplan_meier([1.0, 2.0], [True, True], at=[1.5]))
