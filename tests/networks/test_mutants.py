"""Screens of mutants against ensembles of each mutant alone, and influences against truth tables."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.networks import expressions as ex
from diaspore.networks.boolean import mutants as module
from diaspore.networks.boolean.compile import unpack
from diaspore.networks.boolean.ensemble import Ensemble
from diaspore.networks.boolean.influence import influences
from diaspore.networks.boolean.mutants import screen
from diaspore.networks.boolean.spec import BooleanNetworkSpec, ChangeSpec
from tests.networks.boolean_common import all_states, names_of, network, random_logic


def spec_of(seed: int, **fields: Any) -> BooleanNetworkSpec:
    rng = random.Random(seed)
    names = names_of(6)
    nodes: dict[str, Any] = {name: random_logic(rng, names) for name in names} | {"I": None}
    fields = {"duration": 5.0, "window": 5.0, "outputs": ["N4", "N5"], "trajectories": 400} | fields
    return network(nodes, **fields)


def alone(spec: BooleanNetworkSpec, mutant: tuple[tuple[str, str], ...], count: int, seed: int) -> np.ndarray:
    """Shares of all nodes at the end, from an ensemble of this mutant."""
    changes = {node: ChangeSpec(gain=1.0) if what == "gain" else ChangeSpec(loss=1.0) for node, what in mutant}
    one = spec.model_copy(update={"mutations": spec.mutations | changes})
    ends = Ensemble(one).run(seed, 0, count).ends
    states = np.array(list(ends), dtype=np.uint64).T
    return np.asarray(np.array(list(ends.values())) @ unpack(states, len(spec.nodes)) / count)


@pytest.mark.parametrize("updating", ["continuous", "discrete", "asynchronous"])
@pytest.mark.parametrize("pairs", [False, True])
def test_a_screen_is_each_mutant_alone(updating: str, pairs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 3000)
    spec = spec_of(3, updating=updating, mutations={"N0": "on"})
    found = screen(spec, pairs=pairs, nodes=["N1", "N2", "I"] if pairs else None, seed=6)
    assert found.mutants[0] == ()
    assert len(found.mutants) == (1 + 6 + 12 if pairs else 1 + 2 * 4)
    columns = [list(spec.nodes).index(name) for name in found.outputs]
    for k, mutant in enumerate(found.mutants):
        np.testing.assert_array_equal(found.probability[k], alone(spec, mutant, 400, 6)[columns])


def test_rates_mutations_and_drugs_of_the_network_stay() -> None:
    spec = spec_of(
        8, mutations={"N1": {"loss": 0.4}, "N2": {"up": 2.0}}, treatments=[{"node": "N3", "gain": 0.5}], outputs=[]
    )  # fmt: skip
    found = screen(spec, nodes=["N0", "N3"], trajectories=300, seed=2)
    assert found.outputs == tuple(spec.nodes)
    for k, mutant in enumerate(found.mutants):
        np.testing.assert_array_equal(found.probability[k], alone(spec, mutant, 300, 2))


def test_threads_and_progress() -> None:
    spec, done = spec_of(5), []
    one = screen(spec, pairs=True, trajectories=5000, threads=1)
    three = screen(spec, pairs=True, trajectories=5000, threads=3, progress=lambda some, of: done.append((some, of)))
    np.testing.assert_array_equal(one.probability, three.probability)
    assert sum(some for some, _ in done) == len(one.mutants)
    assert {of for _, of in done} == {len(one.mutants)}


def test_names_errors_and_table() -> None:
    spec = spec_of(4, initial={"default": 0.0})
    found = screen(spec, nodes=["N0", "N1"], outputs=["N0", "N4"], trajectories=100, pairs=True)
    assert found.name(0) == "as given"
    assert "N0 gain, N1 loss" in found.table()["mutant"]
    assert list(found.table()) == ["mutant", "N0", "N4"]
    gain = found.mutants.index((("N0", "gain"),))
    assert found.probability[gain, 0] == 1.0
    assert found.standard_error[gain, 0] == 0.0
    np.testing.assert_allclose(found.standard_error, np.sqrt(found.probability * (1 - found.probability) / 100))


@pytest.mark.parametrize(
    ("fields", "options", "words"),
    [
        ({}, {"nodes": ["N9"]}, "'N9' is no node"),
        ({}, {"outputs": ["n4"]}, "did you mean 'N4'"),
        ({"updating": "synchronous"}, {}, "synchronous"),
        ({"treatments": [{"node": "N0", "loss": 0.5, "start": 1}]}, {}, "treatments of the whole time"),
        ({}, {"duration": 0.0}, "duration"),
        ({}, {"duration": float("nan")}, "duration"),
        ({}, {"duration": float("inf")}, "duration"),
        ({}, {"trajectories": 0}, "trajectories"),
    ],
)
def test_what_cannot_be_screened_is_refused(fields: dict[str, Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        screen(spec_of(1, **fields), **options)


@pytest.mark.parametrize("seed", range(30))
def test_influences_are_those_of_the_truth_table(seed: int) -> None:
    rng = random.Random(seed)
    names = names_of(4)
    spec = network({name: random_logic(rng, names) for name in names})
    found = {(one.source, one.target): one.sign for one in influences(spec)}
    for target in names:
        rule = spec.nodes[target].rule()
        read = ex.names(rule, ex.Node)
        for source in read:
            signs = set()
            for bits in all_states(4):
                state = dict(zip(names, map(float, bits), strict=True))
                on, off = (ex.value(rule, state | {source: value}) for value in (1.0, 0.0))
                signs |= {1} if on > off else {-1} if on < off else set()
            expected = None if not signs else 0 if len(signs) > 1 else signs.pop()
            if not (source == target and spec.nodes[target].logic == target):
                assert found.pop((source, target)) == expected
    assert not found


def test_influences_of_rates() -> None:
    nodes = {"A": {"up": "B ? 2 : 0.5", "down": "@fall", "attributes": {"fall": "C * $k"}}, "B": None, "C": "C"}
    found = {(one.source, one.target): one.sign for one in influences(network(nodes, parameters={"k": 3.0}))}
    assert found == {("B", "A"): 1, ("C", "A"): -1}
    many = network({"A": " | ".join(names_of(14))} | dict.fromkeys(names_of(14)))
    assert len(influences(many)) == 14
    divides = network({"A": {"up": "1 / (B + 1)", "down": "1 / C"}, "B": None, "C": None})
    assert {(one.source, one.sign) for one in influences(divides)} >= {("B", -1)}


def test_all_mutants_of_pairs_are_different() -> None:
    found = screen(spec_of(2), pairs=True, trajectories=20)
    assert len(set(found.mutants)) == len(found.mutants)
    for mutant in found.mutants:
        assert all(a[0] != b[0] for a, b in itertools.combinations(mutant, 2))
