"""Founders against theory: how many, when, where, by which way, for any length of panel; then sleep and waiting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp

from diaspore.body.batch import Batch
from diaspore.body.state import AVASCULAR, BLOOD, EXTINCT, HELD, LYMPH, PAUSED, SLEEPING
from tests.body.common import (
    ALIKE,
    BARREN,
    IMMORTAL,
    NO_LYMPH,
    NODES,
    P_MIN,
    SITE,
    UNMODULATED,
    batch,
    compiled,
    founders,
    owners,
    patient,
    per_patient,
)
from tests.body.twin import Twin

YEAR = 365.25
N = 20_000
SIMPLE = {**ALIKE, **UNMODULATED, **IMMORTAL}
# Five founders by blood until five years after diagnosis, all dividing, none joining the primary.
BY_BLOOD = {
    **SIMPLE, **BARREN, **NO_LYMPH, "fate.soil.breast": 0, "fate.dormant_fraction": 0, "fate.bottleneck": 19.3,
}  # fmt: skip


def by_blood() -> tuple[Twin, Batch]:
    data = patient(BY_BLOOD)
    return Twin(compiled(data)), batch(data, N)


def mean_is(counts: np.ndarray, expected: float) -> bool:
    """Whether the mean of Poisson counts agrees with ``expected`` (two-sided exact test of the sum)."""
    total, mean = int(counts.sum()), expected * len(counts)
    tail = min(stats.poisson.cdf(total, mean), stats.poisson.sf(total - 1, mean))
    return bool(2.0 * tail > P_MIN)


def test_primary_follows_its_closed_form() -> None:
    twin, b = by_blood()
    p = b.patients
    np.testing.assert_allclose(p["switch_day"], twin.switch_day, rtol=1e-9)
    np.testing.assert_allclose(p["y_diagnosis"], twin.y_diagnosis, rtol=1e-12)
    primaries = b.lesions[b.offsets[:-1]]
    np.testing.assert_allclose(primaries["y"], twin.y(np.array([5 * YEAR]))[0], rtol=1e-9)


def test_number_of_founders_by_blood() -> None:
    twin, b = by_blood()
    expected = twin.integral("blood", twin.grid(5 * YEAR)).sum(axis=0)[-1]
    counts = per_patient(b, founders(b))
    assert 2.0 < expected < 20.0
    assert b.patients["self_seeded"].sum() == 0
    assert mean_is(counts, expected), (counts.mean(), expected)
    # Poisson: variance equals mean, and the whole distribution fits
    assert abs(counts.var() / counts.mean() - 1.0) < 4.0 * math.sqrt(2.0 / N)
    k = np.arange(0, 25)
    observed = np.bincount(np.minimum(counts, k[-1]), minlength=len(k))
    theory = N * np.append(stats.poisson.pmf(k[:-1], expected), stats.poisson.sf(k[-2], expected))
    fat = theory > 5.0
    assert stats.chisquare([*observed[fat], observed[~fat].sum()], [*theory[fat], theory[~fat].sum()]).pvalue > P_MIN


def test_days_of_founders_by_blood() -> None:
    """By the integrated rate the days are uniform: before diagnosis, after it, and within every panel."""
    twin, b = by_blood()
    days = twin.grid(5 * YEAR)
    passed = twin.integral("blood", days).sum(axis=0)
    seeded = b.lesions["seeded"][founders(b)]
    u = np.interp(seeded, days, passed) / passed[-1]
    assert stats.kstest(u, "uniform").pvalue > P_MIN
    panels = np.arange(0.0, 5 * YEAR + 1.0, 91.3125)
    late = seeded[seeded > 0.0]
    bounds = np.interp(panels, days, passed)
    observed = np.histogram(late, bins=panels)[0]
    assert stats.chisquare(observed, observed.sum() * np.diff(bounds) / (bounds[-1] - bounds[0])).pvalue > P_MIN
    start = np.searchsorted(panels, late, side="right") - 1
    inside = (np.interp(late, days, passed) - bounds[start]) / np.diff(bounds)[start]
    assert stats.kstest(inside, "uniform").pvalue > P_MIN


@pytest.mark.parametrize("panel", ["40 day", "2000 day"])
def test_founders_of_a_fast_primary(panel: str) -> None:
    """A panel in which the rate rises many times is divided into stretches, each with a bound of its own."""
    change = {**BY_BLOOD, "growth.doubling_time": "40 day", "fate.bottleneck": 18.0}
    data = patient(
        change, primary={"site": "breast", "diameter_at_diagnosis": "4 mm"}, numerics={"panel": panel},
        follow_up={"duration": "3 year", "visits": []},
    )  # fmt: skip
    twin, b = Twin(compiled(data)), batch(data, 3000)
    assert twin.y(np.array([3 * YEAR]))[0] - twin.y_diagnosis > 5.0 * math.log(4.0)
    days = twin.grid(3 * YEAR)
    passed = twin.integral("blood", days).sum(axis=0)
    assert 5.0 < passed[-1] < 100.0
    mask = founders(b)
    assert mean_is(per_patient(b, mask), passed[-1])
    u = np.interp(b.lesions["seeded"][mask], days, passed) / passed[-1]
    assert stats.kstest(u, "uniform").pvalue > P_MIN
    tried = b.lesions["events"][b.offsets[:-1]].sum()
    assert mask.sum() > 0.2 * tried  # few candidates are wasted


@pytest.mark.parametrize("panel", ["91 day", "365 day"])
def test_founders_go_on_after_a_cut(panel: str) -> None:
    """First symptoms cut a panel short; the primary, still in place, founds on as if nothing had happened."""
    change = {
        **SIMPLE, **NO_LYMPH, "fate.soil.breast": 0, "fate.dormant_fraction": 0, "fate.bottleneck": 19.3,
        "dormancy.held_fraction": 0, "angiogenesis.immediate_fraction": 1,
        "detection.symptom_diameter.default": "8 mm", "detection.symptom_spread": 0.3,
    }  # fmt: skip
    data = patient(
        change, follow_up={"duration": "6 year", "visits": []}, numerics={"panel": panel, "lesion_limit": 1000}
    )
    twin, b = Twin(compiled(data)), batch(data, 6000)
    mask, owner = founders(b, None), owners(b)
    seen = mask & ~np.isnan(b.lesions["detected"])
    first = np.full(len(b.patients), np.inf)
    np.minimum.at(first, owner[seen], b.lesions["detected"][seen])
    used = (first > 1.0) & (first < 4 * YEAR)
    assert used.sum() > 1000
    days = twin.grid(6 * YEAR)
    passed = twin.integral("blood", days).sum(axis=0)
    mine = founders(b, 1) & used[owner]  # of the primary itself
    for window in (60.0, 150.0):
        after = b.lesions["seeded"] - first[owner]
        found = int((mine & (after > 0.0) & (after <= window)).sum())
        expected = float((np.interp(first[used] + window, days, passed) - np.interp(first[used], days, passed)).sum())
        assert abs(found - expected) < 4.0 * math.sqrt(expected)


def test_sites_of_founders_by_blood() -> None:
    twin, b = by_blood()
    expected = twin.integral("blood", twin.grid(5 * YEAR))[:, -1]
    mask = founders(b)
    assert set(np.unique(b.lesions["route"][mask])) == {BLOOD}
    observed = np.bincount(b.lesions["site"][mask], minlength=len(expected))
    assert observed[SITE["breast"]] == 0
    assert observed[SITE["prostate"]] == 0  # no such site in a woman
    fat = expected * N > 8.0
    weights = np.append(expected[fat], expected[~fat].sum())
    counts = np.append(observed[fat], observed[~fat].sum())
    keep = weights > 0.0
    assert stats.chisquare(counts[keep], counts.sum() * weights[keep] / weights.sum()).pvalue > P_MIN


def test_founders_of_different_patients_and_panels_are_independent() -> None:
    _, b = by_blood()
    mask = founders(b)
    early = per_patient(b, mask & (b.lesions["seeded"] < 0.0))
    late = per_patient(b, mask & (b.lesions["seeded"] >= 0.0))
    assert abs(np.corrcoef(early, late)[0, 1]) < 4.0 / math.sqrt(N)
    assert abs(np.corrcoef(early[:-1], early[1:])[0, 1]) < 4.0 / math.sqrt(N)


@pytest.mark.parametrize("panel", ["91 day", "365 day"])
def test_founders_beyond_the_limit_are_counted(panel: str) -> None:
    """Those that are followed and the expected number of later ones add up to all founders."""
    data = patient({**BY_BLOOD, "fate.bottleneck": 18.0}, numerics={"lesion_limit": 2, "panel": panel})
    twin, b = Twin(compiled(data)), batch(data, 2000)
    expected = twin.integral("blood", twin.grid(5 * YEAR)).sum(axis=0)[-1]
    mask = founders(b)
    followed = per_patient(b, mask)
    site, waking, seeded = (b.lesions[name] for name in ("site", "waking", "seeded"))
    dividing = mask & (waking == seeded)
    assert max(per_patient(b, dividing & (site == s)).max() for s in np.unique(site[mask])) == 2
    assert 3.0 < b.patients["untracked"].mean() < followed.mean() + 10.0
    total = followed + b.patients["untracked"]
    assert 12.0 < expected < 30.0
    assert total.mean() == pytest.approx(expected, rel=0.01, abs=4.0 * total.std() / math.sqrt(len(total)))


@pytest.mark.parametrize("surgery", [None, {"primary": {"at": "300 day"}}])
def test_all_founders_are_followed_or_counted(surgery: dict[str, Any] | None) -> None:
    """By all ways, with sleepers, niche, self-seeding, and a primary that is taken out: whatever the limit is.

    Expectations within a panel are means of its ends: half a percent is allowed for that.
    """
    change = {**SIMPLE, **BARREN, "niche.strength.default": 1, "fate.bottleneck": 16.0, "fate.soil.breast": 1}
    totals = []
    for limit in (1, 10_000):
        data = patient(
            change, surgery=surgery, follow_up={"duration": "3 year", "visits": []}, numerics={"lesion_limit": limit}
        )
        b = batch(data, 1500)
        p = b.patients
        totals.append(np.diff(b.offsets) - 1 + p["untracked"] + p["self_seeded"] + p["self_expected"])
        assert (p["untracked"].mean() > 5.0) == (limit == 1)
    error = math.sqrt(sum(t.var() / len(t) for t in totals))
    assert totals[1].mean() > 20.0
    assert abs(totals[0].mean() - totals[1].mean()) < 4.0 * error + 0.005 * totals[1].mean()


# Founders in nodes are rare here, so that a node is hardly ever taken twice.
BY_LYMPH = {
    **SIMPLE, **BARREN, "shedding.haematogenous": "0 1/day", "fate.dormant_fraction": 0, "fate.soil.breast": 0,
    "lymph.retention": 0.5,
    "fate.bottleneck": 16.5, "fate.node_bottleneck_relief": 1.2,
}  # fmt: skip


def test_founders_by_lymph() -> None:
    """In each station, and behind the thoracic duct by site; a founder in a taken node joins the colony in it."""
    data = patient(BY_LYMPH, follow_up={"duration": "1 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, N)
    mask = founders(b)
    lesions = b.lesions
    nodal = mask & (lesions["station"] >= 0)
    days = twin.grid(YEAR)
    by_station = twin.integral("nodes", days)[:, -1]
    duct = twin.integral("duct", days)[:, -1]
    assert 0.2 < by_station.sum() < 1.5
    assert 0.02 < duct.sum() < 1.0
    assert set(np.unique(lesions["route"][mask])) == {LYMPH}
    # A founder in a taken node changes nothing, so a station of n nodes holds n (1 - exp(-mean/n)) colonies.
    places = np.array([s.nodes for s in twin.c.stations])
    held = places * -np.expm1(-by_station / places)
    observed = np.bincount(lesions["station"][nodal], minlength=len(held))
    assert mean_is(observed.sum() * np.ones(1), held.sum() * N)
    fat = held > 0.0
    assert stats.chisquare(observed[fat], observed.sum() * held[fat] / held.sum()).pvalue > P_MIN
    busiest = int(np.argmax(held))
    nodes = np.bincount(lesions["node"][nodal & (lesions["station"] == busiest)], minlength=places[busiest])
    assert len(nodes) == places[busiest]
    assert stats.chisquare(nodes).pvalue > P_MIN
    distant = mask & (lesions["station"] < 0)
    assert mean_is(per_patient(b, distant), duct.sum())
    sites = np.bincount(lesions["site"][distant], minlength=len(duct))
    fat = duct * N > 8.0
    weights, counts = np.append(duct[fat], duct[~fat].sum()), np.append(sites[fat], sites[~fat].sum())
    assert stats.chisquare(counts, counts.sum() * weights / weights.sum()).pvalue > P_MIN


def test_one_colony_in_a_node() -> None:
    """However many founders come, a node holds one colony."""
    data = patient({**BY_LYMPH, "fate.node_bottleneck_relief": 8}, follow_up={"duration": "1 year", "visits": []})
    b = batch(data, 500)
    nodal = founders(b, None) & (b.lesions["station"] >= 0)
    place = b.lesions["station"][nodal].astype(int) * 64 + b.lesions["node"][nodal]
    pairs = owners(b)[nodal].astype(np.int64) * 4096 + place
    assert per_patient(b, nodal).mean() > 5.0
    assert len(np.unique(pairs)) == len(pairs)


def test_volumes_that_rise_and_fall_within_a_panel() -> None:
    """Under Hahnfeldt's law a primary whose vessels fail grows on at first, then shrinks; thinning must stay exact."""
    lever, end = 0.02, 365.0
    data = patient(
        {**BY_BLOOD, "growth.law": "hahnfeldt", "fate.bottleneck": 17.5, "growth.doubling_time": "60 day"},
        follow_up={"duration": f"{end} day", "visits": []},
        numerics={"panel": f"{end} day"},
        levers=[{"lever": "angiogenesis_rate", "factor": lever, "from": "0 day"}],
    )
    twin, b = Twin(compiled(data)), batch(data, N)
    rate = math.log(2.0) / twin["growth.doubling_time"] / math.log(twin["growth.hahnfeldt_capacity_ratio"])
    w = rate * twin["growth.hahnfeldt_stimulation"]
    loss = w * math.exp(-2.0 / 3.0 * twin.y_cap)

    def slope(factor: float) -> Any:
        return lambda t, z: [
            rate * (z[1] - z[0]),
            w * factor * math.exp(z[0] - z[1]) - loss * math.exp(2.0 / 3.0 * z[0]),
        ]

    start = [twin.y_avascular, twin.y_avascular + math.log(twin["growth.hahnfeldt_capacity_ratio"])]
    settings = {"method": "LSODA", "rtol": 1e-9, "atol": 1e-10}
    days = b.patients["switch_day"][0]
    grown = solve_ivp(slope(1.0), (days, 0.0), start, **settings).y[:, -1]
    assert grown[0] == pytest.approx(twin.y_diagnosis, abs=1e-3)
    t = np.linspace(0.0, end, 2001)
    y = solve_ivp(slope(lever), (0.0, end), grown, t_eval=t, **settings).y[0]
    assert y.max() > max(y[0], y[-1]) + 0.1
    per_day = twin.founders_at(y)["blood"].sum(axis=0)
    expected = np.append(0.0, np.cumsum(0.5 * (per_day[1:] + per_day[:-1]) * np.diff(t)))
    seeded = b.lesions["seeded"][founders(b) & (b.lesions["seeded"] > 0.0)]
    assert 0.2 < expected[-1] < 20.0
    assert stats.kstest(np.interp(seeded, t, expected) / expected[-1], "uniform").pvalue > P_MIN
    assert mean_is(np.array([len(seeded)]), expected[-1] * N), (len(seeded) / N, expected[-1])


