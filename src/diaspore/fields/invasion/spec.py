"""What a file of ``kind: invasion`` says: a named model, its parameters, a domain, times; dimensionless."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.spec import Spec
from diaspore.core.units import Quantity
from diaspore.fields.invasion.models import MODELS

Number = Annotated[float, Quantity("dimensionless", ge=0, le=1e9)]
Positive = Annotated[float, Quantity("dimensionless", gt=0, le=1e9)]
Coordinate = Annotated[float, Quantity("dimensionless", ge=-1e9, le=1e9)]
ModelName = Literal[*MODELS]  # type: ignore[valid-type]
MAX_VOXELS = 4_000_000
MAX_STEPS = 100_000_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DomainSpec(_Part):
    """A line, or a rectangle; nothing passes its ends."""

    x: tuple[Coordinate, Coordinate]
    y: tuple[Coordinate, Coordinate] | None = Field(None, description="left out for one dimension")
    spacing: Positive = Field(description="edge of a volume")

    @field_validator("x", "y")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[1] > value[0]:
            raise InputError(f"ends ({value[1]:g}) before it begins ({value[0]:g})")
        return value

    @field_validator("spacing")
    @classmethod
    def _fits(cls, value: float, info: Any) -> float:
        total = 1
        for axis in "xy":
            ends = info.data.get(axis)
            if ends is None:
                continue
            count = (ends[1] - ends[0]) / value
            if not count <= MAX_VOXELS:
                total = math.ceil(min(count, 1e18))
                break
            if abs(count - round(count)) > 1e-6 * count or round(count) < 3:
                raise InputError(f"{value:g} does not divide {axis} ({ends[1] - ends[0]:g}) into 3 volumes or more")
            total *= round(count)
        if total > MAX_VOXELS:
            raise InputError(f"makes {total:,} volumes", allowed=f"at most {MAX_VOXELS:,}")
        return value


class InitialSpec(_Part):
    """Where the tumour is at the start; the rest follows from the model."""

    extent: Positive | None = Field(None, description="how far it reaches; the model's usual one when left out")
    shape: Literal["edge", "disc"] | None = Field(
        None, description="from the lower end of x on, or around a centre; in two dimensions a disc when left out"
    )
    centre: tuple[Coordinate, Coordinate] | None = Field(None, description="of the disc; the middle when left out")


class InvasionSpec(Spec):
    """A front of tumour cells that moves into tissue."""

    kind: Literal["invasion"] = "invasion"
    model: ModelName = Field(description="a named model")
    parameters: dict[str, Number] = Field({}, description="what differs from the model's defaults")
    domain: DomainSpec
    duration: Positive = Field(description="simulated time")
    save_every: Positive = Field(description="time between snapshots, from which a killed run goes on")
    step: Positive | None = Field(None, description="time step; the model's usual one when left out")
    initial: InitialSpec = InitialSpec()

    @property
    def time_step(self) -> float:
        """The time step."""
        return MODELS[self.model].step[self.domain.y is not None] if self.step is None else self.step

    @model_validator(mode="after")
    def _consistent(self) -> InvasionSpec:
        known = MODELS[self.model].parameters
        for name in self.parameters:
            if name not in known:
                raise InputError(
                    f"{shown(name)} is no parameter of the model {self.model}", field=f"parameters.{name}",
                    allowed=list(known), nearest=nearest_name(name, known),
                )  # fmt: skip
        for name in ("duration", "save_every"):
            ratio = getattr(self, name) / self.time_step
            if ratio > MAX_STEPS:
                raise InputError(f"takes {ratio:,.0f} steps", field=name, allowed=f"at most {MAX_STEPS:,}")
            if ratio < 0.5 or abs(ratio - round(ratio)) > 1e-9 * ratio:
                raise InputError(f"is no whole multiple of the step, {self.time_step:g}", field=name)
        self._short_enough()
        disc = self.initial.shape == "disc" or self.initial.centre is not None
        if self.domain.y is None and disc:
            raise InputError("a disc needs two dimensions", field="initial", allowed="domain.y, or shape: edge")
        if self.initial.shape == "edge" and self.initial.centre is not None:
            raise InputError("is for shape: disc", field="initial.centre")
        if self.initial.centre is not None and self.domain.y is not None:
            for axis, place, ends in zip("xy", self.initial.centre, (self.domain.x, self.domain.y), strict=True):
                if not ends[0] <= place <= ends[1]:
                    raise InputError(
                        f"has {axis} = {place:g}, outside of the domain", field="initial.centre",
                        allowed=f"{axis} from {ends[0]:g} to {ends[1]:g}",
                    )  # fmt: skip
        return self

    def _short_enough(self) -> None:
        """Where tissue bars the way, a front advances by one volume a step at most; half of one leaves it free."""
        model = MODELS[self.model]
        values = model.values(self.parameters)
        if model.linear_speed is None or all(mover.hindered_by is None for mover in model.movers(values)):
            return
        speed = model.linear_speed(values)
        longest = 0.5 * self.domain.spacing / speed if speed > 0.0 else math.inf
        if self.time_step > longest * (1.0 + 1e-9):
            raise InputError(
                f"a front of the speed {speed:.3g} crosses more than half a volume in a step of "
                f"{self.time_step:g}", field="step", allowed=f"at most {longest:.3g}",
            )  # fmt: skip
