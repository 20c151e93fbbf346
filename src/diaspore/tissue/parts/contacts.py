"""Cells that attack cells they touch (T and NK cells, macrophages), and cells that clear away dying ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from diaspore.core.zarrio import Variable
from diaspore.tissue.behaviours import Behaviour
from diaspore.tissue.events import EventLog
from diaspore.tissue.kernels.contacts import CLEARED, KILLS, SPARED, TALLIES, Attacks, attack, clear
from diaspore.tissue.part import Part
from diaspore.tissue.signals import Signal

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_cell import CellTypeSpec

ATTACK, SUSCEPTIBILITY, ENGULFING = "attack", "susceptibility", "engulfing"
_COLUMNS = {
    "minutes": "f8", "attacker": "str", "killed": "str", "hits": "i8", "attacker_identity": "u8",
    "killed_identity": "u8", "x": "f8", "y": "f8", "z": "f8",
}  # fmt: skip
_WORDS = ("encounters", "escapes", "hits", "kills", "cleared")


class Contacts(Part):
    """Attacks and clearance; the counts of each pair of types go on through the run."""

    name = "contacts"
    contacts = True
    signals: ClassVar = (
        Signal("damage", "dimensionless", "hits that it has taken and not got over"),
        Signal("holding", "dimensionless", "1 while it holds a cell that it attacks, else 0"),
        Signal("time held", "min", "for which it has held cells that it attacks, in all"),
    )
    behaviours: ClassVar = (
        Behaviour(ATTACK, "1/min", "rate at which it hits the cell that it holds"),
        Behaviour(SUSCEPTIBILITY, "dimensionless", "factor on the rate at which it is hit"),
        Behaviour(ENGULFING, "1/min", "rate at which it takes away dying cells that it touches"),
    )

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        return any(cell.attack is not None or cell.engulfing > 0.0 for cell in spec.cell_types.values())

    @classmethod
    def base(cls, behaviour: str, cell: CellTypeSpec) -> float:
        if behaviour == ATTACK:
            return 0.0 if cell.attack is None else cell.attack.rate
        return cell.damage.susceptibility if behaviour == SUSCEPTIBILITY else cell.engulfing

    def __init__(self, spec: TissueSpec) -> None:
        super().__init__(spec)
        cells, n = list(spec.cell_types.values()), len(spec.cell_types)
        weight, hold, again = np.zeros((n, n)), np.full(n, math.inf), np.full(n, math.inf)
        for k, cell in enumerate(cells):
            if cell.attack is not None:
                for name, much in cell.attack.targets.items():
                    weight[k, self.types.index(name)] = much
                hold[k] = math.inf if cell.attack.hold is None else cell.attack.hold
                again[k] = math.inf if cell.attack.again is None else cell.attack.again
        memory = [math.inf if cell.damage.memory is None else cell.damage.memory for cell in cells]
        hits = np.array([float(cell.damage.hits_to_kill) for cell in cells])
        self._attacks = Attacks(weight, hold, again, hits, np.array(memory))
        self._engulfs = any(cell.engulfing > 0.0 for cell in cells)
        self._tally = np.zeros((n, n, TALLIES), dtype=np.int64)
        self._killed = EventLog(_COLUMNS)

    def columns(self, room: int) -> dict[str, np.ndarray]:
        return {
            "target": np.zeros((1 + SPARED, room), dtype=np.uint64),  # held, let go but touched
            "damage": np.zeros((3, room), dtype=np.float64),  # hits, min since the last, min held
        }

    def step(self, simulation: Simulation) -> None:
        cells, n = simulation.cells, simulation.cells.count
        x = simulation.touching()
        target, damage = cells.columns["target"], cells.columns["damage"]
        killed = np.full((n, 2), -1, dtype=np.int64)
        step, seed = simulation.scene.steps.phenotype, np.uint64(simulation.seed)
        stays = ~simulation.leaving[:n]  # who has left in this step neither strikes nor is struck
        attack(
            x, n, self._attacks, stays * simulation.values_of(ATTACK), stays * simulation.values_of(SUSCEPTIBILITY),
            target[0], target[1:], damage[0], damage[1], damage[2], step, seed, simulation.tick, self._tally, killed,
        )  # fmt: skip
        rows = np.flatnonzero(killed[:, 0] >= 0)
        for j in rows:
            i, hits = killed[j]
            self._killed.add(
                simulation.minutes, self.types[cells.kind[i]], self.types[cells.kind[j]], hits, cells.identity[i],
                cells.identity[j], *cells.place[j, :3],
            )  # fmt: skip
        if self._engulfs:
            # Who was killed in this step is cleared in the next at the earliest, so that all parts have seen it die.
            fresh = np.zeros(n, dtype=bool)
            fresh[rows] = True
            rate, leaving = simulation.values_of(ENGULFING), simulation.leaving
            clear(x, n, rate, fresh, leaving, step, seed, simulation.tick, self._tally)
        simulation.tell("damage", damage[0, :n])
        simulation.tell("holding", target[0, :n] != 0)
        simulation.tell("time held", damage[2, :n])

    def divided(self, cells: Any, mothers: np.ndarray, first: int) -> None:
        daughters = slice(first, first + len(mothers))
        cells.columns["target"][:, daughters] = 0
        cells.columns["target"][:, mothers] = 0
        cells.columns["damage"][2, daughters] = 0.0  # time held counts once

    def variables(self) -> dict[str, Variable]:
        return {"contacts_tally": Variable(("attacker", "attacked", "what"), self._tally, {"what": " ".join(_WORDS)})}

    def restore(self, found: Mapping[str, Any]) -> None:
        self._tally[:] = found["contacts_tally"].values
        self._killed.clear()

    def counts(self, simulation: Simulation) -> dict[str, float]:
        found = {}
        for a, b in zip(*np.nonzero(self._attacks.weight > 0.0), strict=True):
            for what, word in enumerate(_WORDS[: KILLS + 1]):
                found[f"{self.types[a]} {word} {self.types[b]}"] = float(self._tally[a, b, what])
        for a, cell in enumerate(self.spec.cell_types.values()):
            if cell.engulfing > 0.0:
                found[f"{self.types[a]} cleared"] = float(self._tally[a, :, CLEARED].sum())
        return found

    def events(self) -> dict[str, np.ndarray]:
        return self._killed.taken()
