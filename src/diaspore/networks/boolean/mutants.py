"""Screens: what every single or double mutation does to the state at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.parallel import ordered_map
from diaspore.networks.boolean.compile import compile_variants
from diaspore.networks.boolean.copies import LAWS, Draws, advance_copies
from diaspore.networks.boolean.ensemble import PHASE_STREAM, Ensemble
from diaspore.networks.boolean.spec import BooleanNetworkSpec, ChangeSpec

GAIN, LOSS = ChangeSpec(gain=1.0), ChangeSpec(loss=1.0)
MAX_MUTANTS = 1_000_000
MAX_TRAJECTORIES = 10_000_000  # of one mutant, which are held in memory together
_CHUNK = 262_144  # trajectories of one call


@dataclass(frozen=True)
class Screen:
    """Probabilities of nodes at the end, under many mutations.

    Attributes:
        mutants: what was changed: ``()`` is the network as given, then pairs of node and "gain" or "loss".
        outputs: nodes.
        probability: of being on at the end, ``[mutants, outputs]``.
        trajectories: of each mutant. All mutants share their random numbers, so that differences are less noisy.
    """

    mutants: tuple[tuple[tuple[str, str], ...], ...]
    outputs: tuple[str, ...]
    probability: np.ndarray
    trajectories: int

    @property
    def standard_error(self) -> np.ndarray:
        """Of each probability."""
        return np.asarray(np.sqrt(self.probability * (1.0 - self.probability) / self.trajectories))

    def name(self, k: int) -> str:
        """A mutant for people: "NICD gain, p53 loss"."""
        return ", ".join(f"{node} {what}" for node, what in self.mutants[k]) or "as given"

    def table(self) -> dict[str, list[str] | np.ndarray]:
        """Columns ``mutant`` and one for each output."""
        columns: dict[str, list[str] | np.ndarray] = {"mutant": [self.name(k) for k in range(len(self.mutants))]}
        return columns | dict(zip(self.outputs, self.probability.T, strict=True))


def screen(
    spec: BooleanNetworkSpec,
    *,
    pairs: bool = False,
    nodes: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    trajectories: int | None = None,
    duration: float | None = None,
    seed: int = 1,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Screen:
    """The network as given, each gain and loss of one node, and with `pairs` of two.

    Args:
        spec: continuous, discrete or asynchronous; its own mutations stay, its treatments must last for the whole time.
        pairs: also all combinations of two.
        nodes: which to change; by default all but the outputs and those that the spec has changed already.
        outputs: which to report; by default those of the spec, else all nodes.
        trajectories: of each mutant; by default those of the spec, at most 10,000.
        duration: when to look; by default that of the spec.
        seed: of the random numbers.
        threads: how many.
        progress: called with the number of mutants that were just done, and of all.

    Raises:
        InputError: unknown nodes, too many mutants, or synchronous updating.
    """
    if spec.updating == "synchronous":
        raise InputError("screens are for single flips; this network is synchronous", field="updating")
    if any(one.start > 0.0 or one.stop is not None for one in spec.treatments):
        raise InputError("screens need treatments of the whole time", field="treatments")
    chosen_outputs = tuple(outputs or spec.outputs or spec.nodes)
    reported = set(outputs or spec.outputs)
    free = [name for name in spec.nodes if name not in spec.mutations and name not in reported]
    chosen = list(nodes) if nodes is not None else free
    for name in (*chosen, *chosen_outputs):
        if name not in spec.nodes:
            near = nearest_name(name, spec.nodes)
            raise InputError(f"{shown(name)} is no node of this network", allowed=sorted(spec.nodes), nearest=near)
    singles = [((name, what),) for name in chosen for what in ("gain", "loss")]
    mutants: list[tuple[tuple[str, str], ...]] = [(), *singles]
    if pairs:
        mutants += [(*a, *b) for a, b in combinations(singles, 2) if a[0][0] != b[0][0]]
    if len(mutants) > MAX_MUTANTS:
        raise InputError(f"makes {len(mutants):,} mutants", field="nodes", allowed=f"at most {MAX_MUTANTS:,}")
    count = min(spec.trajectories, 10_000) if trajectories is None else trajectories
    ensemble = Ensemble(spec)
    end = spec.duration if duration is None else duration
    if not 0.0 < end <= 1e9:
        raise InputError(f"must be above 0 and at most 1e9, got {end:g}", field="duration")
    if not 1 <= count <= MAX_TRAJECTORIES:
        raise InputError(f"must be from 1 to {MAX_TRAJECTORIES:,}, got {count}", field="trajectories")
    each = max(1, _CHUNK // count)
    parts = [mutants[k : k + each] for k in range(0, len(mutants), each)]
    columns = [ensemble.network.index[name] for name in chosen_outputs]
    found: list[np.ndarray] = []

    def part(some: list[tuple[tuple[str, str], ...]]) -> np.ndarray:
        return _chances(ensemble, some, columns, seed, count, end)

    for some, result in zip(parts, ordered_map(part, parts, threads), strict=True):
        found.append(result)
        progress(len(some), len(mutants))
    return Screen(tuple(mutants), chosen_outputs, np.concatenate(found), count)


def _chances(
    ensemble: Ensemble,
    mutants: list[tuple[tuple[str, str], ...]],
    columns: list[int],
    seed: int,
    count: int,
    end: float,
) -> np.ndarray:
    """Shares of trajectories with the nodes ``columns`` on at the end, ``[mutants, columns]``."""
    spec, network = ensemble.spec, ensemble.network
    variants = compile_variants(network, [_changes(spec, one) for one in mutants], [_drugs(spec)] * len(mutants))
    start = ensemble.start(seed, 0, count)
    states = np.ascontiguousarray(np.tile(start, (1, len(mutants))))
    variant = np.repeat(np.arange(len(mutants), dtype=np.int32), count)
    variants.fix(states, variant)
    entity = np.tile(np.arange(count, dtype=np.uint64), len(mutants))
    advance_copies(
        network, variants, states, variant, entity, Draws(seed, PHASE_STREAM), 0.0, end, law=LAWS[spec.updating],
        tick=spec.window,
    )  # fmt: skip
    found = np.empty((len(mutants), len(columns)))
    for k, node in enumerate(columns):
        on = (states[node >> 6] >> np.uint64(node & 63)) & np.uint64(1)
        found[:, k] = on.reshape(len(mutants), count).mean(axis=1)
    return found


def _changes(spec: BooleanNetworkSpec, mutant: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[ChangeSpec, ...]]:
    added = {node: (GAIN if what == "gain" else LOSS,) for node, what in mutant}
    return {name: (one,) for name, one in spec.mutations.items()} | added


def _drugs(spec: BooleanNetworkSpec) -> Mapping[str, tuple[ChangeSpec, ...]]:
    found: dict[str, tuple[ChangeSpec, ...]] = {}
    for one in spec.treatments:
        found[one.node] = (*found.get(one.node, ()), one)
    return found
