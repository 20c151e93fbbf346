"""What a user writes about a trial: who takes part, what the arms get, how long they are seen, and what is counted."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationInfo, field_validator, model_validator

from diaspore.body.spec import (
    YEAR,
    Changes,
    LeverSpec,
    SurgerySpec,
    check_treatments,
    check_waiting,
    check_within,
    waits,
)  # fmt: skip
from diaspore.cohort.outcomes import FROM_RELAPSE
from diaspore.cohort.spec import CohortSpec
from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.units import Fraction, Quantity, Whole
from diaspore.therapy.course import EVENTS
from diaspore.therapy.treatment import TreatmentSpec

ENDPOINTS = {
    "overall_survival": "death of any cause",
    "cancer_death": "death of the cancer; other deaths end observation",
    "disease_free_survival": "relapse or death of any cause",
    "recurrence": "relapse; death without one ends observation",
    "distant_metastasis": "distant relapse; death without one ends observation",
    "distant_metastasis_free_survival": "distant relapse or death of any cause",
    "bone_metastasis_free_survival": "metastasis found in bone, or death of any cause",
    "brain_metastasis_free_survival": "metastasis found in the brain, or death of any cause",
    "survival_after_relapse": "death of any cause, counted from the relapse (with metastases at diagnosis, from that)",
    "progression_free_survival": "progression or death of any cause, counted from the relapse as well",
}
"""Endpoints of a trial, and what counts as their event."""
STRATA = ("stage", "nodes", "age")
"""What patients may be compared within: stage group, positive nodes or not, age below 50 or not."""
REST = "as planned"
"""Name of what is left of an arm beside its variants."""
Day = Annotated[float, Quantity("day", ge=0, le=100 * YEAR)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EligibilitySpec(_Part):
    """Who may take part, by what is known at diagnosis."""

    m0: StrictBool = Field(True, description="only patients without metastasis at diagnosis")
    nodes: Literal["positive", "negative"] | None = Field(None, description="by nodes found positive at surgery")
    smallest: Annotated[float, Quantity("mm", ge=0, le=500)] | None = Field(None, description="diameter at diagnosis")
    largest: Annotated[float, Quantity("mm", gt=0, le=500)] | None = Field(None, description="diameter at diagnosis")
    youngest: Annotated[float, Quantity("day", ge=0, le=110 * YEAR)] | None = Field(None, description="age")
    oldest: Annotated[float, Quantity("day", gt=0, le=110 * YEAR)] | None = Field(None, description="age")

    @model_validator(mode="after")
    def _somebody(self) -> EligibilitySpec:
        for low, high in (("smallest", "largest"), ("youngest", "oldest")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise InputError(f"is above {high!r}: nobody is eligible", field=low)
        return self


class VariantSpec(_Part):
    """A part of an arm that gets something else: who does not take the drug, or crosses over later."""

    name: str = Field(min_length=1, max_length=80)
    share: Fraction = Field(description="share of the arm")
    treatment: tuple[TreatmentSpec, ...] = Field((), max_length=100, description="drugs in place of those of the arm")
    levers: tuple[LeverSpec, ...] = Field((), max_length=1000, description="settings in place of those of the arm")


class ArmSpec(_Part):
    """An arm."""

    name: str = Field(min_length=1, max_length=80)
    treatment: tuple[TreatmentSpec, ...] = Field((), max_length=100, description="drugs, besides those of all arms")
    levers: tuple[LeverSpec, ...] = Field((), max_length=1000, description="settings, besides those of all arms")
    surgery: SurgerySpec | None = Field(None, description="operations, in place of those of all arms")
    change: Changes = Field(Changes(), description="parameters that differ in this arm")
    variants: tuple[VariantSpec, ...] = Field(
        (), max_length=10, description="parts of the arm that get something else; the rest gets what the arm says"
    )

    @field_validator("variants")
    @classmethod
    def _a_part(cls, value: tuple[VariantSpec, ...]) -> tuple[VariantSpec, ...]:
        for i, one in enumerate(value):
            if one.name == REST or one.name in [other.name for other in value[:i]]:
                raise InputError(f"{shown(one.name)} is taken", field=f"[{i}].name", allowed="another name")
        total = sum(one.share for one in value)
        if total > 1.0 + 1e-9:
            raise InputError(f"shares add up to {total:g}", allowed="at most 1")
        return value


def _changed(arm: ArmSpec) -> list[str]:
    """Parameters that an arm changes."""
    return [name for name, value in arm.change if value is not None]


class AnalysisSpec(_Part):
    """What is counted, and when."""

    endpoints: tuple[str, ...] = Field(
        ("disease_free_survival", "distant_metastasis_free_survival", "overall_survival"), min_length=1, max_length=20
    )
    follow_up: Annotated[float, Quantity("day", gt=0, le=100 * YEAR)] = Field(
        10 * YEAR, description="from the last patient's entry to the analysis"
    )
    periods: tuple[Day, ...] = Field((), max_length=20, description="ends of stretches that are analysed by themselves")
    at: tuple[Day, ...] = Field((5 * YEAR, 10 * YEAR), max_length=20, description="days whose shares are reported")
    strata: tuple[str, ...] = Field((), max_length=3, description="patients are only compared within these")

    @field_validator("endpoints", "strata")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = ENDPOINTS if info.field_name == "endpoints" else STRATA
        for i, name in enumerate(value):
            if name not in known:
                raise InputError(
                    f"{shown(name)} is not known", field=f"[{i}]", allowed=tuple(known),
                    nearest=nearest_name(name, known),
                )  # fmt: skip
            if name in value[:i]:
                raise InputError(f"{shown(name)} is given twice", field=f"[{i}]")
        return value

    @field_validator("periods")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(b <= a for a, b in zip((0.0, *value), value, strict=False)):
            raise InputError("must be above 0 and ascending")
        return value


class TrialSpec(CohortSpec):
    """A trial: patients as in a file of kind cohort, in arms; the first is the control."""

    kind: Literal["trial"] = "trial"  # type: ignore[assignment]
    arms: tuple[ArmSpec, ...] = Field(min_length=2, max_length=10)
    eligibility: EligibilitySpec = EligibilitySpec()
    enrol: Annotated[int, Whole(ge=2, le=10_000_000)] | None = Field(
        None, description="patients who are randomised; left out: every eligible one is followed in every arm"
    )
    repeats: Annotated[int, Whole(ge=1, le=100_000)] = Field(
        1, description="trials of `enrol` patients each, one after another from the same stream of patients: for power"
    )
    accrual: Day = Field(0.0, description="time over which patients enter, evenly")
    drop_out: Annotated[float, Quantity("1/day", ge=0, le=1)] = Field(0.0, description="rate of being lost from sight")
    analysis: AnalysisSpec = AnalysisSpec()

    @field_validator("groups")
    @classmethod
    def _no_groups(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if value:
            raise InputError("a trial has arms, not groups", allowed="arms")
        return value

    @field_validator("arms")
    @classmethod
    def _distinct(cls, value: tuple[ArmSpec, ...], info: ValidationInfo) -> tuple[ArmSpec, ...]:
        for i, arm in enumerate(value):
            if arm.name in [other.name for other in value[:i]]:
                raise InputError(f"{shown(arm.name)} is given twice", field=f"[{i}].name")
            surgery = arm.surgery or info.data.get("surgery")
            parts: list[tuple[str, ArmSpec | VariantSpec]] = [(f"[{i}]", arm)]
            parts += [(f"[{i}].variants[{k}]", variant) for k, variant in enumerate(arm.variants)]
            for where, one in parts:
                check_treatments(one.treatment, f"{where}.treatment", surgery, info)
                treatments = info.data.get("treatment", ()) + one.treatment
                check_waiting(treatments, info.data.get("levers", ()) + one.levers, f"{where}.treatment")
                for k, lever in enumerate(one.levers):
                    check_within(lever.start, f"{where}.levers[{k}].from", info)
        return value

    @model_validator(mode="after")
    def _enough_to_repeat(self) -> TrialSpec:
        if self.repeats > 1 and self.enrol is None:
            raise InputError("needs to know how many patients a trial has", field="repeats", allowed="enrol: 1000")
        wanted = self.repeats * (self.enrol or 0)
        if wanted > self.patients:
            raise InputError(
                f"{wanted:,} patients are to be enrolled out of {self.patients:,}", field="patients",
                allowed=f"at least {wanted:,}, more where not all are eligible",
            )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _nodes_known(self) -> TrialSpec:
        surgery = self.arms[0].surgery or self.surgery
        by_nodes = {"eligibility.nodes": self.eligibility.nodes is not None}
        by_nodes["analysis.strata"] = "nodes" in self.analysis.strata
        for field, asked in by_nodes.items():
            if asked and surgery.nodes is None:
                raise InputError(
                    f"nobody looks at the nodes of the control arm ({self.arms[0].name})", field=field,
                    allowed="surgery.nodes in the first arm",
                )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _relapse_ends_alike(self) -> TrialSpec:
        parts = [(f"arms[{i}]", self.treatment + arm.treatment) for i, arm in enumerate(self.arms)]
        for i, arm in enumerate(self.arms):
            for k, one in enumerate(arm.variants):
                parts.append((f"arms[{i}].variants[{k}]", self.treatment + one.treatment))
        for event in EVENTS:
            which = [waits(treatments, event) for _, treatments in parts]
            if any(which) and not all(which) and self.treatment:
                raise InputError(
                    f"a {event} would end the drugs of all arms in {parts[which.index(True)][0]} only",
                    field="treatment", allowed=f"until: {event} for what all arms get",
                )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _within_follow_up(self) -> TrialSpec:
        longest = self.accrual + self.analysis.follow_up
        for name in ("periods", "at"):
            for k, day in enumerate(getattr(self.analysis, name)):
                if day > longest * (1.0 + 1e-9):
                    raise InputError(
                        f"is later than anybody is seen ({longest / YEAR:.3g} years)", field=f"analysis.{name}[{k}]"
                    )
        return self

    def notes(self) -> list[str]:
        """What is allowed, but may not be meant."""
        found = super().notes()
        after = [name for name in FROM_RELAPSE if name in self.analysis.endpoints]
        if after:
            early = [arm.name for arm in self.arms if arm.levers or arm.surgery or _changed(arm)]
            early += [arm.name for arm in self.arms for one in arm.treatment if one.course.awaits is None]
            if early:
                found.append(
                    f"{after[0]} compares those who relapse, and {early[0]} acts before: its patients are "
                    "not those of the control"
                )
        return found

    @model_validator(mode="after")
    def _long_enough(self) -> TrialSpec:
        needed = self.accrual + self.analysis.follow_up
        if needed > self.follow_up.duration * (1.0 + 1e-9):
            raise InputError(
                f"the first patients are seen for {needed / YEAR:.3g} years, but patients are simulated for "
                f"{self.follow_up.duration / YEAR:.3g}", field="follow_up.duration", allowed=f"{math.ceil(needed)} day",
            )  # fmt: skip
        return self
