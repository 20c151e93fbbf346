"""Mechanistic model of metastatic neuroblastoma: closed forms, and the off-by-one of the published LDH."""

from __future__ import annotations

import math

import numpy as np

from diaspore.body.renewal import growth_curve, solve_renewal
from diaspore.validation.registry import Result

ALPHA = math.log(2.0) / 2.0  # doubling time 48 h
MU = 3.0321e-4
CELLS_PER_MM3 = 1e6
PRIMARY_CELLS = 1.14286e6 * CELLS_PER_MM3
VISIBLE_CELLS = math.pi / 6.0 * 3.356**3 * CELLS_PER_MM3
LDH_PER_CELL = 1e-9
STEPS = 1000
ERROR_NOTE = "the published figure rests on an error: its convolution is read one index too far"


def run() -> Result:
    """Closed forms against numerical solutions, with and without the published error."""
    result = Result()
    days = math.log(PRIMARY_CELLS) / ALPHA
    visible = MU / ALPHA * (PRIMARY_CELLS / VISIBLE_CELLS - 1.0)
    first = math.log1p(ALPHA / MU) / ALPHA
    metastatic = MU * days * PRIMARY_CELLS
    result.add("visible_metastases", visible)
    ldh = LDH_PER_CELL * (PRIMARY_CELLS + metastatic)
    wrong = LDH_PER_CELL * (PRIMARY_CELLS + metastatic * math.exp(ALPHA * days / STEPS))
    reason = f"{ERROR_NOTE}; without it {ldh:.2f}"
    result.add("ldh_with_published_error", wrong, reason=reason)
    result.add("first_metastasis_day", first)
    result.add("siopen_score", visible)
    result.add("ldh_measured", ldh)

    grid = np.linspace(0.0, days, STEPS + 1)
    right, shifted = (_metastatic_mass(grid, shift) for shift in (0, 1))
    result.add("ldh_without_error", abs(LDH_PER_CELL * (PRIMARY_CELLS + right) / ldh - 1.0))
    result.add("factor_relative_size", abs(shifted / right / math.exp(ALPHA * days / STEPS) - 1.0))
    curve = growth_curve("exponential", {"a": ALPHA}, 1.0)
    solved = solve_renewal(curve, curve, days=days, seeding=MU, exponent=1.0, secondary_seeding=0.0, points=20_001)
    result.add("visible_closed_form", abs(solved.count_above(VISIBLE_CELLS) / visible - 1.0))
    early = solve_renewal(curve, curve, days=first, seeding=MU, exponent=1.0, secondary_seeding=0.0, points=20_001)
    result.add("first_metastasis_closed_form", early.number())
    return result


def _metastatic_mass(grid: np.ndarray, shift: int) -> float:
    """Cells in metastases at the end of the grid by trapezoid; ``shift`` steps too far for the published error."""
    h = grid[1] - grid[0]
    ages = grid[-1] - grid + shift * h
    values = MU * np.exp(ALPHA * grid) * np.exp(ALPHA * ages)
    return float(h * (values.sum() - 0.5 * (values[0] + values[-1])))
