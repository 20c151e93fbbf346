"""Death from burden by organ and from other causes.

Reads: volume of tumour by site. Writes: day, cause and site of death. Runs: at the end of every panel; the day is then
found by bisection.

A patient dies when the burden of a site reaches that site's lethal volume, or the total reaches the lethal total
(about 1e12 cells: norton1988), each scaled by one log-normal tolerance of the patient. Other causes follow Gompertz's
law of mortality in age.
"""

from __future__ import annotations

import math

from diaspore.body.definitions import SITE, Definition
from diaspore.core.jit import inline

PARAMETERS = (
    Definition("mortality.lethal_volume", "mm**3", 1, 1e8, "lethal burden of a site", index=SITE),
    Definition("mortality.lethal_total", "mm**3", 1, 1e8, "lethal total burden", spread=True),
    Definition("mortality.other_level_female", "1/day", 0, 1, "hazard of death from other causes at age 60, women"),
    Definition("mortality.other_level_male", "1/day", 0, 1, "hazard of death from other causes at age 60, men"),
    Definition("mortality.other_doubling", "day", 100, 1e5, "time in which that hazard doubles with age"),
)


@inline
def days_to_other_death(age_day, level_at_60, doubling, unit_exponential):
    """Days from ``age_day`` to death from other causes (Gompertz hazard inverted at a unit exponential)."""
    if level_at_60 <= 0.0:
        return math.inf
    slope = math.log(2.0) / doubling
    hazard = level_at_60 * math.exp(slope * (age_day - 60.0 * 365.25))
    return math.log1p(slope * unit_exponential / hazard) / slope
