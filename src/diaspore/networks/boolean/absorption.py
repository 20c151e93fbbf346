"""Exact probabilities of where a network ends: the jump chain on all states that can be reached.

Only for networks whose reachable states can be listed (millions). Rates enter through the probability of each flip; the
time between flips does not matter for where the chain ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from diaspore.core.errors import InputError
from diaspore.core.jit import kernel
from diaspore.networks.boolean.compile import unpack
from diaspore.networks.boolean.ensemble import Ensemble
from diaspore.networks.boolean.spec import BooleanNetworkSpec

MAX_STATES = 4_000_000
_TOLERANCE = 1e-14
_SWEEPS = 1000  # of a component of states before it is solved as linear equations
_DIRECT = 5000  # states of a component that can be
_MAX_SWEEPS = 100_000
_MAX_WORK = 20_000_000_000  # flips that are followed before what is still on its way is given up


@dataclass(frozen=True)
class Absorption:
    """Where a network ends.

    Attributes:
        names: nodes, in the order of the columns of `states`.
        states: one state of each attractor, 0 and 1, ``[attractors, nodes]``.
        sizes: number of states of each attractor; 1 is a fixed point.
        probability: of ending there, from the start of the spec.
        reachable: number of states that can be reached.
        remainder: probability that was still on its way when the iteration stopped.
    """

    names: tuple[str, ...]
    states: np.ndarray
    sizes: np.ndarray
    probability: np.ndarray
    reachable: int
    remainder: float

    def of(self, **nodes: int) -> float:
        """Probability of ending in a fixed point where the named nodes are on (1) or off (0)."""
        chosen = self.sizes == 1
        for name, state in nodes.items():
            chosen = chosen & (self.states[:, self.names.index(name)] == state)
        return float(self.probability[chosen].sum())


def absorption(spec: BooleanNetworkSpec, *, max_states: int = MAX_STATES) -> Absorption:
    """Exact probabilities of the attractors that a network reaches.

    Args:
        spec: continuous or discrete updating; its treatments must last for the whole time.
        max_states: give up above so many reachable states.

    Raises:
        InputError: more states can be reached, updating is synchronous, or treatments change with time.
    """
    if spec.updating == "synchronous":
        raise InputError("is synchronous: a chain of single flips has no meaning", field="updating")
    ensemble = Ensemble(spec)
    if len(ensemble.phases) > 1 or ensemble.network.words > 1:
        what = "treatments that change with time" if len(ensemble.phases) > 1 else f"{len(spec.nodes)} nodes"
        raise InputError(f"has {what}", allowed="treatments of the whole time, and at most 64 nodes")
    starts, weights = _starts(spec, ensemble, max_states)
    states, rows = _reachable(ensemble, starts, max_states)
    chain = _jump_chain(ensemble, states, rows)
    mass = np.zeros(len(states))
    mass[np.searchsorted(states, starts)] = weights
    return _solve(ensemble, states, chain, mass)


def _starts(spec: BooleanNetworkSpec, ensemble: Ensemble, max_states: int) -> tuple[np.ndarray, np.ndarray]:
    """All states at the start, sorted, and their probabilities."""
    index = ensemble.network.index
    states, weights = np.zeros(1, dtype=np.uint64), np.ones(1)
    joint = {name for one in spec.initial.joint for name in one.nodes}
    fixed = (ensemble.variants.on[0, 0] | ensemble.variants.off[0, 0]).item()

    def spread(options: list[tuple[int, float]]) -> None:
        nonlocal states, weights
        if len(states) * len(options) > max_states:
            raise InputError(f"has more than {max_states:,} states at the start", field="initial")
        states = np.concatenate([states | np.uint64(bits) for bits, _ in options])
        weights = np.concatenate([weights * chance for _, chance in options])

    for name, i in index.items():
        if name not in joint and not fixed >> i & 1:
            chance = spec.initial.on.get(name, spec.initial.default)
            spread([(bits, p) for bits, p in ((0, 1.0 - chance), (1 << i, chance)) if p > 0.0])
    for one in spec.initial.joint:
        total = sum(one.states.values())
        options = []
        for key, weight in one.states.items():
            bits = sum(1 << index[name] for name, digit in zip(one.nodes, key, strict=True) if digit == "1")
            options.append((bits, weight / total))
        spread([(bits, p) for bits, p in options if p > 0.0])
    packed = states[None, :].copy()
    ensemble.variants.fix(packed, np.zeros(packed.shape[1], dtype=np.int32))
    found, where = np.unique(packed[0], return_inverse=True)
    return found, np.bincount(where, weights)


def _reachable(ensemble: Ensemble, starts: np.ndarray, max_states: int) -> tuple[np.ndarray, np.ndarray]:
    """All states that can be reached, sorted, and their enabled rows ``[row words, states]``."""
    bit = np.uint64(1) << ensemble.network.program.row_node.astype(np.uint64)
    known, frontier = starts, starts
    while len(frontier):
        rows = ensemble.leaving(frontier[None, :])
        flips = unpack(rows, len(bit)).astype(bool)
        nexts = [frontier[flips[:, r]] ^ bit[r] for r in range(len(bit))]
        found = _distinct(np.concatenate(nexts)) if nexts else frontier[:0]
        frontier = found[~_contains(known, found)]
        known = np.sort(np.concatenate([known, frontier]), kind="stable")
        if len(known) > max_states:
            raise InputError(
                f"reaches more than {max_states:,} states", allowed="a smaller network, or a start that is more narrow"
            )
    return known, ensemble.leaving(known[None, :])


def _distinct(values: np.ndarray) -> np.ndarray:
    """Sorted, each once; `np.unique` takes five times as long for so many whole numbers."""
    values = np.sort(values)
    return values[np.concatenate([[True], values[1:] != values[:-1]])] if len(values) else values


def _contains(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[place] == wanted)


def _jump_chain(ensemble: Ensemble, states: np.ndarray, rows: np.ndarray) -> sp.csr_array:
    """Probability of each flip, from state to state; rows of fixed points are empty."""
    program = ensemble.network.program
    up, down = ensemble.variants.up[0], ensemble.variants.down[0]
    flips = unpack(rows, len(up)).astype(bool)
    nothing = np.zeros(0, dtype=np.int64)  # a network of inputs has no rows
    source, target, rate = [nothing], [nothing], [np.zeros(0)]
    for r, node in enumerate(program.row_node):
        here = np.flatnonzero(flips[:, r])
        bit = np.uint64(1) << np.uint64(node)
        on = (states[here] & bit) != 0
        source.append(here)
        target.append(np.searchsorted(states, states[here] ^ bit))
        rate.append(np.where(on, down[r], up[r]))
    shape = (len(states), len(states))
    chain = sp.coo_array((np.concatenate(rate), (np.concatenate(source), np.concatenate(target))), shape).tocsr()
    chain.eliminate_zeros()
    total = chain.sum(axis=1)
    chain.data /= np.repeat(np.where(total > 0.0, total, 1.0), np.diff(chain.indptr))
    return chain


def _solve(ensemble: Ensemble, states: np.ndarray, chain: sp.csr_array, mass: np.ndarray) -> Absorption:
    """Let the probability flow down the chain, attractor by attractor.

    States from which each can be reached from the other (strong components) are passed in the order of the flow. Within
    one, mass is moved on from state to state until what remains is negligible; where that takes too long, the visits of
    all states are solved as linear equations. A component that nothing leaves is an attractor.
    """
    count, component = sp.csgraph.connected_components(chain, directed=True, connection="strong")
    ends = np.ones(count, dtype=bool)
    source = np.repeat(np.arange(len(states)), np.diff(chain.indptr))
    leaves = component[source] != component[chain.indices]
    ends[component[source[leaves]]] = False
    order = _flow_order(component, count, source[leaves], chain.indices[leaves])
    members = np.argsort(order[component], kind="stable")
    sizes = np.bincount(component, minlength=count)
    first = np.concatenate([[0], np.cumsum(sizes[np.argsort(order)])])
    ended = ends[np.argsort(order)]
    start, target = chain.indptr.astype(np.int64), chain.indices.astype(np.int64)
    remainder, c = 0.0, 0
    while c < count:
        c = int(_flow(start, target, chain.data, members, first, ended, mass, _TOLERANCE, _SWEEPS, c))
        if c < count:
            inside = members[first[c] : first[c + 1]]
            if len(inside) <= _DIRECT:
                _pass_on(chain, inside, mass)
            else:
                edges = max(1, int((start[inside + 1] - start[inside]).sum()))
                sweeps = min(_MAX_SWEEPS, max(_SWEEPS, _MAX_WORK // edges))
                _flow(start, target, chain.data, members, first[c : c + 2], ended[c:], mass, _TOLERANCE, sweeps, 0)
                remainder += float(mass[inside].sum())
            c += 1
    attractors = np.flatnonzero(ends)
    total = np.bincount(component, mass, minlength=count)
    a_state = np.zeros(count, dtype=np.int64)
    a_state[component[::-1]] = np.arange(len(states))[::-1]
    kept = attractors[total[attractors] > 0.0]
    kept = kept[np.argsort(-total[kept], kind="stable")]
    bits = unpack(states[a_state[kept]][None, :], len(ensemble.network.names))
    return Absorption(ensemble.network.names, bits, sizes[kept], total[kept], len(states), float(remainder))


def _pass_on(chain: sp.csr_array, inside: np.ndarray, mass: np.ndarray) -> None:
    """Move the mass of a component to the states that it leaves for, however seldom it does."""
    rows = chain[inside]
    within = rows[:, inside]
    visits = sp.linalg.spsolve((sp.eye_array(len(inside)) - within.T).tocsc(), mass[inside])
    total = mass[inside].sum()
    mass[inside] = 0.0
    leaving = rows.T @ np.maximum(visits, 0.0)
    leaving[inside] = 0.0
    mass += leaving * (total / leaving.sum())  # rounding grows with the number of visits


def _flow_order(component: np.ndarray, count: int, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A number for each component so that every transition leads to a higher one."""
    pairs = np.unique(np.stack([component[source], component[target]]), axis=1)
    graph = sp.csr_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), (count, count))
    return np.asarray(_topological(graph.indptr.astype(np.int64), graph.indices.astype(np.int64)))


