"""Bone remodelling by osteoclasts and osteoblasts, with or without a tumour that upsets their signals.

    C' = a1 C**G11 B**G21 - b1 C
    B' = a2 C**G12 B**G22 - (b2 - v1) B
    z' = k2 max(B - B*, 0) - k1 max(C - C*, 0)
    T' = growth T ln(L/T) - v2 T

with the tumour fraction s = T/L in the exponents: G11 = g11 (1 + r11 s), G21 = g21 (1 + r21 s), G12 = g12 / (1 + r12
s), G22 = g22 - r22 s. C and B are cells of one remodelling unit, z bone mass in percent, T tumour burden in percent
of L = 100, time in days. C* and B* are the steady state (of the full tumour where there is one). v1, v2 act from
``treatment_day`` on. Sources: komarova2003 (cells, bone), ayati2010 (tumour, treatment); constants as in the public
model files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diaspore.core.jit import inline, kernel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BoneParameters:
    """Constants; rates in 1/day, ``a1``, ``a2`` in cells/day, ``k1``, ``k2`` in percent/(cell day), exponents without
    unit."""

    a1: float = 3.0
    a2: float = 4.0
    b1: float = 0.2
    b2: float = 0.02
    g11: float = 0.5
    g21: float = -0.5
    g12: float = 1.0
    g22: float = 0.0
    k1: float = 0.24
    k2: float = 0.0017
    r11: float = 0.0
    r21: float = 0.0
    r12: float = 0.0
    r22: float = 0.0
    limit: float = 100.0
    growth: float = 0.0
    v1: float = 0.0
    v2: float = 0.0
    treatment_day: float = math.inf

    def with_treatment(self, day: float, v1: float = 0.001, v2: float = 0.008) -> BoneParameters:
        """The same with a proteasome-inhibitor-like treatment from ``day`` on (ayati2010)."""
        return replace(self, v1=v1, v2=v2, treatment_day=day)


NORMAL = BoneParameters()
"""One normal remodelling unit (komarova2003)."""

MYELOMA = BoneParameters(g11=1.1, k1=0.0748, k2=0.0006395, r11=0.005, r22=0.2, growth=0.005)
"""A unit invaded by myeloma (ayati2010)."""


def exponents(tumour_fraction: float, p: BoneParameters = MYELOMA) -> tuple[float, float, float, float]:
    """Exponents (G11, G21, G12, G22) at a tumour fraction T/L in 0..1."""
    s = tumour_fraction
    return p.g11 * (1 + p.r11 * s), p.g21 * (1 + p.r21 * s), p.g12 / (1 + p.r12 * s), p.g22 - p.r22 * s


def gamma(tumour_fraction: float, p: BoneParameters = MYELOMA) -> float:
    """Determinant-like constant ``G12 G21 - (1 - G11)(1 - G22)``; negative when the steady state exists as usual."""
    g11, g21, g12, g22 = exponents(tumour_fraction, p)
    return g12 * g21 - (1 - g11) * (1 - g22)


def steady_state(tumour_fraction: float, p: BoneParameters = MYELOMA, *, treated: bool = False) -> tuple[float, float]:
    """Osteoclasts and osteoblasts (cells) at rest when the tumour is held at a fraction T/L of its limit, in closed
    form.

    Both balances are linear in the logarithms of C and B. ``treated`` lowers the loss of osteoblasts by ``v1``.
    Raises ValueError when the two balances do not meet (gamma = 0).
    """
    g11, g21, g12, g22 = exponents(tumour_fraction, p)
    det = (g11 - 1) * (g22 - 1) - g12 * g21
    if det == 0.0:
        raise ValueError("the bone unit has no unique steady state at this tumour fraction")
    u = math.log(p.b1 / p.a1)
    v = math.log((p.b2 - (p.v1 if treated else 0.0)) / p.a2)
    return math.exp((u * (g22 - 1) - v * g21) / det), math.exp((v * (g11 - 1) - u * g12) / det)


@inline
def _rates(c: float, b: float, s: float, q: Array) -> tuple[float, float]:
    """d ln C/dt and d ln B/dt from ln C, ln B, the tumour fraction and the packed constants."""
    u = q[0] * math.exp((q[4] * (1.0 + q[10] * s) - 1.0) * c + q[5] * (1.0 + q[11] * s) * b) - q[2]
    v = q[1] * math.exp(q[6] / (1.0 + q[12] * s) * c + (q[7] - q[13] * s - 1.0) * b) - q[3]
    return u, v


@inline
def _bone(c: float, b: float, cs: float, bs: float, q: Array) -> float:
    return q[9] * max(math.exp(b) - bs, 0.0) - q[8] * max(math.exp(c) - cs, 0.0)


@kernel
def _run(c0: float, b0: float, z0: float, t0: float, cs: float, bs: float, q: Array, grid: Array, step: float) -> Array:
    """RK4 in ln C, ln B; the tumour in closed form; bone mass by Simpson's rule on the stages. Returns shape (4, n)."""
    n = grid.size
    out = np.empty((4, n))
    c, b, z = math.log(c0), math.log(b0), z0
    limit, rate, v1, v2, start = q[14], q[15], q[16], q[17], q[18]
    qt = q.copy()
    lt = math.log(t0 / limit) if t0 > 0.0 else 0.0
    now = grid[0]
    for i in range(n):
        while now < grid[i]:
            stop = grid[i]
            if now < start < stop:
                stop = start
            treated = now >= start
            qt[3] = q[3] - (v1 if treated else 0.0)
            rest = -v2 / rate if (treated and rate > 0.0) else 0.0
            drain = v2 if (treated and rate <= 0.0) else 0.0
            m = max(1, int(math.ceil((stop - now) / step - 1e-9)))
            h = (stop - now) / m
            decay = math.exp(-0.5 * rate * h)
            for _ in range(m):
                # ln(T/L) relaxes exponentially to ``rest``
                lm = rest + (lt - rest) * decay - 0.5 * h * drain
                le = rest + (lm - rest) * decay - 0.5 * h * drain
                s0 = math.exp(lt) if t0 > 0.0 else 0.0
                s1 = math.exp(lm) if t0 > 0.0 else 0.0
                s2 = math.exp(le) if t0 > 0.0 else 0.0
                ac, ab = _rates(c, b, s0, qt)
                pc, pb = c + 0.5 * h * ac, b + 0.5 * h * ab
                dc, db = _rates(pc, pb, s1, qt)
                rc, rb = c + 0.5 * h * dc, b + 0.5 * h * db
                ec, eb = _rates(rc, rb, s1, qt)
                wc, wb = c + h * ec, b + h * eb
                fc, fb = _rates(wc, wb, s2, qt)
                nc = c + h / 6.0 * (ac + 2.0 * dc + 2.0 * ec + fc)
                nb = b + h / 6.0 * (ab + 2.0 * db + 2.0 * eb + fb)
                z += h / 6.0 * (
                    _bone(c, b, cs, bs, q) + 2.0 * _bone(pc, pb, cs, bs, q) + 2.0 * _bone(rc, rb, cs, bs, q)
                    + _bone(wc, wb, cs, bs, q)
                )  # fmt: skip
                c, b, lt = nc, nb, le
            now = stop
        out[0, i] = math.exp(c)
        out[1, i] = math.exp(b)
        out[2, i] = z
        out[3, i] = limit * math.exp(lt) if t0 > 0.0 else 0.0
    return out


