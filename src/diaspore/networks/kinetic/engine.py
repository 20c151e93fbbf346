"""The engine of ``kind: kinetic_network``: trajectories into a run directory, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diaspore.core.citations import Citations
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.networks.kinetic.integrate import Course, Integrator
from diaspore.networks.kinetic.network import Network
from diaspore.networks.kinetic.spec import KineticNetworkSpec

if TYPE_CHECKING:
    from diaspore.core.runstore import RunStore

PARTS = 20  # parts of a run, each kept when it is done
FEWEST = 50  # rows of a part
METHODS = {
    "lsoda": ("petzold1983", "integration: LSODA"),
    "rosenbrock": ("hairer1996", "integration: RODAS"),
    "libroadrunner": ("welsh2023", "integration: libroadrunner"),
}


def run_kinetic_network(
    spec: KineticNetworkSpec,
    store: RunStore,
    *,
    seed: int,
    mapper: Mapper,
    controllers: Sequence[Controller],
    progress: Any,
) -> dict[str, Any]:
    """Run a network into ``store``; called by :func:`diaspore.simulate`.

    The integration begins anew at each part of the table, in every run, so that a run that was killed goes on with the
    same bits. Nothing is random; one thread does the work.
    """
    if controllers:
        raise InputError("do not act on kinetic networks", field="controllers")
    network = Network(spec)
    times = spec.rows
    changes = [(spec.times(change.at, "set"), change.name, change.value) for change in spec.set]
    each = max(FEWEST, -(-len(times) // PARTS))
    parts = [times[k : k + each] for k in range(0, len(times), each)]
    if spec.method == "libroadrunner":
        from diaspore.networks.kinetic.roadrunner import roadrunner_rows

        if 0 not in store.completed():
            rows = roadrunner_rows(network, times, changes, tolerance=spec.tolerance)
            _save(store, 0, network, rows, {})
        parts = [times]
    else:
        _integrate(spec, store, network, parts, changes, progress)
    return {"summary": _summary(store, network, parts), "citations": _citations(spec)}


def _integrate(
    spec: KineticNetworkSpec, store: RunStore, network: Network, parts: list[list[float]], changes: Any, progress: Any
) -> None:
    step = None if spec.step is None else spec.times(spec.step, "step")
    integrator = Integrator(network, spec.method, step=step, tolerance=spec.tolerance, changes=changes)
    done, first, course = store.completed(), 0, None
    while first in done and first < len(parts):
        course = Course.from_json(store.checkpoint(first)["course"])
        first += 1
    if course is None:
        course = integrator.start()
    with progress(len(parts), spec.name, "parts") as bar:
        bar.advance(first)
        for number in range(first, len(parts)):
            rows = list(integrator.rows(course, parts[number]))
            _save(store, number, network, rows, {"course": course.to_json()})
            bar.advance(1)


def _save(store: RunStore, number: int, network: Network, rows: list[list[float]], extra: dict[str, Any]) -> None:
    columns = ["time", *network.columns()]
    store.write_part("course", number, dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
    store.commit(number, {**extra, "last": rows[-1]})


def _summary(store: RunStore, network: Network, parts: list[list[float]]) -> dict[str, Any]:
    columns = ["time", *network.columns()]
    last = store.checkpoint(len(parts) - 1)["last"]
    return {
        "states": len(network.states),
        "reactions": len(network.spec.reactions),
        "rows": sum(map(len, parts)),
        "time_unit": network.spec.time_unit,
        "end": dict(zip(columns, last, strict=True)),
    }


def _citations(spec: KineticNetworkSpec) -> Citations:
    citations = Citations()
    for key in spec.source:
        citations.add(key, f"the network {spec.name}")
    if spec.method in METHODS:
        citations.add(*METHODS[spec.method])
    return citations
