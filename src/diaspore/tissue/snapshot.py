"""A snapshot: the whole state of a tissue as labelled arrays, from which a run can go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diaspore.core.zarrio import Variable, read_stored
from diaspore.tissue.state import FIELDS

if TYPE_CHECKING:
    from diaspore.tissue.compile import Compiled
    from diaspore.tissue.simulation import Simulation

_AXES = {"place": "x y z radius", "velocity": "x y z", "volumes": "fluid nucleus cytoplasm"}


def snapshot_name(number: int) -> str:
    """Where a snapshot is in a run directory."""
    return f"snapshots/{number:05d}.zarr"


def snapshot(simulation: Simulation, compiled: Compiled) -> dict[str, Variable]:
    """All arrays of the cells (dimension ``cell``), every substance on the grid, and the clock."""
    cells, grid = simulation.cells, simulation.scene.grid
    variables = {}
    for name, (_, shape, about) in FIELDS.items():
        dims = ("cell", *(f"{name}_part" for _ in shape))
        notes = {"about": about} | ({"parts": _AXES[name]} if name in _AXES else {})
        variables[name] = Variable(dims, getattr(cells, name)[: cells.count], notes)
    for name, column in cells.columns.items():
        dims = (*(f"{name}_row" for _ in column.shape[:-1]), "cell")
        variables[name] = Variable(dims, np.ascontiguousarray(column[..., : cells.count]))
    for axis, name in enumerate("zyx"):
        variables[name] = Variable((name,), grid.centres(axis), {"unit": "um"})
    for s, name in enumerate(compiled.substances):
        variables[f"substance_{name}"] = Variable(("z", "y", "x"), simulation.u[s])
    for part in simulation.parts:
        variables |= part.variables()
    clock = np.array([simulation.tick, simulation.mechanics_ticks], dtype=np.int64)
    variables["last_step"] = Variable(("one",), simulation.last_step, {"unit": "min", "about": "of mechanics"})
    variables["clock"] = Variable(("clock",), clock, {"about": "steps of phenotypes and of mechanics since the start"})
    return variables


def read_snapshot(run: Path, number: int, simulation: Simulation, substances: tuple[str, ...]) -> None:
    """Put a simulation into the state of a snapshot.

    Raises:
        RunStoreError: a damaged snapshot.
    """
    found = read_stored(run / snapshot_name(number))
    cells = simulation.cells
    count = len(found["identity"].values)
    cells.reserve(count)
    cells.count = count
    for name in FIELDS:
        getattr(cells, name)[:count] = found[name].values
    for name, column in cells.columns.items():
        column[..., :count] = found[name].values
    for s, name in enumerate(substances):
        simulation.u[s] = found[f"substance_{name}"].values
    for part in simulation.parts:
        part.restore({str(name): variable for name, variable in found.items()})
    simulation.last_step[:] = found["last_step"].values
    simulation.tick, simulation.mechanics_ticks = (int(v) for v in found["clock"].values)
