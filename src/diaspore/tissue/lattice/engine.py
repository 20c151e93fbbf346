"""The engine of ``kind: lattice``: runs a lattice into a run directory, snapshot by snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.tissue.lattice.compile import Compiled, compile_lattice
from diaspore.tissue.lattice.kernels.layout import ARRIVED, BORN, DIED, ENTERED, NO_ROOM
from diaspore.tissue.lattice.snapshot import KINDS, read_snapshot, snapshot
from diaspore.tissue.lattice.spec import LatticeSpec, whole_steps
from diaspore.tissue.snapshot import snapshot_name

if TYPE_CHECKING:
    from diaspore.core.runstore import RunStore

_AT_ONCE = 1000
"""Steps between looks at the clock and the keyboard."""
_EVENTS = {"entered": ENTERED, "died in the vasculature": DIED, "arrived": ARRIVED, "found no room": NO_ROOM,
           "born": BORN}  # fmt: skip


def run_lattice(
    spec: LatticeSpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run a lattice into ``store``; called by :func:`diaspore.simulate`.

    Every snapshot holds the whole state; a run that was killed goes on from its last one with the same bits. One
    thread computes: cells move one after the other.
    """
    if controllers:
        raise InputError("do not act on tissues yet", field="controllers")
    compiled = compile_lattice(spec, seed)
    lattice = compiled.lattice
    total, between, count = (
        whole_steps(time, spec.step) or 1 for time in (spec.duration, spec.save_every, spec.count_every)
    )
    ticks = [*range(0, total, between), total]
    done = store.completed()
    last = max((number for number in range(len(ticks)) if number in done), default=None)
    if last is not None:
        read_snapshot(store.path, last, lattice)
    else:
        _save(store, 0, spec, compiled, [counts(spec, compiled)])
        last = 0
    with progress(total, f"{spec.name}: {spec.duration / 86_400.0:.3g} days", "steps") as bar:
        bar.advance(ticks[last])
        for number in range(last + 1, len(ticks)):
            rows = []
            while lattice.tick < ticks[number]:
                to = min(ticks[number], (lattice.tick // count + 1) * count)
                steps = min(_AT_ONCE, to - lattice.tick)
                lattice.run(steps)
                bar.advance(steps)
                if lattice.tick == to:
                    rows.append(counts(spec, compiled))
            _save(store, number, spec, compiled, rows)
    end = {name: value.tolist() for name, value in counts(spec, compiled).items()}
    return {"summary": {"snapshots": len(ticks), "steps": total, "cells": int(lattice.cells.number.sum()), "end": end},
            "citations": compiled.citations}  # fmt: skip


def _save(
    store: RunStore, number: int, spec: LatticeSpec, compiled: Compiled, rows: list[dict[str, np.generic]]
) -> None:
    store.write_arrays(snapshot_name(number), number, snapshot(compiled.lattice, compiled.names, spec.grid.spacing))
    store.write_part("counts", number, {name: np.array([row[name] for row in rows]) for name in rows[0]})
    store.commit(number)


def counts(spec: LatticeSpec, compiled: Compiled) -> dict[str, np.generic]:
    """One row of the table counts: cells by grid and in the vasculature, clusters, and totals since the start."""
    lattice = compiled.lattice
    on_grids, clusters = lattice.per_grid(), lattice.clusters()
    row: dict[str, Any] = {"hours": np.float64(lattice.tick * spec.step / 3600.0)}
    for g, grid in enumerate(compiled.names):
        row |= {f"{grid} {kind}": on_grids[k, g] for k, kind in enumerate(KINDS)}
    row |= {f"vasculature {kind}": np.int64(clusters[:, k].sum()) for k, kind in enumerate(KINDS)}
    alone = np.int64(np.sum(clusters.sum(axis=1) == 1))
    row |= {"single cells in the vasculature": alone, "clusters in the vasculature": len(clusters) - alone}
    for event, at in _EVENTS.items():
        row |= {f"{kind} {event}": lattice.tally.totals[at + k] for k, kind in enumerate(KINDS)}
    shown = lattice.tally.counter if spec.rules == "metaspread" else on_grids.sum(axis=0)
    row["total"] = np.int64(shown.sum())
    return {name: value if isinstance(value, np.generic) else np.int64(value) for name, value in row.items()}
