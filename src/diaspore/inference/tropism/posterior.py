"""How well the factors are known: draws of the posterior, what they predict, and what they cannot tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from diaspore.core.progress import Bar
from diaspore.inference.hamiltonian import Chains, HamiltonianPlan, hamiltonian
from diaspore.inference.tropism.density import Density
from diaspore.inference.tropism.emulator import at_number_of_sites, conditional
from diaspore.inference.tropism.model import Fit, as_fit
from diaspore.inference.tropism.table import Table
from diaspore.inference.tropism.terms import PRIORS, mean_of_others

LEVELS = (0.5, 0.95)
"""Intervals whose coverage is counted."""
STRONG, WEAK = 0.7, 0.3
"""Correlation from which two factors count as not told apart, and from which one is named."""


def sample(
    fit: Fit,
    seed: int,
    plan: HamiltonianPlan,
    directory: Path | None = None,
    bar: Bar | None = None,
) -> tuple[Chains, np.ndarray]:
    """Chains of the penalised likelihood of a fit, its interactions taken as given, and the root of its Laplace
    approximation.

    Nothing is approximated in what is sampled: the normal approximation at the mode only scales the proposals.
    """
    density = fit.density
    root = density.root(fit.vector)
    target = [fit.table.sha256, fit.names]
    return hamiltonian(density, fit.vector, root, seed, plan, directory, bar, target), root


def diagnosis(chains: Chains, fit: Fit, root: np.ndarray) -> dict[str, Any]:
    """How far the chains can be trusted, and how far the Laplace approximation could have been."""
    x = chains.x.reshape(-1, chains.x.shape[-1])
    laplace = np.sqrt((root**2).sum(axis=1))
    ratio = x.std(axis=0) / laplace
    return {
        "method": "Hamiltonian Monte Carlo of the penalised likelihood; the interactions are taken as given",
        **vars(chains.plan),
        "acceptance": chains.acceptance,
        "largest_r_hat": float(chains.r_hat().max()),
        "fewest_effective_draws": float(chains.effective_draws().min()),
        "against_laplace": {
            "sd_ratio": [float(ratio.min()), float(ratio.max())],
            "largest_shift_in_sd": float(np.max(np.abs(x.mean(axis=0) - fit.vector) / laplace)),
        },
    }


def owners_share(density: Density, x: np.ndarray) -> np.ndarray:
    """(draws, primaries, sites) share of metastatic patients with the site among those who have the organ."""
    table = density.table
    has = table.has_organ * table.counts
    ln_u = np.where(table.counts, np.einsum("psk,dk->dps", density.columns, x[:, :-1]), -np.inf)
    return conditional(ln_u, has)


def counts_like(share: np.ndarray, logit: np.ndarray, of: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Beta-binomial counts, same shape as ``share`` (draws, ...), overdispersion by draw given as ``logit``."""
    size = np.exp(-logit).reshape(-1, *[1] * (share.ndim - 1))
    p = np.clip(share, 1e-9, 1.0 - 1e-6)
    found: np.ndarray = rng.binomial(of, rng.beta(p * size, (1.0 - p) * size))
    return found


def interval_ends(counts: np.ndarray) -> np.ndarray:
    """(2 x levels, ...) lower and upper ends of the central intervals of simulated ``counts`` (draws, ...)."""
    tails = [tail for level in LEVELS for tail in (0.5 - 0.5 * level, 0.5 + 0.5 * level)]
    found: np.ndarray = np.quantile(counts, tails, axis=0)
    return found


