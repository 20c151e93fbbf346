"""Symbolic fixed points and attractors against all states of small networks, one by one."""

from __future__ import annotations

import builtins
import random
from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.attractors import MissingExtra, attractors, effective_rules, fixed_points
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from tests.networks.boolean_common import SHARED, all_states, names_of, network, random_logic, rates


def brute_force(spec: BooleanNetworkSpec) -> set[frozenset[int]]:
    """Sets of states that are left by nothing and in which each can be reached from each."""
    can = rates(spec) > 0.0
    reach = np.eye(len(can), dtype=bool)
    for s in range(len(can)):
        reach[s, s ^ (1 << np.flatnonzero(can[s]))] = True
    for _ in range(int(np.ceil(np.log2(len(can)))) + 1):
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0.0
    both = reach & reach.T
    found = {frozenset(np.flatnonzero(row).tolist()) for row in both}
    found = {one for one in found if not np.any(reach[min(one)] & ~both[min(one)])}
    # Where a mutation holds a node, the other half of the states is none of the network.
    held = {name: one.gain == 1.0 for name, one in spec.mutations.items() if 1.0 in (one.gain, one.loss)}
    index = {name: k for k, name in enumerate(spec.nodes)}
    return {one for one in found if all((min(one) >> index[name] & 1) == on for name, on in held.items())}


def spec_of(seed: int, most: int) -> BooleanNetworkSpec:
    rng = random.Random(seed)
    names = names_of(rng.randint(1, most))
    nodes: dict[str, Any] = {}
    for name in names:
        logic = random_logic(rng, names, rng.randint(1, 3))
        falls = rng.choice([random_logic(rng, names), 0.0])
        rated = {"up": f"({logic}) ? 2 : {rng.choice([0, 0.5])}", "down": falls}
        nodes[name] = rng.choice([logic, logic, rated, None])
    mutations: dict[str, Any] = {}
    if rng.random() < 0.5:
        name = rng.choice(names)
        choices: list[Any] = ["on", "off"]
        node = nodes[name]
        if isinstance(node, str) and ex.parse(node) != ex.Node(name):
            choices += [{"loss": 0.2}, {"gain": 0.7}, {"up": 0.0}, {"down": 0.0}, {"up": 3.0}]
        mutations[name] = rng.choice(choices)
    return network(nodes, mutations=mutations)


@pytest.mark.parametrize("seed", range(40))
def test_attractors_are_those_of_brute_force(seed: int) -> None:
    pytest.importorskip("biodivine_aeon")
    spec = spec_of(seed, 7)
    exact = brute_force(spec)
    points = {min(one) for one in exact if len(one) == 1}
    power = 1 << np.arange(len(spec.nodes))
    found = fixed_points(spec)
    assert found.count == len(points)
    assert {int(state @ power) for state in found.states} == points
    every = attractors(spec)
    assert every.count == len(exact)
    assert sorted(every.sizes) == sorted(map(len, exact))
    assert list(every.sizes) == sorted(every.sizes)
    bits = all_states(len(spec.nodes))
    expected = set()
    for one in exact:
        states = bits[sorted(one)]
        low, high = states.min(axis=0), states.max(axis=0)
        expected.add((len(one), *np.where(low == high, low, -1).tolist()))
    assert {(size, *state.tolist()) for size, state in zip(every.sizes, every.states, strict=True)} == expected


@pytest.mark.parametrize("seed", range(8))
def test_fixed_points_of_ten_nodes(seed: int) -> None:
    pytest.importorskip("biodivine_aeon")
    spec = spec_of(1000 + seed, 10)
    exact = np.flatnonzero(~np.any(rates(spec) > 0.0, axis=1))
    held = {name: one.gain == 1.0 for name, one in spec.mutations.items() if 1.0 in (one.gain, one.loss)}
    for name, on in held.items():
        exact = exact[(exact >> list(spec.nodes).index(name) & 1) == on]
    found = fixed_points(spec)
    assert found.count == len(exact)
    power = 1 << np.arange(len(spec.nodes))
    assert sorted(int(state @ power) for state in found.states) == exact.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_effective_rules_allow_the_same_flips(seed: int) -> None:
    spec = spec_of(seed + 300, 6)
    rules = {name: ex.parse(rule) for name, rule in effective_rules(spec).items()}
    can = rates(spec) > 0.0
    for s, bits in enumerate(all_states(len(spec.nodes))):
        state = dict(zip(spec.nodes, map(float, bits), strict=True))
        for k, (name, rule) in enumerate(rules.items()):
            change = spec.mutations.get(name)
            if change is not None and 1.0 in (change.gain, change.loss):
                assert rule in (ex.TRUE, ex.FALSE)
                continue
            assert ((ex.value(rule, state) != 0.0) != bool(bits[k])) == can[s, k]


def test_lists_are_cut_at_the_limit() -> None:
    pytest.importorskip("biodivine_aeon")
    spec = network(dict.fromkeys(names_of(6)))
    found = attractors(spec, limit=5)
    assert (found.count, len(found.states), len(found.sizes)) == (64, 5, 5)
    assert len(found.rows()) == 5
    ring = attractors(network({"A": "B", "B": "!A"}))
    assert ring.rows() == [{"states": 4, "on": [], "changing": ["A", "B"]}]


def test_rules_without_measure_are_refused() -> None:
    names = names_of(60)
    deep = "(" * 59 + "N0" + "".join(f" != {name})" for name in names[1:])
    with pytest.raises(InputError, match="longer than"):
        effective_rules(network({"A": deep} | dict.fromkeys(names)))


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("biodivine"):
            raise ImportError(name)
        return found(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pip install 'diaspore\[networks\]'"):
        fixed_points(network({"A": "!A"}))


@pytest.mark.parametrize(
    ("folder", "count"),
    [("id-199*", 7), ("id-281*", 3), ("id-076*", 15), ("id-150*", 23), ("id-006*", 72)],
)
def test_published_numbers_of_fixed_points(folder: str, count: int) -> None:
    pytest.importorskip("biodivine_aeon")
    from diaspore.core.spec import load_spec

    files = sorted((SHARED / "bbm").glob(f"{folder}/model.bnet"))
    if not files:
        pytest.skip("the published files are not here")
    spec = load_spec(files[0])
    assert isinstance(spec, BooleanNetworkSpec)
    assert fixed_points(spec).count == count
