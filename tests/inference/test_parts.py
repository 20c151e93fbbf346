"""Data, priors, likelihoods and banks against closed forms and slower twins."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from diaspore.core.errors import InputError
from diaspore.inference import likelihoods
from diaspore.inference.bank import FINE, SHAPES, BankPlan, cell_content, spread_weights
from diaspore.inference.cells import cell_key
from diaspore.inference.data import rows_sha256, size_bins
from diaspore.inference.fits.seer import CANCERS, Curve, deviances, optimum
from diaspore.inference.priors import Prior, from_uniform, log_prior, sample_priors
from diaspore.knowledge.load import table
from tests.inference.common import bins, closed_bank, share

FROZEN = {
    "normal": lambda a, b: stats.norm(a, b),
    "lognormal": lambda a, b: stats.lognorm(b, scale=a),
    "uniform": lambda a, b: stats.uniform(a, b - a),
    "beta": lambda a, b: stats.beta(a, b),
}


MAPPED = (
    Prior("a", "normal", 2.0, 3.0, "diaspore", "assumed", "", -1.0, 4.0),
    Prior("b", "lognormal", 2.0, 0.7, "diaspore", "assumed", "", 0.05, 5.0),
    Prior("c", "logitnormal", 0.3, 1.5, "diaspore", "assumed", "", 0.005, 0.6),
    Prior("d", "logitnormal", 0.3, 1.5, "diaspore", "assumed"),
    Prior("e", "lognormal", 2.0, 0.7, "diaspore", "assumed", low=1.0),
    Prior("f", "uniform", 2.0, 3.0, "diaspore", "assumed"),
    Prior("g", "beta", 2.0, 3.0, "diaspore", "assumed", high=0.5),
)


def prior(family: str, first: float = 2.0, second: float = 3.0) -> Prior:
    return Prior("x", family, first, second, "diaspore", "assumed")


@pytest.mark.parametrize("family", FROZEN)
def test_priors_are_the_distributions_they_say(family: str) -> None:
    twin = FROZEN[family](2.0, 3.0)
    x = np.linspace(-1.0, 6.0, 141)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(prior(family).log_density(x), twin.logpdf(x), rtol=1e-10, atol=1e-10)
    drawn = prior(family).sample(np.random.default_rng(3), 4000)
    assert stats.kstest(drawn, twin.cdf).pvalue > 1e-4


@pytest.mark.parametrize("mapped", MAPPED, ids=lambda p: p.name)
def test_bounds_quantiles_and_density_of_a_prior_agree(mapped: Prior) -> None:
    top = mapped.high if np.isfinite(mapped.high) else 200.0
    x = np.linspace(mapped.low, top, 200_001)
    density = np.exp(mapped.log_density(x))
    cdf = integrate.cumulative_trapezoid(density, x, initial=0.0)
    assert cdf[-1] == pytest.approx(1.0, abs=1e-3)
    u = np.array([0.01, 0.2, 0.5, 0.9, 0.99])
    np.testing.assert_allclose(np.interp(mapped.ppf(u), x, cdf), u, atol=1e-3)
    assert np.all(np.isneginf(mapped.log_density(np.array([mapped.low - 0.01, mapped.high + 0.01]))))
    assert (mapped.ppf(0.0), mapped.ppf(1.0)) == (pytest.approx(mapped.low), pytest.approx(mapped.high))
    drawn = mapped.sample(np.random.default_rng(3), 4000)
    assert np.all((drawn >= mapped.low) & (drawn <= mapped.high))
    assert stats.kstest(drawn, lambda v: np.interp(v, x, cdf)).pvalue > 1e-4
    assert ("bounds" in mapped.as_dict()) == mapped.bounded


@pytest.mark.parametrize("family", ["normal", "lognormal", "logitnormal", "uniform", "beta"])
def test_a_prior_is_normal_on_its_own_scale(family: str) -> None:
    mapped = prior(family, 0.4, 1.2)
    value = mapped.sample(np.random.default_rng(7), 4000)
    x = mapped.forward(value)
    np.testing.assert_allclose(mapped.back(x), value, rtol=1e-9)
    assert stats.kstest(mapped.score(x), stats.norm.cdf).pvalue > 1e-4
    assert mapped.score(mapped.forward(mapped.centre)) == pytest.approx(0.0, abs=1e-12)
    assert mapped.forward(mapped.ppf(0.9)) - mapped.forward(mapped.centre) == pytest.approx(
        mapped.sd * stats.norm.ppf(0.9)
    )


def test_evenly_spread_points_follow_the_priors() -> None:
    rng = np.random.default_rng(2)
    u = (np.argsort(rng.random((256, len(MAPPED))), axis=0) + 0.5) / 256
    theta = from_uniform(MAPPED, u)
    assert theta.shape == u.shape
    for i, mapped in enumerate(MAPPED):
        assert np.median(theta[:, i]) == pytest.approx(mapped.ppf(0.5), rel=0.02)


def test_priors_are_independent_and_refuse_nonsense() -> None:
    both = (prior("normal"), prior("uniform"))
    theta = sample_priors(both, np.random.default_rng(1), 7)
    expected = both[0].log_density(theta[:, 0]) + both[1].log_density(theta[:, 1])
    np.testing.assert_allclose(log_prior(both, theta), expected)
    worse = {"family": "logitnormal", "first": 1.0}
    for bad in ({"second": -1.0}, {"family": "gauss"}, worse, {"low": 3.0, "high": 2.0}, {"low": 500.0}):
        with pytest.raises(InputError):
            Prior(
                "x", **{"family": "normal", "first": 2.0, "second": 3.0, "source": "diaspore", "grade": "assumed"} | bad
            )
    with pytest.raises(InputError):
        Prior("x", "normal", 0.0, 1.0, "nobody", "assumed")


def test_likelihoods_equal_the_distributions_up_to_a_constant() -> None:
    events, trials = np.array([3.0, 0.0, 40.0]), np.array([10.0, 5.0, 40.0])
    p, q = np.array([0.2, 0.01, 0.9]), np.array([0.4, 0.2, 0.99])
    got = likelihoods.binomial_log_likelihood(np.stack([p, q]), events, trials)
    twin = [np.sum(stats.binom.logpmf(events, trials, x)) for x in (p, q)]
    assert got[0] - got[1] == pytest.approx(twin[0] - twin[1])
    rho = 0.1
    a = p * (1 / rho - 1)
    assert likelihoods.beta_binomial_log_likelihood(p, events, trials, rho) == pytest.approx(
        np.sum(stats.betabinom.logpmf(events, trials, a, (1 / rho - 1) - a))
    )
    counts = np.array([4.0, 1.0, 5.0])
    x, y = np.array([0.3, 0.2, 0.5]), np.array([0.1, 0.1, 0.8])
    twin = [stats.multinomial.logpmf(counts, 10, z) for z in (x, y)]
    got = likelihoods.multinomial_log_likelihood(np.stack([x, 3.0 * y]), counts)
    assert got[0] - got[1] == pytest.approx(twin[0] - twin[1])


def test_deviance_is_twice_the_distance_to_the_saturated_model() -> None:
    events, trials = np.array([3.0, 0.0, 40.0]), np.array([10.0, 5.0, 40.0])
    p = np.array([0.2, 0.01, 0.9])
    saturated = likelihoods.binomial_log_likelihood(events / trials, events, trials)
    twin = 2.0 * (saturated - likelihoods.binomial_log_likelihood(p, events, trials))
    assert likelihoods.binomial_deviance(p, events, trials) == pytest.approx(twin)
    assert likelihoods.binomial_deviance(events / trials, events, trials) == pytest.approx(0.0, abs=1e-9)


def test_kaplan_meier_without_censoring_is_binomial() -> None:
    survival, n = 0.3, 200
    events, trials = likelihoods.kaplan_meier_effective(survival, math.sqrt(survival * (1 - survival) / n))
    assert (events, trials) == (pytest.approx(140.0), pytest.approx(200.0))


def test_logistic_null_is_the_best_logistic_curve() -> None:
    data = size_bins("breast")
    x = np.log(data.size_mm / 10.0)
    p, (a, b) = likelihoods.logistic_null(x, data.metastatic, data.patients)
    best = likelihoods.binomial_deviance(p, data.metastatic, data.patients)
    for da, db in ((0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01)):
        other = 1.0 / (1.0 + np.exp(-(a + da + (b + db) * x)))
        assert likelihoods.binomial_deviance(other, data.metastatic, data.patients) > best


def test_bins_are_those_of_the_table_from_1_to_10_cm() -> None:
    for cancer in CANCERS:
        data = size_bins(cancer)
        assert data.size_mm.min() == 10.0
        assert data.size_mm.max() == 100.0
        assert np.all(np.diff(data.size_mm) > 0.0)
        assert np.all(data.metastatic <= data.patients)
    assert size_bins("breast").sha256 != size_bins("colon").sha256
    rows = table("seer_size_metastasis")
    assert rows_sha256(rows[:3]) == rows_sha256(rows[:3]) != rows_sha256(rows[:4])
    with pytest.raises(InputError, match="breast"):
        size_bins("breasts")


def test_interpolation_meets_the_closed_form_between_and_beyond_nodes() -> None:
    size = np.array([10.0, 14.0, 27.0, 55.0, 90.0])
    got, twin = closed_bank().fine(size), share(size, FINE)
    # at fixed sizes of the bank, exact up to rounding of counts; between them ln(-ln(1-p)) is linear in ln(size) here
    inside = (twin > 1e-5) & (twin < 0.999)
    np.testing.assert_allclose(got[inside], twin[inside], rtol=0.02)
    rare = (twin <= 1e-5) & (FINE < 45.0)[None, :]
    np.testing.assert_allclose(got[rare], twin[rare], rtol=0.1)


class Contaminated:
    """A quarter of a normal law is 2.1 times as wide as the rest."""

    def __init__(self, mean: float, sd: float) -> None:
        narrow = sd / math.sqrt(0.75 + 0.25 * 2.1**2)
        self.parts = ((0.75, stats.norm(mean, narrow)), (0.25, stats.norm(mean, 2.1 * narrow)))

    def cdf(self, x: float) -> float:
        return sum(share * float(law.cdf(x)) for share, law in self.parts)

    def pdf(self, x: float) -> float:
        return sum(share * float(law.pdf(x)) for share, law in self.parts)

    def std(self) -> float:
        return math.sqrt(sum(share * law.var() for share, law in self.parts))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("mean", "sd"), [(24.0, 4.0), (20.0, 0.3), (45.0, 20.0)])
def test_weights_integrate_any_spread(shape: str, mean: float, sd: float) -> None:
    size = np.array([10.0, 40.0])
    laws = {
        "normal": stats.norm(mean, sd),
        "logistic": stats.logistic(mean, sd * math.sqrt(3.0) / math.pi),
        "contaminated": Contaminated(mean, sd),
    }
    twin_law = laws[shape]
    assert twin_law.std() == pytest.approx(sd)
    weights = spread_weights(shape, np.array([mean]), np.array([sd]))
    assert weights.sum() == pytest.approx(1.0)
    got = weights[0] @ share(size, FINE).T
    for k in range(2):
        low = float(twin_law.cdf(0.0)) * share(size, np.zeros(1))[k, 0]
        points = [*np.linspace(0.0, 60.0, 61)]
        twin = low + sum(
            integrate.quad(lambda b, k=k: twin_law.pdf(b) * share(size, np.array([b]))[k, 0], a, b)[0]
            for a, b in itertools.pairwise(points)
        )
        assert got[k] == pytest.approx(twin, rel=3e-3)


def test_the_optimum_finds_what_the_data_were_made_from() -> None:
    data = bins()
    curve = Curve(closed_bank(), data.size_mm)
    best = optimum(curve, data)
    np.testing.assert_allclose(best, [24.0, 4.0], atol=1.0)
    found = deviances(data, curve(best[None, :])[0])
    assert found["deviance"]["fit"] < found["deviance"]["constant"]
    assert sum(found["deviance_by_bin"]["fit"]) == pytest.approx(found["deviance"]["fit"])


def test_a_cell_is_named_by_all_that_decides_it() -> None:
    base = BankPlan("a", {"primary": {"site": "breast"}}, (10.0, 20.0), (8.0, 9.0), 10, 1)
    names = {
        cell_key(cell_content(plan, d, b))
        for plan in (
            base,
            BankPlan("a", {"primary": {"site": "lung"}}, (10.0, 20.0), (8.0, 9.0), 10, 1),
            BankPlan("a", {"primary": {"site": "breast"}}, (10.0, 20.0), (8.0, 9.0), 11, 1),
            BankPlan("a", {"primary": {"site": "breast"}}, (10.0, 20.0), (8.0, 9.0), 10, 2),
        )
        for d, b in ((10.0, 8.0), (10.0, 9.0), (20.0, 8.0))
    }
    assert len(names) == 12
