"""Many trajectories of one network: probabilities over time, combinations of nodes, and where they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from diaspore.core.parallel import ordered_map
from diaspore.networks.boolean.compile import CompiledNetwork, Variants, compile_network, compile_variants, pack, unpack
from diaspore.networks.boolean.copies import LAWS, PART, Draws, Tallies, advance_copies
from diaspore.networks.boolean.spec import BooleanNetworkSpec, ChangeSpec
from diaspore.networks.boolean.start import random_start
from diaspore.networks.kernels.advance import SCALE
from diaspore.networks.kernels.program import AGAINST, TOGGLE, enabled_rows

START_STREAM, PHASE_STREAM = 400, 410
"""Numbers of the random streams: the start, and the phases between changes of treatment."""

_MAX_PARTS = 64


@dataclass
class Tally:
    """Counts of an ensemble, in whole numbers, so that parts of it may be added in any order.

    Attributes:
        trajectories: how many.
        flips: how many, of all.
        fixed: trajectories that nothing moves any more at the end.
        nodes: time on, ``[windows + 1, nodes]`` (differences from window to window).
        codes: the same of combinations of the outputs, ``[windows + 1, codes]``.
        ends: states at the end: packed state -> number of trajectories.
    """

    trajectories: int
    flips: int
    fixed: int
    nodes: np.ndarray
    codes: np.ndarray
    ends: dict[tuple[int, ...], int]

    def add(self, other: Tally) -> None:
        """Count another part in."""
        self.trajectories += other.trajectories
        self.flips += other.flips
        self.fixed += other.fixed
        self.nodes += other.nodes
        self.codes += other.codes
        for state, count in other.ends.items():
            self.ends[state] = self.ends.get(state, 0) + count


@dataclass(frozen=True)
class Phase:
    """A time without changes of treatment."""

    begin: float
    end: float


class Ensemble:
    """A network with its mutations and treatments, ready to be run.

    Args:
        spec: what to run.
    """

    def __init__(self, spec: BooleanNetworkSpec) -> None:
        self.spec = spec
        self.network: CompiledNetwork = compile_network(spec)
        self.phases = _phases(spec)
        mutations = {name: (one,) for name, one in spec.mutations.items()}
        drugs = [_given(spec, phase) for phase in self.phases]
        self.variants: Variants = compile_variants(self.network, [mutations] * len(self.phases), drugs)
        self.code_bit = np.zeros(len(spec.nodes), dtype=np.int64)
        for k, name in enumerate(spec.outputs):
            self.code_bit[self.network.index[name]] = 1 << k

    def run(self, seed: int, first: int, count: int, threads: int = 1) -> Tally:
        """Run the trajectories ``first`` to ``first + count - 1``; the same bits for any number of threads."""
        size = max(PART, -(-count // _MAX_PARTS))
        starts = range(first, first + count, size)
        parts = ordered_map(lambda a: self._part(seed, a, min(size, first + count - a)), starts, threads)
        total = next(parts)
        for part in parts:
            total.add(part)
        return total

    def start(self, seed: int, first: int, count: int) -> np.ndarray:
        """States at the start, packed ``[words, trajectories]``."""
        entity = np.arange(first, first + count, dtype=np.uint64)
        states = random_start(self.spec, self.network, seed, entity, START_STREAM)
        self.variants.fix(states, np.zeros(count, dtype=np.int32))
        return states

    def _part(self, seed: int, first: int, count: int) -> Tally:
        spec = self.spec
        states = self.start(seed, first, count)
        codes = 1 << len(spec.outputs)
        tally = Tally(
            count, 0, 0, np.zeros((spec.windows + 1, len(spec.nodes)), dtype=np.int64),
            np.zeros((spec.windows + 1, codes), dtype=np.int64), {},
        )  # fmt: skip
        if spec.updating == "synchronous":
            self._synchronous(states, tally)
        else:
            entity = np.arange(first, first + count, dtype=np.uint64)
            counted_too = Tallies(tally.nodes, tally.codes, self.code_bit)
            for number, phase in enumerate(self.phases):
                tally.flips += advance_copies(
                    self.network, self.variants, states, np.full(count, number, dtype=np.int16), entity,
                    Draws(seed, PHASE_STREAM + number), phase.begin, self._until(number), law=LAWS[spec.updating],
                    tick=spec.window, tallies=counted_too,
                )  # fmt: skip
            self._cut_off(states, tally)
        tally.ends = counted(states)
        ends = np.array(list(tally.ends), dtype=np.uint64).T
        tally.fixed = int(np.array(list(tally.ends.values()))[self.is_fixed(ends)].sum())
        return tally

    def _until(self, number: int) -> float:
        """When a phase ends; the flip of the tick at which treatments change still belongs to the phase before."""
        end = self.phases[number].end
        if self.spec.updating != "discrete":
            return end
        return end + (0.5 if number + 1 < len(self.phases) else -1e-6) * self.spec.window

    def _cut_off(self, states: np.ndarray, tally: Tally) -> None:
        """Take back what was counted of the last window after the end of the run."""
        after = int((self.spec.windows - self.spec.duration / self.spec.window) * SCALE)
        if after > 0:
            bits = unpack(states, len(self.network.names))
            tally.nodes[-2] -= after * bits.sum(axis=0, dtype=np.int64)
            tally.codes[-2] -= after * np.bincount(bits @ self.code_bit, minlength=tally.codes.shape[1])

    def _synchronous(self, states: np.ndarray, tally: Tally) -> None:
        """Every node follows its rule in every step."""
        rows = self.network.program.row_node
        allowed = self.variants.allowed[0][:, None]
        whole = int(SCALE)
        steps, window = int(round(self.spec.duration)), int(round(self.spec.window))
        totals = np.zeros((tally.nodes.shape[0], tally.nodes.shape[1]), dtype=np.int64)
        code_totals = np.zeros_like(tally.codes)
        for step in range(steps):
            bits = unpack(states, len(self.network.names))
            k = step // window
            totals[k] += bits.sum(axis=0, dtype=np.int64)
            code_totals[k] += np.bincount(bits @ self.code_bit, minlength=tally.codes.shape[1])
            flips = unpack(enabled_rows(self.network.program, states) & allowed, len(rows))
            bits[:, rows] ^= flips
            tally.flips += int(flips.sum())
            states[:] = pack(bits)
        for counts, into in ((totals, tally.nodes), (code_totals, tally.codes)):
            into += np.diff(counts // window * whole + counts % window * whole // window, axis=0, prepend=0)

    def leaving(self, states: np.ndarray, phase: int = 0) -> np.ndarray:
        """The rows by which each of the packed states can be left, ``[row words, states]``: enabled, with a rate."""
        rows = enabled_rows(self.network.program, states) & self.variants.allowed[phase][:, None]
        up, down = self.variants.up[phase] > 0.0, self.variants.down[phase] > 0.0
        # Of the rows that can flip a node both ways, some may have a rate for one of them only.
        for r in np.flatnonzero((up != down) & np.isin(self.network.program.row_kind, (TOGGLE, AGAINST))):
            node = int(self.network.program.row_node[r])
            on = (states[node >> 6] >> np.uint64(node & 63)) & np.uint64(1)
            without = on if up[r] else on ^ np.uint64(1)
            rows[r >> 6] &= ~(without << np.uint64(r & 63))
        return rows

    def is_fixed(self, states: np.ndarray) -> np.ndarray:
        """Which of the packed states nothing leaves, after the last change of treatment."""
        return ~np.any(self.leaving(states, -1), axis=0)


def counted(states: np.ndarray) -> dict[tuple[int, ...], int]:
    """How often each packed state occurs in ``[words, copies]``."""
    if states.shape[0] == 1:  # sorting plain numbers is several times faster than sorting columns
        found, counts = np.unique(states[0], return_counts=True)
        found = found[None, :]
    else:
        found, counts = np.unique(states, axis=1, return_counts=True)
    return {tuple(map(int, state)): int(n) for state, n in zip(found.T, counts, strict=True)}


def probabilities(tally: np.ndarray, trajectories: int, widths: np.ndarray) -> np.ndarray:
    """Mean share of time of each column in each window, ``[windows, columns]``; `widths` are shares of a window."""
    return np.asarray(np.cumsum(tally[:-1], axis=0) / (trajectories * SCALE * widths[:, None]))


def _phases(spec: BooleanNetworkSpec) -> list[Phase]:
    ends = {one.start for one in spec.treatments} | {one.stop for one in spec.treatments if one.stop is not None}
    inner = sorted(time for time in ends if 0.0 < time < spec.duration)
    edges = [0.0, *inner, spec.duration]
    return [Phase(a, b) for a, b in pairwise(edges)]


def _given(spec: BooleanNetworkSpec, phase: Phase) -> Mapping[str, tuple[ChangeSpec, ...]]:
    found: dict[str, tuple[ChangeSpec, ...]] = {}
    for one in spec.treatments:
        if one.start <= phase.begin and (one.stop is None or one.stop >= phase.end):
            found[one.node] = (*found.get(one.node, ()), one)
    return found
