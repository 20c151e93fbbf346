"""Networks of molecules in cells: what they sense, how they run, and the signals that they give to rules.

Every cell carries the packed state of each network (a bit for a node, a float for a species), which its daughters
inherit. At every interval the inputs are set from what the cell senses, the network is advanced for that time, and its
signals are read. A Boolean network forgets: to stop it and to go on is exact while the inputs are constant.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.messages import NodeLever
from diaspore.core.spec import validate
from diaspore.core.team import run_team
from diaspore.core.units import parse_quantity
from diaspore.networks.boolean.compile import (
    CompiledNetwork,
    Variants,
    check_inputs,
    compile_network,
    compile_variants,
    partly,
)
from diaspore.networks.boolean.copies import Draws, Drives, advance_copies
from diaspore.networks.boolean.spec import BooleanNetworkSpec, ChangeSpec
from diaspore.networks.boolean.start import random_start
from diaspore.tissue.kernels.networks import division_keys, read_nodes, set_nodes
from diaspore.tissue.processes.streams import S_NETWORK, S_NETWORK_START
from diaspore.tissue.signals import CARRIED, Signal, signal_number
from diaspore.tissue.spec_network import AVERAGE, CellNetworkSpec, NetworkInputSpec
from diaspore.tissue.state import APOPTOTIC, Cells

_LATE = 1e-6  # minutes that a treatment may seem late by, because times are sums of steps


@dataclass(frozen=True)
class Sense:
    """What an input takes from the surroundings."""

    target: str  # node or parameter
    signal: int
    levels: tuple[float, float]  # on and off; half_max and power; at and value
    rates: tuple[float, float] | None = None  # up and down, 1 per unit of the network's time
    reversed: bool = False


class CellNetwork(ABC):
    """One network in the cells of a tissue.

    Args:
        name: in the tissue.
        number: among the networks of the tissue; random numbers depend on it.
        spec: what the file says.
        types: cell types of the tissue, by number.
        senses: signals of the tissue, by number.
        rows: of the column `CARRIED` -> the signal that this network writes there.
        clones: of the tissue, by number; the first is that without further mutations.
    """

    def __init__(
        self, name: str, number: int, spec: CellNetworkSpec, types: Sequence[str], senses: Sequence[Signal],
        rows: Mapping[int, str], clones: Sequence[str],
    ) -> None:  # fmt: skip
        self.name, self.number, self.spec = name, number, spec
        field = f"networks.{name}"
        chosen = list(types) if spec.types is None else list(spec.types)
        self.of_type = np.array([one in chosen for one in types])
        self.column = f"network_{name}"
        self.inputs = [_sense(one, k, field, senses, spec.hours) for k, one in enumerate(spec.inputs)]
        self.wanted = np.array([one.signal for one in self.inputs], dtype=np.int64)
        self.rows = np.array(list(rows), dtype=np.int64)
        prefix = len(name) + 1
        self.read = [signal[prefix:].removesuffix(AVERAGE) for signal in rows.values()]
        every = spec.interval
        self.share = np.array(
            [1.0 - math.exp(-every / spec.averages[n]) if s.endswith(AVERAGE) else 1.0
             for s, n in zip(rows.values(), self.read, strict=True)]
        )  # fmt: skip
        self.clones = tuple(clones)
        self.turn = 0

    @property
    def shown(self) -> list[str]:
        """Nodes or species that tables and pictures show: the outputs of the network, else what rules read."""
        boolean = self.spec.boolean
        outputs = list(boolean.outputs) if boolean is not None else []
        return outputs or list(dict.fromkeys(self.read))

    @abstractmethod
    def columns(self, room: int) -> dict[str, np.ndarray]:
        """Columns that the cells need, with room for so many."""

    @abstractmethod
    def begin(self, cells: Cells, seed: int) -> None:
        """Give every cell its state at the start."""

    def active(self, cells: Cells) -> np.ndarray:
        """Which cells run it: those of its types that live."""
        n = cells.count
        return np.asarray(self.of_type[cells.kind[:n]] & (cells.phase[:n] < APOPTOTIC))

    @abstractmethod
    def step(self, cells: Cells, sensed: np.ndarray, minutes: float, seed: int, members: int) -> None:
        """Advance by one interval, which ends at ``minutes``; ``sensed`` ``[inputs, cells]`` are the signals wanted."""

    def divided(self, cells: Cells, mothers: np.ndarray, first: int, seed: int) -> None:  # noqa: B027 - by default nothing
        """After `mothers` (rows) had daughters, in the rows from ``first`` on, which inherited everything."""

    @abstractmethod
    def nodes(self, cells: Cells, names: Sequence[str]) -> np.ndarray:
        """Values of nodes or species of all cells, ``[names, cells]``."""


class BooleanCellNetwork(CellNetwork):
    """A Boolean network in cells: one bit for a node."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        network = self.spec.network
        assert isinstance(network, BooleanNetworkSpec)
        self.network_spec = network
        self.thresholds = [one for one in self.inputs if one.rates is None]
        self.driven = [one for one in self.inputs if one.rates is not None]
        self._threshold_rows = [k for k, one in enumerate(self.inputs) if one.rates is None]
        self._levers: list[tuple[str, ChangeSpec, tuple[str, ...] | None]] = []
        mutations = dict(network.mutations) | dict(self.spec.mutations)
        self._changes = [mutations | self.spec.clones.get(clone, {}) for clone in self.clones]
        self._compile()

    def concerns(self, lever: NodeLever) -> bool:
        """Whether a lever is about this network."""
        return lever.network in (None, self.name) and lever.node in self.network_spec.nodes

    def pull(self, levers: Sequence[NodeLever]) -> None:
        """Put levers that concern this network in force, in place of those before.

        Raises:
            InputError: an unknown clone, a lever that says nothing, or one on a node that it cannot change.
        """
        made = []
        for lever in levers:
            for clone in lever.clones or ():
                if clone not in self.clones:
                    raise InputError(
                        f"{shown(clone)} is no clone of the network {self.name}", allowed=self.clones[1:] or "(none)",
                        nearest=nearest_name(clone, self.clones),
                    )  # fmt: skip
            data = {"gain": lever.gain, "loss": lever.loss, "up": lever.up, "down": lever.down}
            made.append((lever.node, validate(ChangeSpec, data), lever.clones))
        before, self._levers = self._levers, made
        try:
            self._compile()
        except InputError:
            self._levers = before
            raise

    def _drugs(self, minutes: float) -> list[tuple[str, ChangeSpec, tuple[str, ...] | None]]:
        given = [
            (one.node, ChangeSpec(gain=one.gain, loss=one.loss, up=one.up, down=one.down), None)
            for one in self.spec.treatments
            if one.start <= minutes + _LATE and (one.stop is None or minutes + _LATE < one.stop)
        ]
        return given + self._levers

    def _compile(self) -> None:
        """Rules with all changes that there will ever be, so that none is refused when its time has come."""
        network = self.network_spec
        mutations = [pair for changes in self._changes for pair in changes.items()]
        drugs = [(one.node, one) for one in self.spec.treatments] + [(node, one) for node, one, _ in self._levers]
        try:
            check_inputs(network, mutations, drugs)
            self.network: CompiledNetwork = compile_network(
                network, partial=partly(mutations, drugs), driven=[one.target for one in self.driven]
            )
        except InputError as error:
            raise error.located(field=f"networks.{self.name}.network") from None
        index = self.network.index
        self._node = np.array([index[one.target] for one in self.thresholds], dtype=np.int64)
        self._read = np.array([index[node] for node in self.read], dtype=np.int64)
        self._drive_of = np.full(len(self.network.up), -1, dtype=np.int64)
        for k, one in enumerate(self.driven):
            self._drive_of[self.network.driven[one.target]] = k
        self._phase = -1.0
        self._vary(0.0)

    def _vary(self, minutes: float) -> None:
        """Rates and fixed states of each clone as they are from ``minutes`` on."""
        by_clone: list[dict[str, tuple[ChangeSpec, ...]]] = []
        drugs = self._drugs(minutes)
        for clone in self.clones:
            found: dict[str, tuple[ChangeSpec, ...]] = {}
            for node, change, clones in drugs:
                if clones is None or clone in clones:
                    found[node] = (*found.get(node, ()), change)
            by_clone.append(found)
        fixed = [{node: (one,) for node, one in changes.items()} for changes in self._changes]
        self.variants: Variants = compile_variants(self.network, fixed, by_clone)

    def begin(self, cells: Cells, seed: int) -> None:
        """Draw every cell's state, from its identity."""
        n = cells.count
        clone = cells.columns[f"{self.column}_clone"][0, :n]
        states = random_start(self.network_spec, self.network, seed, cells.identity[:n], S_NETWORK_START + self.number)
        self.variants.fix(states, clone)
        cells.columns[self.column][:, :n] = states
        self._write(cells, 1, first=True)

    def columns(self, room: int) -> dict[str, np.ndarray]:
        """Columns that the cells need."""
        words = (len(self.network_spec.nodes) + 63) // 64
        return {
            self.column: np.zeros((words, room), dtype=np.uint64),
            f"{self.column}_clone": np.zeros((1, room), dtype=np.int16),
        }

    def step(self, cells: Cells, sensed: np.ndarray, minutes: float, seed: int, members: int) -> None:
        """Set the inputs, run for one interval, read the signals."""
        n = cells.count
        began = minutes - self.spec.interval
        edges = [t for one in self.spec.treatments for t in (one.start, one.stop) if t is not None]
        edges = [t for t in edges if t <= began + _LATE]
        phase = max(edges, default=0.0)
        if phase != self._phase:
            self._vary(began)
            self._phase = phase
        self.turn = round(minutes / self.spec.interval)
        states, variants = cells.columns[self.column], self.variants
        clone = cells.columns[f"{self.column}_clone"][0, :n]
        variant = np.where(self.active(cells), clone, np.int16(-1)).astype(np.int16)
        on = np.array([one.levels[0] for one in self.thresholds])
        off = np.array([one.levels[1] for one in self.thresholds])
        reverse = np.array([one.reversed for one in self.thresholds], dtype=bool)
        values = np.ascontiguousarray(sensed[self._threshold_rows])
        run_team(
            members, set_nodes, n, variant, states, values, self._node, on, off, reverse, variants.on, variants.off
        )
        length = self.spec.interval / 60.0 / self.spec.hours
        now = states[:, :n]
        advance_copies(
            self.network, variants, now, variant, cells.identity[:n], Draws(seed, S_NETWORK + self.number, self.turn),
            0.0, length, drives=self._rates(sensed, n), threads=members,
        )  # fmt: skip
        self._write(cells, members, variant=variant)

    def _rates(self, sensed: np.ndarray, n: int) -> Drives | None:
        """Rates of the driven inputs."""
        if not self.driven:
            return None
        up = np.zeros((len(self.driven), n), dtype=np.float32)
        down = np.zeros_like(up)
        for k, one in enumerate(self.driven):
            assert one.rates is not None
            x = sensed[self.inputs.index(one)]
            term = np.minimum((np.maximum(x, 0.0) / one.levels[0]) ** one.levels[1], 1e300)
            up[k] = one.rates[0] * term / (1.0 + term)
            down[k] = one.rates[1]
        return Drives(self._drive_of, up, down)

    def _write(self, cells: Cells, members: int, *, variant: np.ndarray | None = None, first: bool = False) -> None:
        if len(self.read) == 0:
            return
        chosen = np.zeros(cells.count, dtype=np.int16) if variant is None else variant
        share = np.ones_like(self.share) if first else self.share
        signals = np.ascontiguousarray(cells.columns[CARRIED][self.rows])
        states = cells.columns[self.column]
        run_team(members, read_nodes, cells.count, chosen, states, self._read, share, signals)
        cells.columns[CARRIED][self.rows] = signals

    def divided(self, cells: Cells, mothers: np.ndarray, first: int, seed: int) -> None:
        """Draw the nodes anew that are not inherited, in both cells."""
        if not self.spec.reset or not len(mothers):
            return
        both = np.concatenate([mothers, np.arange(first, first + len(mothers))])
        keys = division_keys(cells.identity[both], cells.divisions[both])
        fresh = random_start(self.network_spec, self.network, seed, keys, S_NETWORK_START + self.number)
        mask = self.network.mask(self.spec.reset)[:, None]
        states = cells.columns[self.column]
        new = (states[:, both] & ~mask) | (fresh & mask)
        self.variants.fix(new, cells.columns[f"{self.column}_clone"][0, both])
        states[:, both] = new
        signals = cells.columns[CARRIED]
        for row, node, share in zip(self.rows, self._read, self.share, strict=True):
            if share == 1.0 and mask[node >> 6, 0] >> np.uint64(node & 63) & np.uint64(1):
                signals[row, both] = (new[node >> 6] >> np.uint64(node & 63)) & np.uint64(1)

    def nodes(self, cells: Cells, names: Sequence[str]) -> np.ndarray:
        """States of nodes of all cells, 0 or 1."""
        states, n = cells.columns[self.column], cells.count
        index = self.network.index
        return np.array(
            [(states[index[name] >> 6, :n] >> np.uint64(index[name] & 63)) & np.uint64(1) for name in names]
        ).astype(np.float64)


