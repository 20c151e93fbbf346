"""Log-rank and Cox beside lifelines, by hand, and at their limits."""

import math

import numpy as np
import pandas as pd
import pytest

from diaspore.cohort.hazards import hazard_ratio, logrank
from diaspore.core.errors import DiasporeError


def trial(n: int, ratio: float, seed: int, ties: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    arm = rng.random(n) < 0.5
    group = rng.integers(0, 3, n)
    time = rng.exponential(1.0 / (0.2 * (1.0 + group) * np.where(arm, ratio, 1.0)))
    end = rng.uniform(1.0, 6.0, n)
    seen, event = np.minimum(time, end), time <= end
    return (np.ceil(seen / ties) * ties if ties else seen), event, arm, group


@pytest.mark.parametrize("ties", [0.0, 0.5])
@pytest.mark.parametrize("stratified", [False, True])
def test_beside_lifelines(ties: float, stratified: bool) -> None:
    lifelines = pytest.importorskip("lifelines")
    time, event, arm, group = trial(600, 0.6, 1, ties)
    data = pd.DataFrame({"time": time, "event": event, "arm": arm.astype(float), "group": group})
    fit = lifelines.CoxPHFitter()
    columns = ["time", "event", "arm"] + (["group"] if stratified else [])
    fit.fit(data[columns], "time", "event", strata=["group"] if stratified else None, fit_options={"precision": 1e-10})
    found = hazard_ratio(time, event, arm, group if stratified else None)
    assert math.log(found.value) == pytest.approx(fit.params_["arm"], abs=1e-6)
    assert found.error == pytest.approx(fit.standard_errors_["arm"], rel=1e-5)
    if not stratified:
        test = lifelines.statistics.logrank_test(time[arm], time[~arm], event[arm], event[~arm])
        mine = logrank(time, event, arm)
        assert (mine.observed - mine.expected) ** 2 / mine.variance == pytest.approx(test.test_statistic, rel=1e-9)
        assert mine.ratio.probability == pytest.approx(test.p_value, rel=1e-6)


def test_by_hand() -> None:
    # Two arms of two; the first event is of the untreated one of four at risk, then of the treated one of three.
    found = logrank([1.0, 2.0, 3.0, 4.0], [True, True, False, False], [False, True, False, True])
    assert found.observed == 1.0
    assert found.expected == pytest.approx(2 / 4 + 2 / 3)
    assert found.variance == pytest.approx(1 / 4 + 2 / 9)
    assert found.ratio.value == pytest.approx(math.exp((1 - 7 / 6) / (17 / 36)))


def test_strata_add_up_and_a_stratum_of_one_arm_says_nothing() -> None:
    time, event, arm, group = trial(400, 0.7, 2)
    whole = logrank(time, event, arm, group)
    parts = [logrank(time[group == k], event[group == k], arm[group == k]) for k in range(3)]
    assert whole.observed == sum(one.observed for one in parts)
    assert whole.variance == pytest.approx(sum(one.variance for one in parts))
    more = [
        np.concatenate([x, y]) for x, y in zip((time, event, arm, group), ([1.0], [True], [True], [9]), strict=True)
    ]
    assert hazard_ratio(*more).value == pytest.approx(hazard_ratio(time, event, arm, group).value, rel=1e-9)


def test_the_true_ratio_is_covered() -> None:
    hits = 0
    for seed in range(200):
        time, event, arm, group = trial(300, 0.6, 100 + seed)
        found = hazard_ratio(time, event, arm, group)
        hits += found.low < 0.6 < found.high
    assert 180 <= hits <= 199


def test_limits() -> None:
    arm = np.array([True, True, False, False])
    time = np.array([1.0, 2.0, 3.0, 4.0])
    assert hazard_ratio(time, ~arm, arm).value == 0.0
    assert hazard_ratio(time, arm, arm).value == math.inf
    assert math.isnan(hazard_ratio(time, np.zeros(4, bool), arm).value)
    assert math.isnan(logrank(time, np.zeros(4, bool), arm).ratio.value)
    with pytest.raises(DiasporeError):
        logrank(time, arm, arm[:2])
    with pytest.raises(DiasporeError):
        logrank(-time, arm, arm)


@pytest.mark.parametrize(
    ("time", "event", "treated", "value"),
    [
        ([1.0, 2.0, 5.0, 6.0], [1, 1, 1, 1], [1, 1, 0, 0], np.inf),
        ([1.0, 2.0, 5.0, 6.0], [1, 1, 1, 1], [0, 0, 1, 1], 0.0),
        ([1.0, 2.0, 3.0, 10.0], [1, 1, 0, 1], [1, 1, 1, 0], np.inf),
    ],
)
def test_a_likelihood_without_a_largest_value(
    time: list[float], event: list[int], treated: list[int], value: float
) -> None:
    found = hazard_ratio(time, np.array(event, dtype=bool), np.array(treated, dtype=bool))
    assert found.value == pytest.approx(value, nan_ok=True)
    assert (found.low, found.high) == (0.0, np.inf)


def test_few_patients_never_stop_it() -> None:
    rng = np.random.default_rng(1)
    for n in (2, 3, 6, 10):
        for _ in range(300):
            found = hazard_ratio(rng.exponential(size=n), rng.random(n) < 0.7, rng.random(n) < 0.5)
            assert found.value >= 0.0 or np.isnan(found.value)
