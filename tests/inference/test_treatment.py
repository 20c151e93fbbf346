"""Strengths of adjuvant treatment: the log-rank ratio, a small calibration, and what ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diaspore.inference import treatment
from diaspore.inference.treatment import (
    BRACKET,
    CHEMOTHERAPY,
    ENDOCRINE,
    arm,
    calibrate,
    lever,
    log_rank_ratio,
    rate_ratios,
    strengths,
)

COHORT: dict[str, Any] = {
    "schema_version": 1,
    "primary": {"site": "breast"},
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
}


def test_log_rank_ratio_of_known_rates() -> None:
    rng = np.random.default_rng(1)
    n, lost = 60_000, rng.uniform(0.0, 12.0, (2, 60_000))
    a, b = rng.exponential(10.0, n), rng.exponential(1.0 / 0.08, n)
    times, events = np.minimum([a, b], lost), np.array([a, b]) <= lost
    whole = log_rank_ratio(times[0], events[0], times[1], events[1], 0.0, 12.0)
    assert whole == pytest.approx(0.8, abs=0.02)
    late = log_rank_ratio(times[0], events[0], times[1], events[1], 5.0, 10.0)
    assert late == pytest.approx(0.8, abs=0.04)
    assert log_rank_ratio(times[0], events[0], times[0], events[0], 0.0, 12.0) == 1.0


def test_log_rank_ratio_beside_lifelines() -> None:
    from lifelines.statistics import logrank_test

    rng = np.random.default_rng(2)
    a, b = np.ceil(rng.exponential(5.0, (2, 200)) * 4) / 4
    event = np.ones(200, dtype=bool)
    ratio = log_rank_ratio(a, event, b, event, 0.0, 100.0)
    # exp((O - E)/V) and the statistic (O - E)^2/V need the same O - E and V.
    expected, variance = _by_hand(a, b)
    assert ratio == pytest.approx(np.exp(expected / variance))
    assert expected**2 / variance == pytest.approx(logrank_test(a, b, event, event).test_statistic, rel=1e-9)


def _by_hand(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    excess = variance = 0.0
    for t in np.unique(np.concatenate([a, b])):
        da, db, na, nb = (a == t).sum(), (b == t).sum(), (a >= t).sum(), (b >= t).sum()
        d, n = da + db, na + nb
        excess += db - d * nb / n
        variance += d * (na / n) * (nb / n) * (n - d) / (n - 1) if n > 1 else 0.0
    return float(excess), float(variance)


def test_no_event_is_an_error() -> None:
    time, event = np.ones(3), np.zeros(3, dtype=bool)
    with pytest.raises(ValueError, match="no event"):
        log_rank_ratio(time, event, time, event, 0.0, 2.0)


def test_one_published_ratio_fixes_one_strength() -> None:
    rows = rate_ratios()
    assert sorted(row.treatment for row in rows if row.fitted) == sorted(BRACKET)
    assert {row.source for row in rows} == {"ebctcg2008", "ebctcg2011", "ebctcg2012"}
    assert {row.endpoint for row in rows} <= set(treatment.ENDPOINTS)


def test_levers_are_what_a_patient_file_takes() -> None:
    from diaspore.core.spec import spec_from_dict

    levers = [lever(CHEMOTHERAPY, 0.0123456789), lever(ENDOCRINE, 0.5, 700.0)]
    spec: Any = spec_from_dict({**COHORT, "kind": "patient", "name": "x", "levers": levers})
    assert [one.lever for one in spec.levers] == ["kill_rate", "growth_rate"]
    assert spec.levers[0].rate == pytest.approx(0.0123457)
    assert spec.levers[1].until - spec.levers[1].start == 700.0


def test_what_ships_was_found_from_the_table() -> None:
    found = strengths()
    assert [row["key"] for row in found["rate_ratios"]] == [row.key for row in rate_ratios()]
    for shown, row in zip(found["rate_ratios"], rate_ratios(), strict=True):
        assert shown["published"] == row.ratio
        assert (shown["use"] == "calibration") == row.fitted
        if row.fitted:
            assert shown["simulated"] == pytest.approx(row.ratio, rel=0.015)
    assert found["start_day"] == treatment.START_DAY
    assert found["length_days"] == treatment.LENGTH_DAYS
    for name, (low, high) in BRACKET.items():
        assert low < found["strengths"][name] < high


def test_arms_share_their_patients() -> None:
    plain, treated = (arm(COHORT, levers, 1500, 7) for levers in ([], [lever(ENDOCRINE, 0.4)]))
    assert len(plain["relapse"][0]) == len(treated["relapse"][0])
    early = [a["relapse"][1] & (a["relapse"][0] < 5.0) for a in (plain, treated)]
    assert early[1].sum() < 0.8 * early[0].sum()
    assert (plain["relapse"][0] > 0.0).all()


@pytest.mark.slow
def test_a_calibration_meets_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treatment, "CLOSE", 0.05)
    found = calibrate(COHORT, patients=6000, seed=3)
    used = [row for row in found["rate_ratios"] if row["use"] == "calibration"]
    assert len(used) == 2
    for row in used:
        assert row["simulated"] == pytest.approx(row["published"], rel=0.06)
    shipped = strengths()["strengths"]
    assert found["strengths"][ENDOCRINE] == pytest.approx(shipped[ENDOCRINE], abs=0.1)
