"""The structure of vessels: growth, splitting, removal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from diaspore.tissue.vessels.graph import Graph


def chain(many: int = 100) -> Graph:
    graph = Graph(7)
    nodes = [graph.add_node([10.0 * k, 0.0, 0.0]) for k in range(many + 1)]
    for a, b in pairwise(nodes):
        graph.add_segment(a, b, 8.0)
    return graph


def test_arrays_grow_and_identities_differ() -> None:
    graph = chain(500)
    everyone = np.concatenate([graph.identity[:500], graph.node_identity[:501]])
    assert len(np.unique(everyone)) == 1001
    assert (graph.lengths() == 10.0).all()


def test_a_split_keeps_length_and_numbers() -> None:
    graph = chain(3)
    graph.flow[1], graph.pressure[1], graph.pressure[2] = 5.0, 20.0, 10.0
    node = graph.split(1, 0.25)
    assert graph.segments == 4
    assert graph.pressure[node] == 17.5
    assert graph.flow[3] == 5.0
    np.testing.assert_allclose(graph.lengths(), [10.0, 2.5, 10.0, 7.5])
    assert graph.identity[3] not in graph.identity[:3]


def test_removal_keeps_identities_and_takes_tips_and_lone_nodes_along() -> None:
    graph = chain(6)
    graph.add_tip(6, 5, 0, np.zeros(3))
    graph.add_tip(2, 1, 0, np.zeros(3))
    names, places = graph.identity[:6].copy(), graph.place[graph.ends[:6]].copy()
    gone = np.zeros(6, dtype=bool)
    gone[[2, 5]] = True
    graph.remove_segments(gone)
    assert graph.segments == 4
    assert graph.nodes == 6  # the far end lost its only segment
    np.testing.assert_array_equal(graph.identity[:4], names[~gone])
    np.testing.assert_array_equal(graph.place[graph.ends[:4]], places[~gone])
    assert graph.tips == 1
    assert (graph.ends[graph.tip_segment[0]] == graph.tip_node[0]).any()


def test_a_tip_keeps_its_own_end_when_its_segment_is_split() -> None:
    graph = chain(2)
    graph.add_tip(2, 1, 0, np.zeros(3))
    graph.split(1, 0.5)
    assert graph.tip_segment[0] == 2
    assert graph.ends[2, 1] == 2


def test_state_comes_back() -> None:
    graph = chain(20)
    graph.add_tip(20, 19, 0, np.ones(3))
    other = Graph()
    other.put_state(graph.state())
    for name, values in graph.state().items():
        np.testing.assert_array_equal(other.state()[name], values)
    assert other.new_identity() != 0
