"""Lymph-node stations of a primary by its body site."""

from __future__ import annotations

from diaspore.core.errors import InputError
from diaspore.knowledge.anatomy import Station, nodal_stations

# The site of a primary and the cancer whose lymph-node stations it uses, where the names differ.
STATIONS_OF = {"lung": "nsclc", "bowel": "colorectal", "skin": "melanoma"}


def stations_of(site: str) -> tuple[Station, ...]:
    """Lymph-node stations that drain a primary at ``site``, in order; none for a site without known ones."""
    try:
        return tuple(sorted(nodal_stations(STATIONS_OF.get(site, site)), key=lambda s: s.order))
    except InputError:
        return ()
