"""What the body sends back to a tissue: drugs and factors in the blood of its vessels."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.messages import Exposure
from diaspore.core.spec import validate
from diaspore.core.units import format_quantity, parse_quantity
from diaspore.tissue.spec import TissueSpec


def with_exposure(
    tissue: TissueSpec, exposure: Exposure, site: str, substance: str | None = None, begin: float = 0.0
) -> TissueSpec:
    """The tissue with the levels of a drug or factor in the blood of its vessels that the body says.

    Args:
        tissue: has vessels whose `exchange` names the substance.
        exposure: levels by day and site; the level of a day holds until the next one.
        site: where the tissue is.
        substance: its name in the tissue; that of the exposure when left out.
        begin: day at which the tissue's run begins.

    Raises:
        InputError: no such site or substance, walls that do not let it pass, or a unit of another kind.
    """
    name = exposure.drug if substance is None else substance
    if site not in exposure.sites:
        sites = list(exposure.sites)
        raise InputError(
            f"says nothing of {shown(site)}", field="site", allowed=sites, nearest=nearest_name(site, sites)
        )
    walls = {} if tissue.vessels is None else tissue.vessels.exchange
    if name not in walls:
        raise InputError(
            f"vessels of {tissue.name} do not exchange {shown(name)}", field="substance",
            allowed=list(walls) or "(none)", nearest=nearest_name(name, walls),
        )  # fmt: skip
    unit = tissue.substances[name].unit
    factor = parse_quantity(format_quantity(1.0, exposure.unit), unit, field=f"unit of {exposure.drug}")
    levels = factor * exposure.concentration[:, exposure.sites.index(site)]
    step = tissue.steps.phenotype
    times = np.round((np.asarray(exposure.days) - begin) * 1440.0 / step) * step

    def text(level: float) -> Any:
        return level if unit == "dimensionless" else format_quantity(float(level), unit)

    data = tissue.model_dump(mode="json", by_alias=True, exclude_none=True)
    wall = data["vessels"]["exchange"][name]
    before = np.flatnonzero(times <= 0.0)
    if len(before):
        wall["level"] = text(levels[before[-1]])
    course: dict[float, Any] = {}
    for time, level in zip(times, levels, strict=True):
        if 0.0 < time <= tissue.duration:
            course[float(time)] = text(level)
    wall["course"] = [[f"{time:g} min", level] for time, level in sorted(course.items())]
    found: TissueSpec = validate(TissueSpec, data)
    return found
