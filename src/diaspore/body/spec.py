"""What a user writes about a patient: anatomy, diagnosis, follow-up, surgery, levers, changes of parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_serializer, model_validator

from diaspore.body.changes import changes_model
from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
from diaspore.core.spec import Spec
from diaspore.core.units import Fraction, Quantity
from diaspore.knowledge.anatomy import SITES, nodal_stations

Days = Annotated[float, Quantity("day", ge=0)]
Duration = Annotated[float, Quantity("day", gt=0, le=36525)]
Age = Annotated[float, Quantity("day", ge=18 * 365.25, le=110 * 365.25)]
Diameter = Annotated[float, Quantity("mm", gt=0, le=500)]

_SEX_SITES = {"male": {"ovary"}, "female": {"prostate"}}

Changes: Any = changes_model()


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True)


class PrimarySpec(_Part):
    """The primary tumour."""

    site: str = Field("breast", description="body site of the primary")
    diameter_at_diagnosis: Diameter | None = Field(
        None, description="size at diagnosis; left out, it is drawn from the symptom and screening model"
    )

    @field_validator("site")
    @classmethod
    def _known(cls, value: str) -> str:
        cavities = ("regional_nodes", "distant_nodes", "peritoneum", "pleura", "pericardium", "meninges")
        allowed = tuple(s for s in SITES if s not in cavities)
        if value not in allowed:
            from diaspore.core.errors import nearest_name

            near = nearest_name(value, allowed)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{value!r} is not a site of a primary{hint} (allowed: {', '.join(allowed)})")
        return value


class ScreeningSpec(_Part):
    """Screening before diagnosis."""

    share: Fraction = Field(0.0, description="share of people who take part")
    interval: Duration = Field(2 * 365.25, description="time between rounds", validate_default=False)


class VisitsSpec(_Part):
    """A stretch of follow-up with equally spaced visits."""

    every: Duration
    until: Duration


class ImagingSpec(_Part):
    """Imaging of all sites."""

    at_diagnosis: bool = Field(True, description="stage with imaging at diagnosis")
    after_relapse: bool = Field(True, description="image at every visit once a relapse or metastasis is known")
    every: Duration | None = Field(None, description="routine imaging of people without known metastases")


class FollowUpSpec(_Part):
    """Follow-up after diagnosis."""

    duration: Duration = Field(20 * 365.25, validate_default=False)
    visits: tuple[VisitsSpec, ...] = Field(
        (
            VisitsSpec.model_construct(every=6 * 30.4375, until=5 * 365.25),
            VisitsSpec.model_construct(every=365.25, until=20 * 365.25),
        ),
        max_length=20,
    )
    imaging: ImagingSpec = ImagingSpec.model_construct(at_diagnosis=True, after_relapse=True, every=None)


class NodalSurgerySpec(_Part):
    """Nodal surgery."""

    at: Days
    method: Literal["dissection", "sampling"] = "dissection"
    stations: tuple[str, ...] = Field(("axilla_1", "axilla_2"), description="stations within reach")


class PrimarySurgerySpec(_Part):
    """Excision of the primary."""

    at: Days


class LesionSurgerySpec(_Part):
    """Removal of detected metastases."""

    at: Days
    at_most: int = Field(3, ge=1, le=100, description="only when there are at most this many")


class SurgerySpec(_Part):
    """Surgery; days count from diagnosis."""

    primary: PrimarySurgerySpec | None = None
    nodes: NodalSurgerySpec | None = None
    lesions: LesionSurgerySpec | None = None
    only_m0: bool = Field(True, description="spare patients with metastases at diagnosis")


class LeverSpec(_Part):
    """A treatment's effect on one lever of the engine from a day to a day after diagnosis."""

    lever: Literal[FACTOR_LEVERS + RATE_LEVERS]  # type: ignore[valid-type]
    factor: float | None = Field(None, ge=0, le=1000, description="multiplies; may be above or below 1")
    rate: Annotated[float, Quantity("1/day", ge=0, le=1e5)] | None = Field(
        None, description="adds; for kill_rate and ctc_death"
    )
    route: Literal["blood", "lymph", "cavity", "nerve"] | None = Field(None, description="only for shedding")
    sites: tuple[str, ...] | None = Field(None, description="sites it acts on; all when left out")
    clones: tuple[int, ...] | None = Field(None, description="clones it acts on (0 to 3); all when left out")
    start: Days = Field(0.0, alias="from", validate_default=False)
    until: Days | None = None

    @model_validator(mode="after")
    def _consistent(self) -> LeverSpec:
        is_rate = self.lever in RATE_LEVERS
        if is_rate != (self.rate is not None) or is_rate == (self.factor is not None):
            wanted = 'rate, for example "0.01 1/day"' if is_rate else "factor, for example 0.5"
            raise ValueError(f"lever {self.lever} takes a {wanted}")
        if self.until is not None and self.until <= self.start:
            raise ValueError("'until' must be later than 'from'")
        if self.route is not None and self.lever != "shedding":
            raise ValueError("'route' is only for the lever shedding")
        for site in self.sites or ():
            if site not in SITES:
                from diaspore.core.errors import nearest_name

                raise ValueError(f"{site!r} is not a body site; did you mean {nearest_name(site, SITES)!r}?")
        for clone in self.clones or ():
            if not 0 <= clone <= 3:
                raise ValueError("clones are numbered 0 to 3")
        return self


