"""The ledger: it balances to rounding, and its flows and sleepers are the integrals of shedding along a course."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import simpson

from diaspore.body.batch import run
from diaspore.body.kernels.ledger import logarithmic_mean
from diaspore.body.ledger import STAGES, balance_error, batch_ledger, ledger_table
from diaspore.body.state import BLOOD, CAVITY, LYMPH, PERINEURAL, PROCEDURE
from tests.body.common import ALIKE, IMMORTAL, NODES, SITE, UNMODULATED, batch, compiled, patient
from tests.body.twin import Twin

YEARS = 3 * 365.25
# One patient whose primary sheds for years and founds nothing.
BARREN_PATIENT = {**ALIKE, **UNMODULATED, **IMMORTAL, "fate.bottleneck": 60}


def stage(ledger: np.ndarray, name: str) -> np.ndarray:
    return np.asarray(ledger[STAGES.index(name)])


BUSY: dict[str, dict[str, Any]] = {
    "breast": patient(
        primary={"site": "breast"},
        age=None,
        surgery={"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
        follow_up={"duration": "15 year", "visits": [{"every": "1 year", "until": "15 year"}]},
    ),
    "untreated": patient(primary={"site": "breast"}, follow_up={"duration": "6 year", "visits": []}),
    "bowel, nerves and procedure": patient(
        {"shedding.perineural": "1e4 1/day", "surgery.procedure_cells": 1e9, "cavity.breach_diameter": "20 mm"},
        primary={"site": "bowel"},
        surgery={"primary": {"at": "30 day"}, "nodes": None},
        follow_up={"duration": "8 year", "visits": []},
    ),
    "ovary under levers": patient(
        {"cavity.breach_diameter": "20 mm"},
        primary={"site": "ovary"},
        follow_up={"duration": "5 year", "visits": []},
        levers=[
            {"lever": "extravasation_prob", "factor": 3, "sites": ["liver", "bone"], "from": "100 day"},
            {"lever": "ctc_death", "rate": "10 1/day", "from": "100 day", "until": "900 day"},
            {"lever": "dormancy_exit", "factor": 5, "from": "500 day"},
            {"lever": "kill_rate", "rate": "0.005 1/day", "from": "500 day", "until": "700 day"},
        ],
    ),
}


@pytest.mark.parametrize("name", BUSY)
def test_balances(name: str) -> None:
    """shed = lost + arrested and arrested = died + extravasated on every route, and the latter at every site."""
    ledger = batch_ledger(compiled(BUSY[name]), batch(BUSY[name], 400))
    assert balance_error(ledger) < 1e-9
    ends = stage(ledger, "died_after_arrest") + stage(ledger, "extravasated")
    np.testing.assert_allclose(stage(ledger, "arrested"), ends, rtol=1e-9)
    routes = stage(ledger, "shed").sum(axis=1)
    assert routes[BLOOD] > 0.0
    if name.startswith("bowel"):
        assert np.all(routes[[LYMPH, PERINEURAL, PROCEDURE]] > 0.0)
    if name.startswith("ovary"):
        assert routes[CAVITY] > 0.0


@pytest.mark.parametrize("share", ["lost", "died", "extravasated"])
def test_the_balance_sees_a_wrong_share(share: str) -> None:
    """A hundredth of one way in which cells end, left out of the circulation, shows up: the balance is a check."""
    b = batch(BUSY["untreated"], 50)
    wrong = [replace(table, **{share: 0.99 * getattr(table, share)}) for table in b.tables]
    assert balance_error(batch_ledger(compiled(BUSY["untreated"]), b)) < 1e-9
    assert balance_error(batch_ledger(compiled(BUSY["untreated"]), replace(b, tables=wrong))) > 1e-5


@pytest.mark.parametrize("name", BUSY)
def test_stages_only_shrink(name: str) -> None:
    """By route, cells get fewer from stage to stage; no stage is negative where cells came by."""
    ledger = batch_ledger(compiled(BUSY[name]), batch(BUSY[name], 400))
    by_route = {s: stage(ledger, s).sum(axis=1) for s in STAGES}
    chain = ("shed", "arrested", "extravasated", "taken", "grown", "detected")
    for a, b in pairwise(chain[:-1]):
        assert np.all(by_route[a] >= by_route[b] * (1 - 1e-12)), (a, b)
    for s in STAGES:
        if s != "died_in_tissue":
            assert ledger[STAGES.index(s)].min() >= 0.0, s
    assert np.all(by_route["died_in_tissue"] >= -1e-9 * by_route["extravasated"])


def course(panel: float) -> tuple[dict[str, Any], Twin]:
    data = patient(
        BARREN_PATIENT, follow_up={"duration": f"{YEARS} day", "visits": []}, numerics={"panel": f"{panel} day"}
    )
    return data, Twin(compiled(data))


def quadrature(twin: Twin) -> dict[str, Any]:
    """Flows along the course of the primary from its vessels to the end, by Simpson's rule on a fine grid."""
    t = twin.grid(YEARS)
    blood, lymph, share = twin.flows(twin.y(t))
    shield = np.array([1.0 - twin.shielded, twin.shielded])
    left = twin.c.tables[0].extravasated
    kept, duct = twin.chain
    into = np.einsum("ct,cgj,g->jt", share, left[twin.source], shield) * blood
    into += np.einsum("ct,cgj,g->jt", share, left[NODES], shield) * lymph * duct
    into[NODES] += lymph * kept.sum()
    decay = twin["dormancy.exit_rate"] + twin["dormancy.death_rate"]
    asleep = into * twin["fate.dormant_fraction"] * np.exp(-decay * (t[-1] - t))
    return {
        "shed": (simpson(blood, x=t), simpson(lymph, x=t)),
        "extravasated": simpson(into, x=t),
        "asleep": simpson(asleep, x=t),
    }


