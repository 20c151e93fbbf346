"""Scores of predicted risks: brute force, lifelines, scikit-survival, and simulations in which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.cohort.survival import kaplan_meier
from diaspore.inference.assess import brier, calibration, concordance, concordance_interval, pseudo_values


def people(n: int, seed: int, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Follow-up, event, and true risk by time 5 of patients with exponential times and independent censoring."""
    rng = np.random.default_rng(seed)
    hazard = 0.12 * np.exp(strength * rng.normal(0.0, 0.7, n))
    event, lost = rng.exponential(1.0 / hazard), rng.uniform(1.0, 9.0, n)
    return np.minimum(event, lost), event <= lost, -np.expm1(-5.0 * hazard)


def test_concordance_by_brute_force_and_beside_lifelines() -> None:
    from lifelines.utils import concordance_index

    time, event, risk = people(300, 1)
    time, risk = np.ceil(time * 6) / 6, np.round(risk, 1)  # ties of both kinds
    usable, score = 0, 0.0
    for i in range(len(time)):
        for j in range(len(time)):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                usable += 1
                score += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    assert concordance(time, event, risk) == pytest.approx(score / usable, abs=1e-12)
    time, event, risk = people(300, 2)
    assert concordance(time, event, risk) == pytest.approx(concordance_index(time, -risk, event), abs=1e-9)


def test_interval_of_concordance_holds_chance_where_there_is_nothing_to_know() -> None:
    time, event, risk = people(200, 3)
    blind = np.random.default_rng(4).random(200)
    found = concordance_interval(time, event, blind, times=200)
    assert found.lower < 0.5 < found.upper
    found = concordance_interval(time, event, risk, times=200)
    assert 0.5 < found.lower < found.value < found.upper
    assert found == concordance_interval(time, event, risk, times=200)


def test_pseudo_values_without_censoring_are_the_outcomes() -> None:
    time = np.array([1.0, 2.0, 3.0, 6.0, 7.0])
    assert pseudo_values(time, np.ones(5, dtype=bool), 5.0) == pytest.approx([1, 1, 1, 0, 0])


def test_pseudo_values_leave_each_patient_out() -> None:
    time, event, _ = people(60, 5)
    time = np.ceil(time * 4) / 4
    found = pseudo_values(time, event, 5.0)
    whole = 1.0 - kaplan_meier(time, event, at=[5.0]).survival[0]
    for i in range(60):
        keep = np.arange(60) != i
        without = 1.0 - kaplan_meier(time[keep], event[keep], at=[5.0]).survival[0]
        assert found[i] == pytest.approx(60 * whole - 59 * without, abs=1e-9)
    with pytest.raises(ValueError, match="nobody"):
        pseudo_values(time, event, 50.0)


def test_calibration_finds_what_was_put_in() -> None:
    time, event, risk = people(6000, 6)
    good = calibration(time, event, risk, 5.0)
    assert good.intercept.lower < 0.0 < good.intercept.upper
    assert good.slope.lower < 1.0 < good.slope.upper
    assert good.slope.upper - good.slope.lower < 0.3
    x = np.log(-np.log1p(-risk))
    low = calibration(time, event, -np.expm1(-np.exp(x - 0.5)), 5.0)  # hazards predicted too low
    assert low.intercept.value == pytest.approx(0.5, abs=0.08)
    wide = calibration(time, event, -np.expm1(-np.exp(x.mean() + 2.0 * (x - x.mean()))), 5.0)
    assert wide.slope.value == pytest.approx(0.5, abs=0.06)


def test_brier_beside_scikit_survival_and_without_censoring() -> None:
    time, event, risk = people(400, 7)
    assert brier(time, np.ones(400, dtype=bool), risk, 5.0) == pytest.approx(np.mean(((time <= 5.0) - risk) ** 2))
    constant = np.full(400, 1.0 - kaplan_meier(time, event, at=[5.0]).survival[0])
    assert brier(time, event, risk, 5.0) < brier(time, event, constant, 5.0)
    metrics = pytest.importorskip("sksurv.metrics")
    y = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    assert brier(time, event, risk, 5.0) == pytest.approx(metrics.brier_score(y, y, 1.0 - risk, 5.0)[1][0], abs=1e-9)