class KineticCellNetwork(CellNetwork):
    """A network of rate equations in cells: one number for a species."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        from diaspore.networks.kinetic.cells import KineticKernel
        from diaspore.networks.kinetic.spec import KineticNetworkSpec

        network, step = self.spec.network, self.spec.step
        assert isinstance(network, KineticNetworkSpec)
        assert step is not None
        names = [one.target for one in self.inputs]
        self.kernel = KineticKernel(network, names, method=self.spec.method, step=step)
        for node in self.read:
            if node not in self.kernel.species:
                raise InputError(
                    f"{shown(node)} does not change in this network", field=f"networks.{self.name}",
                    allowed=self.kernel.species, nearest=nearest_name(node, self.kernel.species),
                )  # fmt: skip

    def columns(self, room: int) -> dict[str, np.ndarray]:
        """Columns that the cells need."""
        return {self.column: np.zeros((len(self.kernel.species), room))}

    def begin(self, cells: Cells, seed: int) -> None:
        """Put every cell into the state of the file."""
        cells.columns[self.column][:, : cells.count] = self.kernel.initial(cells.count)
        self._write(cells, np.ones(cells.count, dtype=bool), np.ones_like(self.share))

    def step(self, cells: Cells, sensed: np.ndarray, minutes: float, seed: int, members: int) -> None:
        """Set the inputs, run for one interval, read the signals."""
        n = cells.count
        active = self.active(cells)
        state = cells.columns[self.column]
        some = np.ascontiguousarray(state[:, :n][:, active])
        given = np.empty((len(self.inputs), some.shape[1]))
        for k, one in enumerate(self.inputs):
            given[k] = sensed[k, active] / one.levels[0] * one.levels[1]
        length = self.spec.interval / 60.0 / self.spec.hours
        began = (minutes - self.spec.interval) / 60.0 / self.spec.hours
        self.kernel.advance(some, given if len(self.inputs) else None, length, threads=members, time=began)
        state[:, np.flatnonzero(active)] = some
        self._write(cells, active, self.share)

    def _write(self, cells: Cells, active: np.ndarray, share: np.ndarray) -> None:
        if len(self.read):
            signals, n = cells.columns[CARRIED], cells.count
            values = self.nodes(cells, self.read)
            for row, one, part in zip(self.rows, values, share, strict=True):
                signals[row, :n] = np.where(
                    active, signals[row, :n] + part * (one - signals[row, :n]), signals[row, :n]
                )

    def nodes(self, cells: Cells, names: Sequence[str]) -> np.ndarray:
        """Values of species of all cells."""
        rows = [self.kernel.species.index(name) for name in names]
        return np.asarray(cells.columns[self.column][rows, : cells.count])


def cell_network(name: str, number: int, spec: CellNetworkSpec, *rest: Any) -> BooleanCellNetwork | KineticCellNetwork:
    """A network in cells; arguments as of `CellNetwork`."""
    made = KineticCellNetwork if spec.boolean is None else BooleanCellNetwork
    return made(name, number, spec, *rest)


def _sense(one: NetworkInputSpec, k: int, field: str, senses: Sequence[Signal], hours: float) -> Sense:
    where = f"{field}.inputs[{k}]"
    number = signal_number(one.signal, senses, f"{where}.signal")
    unit = senses[number].unit

    def level(name: str) -> float:
        return parse_quantity(getattr(one, name), unit, field=f"{where}.{name}")

    target = one.node if one.node is not None else one.parameter
    assert target is not None
    if one.on is not None:
        on = level("on")
        off = on if one.off is None else level("off")
        if (off < on) if one.reversed else (off > on):
            side = "at least" if one.reversed else "at most"
            raise InputError(f"must be {side} on, {one.on}, got {shown(one.off)}", field=f"{where}.off")
        return Sense(target, number, (on, off), reversed=one.reversed)
    if one.up is not None:
        half = level("half_max")
        if not half > 0.0:
            raise InputError(f"must be above 0, got {shown(one.half_max)}", field=f"{where}.half_max")
        unit_time = 60.0 * hours  # rates are per min, those of the network per unit of its time
        return Sense(target, number, (half, one.power), (one.up * unit_time, (one.down or 0.0) * unit_time))
    at = level("at")
    if not at > 0.0:
        raise InputError(f"must be above 0, got {shown(one.at)}", field=f"{where}.at")
    assert one.value is not None
    return Sense(target, number, (at, one.value))
