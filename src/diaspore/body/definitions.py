"""Declared parameters of the body engine: one :class:`Definition` per named quantity.

Every process file declares the parameters that it reads. A parameter set (``knowledge/parameters/*.yaml``) gives them
values and sources; a patient file may change single ones. Compiled, the scalars become one record whose fields carry
the same names (``growth.doubling_time`` -> ``par.growth_doubling_time``), and site-indexed ones become one record per
body site, so that a kernel names exactly what the user names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SITE = "site"


@dataclass(frozen=True)
class Definition:
    """One parameter.

    Attributes:
        key: dotted name, for example ``growth.doubling_time``. Site-indexed ones are written ``KEY.default`` and
            ``KEY.<site>`` in a parameter set.
        unit: canonical unit of the stored float; "1" for a pure number.
        low, high: closed range outside which a value is refused.
        text: what it is.
        spread: whether a between-patient log-standard deviation may be given (field ``<name>_spread``).
        index: "" for a scalar or "site".
        choices: allowed words of a categorical parameter (stored as their position).
        of_bed: for a site-indexed one, whether vessels have it: a site without a bed of its own takes the value of the
            site whose vessels it has (:func:`diaspore.knowledge.anatomy.vessels_of`) and can be given none.
    """

    key: str
    unit: str
    low: float
    high: float
    text: str
    spread: bool = False
    index: str = ""
    choices: tuple[str, ...] = ()
    of_bed: bool = False

    @property
    def field(self) -> str:
        """Name of the field in the compiled record."""
        return self.key.replace(".", "_")


def record_dtype(definitions: Iterable[Definition], index: str) -> np.dtype:
    """Structured dtype (all float64, aligned) of the definitions with this index."""
    fields: list[tuple[str, str]] = []
    for definition in definitions:
        if definition.index != index:
            continue
        fields.append((definition.field, "f8"))
        if definition.spread:
            fields.append((definition.field + "_spread", "f8"))
    return np.dtype(fields, align=True)
