"""From a specification to a lattice at its start: units are gone, cells and vessels have their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.citations import Citations
from diaspore.core.errors import InputError
from diaspore.core.rng import uniform
from diaspore.tissue.lattice.kernels.layout import (
    EDGE_HIGH,
    EDGE_LEFT,
    EDGE_LOW,
    EDGE_RIGHT,
    RUPTURED,
    STARTS,
    VESSEL,
    VESSELS,
    WAY_IN,
    Rules,
)
from diaspore.tissue.lattice.spec import LatticeSpec, whole_steps
from diaspore.tissue.lattice.state import Lattice

SOURCES = {
    "franssen2019": "the hybrid model of spread between organ grids",
    "metaspread": "its rules and constants, as a public program has them",
    "salmon2011": "random numbers",
}


@dataclass(frozen=True)
class Compiled:
    """A lattice at its start, the names of its grids, and what it rests on."""

    lattice: Lattice
    names: tuple[str, ...]
    citations: Citations


def compile_lattice(spec: LatticeSpec, seed: int = 1) -> Compiled:
    """Compile a specification.

    Args:
        spec: what the file says.
        seed: of the run; places of cells and vessels derive from it.

    Raises:
        InputError: no place for all vessels.
    """
    n, grids = spec.grid.points, len(spec.names)
    side = n + 2
    features = np.zeros((grids, side, side), dtype=np.uint8)
    features[:, 1:-1, 1] |= EDGE_LEFT
    features[:, 1:-1, n] |= EDGE_RIGHT
    features[:, 1, 1:-1] |= EDGE_LOW
    features[:, n, 1:-1] |= EDGE_HIGH
    vessels = _vessels(spec, seed)
    ruptured = spec.primary_vessels()[1]
    flat = features.reshape(-1)
    for g, places in enumerate(vessels):
        flat[places] |= VESSEL | (WAY_IN if g == 0 else 0)
    flat[vessels[0][:ruptured]] |= RUPTURED
    lattice = Lattice(rules_of(spec, vessels), features, seed)
    lattice.place(*_founders(spec, seed))
    citations = Citations()
    for key, reason in SOURCES.items():
        citations.add(key, reason)
    return Compiled(lattice, spec.names, citations)


def rules_of(spec: LatticeSpec, vessels: list[np.ndarray]) -> Rules:
    """The numbers of the rules per step; ``vessels`` are their points, grid by grid."""
    shipped = spec.rules == "metaspread"
    step, circulation = spec.step, spec.circulation
    walk, pull, most = spec.walks()
    spread = spec.per_step(spec.mmp2.diffusion)
    leave = 1.0 - circulation.disaggregation if shipped else circulation.disaggregation
    return Rules(
        spread=spread,
        keep=1.0 - 4.0 * spread - step * spec.mmp2.decay,
        produce=step * spec.mmp2.production,
        contact=step * spec.ecm.contact_loss,
        digest=step * spec.ecm.mmp2_loss,
        walk=walk,
        pull=pull,
        most=most,
        no_negative=not shipped,
        open_vessels=shipped,
        capacity=spec.carrying_capacity,
        doubling=np.array([whole_steps(time, step) for time in spec.doubling_times()], dtype=np.int64),
        transit=whole_steps(circulation.transit, step) or 1,
        survival=np.array([circulation.single_survival, circulation.cluster_survival]),
        leave=leave,
        sites=np.cumsum([site.share for site in spec.sites.values()]),
        vessels=np.concatenate(vessels),
        vessels_from=np.concatenate([[0], np.cumsum([len(places) for places in vessels])]).astype(np.int64),
    )


def centre_points(n: int, count: int) -> np.ndarray:
    """The ``count`` points nearest the centre of a grid of ``n`` x ``n`` as numbers in it; ties by rows."""
    away = np.arange(n) - 0.5 * (n - 1)
    distance = np.add.outer(away**2, away**2).reshape(-1)
    return np.argsort(distance, kind="stable")[:count]


def _in_memory(points: np.ndarray, n: int, g: int) -> np.ndarray:
    """Numbers of points of a grid as places in memory, with the rim."""
    y, x = np.divmod(points, n)
    return ((g * (n + 2) + y + 1) * (n + 2) + x + 1).astype(np.int64)


def _draw(seed: int, entity: int, process: int, number: int, among: int) -> int:
    return int(uniform(np.uint64(seed), np.uint64(entity), process, number) * among)


def _founders(spec: LatticeSpec, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the mesenchymal and of the epithelial cells: each at a random point that still has room."""
    free = [int(p) for p in np.sort(centre_points(spec.grid.points, spec.cells.centre_points))]
    filled = dict.fromkeys(free, 0)
    chosen = []
    for number in range(spec.cells.count):
        at = _draw(seed, 0, STARTS, number, len(free))
        point = free[at]
        chosen.append(point)
        filled[point] += 1
        if filled[point] == spec.carrying_capacity:
            free.pop(at)
    places = _in_memory(np.array(chosen, dtype=np.int64), spec.grid.points, 0)
    mesenchymal = round(spec.cells.count * spec.cells.mesenchymal_share)
    return places[:mesenchymal], places[mesenchymal:]


def _vessels(spec: LatticeSpec, seed: int) -> list[np.ndarray]:
    """Points of the vessels of each grid; in the primary all distinct, away from centre and edge, ruptured first."""
    n = spec.grid.points
    allowed = np.zeros((n, n), dtype=bool)
    allowed[2:-2, 2:-2] = True
    for count in (spec.primary.free_points, spec.cells.centre_points):
        allowed.reshape(-1)[centre_points(n, count)] = False
    free = np.flatnonzero(allowed).tolist()
    wanted = sum(spec.primary_vessels())
    if wanted > len(free):
        raise InputError(
            f"{wanted:,} vessels find no place in the primary", field="primary", allowed=f"at most {len(free):,}"
        )
    chosen = [free.pop(_draw(seed, 0, VESSELS, number, len(free))) for number in range(wanted)]
    found = [_in_memory(np.array(chosen, dtype=np.int64), n, 0)]
    for g, site in enumerate(spec.sites.values(), start=1):
        points = [_draw(seed, g, VESSELS, number, n * n) for number in range(site.vessels)]
        found.append(_in_memory(np.array(points, dtype=np.int64), n, g))
    return found
