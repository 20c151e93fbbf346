"""A snapshot: the whole state of a lattice as labelled arrays, from which a run can go on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diaspore.core.zarrio import Variable, read_stored
from diaspore.tissue.lattice.kernels.layout import HEAD, RUPTURED, TAIL, VESSEL
from diaspore.tissue.lattice.state import Lattice
from diaspore.tissue.snapshot import snapshot_name

KINDS = ("mesenchymal", "epithelial")


def snapshot(lattice: Lattice, names: tuple[str, ...], spacing_um: float) -> dict[str, Variable]:
    """Levels and cells at the points (dimensions ``grid``, ``y``, ``x``), vessels, clusters, and the clock.

    ``row_*`` hold the points of all cells in the order of rows, which random numbers depend on; ``features`` what is at
    the points as bits.
    """
    points, queue = lattice.points, lattice.queue
    inside = (slice(None), slice(1, -1), slice(1, -1))
    features = points.features.reshape(points.mmp2.shape)[inside]
    axes = ("grid", "y", "x")
    along = (np.arange(lattice.side - 2) - 0.5 * (lattice.side - 3)) * spacing_um
    variables = {
        "grid": Variable(("grid",), np.array(names)),
        "y": Variable(("y",), along, {"unit": "um"}),
        "x": Variable(("x",), along, {"unit": "um"}),
        "mmp2": Variable(axes, points.mmp2[inside]),
        "ecm": Variable(axes, points.ecm[inside]),
        "vessels": Variable(
            axes, ((features & VESSEL) // VESSEL + (features & RUPTURED) // RUPTURED).astype(np.uint8),
            {"about": "1 a normal, 2 a ruptured vessel"},
        ),
    }  # fmt: skip
    for kind, name in enumerate(KINDS):
        counts = points.counts[kind].reshape(points.mmp2.shape)[inside]
        variables[name] = Variable(axes, counts, {"about": "cells at a point"})
        variables[f"row_{name}"] = Variable((f"cell_{name}",), lattice.positions(kind))
    waiting = slice(queue.ends[HEAD], queue.ends[TAIL])
    variables["cluster_leaves"] = Variable(("cluster",), queue.leaves[waiting], {"about": "step at which it arrives"})
    variables["cluster_cells"] = Variable(("cluster", "phenotype"), queue.cells[waiting])
    variables["cluster_identity"] = Variable(("cluster",), queue.identity[waiting])
    variables["totals"] = Variable(("total",), lattice.tally.totals)
    variables["counter"] = Variable(("grid",), lattice.tally.counter)
    clock = np.array([lattice.tick, queue.ends[2]], dtype=np.int64)
    variables["clock"] = Variable(("clock",), clock, {"about": "steps, and clusters that left, since the start"})
    return variables


def read_snapshot(run: Path, number: int, lattice: Lattice) -> None:
    """Put a lattice into the state of a snapshot.

    Raises:
        RunStoreError: a damaged snapshot.
    """
    found = read_stored(run / snapshot_name(number))
    state = {name: variable.values for name, variable in found.items()}
    lattice.points.counts[:] = 0
    lattice.points.mmp2[:, 1:-1, 1:-1] = state["mmp2"]
    lattice.points.ecm[:, 1:-1, 1:-1] = state["ecm"]
    lattice.place(state["row_mesenchymal"], state["row_epithelial"])
    lattice.travel(state["cluster_leaves"], state["cluster_cells"], state["cluster_identity"], int(state["clock"][1]))
    lattice.tally.totals[:] = state["totals"]
    lattice.tally.counter[:] = state["counter"]
    lattice.tick = int(state["clock"][0])
