"""Epithelial-mesenchymal plasticity of cells; rules move its drive and read its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from diaspore.tissue.behaviours import Behaviour
from diaspore.tissue.kernels.plasticity import change_states
from diaspore.tissue.part import Part
from diaspore.tissue.signals import Signal
from diaspore.tissue.spec_plasticity import PlasticitySpec
from diaspore.tissue.state import APOPTOTIC

if TYPE_CHECKING:
    from diaspore.tissue.simulation import Simulation
    from diaspore.tissue.spec import TissueSpec
    from diaspore.tissue.spec_cell import CellTypeSpec

DRIVE = "EMT drive"
HYBRID, MESENCHYMAL = 0.25, 0.75
"""States from which on a cell counts as hybrid and as mesenchymal: where the stable stretches part."""


class Plasticity(Part):
    """The column ``emt``: a state from 0 (epithelial) to 1 (mesenchymal)."""

    name = "plasticity"
    signals: ClassVar = (Signal("EMT", "dimensionless", "0 epithelial, 0.5 hybrid, 1 mesenchymal"),)
    behaviours: ClassVar = (
        Behaviour(DRIVE, "dimensionless", "what drives it towards the mesenchymal state; negative: back"),
    )

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        return any(cell.plasticity is not None for cell in spec.cell_types.values())

    @classmethod
    def base(cls, behaviour: str, cell: CellTypeSpec) -> float:
        return 0.0 if cell.plasticity is None else cell.plasticity.drive

    def __init__(self, spec: TissueSpec) -> None:
        super().__init__(spec)
        cells = list(spec.cell_types.values())
        self._plastic = np.array([cell.plasticity is not None for cell in cells])
        own = [PlasticitySpec() if cell.plasticity is None else cell.plasticity for cell in cells]
        self._start, self._gap, self._time, self._noise = (
            np.array([getattr(one, name) for one in own]) for name in ("start", "gap", "time", "noise")
        )

    def columns(self, room: int) -> dict[str, np.ndarray]:
        return {"emt": np.zeros((1, room))}

    def begin(self, simulation: Simulation) -> None:
        cells = simulation.cells
        cells.columns["emt"][0, : cells.count] = self._start[cells.kind[: cells.count]]
        simulation.tell("EMT", cells.columns["emt"][0, : cells.count])

    def arrived(self, simulation: Simulation, rows: slice, given: set[str]) -> None:
        cells = simulation.cells
        if "emt" not in given:
            cells.columns["emt"][0, rows] = self._start[cells.kind[rows]]
        simulation.tell("EMT", cells.columns["emt"][0, : cells.count])

    def step(self, simulation: Simulation) -> None:
        cells, n = simulation.cells, simulation.cells.count
        state = cells.columns["emt"][0]
        change_states(
            state, cells.kind, cells.phase, cells.identity, n, simulation.values_of(DRIVE), self._plastic, self._gap,
            self._time, self._noise, simulation.scene.steps.phenotype, np.uint64(simulation.seed), simulation.tick,
        )  # fmt: skip
        simulation.tell("EMT", state[:n])

    def counts(self, simulation: Simulation) -> dict[str, float]:
        cells, n = simulation.cells, simulation.cells.count
        found: dict[str, float] = {}
        for k in np.flatnonzero(self._plastic):
            mine = (cells.kind[:n] == k) & (cells.phase[:n] < APOPTOTIC)
            state = cells.columns["emt"][0, :n][mine]
            found[f"{self.types[k]} epithelial"] = float(np.sum(state < HYBRID))
            found[f"{self.types[k]} hybrid"] = float(np.sum((state >= HYBRID) & (state < MESENCHYMAL)))
            found[f"{self.types[k]} mesenchymal"] = float(np.sum(state >= MESENCHYMAL))
        return found


def phenotype_of(state: Any) -> np.ndarray:
    """Words of states: epithelial, hybrid, mesenchymal."""
    words = np.array(["epithelial", "hybrid", "mesenchymal"])
    return words[np.digitize(state, [HYBRID, MESENCHYMAL])]