class NumericsSpec(_Part):
    """Numerical settings. Halving any of them must not move a result (tests hold that)."""

    panel: Duration = Field(91.3125, description="longest panel between events after diagnosis", validate_default=False)
    hahnfeldt_step: Duration = Field(4.0, description="RK4 step of Hahnfeldt's growth", validate_default=False)
    lesion_limit: int = Field(
        200, ge=10, le=1_000_000, description="founders of one patient that are followed; later ones are only counted"
    )
    day_tolerance: Duration = Field(
        0.02, description="how exactly symptoms and death are placed", validate_default=False
    )


class PatientSpec(Spec):
    """One patient, or a population of patients drawn from the same description."""

    kind: Literal["patient"] = "patient"
    parameters: str = Field("breast-2026.1", description="name of a parameter set")
    patients: int = Field(1, ge=1, le=100_000_000, description="how many patients to draw")
    sex: Literal["female", "male"] = "female"
    age: Age | None = Field(None, description="age at diagnosis; left out, drawn")
    age_mean: Age = Field(61 * 365.25, description="mean age at diagnosis when drawn", validate_default=False)
    age_sd: Days = Field(13 * 365.25, description="standard deviation of the drawn age", validate_default=False)
    primary: PrimarySpec = PrimarySpec.model_construct(site="breast", diameter_at_diagnosis=None)
    screening: ScreeningSpec = ScreeningSpec.model_construct(share=0.0, interval=2 * 365.25)
    follow_up: FollowUpSpec = FollowUpSpec.model_construct(
        duration=FollowUpSpec.model_fields["duration"].default,
        visits=FollowUpSpec.model_fields["visits"].default,
        imaging=FollowUpSpec.model_fields["imaging"].default,
    )
    surgery: SurgerySpec = SurgerySpec.model_construct(primary=None, nodes=None, lesions=None, only_m0=True)
    levers: tuple[LeverSpec, ...] = Field((), max_length=1000)
    change: Changes = Field(default_factory=Changes, description="parameters that differ from the set")
    numerics: NumericsSpec = NumericsSpec.model_construct(
        panel=91.3125, hahnfeldt_step=4.0, lesion_limit=200, day_tolerance=0.02
    )

    @field_validator("change", mode="before")
    @classmethod
    def _present(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("parameters")
    @classmethod
    def _known_set(cls, value: str) -> str:
        from diaspore.core.errors import nearest_name
        from diaspore.knowledge.parameters import parameter_set_names

        names = parameter_set_names()
        if value not in names:
            near = nearest_name(value, names)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"no parameter set is called {value!r}{hint} (allowed: {', '.join(names)})")
        return value

    @field_validator("primary")
    @classmethod
    def _possible(cls, value: PrimarySpec, info: ValidationInfo) -> PrimarySpec:
        sex = info.data.get("sex")
        if sex is not None and value.site in _SEX_SITES[sex]:
            raise ValueError(f"a {sex} patient has no {value.site}")
        return value

    @field_validator("surgery")
    @classmethod
    def _reachable(cls, value: SurgerySpec, info: ValidationInfo) -> SurgerySpec:
        primary = info.data.get("primary")
        if value.nodes is not None and primary is not None:
            known = [s.name for s in nodal_stations(primary.site)]
            for name in value.nodes.stations:
                if name not in known:
                    raise ValueError(f"{name!r} is not a nodal station of {primary.site} (allowed: {', '.join(known)})")
        return value

    @model_serializer(mode="wrap")
    def _short(self, handler: Any) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        change = data.get("change")
        if isinstance(change, dict):
            data["change"] = {key: value for key, value in change.items() if value is not None}
        return data
