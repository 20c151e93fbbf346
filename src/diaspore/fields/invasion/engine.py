"""The engine of ``kind: invasion``: runs a model into a run directory, snapshot by snapshot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.citations import Citations
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.core.zarrio import Variable, read_stored
from diaspore.fields.invasion.front import fitted_speed
from diaspore.fields.invasion.simulation import Invasion
from diaspore.fields.invasion.spec import InvasionSpec

if TYPE_CHECKING:
    from diaspore.core.runstore import RunStore

METHODS = {
    "alexander1977": "diffusion in time",
    "vanleer1977": "taxis: limited slopes",
    "gottlieb2001": "taxis in time",
    "strang1968": "splitting into taxis, diffusion and reactions",
}


def snapshot_name(number: int) -> str:
    """Where a snapshot is in a run directory."""
    return f"snapshots/{number:05d}.zarr"


def run_invasion(
    spec: InvasionSpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run an invasion into ``store``; called by :func:`diaspore.simulate`.

    Every snapshot holds the whole state; a run that was killed goes on from its last one with the same bits. Nothing is
    random, so the seed changes nothing; one thread does the work.
    """
    if controllers:
        raise InputError("do not act on models of invasion", field="controllers")
    invasion = Invasion(spec)
    between, total = (round(t / spec.time_step) for t in (spec.save_every, spec.duration))
    ticks = [*range(0, total, between), total]
    done = store.completed()
    last = max((number for number in range(len(ticks)) if number in done), default=None)
    if last is not None:
        _read(store.path, last, invasion)
    else:
        _save(store, 0, invasion)
        last = 0
    with progress(total, f"{spec.name}: time {spec.duration:g}", "steps") as bar:
        bar.advance(ticks[last])
        for number in range(last + 1, len(ticks)):
            left = ticks[number] - ticks[number - 1]
            while left > 0:  # in parts, so that an interruption is noticed and progress is seen
                part = min(left, max(1, 2_000_000 // invasion.u.size))
                invasion.advance(part)
                bar.advance(part)
                left -= part
            _save(store, number, invasion)
    return {"summary": _summary(store, len(ticks), invasion), "citations": _citations(invasion)}


def _save(store: RunStore, number: int, invasion: Invasion) -> None:
    store.write_arrays(snapshot_name(number), number, _variables(invasion))
    store.write_part("front", number, row(invasion))
    place = invasion.place()
    store.commit(number, {"time": invasion.time, "place": None if math.isnan(place) else place})


def _variables(invasion: Invasion) -> dict[str, Variable]:
    flat = invasion.spec.domain.y is None
    variables = {"x": Variable(("x",), invasion.grid.centres(2))}
    if not flat:
        variables["y"] = Variable(("y",), invasion.grid.centres(1))
    for name, symbol, values in zip(invasion.model.species, invasion.model.symbols, invasion.u, strict=True):
        dims = ("x",) if flat else ("y", "x")
        variables[name] = Variable(dims, values[0, 0] if flat else values[0], {"symbol": symbol})
    steps = np.array([invasion.steps], dtype=np.int64)
    variables["steps"] = Variable(("one",), steps, {"about": "since the start"})
    return variables


def _read(run: Path, number: int, invasion: Invasion) -> None:
    found = read_stored(run / snapshot_name(number))
    for s, name in enumerate(invasion.model.species):
        invasion.u[s] = found[name].values.reshape(invasion.u.shape[1:])
    invasion.steps = int(found["steps"].values[0])


def row(invasion: Invasion) -> dict[str, list[float]]:
    """A row of the table ``front``: time, place of the front, and mass, least and greatest value of every species."""
    found = {"time": [invasion.time], "place": [invasion.place()]}
    for name, mass, values in zip(invasion.model.species, invasion.mass(), invasion.u, strict=True):
        found[f"{name} mass"] = [float(mass)]
        found[f"{name} least"] = [float(values.min())]
        found[f"{name} greatest"] = [float(values.max())]
    return found


def _summary(store: RunStore, snapshots: int, invasion: Invasion) -> dict[str, Any]:
    marks = [store.checkpoint(number) for number in range(snapshots)]
    time = np.array([mark["time"] for mark in marks])
    place = np.array([math.nan if mark["place"] is None else mark["place"] for mark in marks])
    speed, linear = fitted_speed(time, place), invasion.model.linear_speed
    end = {name: None if math.isnan(values[0]) else values[0] for name, values in row(invasion).items()}
    return {
        "model": invasion.model.name,
        "parameters": invasion.values,
        "snapshots": snapshots,
        "speed": None if math.isnan(speed) else speed,
        "linear_speed": None if linear is None else linear(invasion.values),
        "end": end,
    }


def _citations(invasion: Invasion) -> Citations:
    citations = Citations()
    for key, reason in {**METHODS, **invasion.model.sources}.items():
        citations.add(key, reason)
    return citations
