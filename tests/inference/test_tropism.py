"""The tropism fit: emulator and likelihood against plain computations, recovery of known factors, the rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import betabinom

from diaspore.inference.tropism import emulator, flows
from diaspore.inference.tropism.cancers import CLASSES, LEFT_OUT, SITES, cancers, scored
from diaspore.inference.tropism.density import log_likelihood
from diaspore.inference.tropism.model import as_fit, errors_pp, fit_tables, fit_terms, other_primaries
from diaspore.inference.tropism.soils import READY, breast_total, cancer_arrivals, soil_of
from diaspore.inference.tropism.table import Table, load_table
from diaspore.inference.tropism.terms import (
    Term,
    base_columns,
    candidates,
    choose_own,
    choose_shared,
    left_out_errors,
    mean_of_others,
    precisions,
    solve,
    working,
)
from diaspore.knowledge.anatomy import SITES as ENGINE_SITES
from diaspore.knowledge.anatomy import tropism_all


@pytest.fixture(scope="module")
def table() -> Table:
    return load_table()


def synthetic(table: Table, seed: int = 3) -> tuple[Table, Term, np.ndarray]:
    """Counts drawn from known factors, many patients; the interaction and ln soil that made them."""
    rng = np.random.default_rng(seed)
    soil = rng.normal(0.0, 1.2, len(table.sites))
    own = rng.normal(0.0, 0.4, len(table.cancers))
    term = Term("peritoneal", "Intra-Abdominal")
    ln_u = 0.6 * table.ln_flow - 2.5 + own[:, None] + soil[None] + 2.0 * term.column(table)
    has = table.has_organ * table.counts
    shares = emulator.conditional(np.where(table.counts, ln_u, -np.inf), has)
    of = np.maximum(np.rint(4000 * table.has_organ).astype(int), 1)
    found = np.where(table.counts, rng.binomial(of, shares), 0)
    return replace(table, found=found, of=of, metastatic=np.full(len(own), 4000)), term, soil


def test_every_cell_of_the_table_is_known(table: Table) -> None:
    assert len(cancers()) == 27
    for cancer in cancers():
        assert set(tropism_all(cancer.msk)) == {*SITES, *LEFT_OUT}
        assert {*cancer.own, *cancer.contact} <= set(SITES)
        assert set(cancer.classes) <= set(CLASSES)
        assert sum(cancer.source.values()) == pytest.approx(1.0)
    assert int(table.counts.sum()) == 503
    assert not scored(next(c for c in cancers() if c.name == "nsclc"), "Lung")


def test_share_is_the_mean_over_patients() -> None:
    rng = np.random.default_rng(1)
    for ln_u in (-4.0, -1.0, 1.0):
        patients = np.exp(ln_u + emulator.SIGMA * rng.standard_normal(400_000))
        expected = np.mean(rng.poisson(patients) > 0)
        assert emulator.share(np.array(ln_u)) == pytest.approx(expected, abs=3e-3)
        step = 1e-5
        numeric = (emulator.share(np.array(ln_u + step)) - emulator.share(np.array(ln_u - step))) / (2 * step)
        assert emulator.slope(np.array(ln_u)) == pytest.approx(numeric, rel=1e-6)


def test_number_of_sites_is_met_and_rates_come_back() -> None:
    has = np.array([1.0, 0.5, 1.0, 1.0])
    ln_u = np.array([[0.0, -1.0, -2.0, -np.inf]])
    shares = emulator.at_number_of_sites(ln_u, has[None], np.array([1.4]))[0]
    assert (shares * has).sum() == pytest.approx(1.4, abs=1e-4)
    assert shares[3] < 1e-9
    back = emulator.implied_ln_rate(shares, has, np.array([True, True, True, False]))
    np.testing.assert_allclose(np.diff(back[:3]), [-1.0, -1.0], atol=5e-3)


def test_portal_and_lung_primaries_differ_as_blood_flows() -> None:
    bowel, breast, lung = (flows.engine_arrivals({s: 1.0}, "female") for s in ("bowel", "breast", "lung"))
    at = ENGINE_SITES.index
    assert bowel[at("liver")] / bowel[at("bone")] > 10 * breast[at("liver")] / breast[at("bone")]
    assert lung[at("bone")] / lung[at("lung")] > 5 * breast[at("bone")] / breast[at("lung")]
    # beyond the first bed, all share one arterial blood
    assert bowel[at("bone")] / bowel[at("adrenal")] == pytest.approx(
        breast[at("bone")] / breast[at("adrenal")], rel=0.1
    )


def test_likelihood_is_that_of_scipy_and_its_gradient_is_right(table: Table) -> None:
    columns = base_columns(table)
    rng = np.random.default_rng(2)
    theta = np.concatenate([[0.4, -2.0], rng.normal(0.0, 0.5, columns.shape[2] - 2)])
    spread = -3.0
    value, gradient, d_spread = log_likelihood(theta, spread, columns, table)
    has = table.has_organ * table.counts
    total = 0.0
    for i in range(len(table.cancers)):
        u = np.exp(columns[i] @ theta)
        whole = emulator.share(np.log((u * has[i]).sum()))
        for j in np.flatnonzero(table.counts[i]):
            p = emulator.share(np.log(u[j])) / whole
            a, b = p * np.exp(-spread), (1.0 - p) * np.exp(-spread)
            k, n = table.found[i, j], table.of[i, j]
            total += betabinom.logpmf(k, n, a, b) - betabinom.logpmf(0, n, 1.0, 1.0)
    base = 0.0
    for i, j in np.argwhere(table.counts):
        k, n = table.found[i, j], table.of[i, j]
        base += gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + np.log(n + 1.0)
    assert value + base == pytest.approx(total, rel=1e-9)
    for i in (0, 1, 5, 40):
        step = np.zeros(len(theta))
        step[i] = 1e-5
        up, down = (log_likelihood(theta + s, spread, columns, table)[0] for s in (step, -step))
        assert gradient[i] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-4)
    up, down = (log_likelihood(theta, spread + s, columns, table)[0] for s in (1e-5, -1e-5))
    assert d_spread == pytest.approx((up - down) / 2e-5, rel=1e-5)


def test_quick_folds_are_refits(table: Table) -> None:
    data = working(table)
    shared = [Term("peritoneal", "Intra-Abdominal"), Term("contact", "")]
    columns = np.array([t.column(table) for t in shared])
    quick = left_out_errors(table, data, columns[:1], columns[1:])[0]
    total, cells = 0.0, 0
    full = np.concatenate([base_columns(table), *(c[:, :, None] for c in columns)], axis=2)
    for q in range(len(table.cancers)):
        weight = data.weight.copy()
        weight[q] = 0.0
        theta = solve(full, data.y, weight, precisions(*table.counts.shape, 2))
        here = table.counts[q]
        has = table.has_organ[q] * here
        wanted = (has * mean_of_others(table, q)).sum()
        ln_u = np.where(here, table.ln_flow[q] + full[q] @ theta, -np.inf)
        guess = has * emulator.at_number_of_sites(ln_u[None], has[None], np.array([wanted]))[0]
        total += np.abs(guess - table.found[q] / table.metastatic[q])[here].sum()
        cells += int(here.sum())
    assert quick == pytest.approx(100.0 * total / cells, rel=1e-8)


def test_known_factors_come_back(table: Table) -> None:
    made, term, soil = synthetic(table)
    fitted = fit_terms(made, [term])
    assert fitted.beta == pytest.approx(0.6, abs=0.1)
    assert fitted.terms[0][1] == pytest.approx(2.0, abs=0.15)
    got = np.array([fitted.site[s] for s in made.sites])
    expected = soil + (0.6 - fitted.beta) * made.ln_flow.mean(axis=0)
    assert np.std(got - expected) < 0.1
    assert errors_pp(fitted.shares(), made.observed)[0] < 0.6


@pytest.mark.slow
def test_rule_finds_the_interaction_that_was_put_in(table: Table) -> None:
    made, term, _soil = synthetic(table)
    chosen = choose_shared(made, working(made), 3)
    assert chosen[0] == term


def test_the_mode_is_where_every_slope_is_nought(table: Table) -> None:
    term = Term("peritoneal", "Intra-Abdominal")
    fitted = fit_terms(table, [term])
    value, gradient = fitted.density(fitted.vector)
    assert np.abs(gradient).max() < 1e-3
    step = 1e-3 * np.random.default_rng(1).standard_normal((20, len(gradient)))
    assert all(fitted.density(fitted.vector + s)[0] < value for s in step)
    back = as_fit(table, [term], fitted.vector)
    assert back.shares() == pytest.approx(fitted.shares(), nan_ok=True)
    assert dict(zip(back.names, back.vector, strict=True))["beta"] == fitted.beta


@pytest.mark.slow
def test_one_choice_serves_both_limits(table: Table) -> None:
    both = fit_tables(table, (3, 1), 5)
    for fitted, limit in zip(both, (3, 1), strict=True):
        alone = fit_tables(table, (limit,), 5)[0]
        assert fitted.names == alone.names
        np.testing.assert_array_equal(fitted.vector, alone.vector)


def test_own_terms_are_distinct_and_within_the_limit(table: Table) -> None:
    chosen = choose_own(table, working(table), [Term("contact", "")], 9)
    assert len(chosen) == 9
    assert len({t.name for t in chosen}) == 9


def test_candidates_need_members_and_others(table: Table) -> None:
    few = table.rows(np.array([c.name in ("melanoma", "skin_non_melanoma", "breast", "kidney") for c in table.cancers]))
    names = {t.name for t in candidates(few)}
    assert "cutaneous x Liver" in names  # two of skin, two others
    assert "cutaneous x Skin" not in names  # their own organ
    assert "supradiaphragmatic x Liver" not in names  # one other only


def test_mean_of_others_leaves_the_row_out(table: Table) -> None:
    guess = other_primaries(table, 3)
    changed = replace(table, found=np.where(np.arange(27)[:, None] == 3, 0, table.found))
    np.testing.assert_array_equal(guess, other_primaries(changed, 3))


def test_soil_gives_back_the_fitted_ratios_at_the_scale_of_breast(table: Table) -> None:
    fitted = fit_terms(table, [])
    for name in READY:
        cancer = next(c for c in table.cancers if c.name == name)
        soil = soil_of(fitted, cancer)
        assert set(soil.values) == set(ENGINE_SITES)
        assert all(0.0 <= v <= 1e4 for v in soil.values.values())
        arrive = cancer_arrivals(cancer) * np.array([soil.values[s] for s in ENGINE_SITES])
        absent = {0.0: "ovary", 1.0: "prostate"}.get(cancer.female, "")
        far = np.array([s not in ("regional_nodes", cancer.engine, absent) for s in ENGINE_SITES])
        assert arrive[far].sum() == pytest.approx(breast_total(), rel=0.02)
        row = next(i for i, c in enumerate(table.cancers) if c.name == name)
        ln_u = fitted.ln_rate(table)[row]
        j, k = table.sites.index("Liver"), table.sites.index("Adrenal Gland")
        ratio = arrive[ENGINE_SITES.index("liver")] / arrive[ENGINE_SITES.index("adrenal")]
        assert np.log(ratio) == pytest.approx(ln_u[j] - ln_u[k], abs=1e-9)


@pytest.mark.slow
def test_emulator_agrees_with_engine_patients(table: Table) -> None:
    from diaspore.inference.tropism.check import compare

    fitted = fit_terms(table, [Term("peritoneal", "Intra-Abdominal")])
    cancer = next(c for c in table.cancers if c.name == "breast")
    assert compare(cancer, soil_of(fitted, cancer), 3000).mae_pp < 1.5
