"""What the parts of a tissue's description share: quantities, levels, checks of names."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.units import Quantity, format_quantity, parse_quantity
from diaspore.fields.grid import FACES
from diaspore.knowledge.load import fact
from diaspore.tissue.behaviours import EXPORT, GENERAL, behaviours

Minutes = Annotated[float, Quantity("min", ge=1e-6, le=5_300_000)]
Length = Annotated[float, Quantity("um", ge=1e-3, le=1e6)]
Coordinate = Annotated[float, Quantity("um", ge=-1e6, le=1e6)]
Rate = Annotated[float, Quantity("1/min", ge=0, le=1e6)]
Speed = Annotated[float, Quantity("um/min", ge=0, le=1e4)]
Volume = Annotated[float, Quantity("um**3", gt=1, le=1e7)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,39}$")]
FaceName = Literal["all", *FACES]  # type: ignore[valid-type]
MAX_VOXELS = 64_000_000
MAX_TYPES, MAX_SUBSTANCES = 50, 20


Level = Annotated[str | float, Field(union_mode="left_to_right")]
"""A level of a substance as it is written; its unit is that of the substance, so it is read when both are known."""


FACT, SETTING = "x-fact", "x-setting"
"""Extra keys of fields: the row of the tables that a default is from; what is no parameter but a choice of the run."""


def Usual(key: str) -> Any:
    """A default from the tables, whose unit is the canonical one."""
    row = fact(key)
    return Field(row.value, description=row.note.partition(";")[0] or None, json_schema_extra={FACT: key})


def UsualLevel(key: str) -> Any:
    """A default level from the tables, as it is written."""
    row = fact(key)
    return Field(f"{row.value:g} {row.unit}", description=row.note.partition(";")[0], json_schema_extra={FACT: key})


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def known(name: str, among: Any, field: str, what: str) -> None:
    if name not in among:
        raise InputError(
            f"{shown(name)} is no {what} of this file", field=field, allowed=sorted(among) or "(none)",
            nearest=nearest_name(name, among),
        )  # fmt: skip


def is_multiple(large: float, small: float) -> bool:
    ratio = large / small
    if not math.isfinite(ratio):
        return False
    return ratio > 0.5 and abs(ratio - round(ratio)) <= 1e-9 * ratio


def flux_unit(unit: str) -> str:
    return "um/min" if unit == "dimensionless" else f"({unit})*um/min"


def level_text(value: float, unit: str) -> str | float:
    return value if unit == "dimensionless" else format_quantity(value, unit)


def read_export(value: Any, unit: str, field: str | None = None) -> float:
    """What a cell releases whatever the level, in the substance's ``unit`` times um**3/min."""
    if not value:
        return 0.0
    return parse_quantity(value, behaviours({"": unit}, ())[GENERAL + EXPORT].unit, field=field)


def read_level(value: Any, unit: str | None, field: str | None = None) -> float:
    if isinstance(value, bool):
        raise InputError(f"must be a level, got {shown(value)}", field=field)
    if unit is None:
        return 0.0  # the unit is wrong, and that is reported
    level = parse_quantity(value, unit, field=field)
    if level < 0.0:
        raise InputError(f"must be at least 0, got {shown(value)}", field=field)
    return level
