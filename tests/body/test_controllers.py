"""Controllers steer a batch: levers, imaging, surgery, stopping; what they see; no dependence on batches or threads."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from diaspore.body.batch import Batch, run
from diaspore.body.state import EXTINCT, REMOVED
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.messages import Actions, Lever, Levers, Observation
from diaspore.core.simulate import simulate
from tests.body.common import (
    ALIKE,
    IMMORTAL,
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

FOLLOW = {"duration": "4 year", "visits": [{"every": "1 year", "until": "4 year"}]}
CHANGE = {**IMMORTAL, "growth.carrying_capacity": "2e5 mm**3"}


@dataclass
class Steer:
    """Acts on fixed days; keeps what it saw."""

    days: tuple[float, ...]
    answer: Callable[[Observation], Actions]
    seen: list[Observation] = field(default_factory=list)

    def next_day(self, after: float) -> float:
        return min((d for d in self.days if d > after), default=math.inf)

    def act(self, observation: Observation) -> Actions:
        self.seen.append(observation)
        return self.answer(observation)


def spec(change: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    few = {"lesion_limit": 20}  # so that nobody dies
    fixed = {"primary": {"site": "breast"}, "follow_up": FOLLOW, "numerics": few}
    return patient({**CHANGE, **(change or {})}, **fixed | fields)


def steered(data: dict[str, Any], count: int, *controllers: Steer) -> Batch:
    return run(compiled(data), 0, count, controllers)


def nothing(observation: Observation) -> Actions:
    return Actions()


def equal(one: Batch, two: Batch, fields: tuple[str, ...] = ("id", "seeded", "site", "phase")) -> None:
    for name in fields:
        np.testing.assert_array_equal(one.lesions[name], two.lesions[name], err_msg=name)
    np.testing.assert_allclose(one.lesions["y"], two.lesions["y"], rtol=1e-9, atol=1e-9)


def test_is_a_controller() -> None:
    assert isinstance(Steer((1.0,), nothing), Controller)


def test_called_on_its_days_for_the_whole_batch() -> None:
    watch = Steer((0.0, 30.0, 400.0, 3000.0), nothing)
    b = steered(spec(), 200, watch)
    assert [o.day for o in watch.seen] == [0.0, 30.0, 400.0]
    for o in watch.seen:
        np.testing.assert_array_equal(o.patient, np.arange(200))
        for values in (*o.values.values(), *o.detected.values(), o.alive):
            assert values.shape == (200,)
    assert b.patients["done"].all()


def test_watching_changes_nothing_that_is_drawn() -> None:
    """A stop without actions ends a panel, so seeding later may differ, but nobody's state on that day does."""
    watch = Steer((500.0,), nothing)
    one = steered(spec(follow_up={"duration": "500 day", "visits": []}), 100, watch)
    two = batch(spec(follow_up={"duration": "500 day", "visits": []}), 100)
    equal(one, two)


def test_levers_equal_those_of_a_specification() -> None:
    pulled = Levers((Lever("kill_rate", 0.003), Lever("growth_rate", 0.5, sites=("liver",)), Lever("ctc_death", 20.0)))
    rows = [
        {"lever": "kill_rate", "rate": "0.003 1/day", "from": "200 day", "until": "600 day"},
        {"lever": "growth_rate", "factor": 0.5, "sites": ["liver"], "from": "200 day", "until": "600 day"},
        {"lever": "ctc_death", "rate": "20 1/day", "from": "200 day", "until": "600 day"},
    ]
    drug = Steer((200.0, 600.0), lambda o: Actions(levers=pulled if o.day == 200.0 else Levers()))
    one, two = steered(spec(), 150, drug), batch(spec(levers=rows), 150)
    equal(one, two)
    np.testing.assert_allclose(one.flows.shed, two.flows.shed, rtol=1e-9)
    assert volume(one).sum() < 0.8 * volume(batch(spec(), 150)).sum()


