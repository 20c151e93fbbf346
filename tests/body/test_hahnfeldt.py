"""Angiogenic control: integrator against a NumPy twin and scipy, order, doses, plateau."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from diaspore.body.hahnfeldt import (
    INHIBITORS,
    AngiogenesisInhibitor,
    AngiogenesisParameters,
    grow,
    hahnfeldt_curve,
    hahnfeldt_path,
)
from diaspore.core.jit import kernel

P = AngiogenesisParameters()
ARGS = (P.growth, P.loss, P.stimulation, P.inhibition)


def twin(v0: float, k0: float, times: np.ndarray, step: float) -> np.ndarray:
    """Plain NumPy version of the compiled integrator without a drug. Returns (2, n)."""

    def rates(z: np.ndarray) -> np.ndarray:
        x, y = z
        return np.array(
            [-P.growth * (x - y), -P.loss + P.stimulation * np.exp(x - y) - P.inhibition * np.exp(2.0 * x / 3.0)]
        )

    z = np.log([v0, k0])
    out = [np.exp(z)]
    for span in np.diff(times):
        n = max(1, math.ceil(span / step - 1e-9))
        h = span / n
        for _ in range(n):
            a = rates(z)
            b = rates(z + 0.5 * h * a)
            c = rates(z + 0.5 * h * b)
            d = rates(z + h * c)
            z = z + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        out.append(np.exp(z))
    return np.array(out).T


def test_compiled_equals_numpy_twin() -> None:
    t = np.array([0.0, 0.3, 1.0, 4.0, 9.5])
    volume, capacity = hahnfeldt_path(180.0, 625.0, *ARGS, t, 0.05)
    np.testing.assert_allclose([volume, capacity], twin(180.0, 625.0, t, 0.05), rtol=1e-12)


@kernel
def _two_tumours(t: np.ndarray) -> float:
    total = 0.0
    for v0 in (1.0, 50.0):
        total += hahnfeldt_curve(v0, 10.0 * v0, 0.192, 0.0, 5.85, 0.00873, t, 0.05)[-1]
    return total


def test_callable_from_compiled_code() -> None:
    t = np.linspace(0.0, 20.0, 5)
    expected = sum(hahnfeldt_curve(v, 10.0 * v, *ARGS, t, 0.05)[-1] for v in (1.0, 50.0))
    assert _two_tumours(t) == pytest.approx(expected, rel=1e-13)


def test_fourth_order() -> None:
    t = np.array([0.0, 15.0])
    exact = hahnfeldt_curve(180.0, 625.0, *ARGS, t, 0.001)[-1]
    errors = [abs(hahnfeldt_curve(180.0, 625.0, *ARGS, t, h)[-1] - exact) for h in (0.1, 0.05, 0.025)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.15)
    assert math.log2(errors[1] / errors[2]) == pytest.approx(4.0, abs=0.15)


@pytest.mark.parametrize("drug", sorted(INHIBITORS))
def test_treated_arm_against_scipy(drug: str) -> None:
    d = INHIBITORS[drug]
    course = grow([0.0, 1.0, 2.0], v0=200.0, k0=625.0, inhibitor=d, dose_days=[0.0], dose=20.0, step=0.005)

    def rates(t: float, z: np.ndarray) -> list[float]:
        v, k = z
        g = 20.0 * math.exp(-d.clearance * t)
        return [-P.growth * v * math.log(v / k), P.stimulation * v - P.inhibition * k * v ** (2 / 3) - d.effect * g * k]

    oracle = solve_ivp(rates, (0, 2), [200.0, 625.0], t_eval=[0, 1, 2], method="DOP853", rtol=1e-12, atol=1e-10).y
    np.testing.assert_allclose([course.volume, course.capacity], oracle, rtol=1e-7)


def test_rest_and_monotone_approach() -> None:
    at_rest = hahnfeldt_curve(P.plateau_mm3, P.plateau_mm3, *ARGS, np.linspace(0, 500, 6), 0.05)
    np.testing.assert_allclose(at_rest, P.plateau_mm3, rtol=1e-9)
    grown = hahnfeldt_curve(1e-3, 1e-2, *ARGS, np.array([0.0, 200.0]), 0.02)[-1]
    assert grown == pytest.approx(P.plateau_mm3, rel=1e-4)
    assert AngiogenesisParameters(loss=9.0).plateau_mm3 == 0.0


def test_drug_slows_growth_and_order_of_doses_does_not_matter() -> None:
    t = np.linspace(0.0, 12.0, 13)
    free = grow(t, v0=200.0, k0=625.0)
    drug = INHIBITORS["endostatin"]
    doses = [0.0, 3.0, 1.5, 7.25]
    one = grow(t, v0=200.0, k0=625.0, inhibitor=drug, dose_days=doses, dose=[20.0, 5.0, 10.0, 4.0])
    two = grow(t, v0=200.0, k0=625.0, inhibitor=drug, dose_days=sorted(doses), dose=[20.0, 10.0, 5.0, 4.0])
    np.testing.assert_array_equal(one.volume, two.volume)
    assert np.all(one.volume[1:] < free.volume[1:])
    nothing = grow(t, v0=200.0, k0=625.0, inhibitor=drug, dose_days=doses, dose=0.0)
    np.testing.assert_allclose(nothing.volume, free.volume, rtol=1e-6)


def test_doses_before_the_start_count_with_what_is_left() -> None:
    drug = AngiogenesisInhibitor(0.5, 1.0)
    course = grow([2.0, 3.0], v0=100.0, k0=200.0, inhibitor=drug, dose_days=[0.0, 2.0], dose=10.0)
    assert course.drug[0] == pytest.approx(10.0 * math.exp(-2.0) + 10.0)
    assert course.drug[1] == pytest.approx(course.drug[0] * math.exp(-1.0))


@settings(max_examples=40, deadline=None)
@given(v0=st.floats(1e-6, 2e4), ratio=st.floats(0.05, 50.0), growth=st.floats(0.001, 0.5))
def test_positive_and_bounded(v0: float, ratio: float, growth: float) -> None:
    k0 = v0 * ratio
    t = np.linspace(0.0, 60.0, 7)
    volume, capacity = hahnfeldt_path(v0, k0, growth, 0.0, 5.85, 0.00873, t, 0.02)
    assert np.all(np.isfinite(volume))
    assert np.all(volume > 0.0)
    assert np.all(capacity > 0.0)


def test_grid_finer_than_the_step_changes_nothing_visible() -> None:
    coarse = hahnfeldt_curve(180.0, 625.0, *ARGS, np.array([0.0, 10.0]), 0.01)[-1]
    fine = hahnfeldt_curve(180.0, 625.0, *ARGS, np.linspace(0.0, 10.0, 2001), 0.01)[-1]
    assert fine == pytest.approx(coarse, rel=1e-6)
    assert hahnfeldt_curve(180.0, 625.0, *ARGS, np.zeros(0), 0.01).size == 0


def test_slow_growth_is_close_to_gompertz() -> None:
    growth, t = 0.002, np.array([0.0, 900.0])
    start = 2000.0
    capacity = P.stimulation / P.inhibition * start ** (1 / 3)
    found = hahnfeldt_curve(start, capacity, growth, 0.0, P.stimulation, P.inhibition, t, 0.2)[-1]
    limit = P.plateau_mm3
    gompertz = limit * math.exp(math.log(start / limit) * math.exp(-2.0 / 3.0 * growth * 900.0))
    assert found == pytest.approx(gompertz, rel=5e-3)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="increasing"):
        grow([1.0, 0.0], v0=1.0, k0=1.0)
    with pytest.raises(ValueError, match="positive"):
        grow([0.0, 1.0], v0=0.0, k0=1.0)
    with pytest.raises(ValueError, match="without an inhibitor"):
        grow([0.0, 1.0], v0=1.0, k0=1.0, dose_days=[0.0], dose=1.0)
