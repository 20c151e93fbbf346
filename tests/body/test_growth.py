"""Growth laws against scipy, their semigroup and inverse, the doubling time, and the order of the integrator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from diaspore.body.hahnfeldt import hahnfeldt_path
from diaspore.body.processes import growth
from diaspore.body.processes.growth import LAWS, grow, hahnfeldt_step, rate_from_doubling_time, time_to_reach

Y_CAP = math.log(3.1e6)
Y_REF = math.log(math.pi / 6.0 * 20.0**3)
EXPONENT = 0.7
RATIO = 3.47
STEP = 0.5
CLOSED = [k for k, name in enumerate(LAWS) if name != "hahnfeldt"]
ALL = list(range(len(LAWS)))


def rate_of(law: int, doubling: float = 150.0, y_cap: float = Y_CAP) -> float:
    return float(rate_from_doubling_time(law, doubling, Y_REF, y_cap, EXPONENT, RATIO))


def slope(law: int, y: float, q: float, rate: float, y_cap: float, kill: float, w: float, lever: float) -> list[float]:
    """d(ln V)/dt and d(ln K)/dt from the laws as the module states them, with V and K themselves."""
    v, cap, s = math.exp(y), math.exp(y_cap), EXPONENT
    if law == growth.GOMPERTZ:
        return [rate * math.log(cap / v) - kill, 0.0]
    if law == growth.LOGISTIC:
        return [rate * (1.0 - v / cap) - kill, 0.0]
    if law == growth.EXPONENTIAL:
        return [rate - kill, 0.0]
    if law == growth.POWER_LAW:
        return [rate * v ** (s - 1.0) - kill, 0.0]
    if law == growth.VON_BERTALANFFY:
        return [rate * (v ** (s - 1.0) - cap ** (s - 1.0)) - kill, 0.0]
    k = math.exp(q)
    d = w / cap ** (2.0 / 3.0)  # rest at V = K = capacity without the lever
    return [rate * math.log(k / v) - kill, (w * lever * v - d * k * v ** (2.0 / 3.0)) / k]


def oracle(law: int, y: float, q: float, days: float, *args: float) -> np.ndarray:
    found = solve_ivp(lambda t, z: slope(law, *z, *args), (0.0, days), [y, q], method="LSODA", rtol=1e-11, atol=1e-12)
    return np.asarray(found.y[:, -1])


@pytest.mark.parametrize("law", ALL, ids=LAWS)
@pytest.mark.parametrize("start", [1e-6, 1.0, 5e4])
@pytest.mark.parametrize(("factor", "kill"), [(1.0, 0.0), (1.0, 0.002), (0.3, 0.02), (2.0, 0.0), (1.0, 0.4)])
def test_equals_scipy(law: int, start: float, factor: float, kill: float) -> None:
    rate, y = factor * rate_of(law), math.log(start)
    w = 30.5 * rate_of(law)
    q = y + math.log(RATIO)
    for days in (3.0, 400.0):
        expected = oracle(law, y, q, days, rate, Y_CAP, kill, w, 1.5)
        found = grow(law, y, q, days, rate, Y_CAP, EXPONENT, kill, w, 1.5, STEP)
        tolerance = 1e-5 if law == growth.HAHNFELDT else 1e-8
        assert found[0] == pytest.approx(expected[0], abs=tolerance)
        if law == growth.HAHNFELDT:
            assert found[1] == pytest.approx(expected[1], abs=tolerance)


@pytest.mark.parametrize("law", ALL, ids=LAWS)
@pytest.mark.parametrize("kill", [1e-5, 0.01, 5.0])
def test_a_growth_factor_of_nothing_leaves_the_kill_rate(law: int, kill: float) -> None:
    """The lever growth_rate may be 0; the engine then passes a vanishing rate."""
    w = 30.5 * rate_of(law)
    y, _ = grow(law, 5.0, 6.0, 10.0, 1e-300, Y_CAP, EXPONENT, kill, w, 1.0, STEP)
    assert y == pytest.approx(5.0 - 10.0 * kill, abs=1e-9)


@given(
    law=st.sampled_from(CLOSED),
    y=st.floats(-13.0, 14.0),
    a=st.floats(0.0, 3000.0),
    b=st.floats(0.0, 3000.0),
    doubling=st.floats(10.0, 2000.0),
    factor=st.floats(0.01, 5.0),
    kill=st.one_of(st.just(0.0), st.floats(1e-6, 0.3)),
)
def test_closed_forms_compose(
    law: int, y: float, a: float, b: float, doubling: float, factor: float, kill: float
) -> None:
    args = (factor * rate_of(law, doubling), Y_CAP, EXPONENT, kill, 0.0, 1.0, STEP)
    whole, _ = grow(law, y, 0.0, a + b, *args)
    half, _ = grow(law, y, 0.0, a, *args)
    twice, _ = grow(law, half, 0.0, b, *args)
    assume(-300.0 < whole < 80.0 and half < 80.0)
    assert twice == pytest.approx(whole, rel=1e-9, abs=1e-8)


def test_hahnfeldt_composes_to_its_accuracy() -> None:
    rate = rate_of(growth.HAHNFELDT)
    args = (rate, Y_CAP, EXPONENT, 0.001, 30.5 * rate, 1.0, 4.0)
    y, q = 0.6, 0.6 + math.log(RATIO)
    whole = grow(growth.HAHNFELDT, y, q, 1000.0, *args)
    part = grow(growth.HAHNFELDT, *grow(growth.HAHNFELDT, y, q, 333.3, *args), 666.7, *args)
    np.testing.assert_allclose(part, whole, atol=1e-6)


@given(
    law=st.sampled_from(ALL),
    y=st.floats(-13.0, 10.0),
    rise=st.floats(1e-3, 8.0),
    doubling=st.floats(20.0, 600.0),
    kill=st.one_of(st.just(0.0), st.floats(1e-6, 0.02)),
)
def test_time_to_reach_inverts_growth(law: int, y: float, rise: float, doubling: float, kill: float) -> None:
    rate = rate_of(law, doubling)
    target = min(y + rise, Y_CAP - 0.5)
    assume(target > y)
    args = (rate, Y_CAP, EXPONENT, kill, 30.5 * rate, 1.0, 2.0)
    q = y + math.log(RATIO)
    days = time_to_reach(law, y, target, q, *args)
    if math.isinf(days):
        later, _ = grow(law, y, q, 20000.0, *args)
        assert later < target + 1e-9
        return
    reached, _ = grow(law, y, q, days, *args)
    assert reached == pytest.approx(target, abs=1e-4 if law == growth.HAHNFELDT else 1e-7)


@pytest.mark.parametrize("law", ALL, ids=LAWS)
def test_targets_out_of_reach(law: int) -> None:
    rate = rate_of(law)
    w = 30.5 * rate
    q = 2.0 + math.log(RATIO)
    assert time_to_reach(law, 2.0, 1.0, q, rate, Y_CAP, EXPONENT, 0.0, w, 1.0, 4.0) == 0.0
    assert math.isinf(time_to_reach(law, 2.0, 3.0, q, rate, Y_CAP, EXPONENT, 5.0, w, 1.0, 4.0))
    if LAWS[law] in ("gompertz", "logistic", "von_bertalanffy", "hahnfeldt"):
        assert math.isinf(time_to_reach(law, 2.0, Y_CAP + 1.0, q, rate, Y_CAP, EXPONENT, 0.0, w, 1.0, 4.0))


def test_a_slow_growth_is_reached_however_short_the_step() -> None:
    """A finer step must not turn a reachable size into one that is out of reach."""
    law, rate = growth.HAHNFELDT, rate_of(growth.HAHNFELDT, 1500.0)
    args = (rate, Y_CAP, EXPONENT, 0.0, 30.5 * rate)
    coarse = time_to_reach(law, 0.6, 11.0, 0.6 + math.log(RATIO), *args, 1.0, 4.0)
    fine = time_to_reach(law, 0.6, 11.0, 0.6 + math.log(RATIO), *args, 1.0, 0.05)
    assert 11000.0 < coarse < 73000.0
    assert fine == pytest.approx(coarse, rel=1e-4)


@pytest.mark.parametrize("law", ALL, ids=LAWS)
@pytest.mark.parametrize("doubling", [20.0, 150.0, 1200.0])
def test_doubling_time_holds_at_the_reference_size(law: int, doubling: float) -> None:
    rate = rate_of(law, doubling)
    w = 30.5 * rate
    q = Y_REF + math.log(RATIO)
    dt = 1e-4 * doubling
    up, _ = grow(law, Y_REF, q, dt, rate, Y_CAP, EXPONENT, 0.0, w, 1.0, STEP)
    down = 2.0 * Y_REF - up  # the slope is what counts: its reciprocal times ln 2 is the doubling time
    assert math.log(2.0) * dt / (0.5 * (up - down)) == pytest.approx(doubling, rel=5e-3)
    assert slope(law, Y_REF, q, rate, Y_CAP, 0.0, w, 1.0)[0] == pytest.approx(math.log(2.0) / doubling, rel=1e-12)


def test_exponential_growth_doubles_exactly() -> None:
    law = growth.EXPONENTIAL
    y, _ = grow(law, 3.0, 0.0, 150.0, rate_of(law), Y_CAP, EXPONENT, 0.0, 0.0, 1.0, STEP)
    assert y - 3.0 == pytest.approx(math.log(2.0), rel=1e-13)


def rk4(y: float, q: float, days: float, n: int) -> tuple[float, float]:
    rate = rate_of(growth.HAHNFELDT, 60.0)
    w = 30.5 * rate
    loss = w * math.exp(-2.0 / 3.0 * Y_CAP)
    for _ in range(n):
        y, q = hahnfeldt_step(y, q, rate, w, loss, 0.001, days / n)
    return y, q


def test_hahnfeldt_is_of_fourth_order() -> None:
    start = (0.6, 0.6 + math.log(RATIO))
    exact = rk4(*start, 200.0, 6400)
    errors = np.array([np.abs(np.subtract(rk4(*start, 200.0, n), exact)).max() for n in (100, 200, 400)])
    orders = np.log2(errors[:-1] / errors[1:])
    np.testing.assert_allclose(orders, 4.0, atol=0.2)


def test_hahnfeldt_default_step_is_accurate() -> None:
    """Four days, the default, against a step of a sixteenth, over a fast and a slow tumour."""
    for doubling in (20.0, 150.0):
        rate = rate_of(growth.HAHNFELDT, doubling)
        args = (rate, Y_CAP, EXPONENT, 0.0, 30.5 * rate, 1.0)
        for days in (20.0, 300.0, 2000.0):
            coarse = grow(growth.HAHNFELDT, 0.6, 0.6 + math.log(RATIO), days, *args, 4.0)
            fine = grow(growth.HAHNFELDT, 0.6, 0.6 + math.log(RATIO), days, *args, 0.25)
            assert coarse[0] == pytest.approx(fine[0], abs=1e-3)


def test_hahnfeldt_equals_the_published_form() -> None:
    """The same equations and constants as body.hahnfeldt (d V**(2/3) is fixed by the limiting volume)."""
    growth_rate, w, d = 0.192, 5.85, 0.00873
    y_cap = 1.5 * math.log(w / d)
    t = np.linspace(0.0, 30.0, 7)
    volume, capacity = hahnfeldt_path(180.0, 625.0, growth_rate, 0.0, w, d, t, 0.01)
    for i in range(1, len(t)):
        args = (t[i], growth_rate, y_cap, 0.7, 0.0, w, 1.0, 0.01)
        y, q = grow(growth.HAHNFELDT, math.log(180.0), math.log(625.0), *args)
        assert y == pytest.approx(math.log(volume[i]), abs=1e-7)
        assert q == pytest.approx(math.log(capacity[i]), abs=1e-7)


@pytest.mark.parametrize("law", ALL, ids=LAWS)
def test_limits(law: int) -> None:
    """Nothing happens in no time; saturating laws come to rest at the limiting volume; others do not."""
    rate = rate_of(law)
    w = 30.5 * rate
    assert grow(law, 1.0, 2.0, 0.0, rate, Y_CAP, EXPONENT, 0.1, w, 1.0, STEP) == (1.0, 2.0)
    late, _ = grow(law, 1.0, 2.0, 60000.0, rate, Y_CAP, EXPONENT, 0.0, w, 1.0, 4.0)
    if LAWS[law] in ("exponential", "power_law"):
        assert late > Y_CAP + 1.0
    else:
        assert late == pytest.approx(Y_CAP, abs=1e-3)
