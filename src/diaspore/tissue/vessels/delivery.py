"""Exchange through the wall of vessels: what each voxel gets from the segments that cross it.

A piece of wall of length l and radius r gives ``g l (c_blood - c)`` with ``2 pi/g = 1/(r P) + ln(r_e/r)/D``: the
resistance of the wall, and that of the tissue from the wall to the distance r_e at which the level around a line source
is that of its voxel (0.2 of the spacing, as for wells, ``peaceman1978``). The second can be negative, where the vessel
is wider than that, and takes at most half of the first away. A vessel wider than a voxel is drawn by its wall, which
needs no such help.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from diaspore.core.jit import kernel
from diaspore.tissue.vessels.crossing import Crossing
from diaspore.tissue.vessels.graph import BLOOD, LYMPH, Graph

EQUIVALENT = 0.2
"""Distance from a line source at which the level is that of its voxel, over the spacing."""


@dataclass
class Carried:
    """How a substance passes the walls.

    Attributes:
        level: in blood of the usual haematocrit (red cells) or in plasma, in the unit of the substance; may be changed
            during a run, as by an infusion.
        permeability: of a normal wall, um/min.
        by_cells: carried by red cells: what passes, either way, goes with the haematocrit.
        large: share of the permeability that goes with the leakiness of the wall: 0 small, 1 large molecules.
        reflection: share of the substance that the wall holds back from the fluid that passes it.
        lymph: permeability of the wall of lymph vessels, um/min.
        diffusion: in the tissue, um2/min.
    """

    level: float
    permeability: float
    by_cells: bool = False
    large: float = 0.0
    reflection: float = 1.0
    lymph: float = 0.0
    diffusion: float = 0.0


@kernel
def _exchange(
    segment, voxel, length, diameter, kind, perfused, haematocrit, leakiness, filtered, level, permeability, usual,
    large, passes, lymph, diffusion, spacing, sink, source,
):  # fmt: skip
    volume = spacing**3
    for k in range(segment.shape[0]):
        s, v = segment[k], voxel[k]
        if perfused[s] == 0:
            continue
        radius = 0.5 * diameter[s]
        blood = kind[s] == BLOOD
        through = permeability * (1.0 + large * (leakiness[s] - 1.0)) if blood else lymph
        # Red cells that are few give little, but take nothing away: blood without them is soon like the tissue.
        share = haematocrit[s] / usual if blood and usual > 0.0 else 1.0
        given = level if blood else 0.0
        if through > 0.0:
            wall = 1.0 / (radius * through)
            outside = 0.0
            if diffusion > 0.0 and diameter[s] <= spacing:
                outside = math.log(EQUIVALENT * spacing / radius) / diffusion
            rate = share * 2.0 * math.pi * length[k] / (wall + max(outside, -0.5 * wall)) / volume
            sink[v] += rate
            source[v] += rate * given
        if filtered.shape[0] > 0:
            # Fluid takes the substance along: out of blood what the wall lets pass, into lymph as it is.
            flow = filtered[k] / volume
            if not blood:
                sink[v] += max(-flow, 0.0)
            elif flow > 0.0:
                source[v] += flow * passes * share * given
            else:
                sink[v] -= flow * passes


def add_exchange(
    graph: Graph, crossing: Crossing, carried: Carried, usual: float, spacing: float, filtered: np.ndarray,
    sink: np.ndarray, source: np.ndarray,
) -> None:  # fmt: skip
    """Add to the maps of sinks (1/min) and sources (level/min) of a substance, both (nz, ny, nx) and contiguous.

    Args:
        graph, crossing: the vessels.
        carried: the substance.
        usual: haematocrit at which red cells bring the level.
        spacing: of the grid, um.
        filtered: (P,) fluid that leaves every piece, um3/min; of no length where none is reckoned.
    """
    _exchange(
        crossing.segment, crossing.voxel, crossing.length, graph.diameter, graph.kind, graph.perfused,
        graph.haematocrit, graph.leakiness, filtered, carried.level, carried.permeability,
        usual if carried.by_cells else 0.0, carried.large, 1.0 - carried.reflection, carried.lymph, carried.diffusion,
        spacing, sink.reshape(-1), source.reshape(-1),
    )  # fmt: skip


def lengths_by_kind(graph: Graph) -> tuple[float, float, float]:
    """Length of all vessels of blood, of those perfused, and of lymph vessels, um."""
    length, kind = graph.lengths(), graph.kind[: graph.segments]
    blood = kind == BLOOD
    perfused = blood & (graph.perfused[: graph.segments] == 1)
    return float(length[blood].sum()), float(length[perfused].sum()), float(length[kind == LYMPH].sum())
