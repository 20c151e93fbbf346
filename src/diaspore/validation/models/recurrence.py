"""Time to the first metastasis of M cells: exact law and exact simulation of every event.

A primary grows as N exp(r t) and is resected at t = 0 with N cells. Metastases start from one cell at rate nu n(t), t
<= 0, and are independent linear birth-death processes. tau is the first time any of them reaches M cells. Rates in
1/day. Source: avanzini2019 (model); the law is P(tau > t) = exp(-int nu n(s) F(t - s) ds) with F(u) the probability
to have reached M by age u.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diaspore.core.jit import kernel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RecurrenceModel:
    """birth, death, primary_growth: 1/day; cells_at_resection: N; initiation: nu, 1/day per primary cell;
    detectable: M cells.
    """

    birth: float
    death: float
    primary_growth: float
    cells_at_resection: float
    initiation: float
    detectable: int

    @property
    def growth(self) -> float:
        """Net growth rate of a metastasis."""
        return self.birth - self.death

    @property
    def initiated(self) -> float:
        """Expected number of metastases ever started."""
        return self.initiation * self.cells_at_resection / self.primary_growth

    @property
    def reach_probability(self) -> float:
        """Probability that one founder ever reaches M cells (gambler's ruin)."""
        q = self.death / self.birth
        return (1.0 - q) / (1.0 - q**self.detectable)

    @property
    def never(self) -> float:
        """Probability that no metastasis ever reaches M."""
        return math.exp(-self.initiated * self.reach_probability)


def passage_exact(model: RecurrenceModel, ages: Array) -> Array:
    """F(u): probability that a founder has reached M cells by age u, from the backward equations. Shape of ``ages``."""
    from scipy.integrate import solve_ivp

    m = model.detectable
    i = np.arange(1, m, dtype=float)

    def rates(_: float, h: Array) -> Array:
        up = np.append(h[1:], 1.0)
        down = np.append(0.0, h[:-1])
        return i * (model.birth * (up - h) + model.death * (down - h))

    band = {"lband": 1, "uband": 1} if m > 3 else {}  # the solver refuses bands as wide as the system
    solved = solve_ivp(
        rates, (0.0, float(ages[-1])), np.zeros(m - 1), method="LSODA", t_eval=ages, rtol=1e-9, atol=1e-12, **band
    )
    if not solved.success:
        raise RuntimeError(solved.message)
    return np.asarray(solved.y[0])


def passage_gumbel(model: RecurrenceModel, ages: Array) -> Array:
    """F(u) for large M: (1 - q) exp(-M (1 - q) exp(-growth u))."""
    survive = 1.0 - model.death / model.birth
    return np.asarray(survive * np.exp(-model.detectable * survive * np.exp(-model.growth * ages)))


def survival(model: RecurrenceModel, times: Array, ages: Array, passage: Array) -> Array:
    """P(tau > t) at ``times`` (days after resection, may be negative), with F given on a uniform grid of ages."""
    h = float(ages[1] - ages[0])
    out = np.empty(times.size)
    for k, t in enumerate(times):
        # substitute the age u = t - s >= max(t, 0); n(s) = N exp(r (t - u))
        low = max(float(t), 0.0)
        u = np.append(low, ages[ages > low + 1e-12])
        f = np.interp(u, ages, passage)
        weight = np.exp(model.primary_growth * (t - u))
        inner = float(np.sum(0.5 * np.diff(u) * ((f * weight)[1:] + (f * weight)[:-1]))) if u.size > 1 else 0.0
        tail = passage[-1] * math.exp(model.primary_growth * (t - max(ages[-1], low))) / model.primary_growth
        out[k] = math.exp(-model.initiation * model.cells_at_resection * (inner + tail))
    if not h > 0.0:
        raise ValueError("the grid of ages must increase")
    return out


@kernel
def _simulate(
    mean: float, r: float, birth: float, death: float, m: int, replicates: int, horizon: float, rng: np.random.Generator
) -> Array:
    tau = np.full(replicates, np.inf)
    p_birth = birth / (birth + death)
    for k in range(replicates):
        for _ in range(rng.poisson(mean)):
            now = -rng.standard_exponential() / r
            cells = 1
            while 0 < cells < m and now < horizon and now < tau[k]:
                now += rng.standard_exponential() / (cells * (birth + death))
                cells += 1 if rng.random() < p_birth else -1
            if cells == m and now < tau[k]:
                tau[k] = now
    return tau


def simulate(model: RecurrenceModel, replicates: int, seed: int, horizon: float = math.inf) -> Array:
    """Times tau (days after resection; infinite: never, or later than ``horizon``). Shape (replicates,)."""
    rng = np.random.Generator(np.random.Philox(seed))
    return _simulate(
        model.initiated, model.primary_growth, model.birth, model.death, model.detectable, replicates, horizon, rng
    )
