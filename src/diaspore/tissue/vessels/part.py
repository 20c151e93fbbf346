"""Vessels as a part of a tissue: one turn is sprouting, then at its own interval maturation, flow and pruning."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.zarrio import Variable
from diaspore.fields.grid import Grid
from diaspore.knowledge.load import fact
from diaspore.tissue.vessels.build import build
from diaspore.tissue.vessels.crossing import Bins, Crossing, cross, make_bins, near, surface_density, to_walls
from diaspore.tissue.vessels.delivery import Carried, add_exchange, lengths_by_kind
from diaspore.tissue.vessels.flow import Blood, Settled, solve_blood, solve_lymph, wall_shear
from diaspore.tissue.vessels.graph import ALL_FIELDS, BLOOD, LYMPH, Graph
from diaspore.tissue.vessels.pressure import Interstitium, Walls
from diaspore.tissue.vessels.remodelling import Remodelling, adapt, mature, prune
from diaspore.tissue.vessels.rheology import CONSTANT, PRIES
from diaspore.tissue.vessels.spec import ProgenitorSpec, SproutingSpec, VesselsSpec, read_named
from diaspore.tissue.vessels.sprouting import Sprouting, Surroundings, sprout
from diaspore.tissue.vessels.tips import Motion, levels

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation

_TOTALS = ("begun", "branched", "joined", "pruned")


class Vessels:
    """Blood and lymph vessels.

    Attributes:
        graph: nodes, segments and tips.
        carried: what passes the walls, by number of the substance; levels in blood may be changed during a run.
        neutralised: share of the growth factor of blood vessels that is bound, as by an antibody.
        totals: sprouts begun, branchings, tips joined and segments pruned since the start.
        begun_at, branched_at, joined_at: places of the last step.
    """

    name = "vessels"
    contacts = False

    def __init__(self, spec: VesselsSpec, units: Mapping[str, str]) -> None:
        """``units`` of all substances by name."""
        self.spec, self._units = spec, dict(units)
        flow = spec.flow
        self.blood = Blood(
            PRIES if flow.law == "pries" else CONSTANT, flow.viscosity, flow.plasma_viscosity, flow.haematocrit,
            flow.parting, flow.slowest,
        )  # fmt: skip
        self.graph = Graph()
        self.carried: dict[int, Carried] = {}
        self._courses: list[tuple[int, np.ndarray, list[float]]] = []
        self.ways: list[Sprouting] = []
        self.rules: dict[int, Remodelling] = {}
        self.interstitium: Interstitium | None = None
        self.neutralised = 0.0
        self.totals = dict.fromkeys(_TOTALS, 0)
        self.settled = Settled()
        none = np.empty((0, 3))
        self.begun_at, self.branched_at, self.joined_at = none, none, none
        self._crossing: tuple[int, Crossing] | None = None
        self._bins: dict[tuple[float, int | None], tuple[int, Bins]] = {}
        self._wall_bins: dict[tuple[float, int], tuple[tuple[int, int, int], Bins]] = {}

    def begin(self, simulation: Simulation) -> None:
        """Lay the vessels down and let them flow."""
        scene = simulation.scene
        self._grid: Grid = scene.grid
        names = self._names = list(scene.names[0])
        self.graph = build(self.spec.layout, scene.grid, simulation.seed)
        self.carried, self._courses = {}, []
        for name, wall in self.spec.exchange.items():
            number = names.index(name)
            if wall.course:
                where = f"vessels.exchange.{name}"
                levels = [read_named(level, name, self._units, where, "course") for _, level in wall.course]
                self._courses.append((number, np.array([time for time, _ in wall.course]), levels))
            self.carried[number] = Carried(
                read_named(wall.level, name, self._units, f"vessels.exchange.{name}", "level"), wall.permeability,
                wall.by_cells, wall.large, wall.reflection, wall.lymph_permeability,
                scene.substances[number].diffusion,
            )  # fmt: skip
        self.ways = [
            self._way(kind, way, names)
            for kind, way in ((BLOOD, self.spec.sprouting), (LYMPH, self.spec.lymph_sprouting))
            if way is not None
        ]
        self.rules = {way.kind: self._remodelling(way) for way in self.ways if self.spec.remodelling is not None}
        if self.spec.remodelling is not None and BLOOD not in self.rules:
            self.rules[BLOOD] = self._remodelling(None)
        fluid = self.spec.interstitium
        if fluid is not None:
            walls = Walls(
                fluid.conductivity, fluid.wall, fluid.lymph, fluid.lymph_pressure, fluid.reflection, fluid.oncotic,
                None if fluid.outside == "closed" else fluid.outside,
            )  # fmt: skip
            self.interstitium = Interstitium(scene.grid, walls)
        self._flow(simulation)

    def step(self, simulation: Simulation) -> None:
        """Sprouts grow; at the end of an interval vessels mature, flow, and are pruned."""
        minutes, after = simulation.scene.steps.phenotype, simulation.tick + 1
        for number, times, values in self._courses:
            now = int(np.searchsorted(times, after * minutes + 1e-6, side="right")) - 1
            if now >= 0:
                self.carried[number].level = values[now]
        self.graph.age[: self.graph.segments] += minutes
        for way in self.ways:
            around = self._around(simulation, way)
            happened = sprout(self.graph, way, around, self._progenitors(simulation, way.kind))
            if way.kind == BLOOD:
                self.begun_at, self.branched_at, self.joined_at = happened.begun, happened.branched, happened.joined
            for name in ("begun", "branched", "joined"):
                self.totals[name] += len(getattr(happened, name))
        if after % max(round(self.spec.flow.interval / minutes), 1) == 0:
            self._remodel(simulation)

    def exchange(self, substance: int, sink: np.ndarray, source: np.ndarray) -> None:
        """Add what passes the walls to the maps of a substance in balance."""
        if substance not in self.carried:
            return
        crossing, filtered = self.crossing(), np.empty(0)
        if self.interstitium is not None:  # walls may have grown since the pressure was reckoned
            filtered = self.interstitium.filtration(self.graph, crossing)
        add_exchange(
            self.graph, crossing, self.carried[substance], self.blood.haematocrit, self._grid.spacing, filtered, sink,
            source,
        )  # fmt: skip

    def near(self, places: np.ndarray, reach: float, kind: int | None = BLOOD) -> tuple[np.ndarray, np.ndarray]:
        """Nearest segment within ``reach`` um of each place (n, 3 or more): its row, else -1, and its distance.

        Args:
            places: um.
            reach: um.
            kind: `graph.BLOOD`, `graph.LYMPH`, or None for both.
        """
        graph = self.graph
        made = self._bins.get((reach, kind))
        if made is None or made[0] != graph.changes:
            among = None if kind is None else graph.kind[: graph.segments] == kind
            made = self._bins[reach, kind] = (graph.changes, make_bins(graph, reach, among))
        return near(graph, made[1], places, reach)

    def wall(self, places: np.ndarray, reach: float, kind: int) -> np.ndarray:
        """Distance (um) of places (n, 3 or more) from the nearest wall of a kind, of blood with flow; else infinite."""
        graph = self.graph
        n = graph.segments
        now = graph.wall_state()
        made = self._wall_bins.get((reach, kind))
        if made is None or made[0] != now:
            among = graph.kind[:n] == kind
            if kind == BLOOD:
                among = among & (graph.perfused[:n] == 1)
            widest = 0.5 * float(graph.diameter[:n][among].max(initial=0.0))
            made = self._wall_bins[reach, kind] = (now, make_bins(graph, reach + widest, among))
        return to_walls(graph, made[1], places, reach)

    def density(self, kind: int = BLOOD, perfused: bool = True) -> np.ndarray:
        """Surface of vessels of a kind in every voxel, um2/um3."""
        graph = self.graph
        among = graph.kind[: graph.segments] == kind
        if perfused:
            among = among & (graph.perfused[: graph.segments] == 1)
        return surface_density(graph, self.crossing(), self._grid, among)

    def crossing(self) -> Crossing:
        """Pieces of the segments within voxels."""
        if self._crossing is None or self._crossing[0] != self.graph.changes:
            self._crossing = (self.graph.changes, cross(self.graph, self._grid))
        return self._crossing[1]

    def variables(self) -> dict[str, Variable]:
        """Nodes, segments, tips, and what is not derived from them."""
        dims = {"place": "vessels_node", "ends": "vessels_segment"}
        found = {}
        for name, values in self.graph.state().items():
            first = "vessels_issued"
            if name in ALL_FIELDS:
                first = "vessels_tip" if name.startswith("tip_") else _dimension(name)
            parts = tuple(f"vessels_{name}_part" for _ in values.shape[1:])
            notes = {"about": ALL_FIELDS[name][2]} if name in ALL_FIELDS else {}
            found[f"vessels_{name}"] = Variable((dims.get(name, first), *parts), values, notes)
        totals = np.array([self.totals[name] for name in _TOTALS], dtype=np.int64)
        found["vessels_totals"] = Variable(("vessels_total",), totals, {"parts": " ".join(_TOTALS)})
        plasma = np.array([self.neutralised, *(one.level for one in self.carried.values())])
        found["vessels_plasma"] = Variable(("vessels_substance",), plasma, {"about": "neutralised share, levels"})
        if self.interstitium is not None:
            fluid = self.interstitium
            found["vessels_fluid"] = Variable(("z", "y", "x"), fluid.level, {"unit": "mmHg"})
            found["vessels_drained"] = Variable(("vessels_drain",), fluid.drained, {"unit": "um3/min"})
        return found

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take back the state of a snapshot; `begin` was called before."""

        def values(name: str) -> np.ndarray:
            return np.array(found[f"vessels_{name}"].values)

        self.graph.put_state({name: values(name) for name in (*ALL_FIELDS, "issued")})
        self.totals = dict(zip(_TOTALS, map(int, values("totals")), strict=True))
        plasma = values("plasma")
        self.neutralised = float(plasma[0])
        for one, level in zip(self.carried.values(), plasma[1:], strict=True):
            one.level = float(level)
        if self.interstitium is not None:
            fluid = self.interstitium
            fluid.level[:], fluid.drained = values("fluid"), values("drained")

    def counts(self, simulation: Simulation) -> dict[str, float]:
        """Lengths per volume (per area in two dimensions), shares, numbers and means."""
        graph, grid = self.graph, self._grid
        flat = grid.shape[0] == 1
        room = grid.size * grid.spacing ** (2 if flat else 3) / (1e6 if flat else 1e9)
        blood, perfused, lymph = (length / 1e3 for length in lengths_by_kind(graph))
        count = graph.segments
        flows = (graph.kind[:count] == BLOOD) & (graph.perfused[:count] == 1)
        weight = graph.lengths()[flows]
        unit = "mm/mm2" if flat else "mm/mm3"
        result = {
            f"vessels {unit}": blood / room,
            "vessels perfused share": perfused / blood if blood > 0.0 else math.nan,
            "vessels mean flow nl/min": _mean(np.abs(graph.flow[:count][flows]) * 1e-6, weight),
            "vessels mean haematocrit": _mean(graph.haematocrit[:count][flows], weight),
            "vessels mean leakiness": _mean(graph.leakiness[:count][flows], weight),
            "vessels mean maturity": _mean(graph.maturity[:count][flows], weight),
            "vessels tips": float(graph.tips),
            f"lymph vessels {unit}": lymph / room,
        }
        if self.interstitium is not None:
            result["vessels mean fluid pressure mmHg"] = float(self.interstitium.level.mean())
            result["lymph vessels drain nl/min"] = float(self.interstitium.drained.sum()) * 1e-6
        return result | {f"vessels {name}": float(number) for name, number in self.totals.items()}

    def _remodel(self, simulation: Simulation) -> None:
        graph, interval = self.graph, self.spec.flow.interval
        for kind, rules in self.rules.items():
            mature(graph, kind, rules, self._factor_at_segments(simulation, kind), interval)
        self._flow(simulation)
        gone = 0
        for kind, rules in self.rules.items():
            shear = wall_shear(graph, self.blood)
            if kind == BLOOD:
                adapt(graph, rules, shear, interval)
            level = self._factor_at_segments(simulation, kind)
            gone += prune(graph, kind, rules, level, shear, interval, simulation.seed, simulation.tick)
        self.totals["pruned"] += gone
        if gone or any(rules.adapting for rules in self.rules.values()):
            self._flow(simulation)

    def _flow(self, simulation: Simulation) -> None:
        self.settled = solve_blood(self.graph, self.blood)
        drained = np.zeros(self.graph.segments)
        if self.interstitium is not None:
            self.interstitium.solve(self.graph, self.crossing(), simulation.threads)
            drained = self.interstitium.drained
        solve_lymph(self.graph, drained, self.spec.flow.lymph_viscosity)

    def _around(self, simulation: Simulation, way: Sprouting) -> Surroundings:
        scene = simulation.scene
        factor = np.ascontiguousarray(simulation.u[way.substance], dtype=np.float64)
        if way.kind == BLOOD and self.neutralised:
            factor = factor * (1.0 - self.neutralised)
        matrix = None
        if way.matrix >= 0:
            matrix = np.ascontiguousarray(simulation.u[way.matrix], dtype=np.float64)
        low = np.array(scene.grid.origin, dtype=float)
        high = low + scene.grid.spacing * np.array(scene.grid.shape[::-1])
        return Surroundings(
            factor, matrix, low, scene.grid.spacing, low, high, simulation.seed, simulation.tick,
            scene.steps.phenotype,
        )  # fmt: skip

    def _factor_at_segments(self, simulation: Simulation, kind: int) -> np.ndarray:
        """Level of the growth factor of a kind at every segment."""
        way = next((way for way in self.ways if way.kind == kind), None)
        if way is None:
            return np.zeros(self.graph.segments)
        around = self._around(simulation, way)
        return levels(around.factor, around.origin, around.spacing, self.graph.middles())

    def _progenitors(self, simulation: Simulation, kind: int) -> np.ndarray | None:
        """Factor on the rate of sprouting of every segment."""
        way = self.spec.sprouting if kind == BLOOD else self.spec.lymph_sprouting
        given: ProgenitorSpec | None = None if way is None else way.progenitors
        if given is None:
            return None
        cells = simulation.cells
        number = list(simulation.scene.names[1]).index(given.type)
        mine = (cells.kind[: cells.count] == number) & (cells.phase[: cells.count] >= 0)
        row, _ = self.near(cells.place[: cells.count][mine], given.reach, kind)
        many = np.bincount(row[row >= 0], minlength=self.graph.segments)
        factor: np.ndarray = 1.0 + given.gain * many
        return factor

    def _way(self, kind: int, way: SproutingSpec, names: list[str]) -> Sprouting:
        where = "vessels.sprouting" if kind == BLOOD else "vessels.lymph_sprouting"
        half = read_named(way.half, way.substance, self._units, where, "half")
        threshold = fact("vessels.threshold_share").value * half
        if way.threshold is not None:
            threshold = read_named(way.threshold, way.substance, self._units, where, "threshold")
        haptotaxis, matrix = 0.0, -1
        if way.matrix is not None:
            level = read_named(way.matrix.level, way.matrix.substance, self._units, f"{where}.matrix", "level")
            haptotaxis, matrix = way.matrix.haptotaxis / level, names.index(way.matrix.substance)
        motion = Motion(way.chemotaxis, half, haptotaxis, way.wandering, way.fastest)
        return Sprouting(
            kind, names.index(way.substance), matrix, threshold, half, way.power, way.rate, way.branching_rate,
            way.branching_age, math.radians(way.branching_angle), way.parting, way.notch, way.notch_reach, way.fusing,
            way.alone, way.diameter, way.narrowest, way.leakiness, self._grid.spacing, motion,
        )  # fmt: skip

    def _remodelling(self, way: Sprouting | None) -> Remodelling:
        rules = self.spec.remodelling
        assert rules is not None
        half, survival = (1.0, 0.0) if way is None else (way.half, fact("vessels.survival_share").value * way.half)
        if rules.survival is not None and way is not None:
            name = self._names[way.substance]
            survival = read_named(rules.survival, name, self._units, "vessels.remodelling", "survival")
        return Remodelling(
            half, rules.leakiest, rules.leak_time, rules.maturing, rules.least_shear, rules.idle, survival,
            rules.mature, rules.starving, rules.regression, rules.adapting, rules.usual_shear, rules.narrowest,
            rules.widest,
        )  # fmt: skip


def _dimension(name: str) -> str:
    return "vessels_node" if name in ("place", "held", "pressure", "node_identity") else "vessels_segment"


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(values, weights=weight)) if len(values) and weight.sum() > 0.0 else math.nan
