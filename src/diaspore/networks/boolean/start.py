"""The state in which a network begins, drawn for many copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.core.jit import kernel
from diaspore.core.rng import uniform
from diaspore.networks.boolean.compile import CompiledNetwork, pack
from diaspore.networks.boolean.spec import BooleanNetworkSpec


def random_start(
    spec: BooleanNetworkSpec, network: CompiledNetwork, seed: int, entity: np.ndarray, stream: int
) -> np.ndarray:
    """Packed states ``[words, copies]`` at the start; mutations are not looked at.

    Args:
        spec: the network.
        network: the same, compiled.
        seed: of the run.
        entity: uint64 ``[copies]``, whose random numbers these are.
        stream: number of the random stream.
    """
    index = network.index
    joint = {name for one in spec.initial.joint for name in one.nodes}
    chance = np.array([0.0 if name in joint else spec.initial.on.get(name, spec.initial.default) for name in index])
    bits = _random_bits(np.uint64(seed), entity, chance, stream)
    for k, one in enumerate(spec.initial.joint):
        weights = np.array(list(one.states.values()))
        edges = np.cumsum(weights / weights.sum())
        draws = _draws(np.uint64(seed), entity, stream, len(chance) + k)
        chosen = np.minimum(np.searchsorted(edges, draws, side="right"), len(edges) - 1)
        table = np.array([[int(digit) for digit in key] for key in one.states], dtype=np.uint8)
        bits[:, [index[name] for name in one.nodes]] = table[chosen]
    return pack(bits)


@kernel
def _random_bits(seed: Any, entity: np.ndarray, chance: np.ndarray, stream: int) -> np.ndarray:
    """Independent bits ``[copies, nodes]``, each on with its chance; a chance of 0 or 1 draws nothing."""
    bits = np.zeros((entity.shape[0], chance.shape[0]), dtype=np.uint8)
    for node in range(chance.shape[0]):
        p = chance[node]
        if p >= 1.0:
            bits[:, node] = 1
        elif p > 0.0:
            for i in range(entity.shape[0]):
                bits[i, node] = uniform(seed, entity[i], stream, node) < p
    return bits


@kernel
def _draws(seed: Any, entity: np.ndarray, stream: int, event: int) -> np.ndarray:
    """One uniform number for each copy."""
    result = np.empty(entity.shape[0])
    for i in range(entity.shape[0]):
        result[i] = uniform(seed, entity[i], stream, event)
    return result
