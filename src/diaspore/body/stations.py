"""Lymph-node stations of a primary by its body site."""

from __future__ import annotations

from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import Station, nodal_stations

# The site of a primary and the cancer whose lymph-node stations it uses, where the names differ.
STATIONS_OF = {"lung": "nsclc", "bowel": "colorectal", "skin": "melanoma"}


def stations_of(site: str) -> tuple[Station, ...]:
    """Lymph-node stations that drain a primary at ``site``; none for a site without known ones.

    Every station stands before the one that it drains into, otherwise in the order in which lymph reaches them.
    """
    try:
        left = sorted(nodal_stations(STATIONS_OF.get(site, site)), key=lambda s: s.order)
    except InputError:
        return ()
    ordered: list[Station] = []
    while left:
        fed = {name for station in left for name in station.onward}
        ready = next((station for station in left if station.name not in fed), left[0])
        ordered.append(ready)
        left.remove(ready)
    return tuple(ordered)
