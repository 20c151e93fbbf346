"""What a user writes about a patient: anatomy, diagnosis, follow-up, surgery, levers, changes of parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
    model_validator,
)

from diaspore.body.changes import changes_model
from diaspore.body.kernels.model import LOCAL_LEVERS
from diaspore.body.processes.clones import MAX_CLONES
from diaspore.body.stations import stations_of
from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.messages import FACTOR_LEVERS, LEAST_ADHESION, RATE_LEVERS, ROUTES
from diaspore.core.spec import Spec
from diaspore.core.units import Fraction, Quantity, Whole
from diaspore.knowledge.anatomy import SITES
from diaspore.knowledge.parameters import parameter_set_names
from diaspore.therapy.course import EVENTS
from diaspore.therapy.treatment import TreatmentSpec

YEAR, MONTH = 365.25, 30.4375
CENTURY = 100 * YEAR
MAX_VISITS = 10_000
# Rows of the visits table that one batch of patients may fill: about half a gigabyte.
MAX_VISIT_ROWS = 8_000_000
_TOGETHER = 4096  # patients that an engine holds at a time

Day = Annotated[float, Quantity("day", ge=0, le=CENTURY)]
Duration = Annotated[float, Quantity("day", gt=0, le=CENTURY)]
Interval = Annotated[float, Quantity("day", ge=0.01, le=CENTURY)]
Age = Annotated[float, Quantity("day", ge=18 * YEAR, le=110 * YEAR)]
Diameter = Annotated[float, Quantity("mm", gt=0, le=500)]

CAVITY_LIKE = ("regional_nodes", "distant_nodes", "peritoneum", "pleura", "pericardium", "meninges")
PRIMARY_SITES = tuple(site for site in SITES if site not in CAVITY_LIKE)
# Levers that act at sites; those that act on cells already in blood do not know the clone.
SITE_LEVERS = (*LOCAL_LEVERS, "extravasation_prob", "homing_prob")

PrimarySite = Literal[PRIMARY_SITES]  # type: ignore[valid-type]
SiteName = Literal[SITES]  # type: ignore[valid-type]
LEVERS = FACTOR_LEVERS + RATE_LEVERS
LeverName = Literal[LEVERS]  # type: ignore[valid-type]
RouteName = Literal[ROUTES]  # type: ignore[valid-type]
Changes: Any = changes_model()


def _known_set(value: str) -> str:
    names = parameter_set_names()
    if value not in names:
        problem = f"no parameter set is called {shown(value)}"
        raise InputError(problem, allowed=names, nearest=nearest_name(value, names))
    return value


ParameterSetName = Annotated[str, AfterValidator(_known_set)]

_ABSENT = {"male": ("ovary",), "female": ("prostate",)}
_USUAL_VISITS = ({"every": "6 month", "until": "5 year"}, {"every": "1 year", "until": "20 year"})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PrimarySpec(_Part):
    """The primary tumour."""

    site: PrimarySite = Field("breast", description="body site of the primary")
    diameter_at_diagnosis: Diameter | None = Field(
        None, description="size at diagnosis; left out, it is drawn from the symptom and screening model"
    )


class ScreeningSpec(_Part):
    """Screening before diagnosis."""

    share: Fraction = Field(0.0, description="share of people who take part")
    interval: Interval = Field(2 * YEAR, description="time between rounds")


class VisitsSpec(_Part):
    """A stretch of follow-up with equally spaced visits."""

    every: Interval
    until: Duration


class ImagingSpec(_Part):
    """Imaging of all sites."""

    at_diagnosis: StrictBool = Field(True, description="stage with imaging at diagnosis")
    after_relapse: StrictBool = Field(True, description="image at every visit once a relapse or metastasis is known")
    every: Interval | None = Field(None, description="routine imaging of people without known metastases")


class FollowUpSpec(_Part):
    """Follow-up after diagnosis."""

    duration: Duration = 20 * YEAR
    visits: tuple[VisitsSpec, ...] = Field(
        (
            # Canonical floats, as after validation, so that importing this module needs no unit registry.
            VisitsSpec.model_construct(every=6 * MONTH, until=5 * YEAR),
            VisitsSpec.model_construct(every=YEAR, until=20 * YEAR),
        ),
        max_length=20,
        description="stretches of equally spaced visits, each from the end of the one before",
        json_schema_extra={"default": [dict(stretch) for stretch in _USUAL_VISITS]},
    )
    imaging: ImagingSpec = ImagingSpec()

    @field_validator("visits")
    @classmethod
    def _in_order(cls, value: tuple[VisitsSpec, ...]) -> tuple[VisitsSpec, ...]:
        last = 0.0
        for i, stretch in enumerate(value):
            if stretch.until <= last:
                raise InputError("must be later than that of the stretch before", field=f"[{i}].until")
            if stretch.every > stretch.until - last:
                raise InputError("is longer than the stretch, so that no visit falls in it", field=f"[{i}].every")
            last = stretch.until
        return value

    @model_validator(mode="after")
    def _not_too_many(self) -> FollowUpSpec:
        for field, number in (("visits", self.visit_count), ("imaging.every", self.imaging_count)):
            if number > MAX_VISITS:
                raise InputError(f"makes {number:,} appointments", field=field, allowed=f"at most {MAX_VISITS:,}")
        return self

    @property
    def visit_count(self) -> int:
        """Number of planned visits after that of diagnosis."""
        number, last = 0, 0.0
        for stretch in self.visits:
            number += max(0, math.floor((min(stretch.until, self.duration) - last) / stretch.every + 1e-9))
            last = stretch.until
        return number

    @property
    def imaging_count(self) -> int:
        """Number of planned routine imagings."""
        return 0 if self.imaging.every is None else math.floor(self.duration / self.imaging.every + 1e-9)


class NodalSurgerySpec(_Part):
    """Nodal surgery."""

    at: Day
    method: Literal["dissection", "sampling"] = "dissection"
    stations: tuple[str, ...] = Field(
        ("axilla_1", "axilla_2"), min_length=1, description="stations within reach; the default is for a breast primary"
    )


class PrimarySurgerySpec(_Part):
    """Excision of the primary."""

    at: Day


class LesionSurgerySpec(_Part):
    """Removal of detected metastases."""

    at: Day
    at_most: Annotated[int, Whole(ge=1, le=100)] = Field(3, description="only when there are at most this many")


RECOVERY = 7.0
"""Days between two operations, at least, unless they are one; assumed."""


class SurgerySpec(_Part):
    """Surgery; days count from diagnosis."""

    primary: PrimarySurgerySpec | None = None
    nodes: NodalSurgerySpec | None = None
    lesions: LesionSurgerySpec | None = None
    only_m0: StrictBool = Field(True, description="spare patients with metastases at diagnosis")

    @model_validator(mode="after")
    def _apart(self) -> SurgerySpec:
        """Operations are one, on the same day, or far enough apart to recover."""
        days = {name: one.at for name in ("primary", "nodes", "lesions") if (one := getattr(self, name)) is not None}
        for later, day in days.items():
            for earlier, before in days.items():
                if 0.0 < day - before < RECOVERY:
                    raise InputError(
                        f"overlaps: it is {day - before:g} days after that of {earlier!r}", field=f"{later}.at",
                        allowed=f"day {before:g}, or from day {before + RECOVERY:g} on",
                    )  # fmt: skip
        return self


class LeverSpec(_Part):
    """A treatment's effect on one lever of the engine from a day to a day after diagnosis."""

    lever: LeverName = Field(description="what the treatment acts on")
    factor: Annotated[float, Quantity("dimensionless", ge=0, le=1000)] | None = Field(
        None, description="multiplies; may be above or below 1"
    )
    rate: Annotated[float, Quantity("1/day", ge=0, le=1e5)] | None = Field(
        None, description=f"adds; for {' and '.join(RATE_LEVERS)}"
    )
    route: RouteName | None = Field(None, description="only for shedding; every route when left out")
    sites: tuple[SiteName, ...] | None = Field(None, min_length=1, description="sites it acts on; all when left out")
    clones: tuple[Annotated[int, Whole(ge=0, le=MAX_CLONES - 1)], ...] | None = Field(
        None, min_length=1, description=f"clones it acts on (0 to {MAX_CLONES - 1}); all when left out"
    )
    start: Day = Field(0.0, alias="from", description="first day")
    until: Day | None = Field(None, description="day on which it ends; to the end of follow-up when left out")

    @model_validator(mode="after")
    def _consistent(self) -> LeverSpec:
        wanted, other = ("rate", "factor") if self.lever in RATE_LEVERS else ("factor", "rate")
        example = '"0.01 1/day"' if wanted == "rate" else "0.5"
        if getattr(self, other) is not None:
            raise InputError(f"is not for the lever {self.lever}", field=other, allowed=f"{wanted}: {example}")
        if getattr(self, wanted) is None:
            raise InputError(f"the lever {self.lever} needs a {wanted}", field=wanted, allowed=f"{wanted}: {example}")
        if self.lever == "adhesion" and self.factor is not None and self.factor < LEAST_ADHESION:
            raise InputError(
                f"must be at least {LEAST_ADHESION} for adhesion: without any, all cells would leave", field="factor"
            )
        for field, levers in (("route", ("shedding",)), ("sites", SITE_LEVERS), ("clones", LOCAL_LEVERS)):
            if getattr(self, field) is not None and self.lever not in levers:
                raise InputError(
                    f"the lever {self.lever} has no {field}", field=field, allowed=f"only for {', '.join(levers)}"
                )
        for field in ("sites", "clones"):
            names = getattr(self, field) or ()
            for i, name in enumerate(names):
                if name in names[:i]:
                    raise InputError(f"{name!r} is given twice", field=f"{field}[{i}]")
        if self.until is not None and self.until <= self.start:
            raise InputError("must be later than 'from'", field="until")
        return self


