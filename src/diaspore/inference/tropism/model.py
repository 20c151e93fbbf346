"""The penalised fit of counts, and predictions from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, digamma

from diaspore.inference.tropism.emulator import at_number_of_sites, conditional, share, slope
from diaspore.inference.tropism.table import Table
from diaspore.inference.tropism.terms import (
    MOST,
    Term,
    base_columns,
    choose_own,
    choose_shared,
    mean_of_others,
    precisions,
    solve,
    working,
)

_EPS = 1e-9


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


def log_likelihood(
    theta: np.ndarray, spread: float, columns: np.ndarray, table: Table
) -> tuple[float, np.ndarray, float]:
    """Beta-binomial log likelihood (without constants), its gradient in ``theta`` and in ``spread`` (log odds).

    Args:
        theta: coefficients, the first one beta.
        spread: logit of the overdispersion rho; a and b of the beta are p (1 - rho) / rho and (1 - p) (1 - rho) / rho.
        columns: (primaries, sites, k).
        table: counts.
    """
    counts, has = table.counts, table.has_organ * table.counts
    ln_u = np.clip(np.where(counts, columns @ theta, -25.0), -25.0, 12.0)
    rate = np.exp(ln_u)
    total = (rate * has).sum(axis=1, keepdims=True)
    whole, whole_slope = share(np.log(total)), slope(np.log(total))
    p_raw = share(ln_u) / whole
    p = np.clip(p_raw, _EPS, 1.0 - 1e-6)
    size = np.exp(-spread)
    a, b = p * size, (1.0 - p) * size
    k, n = table.found, table.of
    value = float(np.where(counts, betaln(k + a, n - k + b) - betaln(a, b), 0.0).sum())
    joint = digamma(n + size) - digamma(size)
    da = digamma(k + a) - digamma(a) - joint
    db = digamma(n - k + b) - digamma(b) - joint
    dp = np.where(counts & (p_raw < 1.0 - 1e-6), size * (da - db), 0.0)
    d_ln_u = dp * slope(ln_u) / whole - has * rate / total * whole_slope / whole * (dp * p).sum(axis=1, keepdims=True)
    d_spread = -float(np.where(counts, a * da + b * db, 0.0).sum())
    return value, np.einsum("ps,psk->k", d_ln_u, columns), d_spread


def fit_terms(table: Table, terms: list[Term]) -> Fit:
    """Fit all factors and the given interactions to the counts of a table."""
    primaries, sites = table.counts.shape
    columns = np.concatenate([base_columns(table), *(term.column(table)[:, :, None] for term in terms)], axis=2)
    precision = precisions(primaries, sites, len(terms))
    data = working(table)
    start = solve(columns, data.y, data.weight, precision)
    start[0] += 1.0
    centre = np.zeros(len(start))
    centre[0] = 1.0

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient, d_spread = log_likelihood(x[:-1], float(x[-1]), columns, table)
        away = x[:-1] - centre
        loss = -value + 0.5 * float((precision * away**2).sum())
        return loss, np.concatenate([-gradient + precision * away, [-d_spread]])

    best = minimize(
        objective,
        np.concatenate([start, [-3.0]]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] * len(start) + [(-9.0, 1.0)],
        options={"maxiter": 4000, "maxfun": 6000, "ftol": 1e-12, "gtol": 1e-6},
    )
    theta, spread = best.x[:-1], float(best.x[-1])
    value, _gradient, _d = log_likelihood(theta, spread, columns, table)
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
    data = working(table)
    return fit_terms(table, choose_own(table, data, choose_shared(table, data, shared), most))


@dataclass(frozen=True)
class LeftOut:
    """Each primary predicted from the others, and the null models; arrays (primaries, sites), nan where not counted.

    ``terms`` are the interactions chosen in each fold.
    """

    model: np.ndarray
    flow_only: np.ndarray
    other_primaries: np.ndarray
    terms: tuple[tuple[str, ...], ...]


def leave_one_out(
    table: Table, shared: int = MOST, most: int = MOST, progress: Callable[[int, int], None] | None = None
) -> LeftOut:
    """Leave out every primary in turn: choice of interactions and fit see the others only.

    Args:
        table: the counts.
        shared, most: as for :func:`fit_table`.
        progress: called with folds done and folds in all.
    """
    number = len(table.cancers)
    model, flow, others, terms = [], [], [], []
    for q in range(number):
        fit = fit_table(table.rows(np.arange(number) != q), shared, most)
        model.append(fit.predict(table, q))
        flow.append(flow_only(table, q))
        others.append(other_primaries(table, q))
        terms.append(tuple(term.name for term, _value in fit.terms))
        if progress is not None:
            progress(q + 1, number)
    return LeftOut(np.array(model), np.array(flow), np.array(others), tuple(terms))


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
