"""The engine of ``kind: tissue``: runs a scene into a run directory, snapshot by snapshot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.tissue.compile import Compiled, compile_tissue
from diaspore.tissue.pace import Pace, scale
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.snapshot import read_snapshot, snapshot, snapshot_name
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC

if TYPE_CHECKING:
    from diaspore.core.runstore import RunStore


def run_tissue(
    spec: TissueSpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run a tissue into ``store``; called by :func:`diaspore.simulate`.

    Every snapshot holds the whole state; a run that was killed goes on from its last one with the same bits.
    """
    if controllers:
        raise InputError("do not act on tissues yet", field="controllers")
    compiled = compile_tissue(spec, seed=seed)
    simulation = Simulation(compiled.scene, compiled.cells, seed, mapper.threads, compiled.parts)
    between = round(spec.save_every / spec.steps.phenotype)
    total = round(spec.duration / spec.steps.phenotype)
    ticks = [*range(0, total, between), total]
    done = store.completed()
    last = max((number for number in range(len(ticks)) if number in done), default=None)
    if last is not None:
        read_snapshot(store.path, last, simulation, compiled.substances)
    else:
        _save(store, 0, simulation, compiled)
        last = 0
    unit, word = scale(spec.duration)
    with progress(spec.duration / unit, spec.name, word) as bar:
        pace = Pace(bar, spec.name, unit)
        pace.begin(simulation.minutes, simulation.cells.count)
        for number in range(last + 1, len(ticks)):
            for _ in range(ticks[number] - ticks[number - 1]):
                simulation.run(1)
                pace.step(spec.steps.phenotype, simulation.cells.count)
            _save(store, number, simulation, compiled)
    return {"summary": _summary(len(ticks), simulation, compiled), "citations": compiled.citations}


def _save(store: RunStore, number: int, simulation: Simulation, compiled: Compiled) -> None:
    store.write_arrays(snapshot_name(number), number, snapshot(simulation, compiled))
    store.write_part("counts", number, _counts(simulation, compiled))
    for part in simulation.parts:
        events = part.events()
        if events:
            store.write_part(f"{part.name}_events", number, events)
    store.commit(number)


def _counts(simulation: Simulation, compiled: Compiled) -> dict[str, Any]:
    """Live and dying cells of every type, ranges of substances, and means of networks in cells, at a snapshot."""
    cells = simulation.cells
    kind, phase = cells.kind[: cells.count], cells.phase[: cells.count]
    row: dict[str, Any] = {"hours": [simulation.minutes / 60.0]}
    for t, name in enumerate(compiled.types):
        row[f"{name} live"] = [int(np.sum((kind == t) & (phase < APOPTOTIC)))]
        row[f"{name} apoptotic"] = [int(np.sum((kind == t) & (phase == APOPTOTIC)))]
        row[f"{name} necrotic"] = [int(np.sum((kind == t) & (phase > APOPTOTIC)))]
    for s, name in enumerate(compiled.substances):
        row[f"{name} least"] = [float(simulation.u[s].min())]
        row[f"{name} most"] = [float(simulation.u[s].max())]
        row[f"{name} mean"] = [float(simulation.u[s].mean())]
    for network in simulation.scene.networks:
        alive, names = network.active(cells), network.shown
        for name, values in zip(names, network.nodes(cells, names), strict=True):
            row[f"{network.name}.{name} mean"] = [float(values[alive].mean()) if alive.any() else math.nan]
    for part in simulation.parts:
        row |= {name: [value] for name, value in part.counts(simulation).items()}
    row["radius_um"] = [extent(cells.place[: cells.count])]
    return row


def extent(place: np.ndarray) -> float:
    """Radius (um) of the ball of the same mean squared distance from the centre of all cells; 0 without cells."""
    if len(place) == 0:
        return 0.0
    away = place[:, :3] - place[:, :3].mean(axis=0)
    return float(np.sqrt(5.0 / 3.0 * np.mean(np.sum(away**2, axis=1))))


def _summary(snapshots: int, simulation: Simulation, compiled: Compiled) -> dict[str, Any]:
    end = {name: values[0] for name, values in _counts(simulation, compiled).items()}
    end = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in end.items()}
    return {"snapshots": snapshots, "cells": simulation.cells.count, "end": end}