@kernel
def _topological(start: np.ndarray, target: np.ndarray) -> np.ndarray:
    count = start.shape[0] - 1
    entering = np.zeros(count, dtype=np.int64)
    for edge in range(target.shape[0]):
        entering[target[edge]] += 1
    queue = np.empty(count, dtype=np.int64)
    ahead, order = 0, np.empty(count, dtype=np.int64)
    for one in range(count):
        if entering[one] == 0:
            queue[ahead] = one
            ahead += 1
    done = 0
    while done < ahead:
        one = queue[done]
        order[one] = done
        done += 1
        for edge in range(start[one], start[one + 1]):
            entering[target[edge]] -= 1
            if entering[target[edge]] == 0:
                queue[ahead] = target[edge]
                ahead += 1
    return order


@kernel
def _flow(
    start: np.ndarray, target: np.ndarray, chance: np.ndarray, members: np.ndarray, first: np.ndarray,
    ends: np.ndarray, mass: np.ndarray, tolerance: float, max_sweeps: int, one: int,
) -> int:  # fmt: skip
    """Move ``mass`` along from the component ``one`` on; it stays in components that are ``ends``.

    Returns the first component that has mass left after so many sweeps, or the number of components.
    """
    for c in range(one, first.shape[0] - 1):
        if ends[c]:
            continue
        begin, end = first[c], first[c + 1]
        left = 0.0
        for _ in range(1 if end == begin + 1 else max_sweeps):
            left = 0.0
            for k in range(begin, end):
                state = members[k]
                moving = mass[state]
                mass[state] = 0.0
                for edge in range(start[state], start[state + 1]):
                    mass[target[edge]] += moving * chance[edge]
            if end > begin + 1:
                for k in range(begin, end):
                    left += mass[members[k]]
            if left <= tolerance:
                break
        if left > tolerance:
            return c
    return first.shape[0] - 1