def volume(b: Batch) -> np.ndarray:
    colony = (b.lesions["phase"] >= 1) & (b.lesions["phase"] <= 4)
    return np.bincount(owners(b)[colony], weights=np.exp(b.lesions["y"][colony]), minlength=len(b.patients))


def test_levers_differ_between_patients() -> None:
    def dose(o: Observation) -> Actions:
        return Actions(levers=Levers((Lever("kill_rate", np.where(o.patient % 2 == 0, 0.01, 0.0)),)))

    treated, free = steered(spec(), 100, Steer((0.0,), dose)), steered(spec(), 100, Steer((0.0,), nothing))
    all_treated = steered(spec(), 100, Steer((0.0,), lambda o: Actions(levers=Levers((Lever("kill_rate", 0.01),)))))
    even = np.arange(100) % 2 == 0
    np.testing.assert_allclose(volume(treated)[even], volume(all_treated)[even], rtol=1e-9)
    np.testing.assert_allclose(volume(treated)[~even], volume(free)[~even], rtol=1e-9)
    assert np.all(volume(treated)[even] < volume(free)[even])


def test_levers_of_two_days_replace_each_other() -> None:
    def course(o: Observation) -> Actions:
        return Actions(levers=Levers((Lever("kill_rate", 0.002 if o.day == 0.0 else 0.004),)))

    alike = {**ALIKE, **UNMODULATED, "fate.bottleneck": 60, "growth.law": "exponential"}
    b = steered(
        spec(alike, primary={"site": "breast", "diameter_at_diagnosis": "20 mm"}), 2, Steer((0.0, 365.25), course)
    )
    rate = math.log(2.0) / 150.0
    expected = b.patients["y_diagnosis"] + 4 * 365.25 * rate - 0.002 * 365.25 - 0.004 * 3 * 365.25
    np.testing.assert_allclose(b.lesions["y"], expected, rtol=1e-9)


@pytest.mark.parametrize(
    "lever",
    [Lever("growth", 1.0), Lever("kill_rate", -1.0), Lever("growth_rate", math.nan), Lever("growth_rate", np.ones(3)),
     Lever("ctc_death", 1.0, sites=("liver",))],
)  # fmt: skip
def test_impossible_levers_are_refused(lever: Lever) -> None:
    with pytest.raises(InputError):
        steered(spec(), 5, Steer((0.0,), lambda o: Actions(levers=Levers((lever,)))))


def test_removing_the_primary_equals_scheduled_surgery() -> None:
    surgeon = Steer((30.0,), lambda o: Actions(remove_primary=np.ones(len(o.patient), dtype=bool)))
    one = steered(spec({"surgery.remnant_probability": 0.5}), 150, surgeon)
    scheduled = {"primary": {"at": "30 day"}, "only_m0": False}
    two = batch(spec({"surgery.remnant_probability": 0.5}, surgery=scheduled), 150)
    equal(one, two)
    np.testing.assert_array_equal(one.patients["surgery_day"], 30.0)


def test_masks_choose_patients() -> None:
    surgeon = Steer((30.0,), lambda o: Actions(remove_primary=o.patient < 10, stop=o.patient >= 90))
    b = steered(spec(), 100, surgeon)
    operated = ~np.isnan(b.patients["surgery_day"])
    np.testing.assert_array_equal(operated, np.arange(100) < 10)
    np.testing.assert_allclose(b.patients["end"], np.where(np.arange(100) >= 90, 30.0, 4 * 365.25))
    primary = b.lesions[b.offsets[:-1]]
    np.testing.assert_array_equal(primary["phase"] == REMOVED, operated)
    assert not np.any(b.visits["day"][b.visits["patient"] >= 90] > 30.0)
    assert not np.any(b.lesions["seeded"][owners(b) >= 90] > 30.0)


