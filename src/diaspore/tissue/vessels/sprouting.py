"""Sprouts: where they begin, how they branch, what they leave behind, and whom they meet.

The same code serves blood vessels with VEGF-A and lymph vessels with VEGF-C. Everything is done in the order of rows
and draws are keyed by identity and step, so that the bits depend on nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from diaspore.core.jit import kernel
from diaspore.core.rng import uniform2
from diaspore.tissue.vessels.crossing import make_bins, nearest
from diaspore.tissue.vessels.graph import BLOOD, Graph
from diaspore.tissue.vessels.streams import S_BRANCH, S_INHIBITION, S_SPROUT, S_TURN
from diaspore.tissue.vessels.tips import SUBSTEPS, Motion, levels, move_tips

NEAR_END = 0.15
"""Share of a segment's length from its end within which a tip joins the node there instead of a new one."""


@dataclass(frozen=True)
class Sprouting:
    """How one kind of vessel sprouts.

    Attributes:
        kind: `graph.BLOOD` or `graph.LYMPH`.
        substance: number of the growth factor.
        matrix: number of the still substance that tips hold on to, -1 for none.
        threshold: level below which nothing sprouts or branches.
        half: level of half the effect.
        power: steepness of the effect, of Hill's form.
        rate: of sprouting, 1/(um min), at ample growth factor.
        branching: rate of a tip, 1/min, at ample growth factor.
        branching_age: min before a tip branches, and between two branchings.
        angle: between a branch and its mother, radians.
        parting: way that a new branch goes straight, um.
        notch: 0 to 1, how surely a tip suppresses others within ``reach``.
        reach: of the suppression and of the stalk cells that tips share, um.
        fusing: distance at which a tip joins what it meets, um.
        alone: distance from where it began or branched that a tip must have before it joins anything, um.
        diameter: of a new vessel, um; tips that share stalk cells share its cross-section.
        narrowest: least diameter, um.
        leakiness: of the wall of a new vessel.
        piece: length of a finished segment, um.
        motion: of tips.
    """

    kind: int
    substance: int
    matrix: int
    threshold: float
    half: float
    power: float
    rate: float
    branching: float
    branching_age: float
    angle: float
    parting: float
    notch: float
    reach: float
    fusing: float
    alone: float
    diameter: float
    narrowest: float
    leakiness: float
    piece: float
    motion: Motion


@dataclass(frozen=True)
class Surroundings:
    """What tips sense and where they may go: growth factor and matrix (nz, ny, nx), geometry, the draw's keys."""

    factor: np.ndarray
    matrix: np.ndarray | None
    origin: np.ndarray
    spacing: float
    low: np.ndarray
    high: np.ndarray
    seed: int
    tick: int
    minutes: float

    @property
    def flat(self) -> bool:
        """Whether there is one layer of voxels only."""
        return self.factor.shape[0] == 1


@dataclass(frozen=True)
class Happened:
    """What happened in a step: places (n, 3) where sprouts began, tips branched and tips joined something."""

    begun: np.ndarray
    branched: np.ndarray
    joined: np.ndarray


@kernel
def _draws(seed, identities, process, tick, out):
    for i in range(identities.shape[0]):
        out[i, 0], out[i, 1] = uniform2(seed, identities[i], process, tick)


@kernel
def _count_within(places, others, reach, many):
    for i in range(places.shape[0]):
        for j in range(others.shape[0]):
            square = 0.0
            for axis in range(3):
                square += (places[i, axis] - others[j, axis]) ** 2
            many[i] += 1 if square <= reach * reach else 0


def _uniform(around: Surroundings, identities: np.ndarray, process: int) -> np.ndarray:
    out = np.empty((len(identities), 2))
    _draws(np.uint64(around.seed), np.ascontiguousarray(identities), process, around.tick, out)
    return out


def sprout(graph: Graph, way: Sprouting, around: Surroundings, factor: np.ndarray | None = None) -> Happened:
    """A step: tips move, join, branch; new ones begin. ``factor`` (S,) multiplies the rate of each segment."""
    _move(graph, way, around)
    joined = _join(graph, way)
    branched = _branch(graph, way, around)
    begun = _begin(graph, way, around, factor)
    mine = graph.tip_kind[: graph.tips] == way.kind
    graph.tip_age[: graph.tips][mine] += around.minutes
    graph.tip_since[: graph.tips][mine] += around.minutes
    return Happened(begun, branched, joined)


def _effect(way: Sprouting, level: np.ndarray) -> np.ndarray:
    raised = (level / way.half) ** way.power
    return np.where(level > way.threshold, raised / (1.0 + raised), 0.0)


def _places_of(graph: Graph, kind: int) -> np.ndarray:
    return graph.place[graph.tip_node[: graph.tips][graph.tip_kind[: graph.tips] == kind]]