def test_flows_equal_the_quadrature_of_shedding() -> None:
    """Panels of a quarter keep flows and sleepers within 0.3 %."""
    data, twin = course(91.3125)
    b = batch(data, 1)
    exact = quadrature(twin)
    assert len(b.lesions) == 1
    ledger = batch_ledger(compiled(data), b)
    shed = stage(ledger, "shed")
    assert shed[BLOOD, SITE["breast"]] == pytest.approx(exact["shed"][0], rel=3e-3)
    assert shed[LYMPH, SITE["breast"]] == pytest.approx(exact["shed"][1], rel=3e-3)
    assert shed.sum() == pytest.approx(sum(exact["shed"]), rel=3e-3)
    np.testing.assert_allclose(stage(ledger, "extravasated").sum(axis=0), exact["extravasated"], rtol=3e-3)
    np.testing.assert_allclose(b.stocks[0], exact["asleep"], rtol=3e-3)
    np.testing.assert_allclose(stage(ledger, "dormant").sum(axis=0), b.stocks[0], rtol=1e-12)


def test_halving_panels_quarters_the_error_of_the_ledger() -> None:
    finest = batch(course(5.0)[0], 1).flows.shed.sum()
    errors = [abs(batch(course(p)[0], 1).flows.shed.sum() / finest - 1.0) for p in (180.0, 90.0, 45.0)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.25)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.25)


def test_stock_of_sleepers_follows_its_equation_under_levers() -> None:
    """After the primary is gone: S' = -(exit lever + death + kill) S."""
    start, stop = 400.0, 900.0
    lever = {"from": f"{start} day", "until": f"{stop} day"}
    surgery = {"primary": {"at": "0 day"}}

    def stocks(days: float) -> np.ndarray:
        data = patient(
            BARREN_PATIENT,
            surgery=surgery,
            follow_up={"duration": f"{days} day", "visits": []},
            levers=[]
            if days <= start
            else [
                {"lever": "dormancy_exit", "factor": 6, "sites": ["liver"], **lever},
                {"lever": "kill_rate", "rate": "1e-3 1/day", "sites": ["bone"], **lever},
            ],
        )
        return np.asarray(batch(data, 1).stocks[0])

    twin = course(91.3125)[1]
    wake, die = twin["dormancy.exit_rate"], twin["dormancy.death_rate"]
    before, after = stocks(100.0), stocks(1500.0)
    expected = before * math.exp(-(wake + die) * 1400.0)
    expected[SITE["liver"]] *= math.exp(-5.0 * wake * (stop - start))
    expected[SITE["bone"]] *= math.exp(-1e-3 * (stop - start))
    np.testing.assert_allclose(after, expected, rtol=1e-9)


