"""Cells that cross walls: intravasation, entry into lymph, shedding into a cavity, extravasation, washout.

What left and came is in the table ``crossing_events``; cells of one cluster share its number, the identity of the
cell that went first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from diaspore.core.rng import uniform_column
from diaspore.core.zarrio import Variable
from diaspore.tissue.behaviours import Behaviour
from diaspore.tissue.events import EventLog
from diaspore.tissue.kernels.crossing import leave
from diaspore.tissue.part import Part
from diaspore.tissue.processes.streams import S_LEAVE
from diaspore.tissue.signals import Signal
from diaspore.tissue.state import APOPTOTIC
from diaspore.tissue.vessels.graph import BLOOD, LYMPH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_cell import CellTypeSpec

ROUTES = ("blood", "lymph", "cavity")
"""Ways out of a tissue, by number."""
_LEAVING = ("intravasation", "lymphatic entry", "shedding into cavity")
_SPEED = "migration speed"
FAR = 200.0
"""Distance (um) beyond which vessels are not looked for."""
_HAPPENED = ("left by blood", "left by lymph", "left by cavity", "extravasated", "washed out", "died inside")


_COLUMNS = {
    "minutes": "f8", "event": "str", "type": "str", "identity": "u8", "cluster": "u8", "size": "i8", "emt": "f8",
    "x": "f8", "y": "f8", "z": "f8",
}  # fmt: skip


class Crossing(Part):
    """The column ``lodged``: 0 in the tissue, 1 in a blood vessel, 2 in a lymph vessel; min inside."""

    name = "crossing"
    contacts = True
    signals: ClassVar = (
        Signal("distance to vessel", "um", f"to the wall of the nearest blood vessel with flow, at most {FAR:g}"),
        Signal("contact with vessel", "dimensionless", "1 while it touches a blood vessel with flow, else 0"),
        Signal("inside vessel", "dimensionless", "1 while it is lodged in a vessel, else 0"),
        Signal("time inside vessel", "min", "since it was lodged; 0 outside"),
    )
    behaviours: ClassVar = (
        *(
            Behaviour(name, "1/min", f"rate of leaving by {route}")
            for name, route in zip(_LEAVING, ROUTES, strict=True)
        ),
        Behaviour("extravasation", "1/min", "rate of going out of the vessel in which it is lodged"),
        Behaviour("washout", "1/min", "rate of being carried away when lodged in a vessel"),
        Behaviour("cluster cohesion", "dimensionless", "chance that it goes along with a cell that it touches"),
    )
    modified: ClassVar = (_SPEED,)
    _fields: ClassVar = dict(
        zip(
            (one.name for one in behaviours),
            ("intravasation", "lymphatic_entry", "cavity_shedding", "extravasation", "washout", "cohesion"),
            strict=True,
        )
    )

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        reads = {rule.signal for rule in spec.rules} & {signal.name for signal in cls.signals}
        lodged = any(one.lodged for one in spec.recruitment)
        return bool(reads) or lodged or any(cell.crossing is not None for cell in spec.cell_types.values())

    @classmethod
    def base(cls, behaviour: str, cell: CellTypeSpec) -> float:
        return 0.0 if cell.crossing is None else float(getattr(cell.crossing, cls._fields[behaviour]))

    def __init__(self, spec: TissueSpec) -> None:
        super().__init__(spec)
        cells = list(spec.cell_types.values())
        self._crosses = np.array([cell.crossing is not None for cell in cells])
        self._reach = np.array([0.0 if cell.crossing is None else cell.crossing.reach for cell in cells])
        self._tally = np.zeros((len(cells), len(_HAPPENED)), dtype=np.int64)
        self._events = EventLog(_COLUMNS)

    def columns(self, room: int) -> dict[str, np.ndarray]:
        return {"lodged": np.zeros((2, room))}

    def modify(self, simulation: Simulation) -> None:
        cells, n = simulation.cells, simulation.cells.count
        inside = cells.columns["lodged"][0, :n] > 0.0
        simulation.values_of(_SPEED)[inside] = 0.0
        simulation.still[:n] = inside  # what pushes it does not push it out of the vessel

    def step(self, simulation: Simulation) -> None:
        cells, n = simulation.cells, simulation.cells.count
        lodged = cells.columns["lodged"]
        inside = lodged[0, :n] > 0.0
        walls = [self._to_wall(simulation, kind) for kind in (BLOOD, LYMPH)]
        self._leave(simulation, inside, walls)
        self._go_out(simulation, inside)
        lodged[1, :n] += np.where(inside, simulation.scene.steps.phenotype, 0.0)
        self._tell(simulation, walls[0])

    def begin(self, simulation: Simulation) -> None:
        self._tell(simulation, self._to_wall(simulation, BLOOD))

    def arrived(self, simulation: Simulation, rows: slice, given: set[str]) -> None:
        self._tell(simulation, self._to_wall(simulation, BLOOD))

    def _tell(self, simulation: Simulation, wall: np.ndarray) -> None:
        """Give rules where cells are; ``wall`` (n,) is the distance to that of the nearest blood vessel."""
        cells, n = simulation.cells, simulation.cells.count
        lodged = cells.columns["lodged"][:, :n]
        simulation.tell("distance to vessel", np.clip(wall, 0.0, FAR))
        simulation.tell("contact with vessel", wall <= cells.place[:n, 3] + self._reach[cells.kind[:n]])
        simulation.tell("inside vessel", lodged[0] > 0.0)
        simulation.tell("time inside vessel", np.where(lodged[0] > 0.0, lodged[1], 0.0))

    def _to_wall(self, simulation: Simulation, kind: int) -> np.ndarray:
        """Distance (n,) from the centres of cells to the wall of the nearest vessel; infinite where none is near."""
        cells, n = simulation.cells, simulation.cells.count
        found = np.full(n, math.inf)
        if not simulation.has_part("vessels") or n == 0:
            return found
        reads = kind == BLOOD and "distance to vessel" in simulation.scene.kept
        rows = np.arange(n) if reads else np.flatnonzero(self._crosses[cells.kind[:n]])
        # Beyond what a cell can touch nobody asks; a round reach, so that the bins are not made anew as cells grow.
        reach = FAR if reads else 10.0 * math.ceil(0.1 * float(cells.place[:n, 3].max() + self._reach.max()))
        found[rows] = np.maximum(simulation.part("vessels").wall(cells.place[rows], reach, kind), 0.0)
        return found

    def _leave(self, simulation: Simulation, inside: np.ndarray, walls: list[np.ndarray]) -> None:
        cells, n = simulation.cells, simulation.cells.count
        rates = np.array([simulation.values_of(name) for name in _LEAVING])
        if not rates.any():
            return
        reach = cells.place[:n, 3] + self._reach[cells.kind[:n]]
        touches = np.stack([walls[0] <= reach, walls[1] <= reach, self._at_cavity(simulation, reach)])
        route, leader = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        leave(
            simulation.touching(), n, rates, touches, ~inside, simulation.values_of("cluster cohesion"),
            simulation.leaving, simulation.scene.steps.phenotype, np.uint64(simulation.seed), simulation.tick, route,
            leader,
        )  # fmt: skip
        gone = np.flatnonzero(route >= 0)
        sizes = np.bincount(leader[gone], minlength=n)
        for i in gone:
            self._note(simulation, int(i), int(route[i]), int(cells.identity[leader[i]]), int(sizes[leader[i]]))

    def _at_cavity(self, simulation: Simulation, reach: np.ndarray) -> np.ndarray:
        face = self.spec.cavity
        if face is None:
            return np.zeros(len(reach), dtype=bool)
        axis = "xyz".index(face[0])
        along = simulation.cells.place[: len(reach), axis]
        away = simulation.high[axis] - along if face.endswith("high") else along - simulation.low[axis]
        return np.asarray(away <= reach)

    def _go_out(self, simulation: Simulation, inside: np.ndarray) -> None:
        """Lodged cells go out into the tissue, or are carried away."""
        cells, rows = simulation.cells, np.flatnonzero(inside)
        if len(rows) == 0:
            return
        out, away = (simulation.values_of(name)[rows] for name in ("extravasation", "washout"))
        total = out + away
        seed, step = np.uint64(simulation.seed), simulation.scene.steps.phenotype
        u = uniform_column(seed, cells.identity[rows], S_LEAVE, simulation.tick)
        chance = -np.expm1(-total * step)
        dead = cells.phase[rows] >= APOPTOTIC
        happens = (u < chance) & ~dead & ~simulation.leaving[rows]
        goes_out = u < chance * out / np.maximum(total, 1e-300)
        for i, leaves in zip(rows[happens], goes_out[happens], strict=True):
            self._note(simulation, int(i), 3 if leaves else 4, int(cells.identity[i]), 1)
            if leaves:
                cells.columns["lodged"][:, i] = 0.0
                inside[i] = False
            else:
                simulation.leaving[i] = True
        fresh = dead & (cells.columns["lodged"][0, rows] > 0.0)
        for i in rows[fresh]:
            self._note(simulation, int(i), 5, int(cells.identity[i]), 1)
            cells.columns["lodged"][:, i] = 0.0

    def _note(self, simulation: Simulation, i: int, what: int, cluster: int, size: int) -> None:
        cells = simulation.cells
        self._tally[cells.kind[i], what] += 1
        state = float(cells.columns["emt"][0, i]) if "emt" in cells.columns else math.nan
        self._events.add(
            simulation.minutes, _HAPPENED[what], self.types[cells.kind[i]], cells.identity[i], np.uint64(cluster), size,
            state, *cells.place[i, :3],
        )  # fmt: skip

    def variables(self) -> dict[str, Variable]:
        return {"crossing_tally": Variable(("crossing_type", "crossing_what"), self._tally)}

    def restore(self, found: Mapping[str, Any]) -> None:
        self._tally[:] = found["crossing_tally"].values
        self._events.clear()

    def counts(self, simulation: Simulation) -> dict[str, float]:
        cells, n = simulation.cells, simulation.cells.count
        found: dict[str, float] = {}
        for k, name in enumerate(self.types):
            if not self._crosses[k] and not self._tally[k].any():
                continue
            for what, word in enumerate(_HAPPENED):
                found[f"{name} {word}"] = float(self._tally[k, what])
            mine = (cells.kind[:n] == k) & (cells.phase[:n] < APOPTOTIC)
            found[f"{name} inside vessels"] = float(np.sum(mine & (cells.columns["lodged"][0, :n] > 0.0)))
        return found

    def events(self) -> dict[str, np.ndarray]:
        return self._events.taken()
