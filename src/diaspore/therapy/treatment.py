"""A treatment with a drug as lever settings over time: course, level in blood, effect, and where it reaches.

A drug's level falls between doses; the engine takes settings that hold for a while. So the effect is averaged over
steps of a stated length, and steps of one setting are joined.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from diaspore.core.errors import InputError
from diaspore.core.messages import RATE_LEVERS
from diaspore.core.units import Quantity
from diaspore.knowledge.anatomy import SITES
from diaspore.knowledge.drugs import Drug, drug
from diaspore.therapy.course import CourseSpec
from diaspore.therapy.doses import ACTIVITY
from diaspore.therapy.effect import EffectSpec, assumed_effects, reach
from diaspore.therapy.effects.concentration import factor, hill
from diaspore.therapy.exposure import Doses, exposure
from diaspore.therapy.population import PopulationModel, population_models

LOCAL = frozenset(
    {
        "growth_rate", "angiogenesis_rate", "dormancy_exit", "immune_kill", "tam_recruitment", "emt_rate",
        "invasion_speed", "protease_activity", "adhesion", "matrix_stiffness", "bone_cycle", "niche_readiness",
        "extravasation_prob", "homing_prob", "kill_rate",
    }
)  # fmt: skip
"""Levers that act at sites; the others act in blood or on all that is shed."""
FINE = 4
"""Points of a step at which the effect is looked at."""
LEVELS = 64
"""Of the full effect, to which it is rounded, so that few settings differ."""


class Window(NamedTuple):
    """A setting of a lever for a while."""

    lever: str
    value: float
    start: float
    until: float
    sites: tuple[str, ...] | None


class Person(NamedTuple):
    """What doses and levels of a patient go by: m2, kg, and mL/min, whose 90 is assumed of everybody."""

    area: float = 1.8
    weight: float = 70.0
    filtration: float = 90.0


class TreatmentSpec(BaseModel):
    """A course of a drug and what it does. A text is a course in plain words, with the assumed effects of the drug."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    course: CourseSpec
    effects: tuple[EffectSpec, ...] | None = Field(
        None, min_length=1, description="left out: those assumed of the drug (diaspore explain drug NAME)"
    )
    step: Annotated[float, Quantity("day", ge=0.25, le=365)] = Field(
        7.0, description="length of the steps over which an effect that goes by a level is averaged"
    )
    resistible: StrictBool = Field(True, description="whether resistant cells (`resistance`) are spared by the drug")

    @model_validator(mode="before")
    @classmethod
    def _words(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"course": data}
        if isinstance(data, Mapping) and "drug" in data:  # fields of the course beside those of the treatment
            own = {name: data[name] for name in ("effects", "step", "resistible") if name in data}
            return {"course": {name: value for name, value in data.items() if name not in own}, **own}
        return data

    @model_validator(mode="after")
    def _levels_known(self) -> TreatmentSpec:
        agent = drug(self.course.drug)
        for k, one in enumerate(self.effects or ()):
            for name in one.sites or ():
                if name not in SITES:
                    raise InputError(f"{name!r} is no site", field=f"effects[{k}].sites", allowed=SITES)
            if one.sites is not None and one.lever not in LOCAL:
                raise InputError(f"the lever {one.lever} has no sites", field=f"effects[{k}].sites")
            if one.half is None:
                continue
            model = model_of(agent)
            if model is None:
                raise InputError(
                    f"no model of the levels of {agent.name} is known", field=f"effects[{k}].half",
                    allowed=f"leave it out, or a drug of {', '.join(population_models())}",
                )  # fmt: skip
            if self.course.way != "intravenous" and "absorption" not in model.typical:
                raise InputError(
                    f"the model of the levels of {agent.name} has no absorption of {self.course.way} doses",
                    field=f"effects[{k}].half", allowed="leave it out, or intravenous doses",
                )  # fmt: skip
            if self.course.given().unit == ACTIVITY:
                raise InputError("does not go with a dose of activity", field=f"effects[{k}].half")
        return self

    @property
    def agent(self) -> Drug:
        """The drug."""
        return drug(self.course.drug)

    def what(self) -> tuple[EffectSpec, ...]:
        """Its effects."""
        return assumed_effects(self.agent) if self.effects is None else self.effects

    def windows(self, horizon: float, person: Person, anchors: Mapping[str, float] | None = None) -> list[Window]:
        """Settings of levers until ``horizon`` (day) for a typical patient."""
        days = self.course.days(horizon, anchors)
        if len(days) == 0:
            return []
        found: list[Window] = []
        for one in self.what():
            places = _places(one, reach(self.agent))
            for sites, share in places:
                found += _set(one, sites, self._shares(one, days, horizon, person, share))
        return [window for window in found if window.until > window.start]

    def _shares(
        self, one: EffectSpec, days: np.ndarray, horizon: float, person: Person, reached: float
    ) -> Iterator[tuple[float, float, float]]:
        """Share of the full effect with start and end of each step, where a share of the blood's level is reached."""
        if one.half is None:
            last = days[-1] + (self.course.every or 1.0) + one.after
            yield reached, float(days[0]), float(min(last, horizon))
            return
        start = float(days[0])
        count = int(math.ceil((horizon - start) / self.step - 1e-9))
        ends = start + self.step * np.arange(1, count + 1)
        fine = start + self.step / FINE * (np.arange(count * FINE) + 0.5)
        level = self.level(days, fine, person) * reached
        share = hill(level, one.half, one.power).reshape(count, FINE).mean(axis=1)
        for value, end in zip(share, ends, strict=True):
            yield float(value), float(end - self.step), float(min(end, horizon))

    def level(self, days: np.ndarray, at: np.ndarray, person: Person) -> np.ndarray:
        """Levels (T,) in blood (mg/L) of a typical patient at moments ``at``, of doses on ``days``.

        Raises:
            InputError: there is no model of the drug.
        """
        model = model_of(self.agent)
        if model is None:
            raise InputError(f"no model of the levels of {self.agent.name} is known")
        given = {"weight": np.array([person.weight])} if "weight" in model.covariates else {}
        linear = model.patients(0, np.zeros(1, dtype=np.uint64), given, spread=False)
        body = [np.array([value]) for value in person]
        amounts = np.full(len(days), float(self.course.given().for_patients(*body)[0]))
        amounts[0] = float(self.course.first().for_patients(*body)[0])
        depot = self.course.way != "intravenous"
        doses = Doses.every(days, amounts, depot, 0.0 if depot else self.course.over)
        found: np.ndarray = exposure(linear, doses, at).concentration[0]
        return found


