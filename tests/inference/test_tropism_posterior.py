"""The posterior of the tropism fit: calibration on simulated tables, coverage, and what the shipped artefact says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from diaspore.inference.artefact import shipped
from diaspore.inference.calibration import Calibration, ranks_among
from diaspore.inference.data import rows_sha256
from diaspore.inference.fits import summary
from diaspore.inference.fits.tropism import SHARED, SHIPPED
from diaspore.inference.hamiltonian import HamiltonianPlan, hamiltonian
from diaspore.inference.tropism import posterior
from diaspore.inference.tropism.density import Density, density_of
from diaspore.inference.tropism.model import Fit, as_fit, errors_pp, fit_tables, fit_terms
from diaspore.inference.tropism.soils import READY
from diaspore.inference.tropism.table import Table, load_table
from diaspore.inference.tropism.terms import Term
from diaspore.knowledge.load import table as knowledge_table

NAME = "tropism-2026.1"
TERMS = [Term("peritoneal", "Intra-Abdominal"), Term("contact", "")]
# Priors that give tables in which something can be seen: with the fit's own, flat ones, most cells are 0 or 1.
CENTRE = {"beta": 0.6, "mean": -3.0, "overdispersion_logit": -3.3}
SD = {"beta": 0.3, "mean": 0.7, "primary": 0.5, "site": 1.0, "term": 1.0, "overdispersion_logit": 0.5}


@pytest.fixture(scope="module")
def table() -> Table:
    return load_table()


def proper(table: Table) -> tuple[Density, np.ndarray]:
    """The density with proper priors, and their standard deviations."""
    density = density_of(table, TERMS)
    names = as_fit(table, TERMS, np.zeros(len(density.centre))).names
    kinds = [name.split(".")[0] for name in names]
    sd = np.array([SD[kind] for kind in kinds])
    return replace(density, centre=np.array([CENTRE.get(kind, 0.0) for kind in kinds]), precision=sd**-2), sd


def simulated(density: Density, x: np.ndarray, rng: np.random.Generator) -> Table:
    """A table drawn at ``x`` (parameters,)."""
    table = density.table
    counts = posterior.counts_like(posterior.owners_share(density, x[None]), x[-1:], table.of, rng)[0]
    return replace(table, found=np.where(table.counts, counts, 0))


def calibration(table: Table, replications: int, plan: HamiltonianPlan, sharpen: float = 1.0) -> Calibration:
    """Ranks of parameters drawn from proper priors; the density is raised to ``sharpen``."""
    prior, sd = proper(table)
    rng = np.random.default_rng(17)
    ranks = []
    for r in range(replications):
        truth = prior.centre + sd * rng.standard_normal(len(sd))
        made = simulated(prior, truth, rng)
        density = replace(prior, table=made)
        mode = density.mode(truth)

        def sharper(x: np.ndarray, density: Density = density) -> tuple[float, np.ndarray]:
            value, gradient = density(x)
            return sharpen * value, sharpen * gradient

        chains = hamiltonian(sharper, mode, density.root(mode) / np.sqrt(sharpen), r, plan)
        ranks.append(ranks_among(truth, chains.draws()[0], 99))
    return Calibration(np.array(ranks), 99)


@pytest.mark.slow
def test_ranks_of_all_factors_are_uniform(table: Table) -> None:
    """Simulation-based calibration: twelve primaries, all sites, two interactions; 200 tables."""
    few = table.rows(np.arange(27) % 9 < 4)
    found = calibration(few, 200, HamiltonianPlan(chains=1, steps=600, block=600, burn=100, thin=5))
    assert np.all(found.p_values(bins=10) > 1e-4)
    # Ranks within a table depend on each other, those of different tables do not.
    average = found.ranks.mean(axis=1) / 99.0
    assert abs(average.mean() - 0.5) < 4.0 * average.std() / np.sqrt(len(average))
    inside = found.coverage(0.95)
    assert 0.935 < inside.mean() < 0.965
    assert inside.min() > 0.88


def test_a_density_that_is_too_sure_is_noticed(table: Table) -> None:
    """The check can fail: intervals of half the width."""
    few = table.rows(np.arange(27) % 9 < 2)
    found = calibration(few, 12, HamiltonianPlan(chains=1, steps=150, block=150, burn=50, thin=1), sharpen=4.0)
    assert found.coverage(0.95).mean() < 0.85


@pytest.mark.slow
def test_intervals_are_only_a_little_narrow_when_interactions_are_chosen_anew(table: Table) -> None:
    """Tables drawn at the shipped optimum, fitted from the start: shares of cells inside their 95 % intervals."""
    rng = np.random.default_rng(23)
    truth = fit_tables(table, (SHARED[SHIPPED],))[0]
    target = posterior.owners_share(truth.density, truth.vector[None])[0]
    inside = []
    for r in range(6):
        made = simulated(truth.density, truth.vector, rng)
        fitted = fit_tables(made, (SHARED[SHIPPED],))[0]
        chains, _root = posterior.sample(fitted, r, HamiltonianPlan(chains=2, steps=400, block=400, burn=100, thin=3))
        shares = posterior.owners_share(fitted.density, chains.draws()[0])
        low, high = np.quantile(shares, [0.025, 0.975], axis=0)
        inside.append(((target >= low) & (target <= high))[table.counts].mean())
    print("cells inside 95 % intervals of their expected share:", np.round(inside, 3))
    assert 0.8 < np.mean(inside) < 0.98


def test_predicted_counts_are_beta_binomial(table: Table) -> None:
    rng = np.random.default_rng(2)
    share = np.full((40_000, 1), 0.3)
    counts = posterior.counts_like(share, np.full(40_000, -2.0), np.array([50]), rng)[:, 0]
    twin = stats.betabinom(50, 0.3 * np.exp(2.0), 0.7 * np.exp(2.0))
    assert counts.mean() == pytest.approx(twin.mean(), rel=0.02)
    assert counts.var() == pytest.approx(twin.var(), rel=0.04)


def test_coverage_counts_cells_of_the_table_only(table: Table) -> None:
    ends = np.stack([table.found + k for k in (0, 1, -1, 0)]).astype(float)  # 50 %: from the count on; 95 %: up to it
    found = posterior.covered(table, ends)
    assert found["inside"] == {"0.5": 1.0, "0.95": 1.0}
    ends[2, 4] = table.found[4] + 1  # the fifth primary's wide interval is empty
    ends[:, 7] = np.nan  # the eighth was not made
    found = posterior.covered(table, ends)
    assert found["inside_95_by_primary"][table.cancers[4].name] == 0.0
    assert table.cancers[7].name not in found["inside_95_by_primary"]
    assert np.isnan(found["high_95"][~table.counts]).all()


def test_the_ridge_between_mean_and_sites_is_found(table: Table) -> None:
    fitted = fit_terms(table, TERMS)
    root = fitted.density.root(fitted.vector)
    draws = fitted.vector + np.random.default_rng(4).standard_normal((4000, len(root))) @ root.T
    found = posterior.ridge(fitted, draws)
    level = found["mean_with_average_site"]
    assert level["correlation"] < -0.8
    assert level["sd_of_sum"] < 0.5 * level["sd_of_mean"]
    assert all(0.0 < r < 1.1 for r in found["sd_over_prior"].values())


def rebuilt(table: Table, unit: dict[str, dict[str, float]]) -> Fit:
    """The fit of an artefact from its own numbers."""
    names = [name.removeprefix("term.") for name in unit["optimum"] if name.startswith("term.")]
    terms = [Term(*name.split(" x ", 1)) if " x " in name else Term(name, "") for name in names]
    return as_fit(table, terms, np.array(list(unit["optimum"].values())))


def test_the_shipped_artefact_agrees_with_itself(table: Table) -> None:
    result = shipped(NAME)
    header = result.header
    assert not header["quick"]
    assert header["data"][0]["sha256"] == table.sha256
    sites = set(header["sites"])
    used = [r for r in knowledge_table("tropism") if r["msk_site"] in sites]
    assert rows_sha256(used) == table.sha256
    assert set(header["units"]) == set(SHARED)
    for unit in header["units"].values():
        fitted = rebuilt(table, unit)
        assert list(unit["optimum"]) == fitted.names
        assert errors_pp(fitted.shares(), table.observed)[0] == pytest.approx(unit["in_fit"]["mae_pp"], rel=1e-4)
        assert unit["free_parameters"] <= 75
        for guess in ("model", "flow_only", "other_primaries"):
            left = unit["left_out"][guess]
            mae = errors_pp(np.array(left["shares"], dtype=float), table.observed)[0]
            assert left["mae_pp"] == pytest.approx(mae)
        assert unit["left_out"]["model"]["mae_pp"] < unit["left_out"]["other_primaries"]["mae_pp"]
    sampling = header["sampling"]
    assert sampling["largest_r_hat"] < 1.02
    assert sampling["fewest_effective_draws"] > 400
    assert list(header["engine"]) == [c.name for c in table.cancers if c.name in READY]
    assert all(found["emulator_mae_pp"] < 2.0 for found in header["engine"].values())


def test_the_shipped_draws_are_of_the_shipped_density(table: Table) -> None:
    result = shipped(NAME)
    unit = result.header["units"][SHIPPED]
    fitted = rebuilt(table, unit)
    draws = result.draws[fitted.names].to_numpy()
    assert len(draws) == 400
    assert set(result.draws["unit"]) == {SHIPPED}
    for x, value in list(zip(draws, result.draws["log_posterior"], strict=True))[::80]:
        assert fitted.density(x)[0] == pytest.approx(value, rel=1e-6)
    for name, column in zip(fitted.names, draws.T, strict=True):
        np.testing.assert_allclose(np.quantile(column, [0.025, 0.5, 0.975]), unit["interval_95"][name])
    counts = posterior.counts_like(
        posterior.owners_share(fitted.density, draws), draws[:, -1], table.of, np.random.default_rng(5)
    )
    again = posterior.covered(table, posterior.interval_ends(counts))
    assert again["inside"]["0.95"] == pytest.approx(unit["predictive"]["inside"]["0.95"], abs=0.015)


def test_the_table_of_a_fit_is_its_own() -> None:
    columns, rows = summary(shipped(NAME))
    assert [row[0] for row in rows] == list(SHARED)
    assert all(len(row) == len(columns) for row in rows)
    columns, rows = summary(shipped("seer-2026.1"))
    assert columns == [
        "unit",
        "fate.bottleneck",
        "fate.bottleneck_sd",
        "deviance",
        "of a constant",
        "of a logistic curve",
    ]
    assert len(rows) == 5