def test_removing_nodes_and_lesions() -> None:
    nodal = {"primary": None, "nodes": {"at": "1460 day", "stations": ["axilla_1", "axilla_2"]}}
    everyone = lambda o: np.ones(len(o.patient), dtype=bool)  # noqa: E731
    act = lambda o: Actions(remove_nodes=everyone(o), resect_lesions=everyone(o), image=everyone(o))  # noqa: E731
    data = spec({"detection.imaging_width": "0.05 mm"}, surgery=nodal | {"lesions": {"at": "1460 day", "at_most": 100}})
    b = steered(data, 200, Steer((100.0,), act))
    lesions = b.lesions
    gone = lesions["phase"] == REMOVED
    reach = [i for i, s in enumerate(compiled(data).stations) if s.name in ("axilla_1", "axilla_2")]
    within = (lesions["site"] == NODES) & np.isin(lesions["station"], reach) & (lesions["seeded"] < 100.0)
    assert within.sum() > 20
    assert np.all(gone[within] | (lesions["phase"][within] == EXTINCT))
    assert (b.patients["nodes_examined"] > 0).all()
    distant = founders(b, None) & (lesions["site"] != NODES) & (lesions["detected"] <= 100.0)
    assert distant.sum() > 5
    assert gone[distant].all()


def test_imaging_on_order() -> None:
    sharp = {"detection.imaging_width": "0.05 mm", "detection.imaging_d50.default": "5 mm",
             "detection.symptom_diameter.default": "500 mm", "detection.symptom_spread": 0}  # fmt: skip
    follow = {"duration": "2 year", "visits": [], "imaging": {"at_diagnosis": False, "after_relapse": False}}
    image = Steer((730.0,), lambda o: Actions(image=o.patient % 2 == 0))
    b = steered(spec(sharp, follow_up=follow), 300, image)
    alive = b.patients["end"][owners(b)] > 730.0
    big = alive & founders(b, None) & (b.lesions["y"] > math.log(math.pi / 6.0 * 6.0**3))
    even = owners(b) % 2 == 0
    assert np.isnan(b.lesions["detected"][~even & founders(b, None)]).all()
    assert (big & even).sum() > 20
    np.testing.assert_array_equal(b.lesions["detected"][big & even], 730.0)


def test_repeated_imaging_throws_anew() -> None:
    """With a sensitivity of one half, five images between two visits find 31 of 32 lesions, not half of them."""
    coin = {"detection.imaging_d50.default": "0.5 mm", "detection.imaging_width": "50 mm",
            "detection.symptom_diameter.default": "500 mm", "detection.symptom_spread": 0,
            "growth.metastasis_rate": 0.05}  # fmt: skip
    follow = {"duration": "1 year", "visits": [], "imaging": {"at_diagnosis": False, "after_relapse": False}}
    days = (10.0, 20.0, 30.0, 40.0, 50.0)
    everyone = Steer(days, lambda o: Actions(image=np.ones(len(o.patient), dtype=bool)))
    b = steered(spec(coin, follow_up=follow), 500, everyone)
    lesions = b.lesions[founders(b, None) & (b.lesions["waking"] < 0.0) & (b.lesions["phase"] <= 4)]
    d = 2.0  # mm at most: the logistic of width 50 mm is one half within 2 %
    assert (lesions["y"] < math.log(math.pi / 6.0 * d**3)).all()
    assert len(lesions) > 500
    found = ~np.isnan(lesions["detected"])
    assert stats.binomtest(int(found.sum()), len(found), 31 / 32).pvalue > P_MIN / 10
    first = np.array([np.sum(lesions["detected"] == day) for day in days])
    assert stats.chisquare(first, first.sum() * np.array([16, 8, 4, 2, 1]) / 31).pvalue > P_MIN / 10


