"""Interactions: what may be added to primary and site factors, and the rule that chooses among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.inference.priors import Prior
from diaspore.inference.tropism.cancers import CLASSES
from diaspore.inference.tropism.emulator import at_number_of_sites, implied_ln_rate, slope
from diaspore.inference.tropism.table import Table

MOST = 25
LEAST_GAIN = 0.02  # percentage points
CONTACT = "contact"
PRIORS = {
    prior.name: prior
    for prior in (
        Prior("beta", "normal", 1.0, 0.5, "diaspore", "assumed", "1: founders in proportion to arrivals"),
        Prior("mean", "normal", 0.0, 1000.0, "diaspore", "assumed", "flat"),
        Prior("primary", "normal", 0.0, 1.0, "diaspore", "assumed", "ln factor of a primary"),
        Prior("site", "normal", 0.0, 3.0, "diaspore", "assumed", "ln soil of a site"),
        Prior("term", "normal", 0.0, 1.0, "diaspore", "assumed", "ln factor of an interaction"),
        Prior("overdispersion_logit", "uniform", -9.0, 1.0, "diaspore", "assumed", "flat on the logit"),
    )
}
"""Priors by kind of factor: each primary, site and interaction has that of its kind."""


@dataclass(frozen=True)
class Term:
    """An interaction: ``who`` is a class, a primary, or "contact"; ``site`` a site of MSK-MET, "" for contact."""

    who: str
    site: str

    @property
    def name(self) -> str:
        """Name for tables."""
        return f"{self.who} x {self.site}" if self.site else self.who

    def column(self, table: Table) -> np.ndarray:
        """(primaries, sites) 1 where the term acts."""
        if self.who == CONTACT:
            return np.array([[float(site in c.contact) for site in table.sites] for c in table.cancers])
        member = np.array([self.who in c.classes or self.who == c.name for c in table.cancers], dtype=float)
        here = np.array([site == self.site for site in table.sites], dtype=float)
        return np.outer(member, here)


def candidates(table: Table) -> list[Term]:
    """Shared terms that the primaries of ``table`` can tell: two members and two others with a cell that counts."""
    found = []
    for term in (Term(CONTACT, ""), *(Term(c, site) for c in CLASSES for site in table.sites)):
        column = term.column(table)
        rows = table.counts if not term.site else table.counts[:, [table.sites.index(term.site)]]
        members = int((rows & (column[:, : rows.shape[1]] > 0)).any(axis=1).sum()) if not term.site else 0
        if term.site:
            j = table.sites.index(term.site)
            members = int((table.counts[:, j] & (column[:, j] > 0)).sum())
            others = int((table.counts[:, j] & (column[:, j] == 0)).sum())
        else:
            others = 2
        if members >= 2 and others >= 2:
            found.append(term)
    return found


def base_columns(table: Table) -> np.ndarray:
    """(primaries, sites, 2 + primaries + sites): flow, mean, primary and site factors."""
    p, s = table.counts.shape
    columns = np.zeros((p, s, 2 + p + s))
    columns[:, :, 0] = table.ln_flow
    columns[:, :, 1] = 1.0
    for i in range(p):
        columns[i, :, 2 + i] = 1.0
    for j in range(s):
        columns[:, j, 2 + p + j] = 1.0
    return columns


def precisions(primaries: int, sites: int, terms: int) -> np.ndarray:
    """Ridge precision of every coefficient, in the order of columns and then terms."""
    counts = {"beta": 1, "mean": 1, "primary": primaries, "site": sites, "term": terms}
    return np.concatenate([np.full(number, PRIORS[kind].sd ** -2) for kind, number in counts.items()])


@dataclass(frozen=True)
class Working:
    """The table on the scale of ln u, for weighted least squares; arrays (primaries, sites).

    Attributes:
        y: ln u implied by the counts, less ln flow.
        weight: inverse variance, 0 in cells that do not count.
    """

    y: np.ndarray
    weight: np.ndarray


def working(table: Table) -> Working:
    """Implied ln u of every cell, weighted by sampling variance plus the variance between primaries (by moments)."""
    share = (table.found + 0.5) / (table.of + 1.0)
    ln_u = np.full(share.shape, -np.inf)
    noise = np.ones(share.shape)
    for i in range(len(share)):
        ln_u[i] = implied_ln_rate(share[i], table.has_organ[i], table.counts[i])
    y = np.where(table.counts, ln_u - table.ln_flow, 0.0)
    safe = np.where(table.counts, ln_u, 0.0)
    relative = slope(safe) / np.maximum(1.0 - np.exp(-np.exp(safe)), 1e-12)
    noise = (1.0 - share) / (share * (table.of + 1.0)) / np.maximum(relative, 0.05) ** 2
    weight = np.where(table.counts, 1.0 / (noise + 1.0), 0.0)
    columns = base_columns(table)
    coefficient = solve(columns, y, weight, precisions(len(table.cancers), len(table.sites), 0))
    rest = (y - columns @ coefficient)[table.counts]
    between = max(0.05, float(np.mean(rest**2 - noise[table.counts])))
    return Working(y, np.where(table.counts, 1.0 / (noise + between), 0.0))


def solve(columns: np.ndarray, y: np.ndarray, weight: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Penalised weighted least squares; columns (primaries, sites, k), result (k,). The flow's prior is around 1.

    ``y`` has ln flow taken off already, so that the coefficient of flow is beta - 1.
    """
    k = columns.shape[2]
    flat = columns.reshape(-1, k)
    weighted = flat * weight.reshape(-1, 1)
    result: np.ndarray = np.linalg.solve(flat.T @ weighted + np.diag(precision), weighted.T @ y.reshape(-1))
    return result


