"""Every lever moves the outcome that it names, from its day on, at its sites and in its clones only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from diaspore.body.batch import Batch
from diaspore.body.schedule import neutral_row, pull
from diaspore.body.state import AVASCULAR, BLOOD, CAVITY, HELD, LYMPH, PERINEURAL, SLEEPING, VASCULAR
from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
from tests.body.common import ALIKE, IMMORTAL, NODES, SITE, UNMODULATED, batch, compiled, founders, patient
from tests.child import child_env

N = 400
YEARS = 4 * 365.25
# The primary stays, nobody dies: metastases come, sleep, wake and grow for four years.
METASTATIC = {
    "primary": {"site": "breast"},
    "follow_up": {"duration": "4 year", "visits": [{"every": "1 year", "until": "4 year"}]},
    "numerics": {"lesion_limit": 20},
}
CHANGE = {**IMMORTAL, "surgery.remnant_probability": 0, "growth.carrying_capacity": "2e5 mm**3"}


def lever(name: str, value: float, **where: Any) -> dict[str, Any]:
    key = "rate" if name in RATE_LEVERS else "factor"
    return {"lever": name, key: f"{value} 1/day" if key == "rate" else value, "from": "0 day", **where}


def course(*levers: dict[str, Any], change: dict[str, Any] | None = None, **fields: Any) -> Batch:
    return batch(patient({**CHANGE, **(change or {})}, **METASTATIC | fields, levers=list(levers)), N)


def distant(b: Batch) -> np.ndarray:
    return founders(b, None) & (b.lesions["site"] != NODES) & (b.lesions["site"] != SITE["breast"])


def volume(b: Batch, mask: np.ndarray) -> float:
    colony = mask & (b.lesions["phase"] >= AVASCULAR) & (b.lesions["phase"] <= VASCULAR)
    return float(np.exp(b.lesions["y"][colony]).sum())


def later(b: Batch, site: str | None = None) -> np.ndarray:
    """Metastases seeded after diagnosis (in a site)."""
    mask = distant(b) & (b.lesions["seeded"] > 0.0)
    return mask if site is None else mask & (b.lesions["site"] == SITE[site])


def ctc(b: Batch) -> float:
    """Mean CTC concentration a year after diagnosis."""
    v = b.visits[(b.visits["day"] > 300.0) & (b.visits["day"] < 400.0)]
    return float(v["ctc_per_ml"].mean())


def primaries(b: Batch) -> np.ndarray:
    return b.lesions[b.offsets[:-1]]


Outcome = Callable[[Batch], float]
OUTCOMES: dict[str, tuple[dict[str, Any], str, Outcome, dict[str, Any]]] = {
    # lever with a value, direction of the named outcome, outcome, changed parameters
    "growth_rate": (lever("growth_rate", 0.5), "falls", lambda b: volume(b, distant(b)), {}),
    "growth_rate up": (lever("growth_rate", 1.5), "rises", lambda b: volume(b, distant(b)), {}),
    "kill_rate": (lever("kill_rate", 0.003), "falls", lambda b: volume(b, distant(b)), {}),
    "angiogenesis_rate": (
        lever("angiogenesis_rate", 0.1), "falls",
        lambda b: float(np.sum(b.lesions["vascularised"][distant(b)] > 0.0)), {"angiogenesis.immediate_fraction": 0},
    ),
    "dormancy_exit": (
        lever("dormancy_exit", 8), "rises",
        lambda b: float(np.sum(b.lesions["waking"][distant(b)] > b.lesions["seeded"][distant(b)])), {},
    ),
    "immune_kill": (
        lever("immune_kill", 6), "rises",
        lambda b: float(np.sum((b.lesions["phase"] == HELD) & (b.lesions["seeded"] < 0.0))),
        {"dormancy.held_fraction": 1},
    ),
    "tam_recruitment": (lever("tam_recruitment", 0), "falls", ctc, {}),
    "emt_rate": (lever("emt_rate", 0.1), "falls", ctc, {}),
    "invasion_speed": (lever("invasion_speed", 0.5), "falls", ctc, {}),
    "protease_activity": (lever("protease_activity", 0.5), "falls", ctc, {}),
    "adhesion": (lever("adhesion", 2), "falls", ctc, {}),
    "matrix_stiffness": (lever("matrix_stiffness", 0.25), "falls", ctc, {}),
    "bone_cycle": (
        lever("bone_cycle", 0), "falls", lambda b: volume(b, distant(b) & (b.lesions["site"] == SITE["bone"])),
        {"niche.bone_gain": 1},
    ),
    "niche_readiness": (lever("niche_readiness", 0), "falls", lambda b: float(later(b).sum()), {}),
    "ctc_death": (lever("ctc_death", 100), "falls", ctc, {}),
    "ctc_death on founders": (lever("ctc_death", 100), "falls", lambda b: float(later(b).sum()), {}),
    "shedding": (lever("shedding", 0.3), "falls", ctc, {}),
    "shedding by blood": (lever("shedding", 0.2, route="blood"), "falls", lambda b: float(later(b).sum()), {}),
    "shedding by lymph": (
        lever("shedding", 0, route="lymph"), "falls",
        lambda b: float(np.sum((b.lesions["route"] == LYMPH) & (b.lesions["seeded"] > 0.0))), {},
    ),
    "ctc_cluster_fraction": (
        lever("ctc_cluster_fraction", 6), "rises",
        lambda b: float(np.mean(b.lesions["founder_cells"][later(b)] > 1)), {},
    ),
    "platelet_shield": (
        lever("platelet_shield", 3), "rises", lambda b: float(later(b).sum()), {"blood.nk_death": "200 1/day"},
    ),
    "platelet_shield off": (
        lever("platelet_shield", 0), "falls", lambda b: float(later(b).sum()), {"blood.nk_death": "200 1/day"},
    ),
    "extravasation_prob": (
        lever("extravasation_prob", 0.2, sites=["liver"]), "falls", lambda b: float(later(b, "liver").sum()), {},
    ),
    "homing_prob": (lever("homing_prob", 0.2, sites=["bone"]), "falls", lambda b: float(later(b, "bone").sum()), {}),
}  # fmt: skip


def test_every_lever_is_tried() -> None:
    assert {name.split()[0] for name in OUTCOMES} == set(FACTOR_LEVERS + RATE_LEVERS)


@pytest.mark.parametrize("name", OUTCOMES)
def test_lever_moves_its_outcome(name: str) -> None:
    pulled, direction, outcome, change = OUTCOMES[name]
    without, with_it = outcome(course(change=change)), outcome(course(pulled, change=change))
    assert without > 0.0
    ratio = with_it / without
    assert ratio < 0.9 if direction == "falls" else ratio > 1.1, ratio


@pytest.mark.parametrize("name", OUTCOMES)
def test_nothing_changes_before_the_lever(name: str) -> None:
    """Under common seeds, all that was seeded before diagnosis is the same to the bit, day by day."""
    pulled, _, _, change = OUTCOMES[name]
    one, two = course(change=change), course(pulled | {"from": "1 day"}, change=change)
    for field in ("inception", "y_diagnosis", "stage_t", "stage_n", "stage_m", "ctc_diagnosis", "age", "other_death"):
        np.testing.assert_array_equal(one.patients[field], two.patients[field], err_msg=field)
    early = [b.lesions[b.lesions["seeded"] < 0.0] for b in (one, two)]
    for field in ("id", "seeded", "site", "clone", "founder_cells", "y_diagnosis", "generation"):
        np.testing.assert_array_equal(early[0][field], early[1][field], err_msg=field)


@pytest.mark.parametrize("name", FACTOR_LEVERS + RATE_LEVERS)
def test_a_lever_of_no_effect_changes_no_bit(name: str) -> None:
    """A factor of 1 or a rate of 0 cuts no panel differently from a lever-free schedule with the same change day."""
    one = course(lever(name, 0.0 if name in RATE_LEVERS else 1.0))
    two = course(lever("growth_rate", 1.0))
    for field in ("id", "seeded", "y", "phase", "detected"):
        np.testing.assert_array_equal(one.lesions[field], two.lesions[field], err_msg=field)


# Where and when


def grown(b: Batch, site: str) -> float:
    return volume(b, distant(b) & (b.lesions["site"] == SITE[site]) & (b.lesions["seeded"] < 0.0))


def test_sites() -> None:
    """A drug that does not reach the brain leaves brain metastases as they are."""
    without = course(change=UNMODULATED)  # lesions meet each other through the systemic response only
    liver_only = course(lever("kill_rate", 0.005, sites=["liver"]), change=UNMODULATED)
    elsewhere = [s for s in SITE if s not in ("liver", "prostate")]
    spared = course(lever("kill_rate", 0.005, sites=elsewhere), change=UNMODULATED)
    assert grown(liver_only, "liver") < 0.5 * grown(without, "liver")
    assert grown(liver_only, "bone") == pytest.approx(grown(without, "bone"), rel=1e-9)
    assert grown(spared, "liver") == pytest.approx(grown(without, "liver"), rel=1e-9)
    assert grown(spared, "bone") < 0.5 * grown(without, "bone")


def test_clones() -> None:
    without = course(change=UNMODULATED)
    first = course(lever("kill_rate", 0.005, clones=[0]), change=UNMODULATED)

    def by_clone(b: Batch, clone: int) -> float:
        return volume(b, distant(b) & (b.lesions["seeded"] < 0.0) & (b.lesions["clone"] == clone))

    assert by_clone(first, 0) < 0.5 * by_clone(without, 0)
    assert sum(by_clone(without, k) for k in (1, 2, 3)) > 0.0
    for k in (1, 2, 3):
        assert by_clone(first, k) == pytest.approx(by_clone(without, k), rel=1e-9)


def test_a_lever_ends() -> None:
    """Growth stopped for a year is growth put off by a year."""
    alike = {**ALIKE, **UNMODULATED}
    fixed = {"primary": {"site": "breast", "diameter_at_diagnosis": "20 mm"}}
    stopped = course(
        {"lever": "growth_rate", "factor": 0, "from": "100 day", "until": "465.25 day"}, change=alike, **fixed
    )
    short = course(change=alike, **fixed, follow_up={"duration": f"{YEARS - 365.25} day", "visits": []})
    np.testing.assert_allclose(primaries(stopped)["y"], primaries(short)["y"], rtol=1e-9)


def test_kill_rate_is_added_and_growth_multiplied() -> None:
    alike = {**ALIKE, **UNMODULATED, "growth.law": "exponential", "fate.bottleneck": 60}
    fixed = {"primary": {"site": "breast", "diameter_at_diagnosis": "20 mm"}}
    plain, levered = (
        primaries(course(*pulled, change=alike, **fixed))["y"]
        for pulled in (
            (),
            (lever("growth_rate", 0.5), lever("growth_rate", 1.5), lever("kill_rate", 1e-3), lever("kill_rate", 2e-3)),
        )
    )
    rate = np.log(2.0) / 150.0
    np.testing.assert_allclose(levered - plain, (0.75 - 1.0) * rate * YEARS - 3e-3 * YEARS, rtol=1e-9)


# Shedding by exact factors: one patient, no founders, flows after diagnosis alone.

BARREN = {**ALIKE, **UNMODULATED, **IMMORTAL, "fate.bottleneck": 60, "cavity.breach_diameter": "5 mm"}


def flow(*levers: dict[str, Any], site: str = "breast", perineural: bool = False) -> np.ndarray:
    """Cells shed after diagnosis by route."""
    change = {**BARREN, "shedding.perineural": "1e3 1/day"} if perineural else BARREN
    fixed = {"primary": {"site": site, "diameter_at_diagnosis": "20 mm"}}

    def total(days: float) -> np.ndarray:
        data = patient(change, **fixed, follow_up={"duration": f"{days} day", "visits": []}, levers=list(levers))
        return np.asarray(batch(data, 1).flows.shed.sum(axis=1))

    return total(700.0) - total(1e-6)


@pytest.mark.parametrize(
    ("name", "value", "power"),
    [("invasion_speed", 0.5, "speed"), ("protease_activity", 3.0, "protease"), ("matrix_stiffness", 0.3, "stiffness"),
     ("adhesion", 2.0, "adhesion")],
)  # fmt: skip
def test_invasion_levers_scale_all_routes(name: str, value: float, power: str) -> None:
    exponent = float(compiled(patient(BARREN)).model.par[0][f"shedding_{power}_exponent"])
    factor = value ** (-exponent if name == "adhesion" else exponent)
    where = {"site": "ovary", "perineural": True}
    np.testing.assert_allclose(flow(lever(name, value), **where), factor * flow(**where), rtol=1e-6)


@pytest.mark.parametrize(("route", "index"), [("blood", 0), ("lymph", 1), ("cavity", 2), ("nerve", 3)])
def test_shedding_by_route_scales_that_route_only(route: str, index: int) -> None:
    where = {"site": "ovary", "perineural": True}
    expected = flow(**where)
    assert np.all(expected > 0.0)
    expected[index] *= 0.25
    np.testing.assert_allclose(flow(lever("shedding", 0.25, route=route), **where), expected, rtol=1e-9)


def test_faster_invasion_breaches_earlier() -> None:
    change = {**BARREN, "cavity.breach_diameter": "60 mm"}
    fixed = {"primary": {"site": "ovary", "diameter_at_diagnosis": "20 mm"}}
    follow = {"duration": "700 day", "visits": []}
    plain = batch(patient(change, **fixed, follow_up=follow), 1)
    fast = batch(patient(change, **fixed, follow_up=follow, levers=[lever("invasion_speed", 10)]), 1)
    assert plain.flows.shed[2].sum() == 0.0
    assert fast.flows.shed[2].sum() > 0.0


# Single levers at their ends


def test_no_waking_without_exit() -> None:
    b = course(lever("dormancy_exit", 0))
    woke = distant(b) & (b.lesions["waking"] > b.lesions["seeded"])
    assert not np.any(b.lesions["waking"][woke] > 0.0)
    assert np.any(b.lesions["phase"] == SLEEPING)


@pytest.mark.parametrize("name", ["extravasation_prob", "homing_prob"])
def test_a_site_without_homing_or_exit_gets_nothing_more(name: str) -> None:
    b = course(lever(name, 0, sites=["liver", "bone"]))
    assert not later(b, "liver").any()
    assert not later(b, "bone").any()
    assert later(b, "lung").sum() + later(b, "skin").sum() > 0


def test_homing_reaches_nodes_and_linings() -> None:
    """The documentation of lymph and cavities lists homing_prob among the levers that they read."""
    nodes = course(lever("homing_prob", 0, sites=["regional_nodes"]))
    assert not np.any((nodes.lesions["site"] == NODES) & (nodes.lesions["seeded"] > 0.0))
    where = {"primary": {"site": "ovary"}}
    breached = {"cavity.breach_diameter": "5 mm"}
    lining = course(lever("homing_prob", 0, sites=["peritoneum"]), change=breached, **where)
    assert not np.any((lining.lesions["site"] == SITE["peritoneum"]) & (lining.lesions["seeded"] > 0.0))


def test_no_shedding_no_founders() -> None:
    b = course(lever("shedding", 0))
    assert not np.any(b.lesions["seeded"] > 0.0)
    assert set(np.unique(b.lesions["route"])) <= {0, BLOOD, LYMPH, CAVITY, PERINEURAL}
    assert ctc(b) == 0.0


def test_growth_factor_of_nothing_with_a_kill_rate_shrinks_the_primary() -> None:
    b = course(lever("growth_rate", 0), lever("kill_rate", 1e-3))
    before = b.patients["y_diagnosis"]
    np.testing.assert_allclose(primaries(b)["y"], before - 1e-3 * YEARS, atol=1e-6)


EXTREME = """
import json, sys
from diaspore.body.batch import run
from diaspore.body.compile import compile_patient
from diaspore.core.errors import InputError
from diaspore.core.spec import spec_from_dict
import numpy as np
if __name__ == "__main__":
    for data in json.load(sys.stdin):
        try:
            b = run(compile_patient(spec_from_dict(data), 1), 0, 20)
        except InputError:
            continue
        assert np.isfinite(b.flows.shed).all(), data["levers"]
        assert np.isfinite(b.lesions["y"]).all(), data["levers"]
        assert np.isfinite(b.visits["ctc_per_ml"]).all(), data["levers"]
