"""Resistant cells in colonies, and progression: draws, volumes, who is spared, and courses that end with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from diaspore.body.kernels.response import resistant_cells
from diaspore.body.processes.clones import MAX_CLONES
from diaspore.core.errors import InputError
from diaspore.core.jit import kernel
from diaspore.core.simulate import simulate
from diaspore.core.spec import spec_from_dict
from tests.body.test_after_relapse import BASE, PACLITAXEL, TABLETS

DRUG = PACLITAXEL | {"effects": [{"lever": "kill_rate", "rate": "0.05 1/day"}]}
LEVERS = [{"lever": "growth_rate", "factor": 0.5}]
FROM_RELAPSE = DRUG | {"from": "relapse", "for": "8 year"}


def tables(treatment: list[Any], *names: str, **fields: Any) -> list[pd.DataFrame]:
    run = simulate(BASE | {"treatment": treatment} | fields, seed=3, threads=1, quiet=True)
    return [run.table(name) for name in names]


@kernel
def several(par, first, total, out):
    for k in range(out.shape[0]):
        out[k] = resistant_cells(par, np.uint64(k + 1), first, total)


@pytest.mark.parametrize(
    ("first", "total", "chance"), [(1.0, 1e6, 1e-6), (1e3, 1e5, 3e-5), (1.0, 1e8, 1e-6), (1e4, 1e9, 1e-7)]
)
def test_draws_are_those_of_luria_and_delbruck(first: float, total: float, chance: float) -> None:
    par = np.zeros(1, dtype=[("seed", "u8"), ("resistance", "f8")])
    par["seed"], par["resistance"] = 11, chance
    found = np.empty(20_000)
    several(par[0], first, total, found)
    mean = chance * (total - first)
    none = np.exp(-mean)
    assert np.mean(found == 0.0) == pytest.approx(none, abs=4.0 * np.sqrt(none * (1 - none) / len(found)))
    rng = np.random.default_rng(5)
    oracle = np.array(
        [min(total, np.sum(total / (first + (total - first) * rng.random(rng.poisson(mean))))) for _ in range(20_000)]
    )
    for share in (0.5, 0.75, 0.9):  # the mean of the distribution has no useful error: its tail is heavy
        a, b = np.quantile(found, share), np.quantile(oracle, share)
        assert a == pytest.approx(b, rel=0.12, abs=1e-9)


def test_volumes_add_up_when_a_colony_is_parted() -> None:
    course = DRUG | {"from": "500 day", "for": "8 year"}
    follow = BASE["follow_up"] | {"visits": [{"every": "500 day", "until": "12 year"}]}
    (plain,) = tables([course], "visits", follow_up=follow)
    (parted,) = tables([course], "visits", follow_up=follow, resistance=1e-6)
    a, b = (one[np.isclose(one["day"], 500.0)].set_index("patient")["metastatic_mm3"] for one in (plain, parted))
    assert (a > 1.0).sum() > 5
    assert b.to_numpy() == pytest.approx(a.to_numpy(), rel=1e-5)
    later = [one[np.isclose(one["day"], 1500.0)].set_index("patient")["metastatic_mm3"] for one in (plain, parted)]
    both = later[0].index.intersection(later[1].index)
    assert later[1][both].sum() > 2.0 * later[0][both].sum()


def test_resistant_colonies_grow_on_and_kill() -> None:
    plain, none = tables([FROM_RELAPSE], "patients", "lesions", patients=300)
    treated, lesions = tables([FROM_RELAPSE], "patients", "lesions", patients=300, resistance=1e-7)
    assert not (none["clone"] >= MAX_CLONES).any()
    resistant = lesions[lesions["clone"] == MAX_CLONES]
    assert len(resistant) > 20
    known = treated["relapse_d"].notna() | (treated["m_stage"].astype(str) == "M1")
    assert set(resistant["patient"]) <= set(treated[known]["patient"])
    assert (treated["relapse_d"].fillna(-1.0) == plain["relapse_d"].fillna(-1.0)).all()
    died = [int((one["death_cause"].astype(str) == "cancer").sum()) for one in (plain, treated)]
    assert died[1] > 1.2 * died[0]
    untreated, _ = tables([], "patients", "lesions", patients=300)
    assert died[1] <= int((untreated["death_cause"].astype(str) == "cancer").sum())


def test_parts_do_not_count_as_metastases() -> None:
    course = DRUG | {"from": "500 day", "for": "8 year"}
    (plain, _), (parted, lesions) = (
        tables([course], "visits", "lesions", patients=300, resistance=chance) for chance in (0.0, 1e-6)
    )
    assert (lesions["clone"] == MAX_CLONES).sum() > 100
    on_the_day = [one[np.isclose(one["day"], 548.0, atol=1.0)].set_index("patient") for one in (plain, parted)]
    assert len(on_the_day[0]) > 50
    both = on_the_day[0].index.intersection(on_the_day[1].index)
    a, b = (one.loc[both, "lesions_detected"].to_numpy() for one in on_the_day)
    assert (a == b).mean() > 0.97


def test_it_does_not_matter_how_often_levers_change_while_a_drug_is_given() -> None:
    held = TABLETS | {"from": "200 day", "for": "8 year", "effects": [{"lever": "growth_rate", "factor": 0.5}]}
    inert = TABLETS | {"every": "60 day", "effects": [{"lever": "adhesion", "factor": 1.0 + 1e-9}]}
    pulses = [inert | {"from": f"{day} day", "doses": 1, "every": "30 day"} for day in range(230, 2000, 60)]
    once = tables([held], "lesions", resistance=1e-7)[0]
    often = tables([held, *pulses], "lesions", resistance=1e-7)[0]
    counts = [(one["clone"] == MAX_CLONES).sum() for one in (once, often)]
    assert counts[0] > 100
    assert counts[1] == pytest.approx(counts[0], rel=0.02)


def test_a_drug_that_spares_nobody_is_as_without_resistance() -> None:
    (plain,) = tables([FROM_RELAPSE], "patients")
    (all_of_them,) = tables([FROM_RELAPSE | {"resistible": False}], "patients", resistance=1e-6)
    assert plain.equals(all_of_them)


def test_progression_comes_after_the_relapse_and_before_death() -> None:
    (patients,) = tables([FROM_RELAPSE], "patients", patients=300, resistance=1e-7)
    progressed = patients[patients["progression_d"].notna()]
    assert len(progressed) > 50
    relapsed = progressed[progressed["relapse_d"].notna()]
    assert (relapsed["progression_d"] > relapsed["relapse_d"]).all()
    assert not (progressed["progression_d"] > progressed["death_d"].fillna(np.inf)).any()
    assert patients[patients["relapse_d"].isna() & (patients["m_stage"] == "M0")]["progression_d"].isna().all()


def test_courses_that_end_or_begin_with_a_progression_equal_those_on_its_day() -> None:
    lines = [DRUG | {"from": "relapse", "for": "9 year", "until": "progression"},
             TABLETS | {"from": "progression", "for": "4 year"}]  # fmt: skip
    (waiting,) = tables(lines, "patients", resistance=1e-7)
    # Symptoms that bring a relapse to light end a panel, after which waiting times are drawn anew: not on planned days.
    planned = np.isclose(waiting["relapse_d"] % 182.625, 0.0)
    some = waiting[waiting["progression_d"].notna() & planned]
    assert len(some) >= 3
    for number in some["patient"].iloc[:3]:
        start, day = (float(waiting.loc[waiting["patient"] == number, name].iloc[0])
                      for name in ("relapse_d", "progression_d"))  # fmt: skip
        (by_hand,) = tables(
            # A little later: planned levers change before imaging on one day, those that wait for it after.
            [DRUG | {"from": f"{start + 0.01!r} day", "for": f"{day - start!r} day"},
             TABLETS | {"from": f"{day!r} day", "for": "4 year"}], "patients", resistance=1e-7,
        )  # fmt: skip
        a, b = (one[one["patient"] == number].iloc[0] for one in (waiting, by_hand))
        assert a["progression_d"] == pytest.approx(b["progression_d"], abs=1e-6)
        assert a["death_d"] == pytest.approx(b["death_d"], abs=8.0, nan_ok=True)  # doses by hand end on whole weeks
        assert a["death_cause"] == b["death_cause"]


@pytest.mark.parametrize(
    ("treatment", "fields", "field", "words"),
    [
        ([DRUG | {"from": "progression", "until": "relapse", "for": "1 year"}], {}, "treatment[0].until", "cannot end"),
        ([DRUG | {"from": "progression", "until": "progression"}], {}, "treatment[0].until", "cannot end"),
        ([DRUG | {"until": "progression"}], {"levers": LEVERS}, "treatment", "levers"),
        ([], {"resistance": 0.5}, "resistance", "at most 0.001"),
    ],
)  # fmt: skip
def test_mistakes(treatment: list[Any], fields: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        spec_from_dict(BASE | {"treatment": treatment} | fields)
    assert error.value.field == field