def mean_of_others(table: Table, left_out: int | None) -> np.ndarray:
    """(sites,) mean share among owners over the primaries whose cell counts, without row ``left_out``."""
    keep = np.arange(len(table.cancers)) != (-1 if left_out is None else left_out)
    shares = table.among_owners[keep]
    counts = table.counts[keep]
    result: np.ndarray = np.where(counts, shares, 0.0).sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    return result


def choose_shared(table: Table, data: Working, most: int = MOST) -> list[Term]:
    """Class x site terms and contact, one at a time, by the error of leaving out one of the table's primaries."""
    options = candidates(table)
    columns = np.array([term.column(table) for term in options])
    chosen: list[int] = []
    error = left_out_errors(table, data, columns[:0], columns[:0])[0]
    while len(chosen) < most:
        errors = left_out_errors(table, data, columns[chosen], columns)
        errors[chosen] = np.inf
        best = int(np.argmin(errors))
        if not errors[best] < error - LEAST_GAIN:
            break
        chosen.append(best)
        error = float(errors[best])
    return [options[i] for i in chosen]


def left_out_errors(table: Table, data: Working, present: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Mean absolute error (points) of leaving out each primary, for each of the terms ``added`` to those ``present``.

    Both have shape (terms, primaries, sites); without ``added``, the error of the present ones, shape (1,).
    """
    primaries, sites = table.counts.shape
    base = np.concatenate([base_columns(table), np.moveaxis(present, 0, 2)], axis=2)
    k = base.shape[2]
    precision = np.diag(precisions(primaries, sites, len(present)))
    weighted = base * data.weight[:, :, None]
    gram = np.einsum("psk,psl->pkl", weighted, base)
    moment = np.einsum("psk,ps->pk", weighted, data.y)
    trial = np.concatenate([np.zeros((1, primaries, sites)), added]) if not len(added) else added
    cross = np.einsum("psk,cps->pck", weighted, trial)
    own = np.einsum("cps,ps,cps->pc", trial, data.weight, trial)
    right = np.einsum("cps,ps,ps->pc", trial, data.weight, data.y)
    total = np.zeros(len(trial))
    cells = 0
    for q in range(primaries):
        inverse = np.linalg.inv(gram.sum(axis=0) - gram[q] + precision)
        theta = inverse @ (moment.sum(axis=0) - moment[q])
        b = cross.sum(axis=0) - cross[q]  # (c, k)
        pull = b @ inverse
        denominator = own.sum(axis=0) - own[q] + PRIORS["term"].sd ** -2 - np.einsum("ck,ck->c", pull, b)
        gamma = (right.sum(axis=0) - right[q] - b @ theta) / denominator
        coefficient = theta[None] - gamma[:, None] * pull
        ln_u = table.ln_flow[q] + coefficient @ base[q].reshape(sites, k).T + gamma[:, None] * trial[:, q]
        guess = at_mean(table, q, ln_u)
        here = table.counts[q]
        total += np.abs(guess - table.found[q] / table.metastatic[q])[:, here].sum(axis=1)
        cells += int(here.sum())
    return 100.0 * total / cells


def at_mean(table: Table, row: int, ln_u: np.ndarray) -> np.ndarray:
    """Predicted shares (..., sites) of a left-out row at the others' number of sites; 0 where not counted."""
    has = table.has_organ[row] * table.counts[row]
    wanted = float((has * mean_of_others(table, row)).sum())
    masked = np.where(table.counts[row], ln_u, -np.inf)
    result: np.ndarray = has * at_number_of_sites(masked, has, np.full(ln_u.shape[:-1], wanted))
    return result


def choose_own(table: Table, data: Working, shared: list[Term], most: int = MOST) -> list[Term]:
    """Primary x site terms: those that most lower the penalised weighted sum of squares, until ``most`` in all."""
    terms = list(shared)
    names = {c.name for c in table.cancers}
    while len(terms) < most:
        columns = np.concatenate([base_columns(table), *(term.column(table)[:, :, None] for term in terms)], axis=2)
        precision = precisions(len(table.cancers), len(table.sites), len(terms))
        theta = solve(columns, data.y, data.weight, precision)
        flat = columns.reshape(-1, columns.shape[2])
        weight = data.weight.reshape(-1)
        inverse = np.linalg.inv(flat.T @ (flat * weight[:, None]) + np.diag(precision))
        leverage = np.einsum("nk,kl,nl->n", flat, inverse, flat)
        rest = data.y.reshape(-1) - flat @ theta
        gain = (weight * rest) ** 2 / (weight + PRIORS["term"].sd ** -2 - weight**2 * leverage)
        for term in terms:
            gain[term.column(table).reshape(-1) * (term.who in names) > 0.0] = -np.inf  # has a term of its own
        best = int(np.argmax(gain))
        i, j = divmod(best, len(table.sites))
        terms.append(Term(table.cancers[i].name, table.sites[j]))
    return terms
