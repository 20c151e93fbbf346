"""Flow in small networks of vessels by hand, and balances in a large one."""

from __future__ import annotations

import numpy as np

from diaspore.tissue.vessels.flow import Blood, solve_blood, speed, wall_shear
from diaspore.tissue.vessels.graph import Graph
from diaspore.tissue.vessels.rheology import PRIES
from diaspore.validation.registry import Result

PIECES = 7
"""Into how many segments a vessel is cut."""
VESSELS, NODES, SEED = 1_000, 640, 5


def run() -> Result:
    """Fork, bridge, and a random network."""
    result = Result()
    _fork(result)
    _bridge(result)
    _random(result)
    return result


def _vessel(graph: Graph, a: int, b: int, diameter: float, length: float, way: float = 0.0) -> int:
    """A vessel in pieces that is ``length`` long whatever the distance of its ends; returns its first segment.

    It goes out to the side and back, at ``way`` above the line where vessels lie side by side.
    """
    from_, to = graph.place[a].copy(), graph.place[b].copy()
    direct = float(np.sqrt(np.sum((to - from_) ** 2)))
    aside = np.array([0.0, 0.0, 0.5 * np.sqrt(max(length**2 - direct**2, 0.0))]) * (1.0 if way >= 0.0 else -1.0)
    top = 0.5 * (from_ + to) + aside
    before, first = a, graph.segments
    for k in range(1, 2 * PIECES + 1):
        start, end, t = (from_, top, k / PIECES) if k <= PIECES else (top, to, k / PIECES - 1.0)
        here = b if k == 2 * PIECES else graph.add_node(start + t * (end - start))
        graph.add_segment(before, here, diameter)
        before = here
    return first


def _fork(result: Result) -> None:
    graph = Graph()
    ends = [graph.add_node([x, 0.0, 0.0], held) for x, held in ((0.0, 20.0), (200.0, np.nan))]
    ends += [graph.add_node([x, 0.0, 0.0], held) for x, held in ((490.0, np.nan), (690.0, 0.0))]
    inlet = _vessel(graph, ends[0], ends[1], 20.0, 200.0)
    wide = _vessel(graph, ends[1], ends[2], 12.0, 300.0)
    narrow = _vessel(graph, ends[1], ends[2], 8.0, 300.0, -1.0)
    _vessel(graph, ends[2], ends[3], 20.0, 200.0)
    blood = Blood(viscosity=4.0)
    solve_blood(graph, blood)
    shear, flow = wall_shear(graph, blood), np.abs(graph.flow)
    result.add("flow", flow[inlet] * 1e-6)
    result.add("share_wide", flow[wide] / flow[inlet])
    result.add("pressure_after_inlet", graph.pressure[ends[1]])
    result.add("shear_inlet", shear[inlet])
    result.add("shear_wide", shear[wide])
    result.add("shear_narrow", shear[narrow])
    result.add("speed_wide", speed(graph)[wide])


def _bridged(lengths: tuple[float, ...]) -> tuple[Graph, list[int], list[int]]:
    graph = Graph()
    nodes = [graph.add_node([0.0, 0.0, 0.0], 10.0), graph.add_node([50.0, 50.0, 0.0])]
    nodes += [graph.add_node([50.0, -50.0, 0.0]), graph.add_node([100.0, 0.0, 0.0], 0.0)]
    pairs = ((0, 1), (0, 2), (1, 3), (2, 3), (1, 2))
    vessels = [_vessel(graph, nodes[a], nodes[b], 10.0, length) for (a, b), length in zip(pairs, lengths, strict=True)]
    solve_blood(graph, Blood(viscosity=4.0))
    return graph, nodes, vessels


def _bridge(result: Result) -> None:
    graph, nodes, vessels = _bridged((100.0, 200.0, 200.0, 100.0, 200.0))
    result.add("bridge_b", graph.pressure[nodes[1]])
    result.add("bridge_c", graph.pressure[nodes[2]])
    flow = graph.flow
    result.add("bridge_share", flow[vessels[4]] / (flow[vessels[0]] + flow[vessels[1]]))
    graph, _, vessels = _bridged((200.0,) * 5)
    result.add("balanced", abs(graph.flow[vessels[4]]) / (graph.flow[vessels[0]] + graph.flow[vessels[1]]))


def random_network(seed: int = SEED) -> Graph:
    """A thousand vessels between random pairs of nodes, with ten held ends."""
    rng = np.random.default_rng(seed)
    graph = Graph()
    for n in range(NODES):
        graph.add_node(rng.uniform(0.0, 2000.0, 3), float(rng.uniform(0.0, 60.0)) if n < 10 else np.nan)
    for _ in range(VESSELS):
        a, b = rng.choice(NODES, 2, replace=False)
        graph.add_segment(int(a), int(b), float(rng.uniform(5.0, 30.0)))
    return graph


def imbalance(graph: Graph, carried: np.ndarray) -> float:
    """Largest of what enters less what leaves a node that is not held, over the largest carried."""
    net = np.zeros(graph.nodes)
    ends = graph.ends[: graph.segments]
    np.add.at(net, ends[:, 0], -carried)
    np.add.at(net, ends[:, 1], carried)
    free = np.isnan(graph.held[: graph.nodes])
    return float(np.abs(net[free]).max() / np.abs(carried).max())


def _random(result: Result) -> None:
    graph = random_network()
    solve_blood(graph, Blood(law=PRIES, parting=True))
    flow = graph.flow[: graph.segments]
    result.add("kirchhoff", imbalance(graph, flow))
    cells = flow * graph.haematocrit[: graph.segments]
    result.add("red_cells", imbalance(graph, cells))
