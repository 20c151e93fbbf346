"""Bone remodelling and myeloma bone disease."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body import bone_remodelling as bone
from diaspore.validation.registry import Result


def run() -> Result:
    """Steady states, one remodelling event, a growing tumour, and LSODA as the oracle."""
    result = Result()
    c, b = bone.steady_state(0.0, bone.NORMAL)
    result.add("steady_C", c)
    result.add("steady_B", b)
    result.add("gamma_tumour", bone.gamma(1.0))
    c, b = bone.steady_state(1.0)
    result.add("steady_C_tumour", c)
    result.add("steady_B_tumour", b)
    result.add("steady_residual", max(_residual(s) for s in np.linspace(0.0, 1.0, 10)))

    t = np.arange(0.0, 1200.005, 0.01)
    event = bone.remodel(t, osteoclasts=11.06, osteoblasts=212.13)
    for name, values, k in (
        ("min_bone_mass", event.bone_mass, int(event.bone_mass.argmin())),
        ("max_B", event.osteoblasts, int(event.osteoblasts.argmax())),
        ("min_C", event.osteoclasts, int(event.osteoclasts.argmin())),
    ):
        result.add(f"event_{name}", values[k])
        result.add(f"event_day_{name}", t[k])
    result.add("event_bone_mass_1200d", event.bone_mass[-1])

    days = np.arange(0.0, 1001.0, 200.0)
    ill = bone.remodel(days, osteoclasts=15.0, osteoblasts=316.0, tumour=1.0, parameters=bone.MYELOMA)
    for k, day in enumerate(days):
        if day in (400.0, 1000.0):
            result.add(f"tumour_{day:.0f}d", ill.tumour[k])
        if day > 0.0:
            result.add(f"tumour_bone_mass_{day:.0f}d", ill.bone_mass[k])
    result.add("runge_kutta_v_lsoda", max(_oracle_error(bone.NORMAL, 0.0), _oracle_error(bone.MYELOMA, 1.0)))
    return result


def _rates(c: float, b: float, s: float, p: bone.BoneParameters) -> tuple[float, float]:
    g11, g21, g12, g22 = bone.exponents(s, p)
    return p.a1 * c**g11 * b**g21 - p.b1 * c, p.a2 * c**g12 * b**g22 - p.b2 * b


def _residual(s: float) -> float:
    p = bone.MYELOMA
    c, b = bone.steady_state(s, p)
    rate_c, rate_b = _rates(c, b, s, p)
    return max(abs(rate_c) / (p.b1 * c), abs(rate_b) / (p.b2 * b))


def _oracle_error(p: bone.BoneParameters, tumour: float) -> float:
    from scipy.integrate import solve_ivp

    c0, b0 = (15.0, 316.0) if tumour else (11.06, 212.13)
    days = np.arange(0.0, 1001.0, 50.0)

    def rhs(t: float, y: np.ndarray) -> tuple[float, float]:
        s = math.exp(math.log(tumour / p.limit) * math.exp(-p.growth * t)) if tumour else 0.0
        c, b = math.exp(y[0]), math.exp(y[1])
        rate_c, rate_b = _rates(c, b, s, p)
        return rate_c / c, rate_b / b

    start = [math.log(c0), math.log(b0)]
    oracle = solve_ivp(rhs, (0.0, 1000.0), start, method="LSODA", t_eval=days, rtol=1e-10, atol=1e-12)
    ours = bone.remodel(days, osteoclasts=c0, osteoblasts=b0, tumour=tumour, parameters=p)
    both = np.stack([ours.osteoclasts, ours.osteoblasts])
    return float(np.max(np.abs(both / np.exp(oracle.y) - 1.0)))
