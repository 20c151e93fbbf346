"""A course of a drug: what a file says of it, in fields or in plain words, and the days on which it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from diaspore.core.errors import InputError, shown
from diaspore.core.units import Quantity, Whole, parse_quantity
from diaspore.knowledge.drugs import drug
from diaspore.therapy.doses import Dose, check_basis, parse_dose
from diaspore.therapy.words import course_from_words

CENTURY = 36525.0
MAX_DOSES = 100_000
EVENTS = ("relapse", "progression")
"""What may come on a day that no plan knows; a progression is the first after a relapse or metastasis is known."""
ANCHORS = ("diagnosis", "surgery", *EVENTS)
"""Events that a course may begin with; a number of days counts from diagnosis."""
Days = Annotated[float, Quantity("day", gt=0, le=CENTURY)]


class CourseSpec(BaseModel):
    """A course of one drug. A text is read as plain words, such as ``paclitaxel 80 mg/m2 weekly for 12 weeks``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    drug: str = Field(description="name or synonym; diaspore drugs lists them")
    dose: str = Field(description='amount with its unit, such as "80 mg/m2", "6 mg/kg", "200 mg", "AUC 5"')
    loading: str | None = Field(None, description="first dose, where it differs")
    every: Days | None = Field(None, description="time from one dose to the next; left out: one dose")
    doses: Annotated[int, Whole(ge=1, le=MAX_DOSES)] | None = Field(None, description="how many")
    lasts: Days | None = Field(None, alias="for", description="how long, in place of how many")
    until: Literal["progression", "relapse"] | None = Field(None, description="event that ends it")
    begins: str | float = Field(0.0, alias="from", description=f"day after diagnosis, or {', '.join(ANCHORS)}")
    over: Annotated[float, Quantity("day", ge=0, le=365)] = Field(0.0, description="length of an infusion")
    route: Literal["intravenous", "subcutaneous", "oral", "intramuscular"] | None = Field(
        None, description="left out: the first of the drug's entry"
    )

    @model_validator(mode="before")
    @classmethod
    def _words(cls, data: Any) -> Any:
        return course_from_words(data) if isinstance(data, str) else data

    @field_validator("drug")
    @classmethod
    def _known(cls, value: str) -> str:
        return drug(value).name

    @field_validator("begins", mode="before")
    @classmethod
    def _day(cls, value: Any) -> Any:
        if value in ANCHORS:
            return value
        day = parse_quantity(value, "day", field="from", example=f'30 day", or "{", ".join(ANCHORS)}')
        if day < 0.0:
            raise InputError(f"day {day:g} is before diagnosis", field="from", allowed="at least 0 day")
        return day

    @field_serializer("begins", when_used="json")
    def _written(self, value: str | float) -> str:
        return value if isinstance(value, str) else f"{value!r} day"

    @model_validator(mode="after")
    def _consistent(self) -> CourseSpec:
        agent = drug(self.drug)
        for field in ("dose", "loading"):
            text = getattr(self, field)
            if text is not None:
                check_basis(parse_dose(text, field), agent, field)
        if self.doses is not None and self.lasts is not None:
            raise InputError("is given beside 'doses'; one of them is enough", field="for")
        ends = self.doses is not None or self.lasts is not None or self.until is not None
        if self.every is not None and not ends:
            raise InputError(
                f"the course of {self.drug} has no end", field="for",
                allowed="for: 12 week, or doses: 4",
            )  # fmt: skip
        if self.every is None and (self.lasts is not None or (self.doses or 1) > 1):
            raise InputError(f"{self.drug} is given more than once; how often?", field="every", allowed="every: 21 day")
        if self.every is not None and self.over > self.every:
            raise InputError(f"an infusion of {self.over:g} days does not fit into {self.every:g}", field="over")
        if self.number > MAX_DOSES:
            raise InputError(f"makes {self.number:,} doses", field="every", allowed=f"at most {MAX_DOSES:,}")
        if self.over > 0.0 and self.way != "intravenous":
            raise InputError(f"goes with an infusion, not with {self.way} doses", field="over")
        return self

    @property
    def awaits(self) -> str | None:
        """The event with which it begins, where that comes on a day which no plan knows."""
        return self.begins if self.begins in EVENTS else None

    @property
    def number(self) -> int:
        """How many doses, if no event ends it before."""
        if self.every is None:
            return 1
        if self.doses is not None:
            return self.doses
        length = CENTURY if self.lasts is None else self.lasts
        return max(1, int(np.ceil(length / self.every - 1e-9)))

    @property
    def way(self) -> str:
        """Route."""
        if self.route is not None:
            return self.route
        listed = drug(self.drug).text("route").replace("/", ", ").split(", ")[0].split(";")[0].strip()
        return listed if listed in ("intravenous", "subcutaneous", "oral", "intramuscular") else "intravenous"

    def given(self) -> Dose:
        """The usual dose."""
        return parse_dose(self.dose)

    def first(self) -> Dose:
        """The first dose."""
        return parse_dose(self.dose if self.loading is None else self.loading, "loading")

    def days(self, horizon: float, anchors: Mapping[str, float] | None = None) -> np.ndarray:
        """Days (D,) after diagnosis on which it is given, before ``horizon``.

        Args:
            horizon: day at which one stops to look.
            anchors: event -> day; a course that begins with an event that has none is not given.
        """
        if isinstance(self.begins, str):
            start = (anchors or {}).get(self.begins, np.inf)
        else:
            start = self.begins
        if not start < horizon:
            return np.zeros(0)
        if self.every is None:
            return np.array([start])
        count = min(self.number, int(np.ceil((horizon - start) / self.every - 1e-9)))
        found: np.ndarray = start + self.every * np.arange(max(count, 1))
        return found

    def __str__(self) -> str:
        often = "once" if self.every is None else f"every {self.every:g} days"
        long = "" if self.every is None else f", {self.number} times" if self.until is None else f" until {self.until}"
        return f"{self.drug} {self.dose} {often}{long}, {shown(self.begins)}"