def _crowd(places: np.ndarray, others: np.ndarray, reach: float) -> np.ndarray:
    """How many of ``others`` are within reach of each place."""
    many = np.zeros(len(places), dtype=np.int64)
    _count_within(np.ascontiguousarray(places), np.ascontiguousarray(others), reach, many)
    return many


def substeps_for(way: Sprouting, around: Surroundings) -> int:
    """Substeps in which the fastest tip goes less than a quarter of a voxel."""
    fastest = way.motion.fastest
    if not math.isfinite(fastest):
        return 8
    return int(min(max(math.ceil(4.0 * fastest * around.minutes / around.spacing), 1), SUBSTEPS))


def _move(graph: Graph, way: Sprouting, around: Surroundings) -> None:
    rows = np.flatnonzero(graph.tip_kind[: graph.tips] == way.kind)
    if len(rows) == 0:
        return
    nodes = graph.tip_node[rows]
    places, leaving, headings = graph.place[nodes], graph.tip_leaving[rows], graph.tip_heading[rows]
    matrix = around.factor if around.matrix is None else around.matrix
    move_tips(
        places, graph.tip_from[rows], leaving, headings, graph.tip_identity[rows], around.factor, matrix,
        around.matrix is not None, around.origin, around.spacing, around.low, around.high, way.motion, around.minutes,
        substeps_for(way, around), np.uint64(around.seed), around.tick,
    )  # fmt: skip
    graph.place[nodes], graph.tip_leaving[rows], graph.tip_heading[rows] = places, leaving, headings
    graph.changes += 1
    drawn = graph.place[graph.ends[graph.tip_segment[rows]]]
    long = np.sum((drawn[:, 1] - drawn[:, 0]) ** 2, axis=1) >= way.piece**2
    shared = _crowd(places, places, way.reach)  # a tip is within reach of itself
    for row, many in zip(rows[long], shared[long], strict=True):
        _continue_from(graph, way, int(row), int(graph.tip_node[row]), int(many))


def _continue_from(graph: Graph, way: Sprouting, tip: int, node: int, sharing: int) -> None:
    """Let a tip draw out a new segment from ``node``, where it stands."""
    new = graph.add_node(graph.place[node])
    diameter = max(way.diameter / math.sqrt(max(sharing, 1)), way.narrowest)
    segment = graph.add_segment(
        node, new, diameter, way.kind, leakiness=way.leakiness, maturity=0.0, sprout=graph.tip_sprout[tip]
    )
    graph.tip_node[tip], graph.tip_segment[tip] = new, segment


def _new_tip(
    graph: Graph, way: Sprouting, node: int, heading: np.ndarray, sharing: int, sprout: int | np.uint64 = 0
) -> int:
    tip = graph.add_tip(node, -1, way.kind, heading, sprout)
    _continue_from(graph, way, tip, node, sharing)
    return tip


def _join(graph: Graph, way: Sprouting) -> np.ndarray:
    """Tips that are near a vessel or another tip of their kind join it and stop.

    Those of one sprout leave each other alone until blood flows in it: a loop at a blind end would lead nowhere.
    """
    far = np.sum((graph.place[graph.tip_node[: graph.tips]] - graph.tip_from[: graph.tips]) ** 2, axis=1)
    ready = (graph.tip_kind[: graph.tips] == way.kind) & (far > way.alone**2)
    if not ready.any():
        return np.empty((0, 3))
    rows = np.flatnonzero(ready)
    same = graph.kind[: graph.segments] == way.kind
    bins = make_bins(graph, way.fusing, same)
    found, distance, where = np.empty(len(rows), np.int64), np.empty(len(rows)), np.empty(len(rows))
    nearest(
        graph.place[graph.tip_node[rows]], graph.tip_sprout[rows], way.fusing, graph.place, graph.ends,
        graph.sprout, graph.perfused, bins, found, distance, where,
    )  # fmt: skip
    joined, done = [], set()
    for row, segment in zip(rows[found >= 0], found[found >= 0], strict=True):
        if int(row) in done:
            continue
        here = graph.place[graph.tip_node[row]].copy()
        target = _target(graph, int(segment), here)
        if target == graph.tip_node[row] or (graph.ends[graph.tip_segment[row]] == target).any():
            continue
        done.update(np.flatnonzero(graph.tip_node[: graph.tips] == target).tolist())  # two tips that meet both stop
        segment_end = graph.ends[graph.tip_segment[row]]
        segment_end[segment_end == graph.tip_node[row]] = target
        done.add(int(row))
        joined.append(here)
    if joined:
        graph.remove_tips(sorted(done))
        graph.drop_lone_nodes()
        graph.changes += 1
    return np.array(joined).reshape(-1, 3)


