"""The natural course against closed forms: traits, detection, screening, symptoms, imaging, death, growth laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp

from diaspore.body.batch import Batch, run
from diaspore.body.processes.growth import LAWS, grow
from diaspore.body.state import VASCULAR
from diaspore.core.messages import Actions, Observation
from tests.body.common import (
    ALIKE,
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
)
from tests.body.twin import Twin

YEAR = 365.25
QUIET = {"duration": "1 day", "visits": []}
NOBODY = {**ALIKE, **UNMODULATED, **IMMORTAL, "fate.bottleneck": 60}
FIXED = {"site": "breast", "diameter_at_diagnosis": "30 mm"}


def diameter(y: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp((y - math.log(math.pi / 6.0)) / 3.0))


# Traits


@pytest.fixture(scope="module")
def people() -> Batch:
    change = {"fate.bottleneck": 59, "growth.carrying_capacity": "3.1e6 mm**3"}  # nothing founded
    return batch(patient(change, primary={"site": "breast"}, age=None, follow_up=QUIET), 20_000)


def test_traits_have_their_distributions(people: Batch) -> None:
    p = people.patients
    par = compiled(patient()).model.par[0]
    for name, key in (("shed_blood", "haematogenous"), ("shed_lymph", "lymphatic")):
        z = np.log(p[name] / par[f"shedding_{key}"]) / par[f"shedding_{key}_spread"]
        assert stats.kstest(z, "norm").pvalue > P_MIN, name
    rate = math.log(2.0) / (math.log(3.1e6) - math.log(math.pi / 6.0 * 20.0**3))
    z = np.log(rate / p["rate"] / par["growth_doubling_time"]) / par["growth_doubling_time_spread"]
    assert stats.kstest(z, "norm").pvalue > P_MIN
    ratio = np.log(p["metastasis_rate"] / p["rate"] / par["growth_metastasis_rate"])
    assert stats.kstest(ratio / par["growth_metastasis_rate_spread"], "norm").pvalue > P_MIN
    assert stats.kstest((-np.log(p["take"]) - 59.0) / par["fate_bottleneck_sd"], "norm").pvalue > P_MIN
    assert stats.kstest(np.log(p["lethal"]) / par["mortality_lethal_total_spread"], "norm").pvalue > P_MIN
    age = p["age"] / YEAR
    assert abs(age.mean() - 61.0) < 0.4
    assert abs(age.std() - 13.0) < 0.3
    assert age.min() >= 18.0
    assert age.max() <= 100.0


def test_traits_are_independent(people: Batch) -> None:
    p = people.patients
    columns = [np.log(p[n]) for n in ("rate", "shed_blood", "shed_lymph", "take", "lethal")]
    columns += [np.log(p["metastasis_rate"] / p["rate"]), p["age"], p["y_diagnosis"]]
    matrix = np.corrcoef(np.array(columns))
    assert np.abs(matrix - np.eye(len(columns))).max() < 4.5 / math.sqrt(len(p))


def test_bottleneck_is_felt_in_nodes_and_cavities_by_its_share() -> None:
    change = {"fate.bottleneck": 20, "fate.node_bottleneck_share": 0.3, "fate.node_bottleneck_relief": 5,
              "fate.cavity_bottleneck_relief": 2, "shedding.haematogenous": "1e-9 1/day",
              "shedding.lymphatic": "1e-9 1/day", "surgery.remnant_probability": 0}  # fmt: skip
    p = batch(patient(change, primary=FIXED, follow_up=QUIET), 500).patients
    deviation = -np.log(p["take"]) - 20.0
    np.testing.assert_allclose(-np.log(p["node_take"]), 15.0 + 0.3 * deviation, rtol=1e-9)
    np.testing.assert_allclose(-np.log(p["cavity_take"]), 18.0 + 0.3 * deviation, rtol=1e-9)


def test_clone_onsets_are_log_uniform(people: Batch) -> None:
    par = compiled(patient()).model.par[0]
    low, high = (math.log(par[f"clones_{k}_cells"] / par["growth_cells_per_volume"]) for k in ("first", "last"))
    u = (people.patients["onsets"] - low) / (high - low)
    for k in range(1, u.shape[1]):
        assert stats.kstest(u[:, k], "uniform").pvalue > P_MIN


# Detection of the primary


def test_symptomatic_diameters_are_log_normal(people: Batch) -> None:
    z = (np.log(diameter(people.patients["y_diagnosis"])) - math.log(26.0)) / 0.45
    assert stats.kstest(z, "norm").pvalue > P_MIN
    assert set(people.patients["detection"]) == {0}


def test_inception_is_the_wait_for_vessels_after_avascular_growth() -> None:
    data = patient(NOBODY, primary=FIXED, follow_up=QUIET)
    twin, b = Twin(compiled(data)), batch(data, 5000)
    p = b.patients
    np.testing.assert_allclose(p["switch_day"], twin.switch_day, rtol=1e-9)
    cell = -math.log(twin["growth.cells_per_volume"])
    young = math.log((twin.y_cap - cell) / (twin.y_cap - twin.y_avascular)) / twin.rate
    wait = (p["switch_day"] - p["inception"] - young) * twin["angiogenesis.primary_switch_rate"]
    assert stats.kstest(wait, "expon").pvalue > P_MIN
    slope = twin.rate * (twin.y_cap - twin.y_diagnosis)
    np.testing.assert_allclose(p["doubling"], math.log(2.0) / slope, rtol=1e-2)


def test_screening_against_a_plain_simulation() -> None:
    """Rounds every two years from a random phase, each with a logistic sensitivity; else symptoms."""
    change = NOBODY | {"detection.primary_diameter.spread": 0.45}
    data = patient(change, primary={"site": "breast"}, follow_up=QUIET, screening={"share": 0.7, "interval": "2 year"})
    twin, n = Twin(compiled(data)), 8000
    p = batch(data, n).patients
    rng = np.random.default_rng(17)
    d = np.exp(math.log(26.0) + 0.45 * rng.normal(size=n))
    y = math.log(math.pi / 6.0) + 3.0 * np.log(d)
    y = np.clip(y, twin.y_avascular + 0.01, twin.y_cap - 0.01)
    age = np.log((twin.y_cap - twin.y_avascular) / (twin.y_cap - y)) / twin.rate
    by_screen = np.zeros(n, dtype=bool)
    found = d.copy()
    for i in np.flatnonzero(rng.uniform(size=n) < 0.7):
        at = age[i] - rng.uniform() * 730.5
        rounds = np.arange(at, 0.0, -730.5)[::-1]
        for t in rounds:
            size = float(diameter(np.array(twin.y_cap + (twin.y_avascular - twin.y_cap) * math.exp(-twin.rate * t))))
            if rng.uniform() < stats.logistic.cdf(
                size, twin["detection.screening_d50"], twin["detection.screening_width"]
            ):
                found[i], by_screen[i] = size, True
                break
    table = [[np.sum(p["detection"] == 1), np.sum(p["detection"] == 0)], [by_screen.sum(), np.sum(~by_screen)]]
    assert stats.fisher_exact(table).pvalue > P_MIN
    assert set(p["detection"]) == {0, 1}
    for mask, other in ((p["detection"] == 1, by_screen), (p["detection"] == 0, ~by_screen)):
        assert stats.ks_2samp(diameter(p["y_diagnosis"][mask]), found[other], method="asymp").pvalue > P_MIN


# Growth laws through the engine


@pytest.mark.parametrize("law", LAWS)
def test_growth_laws_run_from_first_cell_to_death(law: str) -> None:
    """No law leaves a nan; the primary is as large as stated at diagnosis and follows its law afterwards."""
    follow = {"duration": "6 year", "visits": [{"every": "1 year", "until": "6 year"}]}
    data = patient({"growth.law": law}, primary=FIXED, follow_up=follow)
    b = batch(data, 300)
    p, lesions = b.patients, b.lesions
    for name in ("inception", "switch_day", "doubling", "y_diagnosis", "end", "ctc_diagnosis"):
        assert np.isfinite(p[name]).all(), name
    assert np.isfinite(lesions["y"]).all()
    assert np.isfinite(b.flows.shed).all()
    assert np.isfinite(b.stocks).all()
    for name in ("primary", "nodal", "metastatic", "ctc_per_ml"):
        assert np.isfinite(b.visits[name]).all(), name
    np.testing.assert_allclose(diameter(p["y_diagnosis"]), 30.0, rtol=1e-9)
    assert (p["inception"] < p["switch_day"]).all()
    assert (p["switch_day"] < 0.0).all()
    assert founders(b, None).sum() > 100
    assert np.any(p["cause"] == 1)


@pytest.mark.parametrize("law", LAWS)
def test_primary_follows_its_law_after_diagnosis(law: str) -> None:
    data = patient(NOBODY | {"growth.law": law}, primary=FIXED, follow_up={"duration": "2 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 2)
    ratio = math.log(twin["growth.hahnfeldt_capacity_ratio"])
    rate = float(b.patients["rate"][0])
    w = rate * twin["growth.hahnfeldt_stimulation"]
    days = 2 * YEAR - b.patients["switch_day"][0]
    args = (LAWS.index(law), twin.y_avascular, twin.y_avascular + ratio, days, rate, twin.y_cap, 0.7, 0.0, w, 1.0, 0.1)
    expected, _ = grow(*args)
    np.testing.assert_allclose(b.lesions["y"], expected, atol=1e-4)
    # the stated doubling time holds at the reference size: check it on the history itself (Hahnfeldt's drifts)
    if law != "hahnfeldt":
        at = twin.ln_sphere(twin["growth.reference_diameter"])
        up, _ = grow(LAWS.index(law), at, 0.0, 0.01, rate, twin.y_cap, 0.7, 0.0, 0.0, 1.0, 0.1)
        assert math.log(2.0) * 0.01 / (up - at) == pytest.approx(150.0, rel=1e-3)


# Metastases: growth, symptoms, the vicious cycle in bone

SPREAD = {**ALIKE, **UNMODULATED, **IMMORTAL, **NO_LYMPH, "fate.soil.breast": 0, "fate.dormant_fraction": 0,
          "fate.bottleneck": 17.4, "angiogenesis.immediate_fraction": 1, "dormancy.held_fraction": 0,
          "shedding.cavity": "0 1/day"}  # fmt: skip
NEVER = {"at_diagnosis": False, "after_relapse": False}
BLIND = {"detection.imaging_d50.default": "200 mm", "detection.imaging_width": "0.05 mm"}


def metastases(change: dict[str, Any] | None = None, years: float = 6, **fields: Any) -> tuple[Twin, Batch, np.ndarray]:
    """First metastases of a primary removed at diagnosis, all of which grow without a pause."""
    follow = {"duration": f"{years} year", "visits": [], "imaging": NEVER}
    settings = {"primary": FIXED, "follow_up": follow, "surgery": {"primary": {"at": "0 day"}}} | fields
    data = patient(SPREAD | (change or {}), **settings)
    b = batch(data, 1500)
    mask = founders(b) & (b.lesions["site"] != NODES) & np.isnan(b.patients["death"][owners(b)])
    return Twin(compiled(data)), b, mask


def start(twin: Twin) -> tuple[float, float]:
    """Rate of metastases and ln volume of a colony that has passed the bottleneck."""
    rate = twin.rate * twin["growth.metastasis_rate"]
    return rate, -math.log(twin["growth.cells_per_volume"]) + math.log(max(1.0, twin["fate.bottleneck"]))


def test_metastases_grow_along_their_closed_form() -> None:
    twin, b, mask = metastases({"growth.site_rate.liver": 1.7, "growth.site_capacity.lung": 0.1})
    rate, first = start(twin)
    lesion = b.lesions[mask & (b.lesions["site"] != SITE["bone"])]
    site = lesion["site"]
    speed = rate * np.where(site == SITE["liver"], 1.7, 1.0)
    cap = twin.y_cap + np.log(twin.c.values.site["growth_site_capacity"][site])
    expected = cap + (first - cap) * np.exp(-speed * (6 * YEAR - lesion["seeded"]))
    assert len(lesion) > 500
    assert np.all(np.isin(site, [SITE["liver"], SITE["lung"]]).sum() > 50)
    np.testing.assert_allclose(lesion["y"], expected, rtol=1e-9)


def test_bone_metastases_grow_faster_once_engaged() -> None:
    twin, b, mask = metastases({"niche.bone_gain": 0.8})
    rate, first = start(twin)
    lesion = b.lesions[mask & (b.lesions["site"] == SITE["bone"])]
    engaged = twin.ln_sphere(twin["niche.bone_engagement_diameter"])
    if engaged < twin.y_avascular:
        engaged = twin.y_avascular  # below the avascular limit bone makes no difference
    until = np.log((twin.y_cap - first) / (twin.y_cap - engaged)) / rate
    left = 6 * YEAR - lesion["seeded"] - until
    late = left > 0.0
    expected = twin.y_cap + (engaged - twin.y_cap) * np.exp(-1.8 * rate * left[late])
    assert late.sum() > 100
    np.testing.assert_allclose(lesion["y"][late], expected, rtol=1e-9)


def test_symptoms_come_when_the_threshold_is_reached() -> None:
    twin, b, mask = metastases(BLIND)
    rate, first = start(twin)
    lesion = b.lesions[mask & (b.lesions["site"] == SITE["liver"])]
    threshold = twin.ln_sphere(50.0)
    wait = math.log((twin.y_cap - first) / (twin.y_cap - threshold)) / rate
    due = lesion["seeded"] + wait
    seen = due < 6 * YEAR - 0.05
    positive = seen & (due > 0.0)
    assert positive.sum() > 50
    np.testing.assert_allclose(lesion["detected"][positive], due[positive], atol=0.03)
    assert np.isnan(lesion["detected"][due > 6 * YEAR + 0.05]).all()


def test_symptom_thresholds_are_log_normal_between_lesions() -> None:
    twin, b, mask = metastases(BLIND | {"detection.symptom_spread": 0.8}, years=8)
    rate, first = start(twin)
    lesion = b.lesions[mask & np.isin(b.lesions["site"], [SITE[s] for s in ("skin", "liver", "adrenal", "brain")])]
    limit = np.log(math.pi / 6.0 * twin.c.values.site["detection_symptom_diameter"][lesion["site"]] ** 3)

    def size(day: np.ndarray) -> np.ndarray:
        return np.asarray(twin.y_cap + (first - twin.y_cap) * np.exp(-rate * (day - lesion["seeded"])))

    # lesions whose threshold lies, but for 4 in 10000, between their sizes at diagnosis and at the end
    clear = (size(np.zeros(len(lesion))) < limit - 2.8) & (size(np.full(len(lesion), 8 * YEAR)) > limit + 2.8)
    assert clear.sum() > 300
    z = (size(lesion["detected"]) - limit)[clear] / 0.8
    assert not np.isnan(z).any()
    assert stats.kstest(z, "norm").pvalue > P_MIN


def test_the_first_symptom_brings_a_work_up() -> None:
    """It images everything on that day, and writes a visit of its kind on it."""
    sharp = {"detection.imaging_width": "0.05 mm", "detection.imaging_d50.default": "5 mm",
             "detection.symptom_diameter.default": "500 mm", "detection.symptom_diameter.liver": "20 mm"}  # fmt: skip
    _, b, _ = metastases(sharp)
    symptom = b.visits[b.visits["kind"] == 2]
    first = {int(v["patient"]): float(v["day"]) for v in symptom}
    assert len(symptom) == len(first) > 100
    own = b.patients["id"][owners(b)]
    liver = founders(b, None) & (b.lesions["site"] == SITE["liver"]) & (b.lesions["detected"] > 0.0)
    earliest: dict[int, float] = {}
    for i, day in zip(own[liver], b.lesions["detected"][liver], strict=True):
        earliest[int(i)] = min(day, earliest.get(int(i), math.inf))
    for i, day in first.items():
        assert day == pytest.approx(earliest[i], abs=0.05), i
    others = founders(b, None) & (b.lesions["site"] == SITE["lung"]) & ~np.isnan(b.lesions["detected"])
    days = np.array([first.get(int(i), math.nan) for i in own[others]])
    np.testing.assert_allclose(b.lesions["detected"][others], days, atol=0.05)


def test_imaging_finds_by_the_logistic_curve() -> None:
    wide = {"detection.imaging_d50.default": "12 mm", "detection.imaging_width": "4 mm",
            "detection.symptom_diameter.default": "500 mm"}  # fmt: skip
    follow = {"duration": "1 day", "visits": [], "imaging": {"at_diagnosis": True, "after_relapse": False}}
    data = patient({**SPREAD, **wide, "fate.bottleneck": 16.5}, primary=FIXED, follow_up=follow)
    b = batch(data, 4000)
    lesion = b.lesions[founders(b) & (b.lesions["site"] != NODES) & (b.lesions["seeded"] < 0.0)]
    d = diameter(lesion["y_diagnosis"])
    found = lesion["detected"] == 0.0
    p = stats.logistic.cdf(d, 12.0, 4.0)
    for low, high in ((0.0, 0.5), (0.5, 2.0), (2.0, 5.0), (5.0, 40.0)):
        inside = (d >= low) & (d < high)
        assert inside.sum() > 30
        expected = p[inside].sum()
        assert abs(found[inside].sum() - expected) < 4.0 * math.sqrt((p[inside] * (1 - p[inside])).sum())
    distant = founders(b, None) & (b.lesions["site"] != NODES) & (b.lesions["detected"] == 0.0)
    m1 = np.bincount(owners(b)[distant], minlength=4000) > 0
    np.testing.assert_array_equal(b.patients["stage_m"] == 1, m1)


def test_imaging_at_visits_begins_with_a_known_relapse() -> None:
    """Visits image nothing before a first finding, and all sites after it; routine imaging images all along."""
    sharp = {"detection.imaging_width": "0.05 mm", "detection.imaging_d50.default": "5 mm",
             "detection.symptom_diameter.default": "500 mm"}  # fmt: skip
    visits = [{"every": "1 year", "until": "6 year"}]
    for imaging, any_found in (({"at_diagnosis": False, "after_relapse": True}, False),
                               ({"at_diagnosis": False, "after_relapse": False, "every": "1 year"}, True)):  # fmt: skip
        _, b, mask = metastases(sharp, follow_up={"duration": "6 year", "visits": visits, "imaging": imaging})
        found = ~np.isnan(b.lesions["detected"][mask])
        assert found.any() == any_found
    day = b.lesions["detected"][mask][found] / YEAR
    np.testing.assert_allclose(day, np.round(day), atol=1e-6)
    known = metastases(
        sharp,
        follow_up={"duration": "6 year", "visits": visits, "imaging": {"at_diagnosis": True, "after_relapse": True}},
    )[1]
    m1 = known.patients["stage_m"] == 1
    late = founders(known, None) & (known.lesions["detected"] > 0.0)
    assert m1.any()
    assert np.all(m1[owners(known)[late]])


# Death


@pytest.mark.parametrize(("key", "volume"), [("mortality.lethal_volume.breast", 3e5), ("mortality.lethal_total", 2e5)])
def test_a_lethal_primary_kills_on_its_day(key: str, volume: float) -> None:
    change = NOBODY | {key: f"{volume} mm**3"}
    data = patient(change, primary=FIXED, follow_up={"duration": "20 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 5)
    day = math.log((twin.y_cap - twin.y_diagnosis) / (twin.y_cap - math.log(volume))) / twin.rate
    np.testing.assert_allclose(b.patients["death"], day, atol=0.03)
    np.testing.assert_array_equal(b.patients["end"], b.patients["death"])
    assert set(b.patients["cause"]) == {1}
    where = len(SITE) if key.endswith("total") else SITE["breast"]
    assert set(b.patients["death_site"]) == {where}


def test_tolerance_scales_all_lethal_volumes() -> None:
    change = NOBODY | {"mortality.lethal_total": "2e5 mm**3", "mortality.lethal_total.spread": 0.5}
    data = patient(change, primary=FIXED, follow_up={"duration": "40 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 3000)
    dead = b.patients["death"][b.patients["cause"] == 1]
    y = twin.y(dead)
    z = (y - math.log(2e5)) / 0.5
    kept = dead > 0.1  # those with less tolerance than the primary at diagnosis die at once
    bound = (twin.y_diagnosis - math.log(2e5)) / 0.5
    u = (stats.norm.cdf(z[kept]) - stats.norm.cdf(bound)) / (1.0 - stats.norm.cdf(bound))
    assert kept.sum() > 2500
    assert stats.kstest(u, "uniform").pvalue > P_MIN


@pytest.mark.parametrize("sex", ["female", "male"])
def test_deaths_from_other_causes_follow_gompertz(sex: str) -> None:
    change = {k: v for k, v in NOBODY.items() if not k.startswith("mortality.other")}
    data = patient(change, primary=FIXED, sex=sex, follow_up={"duration": "50 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 5000)
    slope = math.log(2.0) / twin["mortality.other_doubling"]
    level = twin[f"mortality.other_level_{sex}"]
    dead = b.patients["cause"] == 2
    assert dead.mean() > 0.95
    u = -np.expm1(-level / slope * np.expm1(slope * b.patients["death"][dead]))
    u /= -np.expm1(-level / slope * np.expm1(slope * 50 * YEAR))
    assert stats.kstest(u, "uniform").pvalue > P_MIN
    assert set(b.patients["death_site"][dead]) == {-1}


def test_the_earlier_death_counts() -> None:
    change = {k: v for k, v in NOBODY.items() if not k.startswith("mortality.other")} | {
        "mortality.lethal_total": "2e5 mm**3"
    }
    data = patient(change, primary=FIXED, follow_up={"duration": "20 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 3000)
    day = math.log((twin.y_cap - twin.y_diagnosis) / (twin.y_cap - math.log(2e5))) / twin.rate
    p = b.patients
    np.testing.assert_array_equal(p["cause"], np.where(p["other_death"] < day, 2, 1))
    np.testing.assert_allclose(p["death"], np.minimum(p["other_death"], day), atol=0.03)


def test_nothing_happens_after_death() -> None:
    data = patient({"fate.bottleneck": 17}, primary={"site": "breast"}, follow_up={"duration": "20 year", "visits": []})
    b = batch(data, 500)
    end = b.patients["end"][owners(b)]
    for name in ("seeded", "waking", "vascularised", "detected", "removed"):
        day = b.lesions[name]
        assert not np.any(day[~np.isnan(day)] > end[~np.isnan(day)] + 1e-9), name
    dead = b.patients["cause"] == 1
    assert dead.sum() > 200
    # on the day of death the burden is the lethal one
    par = compiled(data).model.par[0]
    colony = (b.lesions["phase"] >= 1) & (b.lesions["phase"] <= VASCULAR)
    own = owners(b)[colony]
    volume = np.exp(b.lesions["y"][colony])
    total = np.bincount(own, weights=volume, minlength=500)
    ratio = total / (par["mortality_lethal_total"] * b.patients["lethal"])
    for j, limit in enumerate(par["mortality_lethal_volume"]):
        here = np.where(b.lesions["site"][colony] == j, volume, 0.0)
        there = np.bincount(own, weights=here, minlength=500)
        ratio = np.maximum(ratio, there / (limit * b.patients["lethal"]))
    late = dead & (b.patients["death"] > 1.0)
    np.testing.assert_allclose(ratio[late], 1.0, rtol=5e-3)
    assert np.all(ratio[~dead] < 1.0 + 1e-9)


def test_hahnfeldt_deaths_agree_with_scipy() -> None:
    change = NOBODY | {"growth.law": "hahnfeldt", "mortality.lethal_total": "1e5 mm**3"}
    data = patient(change, primary=FIXED, follow_up={"duration": "20 year", "visits": []})
    twin, b = Twin(compiled(data)), batch(data, 1)
    rate = float(b.patients["rate"][0])
    w = rate * twin["growth.hahnfeldt_stimulation"]
    loss = w * math.exp(-2.0 / 3.0 * twin.y_cap)

    def slope(t: float, z: np.ndarray) -> list[float]:
        return [rate * (z[1] - z[0]), w * math.exp(z[0] - z[1]) - loss * math.exp(2.0 / 3.0 * z[0])]

    def lethal(t: float, z: np.ndarray) -> float:
        return float(z[0] - math.log(1e5))

    lethal.terminal = True  # type: ignore[attr-defined]
    first = [twin.y_avascular, twin.y_avascular + math.log(twin["growth.hahnfeldt_capacity_ratio"])]
    found = solve_ivp(
        slope, (b.patients["switch_day"][0], 9000.0), first, events=lethal, method="LSODA", rtol=1e-10, atol=1e-10
    )
    assert b.patients["death"][0] == pytest.approx(found.t_events[0][0], abs=0.5)


def test_symptomatic_metastases_of_a_given_diameter_are_found_at_diagnosis() -> None:
    """A given diameter is not brought forward: what gives symptoms by then belongs to the diagnosis, not to relapse."""
    change = {**SPREAD, "detection.symptom_diameter.default": "8 mm", "fate.bottleneck": 16.5}
    follow = {"duration": "30 day", "visits": [], "imaging": {"at_diagnosis": False, "after_relapse": False}}
    b = batch(patient(change, primary=FIXED, follow_up=follow), 2000)
    lesions = b.lesions[founders(b, None)]
    grown = lesions["y_diagnosis"] >= lesions["y_symptom"]
    assert grown.sum() > 50
    assert (lesions["detected"][grown] == 0.0).all()
    first = lesions["detected"][lesions["detected"] > 0.0]
    assert (first > 0.02).all()


def test_a_large_remnant_under_hahnfeldt_has_vessels_of_its_own() -> None:
    """A remnant above the avascular limit starts with the capacity of a lesion that has just become vascular."""
    change = {
        **ALIKE, **IMMORTAL, "growth.law": "hahnfeldt", "fate.bottleneck": 60,
        "surgery.remnant_probability": 1, "surgery.remnant_cells": 1e8,
    }  # fmt: skip
    follow = {"duration": "60 day", "visits": []}
    data = patient(change, primary=FIXED, surgery={"primary": {"at": "1 day"}}, follow_up=follow)
    b = batch(data, 20)
    remnants = b.lesions[founders(b, None) & (b.lesions["site"] == SITE["breast"])]
    assert len(remnants) == 20
    assert np.isfinite(remnants["y"]).all()
    c = compiled(data)
    assert (remnants["q"] - remnants["y"] < 2.0 * math.log(c.values.scalar["growth_hahnfeldt_capacity_ratio"][0])).all()


def test_a_node_is_examined_once() -> None:
    """A second dissection finds nothing left to examine."""

    class Again:
        def next_day(self, after: float) -> float:
            return 100.0 if after < 100.0 else math.inf

        def act(self, observation: Observation) -> Actions:
            return Actions(remove_nodes=np.ones(len(observation.patient), dtype=bool))

    data = patient(
        primary=FIXED,
        surgery={"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
        follow_up={"duration": "200 day", "visits": []},
    )
    once = batch(data, 50)
    twice = run(compiled(data), 0, 50, [Again()])
    operated = once.patients["nodes_examined"] > 0  # those without metastases
    assert operated.sum() > 30
    np.testing.assert_array_equal(once.patients["nodes_examined"][operated], twice.patients["nodes_examined"][operated])
