"""Closed-form pharmacokinetics beside numerical solutions, sums of single doses, and what must be conserved."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.core.errors import InputError
from diaspore.therapy.exposure import Doses, exposure, linear_model
from diaspore.therapy.kernels.linear import absorbed
from diaspore.validation.cases.pk_closed_form import DAYS, LAG, numerical


@pytest.mark.parametrize("compartments", [1, 2, 3])
@pytest.mark.parametrize("way", ["bolus", "infusion", "depot"])
def test_against_numerical_solution(compartments, way):
    rng = np.random.default_rng(compartments)
    patients = 4
    clearance = rng.uniform(0.2, 3.0, patients)
    volumes = [rng.uniform(2.0, 6.0, patients) for _ in range(compartments)]
    between = [rng.uniform(0.2, 2.0, patients) for _ in range(compartments - 1)]
    absorption, share, lag = rng.uniform(0.2, 4.0, patients), rng.uniform(0.4, 1.0, patients), LAG
    model = linear_model(clearance, volumes, between, absorption, share, lag)
    doses = Doses.every([0.0, 1.0, 7.0, 12.2], [100.0, 50.0, 0.0, 80.0], way == "depot", 0.2 * (way == "infusion"))
    got = exposure(model, doses, DAYS).concentration
    for p in range(patients):
        wanted = numerical(
            clearance[p], [v[p] for v in volumes], [q[p] for q in between], absorption[p], share[p], doses
        )
        assert np.abs(got[p] - wanted).max() < 1e-9 * wanted.max()


@given(st.floats(1e-6, 50.0), st.floats(-1.0, 1.0), st.floats(1e-4, 300.0))
@settings(max_examples=200, deadline=None)
def test_absorption_near_elimination(rate, gap, minutes):
    """Of two rates that are nearly the same, or far from each other, beside the textbook formula in long numbers."""
    other = rate * (1.0 + gap**7)
    with localcontext() as context:
        context.prec = 60
        a, b, t = Decimal(rate), Decimal(other), Decimal(minutes)
        exact = t * (-a * t).exp() if a == b else ((-min(a, b) * t).exp() - (-max(a, b) * t).exp()) / abs(a - b)
    assert absorbed(rate, other, minutes) == pytest.approx(float(exact), rel=1e-11, abs=1e-300)


def test_area_after_doses_is_dose_over_clearance():
    model = linear_model([0.2, 1.7], [3.6, 5.0], [0.7], absorption=0.9, bioavailability=0.74)
    far = np.array([4000.0])
    for doses, into_blood in (
        (Doses.every([0.0, 3.0], 100.0), 200.0),
        (Doses.every([0.0, 3.0], 100.0, infusion=0.5), 200.0),
        (Doses.every([0.0, 3.0], 100.0, depot=True), 148.0),
    ):
        assert exposure(model, doses, far).area[:, 0] == pytest.approx(into_blood / np.array([0.2, 1.7]), rel=1e-12)


def test_area_is_the_integral_of_the_concentration():
    model = linear_model(0.5, [3.0, 2.0, 8.0], [0.7, 0.1], absorption=1.3)
    days = np.linspace(0.0, 20.0, 4001)
    doses = Doses(np.array([0.0, 5.0]), np.array([10.0, 40.0]), np.array([True, False]), np.array([0.0, 2.0]))
    course = exposure(model, doses, days)
    assert course.area[0, -1] == pytest.approx(np.trapezoid(course.concentration[0], days), rel=1e-5)


@given(st.lists(st.tuples(st.floats(0.0, 28.0), st.floats(0.0, 500.0), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_courses_are_sums_of_single_doses(given_doses):
    model = linear_model([0.3, 4.0], [3.0, 6.0], [0.4], absorption=0.6)
    days, amounts, depot = (np.array(list(one)) for one in zip(*given_doses, strict=True))
    none = np.zeros(len(days))
    whole = exposure(model, Doses(days, amounts, depot, none), DAYS)
    parts = [
        exposure(model, Doses(days[d : d + 1], amounts[d : d + 1], depot[d : d + 1], none[:1]), DAYS)
        for d in range(len(days))
    ]
    scale = max(float(amounts.max()), 1e-9)
    assert np.abs(whole.concentration - sum(one.concentration for one in parts)).max() < 1e-12 * scale
    assert np.abs(whole.area - sum(one.area for one in parts)).max() < 1e-10 * scale


def test_more_moments_change_nothing():
    model = linear_model(0.3, [3.0, 6.0], [0.4])
    doses = Doses.every([0.0, 14.0], 300.0)
    few = exposure(model, doses, np.array([10.0, 30.0])).concentration
    many = exposure(model, doses, np.linspace(0.0, 30.0, 301)).concentration[:, [100, 300]]
    assert few == pytest.approx(many, rel=1e-12)


def test_level_at_a_dose_is_that_before_it():
    model = linear_model(1.0, [10.0])
    course = exposure(model, Doses.every([0.0, 7.0], 100.0), np.array([0.0, 1e-9, 7.0]))
    assert course.concentration[0] == pytest.approx([0.0, 10.0, 10.0 * np.exp(-0.7)], rel=1e-8)


def test_clearance_and_half_life():
    model = linear_model(0.2, [3.61, 2.75], [0.747])
    assert model.clearance == pytest.approx([0.2], rel=1e-13)
    assert model.half_life == pytest.approx([23.2], rel=0.005)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"clearance": 0.0, "volumes": [1.0]}, "clearance"),
        ({"clearance": 1.0, "volumes": []}, "volumes"),
        ({"clearance": 1.0, "volumes": [1.0, np.nan], "exchange": [1.0]}, "volumes"),
        ({"clearance": 1.0, "volumes": [1.0, 2.0]}, "exchange"),
        ({"clearance": 1.0, "volumes": [1.0], "bioavailability": 1.2}, "bioavailability"),
        ({"clearance": 1.0, "volumes": [1.0], "lag": -1.0}, "lag"),
        ({"clearance": 1e9, "volumes": [1e-3]}, "clearance"),
    ],
)
def test_impossible_models(arguments, field):
    with pytest.raises(InputError) as error:
        linear_model(**arguments)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("doses", "field"),
    [
        (Doses.every([-1.0], 10.0), "days"),
        (Doses.every([1.0], -10.0), "amounts"),
        (Doses.every([1.0], np.nan), "amounts"),
        (Doses.every([1.0], 10.0, depot=True), "absorption"),
        (Doses.every([1.0], 10.0, depot=True, infusion=0.1), "infusion"),
        (Doses.every([1.0, 2.0], np.ones((1, 3))), "amounts"),
        (Doses.every([1.0], np.ones((3, 1))), "amounts"),
    ],
)
def test_impossible_doses(doses, field):
    with pytest.raises(InputError) as error:
        exposure(linear_model(1.0, [1.0]), doses, np.array([1.0]))
    assert error.value.field == field
