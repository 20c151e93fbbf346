"""Scalar process functions against plain NumPy and scipy: plasticity, systemic levels, geometry, clones, outcome."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad, solve_ivp
from scipy.linalg import null_space

from diaspore.body.processes import (
    cavity,
    clones,
    detection,
    extravasation,
    geometry,
    mortality,
    niche,
    plasticity,
    shedding,
    staging,
    systemic,
)
from diaspore.body.processes.angiogenesis import switch_hazard
from diaspore.core.jit import kernel
from tests.body.common import P_MIN, compiled, patient

VOLUMES = (1e-6, 1.0, 500.0, 1e4, 1e6)


@pytest.fixture(scope="module")
def par() -> Any:
    return compiled(patient()).model.par[0]


# Geometry


@given(st.floats(1e-3, 500.0))
def test_diameter_and_volume_are_inverse(d: float) -> None:
    y = geometry.ln_volume(d)
    assert math.exp(y) == pytest.approx(4.0 / 3.0 * math.pi * (d / 2.0) ** 3, rel=1e-12)
    assert geometry.diameter(y) == pytest.approx(d, rel=1e-13)


@given(st.floats(0.0, 1e9), st.floats(1e-3, 1e7))
def test_saturation(volume: float, half: float) -> None:
    assert geometry.saturation(volume, half) == pytest.approx(
        1.0 / (1.0 + half / volume) if volume > 0 else 0.0, rel=1e-12
    )
    assert geometry.saturation(half, half) == 0.5


# Plasticity


def drive_of(volume: float, lever: float, p: Any, s: float = 0.0) -> float:
    hypoxia = volume / (volume + p["plasticity_hypoxia_half_volume"])
    stroma = volume / (volume + p["plasticity_stroma_half_volume"]) * (1.0 + p["systemic_fibroblast_gain"] * s)
    return float(lever * (1.0 + p["plasticity_hypoxia_gain"] * hypoxia + p["plasticity_tgfb_gain"] * stroma))


def switch(drive: float, back: float, p: Any) -> np.ndarray:
    """Generator (columns sum to 0) of E <-> H <-> M with backward rates ``back`` per day."""
    f1, f2 = p["plasticity_hybrid_ratio"] * drive * back, p["plasticity_mesenchymal_ratio"] * drive * back
    return np.array([[-f1, back, 0.0], [f1, -back - f2, back], [0.0, f2, -back]])


@pytest.mark.parametrize("volume", VOLUMES)
@pytest.mark.parametrize("lever", [0.0, 0.1, 1.0, 20.0])
@pytest.mark.parametrize("s", [0.0, 0.7])
def test_fractions_are_the_rest_state_of_the_three_state_switch(
    par: Any, volume: float, lever: float, s: float
) -> None:
    found = plasticity.fractions(volume, lever, s, par)
    rest = null_space(switch(drive_of(volume, lever, par, s), 1.0, par))[:, 0]
    np.testing.assert_allclose(found, rest / rest.sum(), atol=1e-12)
    assert sum(found) == pytest.approx(1.0, abs=1e-14)


def test_rest_state_follows_the_transient_of_a_growing_lesion(par: Any) -> None:
    """Cells switch back within days, volumes double in weeks: the rest state lags by less than 1 %."""
    doubling, back = 60.0, 1.0 / 3.0

    def slope(t: float, z: np.ndarray) -> np.ndarray:
        return switch(drive_of(1.0 * 2.0 ** (t / doubling), 1.0, par), back, par) @ z

    t = np.linspace(0.0, 20.0 * doubling, 200)
    start = plasticity.fractions(1.0, 1.0, 0.0, par)
    course = solve_ivp(slope, (0.0, t[-1]), start, t_eval=t, method="LSODA", rtol=1e-9, atol=1e-12).y
    rest = np.array([plasticity.fractions(2.0 ** (x / doubling), 1.0, 0.0, par) for x in t]).T
    assert np.abs(course - rest).max() < 0.01


def test_mesenchymal_share_rises_with_volume_and_lever(par: Any) -> None:
    grid = np.geomspace(1e-6, 1e7, 60)
    shares = np.array([plasticity.fractions(v, 1.0, 0.0, par) for v in grid])
    assert np.all(np.diff(shares[:, 0]) < 0.0)
    assert np.all(np.diff(shares[:, 2]) > 0.0)
    assert plasticity.fractions(100.0, 3.0, 0.0, par)[2] > plasticity.fractions(100.0, 1.0, 0.0, par)[2]
    np.testing.assert_allclose(
        plasticity.hypoxic_fraction(500.0, par), 500.0 / (500.0 + par["plasticity_hypoxia_half_volume"])
    )
    np.testing.assert_allclose(plasticity.activated_stroma(0.0, par), 0.0)


# Shedding


def test_shedding_power_and_weights(par: Any) -> None:
    assert shedding.volume_power(math.log(1000.0), 0.7) == pytest.approx(1.0)
    assert shedding.volume_power(math.log(8000.0), 2.0 / 3.0) == pytest.approx(4.0)
    e, h, m = 0.6, 0.3, 0.1
    weights = np.array(shedding.class_weights(e, h, m, 1.0, par))
    total = sum(
        f * par[f"shedding_{name}_weight"] for f, name in ((e, "epithelial"), (h, "hybrid"), (m, "mesenchymal"))
    )
    assert weights.sum() == pytest.approx(total)  # clusters are made of the same cells
    assert weights[3] / weights.sum() == pytest.approx(par["shedding_cluster_fraction"])
    assert weights[1] / weights[0] == pytest.approx(
        h * par["shedding_hybrid_weight"] / (e * par["shedding_epithelial_weight"])
    )
    all_clusters = np.array(shedding.class_weights(e, h, m, 1000.0, par))
    np.testing.assert_allclose(all_clusters, [0, 0, 0, total], atol=1e-15)


@given(st.lists(st.floats(0.1, 10.0), min_size=4, max_size=4))
def test_invasion_levers_multiply(levers: list[float]) -> None:
    p = compiled(patient()).model.par[0]
    speed, protease, adhesion, stiffness = levers
    expected = (
        speed ** p["shedding_speed_exponent"]
        * protease ** p["shedding_protease_exponent"]
        * adhesion ** -p["shedding_adhesion_exponent"]
        * stiffness ** p["shedding_stiffness_exponent"]
    )
    assert shedding.invasion_factor(speed, protease, adhesion, stiffness, p) == pytest.approx(expected, rel=1e-12)


def test_macrophages_add_at_most_their_gain(par: Any) -> None:
    gain, half = par["shedding_macrophage_gain"], par["shedding_macrophage_half_volume"]
    assert shedding.macrophage_factor(half, 1.0, 0.0, par) == pytest.approx(1.0 + 0.5 * gain)
    assert shedding.macrophage_factor(1e12, 2.0, 0.0, par) == pytest.approx(1.0 + 2.0 * gain, rel=1e-6)
    assert shedding.macrophage_factor(1e3, 0.0, 0.5, par) == 1.0
    monocytes = 1.0 + 0.4 * par["systemic_macrophage_gain"]
    assert shedding.macrophage_factor(half, 3.0, 0.4, par) == pytest.approx(1.0 + 3.0 * gain * 0.5 * monocytes)


# Systemic response


def test_systemic_levels_are_the_rest_state_of_turnover(par: Any) -> None:
    """x' = b (1 + g s) - d x comes to rest at x0 (1 + g s)."""
    s = systemic.response(2.0 * par["systemic_half_burden"], par)
    assert s == pytest.approx(2.0 / 3.0)
    gain, birth, death = par["systemic_platelet_gain"], 2.0, 0.1
    course = solve_ivp(lambda t, x: birth * (1.0 + gain * s) - death * x, (0.0, 300.0), [birth / death], rtol=1e-9)
    assert course.y[0, -1] / (birth / death) == pytest.approx(1.0 + gain * s, rel=1e-6)


