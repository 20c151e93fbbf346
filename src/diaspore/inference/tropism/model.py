"""The penalised fit of counts, and predictions from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.inference.tropism.density import Density, density_of, log_likelihood
from diaspore.inference.tropism.emulator import at_number_of_sites, conditional
from diaspore.inference.tropism.table import Table
from diaspore.inference.tropism.terms import (
    MOST,
    PRIORS,
    Term,
    choose_own,
    choose_shared,
    mean_of_others,
    solve,
    working,
)


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes:
        table: what was fitted.
        beta: exponent of flow.
        mean: mean of ln u.
        primary: ln primary factor by name.
        site: ln soil factor by site of MSK-MET.
        terms: interactions with their ln factors.
        overdispersion: of the beta-binomial counts (0: binomial).
        deviance: beta-binomial minus twice log likelihood.
    """

    table: Table
    beta: float
    mean: float
    primary: dict[str, float]
    site: dict[str, float]
    terms: tuple[tuple[Term, float], ...]
    overdispersion: float
    deviance: float

    @property
    def names(self) -> list[str]:
        """Names of all free parameters, in the order of `vector`."""
        return [
            "beta",
            "mean",
            *(f"primary.{name}" for name in self.primary),
            *(f"site.{name}" for name in self.site),
            *(f"term.{term.name}" for term, _value in self.terms),
            "overdispersion_logit",
        ]

    @property
    def vector(self) -> np.ndarray:
        """(k + 1,) all free parameters, in the order of `density_of`."""
        logit = float(np.log(self.overdispersion / (1.0 - self.overdispersion)))
        values = (*self.primary.values(), *self.site.values(), *(value for _term, value in self.terms))
        return np.array([self.beta, self.mean, *values, logit])

    @property
    def density(self) -> Density:
        """What is largest at this fit."""
        return density_of(self.table, [term for term, _value in self.terms])

    def ln_rate(self, table: Table, *, own_factor: bool = True) -> np.ndarray:
        """(primaries, sites) ln u of the rows of any table; a primary that was not fitted has factor 1."""
        factor = np.array([self.primary.get(c.name, 0.0) if own_factor else 0.0 for c in table.cancers])
        soil = np.array([self.site[name] for name in table.sites])
        result = self.beta * table.ln_flow + self.mean + factor[:, None] + soil[None]
        for term, value in self.terms:
            result = result + value * term.column(table)
        return result

    def shares(self) -> np.ndarray:
        """(primaries, sites) fitted share of metastatic patients with the site; nan in cells that do not count."""
        has = self.table.has_organ * self.table.counts
        masked = np.where(self.table.counts, self.ln_rate(self.table), -np.inf)
        result: np.ndarray = np.where(self.table.counts, has * conditional(masked, has), np.nan)
        return result

    def predict(self, table: Table, row: int) -> np.ndarray:
        """(sites,) share of a primary that was not fitted (row of ``table``); nan in cells that do not count."""
        has = table.has_organ[row] * table.counts[row]
        wanted = float((has * mean_of_others(self.table, None)).sum())
        ln_u = np.where(table.counts[row], self.ln_rate(table, own_factor=False)[row], -np.inf)
        shares = has * at_number_of_sites(ln_u[None], has[None], np.array([wanted]))[0]
        result: np.ndarray = np.where(table.counts[row], shares, np.nan)
        return result


def fit_terms(table: Table, terms: list[Term]) -> Fit:
    """Fit all factors and the given interactions to the counts of a table."""
    density = density_of(table, terms)
    data = working(table)
    start = solve(density.columns, data.y, data.weight, density.precision[:-1])
    start[0] += PRIORS["beta"].centre
    return as_fit(table, terms, density.mode(np.append(start, -3.0)))


def as_fit(table: Table, terms: Sequence[Term], x: np.ndarray) -> Fit:
    """Coefficients and the logit of the overdispersion (``x``, in the order of `density_of`) by name."""
    primaries, sites = table.counts.shape
    theta, spread = x[:-1], float(x[-1])
    value, _gradient, _d = log_likelihood(theta, spread, density_of(table, list(terms)).columns, table)
    own = theta[2 : 2 + primaries]
    soil = theta[2 + primaries : 2 + primaries + sites]
    return Fit(
        table=table,
        beta=float(theta[0]),
        mean=float(theta[1]),
        primary={c.name: float(v) for c, v in zip(table.cancers, own, strict=True)},
        site={name: float(v) for name, v in zip(table.sites, soil, strict=True)},
        terms=tuple((term, float(v)) for term, v in zip(terms, theta[2 + primaries + sites :], strict=True)),
        overdispersion=float(1.0 / (1.0 + np.exp(-spread))),
        deviance=-2.0 * value,
    )


def fit_table(table: Table, shared: int = MOST, most: int = MOST) -> Fit:
    """Choose at most ``most`` interactions by the rule of ``fits.tropism``, at most ``shared`` of them shared; fit."""
    return fit_tables(table, (shared,), most)[0]


def fit_tables(table: Table, shared: Sequence[int], most: int = MOST) -> list[Fit]:
    """As `fit_table` for several limits of shared interactions, which are chosen one at a time and so only once."""
    data = working(table)
    chosen = choose_shared(table, data, max(shared))
    return [fit_terms(table, choose_own(table, data, chosen[:number], most)) for number in shared]


def errors_pp(guess: np.ndarray, observed: np.ndarray) -> tuple[float, float]:
    """Mean absolute and root mean square error over cells that count, percentage points."""
    away = 100.0 * (guess - observed)[np.isfinite(observed)]
    return float(np.mean(np.abs(away))), float(np.sqrt(np.mean(away**2)))


def flow_only(table: Table, row: int) -> np.ndarray:
    """Null model: shares of a row from arrivals alone, at the mean number of sites of the other rows."""
    has = table.has_organ[row] * table.counts[row]
    wanted = float((has * mean_of_others(table, row)).sum())
    ln_u = np.where(table.counts[row], table.ln_flow[row], -np.inf)
    shares = has * at_number_of_sites(ln_u[None], has[None], np.array([wanted]))[0]
    result: np.ndarray = np.where(table.counts[row], shares, np.nan)
    return result


def other_primaries(table: Table, row: int) -> np.ndarray:
    """Null model: mean share of the other rows, site by site, among those who have the organ."""
    result: np.ndarray = np.where(table.counts[row], table.has_organ[row] * mean_of_others(table, row), np.nan)
    return result