def test_observations_tell_the_state() -> None:
    watch = Steer((365.25,), nothing)
    data = spec({"detection.imaging_width": "0.05 mm"}, follow_up=FOLLOW, surgery={"primary": {"at": "30 day"}})
    c = compiled(data)
    run(c, 0, 300, (watch,))
    seen = watch.seen[0]
    at = run(compiled(spec({"detection.imaging_width": "0.05 mm"}, surgery={"primary": {"at": "30 day"}},
                           follow_up={"duration": "1 year", "visits": FOLLOW["visits"][:0]})), 0, 300)  # fmt: skip
    alive = seen.alive
    np.testing.assert_array_equal(alive, np.isnan(at.patients["death"]))
    colony = (at.lesions["phase"] >= 1) & (at.lesions["phase"] <= 4)
    own = owners(at)

    def total(mask: np.ndarray) -> np.ndarray:
        return np.bincount(own[mask], weights=np.exp(at.lesions["y"][mask]), minlength=300)

    nodal = colony & (at.lesions["site"] == NODES)
    bed = colony & (at.lesions["site"] == SITE["breast"])
    np.testing.assert_allclose(seen.values["nodal"][alive], total(nodal)[alive], rtol=1e-9)
    np.testing.assert_allclose(seen.values["primary"][alive], total(bed)[alive], rtol=1e-9)
    np.testing.assert_allclose(seen.values["metastatic"][alive], total(colony & ~nodal & ~bed)[alive], rtol=1e-9)
    np.testing.assert_allclose(seen.values["age"], at.patients["age"] + 365.25)
    for name in ("stage_t", "stage_n", "stage_m"):
        np.testing.assert_array_equal(seen.values[name], at.patients[name])
    counted = sum(seen.detected[s] for s in seen.detected)
    np.testing.assert_array_equal(counted, seen.values["lesions_detected"])
    assert seen.values["lesions_detected"].max() > 0
    assert np.isfinite(seen.values["ctc_per_ml"][alive]).all()


def test_two_controllers_act_together() -> None:
    drug = Steer((100.0,), lambda o: Actions(levers=Levers((Lever("kill_rate", 0.003),))))
    surgeon = Steer((100.0, 200.0), lambda o: Actions(remove_primary=o.patient % 2 == 0) if o.day > 150 else Actions())
    b = steered(spec(), 60, drug, surgeon)
    operated = ~np.isnan(b.patients["surgery_day"])
    np.testing.assert_array_equal(operated, np.arange(60) % 2 == 0)
    np.testing.assert_array_equal(b.patients["surgery_day"][operated], 200.0)
    left = b.lesions[b.offsets[:-1]]["y"][~operated]
    assert np.all(left < steered(spec(), 60).lesions[steered(spec(), 60).offsets[:-1]]["y"][~operated])


class Doctor:
    """Treats relapsed patients with more than one lesion, and stops the rest of them after a year of treatment."""

    def next_day(self, after: float) -> float:
        return next((d for d in (180.0, 360.0, 540.0) if d > after), math.inf)

    def act(self, o: Observation) -> Actions:
        sick = o.values["lesions_detected"] > 1
        return Actions(levers=Levers((Lever("kill_rate", np.where(sick, 0.004, 0.0)),)), stop=sick & (o.day > 500.0))


def test_threads_batches_and_courses_do_not_matter(tmp_path: Path) -> None:
    data = spec(follow_up={"duration": "2 year", "visits": []})
    runs = {}
    for name, count, threads in (("few", 40, 1), ("many", 4500, 2), ("again", 4500, 1)):
        runs[name] = simulate(
            data | {"patients": count},
            seed=3,
            out=tmp_path / name,
            threads=threads,
            quiet=True,
            controllers=(Doctor(),),
        )
    for file in sorted((tmp_path / "many" / "tables").rglob("*.parquet")):
        relative = file.relative_to(tmp_path / "many")
        assert file.read_bytes() == (tmp_path / "again" / relative).read_bytes(), relative
    few, many = runs["few"].table("patients"), runs["many"].table("patients")[:40]
    for column in ("followup_d", "death_d", "burden_at_end_mm3", "metastases_seeded"):
        np.testing.assert_array_equal(few[column], many[column])