@given(s=st.floats(0.0, 1.0), shield=st.floats(0.0, 100.0), immune=st.floats(0.0, 100.0))
def test_shielded_fraction(s: float, shield: float, immune: float) -> None:
    p = compiled(patient()).model.par[0]
    cloak = min(1.0, p["systemic_platelet_cloak"] * (1.0 + p["systemic_platelet_gain"] * s) * shield)
    activity = 1.0 / (1.0 + p["systemic_suppression"] * p["systemic_myeloid_gain"] * s)
    reach = min(1.0, activity * immune)
    found = systemic.shielded_fraction(s, shield, immune, p)
    assert found == pytest.approx(1.0 - (1.0 - cloak) * reach, abs=1e-14)
    assert 0.0 <= found <= 1.0
    assert systemic.immune_activity(s, p) == pytest.approx(activity)


def test_switch_hazard() -> None:
    assert switch_hazard(0.002, 3.0, 0.5, 0.4) == pytest.approx(0.002 * 3.0 * 1.2)


# Clones


@kernel
def clone_counts(y: float, onsets: np.ndarray, count: int, advantage: float, u: np.ndarray) -> np.ndarray:
    out = np.zeros(4, dtype=np.int64)
    for i in range(u.size):
        out[clones.pick_clone(y, onsets, count, advantage, u[i])] += 1
    return out


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("advantage", [0.0, 0.3, 1.5])
def test_clones_are_drawn_by_their_weights(count: int, advantage: float) -> None:
    y, onsets = 9.0, np.array([0.0, 1.0, 6.0, 12.0])  # the last clone has not appeared yet
    n = 200_000
    u = (np.arange(n) + 0.5) / n
    found = clone_counts(y, onsets, count, advantage, u)
    weights = np.zeros(4)
    weights[0] = 1.0
    for k in range(1, count):
        if y > onsets[k]:  # (V/V_onset)**a less the founding clone's weight it replaced, and a thousandth at onset
            weights[k] = math.exp(advantage * (y - onsets[k])) - 1.0 + 1e-3
    np.testing.assert_allclose(found / n, weights / weights.sum(), atol=2.0 / n)


