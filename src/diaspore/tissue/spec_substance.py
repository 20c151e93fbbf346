"""What a file says of a substance."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from diaspore.core.errors import InputError, shown
from diaspore.core.units import Quantity, check_unit, parse_quantity
from diaspore.fields.grid import FACES
from diaspore.tissue.spec_common import FaceName, Part, Rate, flux_unit, level_text, read_level

Pace = Literal["fast", "slow", "steady", "still"]
PACES: tuple[str, ...] = ("fast", "slow", "steady", "still")
"""In the order in which a scene has its substances."""


class SubstanceSpec(Part):
    """A substance in the tissue: one that diffuses, or matter that stays in its place."""

    unit: str = Field("dimensionless", max_length=30, description="of its level, such as mmHg or ng/mL")
    pace: Pace = Field(
        "fast",
        description="fast: followed in time with steps.diffusion; slow: followed with steps.phenotype; steady: always "
        "in balance with cells and vessels; still: does not spread, such as matrix",
    )
    diffusion: Annotated[float, Quantity("um**2/min", ge=0, le=1e8)] | None = Field(
        None, description="coefficient of diffusion; left out where the pace is still"
    )
    decay: Rate = Field(0.0, description="share lost per time")
    initial: float = Field(0.0, description="level at the start, with its unit")
    held: dict[FaceName, float] = Field({}, description="faces at which the level is held, and the level")
    flux: dict[FaceName, float] = Field({}, description="what enters through a face, level times speed; else closed")

    @field_validator("unit")
    @classmethod
    def _unit(cls, value: str) -> str:
        check_unit(value)
        return value

    @field_validator("initial", mode="before")
    @classmethod
    def _level(cls, value: Any, info: Any) -> float:
        return read_level(value, info.data.get("unit"))

    @field_validator("held", "flux", mode="before")
    @classmethod
    def _levels(cls, value: Any, info: Any) -> Any:
        unit = info.data.get("unit")
        if not isinstance(value, dict) or unit is None:
            return value
        if info.field_name == "flux":
            fluxes = {name: parse_quantity(v, flux_unit(unit), field=str(name)) for name, v in value.items()}
            for name, flux in fluxes.items():
                if flux < 0.0:  # what leaves depends on what is there; a face held at 0 lets it out
                    raise InputError(f"must be at least 0, got {shown(value[name])}", field=str(name))
            return fluxes
        return {name: read_level(v, unit, field=str(name)) for name, v in value.items()}

    @model_validator(mode="after")
    def _spreads(self) -> SubstanceSpec:
        if self.pace != "still" and self.diffusion is None:
            raise InputError("is missing: how fast it spreads", field="diffusion", allowed="for example 1e5 um**2/min")
        if self.pace == "still":
            for name in ("held", "flux"):
                if getattr(self, name):
                    raise InputError(
                        "goes with a substance that spreads", field=name, allowed="another pace than still"
                    )
            if self.diffusion:
                raise InputError("must be left out: it does not spread", field="diffusion")
        return self

    @model_validator(mode="after")
    def _once(self) -> SubstanceSpec:
        for name in self.flux:
            if name in self.held or "all" in self.held or (name == "all" and self.held):
                raise InputError(f"the face {name} is held as well", field="flux")
        return self

    def faces(self) -> tuple[dict[str, float], dict[str, float]]:
        """Held faces and faces with a flux, each by name without "all"."""
        spread = [
            {face: given["all"] for face in FACES if "all" in given} | {f: v for f, v in given.items() if f != "all"}
            for given in (self.held, self.flux)
        ]
        return spread[0], spread[1]

    @field_serializer("initial")
    def _initial_text(self, value: float) -> str | float:
        return level_text(value, self.unit)

    @field_serializer("held", "flux")
    def _levels_text(self, value: dict[str, float], info: Any) -> dict[str, str | float]:
        unit = self.unit if info.field_name == "held" else flux_unit(self.unit)
        return {face: level_text(level, unit) for face, level in value.items()}
