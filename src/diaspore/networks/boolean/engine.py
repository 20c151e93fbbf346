"""The engine of ``kind: boolean_network``: an ensemble of trajectories into a run directory, batch by batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.citations import Citations
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.core.zarrio import Variable
from diaspore.networks.boolean.compile import unpack
from diaspore.networks.boolean.ensemble import Ensemble, Tally, probabilities
from diaspore.networks.boolean.spec import BooleanNetworkSpec

if TYPE_CHECKING:
    from diaspore.core.runstore import RunStore

BATCH = 1_000_000
MAX_ENDS = 10_000
METHODS = {
    "continuous": ("stoll2012", "continuous-time Markov dynamics"),
    "discrete": ("stoll2012", "dynamics in ticks"),
}


def run_boolean_network(
    spec: BooleanNetworkSpec,
    store: RunStore,
    *,
    seed: int,
    mapper: Mapper,
    controllers: Sequence[Controller],
    progress: Any,
) -> dict[str, Any]:
    """Run an ensemble into ``store``; called by :func:`diaspore.simulate`.

    Trajectories are numbered, and their random numbers belong to their numbers; what is counted are whole numbers. So
    the result has the same bits for any number of threads, and after an interruption.
    """
    if controllers:
        raise InputError("do not act on networks", field="controllers")
    ensemble = Ensemble(spec)
    starts = range(0, spec.trajectories, BATCH)
    total: Tally | None = None
    done = store.completed()
    with progress(spec.trajectories, f"{spec.name}: {len(spec.nodes)} nodes", "trajectories") as bar:
        for number, first in enumerate(starts):
            count = min(BATCH, spec.trajectories - first)
            name = f"tallies/{number:05d}.zarr"
            if number in done:
                tally = _read(store, name)
            else:
                tally = ensemble.run(seed, first, count, mapper.threads)
                if len(starts) > 1:  # one batch is soon done again
                    store.write_arrays(name, number, _variables(tally))
                    store.commit(number)
            if total is None:
                total = tally
            else:
                total.add(tally)
                _forget_rare(total)
            bar.advance(count)
    assert total is not None
    store.write_part("nodes", 0, node_table(spec, total))
    store.write_part("phenotypes", 0, phenotype_table(spec, total))
    store.write_part("ends", 0, _ends(ensemble, total))
    return {"summary": _summary(spec, total), "citations": _citations(spec)}


def _forget_rare(tally: Tally) -> None:
    """Keep the memory of a network that never settles bounded: its commonest states at the end are enough."""
    if len(tally.ends) > BATCH:
        ordered = sorted(tally.ends.items(), key=lambda item: (-item[1], item[0]))
        tally.ends = dict(ordered[: BATCH // 2])


def edges(spec: BooleanNetworkSpec) -> tuple[np.ndarray, np.ndarray]:
    """Beginnings and ends of the windows."""
    begin = spec.window * np.arange(spec.windows)
    return begin, np.minimum(begin + spec.window, spec.duration)


def node_table(spec: BooleanNetworkSpec, tally: Tally) -> dict[str, np.ndarray]:
    """Columns ``begin``, ``end``, and for each node the mean share of time on in the window."""
    begin, end = edges(spec)
    found = probabilities(tally.nodes, tally.trajectories, (end - begin) / spec.window)
    return {"begin": begin, "end": end} | dict(zip(spec.nodes, found.T, strict=True))


def phenotype_table(spec: BooleanNetworkSpec, tally: Tally) -> dict[str, Any]:
    """A row for each window and combination of outputs that occurred: probability, and at most its standard error."""
    begin, end = edges(spec)
    found = probabilities(tally.codes, tally.trajectories, (end - begin) / spec.window)
    codes = [int(code) for code in np.flatnonzero(found.max(axis=0) > 0.0)] if spec.outputs else []
    names = [code_name(spec.outputs, code) for code in codes]
    chance = np.clip(found[:, codes], 0.0, 1.0)
    rows = len(begin)
    return {
        "begin": np.repeat(begin, len(codes)),
        "end": np.repeat(end, len(codes)),
        "phenotype": names * rows,
        "probability": chance.ravel(),
        "standard_error": np.sqrt(chance * (1.0 - chance) / tally.trajectories).ravel(),
    }


def code_name(outputs: Sequence[str], code: int) -> str:
    """Which outputs are on, as MaBoSS writes it."""
    return " -- ".join(name for k, name in enumerate(outputs) if code >> k & 1) or "<nil>"


def _ends(ensemble: Ensemble, tally: Tally) -> dict[str, Any]:
    ordered = sorted(tally.ends.items(), key=lambda item: (-item[1], item[0]))[:MAX_ENDS]
    states = np.array([state for state, _ in ordered], dtype=np.uint64).T
    bits = unpack(states, len(ensemble.network.names)).astype(bool)
    count = np.array([n for _, n in ordered], dtype=np.int64)
    chance = count / tally.trajectories
    names = np.array(ensemble.network.names)
    return {
        "on": [", ".join(names[row]) or "<nil>" for row in bits],
        "trajectories": count,
        "probability": chance,
        "standard_error": np.sqrt(chance * (1.0 - chance) / tally.trajectories),
        "fixed": ensemble.is_fixed(states),
    }


def _summary(spec: BooleanNetworkSpec, tally: Tally) -> dict[str, Any]:
    names = spec.outputs or tuple(spec.nodes)
    last = {name: float(values[-1]) for name, values in node_table(spec, tally).items() if name in names}
    error = {name: math.sqrt(max(p * (1.0 - p), 0.0) / tally.trajectories) for name, p in last.items()}
    return {
        "nodes": len(spec.nodes),
        "trajectories": tally.trajectories,
        "flips_per_trajectory": tally.flips / tally.trajectories,
        "end": last,
        "standard_error": error,
        "ends": len(tally.ends),
        "share_in_fixed_points": tally.fixed / tally.trajectories,
    }


def _citations(spec: BooleanNetworkSpec) -> Citations:
    citations = Citations()
    for key in spec.source:
        citations.add(key, f"the network {spec.name}")
    if spec.updating in METHODS:
        citations.add(*METHODS[spec.updating])
    citations.add("salmon2011", "random numbers")
    return citations


def _variables(tally: Tally) -> dict[str, Variable]:
    states = np.array(list(tally.ends), dtype=np.uint64)
    numbers = np.array([tally.trajectories, tally.flips, tally.fixed], dtype=np.int64)
    return {
        "nodes": Variable(("window", "node"), tally.nodes),
        "codes": Variable(("window", "code"), tally.codes),
        "ends": Variable(("end", "word"), states.view(np.int64)),
        "ends_count": Variable(("end",), np.array(list(tally.ends.values()), dtype=np.int64)),
        "numbers": Variable(("number",), numbers, {"about": "trajectories, flips, at rest"}),
    }


def _read(store: RunStore, name: str) -> Tally:
    from diaspore.core.zarrio import read_stored

    found = {key: one.values for key, one in read_stored(store.path / name).items()}
    states = found["ends"].view(np.uint64)
    ends = {tuple(map(int, state)): int(n) for state, n in zip(states, found["ends_count"], strict=True)}
    trajectories, flips, fixed = map(int, found["numbers"])
    return Tally(trajectories, flips, fixed, found["nodes"], found["codes"], ends)
