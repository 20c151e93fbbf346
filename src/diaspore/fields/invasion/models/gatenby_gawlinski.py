"""Gatenby-Gawlinski: a tumour that poisons the tissue in its way with acid.

    tissue  u_t = u (1 - u) - d1 u c
    tumour  w_t = rho w (1 - w) + div(d2 (1 - u) grad w)
    acid    c_t = d3 (w - c) + lap c

Times are in units of the growth of normal tissue, lengths in the way that acid diffuses meanwhile. Tumour cells enter
only where tissue has gone. With d1 < 1 both live together behind the front, above that tissue dies, and with a large
d1 a gap free of cells opens ahead of the tumour. Usual start: tumour alone within the extent, tissue alone beyond, no
acid. On a rectangle acid is split among the axes while it turns over fast, which takes a shorter step than on a line.
Sources: ``gatenby1996``, constants as quoted by ``martin2010``.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import kernel
from diaspore.fields.continuum import Mover
from diaspore.fields.invasion.model import Model, Values, filled


@kernel
def rates(u, parameters, production, loss):
    """Logistic growth of both and killing by acid; acid itself turns over with its diffusion."""
    d1, rho = parameters[0], parameters[3]
    for i in range(u.shape[1]):
        production[0, i] = u[0, i]
        loss[0, i] = u[0, i] + d1 * u[2, i]
        production[1, i] = loss[1, i] = rho * u[1, i]
        production[2, i] = loss[2, i] = 0.0


def _movers(p: Values) -> tuple[Mover, ...]:
    return Mover(), Mover(p["d2"], hindered_by=0), Mover(1.0, turnover=p["d3"], towards=1)


def _start(distance: np.ndarray, extent: float, spacing: float, p: Values) -> tuple[np.ndarray, ...]:
    tumour = filled(distance, extent, spacing)
    return 1.0 - tumour, tumour, np.zeros_like(tumour)


MODEL = Model(
    name="gatenby-gawlinski",
    title="Acid-mediated invasion (Gatenby-Gawlinski)",
    species=("tissue", "tumour", "acid"),
    symbols=("u", "w", "c"),
    parameters=("d1", "d2", "d3", "rho"),
    rates=rates,
    movers=_movers,
    start=_start,
    extent=0.2,
    extent_is="where the tumour ends and tissue begins",
    watched=1,
    level=0.5,
    step=(0.01, 0.0025),
    sources={
        "gatenby1996": "invasion by acid: equations and constants",
        "martin2010": "the constants of invasion by acid, quoted",
    },
    linear_speed=lambda p: 2.0 * math.sqrt(p["rho"] * p["d2"]),
)
