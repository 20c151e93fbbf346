"""Chaplain and Lolas: invasion with the urokinase plasminogen activation system.

    cells      c_t = d_c lap c - div(c (chi_u grad u + chi_p grad p + chi_v grad v)) + mu1 c (1 - c)
    matrix     v_t = -delta v m + phi21 u p - phi22 v p + mu2 v (1 - v)
    activator  u_t = d_u lap u - phi31 p u - phi33 c u + alpha31 c
    inhibitor  p_t = d_p lap p - phi41 p u - phi42 p v + alpha41 m
    plasmin    m_t = d_m lap m + phi52 p v + phi53 c u - phi54 m

Behind the front, clusters of cells emerge, merge and part. They depend on the mesh; only early profiles and the front
converge. Usual start: c = exp(-(x / extent)^2) with extent^2 = 0.005, v = 1 - c / 2, u = c / 2, p = c / 20, m = 0.
Source: ``chaplain2005``; constants and start are recalled and could not be confirmed in the paper.
"""

from __future__ import annotations

import math

import numpy as np

from diaspore.core.jit import kernel
from diaspore.fields.continuum import Mover
from diaspore.fields.invasion.model import Model, Values

_KINETICS = (
    "mu1", "delta", "phi21", "phi22", "mu2", "phi31", "phi33", "alpha31", "phi41", "phi42", "alpha41", "phi52",
    "phi53", "phi54",
)  # fmt: skip


@kernel
def rates(u, parameters, production, loss):
    """Growth of cells, breakdown and renewal of the matrix, binding and activation."""
    mu1, delta, phi21, phi22, mu2 = parameters[0], parameters[1], parameters[2], parameters[3], parameters[4]
    phi31, phi33, alpha31 = parameters[5], parameters[6], parameters[7]
    phi41, phi42, alpha41 = parameters[8], parameters[9], parameters[10]
    phi52, phi53, phi54 = parameters[11], parameters[12], parameters[13]
    for i in range(u.shape[1]):
        c, v, a, p, m = u[0, i], u[1, i], u[2, i], u[3, i], u[4, i]
        production[0, i] = loss[0, i] = mu1 * c
        production[1, i] = phi21 * a * p + mu2 * v
        loss[1, i] = delta * m + phi22 * p + mu2 * v
        production[2, i] = alpha31 * c
        loss[2, i] = phi31 * p + phi33 * c
        production[3, i] = alpha41 * m
        loss[3, i] = phi41 * a + phi42 * v
        production[4, i] = phi52 * p * v + phi53 * c * a
        loss[4, i] = phi54


def _movers(p: Values) -> tuple[Mover, ...]:
    up = ((2, p["chi_u"]), (3, p["chi_p"]), (1, p["chi_v"]))
    return Mover(p["d_c"], follows=up), Mover(), Mover(p["d_u"]), Mover(p["d_p"]), Mover(p["d_m"])


def _start(distance: np.ndarray, extent: float, spacing: float, p: Values) -> tuple[np.ndarray, ...]:
    c = np.exp(-((distance / extent) ** 2))
    return c, 1.0 - 0.5 * c, 0.5 * c, 0.05 * c, np.zeros_like(c)


MODEL = Model(
    name="upa",
    title="The urokinase plasminogen activation system (Chaplain and Lolas)",
    species=("cells", "matrix", "activator", "inhibitor", "plasmin"),
    symbols=("c", "v", "u", "p", "m"),
    parameters=(*_KINETICS, "d_c", "d_u", "d_p", "d_m", "chi_u", "chi_p", "chi_v"),
    rates=rates,
    movers=_movers,
    start=_start,
    extent=math.sqrt(0.005),
    extent_is="where cells have fallen to 1/e",
    watched=0,
    level=0.05,
    step=(0.02, 0.02),
    sources={"chaplain2005": "the urokinase plasminogen activation system: equations and constants"},
    linear_speed=lambda p: 2.0 * math.sqrt(p["mu1"] * p["d_c"]),
)
