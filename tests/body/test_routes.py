"""Ways that cells take: portal, pulmonary and vertebral blood, cavities, nerves, self-seeding, second generations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import cumulative_simpson

from diaspore.body.batch import Batch
from diaspore.body.compile import subsite_names
from diaspore.body.ledger import STAGES, batch_ledger
from diaspore.body.state import BLOOD, CAVITY, LYMPH, PERINEURAL
from diaspore.knowledge.anatomy import cavity
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
QUIET = {"duration": "2 year", "visits": []}
SIMPLE = {**ALIKE, **UNMODULATED, **IMMORTAL, **BARREN, "fate.dormant_fraction": 0}


def primary(site: str, size: str = "40 mm") -> dict[str, Any]:
    return {"site": site, "diameter_at_diagnosis": size}


def agrees(counts: np.ndarray, expected: float) -> bool:
    """Whether the mean of Poisson counts is ``expected``."""
    mean = expected * len(counts)
    tail = min(stats.poisson.cdf(counts.sum(), mean), stats.poisson.sf(counts.sum() - 1, mean))
    return bool(2.0 * tail > P_MIN)


# Blood


def shares(site: str, change: dict[str, Any] | None = None, sex: str = "female") -> dict[str, float]:
    """Share of blood-borne founders by site at equal soil everywhere."""
    even = {"fate.soil.default": 1, f"fate.soil.{site}": 0, "fate.bottleneck": 14.5}
    data = patient(
        {**SIMPLE, **NO_LYMPH, **even, **(change or {})}, sex=sex, primary=primary(site), follow_up=QUIET,
        numerics={"lesion_limit": 10_000},
    )  # fmt: skip
    b = batch(data, 800)
    mask = founders(b) & (b.lesions["route"] == BLOOD)
    counts = np.bincount(b.lesions["site"][mask], minlength=len(SITE))
    assert counts.sum() > 3000
    return {name: counts[i] / counts.sum() for name, i in SITE.items()}


def test_portal_primary_seeds_the_liver_first() -> None:
    """At equal soil the liver gets many times what it gets from a breast; with the organs' own soil it leads."""
    bowel, breast = shares("bowel"), shares("breast")
    assert bowel["liver"] > 0.3
    assert bowel["liver"] > 20.0 * breast["liver"]
    assert breast["lung"] > 0.5
    data = patient({**SIMPLE, **NO_LYMPH, "fate.bottleneck": 17}, primary=primary("bowel"), follow_up=QUIET)
    b = batch(data, 400)
    counts = np.bincount(b.lesions["site"][founders(b)], minlength=len(SITE))
    assert np.argmax(counts) == SITE["liver"]


def test_lung_primary_sheds_into_arterial_blood() -> None:
    lung, breast = shares("lung"), shares("breast")
    for site in ("brain", "bone", "kidney", "adrenal"):
        assert lung[site] > 3.0 * breast[site], site


def test_vertebral_plexus_brings_cells_to_bone() -> None:
    plain = shares("prostate", sex="male")
    plexus = shares("prostate", {"blood.vertebral_fraction": 0.3}, sex="male")
    assert plexus["bone"] > 20.0 * plain["bone"]
    assert plexus["lung"] < plain["lung"]


def test_liver_stops_cells_of_a_portal_primary() -> None:
    data = patient({**SIMPLE, "fate.bottleneck": 60, "shedding.lymphatic": "0 1/day"}, primary=primary("bowel"))
    ledger = batch_ledger(compiled(data), batch(data, 2))
    arrested = ledger[STAGES.index("arrested"), BLOOD]
    assert set(np.argsort(-arrested)[:2]) == {SITE["liver"], SITE["lung"]}
    assert arrested[SITE["liver"]] > 0.25 * arrested.sum()


# Self-seeding


