"""What a user writes about a cohort: a described patient, groups that differ from it, and covariates of its members."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationInfo, field_validator, model_validator

from diaspore.body.spec import (
    MONTH,
    YEAR,
    Age,
    Changes,
    Diameter,
    LeverSpec,
    ParameterSetName,
    PatientDescription,
    check_organ,
    check_waiting,
    check_within,
)
from diaspore.core.errors import InputError, shown
from diaspore.core.sealed import sealed
from diaspore.core.units import Fraction, Quantity, Whole

MAX_GROUPS = 100
_SHARES_SUM = 1e-6


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DiameterSpec(_Part):
    """Diameters of primaries at diagnosis: log-normal (median, spread) or by size class (edges, shares)."""

    median: Diameter | None = Field(None, description="median of a log-normal distribution")
    spread: Annotated[float, Quantity("dimensionless", gt=0, le=3)] | None = Field(
        None, description="standard deviation of the natural logarithm"
    )
    low: Diameter | None = Field(None, description="smaller ones are not drawn")
    high: Diameter | None = Field(None, description="larger ones are not drawn")
    edges: tuple[Diameter, ...] | None = Field(
        None, min_length=2, max_length=200, description="borders of size classes, ascending"
    )
    shares: tuple[Annotated[float, Quantity("dimensionless", ge=0)], ...] | None = Field(
        None, min_length=1, max_length=199, description="patients in each class, in any unit; uniform within a class"
    )

    @model_validator(mode="after")
    def _one_form(self) -> DiameterSpec:
        _one_form(self, ("median", "spread"), "a median and a spread")
        return self


class AgeSpec(_Part):
    """Ages at diagnosis: normal (mean, sd) or by age class (edges, shares)."""

    mean: Age | None = Field(None, description="mean of a normal distribution")
    sd: Annotated[float, Quantity("day", gt=0, le=40 * YEAR)] | None = Field(None, description="standard deviation")
    low: Age | None = Field(None, description="younger ones are not drawn")
    high: Age | None = Field(None, description="older ones are not drawn")
    edges: tuple[Age, ...] | None = Field(
        None, min_length=2, max_length=200, description="borders of classes, ascending"
    )
    shares: tuple[Annotated[float, Quantity("dimensionless", ge=0)], ...] | None = Field(
        None, min_length=1, max_length=199, description="patients in each class, in any unit; uniform within a class"
    )

    @model_validator(mode="after")
    def _one_form(self) -> AgeSpec:
        _one_form(self, ("mean", "sd"), "a mean and an sd")
        return self


def _one_form(part: Any, law: tuple[str, str], words: str) -> None:
    """Refuse a distribution that is neither one law nor classes, or of which a part is missing or impossible."""
    has_law = [getattr(part, name) is not None for name in law]
    has_classes = [part.edges is not None, part.shares is not None]
    if (
        any(has_law) == any(has_classes)
        or (any(has_law) and not all(has_law))
        or (any(has_classes) and not all(has_classes))
    ):
        raise InputError(f"needs either {words}, or edges and shares")
    if part.edges is not None:
        if part.low is not None or part.high is not None:
            raise InputError("low and high belong to a law, not to classes", field="low" if part.low else "high")
        if any(b <= a for a, b in zip(part.edges, part.edges[1:], strict=False)):
            raise InputError("must ascend", field="edges")
        if len(part.shares) != len(part.edges) - 1:
            problem = f"has {len(part.shares)} values for {len(part.edges) - 1} classes"
            raise InputError(problem, field="shares", allowed="one for each pair of neighbouring edges")
        if not sum(part.shares) > 0.0:
            raise InputError("are all 0", field="shares")
    elif part.low is not None and part.high is not None and part.high <= part.low:
        raise InputError("must be above low", field="high")


class CovariatesSpec(_Part):
    """Distributions of what is known of members at diagnosis; what is left out is drawn by the engine."""

    diameter: DiameterSpec | None = Field(None, description="of the primary")
    age: AgeSpec | None = None


class ColumnSpec(_Part):
    """A column of a table of patients, and its unit."""

    column: str = Field(min_length=1, max_length=200)
    unit: str = Field(min_length=1, max_length=40)


class TableSpec(_Part):
    """A table of real people (CSV or Parquet), one row each, whose covariates the members take."""

    file: str = Field(min_length=1, description="path of a CSV or Parquet file; a relative one from where you are")
    sha256: str | None = Field(None, description="of the file's bytes; added when left out, checked when given")
    diameter: ColumnSpec | None = Field(None, description="diameter of the primary; an empty cell is drawn")
    age: ColumnSpec | None = Field(None, description="age at diagnosis; an empty cell is drawn")
    group: str | None = Field(None, description="column that names each member's group")
    keep: tuple[str, ...] = Field((), max_length=50, description="columns to carry into the patients table")
    with_replacement: StrictBool = Field(
        False, description="draw rows at random; otherwise row after row, from the first again after the last"
    )

    @model_validator(mode="before")
    @classmethod
    def _seal(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str):
            return data
        path = Path(data["file"])
        if path.suffix.lower() not in (".csv", ".parquet"):
            raise InputError(f"{shown(path.name)} is not a kind of table", field="file", allowed=".csv or .parquet")
        return sealed(data)


class GroupSpec(_Part):
    """A part of a cohort that differs from the described patient."""

    name: str = Field(min_length=1, max_length=80)
    share: Fraction | None = Field(None, description="share of the members; left out where a table names the groups")
    sex: Literal["female", "male"] | None = Field(None, description="of its members, if it is another one")
    parameters: ParameterSetName | None = Field(None, description="parameter set, if it is another one")
    change: Changes = Field(Changes(), description="parameters that differ, besides those of the cohort")
    levers: tuple[LeverSpec, ...] = Field((), max_length=1000, description="treatments, besides those of the cohort")


class CohortSpec(PatientDescription):
    """A cohort: patients as in a file of kind patient, in groups, with covariates from distributions or a table."""

    kind: Literal["cohort"] = "cohort"
    patients: Annotated[int, Whole(ge=1, le=100_000_000)] = Field(10_000, description="how many patients to draw")
    covariates: CovariatesSpec = CovariatesSpec()
    table: TableSpec | None = None
    groups: tuple[GroupSpec, ...] = Field((), max_length=MAX_GROUPS, description="none: all members are alike")

    @field_validator("groups")
    @classmethod
    def _whole(cls, value: tuple[GroupSpec, ...], info: ValidationInfo) -> tuple[GroupSpec, ...]:
        for i, group in enumerate(value):
            if group.sex is not None and "primary" in info.data:
                check_organ(info.data["primary"].site, f"[{i}].sex", group.sex)
            check_waiting(info.data.get("treatment", ()), group.levers, f"[{i}].levers")
            for k, lever in enumerate(group.levers):
                check_within(lever.start, f"[{i}].levers[{k}].from", info)
                for j, site in enumerate(lever.sites or ()):
                    check_organ(site, f"[{i}].levers[{k}].sites[{j}]", group.sex or info.data.get("sex"))
            if group.name in [other.name for other in value[:i]]:
                raise InputError(f"{shown(group.name)} is given twice", field=f"[{i}].name")
        given = [group.share for group in value if group.share is not None]
        if given and len(given) < len(value):
            raise InputError("are given for some groups only", field="share", allowed="for all or none")
        if given and not math.isclose(sum(given), 1.0, abs_tol=_SHARES_SUM):
            raise InputError(f"add up to {sum(given):g}", field="share", allowed="shares that add up to 1")
        return value

    @model_validator(mode="after")
    def _a_month(self) -> CohortSpec:
        if self.follow_up.duration < MONTH:
            raise InputError(
                "curves of a cohort are by month", field="follow_up.duration", allowed=f"at least {MONTH:g} day"
            )
        return self

    @model_validator(mode="after")
    def _one_source(self) -> CohortSpec:
        if self.primary.diameter_at_diagnosis is not None and (
            self.covariates.diameter is not None or (self.table is not None and self.table.diameter is not None)
        ):
            raise InputError("diameters come from the cohort's covariates", field="primary.diameter_at_diagnosis")
        if self.table is not None:
            for name in ("diameter", "age"):
                if getattr(self.table, name) is not None and getattr(self.covariates, name) is not None:
                    raise InputError("comes from the table already", field=f"covariates.{name}")
        by_table = self.table is not None and self.table.group is not None
        if by_table and not self.groups:
            raise InputError("no groups are described", field="table.group")
        if self.groups and not by_table and self.groups[0].share is None:
            raise InputError("the field share is missing", field="groups[0].share")
        if by_table and self.groups and self.groups[0].share is not None:
            raise InputError("the table names the groups", field="groups[0].share")
        return self
