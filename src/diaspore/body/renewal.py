"""Size-structured metastasis model in its renewal (Volterra) form.

A primary of size ``V_p(t)`` sheds colonies at the rate ``m_p V_p(t)**alpha``; every colony grows by the law
``V(age)`` from its founder size and sheds in turn at ``m_s V(age)**alpha``. The birth rate of colonies ``B`` obeys

    B(t) = m_p V_p(t)**alpha + int_0^t m_s V(t - s)**alpha B(s) ds

and every other quantity is an integral over ``B``: the number of colonies, their total size, the number above a size,
the density over size. This is the transport equation of Iwata, Kawasaki and Shigesada along its characteristics.

Sizes may be cells or mm3 (one unit for all sizes of a call); time is in days, growth rates in 1/day, seeding
coefficients in ``size**-alpha / day``. The quadrature is the trapezoid rule, second order in the step.

Sources: iwata2000 (model), hartung2014 and bulai2024 (renewal form), benzekry2014 (growth laws).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
GrowthCurve = Callable[[Array], Array]

GROWTH_LAWS: dict[str, tuple[str, ...]] = {
    "gompertz": ("a", "b"),
    "exponential": ("a",),
    "logistic": ("a", "capacity"),
    "generalised_logistic": ("a", "capacity", "nu"),
    "von_bertalanffy": ("a", "g", "b"),
    "power_law": ("a", "g"),
}


def growth_curve(law: str, parameters: Mapping[str, float], founder: float) -> GrowthCurve:
    """Closed-form size against age for a growth law given by name.

    ``gompertz``: ``founder exp(a/b (1 - exp(-b t)))``; ``exponential``: rate ``a``; ``logistic``: ``a V (1 -
    V/capacity)``; ``generalised_logistic``: ``a V (1 - (V/capacity)**nu)``; ``von_bertalanffy``: ``a V**g - b V``;
    ``power_law``: ``a V**g`` (``g`` below 1). ``founder`` is the size at age 0. Raises ValueError for an unknown law
    or a missing parameter.
    """
    if law not in GROWTH_LAWS:
        raise ValueError(f"unknown growth law {law!r}; known: {', '.join(GROWTH_LAWS)}")
    needed = GROWTH_LAWS[law]
    if set(parameters) != set(needed):
        raise ValueError(
            f"growth law {law!r} needs exactly the parameters {', '.join(needed)}; got {', '.join(parameters)}"
        )
    if not founder > 0.0:
        raise ValueError(f"the founder size must be positive, got {founder}")
    p = {k: float(v) for k, v in parameters.items()}
    a = p["a"]

    if law == "gompertz":
        return lambda t: founder * np.exp(-(a / p["b"]) * np.expm1(-p["b"] * t))
    if law == "exponential":
        return lambda t: founder * np.exp(a * t)
    if law in ("logistic", "generalised_logistic"):
        nu, cap = p.get("nu", 1.0), p["capacity"]
        # expm1 keeps the difference exact for the very small exponents nu of fitted mouse data
        offset = np.expm1(nu * np.log(cap / founder))
        return lambda t: cap * np.exp(-np.log1p(offset * np.exp(-a * nu * t)) / nu)
    g = p["g"]
    if not g < 1.0:
        raise ValueError(f"the exponent g must be below 1, got {g}")
    start = founder ** (1.0 - g)
    if law == "power_law":
        return lambda t: (start + a * (1.0 - g) * t) ** (1.0 / (1.0 - g))
    b = p["b"]
    return lambda t: (a / b + (start - a / b) * np.exp(-b * (1.0 - g) * t)) ** (1.0 / (1.0 - g))


def iwata_parameters(rate: float, limit: float, founder: float = 1.0) -> dict[str, float]:
    """Gompertz parameters (a, b) of ``growth_curve`` for ``V' = rate V ln(limit/V)`` started at ``founder``."""
    return {"a": rate * float(np.log(limit / founder)), "b": rate}


