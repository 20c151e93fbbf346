"""What becomes of vessels: pericytes cover them, walls turn leaky or normal, widths adapt, and some go.

Growth factor keeps walls leaky and pericytes away; where it is neutralised walls become normal (``jain2005``). A vessel
that is no host of the start goes when too little has flowed for too long, or when it is immature and the growth factor
is gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from diaspore.core.rng import uniform_column
from diaspore.tissue.vessels.graph import BLOOD, Graph
from diaspore.tissue.vessels.streams import S_REGRESSION


@dataclass(frozen=True)
class Remodelling:
    """Rates of change.

    Attributes:
        half: growth factor at which walls are half as leaky as they get.
        leakiest: leakiness of an immature wall at ample growth factor, 1 a normal one.
        leak_time: in which leakiness changes, min.
        maturing: time in which pericytes cover a perfused vessel without growth factor, min.
        least_shear: Pa, below which a vessel weakens.
        idle: time with less before it goes, min.
        survival: growth factor below which an immature vessel starves.
        mature: share covered by pericytes from which a vessel needs no growth factor.
        starving: time it survives without, min.
        regression: rate at which it goes afterwards, 1/min.
        adapting: rate of change of the diameter, 1/min for a tenfold shear; 0 for none.
        usual_shear: Pa, at which the diameter stays.
        narrowest, widest: limits of the diameter, um.
    """

    half: float
    leakiest: float
    leak_time: float
    maturing: float
    least_shear: float
    idle: float
    survival: float
    mature: float
    starving: float
    regression: float
    adapting: float
    usual_shear: float
    narrowest: float
    widest: float


def mature(graph: Graph, kind: int, rules: Remodelling, level: np.ndarray, minutes: float) -> None:
    """Pericytes and leakiness of vessels of a kind after some minutes at ``level`` (S,) of the growth factor."""
    mine = graph.kind[: graph.segments] == kind
    taken = level / (rules.half + level)
    flows = graph.perfused[: graph.segments] == 1
    covered = np.where(flows, 1.0 - taken, 0.0)
    leaky = 1.0 + (rules.leakiest - 1.0) * taken * (1.0 - graph.maturity[: graph.segments])
    for column, target, time in (
        (graph.leakiness, leaky, rules.leak_time), (graph.maturity, covered, rules.maturing)
    ):  # fmt: skip
        now = column[: graph.segments]
        now[mine] += ((target - now) * -math.expm1(-minutes / time))[mine]


def prune(
    graph: Graph, kind: int, rules: Remodelling, level: np.ndarray, shear: np.ndarray, minutes: float, seed: int,
    tick: int,
) -> int:  # fmt: skip
    """Take away what flows too little for too long, and what starves; returns how many segments went.

    Sprouts that still have their tip are left alone for want of flow, since they cannot have any.
    """
    count = graph.segments
    mine = graph.kind[:count] == kind
    growing = np.isin(graph.sprout[:count], graph.tip_sprout[: graph.tips]) & (graph.sprout[:count] != 0)
    starves = mine & (level < rules.survival) & (graph.maturity[:count] < rules.mature)
    graph.starved[:count] = np.where(
        starves, graph.starved[:count] + minutes, np.where(mine, 0.0, graph.starved[:count])
    )
    gone = mine & (graph.starved[:count] > rules.starving)
    draw = uniform_column(np.uint64(seed), graph.identity[:count].copy(), S_REGRESSION, tick)
    gone &= draw < -math.expm1(-rules.regression * minutes)
    if kind == BLOOD:
        idle = mine & ((graph.perfused[:count] == 0) | (shear < rules.least_shear)) & ~growing
        graph.weak[:count] = np.where(idle, graph.weak[:count] + minutes, np.where(mine, 0.0, graph.weak[:count]))
        gone |= mine & (graph.weak[:count] > rules.idle)
    gone &= graph.host[:count] == 0
    if not gone.any():
        return 0
    graph.remove_segments(gone)
    left = graph.segments
    graph.remove_segments(_adrift(graph, kind))
    return int(gone.sum()) + left - graph.segments


def _adrift(graph: Graph, kind: int) -> np.ndarray:
    """Vessels of a kind (a mask) that are joined neither to a host nor to a held end."""
    count, nodes = graph.segments, graph.nodes
    mine = graph.kind[:count] == kind
    ends = graph.ends[:count][mine]
    joined = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    piece = connected_components(joined, directed=False)[1]
    kept = np.zeros(nodes, dtype=bool)
    kept[piece[np.isfinite(graph.held[:nodes])]] = True
    kept[piece[graph.ends[:count][mine & (graph.host[:count] == 1)].ravel()]] = True
    result = mine.copy()
    result[mine] = ~kept[piece[ends[:, 0]]]
    return result


def adapt(graph: Graph, rules: Remodelling, shear: np.ndarray, minutes: float) -> None:
    """Widen vessels with much shear and narrow those with little."""
    if rules.adapting == 0.0:
        return
    count = graph.segments
    mine = (graph.kind[:count] == BLOOD) & (graph.perfused[:count] == 1) & (shear > 0.0)
    tension = np.log10(np.where(mine, shear, rules.usual_shear) / rules.usual_shear)
    wider = graph.diameter[:count] * np.exp(rules.adapting * minutes * tension)
    wider = np.clip(wider, rules.narrowest, rules.widest)
    graph.diameter[:count][mine] = wider[mine]