def test_stock_of_sleepers_with_arrivals_under_levers() -> None:
    """While cells still arrive, S' = arrivals - (exit + death + kill) S: the panel's length matters little."""
    lever = {"lever": "kill_rate", "rate": "0.01 1/day", "sites": ["bone"], "from": "0 day"}

    def stocks(panel: float) -> np.ndarray:
        data = patient(
            BARREN_PATIENT,
            follow_up={"duration": "730 day", "visits": []},
            levers=[lever],
            numerics={"panel": f"{panel} day"},
        )
        return np.asarray(batch(data, 1).stocks[0])

    usual, fine = stocks(91.3125), stocks(2.0)
    np.testing.assert_allclose(usual, fine, rtol=0.05)
    assert fine[SITE["bone"]] < 0.2 * fine[SITE["liver"]] * (
        stocks_without(730.0)[SITE["bone"]] / stocks_without(730.0)[SITE["liver"]]
    )


def stocks_without(days: float) -> np.ndarray:
    """Sleepers by site of the same patient without the lever."""
    data = patient(BARREN_PATIENT, follow_up={"duration": f"{days} day", "visits": []})
    return np.asarray(batch(data, 1).stocks[0])


def test_taken_counts_colonies_that_began_to_divide() -> None:
    data = BUSY["breast"]
    b = batch(data, 400)
    ledger = batch_ledger(compiled(data), b)
    lesions = b.lesions[b.lesions["route"] != 0]
    awake = lesions[~np.isnan(lesions["waking"])]
    for route in (BLOOD, LYMPH):
        sites = np.bincount(awake["site"][awake["route"] == route], minlength=len(SITE))
        np.testing.assert_array_equal(stage(ledger, "taken")[route], sites)
    found = lesions[~np.isnan(lesions["detected"])]
    assert stage(ledger, "detected").sum() == len(found)


def test_ledger_is_additive_over_patients() -> None:
    data = BUSY["untreated"]
    c = compiled(data)
    whole = batch_ledger(c, batch(data, 6))
    parts = sum(batch_ledger(c, run(c, first, 2)) for first in (0, 2, 4))
    for name in STAGES:
        one, two = stage(parts, name), stage(whole, name)
        if name in ("dormant", "died_in_tissue"):  # sleepers are counted by site and shared out among routes
            one, two = one.sum(axis=0), two.sum(axis=0)
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-3, err_msg=name)


def test_table_holds_what_is_not_nothing() -> None:
    ledger = batch_ledger(compiled(BUSY["untreated"]), batch(BUSY["untreated"], 400))
    names = [f"site{i}" for i in range(ledger.shape[2])]
    table = ledger_table(ledger, names).to_pydict()
    assert len(table["cells"]) == np.count_nonzero(ledger)
    assert sum(table["cells"]) == pytest.approx(ledger.sum())
    assert set(table["stage"]) <= set(STAGES)


@pytest.mark.parametrize(("a", "b"), [(1.0, 3.0), (5.0, 0.2), (2.0, 2.0), (1.0, 1.0 + 1e-9)])
def test_logarithmic_mean(a: float, b: float) -> None:
    t = np.linspace(0.0, 1.0, 2001)
    assert logarithmic_mean(a, b) == pytest.approx(simpson(a * (b / a) ** t, x=t), rel=1e-9)
