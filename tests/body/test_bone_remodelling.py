"""Bone remodelling: steady states, integrator against scipy, treatment, tumour."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from diaspore.body import bone_remodelling as bone


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("p", [bone.NORMAL, bone.MYELOMA])
def test_steady_state_is_at_rest(fraction: float, p: bone.BoneParameters) -> None:
    c, b = bone.steady_state(fraction, p)
    g11, g21, g12, g22 = bone.exponents(fraction, p)
    assert p.a1 * c**g11 * b**g21 == pytest.approx(p.b1 * c, rel=1e-12)
    assert p.a2 * c**g12 * b**g22 == pytest.approx(p.b2 * b, rel=1e-12)


def test_no_unique_steady_state_is_said() -> None:
    with pytest.raises(ValueError, match="no unique steady state"):
        bone.steady_state(0.0, bone.BoneParameters(g11=1.0, g21=0.0))


def test_unit_at_rest_stays_there() -> None:
    c, b = bone.steady_state(0.0, bone.NORMAL)
    course = bone.remodel([0.0, 500.0], osteoclasts=c, osteoblasts=b)
    assert course.osteoclasts[1] == pytest.approx(c, rel=1e-9)
    assert course.bone_mass[1] == pytest.approx(100.0, abs=1e-6)


def oracle(p: bone.BoneParameters, c0: float, b0: float, t0: float, days: np.ndarray) -> np.ndarray:
    """All four equations by LSODA, in pieces between the switches of treatment. Returns (4, n)."""
    cs, bs = bone.steady_state(1.0 if t0 else 0.0, p)

    def rhs(t: float, y: np.ndarray) -> list[float]:
        c, b, _, tumour = y
        on = t >= p.treatment_day
        g11, g21, g12, g22 = bone.exponents(tumour / p.limit, p)
        grow = p.growth * tumour * math.log(p.limit / tumour) if tumour > 0 else 0.0
        return [
            p.a1 * c**g11 * b**g21 - p.b1 * c,
            p.a2 * c**g12 * b**g22 - (p.b2 - (p.v1 if on else 0.0)) * b,
            p.k2 * max(b - bs, 0.0) - p.k1 * max(c - cs, 0.0),
            grow - (p.v2 * tumour if on else 0.0),
        ]

    solved = solve_ivp(
        rhs, (0.0, days[-1]), [c0, b0, 100.0, t0], method="LSODA", t_eval=days, rtol=1e-9, atol=1e-11, max_step=0.5
    )
    return solved.y


@pytest.mark.parametrize(
    ("p", "c0", "b0", "t0"),
    [
        (bone.NORMAL, 11.06, 212.13, 0.0),
        (bone.MYELOMA, 15.0, 316.0, 1.0),
        (bone.MYELOMA.with_treatment(120.0), 13.0, 300.0, 1.0),
        (replace(bone.MYELOMA, growth=0.0, v2=0.01, treatment_day=50.0), 13.0, 300.0, 40.0),
    ],
)
def test_course_against_lsoda(p: bone.BoneParameters, c0: float, b0: float, t0: float) -> None:
    days = np.linspace(0.0, 300.0, 7)
    course = bone.remodel(days, osteoclasts=c0, osteoblasts=b0, tumour=t0, parameters=p, step=0.01)
    found = np.stack([course.osteoclasts, course.osteoblasts, course.bone_mass, course.tumour])
    np.testing.assert_allclose(found, oracle(p, c0, b0, t0, days), rtol=2e-4, atol=1e-8)


def test_fourth_order_in_the_cells() -> None:
    def value(step: float) -> float:
        return float(bone.remodel([0.0, 40.0], osteoclasts=11.06, osteoblasts=212.13, step=step).osteoblasts[1])

    exact = value(0.002)
    errors = [abs(value(h) - exact) for h in (0.2, 0.1, 0.05)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(4.0, abs=0.4)
    assert math.log2(errors[1] / errors[2]) == pytest.approx(4.0, abs=0.3)


def test_step_halving_moves_bone_mass_little() -> None:
    days = np.arange(0.0, 1001.0, 200.0)
    masses = [
        bone.remodel(days, osteoclasts=15, osteoblasts=316, tumour=1, parameters=bone.MYELOMA, step=h).bone_mass
        for h in (0.02, 0.01)
    ]
    np.testing.assert_allclose(masses[0], masses[1], rtol=1e-5)


def test_treatment_shrinks_the_tumour_and_spares_bone() -> None:
    days = [0.0, 600.0, 1000.0]
    args = {"osteoclasts": 13.0, "osteoblasts": 300.0, "tumour": 1.0}
    free = bone.remodel(days, parameters=bone.MYELOMA, **args)
    treated = bone.remodel(days, parameters=bone.MYELOMA.with_treatment(600.0), **args)
    assert treated.tumour[1] == free.tumour[1]
    assert treated.tumour[2] < 0.5 * free.tumour[2]
    assert treated.bone_mass[2] > free.bone_mass[2]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="increasing"):
        bone.remodel([1.0, 0.0], osteoclasts=1.0, osteoblasts=1.0)
    with pytest.raises(ValueError, match="positive"):
        bone.remodel([0.0], osteoclasts=0.0, osteoblasts=1.0)
