"""Intervals, posteriors and tests of counts against scipy and figures worked out elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, chi2, gamma, nbinom, poisson

from diaspore.core.errors import InputError
from diaspore.ctc.clinical import compare_counts, cutoff, cutoffs, exact_interval, gamma_posterior
from diaspore.ctc.clinical.change import holm
from diaspore.knowledge.load import table


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.69), (1, 0.03, 5.57), (3, 0.62, 8.77), (5, 1.62, 11.67), (10, 4.80, 18.39)]
)
def test_exact_intervals_of_poisson_counts(count: int, low: float, high: float) -> None:
    found = exact_interval(count)
    assert found == pytest.approx((low, high), abs=5e-3)
    assert found[1] == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2)
    if count:
        assert poisson.sf(count - 1, found[0]) == pytest.approx(0.025)
    assert poisson.cdf(count, found[1]) == pytest.approx(0.025)


@pytest.mark.parametrize("size", [0.5, 2.0, 20.0])
@pytest.mark.parametrize("count", [0, 1, 7, 300])
def test_overdispersed_intervals_have_their_tails(count: int, size: float) -> None:
    low, high = exact_interval(count, size=size)
    assert nbinom.cdf(count, size, size / (size + high)) == pytest.approx(0.025, rel=1e-6)
    if count:
        assert nbinom.sf(count - 1, size, size / (size + low)) == pytest.approx(0.025, rel=1e-6)
    narrow = exact_interval(count)
    if count != 1:  # a single event is less probable where counts clump
        assert low <= narrow[0] + 1e-9
    assert high > narrow[1]


def test_a_large_size_is_poisson() -> None:
    assert exact_interval(5, size=1e9) == pytest.approx(exact_interval(5), rel=1e-6)
    assert compare_counts(7, 7.5, 1, 7.5, size=1e9).p == pytest.approx(compare_counts(7, 7.5, 1, 7.5).p, rel=1e-4)


def test_the_posterior_is_conjugate() -> None:
    found = gamma_posterior(4, 7.5)
    assert found.above(5 / 7.5) == pytest.approx(gamma.sf(5.0, 4.5))
    grid = np.linspace(1e-6, 10, 400_001)
    weight = poisson.pmf(4, 7.5 * grid) / np.sqrt(grid)  # the prior of Jeffreys by hand
    assert found.above(5 / 7.5) == pytest.approx(weight[grid >= 5 / 7.5].sum() / weight.sum(), abs=1e-4)
    low, high = found.interval(0.9)
    assert found.above(low) == pytest.approx(0.95)
    assert found.above(high) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("a", "b", "va", "vb"), [(7, 4, 7.5, 7.5), (12, 1, 7.5, 7.5), (3, 20, 7.5, 30.0), (0, 6, 15.0, 7.5)]
)
def test_changes_are_the_binomial_test(a: int, b: int, va: float, vb: float) -> None:
    found = compare_counts(a, va, b, vb)
    exact = binomtest(b, a + b, vb / (va + vb))
    assert found.p == pytest.approx(exact.pvalue)
    interval = exact.proportion_ci(method="exact")
    assert found.low == pytest.approx(interval.low / (1 - interval.low) * va / vb)
    if a:
        assert found.high == pytest.approx(interval.high / (1 - interval.high) * va / vb)
        assert found.ratio == pytest.approx(b / vb / (a / va))
    else:
        assert math.isinf(found.high)
        assert math.isinf(found.ratio)


def test_seven_then_four_is_no_change() -> None:
    found = compare_counts(7, 7.5, 4, 7.5)
    assert found.p == pytest.approx(0.5488, abs=5e-4)  # 2 P(X >= 7), X binomial of 11 and 1/2
    assert found.low < 1.0 < found.high


def test_overdispersed_changes_by_summing() -> None:
    size, a, b = 2.0, 9, 1
    p = size / (size + 5.0)  # any mean gives the same where volumes are equal
    weights = [nbinom.pmf(10 - k, size, p) * nbinom.pmf(k, size, p) for k in range(11)]
    wanted = sum(w for w in weights if w <= weights[b] * (1 + 1e-9)) / sum(weights)
    assert compare_counts(a, 7.5, b, 7.5, size=size).p == pytest.approx(wanted)
    assert wanted > compare_counts(a, 7.5, b, 7.5).p


def test_the_test_holds_its_level() -> None:
    pairs = np.random.default_rng(1).poisson(6.0, (3000, 2))
    p = np.array([compare_counts(int(a), 7.5, int(b), 7.5).p for a, b in pairs])
    assert (p < 0.05).mean() < 0.05


def test_nothing_counted_twice_tells_nothing() -> None:
    found = compare_counts(0, 7.5, 0, 7.5)
    assert (found.p, found.low, math.isinf(found.high), math.isnan(found.ratio)) == (1.0, 0.0, True, True)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be"):
        compare_counts(-1, 7.5, 2, 7.5)
    with pytest.raises(InputError, match="cannot be"):
        compare_counts(1, 0.0, 2, 7.5)
    with pytest.raises(InputError, match="size of a negative binomial"):
        exact_interval(3, size=0.0)
    with pytest.raises(InputError, match="level"):
        exact_interval(3, 1.5)


def test_cutoffs_and_their_evidence() -> None:
    assert [(c.cancer, c.setting, c.count, c.volume) for c in cutoffs()] == [
        ("breast", "metastatic", 5, 7.5), ("breast", "early", 1, 7.5), ("colorectal", "metastatic", 3, 7.5),
        ("colorectal", "early", 1, 30.0), ("prostate", "metastatic", 5, 7.5), ("sclc", "extensive", 50, 7.5),
        ("sclc", "limited", 15, 7.5),
    ]  # fmt: skip
    assert cutoff("breast").setting == "metastatic"
    assert cutoff("breast", "early").per_ml == pytest.approx(1 / 7.5)
    assert all(row.grade != "assumed" for one in cutoffs() for row in one.evidence)
    recalled = [row for one in cutoffs(recalled=True) for row in one.evidence if row.grade == "assumed"]
    assert [row.source for row in recalled] == ["bidard2014"]
    for row in table("ctc_cutoffs"):
        assert row.key.startswith("ctc_cutoff.")
        assert row["assay"] == "cellsearch"
    with pytest.raises(InputError, match="did you mean 'breast'"):
        cutoff("brest")
    with pytest.raises(InputError, match="did you mean 'early'"):
        cutoff("breast", "erly")