@dataclass(frozen=True)
class RenewalSolution:
    """Solution on a uniform grid. ``t`` (days), ``births`` (1/day), ``primary``, ``colony`` (size by age): shape
    (n,)."""

    t: Array
    births: Array
    primary: Array
    colony: Array
    cumulative: Array

    @property
    def step(self) -> float:
        """Time step in days."""
        return float(self.t[1] - self.t[0])

    def number(self, time: float | None = None) -> float:
        """Colonies founded up to ``time`` (default: the end of the grid)."""
        return self._founded_until(self._end(time))

    def total_size(self, time: float | None = None) -> float:
        """Sum of the sizes of all colonies at ``time``; a grid point (nearest is taken)."""
        k = self._index(time)
        return _trapezoid(self.births[: k + 1] * self.colony[k::-1], self.step)

    def age_at(self, size: float) -> float:
        """Age in days at which a colony reaches ``size``; infinite if not within the grid, 0 up to the founder size."""
        if size <= self.colony[0]:
            return 0.0
        if size > self.colony[-1]:
            return float("inf")
        k = int(np.searchsorted(self.colony, size))
        lo, hi = self.colony[k - 1], self.colony[k]
        # between grid points growth is close to exponential, so the age is interpolated in the logarithm of size
        return float(self.t[k - 1] + self.step * np.log(size / lo) / np.log(hi / lo))

    def count_above(self, size: float, time: float | None = None) -> float:
        """Colonies larger than ``size`` at ``time``."""
        return self._founded_until(self._end(time) - self.age_at(size))

    def density(self, sizes: ArrayLike, time: float | None = None) -> Array:
        """Colonies per unit of size, at ``sizes`` (any shape), at ``time``: ``B(time - age(x)) / growth speed(x)``."""
        end = self._end(time)
        speed = np.gradient(self.colony, self.step, edge_order=2)
        flat = np.atleast_1d(np.asarray(sizes, dtype=float))
        out = np.zeros(flat.shape)
        for i, x in np.ndenumerate(flat):
            age = self.age_at(float(x))
            if x >= self.colony[0] and age <= end:
                out[i] = np.interp(end - age, self.t, self.births) / np.interp(age, self.t, speed)
        return out

    def _end(self, time: float | None) -> float:
        end = float(self.t[-1]) if time is None else float(time)
        if end > self.t[-1] * (1 + 1e-12):
            raise ValueError(f"time {end} lies beyond the solved {self.t[-1]} days")
        return end

    def _index(self, time: float | None) -> int:
        return int(round(self._end(time) / self.step))

    def _founded_until(self, time: float) -> float:
        if time <= 0.0 or not np.isfinite(time):
            return 0.0
        k = min(int(time / self.step), self.t.size - 2)
        part = time - self.t[k]
        slope = (self.births[k + 1] - self.births[k]) / self.step
        return float(self.cumulative[k] + part * (self.births[k] + 0.5 * part * slope))


def solve_renewal(
    primary: GrowthCurve,
    colony: GrowthCurve,
    *,
    days: float,
    seeding: float,
    exponent: float,
    secondary_seeding: float | None = None,
    resection_day: float | None = None,
    points: int = 4001,
) -> RenewalSolution:
    """Solve the renewal equation on ``points`` equally spaced times from 0 to ``days``.

    primary, colony: size against time or age (days), vectorised, positive (see ``growth_curve``).
    seeding, secondary_seeding: coefficients of ``size**exponent`` in 1/day; the secondary default is the same as
    ``seeding``, 0 switches secondary seeding off. resection_day: the primary sheds nothing after it (moved to the
    nearest grid point; within one step of it the number of colonies is first order only). Raises ValueError for a
    non-positive horizon, fewer than 3 points or a size that is not finite and positive.
    """
    if not days > 0.0 or points < 3:
        raise ValueError(f"need a positive number of days and at least 3 points, got {days} and {points}")
    m_s = seeding if secondary_seeding is None else secondary_seeding
    t = np.linspace(0.0, days, points)
    h = float(t[1] - t[0])
    size_p = np.asarray(primary(t), dtype=float)
    size_c = np.asarray(colony(t), dtype=float)
    for name, values in (("primary", size_p), ("colony", size_c)):
        if values.shape != t.shape or not np.all(np.isfinite(values)) or np.any(values <= 0.0):
            raise ValueError(f"the {name} curve must give finite positive sizes, one for each time")
    source = seeding * size_p**exponent
    if resection_day is not None:
        k = int(round(resection_day / h))
        source[max(k + 1, 0) :] = 0.0
        if 0 <= k < points:
            source[k] *= 0.5  # the mean of both sides of the jump keeps the trapezoid rule second order
    births = _solve_volterra(source, m_s * size_c**exponent, h)
    cumulative = np.concatenate(([0.0], np.cumsum(0.5 * h * (births[1:] + births[:-1]))))
    return RenewalSolution(t, births, size_p, size_c, cumulative)


def _solve_volterra(source: Array, kernel: Array, h: float) -> Array:
    """Trapezoid solution of ``B = source + kernel * B`` (convolution); shapes (n,), (n,)."""
    births = source.copy()
    if not np.any(kernel > 0.0):
        return births
    reverse = kernel[::-1].copy()
    n = source.size
    diagonal = 1.0 - 0.5 * h * kernel[0]
    for i in range(1, n):
        # reverse[n - 1 - i + j] is kernel[i - j]
        inner = float(reverse[n - i : n - 1] @ births[1:i]) if i > 1 else 0.0
        births[i] = (source[i] + h * (0.5 * kernel[i] * births[0] + inner)) / diagonal
    return births


def _trapezoid(values: Array, h: float) -> float:
    return float(h * (values.sum() - 0.5 * (values[0] + values[-1]))) if values.size > 1 else 0.0


def malthusian_exponent(
    colony: GrowthCurve, *, seeding: float, exponent: float, days: float = 5000.0, points: int = 200_001
) -> float:
    """Late growth rate (1/day) of the colony birth rate: the root of ``1 = int seeding V(t)**exponent exp(-rate t)
    dt``.

    ``days`` must be so long that ``exp(-rate days)`` is negligible; the growth law must be bounded. Source:
    barbolosi2009.
    """
    from scipy.optimize import brentq

    t = np.linspace(0.0, days, points)
    beta = seeding * np.asarray(colony(t), dtype=float) ** exponent
    h = float(t[1] - t[0])

    def excess(rate: float) -> float:
        tail = beta[-1] * np.exp(-rate * days) / rate  # the law is flat beyond the horizon
        return _trapezoid(beta * np.exp(-rate * t), h) + float(tail) - 1.0

    low, high = 1e-6, 1.0
    while excess(high) > 0.0:
        high *= 2.0
    return float(brentq(excess, low, high, xtol=1e-14))
