"""El-Hachem, McCue and Simpson: melanoma cells that break skin down and enter where it has gone.

    cells   u_t = div((1 - v) grad u) + u (1 - u - v)
    tissue  v_t = -gamma u v,  v = V ahead of the cells

With V = 0 this is Fisher-KPP; for V < 1 a front moves at least at 2 (1 - V), with V = 1 it waits for tissue to go.
Usual start: u = 1 within the extent, 0 beyond; v = V everywhere. Where V = 1, cells enter one volume further in a step
at most, so the step must be short for the spacing. Source: ``elhachem2021``; the usual gamma and V are one of the pairs
in its authors' program.
"""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import kernel
from diaspore.fields.continuum import Mover
from diaspore.fields.invasion.model import Model, Values, filled


@kernel
def rates(u, parameters, production, loss):
    """Growth in the space that tissue leaves, and its breakdown."""
    gamma = parameters[0]
    for i in range(u.shape[1]):
        production[0, i] = u[0, i]
        loss[0, i] = u[0, i] + u[1, i]
        production[1, i] = 0.0
        loss[1, i] = gamma * u[0, i]


def _movers(p: Values) -> tuple[Mover, ...]:
    return Mover(1.0, hindered_by=1), Mover()


def _start(distance: np.ndarray, extent: float, spacing: float, p: Values) -> tuple[np.ndarray, ...]:
    return filled(distance, extent, spacing), np.full(distance.shape, p["v"])


MODEL = Model(
    name="el-hachem",
    title="Invasion of tissue that is broken down (El-Hachem)",
    species=("cells", "tissue"),
    symbols=("u", "v"),
    parameters=("gamma", "v"),
    rates=rates,
    movers=_movers,
    start=_start,
    extent=10.0,
    extent_is="where cells end",
    watched=0,
    level=0.5,
    step=(0.01, 0.01),
    sources={"elhachem2021": "invasion of tissue that is broken down: equations and constants"},
    linear_speed=lambda p: 2.0,
)