def test_self_seeding_joins_the_primary_in_place() -> None:
    """Founders in the bed of a primary in place are counted, not followed; after excision they are local lesions."""
    change = {**SIMPLE, **NO_LYMPH, "fate.bottleneck": 17, "fate.soil.breast": 3000}
    data = patient(change, primary=primary("breast", "30 mm"), follow_up={"duration": "1 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 4000)
    days = twin.grid(YEAR)
    expected = twin.integral("blood", days)[SITE["breast"], -1]
    assert expected > 0.05
    assert agrees(b.patients["self_seeded"] + b.patients["self_expected"], expected)
    assert not np.any(founders(b, None) & (b.lesions["site"] == SITE["breast"]))


# Cavities

AFLOAT = {**SIMPLE, "shedding.haematogenous": "0 1/day", "shedding.lymphatic": "0 1/day", "fate.bottleneck": 13,
          "fate.cavity_bottleneck_relief": 1, "cavity.breach_diameter": "30 mm"}  # fmt: skip


def afloat(size: str, count: int = 4000, **change: Any) -> tuple[Twin, Batch]:
    data = patient({**AFLOAT, **change}, primary=primary("ovary", size), follow_up=QUIET)
    return Twin(compiled(data)), batch(data, count)


def into_cavity(twin: Twin, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells per day into the cavity of a primary, and class shares (4, t)."""
    y = twin.y(days)
    _, lymph, share = twin.flows(y)  # lymph is 0 here: take the scale from a twin rate of one cell
    volume = np.exp(y)
    weight = np.array([twin[f"shedding.{n}_weight"] for n in ("epithelial", "hybrid", "mesenchymal")])
    total = (twin.fractions(volume) * weight[:, None]).sum(axis=0)
    cells = twin["shedding.cavity"] * (volume / 1000.0) ** twin["shedding.exponent"] * total
    assert not lymph.any()
    return np.where(y >= twin.ln_sphere(twin["cavity.breach_diameter"]), cells, 0.0), share


def test_breached_ovary_seeds_the_peritoneum() -> None:
    twin, b = afloat("40 mm")
    days = twin.grid(2 * YEAR, 200_001)
    cells, share = into_cavity(twin, days)
    rates = np.array([twin[f"cavity.{k}_rate"] for k in ("attachment", "anoikis", "clearance")])
    attach, _, cleared = rates / rates.sum()
    cavity_take = math.exp(-(13.0 - 1.0))
    passed = cumulative_simpson(cells * attach * cavity_take * twin.live, x=days, initial=0.0)
    lesions = b.lesions
    inside = founders(b) & (lesions["site"] == SITE["peritoneum"]) & (lesions["station"] >= 0)
    assert set(lesions["route"][inside]) == {CAVITY}
    assert 0.2 < passed[-1] < 30.0
    assert agrees(per_patient(b, inside), passed[-1])
    # never before the breach, then as the flow goes
    breach = days[np.argmax(cells > 0.0)]
    assert lesions["seeded"][inside].min() >= breach - 0.1
    u = np.interp(lesions["seeded"][inside], days, passed) / passed[-1]
    assert stats.kstest(u, "uniform").pvalue > P_MIN
    # where the fluid flows
    weights = np.array([row.value for row in cavity("peritoneum").implant_share.values()])
    counts = np.bincount(lesions["station"][inside], minlength=len(weights))
    assert len(counts) == len(weights) == len(subsite_names("peritoneum"))
    assert stats.chisquare(counts, counts.sum() * weights / weights.sum()).pvalue > P_MIN
    # cells cleared through lymph stomata reach blood, behind the thoracic duct
    through = twin.success(NODES, share).sum(axis=0) * cells * cleared
    other = founders(b) & ~inside
    expected = float(np.trapezoid(through, days))
    assert agrees(per_patient(b, other) + b.patients["self_seeded"], expected)


def test_no_breach_no_spread() -> None:
    _, b = afloat("20 mm", 500, **{"cavity.breach_diameter": "490 mm"})
    assert not founders(b, None).any()
    assert b.flows.shed[2].sum() == 0.0


def test_breach_differs_between_primaries() -> None:
    """The threshold is log-normal: a third of tumours of median size less half a spread have breached."""
    spread = 0.3
    data = patient(
        {**AFLOAT, "cavity.breach_diameter": "40 mm", "cavity.breach_diameter.spread": spread, "fate.bottleneck": 60},
        primary=primary("ovary", f"{40 * math.exp(-0.5 * spread)} mm"),
        follow_up={"duration": "1 day", "visits": []},
    )
    b = batch(data, 4000)
    breached = b.lesions["y_breach"] <= b.patients["y_diagnosis"]
    assert stats.binomtest(int(breached.sum()), 4000, float(stats.norm.cdf(-0.5))).pvalue > P_MIN


def test_breast_has_no_cavity() -> None:
    data = patient({**AFLOAT, "cavity.breach_diameter": "5 mm"}, primary=primary("breast"), follow_up=QUIET)
    b = batch(data, 50)
    assert b.flows.shed[2].sum() == 0.0
    assert not founders(b, None).any()


# Nerves


def test_perineural_spread_is_off_by_default() -> None:
    b = batch(patient(primary=primary("breast"), follow_up=QUIET), 300)
    assert not np.any(b.lesions["route"] == PERINEURAL)
    assert b.flows.shed[3].sum() == 0.0


def test_perineural_spread_when_switched_on() -> None:
    change = {**AFLOAT, "shedding.perineural": "1e3 1/day", "cavity.breach_diameter": "490 mm"}
    data = patient(change, primary=primary("pancreas"), follow_up=QUIET)
    twin, b = Twin(compiled(data)), batch(data, 4000)
    days = twin.grid(2 * YEAR)
    y = twin.y(days)
    volume = np.exp(y)
    weight = np.array([twin[f"shedding.{n}_weight"] for n in ("epithelial", "hybrid", "mesenchymal")])
    total = (twin.fractions(volume) * weight[:, None]).sum(axis=0)
    cells = 1e3 * (volume / 1000.0) ** twin["shedding.exponent"] * total
    expected = float(np.trapezoid(cells, days)) * math.exp(-12.0) * twin.live
    mask = founders(b)
    assert set(b.lesions["route"][mask]) == {PERINEURAL}
    assert set(b.lesions["site"][mask]) == {SITE["pancreas"]}
    assert 0.1 < expected < 30.0
    assert agrees(per_patient(b, mask), expected)
    assert b.flows.shed[3].sum() / 4000 == pytest.approx(float(np.trapezoid(cells, days)), rel=3e-3)


# Metastases that seed

FERTILE = {**ALIKE, **UNMODULATED, **IMMORTAL, **NO_LYMPH, "fate.dormant_fraction": 0, "fate.soil.breast": 0,
           "angiogenesis.immediate_fraction": 1, "dormancy.held_fraction": 0, "niche.bone_gain": 0,
           "shedding.cavity": "0 1/day", "growth.site_capacity.default": 1, "fate.bottleneck": 18.5}  # fmt: skip


def test_second_generation_against_the_renewal_integral() -> None:
    """Expected metastases of metastases: founders of each site and day times what such a colony seeds until the end."""
    end = 4 * YEAR
    data = patient(FERTILE, primary=primary("breast", "30 mm"), follow_up={"duration": f"{end} day", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 4000)
    days = twin.grid(end, 4001)
    first = twin.integral("blood", days)
    rate = twin.rate * twin["growth.metastasis_rate"]
    start = -math.log(twin["growth.cells_per_volume"]) + math.log(max(1.0, twin["fate.bottleneck"]))
    ages = np.linspace(0.0, days[-1] - days[0], 4001)
    y = twin.y_cap + (start - twin.y_cap) * np.exp(-rate * ages)
    blood, _, share = twin.flows(y)
    blood = np.where(y >= twin.y_avascular, blood, 0.0)
    expected = np.zeros(len(SITE))
    relay = twin["lymph.node_relay"] * twin["lymph.node_blood_entry"]
    for site in range(len(SITE)):
        # lymph nodes reached by blood shed a share of what others do
        seeds = blood * twin.success(site, share).sum(axis=0) * (relay if site == NODES else 1.0)
        total = cumulative_simpson(seeds, x=ages, initial=0.0)  # seeded until an age by one colony at this site
        expected[site] = np.trapezoid(np.gradient(first[site], days) * np.interp(end - days, ages, total), days)
    lesions = b.lesions
    second = founders(b, 2)
    assert agrees(per_patient(b, founders(b, 1)), first[:, -1].sum())
    counts = per_patient(b, second)
    assert 0.2 < expected.sum() < 20.0
    error = counts.std() / math.sqrt(len(counts))
    assert abs(counts.mean() - expected.sum()) < 4.0 * error
    # by the site of their parent
    site_of = dict(zip(lesions["id"].tolist(), lesions["site"].tolist(), strict=True))
    parents = np.array([site_of[p] for p in lesions["parent"][second].tolist()])
    for name in ("bone", "liver", "adrenal", "skin"):
        own = np.bincount(owners(b)[second][parents == SITE[name]], minlength=len(counts))
        spread = own.std() / math.sqrt(len(own))
        assert abs(own.mean() - expected[SITE[name]]) < 4.0 * spread, name


def test_nodes_relay_to_later_stations_only() -> None:
    change = {**ALIKE, **UNMODULATED, **IMMORTAL, "shedding.haematogenous": "0 1/day", "fate.bottleneck": 19,
              "dormancy.held_fraction": 0, "angiogenesis.immediate_fraction": 1, "lymph.node_relay": 10}  # fmt: skip
    data = patient(change, primary=primary("breast", "30 mm"), follow_up={"duration": "5 year", "visits": []})
    b = batch(data, 800)
    lesions = b.lesions
    row = {int(i): k for k, i in enumerate(lesions["id"])}
    relayed = founders(b, None) & (lesions["parent"] != 0) & (lesions["station"] >= 0) & (lesions["route"] == LYMPH)
    parent = np.array([row[int(p)] for p in lesions["parent"][relayed]])
    assert relayed.sum() > 100
    from_node = lesions["site"][parent] == NODES
    assert from_node.all()
    assert np.all(lesions["station"][parent] < lesions["station"][relayed])


def test_without_relay_nodes_seed_nothing() -> None:
    change = {**ALIKE, **UNMODULATED, **IMMORTAL, "shedding.haematogenous": "0 1/day", "fate.bottleneck": 19,
              "dormancy.held_fraction": 0, "angiogenesis.immediate_fraction": 1, "lymph.node_relay": 0,
              "fate.soil.breast": 0}  # fmt: skip
    data = patient(change, primary=primary("breast", "30 mm"), follow_up={"duration": "5 year", "visits": []})
    b = batch(data, 300)
    row = {int(i): k for k, i in enumerate(b.lesions["id"])}
    later = founders(b, None) & (b.lesions["parent"] != 0)
    parents = np.array([b.lesions["site"][row[int(p)]] for p in b.lesions["parent"][later]], dtype=int)
    assert not np.any(parents == NODES)


# Founders


def test_clusters_and_clones_of_founders() -> None:
    """Cluster founders have at least two cells, their mean is the stated one, and more cells carry more clones."""
    change = {**SIMPLE, **NO_LYMPH, "fate.bottleneck": 16, "clones.count": 4, "shedding.cluster_fraction": 0.5,
              "shedding.cluster_size": 5, "clones.advantage": 0.5}  # fmt: skip
    b = batch(patient(change, primary=primary("breast"), follow_up=QUIET), 600)
    lesion = b.lesions[founders(b)]
    cells = lesion["founder_cells"][lesion["founder_cells"] > 1].astype(float)
    single = lesion["founder_cells"] == 1
    assert len(cells) > 2000
    assert abs(cells.mean() - 5.0) < 4.0 * cells.std() / math.sqrt(len(cells))
    # two cells and a geometric number more
    k = np.arange(2, 30)
    p = stats.geom.pmf(k - 1, 1.0 / 4.0)
    counts = np.array([np.sum(cells == i) for i in k])
    fat = p * len(cells) > 8
    expected = np.append(p[fat], 1.0 - p[fat].sum()) * len(cells)
    assert stats.chisquare(np.append(counts[fat], len(cells) - counts[fat].sum()), expected).pvalue > P_MIN
    assert np.all(lesion["founder_clones"][single] == 1)
    assert np.all(lesion["founder_clones"] <= lesion["founder_cells"])
    assert lesion["founder_clones"].max() > 1
    assert lesion["clone"].max() == 3


def test_later_generations_keep_the_clone_of_their_parent() -> None:
    data = patient({"fate.bottleneck": 17.5}, primary=primary("breast"), follow_up={"duration": "4 year", "visits": []})
    b = batch(data, 200)
    row = {int(i): k for k, i in enumerate(b.lesions["id"])}
    later = b.lesions[founders(b, None) & (b.lesions["parent"] != 0)]
    parents = b.lesions[[row[int(p)] for p in later["parent"]]]
    assert len(later) > 100
    np.testing.assert_array_equal(later["clone"], parents["clone"])


def test_niches_thin_founders_by_readiness() -> None:
    """With all take depending on a niche, founders come in proportion to the primary's readiness, and fade after it."""
    change = {**SIMPLE, **NO_LYMPH, "niche.strength.default": 1, "fate.soil.breast": 0, "fate.bottleneck": 18,
              "niche.half_volume": "5000 mm**3"}  # fmt: skip
    data = patient(change, primary=primary("breast", "30 mm"), follow_up={"duration": "1 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 6000)
    days = twin.grid(YEAR)
    volume = np.exp(twin.y(days))
    rate = twin.founders(days)["blood"].sum(axis=0) * volume / (volume + 5000.0)
    passed = cumulative_simpson(rate, x=days, initial=0.0)
    seeded = b.lesions["seeded"][founders(b)]
    assert agrees(per_patient(b, founders(b)), passed[-1])
    assert stats.kstest(np.interp(seeded, days, passed) / passed[-1], "uniform").pvalue > P_MIN


def test_self_seeding_does_not_depend_on_the_panel() -> None:
    """Founders that join the primary after the day on which a panel is cut short never were."""
    mortal = {"mortality.other_level_female": "1e-3 1/day"}
    change = {**SIMPLE, **NO_LYMPH, **mortal, "fate.soil.breast": 9000, "fate.bottleneck": 17}
    follow = {"duration": "10 year", "visits": []}
    joined = []
    for panel, limit in ((20.0, 1000), (1200.0, 1000), (20.0, 2), (90.0, 2)):
        data = patient(change, follow_up=follow, numerics={"panel": f"{panel} day", "lesion_limit": limit})
        b = batch(data, 3000)
        assert (b.patients["cause"] > 0).mean() > 0.3
        joined.append(b.patients["self_seeded"] + b.patients["self_expected"])
    assert joined[0].mean() > 5.0
    for other in joined[1:]:
        error = math.sqrt(sum(x.var() / len(x) for x in (joined[0], other)))
        assert abs(joined[0].mean() - other.mean()) < 3.5 * error


def test_incompetent_tumours_found_colonies_in_nodes_only() -> None:
    """The competent share of patients has just the courses it would have; the others keep their nodes alone."""
    base = {"fate.bottleneck": 15.0}
    found = {
        share: batch(patient({**base, "fate.competent_share": share}, primary=primary("breast"), follow_up=QUIET), 400)
        for share in (0.0, 0.5, 1.0)
    }
    nodes = SITE["regional_nodes"]
    away = {share: per_patient(b, founders(b) & (b.lesions["site"] != nodes)) for share, b in found.items()}
    near = {share: per_patient(b, founders(b) & (b.lesions["site"] == nodes)) for share, b in found.items()}
    assert away[0.0].sum() == 0
    assert near[0.0].sum() > 100
    able = found[0.5].patients["take"] > 0.0
    assert abs(able.mean() - 0.5) < 4.0 * math.sqrt(0.25 / 400)
    assert away[0.5][~able].sum() == 0
    np.testing.assert_array_equal(away[0.5][able], away[1.0][able])
