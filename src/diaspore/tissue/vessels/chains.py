"""The vessels that can carry a flow, and their unbranched runs.

Blind ends carry nothing; so do pieces that touch fewer than two pressures. What is left is cut at its forks into
chains, along which flow and haematocrit are the same: a network of thousands of segments has far fewer unknowns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diaspore.core.jit import kernel


class Chains(NamedTuple):
    """Runs of segments between junctions.

    Attributes:
        junction: (J,) rows of nodes.
        ends: (C, 2) junctions of each chain.
        first: (C + 1,) where its segments begin in ``segment``.
        segment: (M,) rows of segments in the order from its first junction to its second.
        along: (M,) 1 where the segment points that way, else -1.
    """

    junction: np.ndarray
    ends: np.ndarray
    first: np.ndarray
    segment: np.ndarray
    along: np.ndarray


@kernel
def neighbour_lists(ends, nodes, start, other, by):
    """Lists of segments at every node: ``by[start[n]:start[n + 1]]`` leading to ``other``."""
    for n in range(nodes + 2):
        start[n] = 0
    for s in range(ends.shape[0]):
        start[ends[s, 0] + 2] += 1
        start[ends[s, 1] + 2] += 1
    for n in range(nodes):
        start[n + 2] += start[n + 1]
    for s in range(ends.shape[0]):
        for side in range(2):
            n = ends[s, side]
            k = start[n + 1]
            by[k], other[k] = s, ends[s, 1 - side]
            start[n + 1] += 1


@kernel
def _peel(ends, start, other, by, held, alive, degree, stack):
    """Take away blind ends, one segment after the other, until none is left."""
    top = 0
    for n in range(degree.shape[0]):
        degree[n] = 0
    for s in range(ends.shape[0]):
        if alive[s]:
            degree[ends[s, 0]] += 1
            degree[ends[s, 1]] += 1
    for n in range(degree.shape[0]):
        if degree[n] == 1 and not held[n]:
            stack[top] = n
            top += 1
    while top > 0:
        top -= 1
        n = stack[top]
        if degree[n] != 1:
            continue
        for k in range(start[n], start[n + 1]):
            if alive[by[k]]:
                alive[by[k]] = False
                degree[n] -= 1
                m = other[k]
                degree[m] -= 1
                if degree[m] == 1 and not held[m]:
                    stack[top] = m
                    top += 1


@kernel
def _pieces(start, other, by, alive, held, piece, stack):
    """Number the connected pieces; returns how many pressures are held in each, up to two."""
    nodes = piece.shape[0]
    found = np.zeros(nodes, dtype=np.int64)
    number = 0
    for n in range(nodes):
        piece[n] = -1
    for root in range(nodes):
        if piece[root] >= 0:
            continue
        top = 1
        stack[0] = root
        piece[root] = number
        while top > 0:
            top -= 1
            n = stack[top]
            found[number] += 1 if held[n] else 0
            for k in range(start[n], start[n + 1]):
                m = other[k]
                if alive[by[k]] and piece[m] < 0:
                    piece[m] = number
                    stack[top] = m
                    top += 1
        number += 1
    return found


@kernel
def _walk(ends, start, other, by, alive, degree, held, number, used, chain_ends, first, segment, along):
    """Follow every chain from junction to junction; returns how many there are."""
    chains = 0
    filled = 0
    for n in range(degree.shape[0]):
        if number[n] < 0:
            continue
        for k in range(start[n], start[n + 1]):
            s = by[k]
            if not alive[s] or used[s]:
                continue
            chain_ends[chains, 0] = number[n]
            first[chains] = filled
            here, at = n, k
            while True:
                s = by[at]
                used[s] = True
                segment[filled] = s
                along[filled] = 1 if ends[s, 0] == here else -1
                filled += 1
                here = other[at]
                if number[here] >= 0:
                    break
                for j in range(start[here], start[here + 1]):
                    if alive[by[j]] and not used[by[j]]:
                        at = j
                        break
            chain_ends[chains, 1] = number[here]
            chains += 1
    first[chains] = filled
    return chains


def find_chains(ends: np.ndarray, nodes: int, held: np.ndarray, usable: np.ndarray) -> Chains:
    """Chains of the segments that can carry a flow.

    Args:
        ends: (S, 2) nodes of each segment.
        nodes: how many nodes there are.
        held: (nodes,) whether a pressure is held there.
        usable: (S,) segments to look at, such as those of blood.
    """
    ends = np.ascontiguousarray(ends)
    start = np.zeros(nodes + 2, dtype=np.int64)
    other, by = np.zeros((2, 2 * len(ends)), dtype=np.int64)
    neighbour_lists(ends, nodes, start, other, by)
    alive = usable & (ends[:, 0] != ends[:, 1])
    degree = np.zeros(nodes, dtype=np.int64)
    stack = np.zeros(2 * len(ends) + nodes + 1, dtype=np.int64)
    _peel(ends, start, other, by, held, alive, degree, stack)
    piece = np.empty(nodes, dtype=np.int64)
    found = _pieces(start, other, by, alive, held, piece, stack)
    alive &= found[piece[ends[:, 0]]] >= 2
    degree = np.bincount(ends[alive].ravel(), minlength=nodes)
    junction = np.flatnonzero((degree > 0) & ((degree != 2) | held))
    number = np.full(nodes, -1, dtype=np.int64)
    number[junction] = np.arange(len(junction))
    many = int(alive.sum())
    chain_ends = np.empty((many, 2), dtype=np.int64)
    first = np.zeros(many + 1, dtype=np.int64)
    segment, along = np.empty((2, many), dtype=np.int64)
    used = np.zeros(len(ends), dtype=np.bool_)
    chains = _walk(ends, start, other, by, alive, degree, held, number, used, chain_ends, first, segment, along)
    filled = first[chains]
    return Chains(junction, chain_ends[:chains], first[: chains + 1], segment[:filled], along[:filled])
