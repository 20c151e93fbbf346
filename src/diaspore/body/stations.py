"""Lymph-node stations of a primary by its body site."""

from __future__ import annotations

from dataclasses import replace

from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import Station, nodal_stations

# The site of a primary and the cancer whose lymph-node stations it uses, where the names differ.
STATIONS_OF = {"lung": "nsclc", "bowel": "colorectal", "skin": "melanoma"}


def stations_of(site: str) -> tuple[Station, ...]:
    """Lymph-node stations that drain a primary at ``site``; none for a site without known ones.

    A path without nodes is no station: its lymph goes to the station that it drains into (in-transit vessels of the
    skin), or straight to the thoracic duct (of the kidney), as does what the shares of all stations leave over. Every
    station stands before the one that it drains into, otherwise in the order in which lymph reaches them.
    """
    try:
        known = nodal_stations(STATIONS_OF.get(site, site))
    except InputError:
        return ()
    passed: dict[str, float] = {}
    for path in (s for s in known if s.nodes == 0):
        passed[path.onward[0]] = passed.get(path.onward[0], 0.0) + path.share
    real = [replace(s, share=s.share + passed.get(s.name, 0.0)) for s in known if s.nodes > 0]
    left = sorted(real, key=lambda s: s.order)
    ordered: list[Station] = []
    while left:
        fed = {name for station in left for name in station.onward}
        ready = next((station for station in left if station.name not in fed), left[0])
        ordered.append(ready)
        left.remove(ready)
    return tuple(ordered)