# Detection


def test_sensitivity_is_logistic() -> None:
    assert detection.sensitivity(18.0, 18.0, 3.0) == 0.5
    for d in (0.1, 10.0, 25.0, 400.0):
        assert detection.sensitivity(d, 18.0, 3.0) == pytest.approx(stats.logistic.cdf(d, 18.0, 3.0), rel=1e-12)


# Mortality


@pytest.mark.parametrize("age", [20.0, 60.0, 95.0])
@pytest.mark.parametrize("draw", [1e-6, 0.3, 1.0, 8.0])
def test_other_death_inverts_the_integrated_hazard(age: float, draw: float) -> None:
    level, doubling = 1.64e-5, 3100.0
    days = mortality.days_to_other_death(age * 365.25, level, doubling, draw)
    integral, _ = quad(
        lambda t: level * 2.0 ** ((age * 365.25 + t - 60.0 * 365.25) / doubling),
        0.0,
        days,
        epsabs=0,
        epsrel=1e-10,
        limit=200,
    )
    assert integral == pytest.approx(draw, rel=1e-8)


def test_nobody_dies_of_a_hazard_of_nothing() -> None:
    assert math.isinf(mortality.days_to_other_death(60.0 * 365.25, 0.0, 3100.0, 1.0))


def test_gompertz_deaths_from_uniforms() -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    days = np.array([mortality.days_to_other_death(50.0 * 365.25, 1.64e-5, 3100.0, -math.log(x)) for x in u[::20]])
    b = math.log(2.0) / 3100.0
    a = 1.64e-5 * math.exp(-b * 10.0 * 365.25)
    assert stats.kstest(days, lambda t: -np.expm1(-a / b * np.expm1(b * t))).pvalue > P_MIN


# Niche, cavity, stages


