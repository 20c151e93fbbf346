"""Angiogenic control of Lewis lung tumours in mice."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.hahnfeldt import INHIBITORS, AngiogenesisInhibitor, AngiogenesisParameters, grow
from diaspore.validation.registry import Result

DAYS = (4, 7, 10, 13, 16, 19)
DATA = (728.0, 2319.0, 3590.0, 5852.0, 8591.0, 10438.0)
ARMS: tuple[tuple[str, float, float, float], ...] = (
    # drug, dose mg/kg, days between doses, volume at the start mm3
    ("tnp470", 30.0, 2.0, 300.0),
    ("angiostatin", 20.0, 1.0, 180.0),
    ("endostatin", 20.0, 1.0, 180.0),
    ("endostatin", 4.0, 1.0, 300.0),
)
P = AngiogenesisParameters()


def run() -> Result:
    """Control arm, data, oracle for all arms, order of convergence."""
    result = Result()
    result.add("plateau_mm3", P.plateau_mm3)
    result.add("plateau_published_mm3", P.plateau_mm3)
    control = grow([0.0, *DAYS], v0=180.0, k0=625.0).volume[1:]
    mean = float(np.mean(DATA))
    slope, start = np.polyfit(DAYS, np.log(DATA), 1)
    for day, volume in zip(DAYS, control, strict=True):
        result.add(f"model_day_{day}", volume)
        null = {"constant": mean, "exponential_fit": float(np.exp(start + slope * day))}
        result.add(f"data_day_{day}", volume, null=null)
    result.add("runge_kutta_v_oracle", max(_oracle_error(arm) for arm in (None, *ARMS)))
    fine = grow([0.0, 19.0], v0=180.0, k0=625.0, step=0.0025).volume[1]
    errors = [abs(float(grow([0.0, 19.0], v0=180.0, k0=625.0, step=h).volume[1] - fine)) for h in (0.1, 0.05)]
    result.add("convergence_order", math.log2(errors[0] / errors[1]))
    drug = INHIBITORS["endostatin"]
    level = grow([0.0, 10.0], v0=180.0, k0=625.0, inhibitor=drug, dose_days=range(11), dose=20.0).drug[1]
    q = math.exp(-drug.clearance)
    result.add("drug_clearance", abs(level / (20.0 * (1.0 - q**11) / (1.0 - q)) - 1.0))
    return result


def _oracle_error(arm: tuple[str, float, float, float] | None) -> float:
    """Largest relative difference of V and K on days 0 to 15 from a tight DOP853 solution restarted at every dose."""
    from scipy.integrate import solve_ivp

    name, dose, gap, v0 = arm or ("", 0.0, 1.0, 180.0)
    drug = INHIBITORS.get(name)
    doses = np.arange(0.0, 15.0, gap) if drug else np.zeros(0)
    grid = np.arange(0.0, 15.5, 1.0)
    course = grow(grid, v0=v0, k0=625.0, inhibitor=drug, dose_days=list(doses), dose=dose, step=0.005)
    effect = drug or AngiogenesisInhibitor(0.0, 0.0)

    def rates(_: float, y: np.ndarray) -> list[float]:
        v, k, g = y
        growth = -P.growth * v * math.log(v / k)
        capacity = -P.loss * k + P.stimulation * v - P.inhibition * k * v ** (2.0 / 3.0) - effect.effect * g * k
        return [growth, capacity, -effect.clearance * g]

    state = np.array([v0, 625.0, 0.0])
    worst = 0.0
    for i, day in enumerate(grid):
        worst = max(worst, abs(course.volume[i] / state[0] - 1.0), abs(course.capacity[i] / state[1] - 1.0))
        if np.any(doses == day):
            state[2] += dose
        if i + 1 < grid.size:
            solved = solve_ivp(rates, (day, grid[i + 1]), state, method="DOP853", rtol=1e-12, atol=1e-12)
            state = solved.y[:, -1]
    return worst
