"""Specs, random rules and exact answers that the tests of Boolean networks share."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.core.spec import spec_from_dict
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.spec import BooleanNetworkSpec

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "networks"


def network(nodes: dict[str, Any], **fields: Any) -> BooleanNetworkSpec:
    spec = spec_from_dict({"schema_version": 1, "kind": "boolean_network", "name": "test", "nodes": nodes, **fields})
    assert isinstance(spec, BooleanNetworkSpec)
    return spec


def random_logic(rng: random.Random, names: list[str], depth: int = 3, plain: bool = False) -> str:
    """Text of a random rule; ``plain`` has only ! & |."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(names) if rng.random() < 0.95 else rng.choice("01")

    def below() -> str:
        return random_logic(rng, names, depth - 1, plain)

    kind = rng.choice("!&|()" if plain else "!&&||^()?<+w")
    if kind == "!":
        return f"!({below()})"
    if kind in "&|^":
        return f"{below()} {kind} {below()}" if rng.random() < 0.5 else f"({below()}) {kind} ({below()})"
    if kind == "?":
        return f"(({below()}) ? ({below()}) : {below()})"
    if kind == "<":
        return f"(({below()}) {rng.choice(['==', '!=', '<', '<=', '>', '>='])} ({below()}))"
    if kind == "+":
        terms = [f"{rng.choice([1, 2, 0.5])} * {rng.choice(names)}" for _ in range(rng.randint(2, 3))]
        return f"({rng.choice([' + ', ' - ']).join(terms)} >= {rng.choice([0, 0.5, 1, 1.5])})"
    if kind == "w":
        return f"(NOT ({below()}) {rng.choice(['AND', 'or', 'XOR'])} ({below()}))"
    return f"({below()})"


def names_of(count: int) -> list[str]:
    return [f"N{k}" for k in range(count)]


def all_states(count: int) -> np.ndarray:
    """Every state, ``[2 ** count, count]``; the first node is the lowest bit."""
    return (np.arange(1 << count)[:, None] >> np.arange(count)) & 1


def rates(spec: BooleanNetworkSpec) -> np.ndarray:
    """Rate of the flip of each node in each state, ``[states, nodes]``, from the expressions (oracle)."""
    names = list(spec.nodes)
    states = [dict(zip(names, map(float, bits), strict=True)) for bits in all_states(len(names))]
    return np.array([_rates(spec, name, states) for name in names]).T


def _rates(spec: BooleanNetworkSpec, name: str, states: list[dict[str, float]]) -> list[float]:
    node, mutation = spec.nodes[name], spec.mutations.get(name)
    if mutation is not None and 1.0 in (mutation.gain, mutation.loss):
        return [0.0] * len(states)
    attributes = {part: node.expression(part) for part in node.written()}

    def values(part: str) -> list[float]:
        return [ex.value(attributes[part], state, spec.parameters, attributes) for state in states]

    logic = None if node.logic is None else [value != 0.0 for value in values("logic")]
    stepwise = spec.updating in ("asynchronous", "synchronous")
    follow, against = {}, {}
    for part, wanted in (("up", True), ("down", False)):
        if getattr(node, part) is not None and not stepwise:
            follow[part] = values(part)
            against[part] = max(follow[part])
        else:
            follow[part] = [float(logic is not None and one is wanted) for one in logic or [None] * len(states)]
            against[part] = 1.0
    changes = [*([] if mutation is None else [mutation]), *(one for one in spec.treatments if one.node == name)]
    left = {"gain": 1.0, "loss": 1.0}
    factor = {"up": 1.0, "down": 1.0}
    for change in changes:
        for what in left:
            left[what] *= 1.0 - (getattr(change, what) or 0.0)
        for what in factor:
            factor[what] *= 1.0 if getattr(change, what) is None else getattr(change, what)
    found = []
    for k, state in enumerate(states):
        part, taken, added = ("down", "gain", "loss") if state[name] else ("up", "loss", "gain")
        rate = follow[part][k] * left[taken]
        if logic is not None and logic[k] == bool(state[name]):
            rate += against[part] * (1.0 - left[added])
        found.append(rate * factor[part])
    return found


def generator(spec: BooleanNetworkSpec) -> np.ndarray:
    """Matrix Q of the Markov chain over all states: ``dp/dt = p Q``."""
    rate = rates(spec)
    states, nodes = rate.shape
    matrix = np.zeros((states, states))
    for s, i in itertools.product(range(states), range(nodes)):
        matrix[s, s ^ (1 << i)] += rate[s, i]
        matrix[s, s] -= rate[s, i]
    return matrix


def start_distribution(spec: BooleanNetworkSpec) -> np.ndarray:
    """Probability of each state at the start, mutations included."""
    names = list(spec.nodes)
    joint = {name for one in spec.initial.joint for name in one.nodes}
    total = np.zeros(1 << len(names))
    for bits in all_states(len(names)):
        state = dict(zip(names, map(int, bits), strict=True))
        chance = 1.0
        for name in names:
            if name not in joint:
                p = spec.initial.on.get(name, spec.initial.default)
                chance *= p if state[name] else 1.0 - p
        for one in spec.initial.joint:
            key = "".join(str(state[name]) for name in one.nodes)
            chance *= one.states.get(key, 0.0) / sum(one.states.values())
        for name, change in spec.mutations.items():
            if 1.0 in (change.gain, change.loss):
                state[name] = int(change.gain == 1.0)
        total[sum(state[name] << k for k, name in enumerate(names))] += chance
    return total
