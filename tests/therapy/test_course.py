"""Courses of drugs: plain words, fields, units, and mistakes that name what is wrong."""

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.therapy.course import CourseSpec
from diaspore.therapy.doses import Dose, parse_dose


def course(data: object) -> CourseSpec:
    made: CourseSpec = validate(CourseSpec, data)  # type: ignore[type-var]
    return made


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (
            "paclitaxel 80 mg/m2 weekly for 12 weeks",
            {"drug": "paclitaxel", "dose": "80 mg/m2", "every": "7 day", "for": "12 week"},
        ),
        (
            "Herceptin 6 mg/kg every 3 weeks for 1 year with a first dose of 8 mg/kg from surgery",
            {"drug": "trastuzumab", "dose": "6 mg/kg", "every": "3 week", "for": "1 year", "loading": "8 mg/kg",
             "from": "surgery"},
        ),
        (
            "tamoxifen 20 mg daily for 5 years from day 30",
            {"drug": "tamoxifen", "dose": "20 mg", "every": "1 day", "for": "5 year", "from": "30 day"},
        ),
        (
            "carboplatin AUC 5 every 3 weeks, 4 times, over 1 hour",
            {"drug": "carboplatin", "dose": "AUC 5", "every": "3 week", "doses": 4, "over": "1 h"},
        ),
        ("radium-223 55 kBq/kg every 4 weeks 6 times", {"drug": "radium-223", "dose": "55 kBq/kg", "every": "4 week",
                                                         "doses": 6}),
        ("denosumab 120 mg every 4 weeks until progression", {"drug": "denosumab", "dose": "120 mg", "every": "4 week",
                                                              "until": "progression"}),
        ("marimastat 10 mg twice daily for 2 years", {"drug": "marimastat", "dose": "10 mg", "every": "12 h",
                                                      "for": "2 year"}),
    ],
)  # fmt: skip
def test_words_say_the_same_as_fields(words: str, fields: dict[str, object]) -> None:
    assert course(words) == course(fields)


def test_days() -> None:
    one = course("paclitaxel 80 mg/m2 weekly for 12 weeks from day 30")
    assert np.array_equal(one.days(1e4), 30.0 + 7.0 * np.arange(12))
    assert len(one.days(50.0)) == 3
    late = course("trastuzumab 6 mg/kg every 3 weeks for 1 year from surgery")
    assert late.days(1e4, {"surgery": 20.0})[0] == 20.0
    assert late.number == 18
    assert len(late.days(1e4)) == 0  # no surgery, no course
    assert np.array_equal(course("digoxin 0.25 mg once").days(10.0), [0.0])
    assert len(course("denosumab 120 mg every 4 weeks until progression").days(280.0)) == 10


def test_amounts_for_patients() -> None:
    area, weight, kidney = np.array([1.6, 2.0]), np.array([55.0, 90.0]), np.array([75.0, 100.0])
    for text, wanted in (
        ("80 mg/m2", [128.0, 160.0]), ("6 mg/kg", [330.0, 540.0]), ("0.2 g", [200.0, 200.0]), ("AUC 5", [500.0, 625.0]),
    ):  # fmt: skip
        assert parse_dose(text).for_patients(area, weight, kidney) == pytest.approx(wanted)
    assert parse_dose("80 mg/m²") == parse_dose("80 mg / m2") == Dose(80.0, "m2")
    assert parse_dose("55 kBq/kg").unit == "kBq"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("paclitaxil 80 mg/m2 weekly for 12 weeks", "paclitaxel"),
        ("paclitaxel 80 mg weekly for 12 weeks", "80 mg/m2"),
        ("trastuzumab 6 mg every 3 weeks for 1 year", "6 mg/kg"),
        ("paclitaxel 80 weekly for 12 weeks", "no unit|unit"),
        ("paclitaxel 80 mg/m2 weekly", "no end"),
        ("paclitaxel 80 mg/m2 for 12 weeks", "how often"),
        ("paclitaxel 80 mg/m2 weekly for 12 weeks from day -3", "before diagnosis"),
        ("paclitaxel 80 mg/m2 weekly for 12 weeks if well", "if well"),
        ("paclitaxel 80 mg/m2 weekly every 3 weeks 4 times", "twice"),
        ("paclitaxel weekly", "drug followed by a dose"),
        ("tamoxifen 20 mg daily for 5 years over 1 hour", "infusion"),
        ({"drug": "paclitaxel", "dose": "80 mg/m2", "every": 7, "for": "12 week"}, "no unit"),
        ({"drug": "paclitaxel", "dose": "80 mg/m2", "every": "7 day", "for": "12 week", "doses": 3}, "one of them"),
        ({"drug": "paclitaxel", "dose": "80 mg/m2", "every": "7 day", "doses": 3, "from": 30.5}, "no unit"),
        ({"drug": "paclitaxel", "dose": 80, "every": "7 day", "doses": 3}, "unit|text|string"),
        ("paclitaxel 80 mg/kg weekly for 12 weeks", "not given by that"),
        ("paclitaxel AUC 5 weekly for 12 weeks", "not given by that"),
        ("trastuzumab 55 kBq/kg weekly for 12 weeks", "does not fit"),
        ({"drug": "paclitaxel", "dose": "-80 mg/m2", "every": "7 day", "doses": 3}, "above 0"),
    ],
)
def test_mistakes_name_what_is_wrong(data: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        course(data)


def test_a_course_is_read_back_as_it_was_written() -> None:
    one = course("paclitaxel 80 mg/m2 weekly for 12 weeks from day 30")
    assert course(one.model_dump(mode="json", by_alias=True, exclude_none=True)) == one
