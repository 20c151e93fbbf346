"""Metastatic bottleneck: chance that a primary of a given diameter has a detected distant metastasis.

Primary volume grows exponentially at r per year from X0 = 1e-4 cm3; 1e6 surface cells per cm2 shed 11 cells per cell
and year, of which a share 0.8 extravasates. A colony of i cells grows with birth i/b per cell against death 1, so
that one cell survives with exp(-b); b is lognormal over patients. A metastasis is detected between ages T1 and T0.
Source: szczurek2020.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

START_CM3 = 1e-4
SHED_PER_YEAR = 11.0
EXTRAVASATION = 0.8
SURFACE_CELLS_PER_CM2 = 1e6
YEAR_DAYS = 365.24


@dataclass(frozen=True)
class Fit:
    """doubling_days; t0, t1 in years; mu, sigma of the lognormal bottleneck b (cells)."""

    doubling_days: float
    t0: float
    t1: float
    mu: float
    sigma: float

    @property
    def published_rate(self) -> float:
        """Growth rate as used in the published fit: the reciprocal error, per year."""
        return self.doubling_days * math.log(2.0) / YEAR_DAYS

    @property
    def corrected_rate(self) -> float:
        """Growth rate that belongs to the doubling time, per year."""
        return math.log(2.0) * YEAR_DAYS / self.doubling_days


def seeded_cells(fit: Fit, rate: float, diameter_cm: float) -> float:
    """Expected extravasated cells of the age at which a metastasis would be detected at diagnosis."""
    age = (math.log(math.pi / 6.0) + 3.0 * math.log(diameter_cm) - math.log(START_CM3)) / rate
    t0 = max(age - fit.t0, 0.0)
    t1 = max(age - fit.t1, t0)
    surface = (36.0 * math.pi) ** (1.0 / 3.0) * START_CM3 ** (2.0 / 3.0) * SURFACE_CELLS_PER_CM2
    k = 2.0 * rate / 3.0
    return EXTRAVASATION * SHED_PER_YEAR * surface / k * (math.exp(k * t1) - math.exp(k * t0))


def share_metastatic(fit: Fit, rate: float, diameter_cm: float, nodes: int = 96) -> float:
    """Share of patients with a detected metastasis, by Gauss-Hermite quadrature over ln b."""
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    b = np.exp(fit.mu + fit.sigma * x)
    hit = -np.expm1(-np.exp(-b) * seeded_cells(fit, rate, diameter_cm))
    return float(hit @ w / w.sum())


def share_metastatic_adaptive(fit: Fit, rate: float, diameter_cm: float) -> float:
    """The same by adaptive quadrature."""
    from scipy.integrate import quad

    cells = seeded_cells(fit, rate, diameter_cm)

    def integrand(x: float) -> float:
        survival = math.exp(-math.exp(fit.mu + fit.sigma * x))
        return -math.expm1(-survival * cells) * math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)

    return sum(float(quad(integrand, k, k + 1, epsabs=0.0, epsrel=1e-10)[0]) for k in range(-9, 9))


def survival_by_series(b: float, terms: int = 400) -> float:
    """Survival of one founder from the birth-death chain: 1 / sum_k prod_{i <= k} death_i / birth_i, birth i/b,
    death 1.
    """
    total, term = 1.0, 1.0
    for i in range(1, terms):
        term *= b / i
        total += term
    return 1.0 / total
