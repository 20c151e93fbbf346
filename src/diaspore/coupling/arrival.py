"""Cells that the body brings to a niche, as cells that come into its tissue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.coupling.departures import Departures
from diaspore.coupling.kernels.transit import ARRIVED
from diaspore.coupling.transit import Transit
from diaspore.tissue.spec import TissueSpec

STATES = (0.0, 0.5, 1.0)
"""Epithelial-mesenchymal state of the three phenotypes."""


def with_arrivals(
    niche: TissueSpec, left: Departures, transit: Transit, types: Sequence[str], clustered: str | None = None
) -> TissueSpec:
    """The niche with the cells that arrived, in place of tumour cells that it has of its own.

    Each comes at the step of phenotypes in which the body brought it, single or in its cluster, lodged in a blood
    vessel, as a cell of the first of ``types``, or of ``clustered`` in a cluster; its phenotype where its type has one.
    The niche's clock begins with that of the primary tissue.

    Raises:
        InputError: cells arrive after the niche's run has ended.
    """
    data = niche.model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)
    for field in ("cells", "recruitment"):
        data[field] = [one for one in data.get(field, []) if one["type"] not in types]
    step = niche.steps.phenotype
    arrived = np.flatnonzero(transit.fate == ARRIVED)
    first = arrived[left.identity[arrived] == left.cluster[arrived]]
    minutes = np.floor(transit.day[first] * 1440.0 / step) * step
    if len(minutes) and minutes.max() >= niche.duration:
        raise InputError(
            f"cells still arrive after {minutes.max() / 1440.0:.3g} days", field="niche.tissue.duration",
            allowed="a longer run of the niche",
        )  # fmt: skip
    groups: dict[tuple[float, int, int], int] = {}
    for row, minute in zip(first, minutes, strict=True):
        size = int(left.size[row])
        plastic = niche.cell_types[_type_of(size, types, clustered)].plasticity is not None
        key = (float(minute), size, int(left.phenotype[row]) if plastic else -1)
        groups[key] = groups.get(key, 0) + int(left.size[row])
    for (minute, size, phenotype), cells in sorted(groups.items()):
        entry: dict[str, Any] = {
            "type": _type_of(size, types, clustered), "through": "blood", "lodged": True, "number": cells,
            "cluster": size, "start": f"{minute:g} min",
        }  # fmt: skip
        if phenotype >= 0:
            entry["state"] = STATES[phenotype]
        data["recruitment"].append(entry)
    found: TissueSpec = validate(TissueSpec, data)
    return found


def _type_of(size: int, types: Sequence[str], clustered: str | None) -> str:
    return types[0] if size == 1 or clustered is None else clustered
