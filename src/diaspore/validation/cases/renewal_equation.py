"""Renewal form of the size-structured metastasis model, mouse growth parameters."""

from __future__ import annotations

import math

from diaspore.body.renewal import growth_curve, malthusian_exponent, solve_renewal
from diaspore.validation.registry import Result

GOMPERTZ = {"lung": {"a": 0.743, "b": 0.0792}, "breast": {"a": 0.56, "b": 0.0719}}
SETTINGS = (("lung", 20), ("lung", 40), ("breast", 20), ("breast", 40), ("breast", 60))
SEEDING, EXPONENT = 1e-3, 2.0 / 3.0


def run() -> Result:
    """Solve the five settings and the analytic checks of the solver."""
    result = Result()
    worst = 0.0
    for host, days in SETTINGS:
        primary = growth_curve("gompertz", GOMPERTZ[host], 1.0)
        colony = growth_curve("gompertz", GOMPERTZ[host], 1e-6)
        both = solve_renewal(primary, colony, days=days, seeding=SEEDING, exponent=EXPONENT)
        alone = solve_renewal(primary, colony, days=days, seeding=SEEDING, exponent=EXPONENT, secondary_seeding=0.0)
        result.add(f"{host}_N_{days}d", both.number())
        result.add(f"{host}_M_{days}d", both.total_size())
        worst = max(worst, abs(both.number() / alone.number() - 1.0))
        if host == "lung":
            result.add(f"lung_primary_{days}d", both.primary[-1])
    result.add("secondary_seeding_share", worst)
    for host, p in GOMPERTZ.items():
        result.add(f"{host}_plateau", math.exp(p["a"] / p["b"]))
    result.add("exponential_closed_form", abs(_exponential_error(4001)))
    result.add("convergence_order", math.log2(_exponential_error(501) / _exponential_error(1001)))
    result.add("malthusian_exponent", _malthusian_error())
    return result


def _exponential_error(points: int, rate: float = 0.2, seeding: float = 0.05, days: float = 20.0) -> float:
    """Relative error of the number of colonies for exponential growth from size 1, where it is known."""
    curve = growth_curve("exponential", {"a": rate}, 1.0)
    solved = solve_renewal(curve, curve, days=days, seeding=seeding, exponent=EXPONENT, points=points)
    speed = EXPONENT * rate + seeding
    exact = seeding * math.expm1(speed * days) / speed
    return solved.number() / exact - 1.0


def _malthusian_error() -> float:
    """Late growth rate of births in a strongly seeding setting against the root of the characteristic equation."""
    curve = growth_curve("gompertz", {"a": 0.5, "b": 0.1}, 1.0)
    root = malthusian_exponent(curve, seeding=0.02, exponent=EXPONENT)
    solved = solve_renewal(curve, curve, days=150.0, seeding=0.02, exponent=EXPONENT, points=8001)
    k = int(round(10.0 / solved.step))
    late = math.log(solved.births[-1] / solved.births[-1 - k]) / (k * solved.step)
    return abs(late / root - 1.0)