@dataclass(frozen=True)
class BoneCourse:
    """Osteoclasts, osteoblasts (cells), bone mass (percent) and tumour (percent) at ``t`` (days); arrays of one
    shape."""

    t: Array
    osteoclasts: Array
    osteoblasts: Array
    bone_mass: Array
    tumour: Array


def remodel(
    t_grid_days: ArrayLike,
    *,
    osteoclasts: float,
    osteoblasts: float,
    bone_mass: float = 100.0,
    tumour: float = 0.0,
    parameters: BoneParameters = NORMAL,
    step: float = 0.02,
) -> BoneCourse:
    """Course of one unit from the given state at the first grid time; ``tumour`` in percent of the limit (0: none).

    The step (days) bounds the fourth-order Runge-Kutta step. Bone mass is counted against the steady state: of the
    full tumour when there is a tumour, else without. Raises ValueError for non-positive cell numbers or an unordered
    grid.
    """
    t = np.ascontiguousarray(t_grid_days, dtype=np.float64)
    if t.ndim != 1 or t.size == 0 or np.any(np.diff(t) < 0.0):
        raise ValueError("the time grid must be one-dimensional, not empty and increasing")
    if not (osteoclasts > 0.0 and osteoblasts > 0.0 and tumour >= 0.0 and step > 0.0):
        raise ValueError("cell numbers and step must be positive, the tumour not negative")
    p = parameters
    cs, bs = steady_state(1.0 if tumour > 0.0 else 0.0, p)
    packed = np.array([float(getattr(p, f.name)) for f in fields(p)])
    out = _run(osteoclasts, osteoblasts, bone_mass, tumour, cs, bs, packed, t, step)
    return BoneCourse(t, out[0], out[1], out[2], out[3])
