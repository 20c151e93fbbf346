"""Size-structured metastasis model: growth laws, quadrature, resection, counts and density."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from diaspore.body.renewal import GROWTH_LAWS, growth_curve, iwata_parameters, malthusian_exponent, solve_renewal

LAWS = {
    "gompertz": ({"a": 0.743, "b": 0.0792}, None),
    "exponential": ({"a": 0.257}, lambda v, p: p["a"] * v),
    "logistic": ({"a": 0.5, "capacity": 4378.0}, lambda v, p: p["a"] * v * (1 - v / p["capacity"])),
    "generalised_logistic": (
        {"a": 2555.0, "capacity": 4378.0, "nu": 1.4e-4},
        lambda v, p: p["a"] * v * (1 - (v / p["capacity"]) ** p["nu"]),
    ),
    "von_bertalanffy": ({"a": 7.72, "g": 0.947, "b": 6.75}, lambda v, p: p["a"] * v ** p["g"] - p["b"] * v),
    "power_law": ({"a": 0.921, "g": 0.788}, lambda v, p: p["a"] * v ** p["g"]),
}


@pytest.mark.parametrize("law", sorted(GROWTH_LAWS))
def test_growth_law_solves_its_equation(law: str) -> None:
    p, speed = LAWS[law]
    curve = growth_curve(law, p, 1.0)
    if speed is None:  # Gompertz in its form V' = b V ln(limit / V)
        limit = math.exp(p["a"] / p["b"])

        def speed(v: float, p: dict[str, float]) -> float:
            return p["b"] * v * math.log(limit / v)

    t = np.linspace(0.0, 20.0, 9)
    oracle = solve_ivp(lambda _, y: [speed(y[0], p)], (0, 20), [1.0], t_eval=t, rtol=1e-11, atol=1e-12).y[0]
    np.testing.assert_allclose(curve(t), oracle, rtol=2e-6)
    assert curve(np.zeros(1))[0] == pytest.approx(1.0, rel=1e-12)


def test_iwata_parameters_give_its_growth_law() -> None:
    curve = growth_curve("gompertz", iwata_parameters(0.00286, 7.3e10), 1.0)
    t = np.linspace(0.0, 1500.0, 7)
    np.testing.assert_allclose(curve(t), 7.3e10 ** (1.0 - np.exp(-0.00286 * t)), rtol=1e-10)


def naive_births(source: np.ndarray, kernel: np.ndarray, h: float) -> np.ndarray:
    """Loop twin of the compiled trapezoid rule."""
    births = np.zeros(source.size)
    for i in range(source.size):
        total = source[i]
        for j in range(i):
            total += h * (0.5 if j == 0 else 1.0) * kernel[i - j] * births[j]
        births[i] = total / (1.0 - (0.5 * h * kernel[0] if i else 0.0))
    return births


def test_births_equal_the_loop_twin() -> None:
    curve = growth_curve("gompertz", {"a": 0.5, "b": 0.1}, 1.0)
    solved = solve_renewal(curve, curve, days=30.0, seeding=0.05, exponent=0.6, points=121)
    twin = naive_births(0.05 * curve(solved.t) ** 0.6, 0.05 * curve(solved.t) ** 0.6, solved.step)
    np.testing.assert_allclose(solved.births, twin, rtol=1e-12)


@pytest.mark.parametrize("quantity", ["number", "total", "above", "resected"])
def test_second_order(quantity: str) -> None:
    primary = growth_curve("gompertz", {"a": 0.5, "b": 0.08}, 1.0)
    colony = growth_curve("exponential", {"a": 0.3}, 1e-3)

    def value(points: int) -> float:
        cut = 20.0 if quantity == "resected" else None
        s = solve_renewal(
            primary, colony, days=40.0, seeding=0.01, exponent=2 / 3, secondary_seeding=0.02, points=points,
            resection_day=cut,
        )  # fmt: skip
        if quantity == "total":
            return s.total_size()
        # an off-grid limit moves its place in its cell with the step, so the size is put on a grid point
        return s.count_above(1e-3 * math.exp(0.3 * 10.0)) if quantity == "above" else s.number()

    exact = value(6401)
    errors = [abs(value(n) - exact) for n in (101, 201, 401)]
    for coarse, fine in pairwise(errors):
        assert 1.9 < math.log2(coarse / fine) < 2.1


def test_resection_stops_primary_seeding() -> None:
    curve = growth_curve("exponential", {"a": 0.2}, 1.0)
    s = solve_renewal(curve, curve, days=30.0, seeding=0.01, exponent=1.0, secondary_seeding=0.0, resection_day=12.0,
                      points=3001)  # fmt: skip
    assert s.number() == pytest.approx(0.01 / 0.2 * math.expm1(0.2 * 12.0), rel=1e-6)
    late = s.total_size()
    assert late == pytest.approx(0.01 * 12.0 * math.exp(0.2 * 30.0), rel=1e-6)


def test_density_integrates_to_counts() -> None:
    curve = growth_curve("gompertz", {"a": 0.4, "b": 0.05}, 1.0)
    s = solve_renewal(curve, curve, days=60.0, seeding=0.001, exponent=0.7, points=4001)
    sizes = np.geomspace(10.0, 500.0, 2001)
    density = s.density(sizes)
    integral = float(np.sum(0.5 * np.diff(sizes) * (density[1:] + density[:-1])))
    assert integral == pytest.approx(s.count_above(10.0) - s.count_above(500.0), rel=1e-4)


def test_earlier_times_agree_with_a_shorter_run() -> None:
    curve = growth_curve("logistic", {"a": 0.3, "capacity": 1e4}, 1.0)
    long = solve_renewal(curve, curve, days=60.0, seeding=1e-3, exponent=1.0, points=6001)
    short = solve_renewal(curve, curve, days=30.0, seeding=1e-3, exponent=1.0, points=3001)
    assert long.number(30.0) == pytest.approx(short.number(), rel=1e-12)
    assert long.total_size(30.0) == pytest.approx(short.total_size(), rel=1e-12)
    assert long.count_above(50.0, 30.0) == pytest.approx(short.count_above(50.0), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(a=st.floats(0.05, 1.0), b=st.floats(0.02, 0.5), seeding=st.floats(1e-6, 1e-2), alpha=st.floats(0.0, 1.0))
def test_counts_fall_with_size_and_rise_with_secondary_seeding(
    a: float, b: float, seeding: float, alpha: float
) -> None:
    curve = growth_curve("gompertz", {"a": a, "b": b}, 1.0)
    full = solve_renewal(curve, curve, days=40.0, seeding=seeding, exponent=alpha, points=401)
    alone = solve_renewal(curve, curve, days=40.0, seeding=seeding, exponent=alpha, secondary_seeding=0.0, points=401)
    counts = [full.count_above(float(x)) for x in np.geomspace(1.0, full.colony[-1], 12)]
    assert all(x >= y - 1e-12 for x, y in pairwise(counts))
    assert full.number() >= alone.number() > 0.0
    assert counts[0] == pytest.approx(full.number())


def test_malthusian_exponent_of_a_constant_rate() -> None:
    # a colony that never grows sheds at a constant rate c, so births grow at c
    rate = malthusian_exponent(lambda t: np.ones_like(t), seeding=0.05, exponent=1.0)
    assert rate == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("law", "parameters", "message"),
    [
        ("gompertzian", {"a": 1.0}, "unknown growth law"),
        ("gompertz", {"a": 1.0}, "needs exactly"),
        ("power_law", {"a": 1.0, "g": 1.2}, "below 1"),
    ],
)
def test_wrong_growth_law_is_named(law: str, parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        growth_curve(law, parameters, 1.0)


def test_wrong_arguments_are_refused() -> None:
    curve = growth_curve("exponential", {"a": 0.1}, 1.0)
    with pytest.raises(ValueError, match="positive number of days"):
        solve_renewal(curve, curve, days=0.0, seeding=1.0, exponent=1.0)
    with pytest.raises(ValueError, match="primary curve"):
        solve_renewal(lambda t: -t, curve, days=1.0, seeding=1.0, exponent=1.0)
    with pytest.raises(ValueError, match="beyond the solved"):
        solve_renewal(curve, curve, days=1.0, seeding=1.0, exponent=1.0).number(2.0)
    with pytest.raises(ValueError, match="founder"):
        growth_curve("exponential", {"a": 0.1}, 0.0)
