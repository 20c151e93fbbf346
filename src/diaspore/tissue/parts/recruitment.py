"""Cells that come into the tissue from blood, lymph, marrow or the rest of the body."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.errors import InputError
from diaspore.core.rng import child_id, child_id_column, poisson, uniform_column
from diaspore.core.units import parse_quantity
from diaspore.core.zarrio import Variable
from diaspore.tissue.newcomers import Newcomers
from diaspore.tissue.part import Part
from diaspore.tissue.processes.streams import S_RECRUIT
from diaspore.tissue.vessels.graph import BLOOD, LYMPH

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_crossing import RecruitmentSpec

MOST_AT_ONCE = 1e6
"""Cells that may come in within a step."""
FIRST_NAME = 2**40
"""Number from which on newcomers are named, beyond all cells of a start."""
LEAST = 1e-6
"""Level below which a power law goes no further, so that a negative power stays finite."""


class Recruitment(Part):
    """One entry of the file after the other; every newcomer has a name of its own for good."""

    name = "recruitment"

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        return bool(spec.recruitment)

    def __init__(self, spec: TissueSpec) -> None:
        super().__init__(spec)
        self._issued = np.zeros(1 + len(spec.recruitment), dtype=np.int64)  # names given; then newcomers by entry
        self._rates = [0.0 if one.rate is None else one.per_minute() for one in spec.recruitment]
        self._responses = [self._response(one) for one in spec.recruitment]
        self._walls: dict[str, tuple[tuple[int, ...], np.ndarray, np.ndarray]] = {}

    def _response(self, one: RecruitmentSpec) -> list[tuple[str, float, bool]]:
        """Substances that raise (True) or lower the rate, with the level of half the effect."""
        found = []
        for name, half, rises in ((one.signal, one.half_max, True), (one.unless, one.unless_half, False)):
            if name is not None:
                found.append((name, parse_quantity(half, self.spec.substances[name].unit), rises))
        return found

    def step(self, simulation: Simulation) -> None:
        minutes, step = simulation.minutes, simulation.scene.steps.phenotype
        for number, one in enumerate(self.spec.recruitment):
            begins = max(minutes, one.start)
            ends = min(minutes + step, math.inf if one.stop is None else one.stop)
            if one.number is not None:
                # Numbers of steps are compared, since times are not exact.
                if math.floor(one.start / step * (1.0 + 1e-12) + 1e-9) == simulation.tick:
                    self._come(simulation, number, one, -(-one.number // one.cluster), weights=None)
                continue
            if ends <= begins:
                continue
            weights = self._weights(simulation, number)
            left = self._room_left(simulation, one)
            mean = self._rates[number] * (ends - begins) * float(weights.sum()) * left
            if mean > MOST_AT_ONCE:
                raise InputError(
                    f"would let {mean:.3g} cells come in within a step", field=f"recruitment[{number}].rate",
                    allowed=f"at most {MOST_AT_ONCE:g} in a step of phenotypes",
                )  # fmt: skip
            entity = np.uint64(child_id(np.uint64(simulation.seed), FIRST_NAME + number))
            count = poisson(mean / one.cluster, np.uint64(simulation.seed), entity, S_RECRUIT, simulation.tick)
            if one.most is not None:
                room = one.ceiling() * simulation.scene.grid.size * simulation.scene.grid.voxel_volume * left
                count = min(int(count), math.ceil(room / one.cluster))
            self._come(simulation, number, one, int(count), weights)

    def _room_left(self, simulation: Simulation, one: RecruitmentSpec) -> float:
        """Share of the rate that is left of it as their number grows."""
        most, grid = one.ceiling() * simulation.scene.grid.size, simulation.scene.grid
        if most == 0.0:
            return 1.0
        most *= grid.voxel_volume
        cells = simulation.cells
        there = int(np.sum(cells.kind[: cells.count] == self.types.index(one.type)))
        return max(0.0, 1.0 - there / most)

    def _weights(self, simulation: Simulation, number: int) -> np.ndarray:
        """Surface (um2) or volume (um3) of every place where they may come in, times the response to signals."""
        one, grid = self.spec.recruitment[number], simulation.scene.grid
        if one.through == "tissue":
            size, voxel = np.full(grid.size, grid.voxel_volume), np.arange(grid.size)
        elif one.through in ("blood", "lymph"):
            size, voxel = self._segments(simulation, one.through)
        else:
            voxel = _face(grid.shape, one.through)
            size = np.full(len(voxel), grid.spacing**2)
        if len(voxel) == 0:
            return np.zeros(0)
        for name, half, rises in self._responses[number]:
            s = simulation.scene.names[0].index(name)
            level = simulation.u[s].reshape(-1)[voxel].astype(float)
            term = (np.maximum(level, 0.0) / half) ** one.power
            size = size * (term / (1.0 + term) if rises else 1.0 / (1.0 + term))
        for name, power in one.follows.items():
            level = simulation.u[simulation.scene.names[0].index(name)].reshape(-1)[voxel].astype(float)
            size = size * np.maximum(level, LEAST) ** power
        return size

    def _segments(self, simulation: Simulation, through: str) -> tuple[np.ndarray, np.ndarray]:
        """Surface (um2) of the vessels through which cells come, and the voxel (flat) of each."""
        graph = simulation.part("vessels").graph
        now = graph.wall_state()
        kept = self._walls.get(through)
        if kept is None or kept[0] != now:
            rows = _rows(graph, through)
            area = math.pi * graph.diameter[rows] * graph.lengths()[rows]
            kept = self._walls[through] = (now, area, simulation.voxels_of(graph.middles()[rows]))
        return kept[1], kept[2]

    def _come(
        self, simulation: Simulation, number: int, one: RecruitmentSpec, groups: int, weights: np.ndarray | None
    ) -> None:
        if groups == 0:
            return
        weights = self._weights(simulation, number) if weights is None else weights
        if not weights.sum() > 0.0:
            raise InputError(
                f"cells of type {one.type} have no way in: there is no {one.through} vessel with flow"
                if one.through in ("blood", "lymph") else "has no place where they may come in",
                field=f"recruitment[{number}].through",
            )  # fmt: skip
        seed = np.uint64(simulation.seed)
        total = groups * one.cluster if one.number is None else one.number
        names = child_id_column(seed, FIRST_NAME + 1000 + int(self._issued[0]) + np.arange(total, dtype=np.int64))
        self._issued[0] += total
        self._issued[1 + number] += total
        leaders = names[:: one.cluster]
        draw = [uniform_column(seed, leaders, S_RECRUIT, event) for event in range(4)]
        summed = np.cumsum(weights)
        chosen = np.searchsorted(summed, draw[0] * summed[-1], side="right").clip(0, len(weights) - 1)
        place = self._places(simulation, one, chosen, draw[1:])
        group = np.arange(total) // one.cluster
        place = place[group]
        kind = self.types.index(one.type)
        if one.cluster > 1:  # side by side, a radius apart
            radius = float(np.cbrt(0.75 / math.pi * simulation.scene.kinds[kind]["volume"]))
            angle = 2.0 * math.pi * uniform_column(seed, names, S_RECRUIT, 5)
            away = radius * np.sqrt(np.arange(total) % one.cluster)
            place = place + np.column_stack([away * np.cos(angle), away * np.sin(angle), np.zeros(total)])
        place = np.clip(place, simulation.low, simulation.high)
        columns: dict[str, np.ndarray] = {}
        if one.lodged:
            lodged = np.zeros((2, total))
            lodged[0] = 1.0 if one.through == "blood" else 2.0
            columns["lodged"] = lodged
        if one.state is not None:
            columns["emt"] = np.full((1, total), one.state)
        simulation.arrive(Newcomers(place, np.full(total, kind, dtype=np.int32), names, columns))

    def _places(
        self, simulation: Simulation, one: RecruitmentSpec, chosen: np.ndarray, draw: list[np.ndarray]
    ) -> np.ndarray:
        grid = simulation.scene.grid
        if one.through in ("blood", "lymph"):
            graph = simulation.part("vessels").graph
            segment = _rows(graph, one.through)[chosen]
            ends = graph.place[graph.ends[segment]]
            found: np.ndarray = ends[:, 0] + draw[0][:, None] * (ends[:, 1] - ends[:, 0])
            return found
        voxel = chosen if one.through == "tissue" else _face(grid.shape, one.through)[chosen]
        index = np.column_stack(np.unravel_index(voxel, grid.shape))[:, ::-1]  # x, y, z
        inside = np.array(grid.origin) + (index + np.column_stack(draw)) * grid.spacing
        if one.through not in ("tissue",):
            axis = "xyz".index(one.through[0])
            inside[:, axis] = simulation.high[axis] if one.through.endswith("high") else simulation.low[axis]
        return inside

    def variables(self) -> dict[str, Variable]:
        return {"recruitment_issued": Variable(("recruitment",), self._issued, {"about": "names given, newcomers"})}

    def restore(self, found: Mapping[str, Any]) -> None:
        self._issued[:] = found["recruitment_issued"].values

    def counts(self, simulation: Simulation) -> dict[str, float]:
        found: dict[str, float] = {}
        for number, one in enumerate(self.spec.recruitment):
            name = f"{one.type} come in"
            found[name] = found.get(name, 0.0) + float(self._issued[1 + number])
        return found


def _rows(graph: Any, through: str) -> np.ndarray:
    """Rows of the segments through which cells come: blood vessels with flow, or all lymph vessels."""
    n = graph.segments
    kind = graph.kind[:n] == (BLOOD if through == "blood" else LYMPH)
    return np.flatnonzero(kind & (graph.perfused[:n] == 1) if through == "blood" else kind)


def _face(shape: tuple[int, int, int], face: str) -> np.ndarray:
    """Voxels (flat) at a face."""
    axis = 2 - "xyz".index(face[0])
    number = np.arange(int(np.prod(shape))).reshape(shape)
    return np.moveaxis(number, axis, 0)[-1 if face.endswith("high") else 0].reshape(-1)
