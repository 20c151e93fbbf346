"""What looks wrong with a slide, in words."""

from __future__ import annotations

from collections.abc import Sequence

from diaspore.ctc.images.calling import Caller
from diaspore.ctc.images.measuring import Tile
from diaspore.ctc.images.relative import ENOUGH

MOST = 0.5
FEW_NUCLEI = 20


def remarks(caller: Caller, tiles: Sequence[Tile], nuclei: int) -> list[str]:
    """Swapped channels, too few leukocytes, overexposed fields, no nuclei."""
    found = []
    one = caller.reference
    if nuclei == 0:
        found.append("no nuclei were found: is the channel of DNA the right one?")
    elif nuclei >= FEW_NUCLEI and one.cd45_share < MOST and one.keratin_share > MOST:
        found.append(
            f"cytokeratin without CD45 on {one.keratin_share:.0%} of the nuclei, CD45 on {one.cd45_share:.0%}: in "
            "blood most nuclei are leukocytes, so these channels may be swapped"
        )
    elif nuclei >= FEW_NUCLEI and one.cd45_share < MOST:
        found.append(f"CD45 is on {one.cd45_share:.0%} of the nuclei only: in blood most nuclei are leukocytes")
    if not one.enough and nuclei:
        what = "; gates against leukocytes call nothing" if caller.gates.relative else ""
        found.append(f"{one.count} leukocytes were found, {ENOUGH} are needed to say how sure a call is{what}")
    for name in tiles[0].names:
        over = sum(name in tile.saturated for tile in tiles)
        if over:
            found.append(
                f"{name} is overexposed in {over} of {len(tiles)} fields: how bright cells are there is not known"
            )
    if caller.gates.bits is not None and caller.top != 2.0**caller.gates.bits - 1.0:
        found.append(
            f"the gates {caller.gates.name} are in counts of {caller.gates.bits} bits, the images go up to "
            f"{caller.top:g}; counts were scaled by the ratio, which is right only for the same exposure (bits in a "
            "map of channels says what the camera gives)"
        )
    return found