"""


def test_extreme_levers_end() -> None:
    """Each lever at the ends of its range is refused, or the run ends with finite numbers."""
    ends = [lever(name, value) for name in FACTOR_LEVERS for value in (0.0, 1000.0)]
    ends += [lever(name, value) for name in RATE_LEVERS for value in (0.0, 1e5)]
    data = [patient(CHANGE, **METASTATIC, levers=[pulled]) for pulled in ends]
    subprocess.run(
        [sys.executable, "-c", EXTREME], input=json.dumps(data), text=True, env=child_env(), check=True, timeout=300
    )


# Rows of levers


def test_pull_multiplies_and_adds() -> None:
    row = pull(pull(neutral_row(), "growth_rate", 0.5), "growth_rate", 3.0, ["liver"])
    k = 0  # growth_rate stands first
    assert row.local[k, SITE["liver"], 0] == 1.5
    assert row.local[k, SITE["bone"], 3] == 0.5
    row = pull(pull(row, "kill_rate", 0.1), "kill_rate", 0.2, ["liver"], [1])
    assert row.local[1, SITE["liver"], 1] == pytest.approx(0.3)
    assert row.local[1, SITE["liver"], 0] == pytest.approx(0.1)
    assert not row.plain
    assert neutral_row().plain
    assert pull(neutral_row(), "growth_rate", 1.0).plain