def test_niche_readiness(par: Any) -> None:
    half, decay = par["niche_half_volume"], par["niche_decay_rate"]
    assert niche.readiness(half, 0.0, par) == pytest.approx(0.5)
    assert niche.readiness(half, -5.0, par) == pytest.approx(0.5)
    assert niche.readiness(3.0 * half, 100.0, par) == pytest.approx(0.75 * math.exp(-100.0 * decay))


def test_cavity_fates_compete(par: Any) -> None:
    found = cavity.fates(par)
    rates = np.array([par[f"cavity_{name}_rate"] for name in ("attachment", "anoikis", "clearance")])
    np.testing.assert_allclose(found, rates / rates.sum())
    assert sum(found) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize(
    ("t", "n", "m", "group"),
    [
        *((t, n, 1, "IV") for t in (1, 4) for n in (0, 3)),
        (1, 0, 0, "I"), (1, 1, 0, "II"), (2, 0, 0, "II"), (2, 1, 0, "II"), (3, 0, 0, "II"),
        (1, 2, 0, "III"), (2, 2, 0, "III"), (3, 1, 0, "III"), (1, 3, 0, "III"), (4, 0, 0, "III"),
    ],
)  # fmt: skip
def test_stage_groups(t: int, n: int, m: int, group: str) -> None:
    """Anatomic groups of breast cancer."""
    found = staging.stage_group(np.array([t]), np.array([n]), np.array([m]))
    assert staging.GROUPS[found[0]] == group


# The bottleneck between patients


@pytest.mark.parametrize(
    ("law", "same"),
    [
        (extravasation.NORMAL, stats.norm),
        (extravasation.LOGISTIC, stats.logistic),
    ],
)
def test_bottleneck_has_its_law(law: int, same: Any) -> None:
    """The quantiles of the named distribution with the given standard deviation, far into both tails."""
    p = np.array([1e-12, 1e-4, 0.1, 0.5, 0.6, 0.9, 1.0 - 1e-9])
    found = [extravasation.bottleneck_deviation(z, 3.0, law) for z in stats.norm.ppf(p)]
    np.testing.assert_allclose(found, 3.0 / same.std() * same.ppf(p), rtol=1e-6, atol=1e-9)


def test_contaminated_bottleneck() -> None:
    """A quarter of patients is spread 2.1 times as wide; together their standard deviation is the given one."""
    p = np.array([1e-12, 1e-4, 0.1, 0.5, 0.6, 0.9, 1.0 - 1e-9])
    z = stats.norm.ppf(p)
    found = np.array([extravasation.bottleneck_deviation(x, 3.0, extravasation.CONTAMINATED) for x in z])
    narrow = 3.0 / math.sqrt(0.75 + 0.25 * 2.1**2)
    below, above = (
        0.75 * stats.norm.cdf(s * found / narrow) + 0.25 * stats.norm.cdf(s * found / narrow / 2.1) for s in (1, -1)
    )
    np.testing.assert_allclose(np.where(p < 0.5, below, above), np.where(p < 0.5, p, stats.norm.cdf(-z)), rtol=1e-9)


@pytest.mark.parametrize(("mean", "sd"), [(20.0, 3.0), (27.0, 11.9), (41.0, 18.6)])
def test_mean_take_of_the_contaminated_law(mean: float, sd: float) -> None:
    """The closed form against sums over the quantiles that the engine draws."""
    from diaspore.body.quantities import _mean_success

    par = np.zeros(1, dtype=[(name, "f8") for name in ("fate_bottleneck", "fate_bottleneck_sd", "fate_bottleneck_law")])
    par[0] = (mean, sd, extravasation.CONTAMINATED)
    edges = np.linspace(-9.0, 9.0, 20_001)
    z = 0.5 * (edges[1:] + edges[:-1])
    b = np.array([mean + extravasation.bottleneck_deviation(x, sd, extravasation.CONTAMINATED) for x in z])
    twin = np.sum(np.diff(stats.norm.cdf(edges)) * np.exp(-np.maximum(0.0, b)))
    assert _mean_success(par[0], 0.0, 1.0) == pytest.approx(twin, rel=1e-4)
