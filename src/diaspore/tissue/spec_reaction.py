"""What a file says of reactions among substances."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator, model_validator

from diaspore.core.errors import InputError, shown
from diaspore.core.units import Quantity, parse_quantity
from diaspore.tissue.spec_common import Part, known
from diaspore.tissue.spec_substance import SubstanceSpec

MOST_RATE = 1e12
"""Of a reaction; what is faster is a slip of units."""
Ratio = Annotated[float, Quantity("dimensionless", gt=0, le=1e12)]


class ReactionSpec(Part):
    """A reaction by mass action: its speed is the rate times the levels of all that it takes and is driven by."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    takes: dict[str, Ratio] = Field(
        {}, max_length=2, alias="from",
        description="substances used up, at most 2; as a list, or with the level of each that is used up together",
    )  # fmt: skip
    by: tuple[str, ...] = Field((), max_length=2, description="substances that drive it and stay")
    makes: dict[str, Ratio] = Field({}, max_length=4, alias="to", description="substances made; as `from`")
    rate: str | float = Field(description="1/min over the levels of all but one of `from` and `by`")
    half_level: str | float | None = Field(
        None, description="of the first of `by`, at which the rate is half of its greatest: then `rate` is that"
    )

    @field_validator("by", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("takes", "makes", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
            if len(set(value)) < len(value):
                raise InputError("names a substance twice", allowed="a mapping with amounts, such as {mmp: 2}")
            return dict.fromkeys(value, 1.0)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> ReactionSpec:
        if not self.takes and not self.by:
            raise InputError("takes or is driven by nothing", field="from")
        if not self.takes and not self.makes:
            raise InputError("changes nothing", field="to")
        if self.half_level is not None and not self.by:
            raise InputError("goes with a substance that drives the reaction", field="half_level", allowed="by")
        for name in self.by:
            if name in self.takes:
                raise InputError(f"{shown(name)} is used up as well", field="by")
        return self

    def check(self, where: str, substances: dict[str, SubstanceSpec]) -> None:
        """Refuse unknown substances, wrong units, and amounts that need a conversion but have none."""
        for field, names in (("from", self.takes), ("by", self.by), ("to", self.makes)):
            for name in names:
                known(name, substances, f"{where}.{field}", "substance")
        changed = [*self.takes, *self.makes]
        first = substances[changed[0]].unit
        for name in changed[1:]:
            ratio = {**self.makes, **self.takes}[name]
            if substances[name].unit != first and ratio == 1.0:
                raise InputError(
                    f"{name} is measured in {substances[name].unit}, {changed[0]} in {first}", field=where,
                    allowed=f"how much of {name} goes with 1 of {changed[0]}, as in {{{name}: 0.5}}",
                )  # fmt: skip
        self.constants(where, substances)

    def rate_unit(self, substances: dict[str, SubstanceSpec]) -> str:
        """Unit of the rate."""
        drivers = list(self.by[1:] if self.half_level is not None else self.by)
        others = [*list(self.takes)[1:], *drivers] if self.takes else drivers
        unit = "1/min"
        for name in others:
            if substances[name].unit != "dimensionless":
                unit += f"/({substances[name].unit})"
        if not self.takes and substances[next(iter(self.makes))].unit != "dimensionless":
            unit += f"*({substances[next(iter(self.makes))].unit})"
        return unit

    def constants(self, where: str, substances: dict[str, SubstanceSpec]) -> tuple[float, float]:
        """The rate in `rate_unit`, and the half level in its substance's unit; 0: none."""
        rate = parse_quantity(self.rate, self.rate_unit(substances), field=f"{where}.rate")
        half = 0.0
        if self.half_level is not None:
            half = parse_quantity(self.half_level, substances[self.by[0]].unit, field=f"{where}.half_level")
            if not half > 0.0:
                raise InputError(f"must be above 0, got {shown(self.half_level)}", field=f"{where}.half_level")
        if not 0.0 <= rate <= MOST_RATE:
            raise InputError(
                f"must be at least 0 and at most {MOST_RATE:g} {self.rate_unit(substances)}, got {shown(self.rate)}",
                field=f"{where}.rate",
            )
        return rate, half
