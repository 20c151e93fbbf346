"""All parameters of the body engine, gathered from the process files."""

from __future__ import annotations

from functools import cache

import numpy as np

from diaspore.body.definitions import SITE, Definition, record_dtype
from diaspore.body.processes import (
    angiogenesis,
    blood,
    cavity,
    clones,
    detection,
    dormancy,
    extravasation,
    growth,
    lymph,
    mortality,
    niche,
    plasticity,
    shedding,
    staging,
    surgery,
    systemic,
)

PROCESSES = (
    growth,
    angiogenesis,
    plasticity,
    clones,
    shedding,
    systemic,
    blood,
    lymph,
    cavity,
    extravasation,
    dormancy,
    niche,
    detection,
    staging,
    surgery,
    mortality,
)

DEFINITIONS: dict[str, Definition] = {d.key: d for p in PROCESSES for d in p.PARAMETERS}


@cache
def scalar_dtype() -> np.dtype:
    """Record of all scalar parameters."""
    return record_dtype(DEFINITIONS.values(), "")


@cache
def site_dtype() -> np.dtype:
    """Record of the parameters of one site."""
    return record_dtype(DEFINITIONS.values(), SITE)
