"""A tissue in memory: cells, substances, and the loop that advances both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from diaspore.core.errors import DiasporeError, InputError, nearest_name, shown
from diaspore.core.messages import Levers
from diaspore.core.team import run_team
from diaspore.fields.diffusion import Diffusion
from diaspore.fields.steady import Steady
from diaspore.tissue.behaviours import ADHESION, PERSISTENCE, REPULSION, SPEED, Traits
from diaspore.tissue.kernels.contacts import Touching
from diaspore.tissue.kernels.exchange import deposit, find_voxels, rates_of
from diaspore.tissue.kernels.interval import FULL, Clock, Exchange, Field, Mechanics, interval, list_all
from diaspore.tissue.kernels.migration import Migration
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.kernels.phenotype import DIVIDES, VANISHES, divide, phenotypes
from diaspore.tissue.kernels.rules import Sensed, evaluate, gather
from diaspore.tissue.networks import BooleanCellNetwork
from diaspore.tissue.newcomers import Newcomers, add_newcomers
from diaspore.tissue.part import Part
from diaspore.tissue.reactions import advance_reactions, balance_reactions
from diaspore.tissue.rules import checked, run_function
from diaspore.tissue.scene import Scene
from diaspore.tissue.signals import CARRIED
from diaspore.tissue.state import Cells

ALONE = 3_000
"""Cells below which, on a small grid, one thread is faster than two."""
SHIFT = 0.3
"""How far (um) the fastest cell may move in a step of mechanics that is longer than the shortest."""
OWN_SHIFT = 1.0
"""How far (um) a cell may move by itself in such a step."""
BALANCE = 1e-5
"""Residual of a steady substance over what drives it."""


class Simulation:
    """State of a run. The bits depend on scene, cells and seed only, not on ``threads``."""

    def __init__(
        self, scene: Scene, cells: Cells, seed: int, threads: int = 1, parts: Sequence[Part] = ()
    ) -> None:  # fmt: skip
        self.scene, self.cells, self.seed, self.threads, self.parts = scene, cells, seed, threads, tuple(parts)
        self.tick = 0
        steps = scene.steps
        self.diffusion = Diffusion(scene.grid, scene.substances[: scene.fast], steps.diffusion, dtype=scene.precision)
        self._balanced = [Steady(scene.grid, one) for one in scene.substances[scene.fast : scene.spreading]]
        # What reactions and cells change beside diffusion; the others are in balance.
        self._moves = np.array([pace != "steady" for pace in scene.paces])
        self.u = np.empty((len(scene.substances), *scene.grid.shape), dtype=scene.precision)
        self.u[:] = scene.initial[:, None, None, None]
        self._faces = Diffusion(scene.grid, scene.substances[: scene.spreading], steps.diffusion)
        self._faces.hold(self.u[: scene.spreading])
        grid = scene.grid
        size = np.array([grid.shape[2], grid.shape[1], grid.shape[0]]) * grid.spacing
        self.low = np.array(grid.origin, dtype=float)
        self.high = self.low + size
        self.flat = grid.shape[0] == 1
        if self.flat:  # cells stay in the middle of the only layer
            self.low[2] = self.high[2] = grid.origin[2] + 0.5 * grid.spacing
        xyz = cells.place[: cells.count, :3]
        outside = np.any((xyz < self.low) | (xyz > self.high), axis=1)
        if outside.any():
            i = int(np.argmax(outside))
            x, y, z = xyz[i]
            ends = ", ".join(f"{n} from {a:g} to {b:g}" for n, a, b in zip("xyz", self.low, self.high, strict=True))
            raise InputError(
                f"a cell is outside of the domain, at ({x:g}, {y:g}, {z:g}) um", field="cells", allowed=f"{ends} um"
            )
        self._stamp = np.full(grid.size, -1, dtype=np.int64)
        self._map = np.empty((2, scene.fast, grid.size))
        self._occupied = np.empty(grid.size, dtype=np.int64)
        self._mechanics_ticks = np.zeros(1, dtype=np.int64)
        self.last_step = np.full(1, np.inf)  # none: the first step has no velocity before it
        self._lists_per_cell = 14  # of cells packed as in tissue; more when they turn out to have more
        self._room = -1
        self._needs_lists = scene.rules.rules.contacts or any(part.contacts for part in self.parts)
        self._no_signals = np.zeros((0, 1), dtype=np.float32)
        self.make_room()
        for network in scene.networks:
            network.begin(cells, seed)
        self._arrivals: list[Newcomers] = []
        self.fibres = np.zeros((6, 0))  # none
        for part in self.parts:
            part.begin(self)

    @property
    def minutes(self) -> float:
        """Time since the start."""
        return self.tick * self.scene.steps.phenotype

    @property
    def mechanics_ticks(self) -> int:
        """Steps of mechanics since the start."""
        return int(self._mechanics_ticks[0])

    @mechanics_ticks.setter
    def mechanics_ticks(self, value: int) -> None:
        self._mechanics_ticks[0] = value

    @property
    def members(self) -> int:
        """Threads that pay."""
        small = self.cells.count < ALONE and self.scene.grid.size < 40_000
        return 1 if small else self.threads

    def run(self, phenotype_steps: int) -> None:
        """Advance by whole steps of phenotypes: substances and mechanics first, then what cells do."""
        for _ in range(phenotype_steps):
            self.advance_physics(self.scene.steps.phenotype)
            self.advance_matter(self.scene.steps.phenotype)
            self.advance_networks()
            self.advance_parts()
            self.advance_phenotypes()

    def pull(self, levers: Levers) -> None:
        """Put levers in force for the networks in the cells, in place of those before; they are not kept in snapshots.

        Raises:
            InputError: a lever on something else than a node, or an unknown node, network or clone.
        """
        if levers.levers:
            raise InputError(f"the lever {levers.levers[0].name} does not act on tissues yet", allowed="nodes")
        networks = [network for network in self.scene.networks if isinstance(network, BooleanCellNetwork)]
        for lever in levers.nodes:
            if not any(network.concerns(lever) for network in networks):
                names = [f"{network.name}.{node}" for network in networks for node in network.spec.names()]
                wanted = lever.node if lever.network is None else f"{lever.network}.{lever.node}"
                raise InputError(
                    f"no network in these cells has the node {shown(wanted)}", allowed=names or "(none)",
                    nearest=nearest_name(wanted, names),
                )  # fmt: skip
        for network in networks:
            network.pull([lever for lever in levers.nodes if network.concerns(lever)])

    def advance_networks(self) -> None:
        """Networks in the cells, those whose interval ends with this step of phenotypes."""
        scene, cells, after = self.scene, self.cells, self.tick + 1
        due = [n for n in scene.networks if after % round(n.spec.interval / scene.steps.phenotype) == 0]
        if not due or cells.count == 0:
            return
        self.make_room()
        x, members = self._sensed(), self.members
        for network in due:
            sensed = np.empty((len(network.wanted), cells.count))
            if len(network.wanted):
                run_team(members, gather, cells.count, scene.rules.rules, len(scene.base), network.wanted, x, sensed)
            network.step(cells, sensed, after * scene.steps.phenotype, self.seed, members)

    def advance_physics(self, minutes: float) -> None:
        """Diffusion, uptake, forces and movement over some minutes, a whole multiple of the step of mechanics."""
        scene, cells = self.scene, self.cells
        steps, moving = scene.steps, scene.fast
        self.make_room()
        members = self.members
        self._list_neighbours_if_sensed()
        self._apply_rules()
        self._balance(minutes)
        factors = self.diffusion.factors
        known = Field(
            self.u[:moving], factors.x, factors.y, factors.z, factors.bounds, factors.gains, self._origin,
            scene.grid.spacing,
        )  # fmt: skip
        exchange = Exchange(
            cells.kind, cells.phase, cells.volumes, self._traits, self._rates,
            steps.diffusion / scene.grid.voxel_volume, steps.balanced, self._voxel, self._stamp,
            self._map[0], self._map[1], self._occupied,
        )  # fmt: skip
        migration, longest = self._migration(steps.longest)
        report, far, lists = np.zeros(2), np.zeros(8 * members), np.zeros(8 * members, np.int64)
        clock = Clock(
            round(steps.mechanics / steps.diffusion) if moving else 0, minutes, steps.mechanics,
            0.0 if moving else longest, SHIFT, self._mechanics_ticks, self._needs_lists, self.last_step,
            report, far, lists,
        )  # fmt: skip
        while True:
            run_team(members, interval, cells.count, known, exchange, self._mechanics(), migration, clock)
            if report[0] != FULL:
                break
            self._widen_lists()
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Stop at numbers that nothing can have.

        Raises:
            DiasporeError: it names the substance or the cell, and where it is.
        """
        scene, cells = self.scene, self.cells
        after = f"within {scene.steps.phenotype:g} min after {self.minutes:g} min"
        for name, level in zip(scene.names[0], self.u, strict=True):
            if np.isfinite(level.sum()) and level.min(initial=0.0) >= 0.0:
                continue
            z, y, x = np.unravel_index(int(np.argmin(np.where(np.isfinite(level), level, -np.inf))), level.shape)
            place = self._origin + (np.array([x, y, z]) + 0.5) * scene.grid.spacing
            what = "negative" if np.isfinite(level[z, y, x]) else "no longer a number"
            raise DiasporeError(f"{name} is {what} ({level[z, y, x]:g}) at {_point(place)}, {after}")
        state = cells.place[: cells.count]
        if not np.isfinite(state.sum()):
            i = int(np.argmin(np.isfinite(state).all(axis=1)))
            raise DiasporeError(
                f"the place of a cell is no longer a number: {scene.names[1][cells.kind[i]]}, identity "
                f"{cells.identity[i]}, {after}; too long a step of mechanics, or too strong a force?"
            )

    def _balance(self, minutes: float) -> None:
        """Bring steady substances into balance with the cells where they are now, and slow ones ``minutes`` further.

        A slow substance takes one implicit step, which is a balance too: with what there was as a source over the step.
        """
        scene = self.scene
        if not self._balanced:
            return
        for s, sink, source in self._exchanged(scene.fast, scene.spreading):
            level = self.u[s].astype(np.float64)
            if scene.paces[s] == "slow":
                sink += 1.0 / minutes
                source += level / minutes
            try:
                self._balanced[s - scene.fast].solve(level, sink, source, BALANCE, self.members)
            except DiasporeError as error:
                raise DiasporeError(f"{scene.names[0][s]}: {error}") from None
            # Where cells take up nearly all, the error of the solver may be larger than the level.
            if level.min() < 0.0 and level.min() > -100.0 * BALANCE * level.max():
                np.maximum(level, 0.0, out=level)
            self.u[s] = level

    def _exchanged(self, first: int, last: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """What is taken from (1/min) and given to (level/min) each of these substances by all that is there."""
        scene, cells = self.scene, self.cells
        if first == last:
            return
        self.voxels()
        sink, source = np.empty((2, *scene.grid.shape))
        flat = self.u.reshape(len(self.u), scene.grid.size)
        for s in range(first, last):
            deposit(
                self._voxel, cells.count, cells.kind, cells.phase, cells.volumes, self._traits, self._rates, s,
                1.0 / scene.grid.voxel_volume, sink.reshape(-1), source.reshape(-1),
            )  # fmt: skip
            if scene.paces[s] == "steady":
                balance_reactions(scene.reactions, flat, s, sink.reshape(-1), source.reshape(-1))
            for part in self.parts:
                part.exchange(s, sink, source)
            yield s, sink, source

    def advance_matter(self, minutes: float) -> None:
        """Reactions, and what cells do to substances that do not spread, exactly for what cells do now."""
        scene = self.scene
        if scene.reactions:
            advance_reactions(scene.reactions, self.u.reshape(len(self.u), scene.grid.size), self._moves, minutes)
            self._faces.hold(self.u[: scene.spreading])
        for s, sink, source in self._exchanged(scene.spreading, len(self.u)):
            sink += scene.substances[s].decay
            away = sink * minutes
            grown = np.where(away > 1e-12, -np.expm1(-away) / np.maximum(sink, 1e-300), minutes)
            self.u[s] = self.u[s] * np.exp(-away) + source * grown

    def advance_parts(self) -> None:
        """Parts, in their order. Cells that they take away or bring in go and come with the next phenotypes."""
        if not self.parts:
            return
        self.make_room()
        self._apply_rules()
        for part in self.parts:
            part.step(self)

    def values_of(self, behaviour: str) -> np.ndarray:
        """Values (n,) of a behaviour of all cells, as rules last left them."""
        n, b = self.cells.count, self.scene.behaviours.index(behaviour)
        column = self.scene.rules.column[b]
        return self._traits.values[column, :n] if column >= 0 else self.scene.base[self.cells.kind[:n], b]

    def part(self, name: str) -> Any:
        """A part by its name."""
        return next(part for part in self.parts if part.name == name)

    def has_part(self, name: str) -> bool:
        """Whether there is a part of this name."""
        return any(part.name == name for part in self.parts)

    def voxels_of(self, places: np.ndarray) -> np.ndarray:
        """Voxel (flat) of every place (n, 3)."""
        grid = self.scene.grid
        found = np.empty(len(places), dtype=np.int32)
        points = np.ascontiguousarray(places, dtype=float)
        find_voxels(points, 0, len(points), self._origin, grid.spacing, np.array(grid.shape), found)
        return found

    def voxels(self) -> np.ndarray:
        """Voxel (flat) of every cell, by row."""
        cells, grid = self.cells, self.scene.grid
        find_voxels(cells.place, 0, cells.count, self._origin, grid.spacing, np.array(grid.shape), self._voxel)
        return self._voxel

    def levels_at(self, substance: str, rows: np.ndarray) -> np.ndarray:
        """Level of a substance where these cells are."""
        level = self.u[self.scene.names[0].index(substance)].reshape(-1)
        found: np.ndarray = level[self.voxels()[rows]]
        return found

    def touching(self) -> Touching:
        """Cells and their lists of neighbours, as kernels of parts take them."""
        cells = self.cells
        return Touching(
            cells.place, cells.kind, cells.phase, cells.progress, cells.identity, self._row[2], self._row[3],
            self._neighbours,
        )  # fmt: skip

    def tell(self, signal: str, values: np.ndarray) -> None:
        """Give rules the values (n,) of a signal that a part offers; nothing is kept of one that nothing reads."""
        row = self.scene.kept.get(signal)
        if row is not None:
            self.cells.columns[CARRIED][row, : self.cells.count] = values

    def arrive(self, newcomers: Newcomers) -> None:
        """Let cells come in after this step of phenotypes."""
        if len(newcomers.place):
            self._arrivals.append(newcomers)

    def step_phenotypes(self) -> np.ndarray:
        """Growth, cycle and death of all cells; returns their fates (n,), which are not carried out."""
        scene, cells = self.scene, self.cells
        self.make_room()
        self._apply_rules()
        state = (
            cells.place, cells.volumes, cells.nucleus_target, cells.progress, cells.identity, cells.kind, cells.phase,
            cells.burst,
        )  # fmt: skip
        voxels = (self._voxel, self._origin, scene.grid.spacing, np.array(scene.grid.shape))
        run_team(
            self.members, phenotypes, cells.count, state, scene.kinds, self._traits, voxels,
            self.u.reshape(len(self.u), scene.grid.size), scene.steps.phenotype, np.uint64(self.seed),
            self.tick, self._fate,
        )  # fmt: skip
        self.tick += 1
        return self._fate[: cells.count]

    def advance_phenotypes(self) -> None:
        """Growth, cycle, death, division; then the rows are put in the order of places."""
        scene, cells = self.scene, self.cells
        n = cells.count
        fate = self.step_phenotypes().copy()
        rows = np.flatnonzero(fate == DIVIDES)
        stays = (fate != VANISHES) & ~self.leaving[:n]
        rows = rows[~self.leaving[rows]]
        self.leaving[:n] = False
        cells.reserve(n + len(rows))
        cells.count = divide(
            (
                cells.place, cells.velocity, cells.heading, cells.volumes, cells.nucleus_target, cells.progress,
                cells.pressure, cells.identity, cells.founder, cells.generation, cells.divisions,
                cells.kind, cells.phase, cells.burst,
            ),
            scene.kinds, rows, n, np.uint64(self.seed), self.tick, self.flat, self.low, self.high,
        )  # fmt: skip
        cells.inherit(rows, n)
        for network in scene.networks:
            network.divided(cells, rows, n, self.seed)
        for part in self.parts:
            part.divided(cells, rows, n)
        for newcomers in self._arrivals:
            there = add_newcomers(cells, scene, newcomers)
            for part in self.parts:
                part.arrived(self, there, set(newcomers.columns))
        self._arrivals.clear()
        keep = np.ones(cells.count, dtype=bool)
        keep[:n] = stays
        self._sort(keep)

    def neighbours_of(self, row: int) -> np.ndarray:
        """Rows within reach and skin of a cell, as the lists have them."""
        return self._neighbours[self._row[2][row] : self._row[3][row]]

    def _sort(self, keep: np.ndarray) -> None:
        """Put the rows in the order of bins, so that neighbours in space are neighbours in memory."""
        cells = self.cells
        rows = np.flatnonzero(keep)
        bins = ((cells.place[: cells.count, :3] - self.low) / 25.0).astype(np.int64)
        shape = bins.max(axis=0) + 1 if len(bins) else np.ones(3, dtype=np.int64)
        number = (bins[:, 2] * shape[1] + bins[:, 1]) * shape[0] + bins[:, 0]
        cells.reorder(rows[np.argsort(number[rows], kind="stable")])

    @property
    def _origin(self) -> np.ndarray:
        return np.array(self.scene.grid.origin, dtype=float)

    def make_room(self) -> None:
        """Widen the work space when the cells have more room."""
        cells = self.cells
        if cells.room == self._room:
            return
        room = self._room = cells.room
        scene = self.scene
        self._traits = Traits(
            scene.base, scene.rules.column, np.empty((scene.rules.columns, room)), scene.dead_uptake, len(self.u)
        )
        self._rates = rates_of(self._traits)
        own = (scene.rules.column[[REPULSION, ADHESION]] >= 0).any()
        self._roots = np.empty((2, room if own else 0))
        self._voxel = np.empty(room, dtype=np.int32)
        self._fate = np.empty(room, dtype=np.int8)
        self.leaving = np.zeros(room, dtype=bool)  # rows that parts take away
        self.still = np.zeros(room if self.has_part("crossing") else 0, dtype=bool)  # rows that nothing moves
        self._new_velocity = np.empty((room, 3))
        self._moved = np.empty((room, 3), dtype=np.float32)
        self._row = np.empty((4, room), dtype=np.int32)
        self._neighbours = np.empty(self._lists_per_cell * room, dtype=np.uint32)

    def _widen_lists(self) -> None:
        self._lists_per_cell += self._lists_per_cell // 4
        if self._lists_per_cell * self.cells.room > 2**31 - 1:
            raise DiasporeError("too many cells are in each other's reach; are they all at one place?")
        self._neighbours = np.empty(self._lists_per_cell * self.cells.room, dtype=np.uint32)

    def _list_neighbours_if_sensed(self) -> None:
        """Rows were put in another order since the lists were made; signals of contact need them now."""
        while self._needs_lists:
            ends = np.zeros(8 * self.members, np.int64)
            run_team(self.members, list_all, self.cells.count, self._mechanics(), ends)
            if ends.min() >= 0:
                break
            self._widen_lists()

    def _apply_rules(self) -> None:
        """Compute the behaviours that rules and functions move, for every cell."""
        scene, cells, book = self.scene, self.cells, self.scene.rules
        if book.columns == 0:
            return
        x = self._sensed()
        run_team(self.members, evaluate, cells.count, book.rules, self._traits, x)
        self._apply_functions(x)
        for part in self.parts:
            part.modify(self)
        if self._roots.shape[1]:
            for row, behaviour in enumerate((REPULSION, ADHESION)):
                column = book.column[behaviour]
                own = self._traits.values[column] if column >= 0 else scene.base[cells.kind, behaviour]
                np.sqrt(own[: cells.count], out=self._roots[row, : cells.count])

    def _sensed(self) -> Sensed:
        scene, cells = self.scene, self.cells
        return Sensed(
            cells.place, cells.volumes, cells.pressure, cells.kind, cells.phase,
            self.u.reshape(len(self.u), scene.grid.size), self._voxel, self._origin, scene.grid.spacing,
            np.array(scene.grid.shape), self._row[2], self._row[3], self._neighbours, self.minutes,
            cells.columns.get(CARRIED, self._no_signals),
        )  # fmt: skip

    def _apply_functions(self, x: Sensed) -> None:
        scene, cells, book = self.scene, self.cells, self.scene.rules
        for function in book.functions:
            out = np.empty((len(function.signals), cells.count))
            run_team(self.members, gather, cells.count, book.rules, len(scene.base), function.signals, x, out)
            values = self._traits.values[function.column]
            name = scene.behaviours[int(book.rules.behaviour[function.column])]
            out.flags.writeable = False
            run_function(function, name, cells.count, cells.kind, function.kind, cells.phase, values, out)
            checked(function, values[: cells.count], name)

    def _migration(self, longest: float) -> tuple[Migration, float]:
        """What motion needs, and the longest step of mechanics for it: a tenth of the persistence, a micrometre."""
        scene, cells = self.scene, self.cells
        present = np.unique(cells.kind[: cells.count])
        column = scene.rules.column[SPEED]
        speed = scene.base[present, SPEED].max(initial=0.0)
        if column >= 0:
            speed = self._traits.values[column, : cells.count].max(initial=0.0)
        if speed > 0.0:
            persistence = scene.base[present, PERSISTENCE].min(initial=np.inf)
            column = scene.rules.column[PERSISTENCE]
            if column >= 0:
                persistence = self._traits.values[column, : cells.count].min(initial=np.inf)
            longest = min(longest, OWN_SHIFT / speed, 0.1 * persistence)
        migration = Migration(
            bool(speed > 0.0), cells.heading, cells.identity, cells.kind, cells.phase, self._traits,
            self.u.reshape(len(self.u), scene.grid.size), np.array(scene.grid.shape), scene.grid.spacing,
            scene.each_alike, np.uint64(self.seed), self.flat, self.fibres,
        )  # fmt: skip
        return migration, longest

    def _mechanics(self) -> Mechanics:
        scene, cells = self.scene, self.cells
        largest = float(cells.place[: cells.count, 3].max()) if cells.count else 1.0
        width = 2.0 * REACH * largest + scene.skin
        span = np.maximum(self.high - self.low, 1e-9)
        bins = np.maximum(np.ceil(span / width).astype(np.int64), 1)
        most = 4 * cells.count + 1000  # in a large domain with few cells wider bins do
        while np.prod(bins.astype(float)) > most:
            width *= 1.26
            bins = np.maximum(np.ceil(span / width).astype(np.int64), 1)
        first = np.empty(int(np.prod(bins)) + 2, dtype=np.int64)
        return Mechanics(
            cells.place, cells.velocity, self._new_velocity, cells.pressure, cells.kind, scene.repulsion,
            scene.adhesion, scene.friction, self._roots, self.low, self.high, self.low, bins, width, scene.skin,
            self._row[0], first, self._row[1], self._row[2], self._row[3], self._neighbours, self._moved,
            self.still,
        )  # fmt: skip


def _point(place: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:g}" for value in place) + ") um"
