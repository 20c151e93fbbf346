"""Effects beside numerical solutions, known limits, and orders of convergence."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from diaspore.core.errors import InputError
from diaspore.therapy.effects.concentration import bliss, factor, hill
from diaspore.therapy.effects.growth_inhibition import BEND, GrowthInhibition
from diaspore.therapy.effects.killing import cure_probability, kill_rate, norton_simon, resistant
from diaspore.therapy.effects.neutropenia import Neutropenia
from diaspore.therapy.effects.radiation import (
    Fractions,
    Sensitivity,
    control_probability,
    effective_dose,
    surviving_share,
)
from diaspore.therapy.exposure import Doses, drive, exposure, linear_model
from diaspore.therapy.kernels.target import free

MODEL = linear_model(2.0, [4.0, 6.0], [1.5])
DOSES = Doses.every([0.0, 7.0, 14.0], 100.0)
PACLITAXEL = GrowthInhibition(early=0.273, late=0.814, kill=6.29e-4, transit=0.968)
"""Xenograft, ng/mL (simeoni2004)."""
NAB = Neutropenia(transit=117 / 24, slope=0.02, base=4.28, feedback=0.187)


def concentration_after(t: float) -> float:
    """Right-continuous concentration."""
    given = sum(100.0 for day in DOSES.days if day == t)
    level = 0.0 if t == 0.0 else exposure(MODEL, DOSES, np.array([t])).concentration[0, 0]
    return float(level + given * MODEL.weights[0].sum())


def numerical(slope, y, days):
    """From dose to dose at tight tolerances, with the sum of exponentials written out."""
    weights, rates = MODEL.weights[0], MODEL.rates[0]
    found, start = [np.array(y, dtype=float)], 0.0
    for end in days[1:]:
        doses = [(d, 100.0) for d in DOSES.days if d <= start]

        def level(t, doses=doses):
            return sum(much * (weights * np.exp(-rates * (t - d))).sum() for d, much in doses)

        solved = solve_ivp(lambda t, y: slope(y, level(t)), (start, end), found[-1], "DOP853", rtol=1e-11, atol=1e-13)
        found.append(solved.y[:, -1])
        start = end
    return np.array(found)


def test_hill() -> None:
    c = np.array([0.0, 1.0, 2.0, 1e300, np.inf])
    assert hill(c, 2.0, 3.0) == pytest.approx([0.0, 1 / 9, 0.5, 1.0, 1.0])
    assert hill(np.array([1e-200]), 1.0, 5.0)[0] == 0.0
    assert factor(hill(c, 2.0), 0.25)[2] == pytest.approx(0.5)
    assert factor(np.array([0.0, 0.5, 1.0]), 0.0) == pytest.approx([1.0, 0.5, 0.0])
    assert factor(np.array([0.0, 1.0]), 2.0) == pytest.approx([1.0, 2.0])  # harm
    assert bliss([np.array([0.5]), np.array([0.4])]) == pytest.approx([0.7])
    with pytest.raises(InputError, match="above 0"):
        hill(c, 0.0)


def test_killing() -> None:
    rate = kill_rate(3.0, 84.0)
    assert math.exp(-rate * 84.0) == pytest.approx(1e-3)
    assert cure_probability(np.array([1e3]), 3.0)[0] == pytest.approx(math.exp(-1.0))
    assert norton_simon(np.array([0.01]), 2.0, np.array([1.0]))[0] == pytest.approx(-0.01)
    assert resistant(np.array([1.0, 1e8]), 1e-8) == pytest.approx([0.0, 1 - math.exp(-1.0)], rel=1e-6)


def test_radiation() -> None:
    course, cells = Fractions(25, 2.0, 32.0), Sensitivity(0.3, 10.0)
    assert effective_dose(course, cells) == pytest.approx(60.0)
    assert surviving_share(course, cells) == pytest.approx(math.exp(-18.0))
    again = Sensitivity(0.3, 10.0, doubling=4.0, kick_off=28.0)
    assert surviving_share(course, again) == pytest.approx(2.0 * math.exp(-18.0))
    assert control_probability(math.exp(18.0), course, cells) == pytest.approx(math.exp(-1.0))
    # Fewer, larger fractions of one effective dose are one effect.
    large = Fractions(1, 20.0, 0.0)
    assert effective_dose(large, cells) == pytest.approx(60.0)
    with pytest.raises(InputError, match="alpha"):
        Sensitivity(0.0, 10.0)


def test_depletion_by_the_target() -> None:
    target, half = 15.0, 1.56
    for total in (1e-6, 10.0, 20.0, 1e6):
        drug = free(total, target, half)
        assert drug > 0.0
        assert drug + target * drug / (half + drug) == pytest.approx(total, rel=1e-13)


def test_drive_is_right_continuous() -> None:
    got = drive(MODEL, DOSES, 0.5, 40)
    for n in (0, 3, 14, 28):
        assert got[0, n, 0] == pytest.approx(concentration_after(0.5 * n), rel=1e-12)
    assert got[0, 13, 2] == pytest.approx(concentration_after(7.0) - 100.0 * MODEL.weights[0].sum(), rel=1e-10)
    with pytest.raises(InputError, match="within a step"):
        drive(MODEL, Doses.every([0.3], 1.0), 0.5, 4)


def growth_slope(y, c):
    """Plain twin of the kernel."""
    m = PACLITAXEL
    slowing = (1.0 + (m.early * y.sum() / m.late) ** BEND) ** (1.0 / BEND)
    hit = m.kill * 1e2 * c * y[0]
    return np.array([m.early * y[0] / slowing - hit, hit - m.transit * y[1], m.transit * (y[1] - y[2]),
                     m.transit * (y[2] - y[3])])  # fmt: skip


def blood_slope(y, c):
    """Plain twin of the kernel."""
    rate = 4.0 / NAB.transit
    made = rate * y[0] * max(1.0 - NAB.slope * c, 0.0) * (NAB.base / y[4]) ** NAB.feedback
    return np.array([made - rate * y[0], *(rate * (y[j - 1] - y[j]) for j in range(1, 5))])


@pytest.mark.parametrize("which", ["growth", "neutrophils"])
def test_against_numerical_solution_and_order(which: str) -> None:
    days = np.arange(0.0, 22.0, 7.0)
    if which == "growth":
        wanted = numerical(growth_slope, [0.5, 0.0, 0.0, 0.0], days).sum(axis=1)
    else:
        wanted = numerical(blood_slope, np.full(5, NAB.base), days)[:, 4]
    errors = []
    for parts in (4, 8, 16):
        step = 1.0 / parts
        forced = drive(MODEL, DOSES, step, 21 * parts)
        if which == "growth":
            got = PACLITAXEL.sizes(0.5, 1e2 * forced, step)
        else:
            got = NAB.levels(forced, step)
        errors.append(np.abs(got[0, :: 7 * parts] - wanted).max() / wanted.max())
    assert errors[-1] < 1e-5
    assert math.log2(errors[0] / errors[1]) > 3.3
    assert math.log2(errors[1] / errors[2]) > 3.3


def test_growth_inhibition_limits() -> None:
    nothing = np.zeros((1, 400, 3))
    sizes = PACLITAXEL.sizes(1e-3, nothing, 0.1)[0]
    assert sizes[100] / sizes[0] == pytest.approx(math.exp(0.273 * 10.0), rel=1e-6)  # exponential at first
    late = np.diff(PACLITAXEL.sizes(100.0, nothing, 0.1)[0]) / 0.1
    assert late[-1] == pytest.approx(0.814, rel=1e-6)  # then linear
    assert PACLITAXEL.threshold == pytest.approx(434.0, rel=0.001)
    for side, sign in ((0.9, 1.0), (1.1, -1.0)):
        forced = np.full((1, 4000, 3), side * PACLITAXEL.threshold)
        sizes = PACLITAXEL.sizes(1e-3, forced, 0.01)[0]
        assert np.sign(sizes[-1] - sizes[-500]) == sign


def test_neutrophils_rest_fall_and_come_back() -> None:
    still = NAB.levels(np.zeros((1, 100, 3)), 0.25)
    assert still == pytest.approx(np.full((1, 101), NAB.base), rel=1e-12)
    level = NAB.levels(drive(MODEL, Doses.every([0.0], 300.0), 0.125, 400), 0.125)[0]
    nadir = 0.125 * int(level.argmin())
    assert 5.0 < nadir < 13.0
    assert level.min() < 0.8 * NAB.base
    assert level[-1] == pytest.approx(NAB.base, rel=0.05)
