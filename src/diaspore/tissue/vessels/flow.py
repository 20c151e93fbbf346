"""Flow of blood: the law of Poiseuille in every segment, that of Kirchhoff at every node.

Flow, viscosity and the way red cells part depend on each other and are found by turns, half-way from the old
haematocrit to the new one; red cells are handed on from the flows of the last turn, so that they are conserved at every
node whether or not the turns have settled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from diaspore.core.jit import kernel
from diaspore.tissue.vessels.chains import Chains, find_chains, neighbour_lists
from diaspore.tissue.vessels.graph import BLOOD, LYMPH, Graph
from diaspore.tissue.vessels.rheology import CONSTANT, DENSEST, share_of_cells, viscosities

PASCAL = 133.322368
"""Of a mmHg."""
PER_MIN = PASCAL * 60.0 * 1e3
"""mmHg over mPa s in 1/min."""
MOST_TURNS = 20
SETTLED = 1e-5
"""Change of red-cell flow in a turn, over the largest flow, below which flow is settled."""
LEAST_SHARE = 0.1
"""Least share of the way to the new haematocrit that a turn goes."""


@dataclass(frozen=True)
class Blood:
    """What flows.

    Attributes:
        law: of viscosity, `rheology.CONSTANT` or `rheology.PRIES`.
        viscosity: where constant, mPa s.
        plasma: viscosity of plasma, mPa s.
        haematocrit: of what comes in.
        parting: whether red cells part unevenly where a vessel forks.
        slowest: speed, um/min, below which a vessel does not count as perfused.
        turns: most turns between flow and haematocrit.
    """

    law: int = CONSTANT
    viscosity: float = 4.0
    plasma: float = 1.2
    haematocrit: float = 0.45
    parting: bool = False
    slowest: float = 0.0
    turns: int = MOST_TURNS


@dataclass(frozen=True)
class Settled:
    """How the turns ended: their number, and the last change of red-cell flow over the largest flow."""

    turns: int = 0
    change: float = 0.0


def kirchhoff(
    count: int, ends: np.ndarray, conductance: np.ndarray, held: np.ndarray, brought: np.ndarray | None = None
) -> np.ndarray:
    """Pressures (count,) at which what enters every node also leaves it.

    Args:
        count: number of nodes; each must be joined to a held one.
        ends: (E, 2) nodes of the edges.
        conductance: (E,) of the edges, above 0.
        held: (count,) pressures where they are held, else not a number.
        brought: (count,) what is brought to nodes from outside, in conductance times pressure.
    """
    pressure = held.copy()
    free = np.flatnonzero(np.isnan(held))
    if len(free) == 0:
        return pressure
    number = np.full(count, -1, dtype=np.int64)
    number[free] = np.arange(len(free))
    a, b = number[ends[:, 0]], number[ends[:, 1]]
    right = np.zeros(len(free)) if brought is None else brought[free].astype(float)
    diagonal = np.zeros(len(free))
    for here, there, far in ((a, b, ends[:, 1]), (b, a, ends[:, 0])):
        mine = here >= 0
        diagonal += np.bincount(here[mine], weights=conductance[mine], minlength=len(free))
        fixed = mine & (there < 0)
        right += np.bincount(here[fixed], weights=conductance[fixed] * held[far[fixed]], minlength=len(free))
    both = (a >= 0) & (b >= 0)
    rows = np.concatenate([np.arange(len(free)), a[both], b[both]])
    columns = np.concatenate([np.arange(len(free)), b[both], a[both]])
    values = np.concatenate([diagonal, -conductance[both], -conductance[both]])
    matrix = csc_matrix((values, (rows, columns)), shape=(len(free), len(free)))
    solver = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    x = solver.solve(right)
    x += solver.solve(right - matrix @ x)  # once more for the last digits
    pressure[free] = x
    return pressure


@kernel
def _chain_sums(first, segment, value, out):
    """Sum over the segments of every chain."""
    for c in range(first.shape[0] - 1):
        total = 0.0
        for k in range(first[c], first[c + 1]):
            total += value[segment[k]]
        out[c] = total


@kernel
def _hand_on(order, start, by, ends, flow, wide, inlet, parting, haematocrit):
    """Red cells from junction to junction, downstream: haematocrit of every chain.

    ``wide`` (C, 2) is the diameter of a chain at either end. Where more than two vessels leave, the first is parted
    from the rest, which together have their area, and so on.
    """
    out = np.empty(64, dtype=np.int64)
    for n in order:
        cells, volume, mother = 0.0, 0.0, 0.0
        leaving = 0
        for k in range(start[n], start[n + 1]):
            c = by[k]
            side = 0 if ends[c, 0] == n else 1
            q = flow[c] if side == 0 else -flow[c]
            if q < 0.0:
                cells -= q * haematocrit[c]
                volume -= q
                mother -= q * wide[c, side]
            elif q > 0.0 and leaving < 64:
                out[leaving] = c
                leaving += 1
        if leaving == 0:
            continue
        brought = 0.0
        for j in range(leaving):
            brought += abs(flow[out[j]])
        if volume == 0.0:  # where blood comes in
            for j in range(leaving):
                haematocrit[out[j]] = inlet
            continue
        # At a held end that more leaves than came, the rest comes from outside; what comes too much goes there.
        total = cells if brought <= volume else cells + (brought - volume) * inlet
        if brought < volume * (1.0 - 1e-9):
            total = cells * brought / volume
        mean, mother = total / brought, mother / volume
        if not parting or leaving == 1:
            for j in range(leaving):
                haematocrit[out[j]] = mean
            continue
        rest = brought
        for j in range(leaving - 1):
            c = out[j]
            q = abs(flow[c])
            area = 0.0
            for i in range(j + 1, leaving):
                d = out[i]
                area += wide[d, 0 if ends[d, 0] == n else 1] ** 2
            left = rest - q
            own = wide[c, 0 if ends[c, 0] == n else 1]
            taken = total * share_of_cells(q / rest, mother, own, math.sqrt(area), min(total / rest, DENSEST))
            taken = min(taken, DENSEST * q)
            if total - taken > DENSEST * left:
                taken = total - DENSEST * left
            haematocrit[c] = taken / q
            total -= taken
            rest = left
        c = out[leaving - 1]
        haematocrit[c] = total / abs(flow[c])


def _downstream(pressure: np.ndarray) -> np.ndarray:
    return np.argsort(-pressure, kind="stable")


def solve_blood(graph: Graph, blood: Blood) -> Settled:
    """Find pressure, flow, haematocrit and what is perfused in all vessels of blood."""
    count, nodes = graph.segments, graph.nodes
    ends = graph.ends[:count]
    mine = graph.kind[:count] == BLOOD
    held = graph.held[:nodes]
    touched = np.zeros(nodes, dtype=bool)
    touched[ends[mine].ravel()] = True
    graph.pressure[:nodes][touched] = np.nan
    graph.flow[:count][mine] = 0.0
    graph.perfused[:count][mine] = 0
    chains = find_chains(ends, nodes, np.isfinite(held), mine)
    if len(chains.ends) == 0:
        graph.haematocrit[:count][mine] = 0.0
        return Settled()
    length, diameter = graph.lengths(), graph.diameter[:count]
    haematocrit = graph.thickness[chains.segment[chains.first[:-1]]].copy()
    haematocrit[haematocrit <= 0.0] = blood.haematocrit
    turns = 1 if blood.law == CONSTANT else blood.turns
    pressure, flow, change, share = np.empty(0), np.empty(0), np.inf, 0.5
    resistance, spread = np.zeros((2, count))
    for turn in range(1, turns + 1):
        spread[chains.segment] = np.repeat(haematocrit, np.diff(chains.first))
        resistance = _resistances(blood, length, diameter, spread)
        pressure, flow = _flows(chains, resistance, held)
        found = _parted(chains, pressure, flow, diameter, blood, haematocrit)
        before, most = change, np.abs(flow).max()
        change = float(np.max(np.abs((found - haematocrit) * flow)) / most) if most > 0.0 else 0.0
        if turn == turns or change < SETTLED:
            haematocrit = found
            break
        share = max(0.7 * share, LEAST_SHARE) if change > 0.9 * before else share
        haematocrit = haematocrit + share * (found - haematocrit)
    graph.haematocrit[:count][mine] = 0.0
    graph.thickness[chains.segment] = spread[chains.segment]
    _write(graph, chains, pressure, flow, haematocrit, resistance, blood.slowest)
    return Settled(turn, change)


def _resistances(blood: Blood, length: np.ndarray, diameter: np.ndarray, haematocrit: np.ndarray) -> np.ndarray:
    """mmHg min/um3 of every segment."""
    mu = np.empty(len(diameter))
    viscosities(blood.law, blood.viscosity, blood.plasma, diameter, haematocrit, mu)
    return 128.0 * mu * np.maximum(length, 1e-6) / (np.pi * diameter**4 * PER_MIN)


def _flows(chains: Chains, resistance: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = np.empty(len(chains.ends))
    _chain_sums(chains.first, chains.segment, resistance, total)
    conductance = 1.0 / total
    pressure = kirchhoff(len(chains.junction), chains.ends, conductance, held[chains.junction])
    return pressure, conductance * (pressure[chains.ends[:, 0]] - pressure[chains.ends[:, 1]])


def _parted(
    chains: Chains, pressure: np.ndarray, flow: np.ndarray, diameter: np.ndarray, blood: Blood, before: np.ndarray
) -> np.ndarray:
    """Haematocrit of every chain for these flows."""
    count = len(chains.junction)
    start = np.zeros(count + 2, dtype=np.int64)
    other, by = np.zeros((2, 2 * len(chains.ends)), dtype=np.int64)
    neighbour_lists(chains.ends, count, start, other, by)
    last = chains.segment[chains.first[1:] - 1]
    wide = np.column_stack([diameter[chains.segment[chains.first[:-1]]], diameter[last]])
    haematocrit = before.copy()
    _hand_on(_downstream(pressure), start, by, chains.ends, flow, wide, blood.haematocrit, blood.parting, haematocrit)
    return haematocrit


def _write(
    graph: Graph, chains: Chains, pressure: np.ndarray, flow: np.ndarray, haematocrit: np.ndarray,
    resistance: np.ndarray, slowest: float,
) -> None:  # fmt: skip
    """Spread what was found for chains over their segments and nodes."""
    graph.pressure[chains.junction] = pressure
    many = np.diff(chains.first)
    row, along = chains.segment, chains.along
    graph.flow[row] = np.repeat(flow, many) * along
    graph.haematocrit[row] = np.repeat(haematocrit, many)
    rate = np.repeat(np.abs(flow), many)
    graph.perfused[row] = rate > np.maximum(slowest * 0.25 * np.pi * graph.diameter[row] ** 2, 1e-12 * rate.max())
    drop = np.repeat(flow, many) * resistance[row]
    whole = np.cumsum(drop)
    within = whole - np.repeat(whole[chains.first[:-1]] - drop[chains.first[:-1]], many)
    ahead = np.where(along > 0, graph.ends[row, 1], graph.ends[row, 0])
    inner = np.ones(len(row), dtype=bool)
    inner[chains.first[1:] - 1] = False
    begin = np.repeat(pressure[chains.ends[:, 0]], many)
    graph.pressure[ahead[inner]] = (begin - within)[inner]


def solve_lymph(graph: Graph, drained: np.ndarray, viscosity: float) -> None:
    """Flow of lymph towards the held ends, when every segment takes up ``drained`` (S,) um3/min at its middle.

    Vessels that reach no held end drain nothing; what was drained for them must be 0 (see `reaches_outlet`).
    """
    count, nodes = graph.segments, graph.nodes
    mine = reaches_outlet(graph)
    lymph = graph.kind[:count] == LYMPH
    graph.flow[:count][lymph] = 0.0
    graph.perfused[:count][lymph] = 0
    if not mine.any():
        return
    ends = graph.ends[:count][mine]
    used, numbers = np.unique(ends, return_inverse=True)
    edges = numbers.reshape(ends.shape)
    blood = Blood(viscosity=viscosity)
    zeros = np.zeros(int(mine.sum()))
    conductance = 1.0 / _resistances(blood, graph.lengths()[mine], graph.diameter[:count][mine], zeros)
    brought = np.zeros(len(used))
    np.add.at(brought, edges, 0.5 * drained[mine][:, None])
    pressure = kirchhoff(len(used), edges, conductance, graph.held[:nodes][used], brought)
    graph.pressure[used] = pressure
    graph.flow[np.flatnonzero(mine)] = conductance * (pressure[edges[:, 0]] - pressure[edges[:, 1]])
    graph.perfused[np.flatnonzero(mine)] = 1


def reaches_outlet(graph: Graph) -> np.ndarray:
    """Lymph vessels (a mask of segments) that are joined to a held end."""
    count, nodes = graph.segments, graph.nodes
    lymph = graph.kind[:count] == LYMPH
    if not lymph.any():
        return lymph
    ends = graph.ends[:count][lymph]
    joined = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    piece = connected_components(joined, directed=False)[1]
    open_ = np.zeros(piece.max() + 1, dtype=bool)
    open_[piece[np.isfinite(graph.held[:nodes])]] = True
    result = lymph.copy()
    result[lymph] = open_[piece[ends[:, 0]]]
    return result


def wall_shear(graph: Graph, blood: Blood) -> np.ndarray:
    """Shear stress at the wall of every segment, Pa."""
    count = graph.segments
    mu = np.empty(count)
    diameter = graph.diameter[:count]
    viscosities(blood.law, blood.viscosity, blood.plasma, diameter, graph.haematocrit[:count], mu)
    return 32.0 * mu * 1e-3 * np.abs(graph.flow[:count]) / (60.0 * np.pi * diameter**3)


def speed(graph: Graph) -> np.ndarray:
    """Mean speed in every segment, mm/s."""
    count = graph.segments
    return np.abs(graph.flow[:count]) / (0.25 * np.pi * graph.diameter[:count] ** 2) / 60.0e3
