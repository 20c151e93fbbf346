"""Tumour growth under angiogenic control: volume and the capacity of its vasculature.

    V' = -growth V ln(V / K)
    K' = -loss K + stimulation V - inhibition K V**(2/3) - effect g(t) K
    g' = -clearance g, a dose adds its amount

V and K in mm3, time in days, ``growth``, ``loss``, ``stimulation`` and ``clearance`` in 1/day, ``inhibition`` in
1/(day mm2), ``effect`` in 1/(day dose), doses in mg/kg.

Classical fourth-order Runge-Kutta in ln V and ln K, which keeps both positive. It is stable while
``step * stimulation * V/K`` stays below 2.7, so a step of 0.2 day serves the default constants. Where ``growth`` is
small against ``stimulation * V/K``, K is close to ``(stimulation / inhibition) V**(1/3)`` and V to a Gompertz curve
of rate ``2/3 growth``.

Source: hahnfeldt1999 (equations; constants of table 1 for Lewis lung tumours in mice).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diaspore.core.jit import inline, kernel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AngiogenesisParameters:
    """Constants of the model; the defaults are Lewis lung tumours in mice (hahnfeldt1999, table 1, animals)."""

    growth: float = 0.192
    loss: float = 0.0
    stimulation: float = 5.85
    inhibition: float = 0.00873

    @property
    def plateau_mm3(self) -> float:
        """Volume at which V = K is at rest: ``((stimulation - loss) / inhibition)**1.5``."""
        return max((self.stimulation - self.loss) / self.inhibition, 0.0) ** 1.5


@dataclass(frozen=True)
class AngiogenesisInhibitor:
    """A drug on the vasculature: ``effect`` 1/(day mg/kg), ``clearance`` 1/day."""

    effect: float
    clearance: float


INHIBITORS: dict[str, AngiogenesisInhibitor] = {
    "tnp470": AngiogenesisInhibitor(1.3, 10.1),
    "angiostatin": AngiogenesisInhibitor(0.15, 0.38),
    "endostatin": AngiogenesisInhibitor(0.66, 1.7),
}
"""Inhibitors of hahnfeldt1999, table 1 (animals)."""


@inline
def _advance(
    x: float,
    y: float,
    days: float,
    step: float,
    growth: float,
    loss: float,
    stimulation: float,
    inhibition: float,
    kill: float,
    clearance: float,
) -> tuple[float, float]:
    """Advance ln V, ln K by ``days``; ``kill`` is effect times drug level at the start, decaying at ``clearance``."""
    if days <= 0.0:
        return x, y
    n = max(1, int(math.ceil(days / step - 1e-9)))
    h = days / n
    half = math.exp(-0.5 * clearance * h)
    for _ in range(n):
        k0 = kill
        k1 = k0 * half
        k2 = k1 * half
        ax = -growth * (x - y)
        ay = -loss + stimulation * math.exp(x - y) - inhibition * math.exp(2.0 * x / 3.0) - k0
        u, v = x + 0.5 * h * ax, y + 0.5 * h * ay
        bx = -growth * (u - v)
        by = -loss + stimulation * math.exp(u - v) - inhibition * math.exp(2.0 * u / 3.0) - k1
        u, v = x + 0.5 * h * bx, y + 0.5 * h * by
        cx = -growth * (u - v)
        cy = -loss + stimulation * math.exp(u - v) - inhibition * math.exp(2.0 * u / 3.0) - k1
        u, v = x + h * cx, y + h * cy
        dx = -growth * (u - v)
        dy = -loss + stimulation * math.exp(u - v) - inhibition * math.exp(2.0 * u / 3.0) - k2
        x += h / 6.0 * (ax + 2.0 * bx + 2.0 * cx + dx)
        y += h / 6.0 * (ay + 2.0 * by + 2.0 * cy + dy)
        kill = k2
    return x, y


@kernel
def hahnfeldt_path(
    v0: float,
    k0: float,
    growth: float,
    loss: float,
    stimulation: float,
    inhibition: float,
    t_grid_days: Array,
    step: float,
) -> tuple[Array, Array]:
    """Untreated volume and vascular capacity (mm3) at the times of an increasing grid.

    ``v0`` and ``k0`` (mm3, positive) hold at ``t_grid_days[0]``; ``step`` (days) bounds the Runge-Kutta step. Returns
    two arrays of the grid's shape. Compiled without Python objects, so other compiled code may call it.
    """
    n = t_grid_days.size
    volume = np.empty(n)
    capacity = np.empty(n)
    if n == 0:
        return volume, capacity
    x, y = math.log(v0), math.log(k0)
    volume[0] = v0
    capacity[0] = k0
    for i in range(1, n):
        days = t_grid_days[i] - t_grid_days[i - 1]
        x, y = _advance(x, y, days, step, growth, loss, stimulation, inhibition, 0.0, 0.0)
        volume[i] = math.exp(x)
        capacity[i] = math.exp(y)
    return volume, capacity


@kernel
def hahnfeldt_curve(
    v0: float,
    k0: float,
    growth: float,
    loss: float,
    stimulation: float,
    inhibition: float,
    t_grid_days: Array,
    step: float,
) -> Array:
    """Untreated volume (mm3) at the times of an increasing grid; arguments as in :func:`hahnfeldt_path`."""
    return hahnfeldt_path(v0, k0, growth, loss, stimulation, inhibition, t_grid_days, step)[0]


@kernel
def _treated_path(
    v0: float,
    k0: float,
    growth: float,
    loss: float,
    stimulation: float,
    inhibition: float,
    effect: float,
    clearance: float,
    dose_days: Array,
    doses: Array,
    t_grid_days: Array,
    step: float,
) -> tuple[Array, Array, Array]:
    n = t_grid_days.size
    volume, capacity, level = np.empty(n), np.empty(n), np.empty(n)
    x, y, g = math.log(v0), math.log(k0), 0.0
    now = t_grid_days[0]
    j = 0
    while j < dose_days.size and dose_days[j] <= now:
        g += doses[j] * math.exp(-clearance * (now - dose_days[j]))
        j += 1
    for i in range(n):
        while now < t_grid_days[i]:
            stop = t_grid_days[i]
            if j < dose_days.size and dose_days[j] < stop:
                stop = dose_days[j]
            x, y = _advance(x, y, stop - now, step, growth, loss, stimulation, inhibition, effect * g, clearance)
            g *= math.exp(-clearance * (stop - now))
            now = stop
            while j < dose_days.size and dose_days[j] <= now:
                g += doses[j]
                j += 1
        volume[i] = math.exp(x)
        capacity[i] = math.exp(y)
        level[i] = g
    return volume, capacity, level


@dataclass(frozen=True)
class AngiogenesisCourse:
    """Volumes and capacity in mm3 and drug level (mg/kg) at ``t`` (days); arrays of one shape."""

    t: Array
    volume: Array
    capacity: Array
    drug: Array


def grow(
    t_grid_days: ArrayLike,
    *,
    v0: float,
    k0: float,
    parameters: AngiogenesisParameters | None = None,
    inhibitor: AngiogenesisInhibitor | None = None,
    dose_days: Sequence[float] = (),
    dose: float | Sequence[float] = 0.0,
    step: float = 0.02,
) -> AngiogenesisCourse:
    """Course of one tumour, treated or not.

    v0, k0: volume and capacity (mm3) at the first grid time. dose_days, dose: days and amounts (mg/kg; one number for
    all); doses before the grid's start count with what is left of them. A dose on a grid day is counted in the level
    at that day. Raises ValueError for non-positive sizes, an unordered grid, or doses without an inhibitor.
    """
    t = np.ascontiguousarray(t_grid_days, dtype=np.float64)
    if t.ndim != 1 or t.size == 0 or np.any(np.diff(t) < 0.0):
        raise ValueError("the time grid must be one-dimensional, not empty and increasing")
    if not (v0 > 0.0 and k0 > 0.0 and step > 0.0):
        raise ValueError("v0, k0 and step must be positive")
    if inhibitor is None and len(dose_days) > 0:
        raise ValueError("doses were given without an inhibitor")
    p = parameters or AngiogenesisParameters()
    drug = inhibitor or AngiogenesisInhibitor(0.0, 0.0)
    days = np.asarray(dose_days, dtype=np.float64)
    amounts = np.broadcast_to(np.asarray(dose, dtype=np.float64), days.shape)
    order = np.argsort(days, kind="stable")
    volume, capacity, level = _treated_path(
        v0, k0, p.growth, p.loss, p.stimulation, p.inhibition, drug.effect, drug.clearance,
        days[order].copy(), amounts[order].copy(), t, step,
    )  # fmt: skip
    return AngiogenesisCourse(t, volume, capacity, level)