def _target(graph: Graph, segment: int, point: np.ndarray) -> int:
    """Node at which a tip joins a segment: one of its ends, or a new one; it may have been split meanwhile."""
    a, b = graph.ends[segment]
    d = graph.place[b] - graph.place[a]
    size = float(d @ d)
    t = min(max(float((point - graph.place[a]) @ d) / size, 0.0), 1.0) if size > 0.0 else 0.0
    if t < NEAR_END:
        return int(a)
    if t > 1.0 - NEAR_END:
        return int(b)
    return graph.split(segment, t)


def _turned(heading: np.ndarray, angle: float, draw: np.ndarray, flat: bool) -> np.ndarray:
    """A direction at an angle to ``heading``, to either side in a plane, anywhere around it in space."""
    if flat:
        side = angle if draw[0] < 0.5 else -angle
        c, s = math.cos(side), math.sin(side)
        return np.array([c * heading[0] - s * heading[1], s * heading[0] + c * heading[1], 0.0])
    least = np.zeros(3)
    least[int(np.argmin(np.abs(heading)))] = 1.0
    p = least - (least @ heading) * heading
    p /= np.sqrt(p @ p)
    q = np.cross(heading, p)
    around = 2.0 * math.pi * draw[0]
    return math.cos(angle) * heading + math.sin(angle) * (math.cos(around) * p + math.sin(around) * q)


def _branch(graph: Graph, way: Sprouting, around: Surroundings) -> np.ndarray:
    """Tips that are old enough part in two, more often the more growth factor there is."""
    mine = graph.tip_kind[: graph.tips] == way.kind
    rows = np.flatnonzero(mine & (graph.tip_since[: graph.tips] >= way.branching_age))
    rows = rows[np.sum(graph.tip_heading[rows] ** 2, axis=1) > 0.0]
    if len(rows) == 0 or way.branching == 0.0:
        return np.empty((0, 3))
    places = graph.place[graph.tip_node[rows]]
    rate = way.branching * _effect(way, levels(around.factor, around.origin, around.spacing, places))
    identities = graph.tip_identity[rows]
    draw = _uniform(around, identities, S_BRANCH)
    turn = _uniform(around, identities, S_TURN)
    happened = []
    for i, row in enumerate(rows):
        if draw[i, 0] >= -math.expm1(-rate[i] * around.minutes):
            continue
        crowd = int(_crowd(places[i : i + 1], _places_of(graph, way.kind), way.reach)[0]) - 1
        if crowd > 0 and draw[i, 1] < way.notch:
            continue
        node = int(graph.tip_node[row])
        heading = _turned(graph.tip_heading[row], way.angle, turn[i], around.flat)
        _continue_from(graph, way, int(row), node, crowd + 2)
        tip = _new_tip(graph, way, node, heading, crowd + 2, graph.tip_sprout[row])
        graph.tip_leaving[tip] = way.parting
        graph.tip_since[row] = 0.0
        graph.tip_from[row] = places[i]
        happened.append(places[i])
    return np.array(happened).reshape(-1, 3)


def _begin(graph: Graph, way: Sprouting, around: Surroundings, factor: np.ndarray | None) -> np.ndarray:
    """New tips on vessels that flow (lymph vessels: all), the strongest growth factor first."""
    count = graph.segments
    may = graph.kind[:count] == way.kind
    if way.kind == BLOOD:
        may = may & (graph.perfused[:count] == 1)
    rows = np.flatnonzero(may)
    if len(rows) == 0 or way.rate == 0.0:
        return np.empty((0, 3))
    places = graph.middles()[rows]
    level = levels(around.factor, around.origin, around.spacing, places)
    length = graph.lengths()[rows]
    rate = way.rate * _effect(way, level) * length
    if factor is not None:
        rate = rate * factor[rows]
    draw = _uniform(around, graph.identity[rows], S_SPROUT)[:, 0]
    wins = np.flatnonzero(draw < -np.expm1(-rate * around.minutes))
    wins = wins[np.argsort(-level[wins], kind="stable")]
    held_back = _uniform(around, graph.identity[rows[wins]], S_INHIBITION)[:, 0]
    happened = []
    for i, chance in zip(wins, held_back, strict=True):
        crowd = int(_crowd(places[i : i + 1], _places_of(graph, way.kind), way.reach)[0])
        if crowd > 0 and chance < way.notch:
            continue
        short = length[i] < 0.5 * way.piece
        node = int(graph.ends[rows[i], 0]) if short else graph.split(int(rows[i]), 0.5)
        _new_tip(graph, way, node, np.zeros(3), crowd + 1)
        happened.append(places[i])
    return np.array(happened).reshape(-1, 3)