class NumericsSpec(_Part):
    """Numerical settings. Halving any of them must not move a result (tests hold that)."""

    panel: Annotated[float, Quantity("day", ge=0.1, le=CENTURY)] = Field(
        91.3125, description="longest panel between events after diagnosis"
    )
    hahnfeldt_step: Annotated[float, Quantity("day", ge=0.01, le=100)] = Field(
        4.0, description="RK4 step of Hahnfeldt's growth"
    )
    lesion_limit: Annotated[int, Whole(ge=1, le=1_000_000)] = Field(
        40, description="founders at one site that are followed, of those that divide and of those that sleep"
    )
    day_tolerance: Annotated[float, Quantity("day", ge=1e-6, le=30)] = Field(
        0.02, description="how exactly symptoms and death are placed"
    )


class PatientDescription(Spec):
    """What files of kind patient and of kind cohort say about patients."""

    parameters: ParameterSetName = Field("breast-2026.1", description="name of a parameter set")
    patients: Annotated[int, Whole(ge=1, le=100_000_000)] = Field(1, description="how many patients to draw")
    sex: Literal["female", "male"] = "female"
    age: Age | None = Field(None, description="age at diagnosis; left out, drawn")
    age_mean: Age = Field(61 * YEAR, description="mean age at diagnosis when drawn")
    age_sd: Day = Field(13 * YEAR, description="standard deviation of the drawn age")
    primary: PrimarySpec = PrimarySpec()
    screening: ScreeningSpec = ScreeningSpec()
    follow_up: FollowUpSpec = FollowUpSpec()
    surgery: SurgerySpec = SurgerySpec()
    levers: tuple[LeverSpec, ...] = Field((), max_length=1000, description="treatments")
    treatment: tuple[TreatmentSpec, ...] = Field(
        (), max_length=100, description="drugs, in fields or in plain words; their effects come on top of levers"
    )
    resistance: Annotated[float, Quantity("dimensionless", ge=0, le=0.001)] = Field(
        0.0, description="chance per division that a daughter cell resists the drugs that kill or hold tumour cells"
    )
    change: Changes = Field(Changes(), description="parameters that differ from the set")
    numerics: NumericsSpec = NumericsSpec()

    @field_validator("change", mode="before")
    @classmethod
    def _present(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("primary")
    @classmethod
    def _has_organ(cls, value: PrimarySpec, info: ValidationInfo) -> PrimarySpec:
        check_organ(value.site, "site", info.data.get("sex"))
        return value

    @field_validator("levers")
    @classmethod
    def _have_organs(cls, value: tuple[LeverSpec, ...], info: ValidationInfo) -> tuple[LeverSpec, ...]:
        for i, lever in enumerate(value):
            for k, site in enumerate(lever.sites or ()):
                check_organ(site, f"[{i}].sites[{k}]", info.data.get("sex"))
            check_within(lever.start, f"[{i}].from", info)
        return value

    @field_validator("treatment")
    @classmethod
    def _can_be_given(cls, value: tuple[TreatmentSpec, ...], info: ValidationInfo) -> tuple[TreatmentSpec, ...]:
        check_treatments(value, "", info.data.get("surgery"), info)
        check_waiting(value, info.data.get("levers", ()), "")
        return value

    @field_validator("follow_up")
    @classmethod
    def _fits_memory(cls, value: FollowUpSpec, info: ValidationInfo) -> FollowUpSpec:
        patients = min(info.data.get("patients", 1), _TOGETHER)
        most = MAX_VISIT_ROWS // patients
        if value.visit_count > most:
            problem = f"makes {value.visit_count:,} visits of each of {info.data['patients']:,} patients"
            raise InputError(problem, field="visits", allowed=f"at most {most:,} with so many patients")
        return value

    @field_validator("surgery")
    @classmethod
    def _in_time(cls, value: SurgerySpec, info: ValidationInfo) -> SurgerySpec:
        for name in ("primary", "nodes", "lesions"):
            operation = getattr(value, name)
            if operation is not None:
                check_within(operation.at, f"{name}.at", info)
        return value

    @field_validator("surgery")
    @classmethod
    def _reachable(cls, value: SurgerySpec, info: ValidationInfo) -> SurgerySpec:
        primary = info.data.get("primary")
        if value.nodes is None or primary is None:
            return value
        known = [station.name for station in stations_of(primary.site)]
        if not known:
            raise InputError(f"no lymph-node stations are known for a primary of the {primary.site}", field="nodes")
        if "stations" not in value.nodes.model_fields_set and primary.site != "breast":
            problem = f"the field stations is missing; its default is not for a primary of the {primary.site}"
            raise InputError(problem, field="nodes.stations", allowed=known)
        for i, name in enumerate(value.nodes.stations):
            if name not in known:
                problem = f"{shown(name)} is not a nodal station of a primary of the {primary.site}"
                field = f"nodes.stations[{i}]"
                raise InputError(problem, field=field, allowed=known, nearest=nearest_name(name, known))
        return value


class PatientSpec(PatientDescription):
    """One patient, or a population of patients drawn from the same description."""

    kind: Literal["patient"] = "patient"


def check_within(day: float, field: str, info: ValidationInfo) -> None:
    """Refuse what would happen only after the end of follow-up: it would change nothing, without a word.

    Raises:
        InputError: naming ``field``.
    """
    follow = info.data.get("follow_up")
    if follow is not None and day >= follow.duration:
        raise InputError(
            f"day {day:g} is not before the end of follow-up (follow_up.duration, day {follow.duration:g})",
            field=field,
            allowed=f"less than {follow.duration:g} day",
        )


def waits(treatments: tuple[TreatmentSpec, ...], event: str) -> bool:
    """Whether an event (relapse, progression) changes what is given."""
    return any(event in (one.course.begins, one.course.until) for one in treatments)


def check_waiting(treatments: tuple[TreatmentSpec, ...], levers: Sequence[LeverSpec], where: str) -> None:
    """Refuse settings of levers beside treatments that wait for an event: it would end them without a word.

    Raises:
        InputError: naming ``where``.
    """
    for event in EVENTS:
        if waits(treatments, event) and levers:
            raise InputError(
                f"treatments that wait for a {event} do not go with settings under 'levers', which it would end",
                field=where, allowed="the settings as effects of a treatment",
            )  # fmt: skip


def check_treatments(
    value: tuple[TreatmentSpec, ...], where: str, surgery: SurgerySpec | None, info: ValidationInfo
) -> None:
    """Refuse treatments that wait for what does not happen, or that come after the end of follow-up.

    Raises:
        InputError: naming the field below ``where``.
    """
    for i, one in enumerate(value):
        course, field = one.course, f"{where}[{i}]"
        if course.until is not None and course.awaits in (course.until, "progression"):
            raise InputError(f"a course that begins with a {course.awaits} cannot end with a {course.until}",
                             field=f"{field}.until")  # fmt: skip
        if course.begins == "surgery" and (surgery is None or surgery.primary is None):
            raise InputError("there is no surgery of the primary", field=f"{field}.from", allowed="surgery.primary")
        if not isinstance(course.begins, str):
            check_within(course.begins, f"{field}.from", info)
        for k, effect in enumerate(one.effects or ()):
            for site in effect.sites or ():
                check_organ(site, f"{field}.effects[{k}].sites", info.data.get("sex"))


def absent_organs(sex: str) -> tuple[str, ...]:
    """Sites that the sex does not have."""
    return _ABSENT[sex]


def check_organ(site: str, field: str, sex: str | None) -> None:
    """Refuse an organ that the sex does not have; nothing is checked where ``sex`` is not known.

    Raises:
        InputError: naming ``field``.
    """
    if sex is not None and site in _ABSENT[sex]:
        raise InputError(f"a {sex} patient has no {site}", field=field)
