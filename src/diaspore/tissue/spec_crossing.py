"""What a file says of cells that enter and leave a tissue: through walls of vessels, into cavities, from the body."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from diaspore.core.errors import InputError, shown
from diaspore.core.units import Fraction, Quantity, Whole, parse_quantity
from diaspore.fields.grid import FACES
from diaspore.tissue.spec_common import Level, Minutes, Part, Rate

Exponent = Annotated[float, Quantity("dimensionless", ge=-20, le=20)]
Through = Literal["blood", "lymph", "tissue", *FACES]  # type: ignore[valid-type]


class CrossingSpec(Part):
    """Walls that cells of a type cross; rates hold while a cell touches the wall, and rules may change them."""

    intravasation: Rate = Field(0.0, description="into blood vessels with flow")
    lymphatic_entry: Rate = Field(0.0, description="into lymph vessels")
    cavity_shedding: Rate = Field(0.0, description="into the cavity at the face `cavity` of the file")
    extravasation: Rate = Field(0.0, description="out of the vessel in which it is lodged")
    washout: Rate = Field(0.0, description="of cells lodged in a vessel, onwards with the blood")
    cohesion: Fraction = Field(0.0, description="chance that a cell of its type that it holds on to goes along")
    reach: Annotated[float, Quantity("um", ge=0, le=100)] = Field(
        2.0, description="gap between a cell and the axis of a vessel, less both radii, at which they touch"
    )


MOST_COME = 1e-2
"""Greatest rate of recruitment, cells per um2 or um3 and min: far beyond any tissue, against slips of units."""


class RecruitmentSpec(Part):
    """Cells that come into the tissue: at a rate, or a number of them at a time."""

    type: str
    through: Through = Field("blood", description="vessels with flow, anywhere in the tissue, or a face of the domain")
    lodged: bool = Field(False, description="they stay inside the vessel until they extravasate")
    rate: str | None = Field(
        None, description="per surface of vessels or face, as in 1e-6 1/(um**2*min), or per volume of tissue"
    )
    signal: str | None = Field(None, description="substance whose level at the place raises the rate")
    half_max: Level | None = Field(None, description="level at which the rate is half of its greatest")
    power: Annotated[float, Quantity("dimensionless", gt=0, le=20)] = 1.0
    unless: str | None = Field(None, description="substance whose level at the place lowers the rate")
    unless_half: Level | None = Field(None, description="level of `unless` at which the rate is half")
    follows: dict[str, Exponent] = Field(
        {}, max_length=5, description="substances whose levels at the place, each in its unit and to this power, "
        "multiply the rate",
    )  # fmt: skip
    most: str | None = Field(None, description="number per volume in the domain at which none come any more")
    number: Annotated[int, Whole(ge=1, le=10_000_000)] | None = Field(
        None, description="instead of a rate: all at once"
    )
    start: Annotated[float, Quantity("min", ge=0, le=5_300_000)] = Field(0.0, description="first, or only, time")
    stop: Minutes | None = Field(None, description="the end of the run when left out")
    cluster: Annotated[int, Whole(ge=1, le=1000)] = Field(1, description="cells that come in together")
    state: Fraction | None = Field(
        None, description="their epithelial-mesenchymal state; that of their type if left out"
    )

    @field_validator("rate", "most", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        if value is not None and not isinstance(value, str):
            raise InputError(f"has no unit, got {shown(value)}", allowed="for example 1e-6 1/(um**2*min)")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> RecruitmentSpec:
        if (self.rate is None) == (self.number is None):
            raise InputError("takes one of these fields", allowed="rate, number")
        for a, b in (("signal", "half_max"), ("unless", "unless_half")):
            if (getattr(self, a) is None) != (getattr(self, b) is None):
                raise InputError(f"goes with {b}", field=a)
        if self.number is not None:
            for name in ("signal", "most", "stop", "unless", "follows"):
                if getattr(self, name):
                    raise InputError("goes with a rate", field=name)
        if self.lodged and self.through not in ("blood", "lymph"):
            raise InputError("goes with vessels", field="lodged", allowed="through: blood or lymph")
        if self.stop is not None and self.stop <= self.start:
            raise InputError("is not after the start", field="stop")
        if self.rate is not None and not 0.0 <= self.per_minute() <= MOST_COME:
            unit = "1/(um**3*min)" if self.through == "tissue" else "1/(um**2*min)"
            raise InputError(f"must be from 0 to {MOST_COME:g} {unit}, got {self.rate}", field="rate")
        if self.ceiling() < 0.0:
            raise InputError(f"must be at least 0, got {self.most}", field="most")
        return self

    def per_minute(self) -> float:
        """The rate, per um2 or um3 and min."""
        unit = "1/(um**3*min)" if self.through == "tissue" else "1/(um**2*min)"
        return parse_quantity(self.rate, unit, field="rate")

    def ceiling(self) -> float:
        """Cells per um3 at which none come any more; 0: no ceiling."""
        return 0.0 if self.most is None else parse_quantity(self.most, "1/um**3", field="most")