def covered(table: Table, ends: np.ndarray) -> dict[str, Any]:
    """Observed cells inside intervals with ``ends`` (2 x levels, primaries, sites), nan in rows that were not made.

    With few patients counts are coarse and both ends belong to an interval, so a share above its level is no surprise.
    """
    cells = table.counts & np.isfinite(ends[0])
    with np.errstate(invalid="ignore"):
        inside = [(table.found >= ends[k]) & (table.found <= ends[k + 1]) & cells for k in range(0, len(ends), 2)]
    low, high = (np.where(cells, end / table.metastatic[:, None], np.nan) for end in ends[-2:])

    def share(which: np.ndarray) -> float:
        return float(which.sum() / cells.sum())

    return {
        "inside": {f"{level:g}": share(i) for level, i in zip(LEVELS, inside, strict=True)},
        "inside_95_by_primary": {
            c.name: float(inside[-1][i].sum() / cells[i].sum()) for i, c in enumerate(table.cancers) if cells[i].any()
        },
        "inside_95_by_site": {
            name: float(inside[-1][:, j].sum() / cells[:, j].sum())
            for j, name in enumerate(table.sites)
            if cells[:, j].any()
        },
        "low_95": low,
        "high_95": high,
    }


def ridge(fit: Fit, draws: np.ndarray) -> dict[str, Any]:
    """What the counts leave open: correlations of draws (draws, parameters), and factors known from the prior alone.

    The level is shared between the mean and all sites, so pairs are looked for after the average site is taken off
    every site and given to the mean. ``sd_over_prior`` near 1 says that the counts told nothing of a factor.
    """
    names = fit.names
    sites = np.array([name.startswith("site.") for name in names])
    own = np.array([name.startswith("primary.") for name in names])
    level = draws[:, sites].mean(axis=1)
    apart = draws.copy()
    apart[:, sites] -= level[:, None]
    apart[:, 1] += level
    together = np.round(np.corrcoef(apart.T), 6)  # last bits depend on threads
    pairs = [
        [names[j], names[i], float(together[i, j])]
        for i in range(len(names))
        for j in range(i)
        if abs(together[i, j]) >= STRONG
    ]
    prior = [PRIORS[name.split(".")[0]].sd for name in names]
    told = zip(names, draws.std(axis=0) / prior, strict=True)
    return {
        "mean_with_average_site": {
            "correlation": _correlation(draws[:, 1], level),
            "sd_of_mean": float(draws[:, 1].std()),
            "sd_of_sum": float(apart[:, 1].std()),
        },
        "sum_with_average_primary": {"correlation": _correlation(apart[:, 1], draws[:, own].mean(axis=1))},
        "with_beta": {
            name: float(r) for name, r in zip(names, together[0], strict=True) if name != "beta" and abs(r) >= WEAK
        },
        "strong_pairs": sorted(pairs, key=lambda pair: -abs(pair[2])),
        "sd_over_prior": {name: float(r) for name, r in told if name not in ("mean", "overdispersion_logit")},
    }


def left_out_counts(fit: Fit, table: Table, row: int, draws: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(draws, sites) counts that draws of a fit without the primary ``row`` of ``table`` expect there.

    The primary's number of sites is that of a fitted one drawn at random, relative to what the mean of all would give.
    """
    seen = fit.table
    usual = mean_of_others(seen, None)
    relative = np.nansum(seen.observed, axis=1) / (seen.has_organ * seen.counts * usual).sum(axis=1)
    has = table.has_organ[row] * table.counts[row]
    wanted = float((has * usual).sum()) * rng.choice(relative, len(draws))
    ln_u = np.array([drawn.ln_rate(table, own_factor=False)[row] for drawn in as_fits(fit, draws)])
    ln_u = np.where(table.counts[row], ln_u, -np.inf)
    shares = at_number_of_sites(ln_u, np.broadcast_to(has, ln_u.shape), wanted)
    return counts_like(shares, draws[:, -1], table.of[row], rng)


def as_fits(fit: Fit, draws: np.ndarray) -> list[Fit]:
    """Draws (draws, parameters) of a fit's posterior as fits, for whatever is computed from one."""
    terms = [term for term, _value in fit.terms]
    return [as_fit(fit.table, terms, x) for x in draws]


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    return round(float(np.corrcoef(x, y)[0, 1]), 6)
