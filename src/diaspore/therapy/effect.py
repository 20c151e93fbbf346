"""What a drug does to levers: which, how far at the full effect, at which level half of it, and where it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
from diaspore.core.units import Quantity
from diaspore.knowledge.drugs import Drug
from diaspore.knowledge.load import table

LEVERS = FACTOR_LEVERS + RATE_LEVERS
_LARGE = ("mAb", "ADC", "fusion", "antibody")


class EffectSpec(BaseModel):
    """An effect of a drug on one lever."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    lever: str = Field(description="what it acts on")
    factor: Annotated[float, Quantity("dimensionless", ge=0, le=1000)] | None = Field(
        None, description="on the lever at the full effect; may be above 1"
    )
    rate: Annotated[float, Quantity("1/day", ge=0, le=1e5)] | None = Field(
        None, description=f"at the full effect; for {' and '.join(RATE_LEVERS)}"
    )
    half: Annotated[float, Quantity("mg/L", gt=0, le=1e9)] | None = Field(
        None, description="level in blood with half of the effect; left out: the whole effect while the drug is given"
    )
    power: Annotated[float, Quantity("dimensionless", gt=0, le=100)] = Field(1.0, description="how sharply it sets in")
    after: Annotated[float, Quantity("day", ge=0, le=36525)] = Field(
        0.0, description="how long it lasts after the drug, where it does not go by a level"
    )
    sites: tuple[str, ...] | None = Field(None, min_length=1, description="sites it acts on; all when left out")

    @model_validator(mode="after")
    def _consistent(self) -> EffectSpec:
        if self.lever not in LEVERS:
            raise InputError(
                f"{shown(self.lever)} is not a lever", field="lever", allowed=LEVERS,
                nearest=nearest_name(self.lever, LEVERS),
            )  # fmt: skip
        wanted, other = ("rate", "factor") if self.lever in RATE_LEVERS else ("factor", "rate")
        if getattr(self, other) is not None or getattr(self, wanted) is None:
            raise InputError(f"the lever {self.lever} needs a {wanted}, and no {other}", field=wanted)
        if self.half is not None and self.after > 0.0:
            raise InputError("does not go with 'half': the effect ends with the level", field="after")
        return self


@cache
def strengths() -> Mapping[str, float]:
    """Lever -> factor or rate at the full effect that is assumed of a drug without a sourced one."""
    return MappingProxyType({row["lever"]: row.value for row in table("lever_strengths")})


def assumed_effects(drug: Drug) -> tuple[EffectSpec, ...]:
    """Effects of a drug by its levers, with the assumed strengths; the whole of them while it is given.

    A lever that the drug moves the other way than the table gets the inverse factor.
    """
    found = []
    for lever, sign in drug.levers.items():
        much = strengths()[lever]
        if lever in RATE_LEVERS:
            found.append(EffectSpec(lever=lever, rate=f"{much!r} 1/day"))
        else:
            usual = 1 if much > 1.0 else -1
            found.append(EffectSpec(lever=lever, factor=much if sign == usual else 1.0 / much))
    return tuple(found)


def reach(drug: Drug) -> Mapping[str, float]:
    """Site -> share of the level in blood, of the sites that are not reached like others; assumed."""
    words = drug.text("class")
    kind = "antibody" if any(one in words for one in _LARGE) else "penetrating" if "CNS" in words else "small"
    return MappingProxyType({row["site"]: row.value for row in table("drug_reach") if row["kind"] == kind})
