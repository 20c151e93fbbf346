"""Anderson and others: cells that break the matrix down through a protease and climb its gradient.

    cells     n_t = d_n lap n - gamma div(n grad f)
    matrix    f_t = -eta m f
    protease  m_t = d_m lap m + alpha n - beta m

Cells do not divide. A ridge of them leaves the bulk and travels with the edge of the matrix. Usual start:
n = exp(-(x / extent)^2), f = 1 - n / 2, m = n / 2, with an extent of 0.1. Source: ``anderson2000``; the constants were
read in a public program of the model, the start is the usual one and not confirmed.
"""

from __future__ import annotations

import numpy as np

from diaspore.core.jit import kernel
from diaspore.fields.continuum import Mover
from diaspore.fields.invasion.model import Model, Values


@kernel
def rates(u, parameters, production, loss):
    """Breakdown of the matrix; protease from cells."""
    eta, alpha, beta = parameters[2], parameters[4], parameters[5]
    for i in range(u.shape[1]):
        production[0, i] = loss[0, i] = production[1, i] = 0.0
        loss[1, i] = eta * u[2, i]
        production[2, i] = alpha * u[0, i]
        loss[2, i] = beta


def _movers(p: Values) -> tuple[Mover, ...]:
    return Mover(p["d_n"], follows=((1, p["gamma"]),)), Mover(), Mover(p["d_m"])


def _start(distance: np.ndarray, extent: float, spacing: float, p: Values) -> tuple[np.ndarray, ...]:
    n = np.exp(-((distance / extent) ** 2))
    return n, 1.0 - 0.5 * n, 0.5 * n


MODEL = Model(
    name="haptotaxis",
    title="Breakdown of the matrix and haptotaxis (Anderson)",
    species=("cells", "matrix", "protease"),
    symbols=("n", "f", "m"),
    parameters=("d_n", "gamma", "eta", "d_m", "alpha", "beta"),
    rates=rates,
    movers=_movers,
    start=_start,
    extent=0.1,
    extent_is="where cells have fallen to 1/e",
    watched=1,
    level=0.5,
    step=(0.01, 0.01),
    sources={"anderson2000": "breakdown of the matrix and haptotaxis: equations and constants"},
)