# (b) panels


def quantities(b: Batch) -> dict[str, np.ndarray]:
    """What is compared between runs: numbers per patient (nan where there is none)."""
    lesions, mask = b.lesions, founders(b, None)
    distant = mask & (lesions["site"] != SITE["breast"]) & (lesions["site"] != NODES)
    found = distant & ~np.isnan(lesions["detected"])
    first = np.full(len(b.patients), np.inf)
    np.minimum.at(first, owners(b)[found], lesions["detected"][found])
    return {
        "metastases": per_patient(b, distant),
        "second generation": per_patient(b, distant & (lesions["generation"] > 1)),
        "nodes": b.patients["nodes_involved"],
        "awake": per_patient(b, distant & ~np.isnan(lesions["waking"])),
        "vascular": per_patient(b, distant & ~np.isnan(lesions["vascularised"])),
        "first detection": np.minimum(first, 1e6),
        "death": np.where(b.patients["cause"] == 1, b.patients["death"], 1e6),
        "joined the primary": b.patients["self_seeded"] + b.patients["self_expected"],
    }


def ordinary(**numerics: Any) -> dict[str, Any]:
    return patient(
        {"fate.soil.breast": 9000},  # so that some founders join the primary
        primary={"site": "breast"},
        age=None,
        surgery={"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
        follow_up={"duration": "12 year", "visits": [{"every": "1 year", "until": "12 year"}]},
        numerics=numerics or None,
    )


@pytest.mark.parametrize("panel", ["30 day", "365 day"])
def test_length_of_panels_changes_no_distribution(panel: str) -> None:
    n = 6000
    one, two = quantities(batch(ordinary(), n)), quantities(batch(ordinary(panel=panel), n, seed=2))
    for name, values in one.items():
        assert stats.ks_2samp(values, two[name], method="asymp").pvalue > P_MIN / len(one), name
        table = [[np.sum(v > 0), np.sum(v <= 0)] for v in (values, two[name])]
        if min(map(min, table)) > 0:
            assert stats.fisher_exact(table).pvalue > P_MIN / len(one), name


def test_without_surgery_panels_do_not_matter_either() -> None:
    """The primary goes on shedding, metastases seed metastases."""
    change = {"fate.bottleneck": 18.0}
    stretch = {"follow_up": {"duration": "5 year", "visits": []}, "primary": {"site": "breast"}}
    n = 2500
    one = quantities(batch(patient(change, **stretch), n))
    two = quantities(batch(patient(change, **stretch, numerics={"panel": "20 day"}), n, seed=2))
    for name, values in one.items():
        assert stats.ks_2samp(values, two[name], method="asymp").pvalue > P_MIN / len(one), name


# (c) sleepers

ASLEEP = {
    **SIMPLE, **BARREN, **NO_LYMPH, "fate.soil.breast": 0, "fate.active_fraction": 0, "fate.dormant_fraction": 0.025,
    "fate.bottleneck": 17.4, "dormancy.exit_rate": "1e-3 1/day", "dormancy.death_rate": "5e-4 1/day",
}  # fmt: skip


def asleep(levers: list[dict[str, Any]] | None = None) -> Batch:
    return batch(
        patient(
            ASLEEP,
            surgery={"primary": {"at": "0 day"}},
            follow_up={"duration": "25 year", "visits": []},
            levers=levers,
        ),
        6000,
    )


def test_sleepers_wake_or_die_at_their_rates() -> None:
    b = asleep()
    mask = founders(b)
    lesion = b.lesions[mask]
    wake, die = 1e-3, 5e-4
    woke, died, sleeps = ~np.isnan(lesion["waking"]), lesion["phase"] == EXTINCT, lesion["phase"] == SLEEPING
    assert np.all(woke.astype(int) + died + sleeps == 1)
    assert stats.binomtest(int(woke.sum()), int((woke | died).sum()), wake / (wake + die)).pvalue > P_MIN
    length = 25 * YEAR - lesion["seeded"]
    still = np.exp(-(wake + die) * length)
    assert abs(sleeps.sum() - still.sum()) < 4.0 * math.sqrt(still.sum())
    waited = (lesion["waking"] - lesion["seeded"])[woke]
    u = np.expm1(-(wake + die) * waited) / np.expm1(-(wake + die) * length[woke])
    assert stats.kstest(u, "uniform").pvalue > P_MIN


def test_levers_change_the_hazards_of_sleepers_from_their_day_on() -> None:
    """Waking fourfold for a year, then a kill rate: the integrated hazard of those that woke fits."""
    start, stop, kill = 400.0, 765.25, 2e-3
    b = asleep(
        [
            {"lever": "dormancy_exit", "factor": 4, "from": f"{start} day", "until": f"{stop} day"},
            {"lever": "kill_rate", "rate": f"{kill} 1/day", "from": f"{stop} day"},
        ]
    )
    lesion = b.lesions[founders(b)]

    def wake_rate(t: np.ndarray) -> np.ndarray:
        return np.where((t >= start) & (t < stop), 4e-3, 1e-3)

    def all_rate(t: np.ndarray) -> np.ndarray:
        return wake_rate(t) + 5e-4 + np.where(t >= stop, kill, 0.0)

    t = np.linspace(lesion["seeded"].min(), 25 * YEAR, 400_001)
    passed = np.append(0.0, np.cumsum(all_rate(0.5 * (t[1:] + t[:-1])) * np.diff(t)))
    gone = ~np.isnan(lesion["waking"])
    at = np.interp(lesion["waking"][gone], t, passed) - np.interp(lesion["seeded"][gone], t, passed)
    # Of sleepers seeded on a day, those that wake by t have density wake exp(-H): compare with simulated theory.
    rng = np.random.default_rng(5)
    seeded = np.repeat(lesion["seeded"], 40)
    end = np.interp(np.interp(seeded, t, passed) + rng.exponential(size=len(seeded)), passed, t, right=np.inf)
    wakes = (end < 25 * YEAR) & (rng.uniform(size=len(end)) < wake_rate(end) / all_rate(end))
    theory = np.interp(end[wakes], t, passed) - np.interp(seeded[wakes], t, passed)
    assert stats.ks_2samp(at, theory, method="asymp").pvalue > P_MIN
    share = wakes.mean()
    assert abs(gone.mean() - share) < 4.0 * math.sqrt(share * (1 - share) * (1 / len(lesion) + 1 / len(seeded)))
    assert np.sum((lesion["waking"] > start) & (lesion["waking"] < stop)) > 100


# (d) waiting for vessels, being held


def waits(change: dict[str, Any], seeds: int = 3000) -> tuple[np.ndarray, np.ndarray, np.ndarray, Batch]:
    """Days from waking to vessels beyond plain growth, days available for that, the lesions, and the batch."""
    settings = {
        **SIMPLE, **NO_LYMPH, "fate.soil.breast": 0, "fate.dormant_fraction": 0, "fate.bottleneck": 17.4,
        "growth.site_capacity.default": 0.01, **change,
    }  # fmt: skip
    data = patient(
        settings, surgery={"primary": {"at": "0 day"}}, follow_up={"duration": "30 year", "visits": []},
        numerics={"lesion_limit": 8},
    )  # fmt: skip
    twin, b = Twin(compiled(data)), batch(data, seeds)
    lesion = b.lesions[founders(b) & (b.lesions["site"] != NODES)]
    rate = twin.rate * twin["growth.metastasis_rate"]
    site_cap = twin.y_cap + np.log(compiled(data).values.site["growth_site_capacity"][lesion["site"]])
    first = -math.log(twin["growth.cells_per_volume"]) + math.log(max(1.0, twin["fate.bottleneck"]))
    young = np.log((site_cap - first) / (site_cap - twin.y_avascular)) / rate
    return lesion["vascularised"] - lesion["waking"] - young, 30 * YEAR - lesion["waking"] - young, lesion, b


def test_angiogenic_dormancy() -> None:
    """A share goes on at once; the others wait an exponential time, or are still waiting at the end."""
    share, rate = 0.4, 3e-4
    change = {
        "dormancy.held_fraction": 0,
        "angiogenesis.immediate_fraction": share,
        "angiogenesis.metastasis_switch_rate": f"{rate} 1/day",
    }
    wait, room, lesion, _ = waits(change)
    assert len(wait) > 2000
    at_once = np.abs(wait) < 1e-6
    assert stats.binomtest(int(at_once.sum()), len(wait), share).pvalue > P_MIN
    late = ~at_once & ~np.isnan(wait)
    assert wait[late].min() > 0.0
    u = np.expm1(-rate * wait[late]) / np.expm1(-rate * room[late])
    assert stats.kstest(u, "uniform").pvalue > P_MIN
    unfinished = np.isnan(wait)
    expected = (1 - share) * np.exp(-rate * room)
    assert abs(unfinished.sum() - expected.sum()) < 4.0 * math.sqrt(expected.sum())
    assert np.all(lesion["phase"][unfinished & (room > 0.0)] == PAUSED)


def test_held_by_t_cells() -> None:
    share, rate = 0.7, 3e-4
    change = {
        "dormancy.held_fraction": share,
        "dormancy.escape_rate": f"{rate} 1/day",
        "angiogenesis.immediate_fraction": 1,
    }
    wait, room, lesion, _ = waits(change)
    at_once = np.abs(wait) < 1e-6
    assert stats.binomtest(int(at_once.sum()), len(wait), 1.0 - share).pvalue > P_MIN
    late = ~at_once & ~np.isnan(wait)
    u = np.expm1(-rate * wait[late]) / np.expm1(-rate * room[late])
    assert stats.kstest(u, "uniform").pvalue > P_MIN
    assert set(lesion["phase"][np.isnan(wait)]) <= {HELD, AVASCULAR}  # held to the end, or escaped shortly before


def test_progenitors_and_suppression_change_the_waits_with_burden() -> None:
    """With a primary in place the switch is faster and held colonies escape sooner than without systemic gain."""
    base = {
        **SIMPLE, **NO_LYMPH, "fate.dormant_fraction": 0, "fate.bottleneck": 18.5, "systemic.half_burden": "1e3 mm**3",
    }  # fmt: skip
    follow = {"duration": "2 year", "visits": []}

    def vascular(change: dict[str, Any]) -> float:
        b = batch(patient(base | change, follow_up=follow), 3000)
        mask = founders(b) & (b.lesions["seeded"] < 0.0)
        return float(np.mean(~np.isnan(b.lesions["vascularised"][mask])))

    paused = {"angiogenesis.immediate_fraction": 0, "dormancy.held_fraction": 0}
    assert vascular(paused | {"angiogenesis.progenitor_gain": 3}) > vascular(paused) + 0.05
    held = {"angiogenesis.immediate_fraction": 1, "dormancy.held_fraction": 1}
    assert vascular(held | {"systemic.suppression": 0.9}) > vascular(held) + 0.05