def model_of(agent: Drug) -> PopulationModel | None:
    """Its published model; that of a usual antibody for antibodies without one of their own."""
    known = population_models()
    words = agent.text("class")
    usual = known["antibody"] if "mAb" in words and "ADC" not in words else None
    return known.get(agent.name, usual)


def _places(one: EffectSpec, shares: Mapping[str, float]) -> list[tuple[tuple[str, ...] | None, float]]:
    """Groups of sites with the share of the blood's level that they get."""
    if one.lever not in LOCAL:
        return [(None, 1.0)]
    of_site = {site: shares.get(site, 1.0) for site in one.sites or SITES}
    groups: dict[float, list[str]] = {}
    for site, share in of_site.items():
        groups.setdefault(share, []).append(site)
    if len(groups) == 1 and one.sites is None:
        return [(None, next(iter(groups)))]
    return [(tuple(sites), share) for share, sites in groups.items()]


def _set(one: EffectSpec, sites: tuple[str, ...] | None, shares: Iterator[tuple[float, float, float]]) -> list[Window]:
    """Windows of a lever; steps of one rounded share are joined, those of none left out."""
    found: list[Window] = []
    for share, start, until in shares:
        rounded = round(share * LEVELS) / LEVELS
        if rounded == 0.0:
            continue
        if one.lever in RATE_LEVERS:
            assert one.rate is not None
            value = one.rate * rounded
        else:
            assert one.factor is not None
            value = float(factor(np.array(rounded), one.factor))
        before = found[-1] if found else None
        if before is not None and before.value == value and abs(before.until - start) < 1e-9:
            found[-1] = before._replace(until=until)
        else:
            found.append(Window(one.lever, value, start, until, sites))
    return found
