"""Treatments as settings of levers over time."""

import math

import numpy as np
import pytest

from diaspore.body.spec import SITE_LEVERS
from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.knowledge.anatomy import SITES
from diaspore.knowledge.drugs import drugs
from diaspore.therapy.effect import assumed_effects, strengths
from diaspore.therapy.treatment import LEVELS, LOCAL, Person, TreatmentSpec

PERSON = Person()


def treatment(data: object) -> TreatmentSpec:
    made: TreatmentSpec = validate(TreatmentSpec, data)  # type: ignore[type-var]
    return made


def test_every_drug_has_assumed_effects() -> None:
    for one in drugs().values():
        found = assumed_effects(one)
        assert {effect.lever for effect in found} == set(one.levers), one.name
    assert set(strengths()) >= {lever for one in drugs().values() for lever in one.levers}


def test_on_while_it_is_given() -> None:
    found = treatment("marimastat 10 mg twice daily for 1 year from day 30").windows(1e4, PERSON)
    local = [one for one in found if one.lever == "protease_activity" and "lung" in (one.sites or SITES)]
    assert len(local) == 1
    assert local[0].start == 30.0
    assert local[0].until == pytest.approx(30.0 + 365.25, abs=0.6)
    assert local[0].value == strengths()["protease_activity"]


def test_the_brain_gets_less() -> None:
    data = {"drug": "trastuzumab", "dose": "6 mg/kg", "every": "3 week", "for": "1 year",
            "effects": [{"lever": "kill_rate", "rate": "0.064 1/day"}]}  # fmt: skip
    found = treatment(data).windows(1e4, PERSON)
    of = {site: [one for one in found if one.sites is None or site in one.sites] for site in ("lung", "brain")}
    assert of["lung"][0].value == pytest.approx(0.064)
    assert sum(one.value for one in of["brain"]) <= 0.064 * 1.5 / LEVELS


def test_effect_by_level_follows_it_and_ends_with_it() -> None:
    data = {"drug": "trastuzumab", "dose": "6 mg/kg", "loading": "8 mg/kg", "every": "3 week", "for": "1 year",
            "effects": [{"lever": "growth_rate", "factor": 0.25, "half": "20 mg/L"}]}  # fmt: skip
    one = treatment(data)
    windows = [w for w in one.windows(2000.0, PERSON) if w.sites is None or "lung" in w.sites]
    starts = np.array([w.start for w in windows])
    assert (np.diff(starts) > 0).all()
    late = windows[-1]
    assert 366.0 < late.until < 366.0 + 300.0  # some half-lives after the last dose
    middle = next(w for w in windows if w.start <= 200.0 < w.until)
    at = np.linspace(middle.start, middle.until, 200)
    share = np.mean(
        one.level(one.course.days(2000.0), at, PERSON) / (20.0 + one.level(one.course.days(2000.0), at, PERSON))
    )
    assert middle.value == pytest.approx(0.25**share, rel=0.05)


def test_finer_steps_give_the_same_effect() -> None:
    def whole(step: str) -> float:
        data = {"drug": "bevacizumab", "dose": "5 mg/kg", "every": "2 week", "for": "24 week", "step": step,
                "effects": [{"lever": "kill_rate", "rate": "1 1/day", "half": "50 mg/L", "power": 2}]}  # fmt: skip
        windows = treatment(data).windows(600.0, PERSON)
        return sum((w.until - w.start) * w.value for w in windows if w.sites is None or "lung" in w.sites)

    assert whole("7 day") == pytest.approx(whole("1 day"), rel=0.01)
    assert whole("14 day") == pytest.approx(whole("1 day"), rel=0.02)


def test_antibodies_without_a_model_of_their_own_have_the_usual_one() -> None:
    data = {"drug": "onartuzumab", "dose": "15 mg/kg", "every": "3 week", "doses": 4,
            "effects": [{"lever": "invasion_speed", "factor": 0.5, "half": "15 mg/L"}]}  # fmt: skip
    one = treatment(data)
    level = one.level(one.course.days(100.0), np.array([1e-6]), PERSON)
    assert level[0] == pytest.approx(15.0 * 70.0 / 3.61, rel=1e-3)


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ({"lever": "kil_rate", "rate": "1 1/day"}, "kill_rate"),
        ({"lever": "kill_rate", "factor": 0.5}, "needs a rate"),
        ({"lever": "growth_rate", "factor": 0.5, "half": "1 mg/L"}, "no model"),
        ({"lever": "growth_rate", "factor": 0.5, "half": "1 mg"}, "dimension|unit|mg"),
        ({"lever": "growth_rate", "factor": -1}, "at least 0"),
        ({"lever": "growth_rate", "factor": 0.5, "sites": ["lungs"]}, "no site"),
        ({"lever": "platelet_shield", "factor": 0.5, "sites": ["lung"]}, "no sites"),
    ],
)
def test_mistakes(effect: dict[str, object], words: str) -> None:
    data = {"drug": "aspirin", "dose": "300 mg", "every": "1 day", "for": "1 year", "effects": [effect]}
    with pytest.raises(InputError, match=words):
        treatment(data)


def test_no_level_of_doses_that_the_model_cannot_take() -> None:
    data = {"drug": "trastuzumab", "dose": "600 mg", "every": "3 week", "doses": 4, "route": "subcutaneous",
            "effects": [{"lever": "growth_rate", "factor": 0.5, "half": "20 mg/L"}]}  # fmt: skip
    with pytest.raises(InputError, match="mg/kg"):
        treatment(data)
    with pytest.raises(InputError, match="no absorption"):
        treatment(data | {"dose": "6 mg/kg"})


def test_levers_with_places_are_those_of_the_body() -> None:
    assert set(SITE_LEVERS) == LOCAL


def test_kill_over_a_course() -> None:
    one = treatment("paclitaxel 80 mg/m2 weekly for 12 weeks")
    killed = sum(
        w.value * (w.until - w.start)
        for w in one.windows(1e4, PERSON)
        if w.lever == "kill_rate" and "lung" in (w.sites or SITES)
    )
    assert killed / math.log(10.0) == pytest.approx(0.05 * 84 / math.log(10.0))
