"""Fisher-KPP: cells that spread at random and grow up to a limit.

    n_t = d lap n + r n (1 - n)

A front of the half level approaches the speed 2 sqrt(r d) as 1 - 3 / (4 r t) of it. Usual start: n = 1 within the
extent, 0 beyond. Source: ``fisher1937``; both parameters are 1 by choice of units.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import kernel
from diaspore.fields.continuum import Mover
from diaspore.fields.invasion.model import Model, Values, filled


@kernel
def rates(u, parameters, production, loss):
    """Logistic growth."""
    r = parameters[1]
    for i in range(u.shape[1]):
        production[0, i] = loss[0, i] = r * u[0, i]


def _movers(p: Values) -> tuple[Mover, ...]:
    return (Mover(p["d"]),)


def _start(distance: np.ndarray, extent: float, spacing: float, p: Values) -> tuple[np.ndarray, ...]:
    return (filled(distance, extent, spacing),)


MODEL = Model(
    name="fisher-kpp",
    title="Growth and random motion (Fisher-KPP)",
    species=("cells",),
    symbols=("n",),
    parameters=("d", "r"),
    rates=rates,
    movers=_movers,
    start=_start,
    extent=5.0,
    extent_is="where cells end",
    watched=0,
    level=0.5,
    step=(0.02, 0.02),
    sources={"fisher1937": "growth and random motion of an advancing population"},
    linear_speed=lambda p: 2.0 * math.sqrt(p["r"] * p["d"]),
)
