"""All fixed points and attractors of a network, by symbolic computation (biodivine-aeon, extra ``networks``)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from diaspore.core.errors import DiasporeError, InputError
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.compile import compile_network, compile_variants
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.networks.kernels.program import AGAINST, DOWN, TOGGLE, UP

MAX_LISTED = 10_000


class MissingExtra(DiasporeError):
    """A package that is not part of the default installation is needed."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} needs {package}, which is not installed\n  allowed: pip install 'diaspore[networks]'")


@dataclass(frozen=True)
class Attractors:
    """Attractors of a network, over all settings of its inputs.

    Attributes:
        names: nodes, in the order of the columns of `states`.
        count: how many there are; with inputs, cyclic ones are counted as sets for all settings together.
        states: 0, 1, or -1 for a node that changes within the attractor, ``[listed, nodes]``.
        sizes: number of states of each that is listed.
    """

    names: tuple[str, ...]
    count: int
    states: np.ndarray
    sizes: tuple[int, ...]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each attractor: its size and the nodes that are on, and those that change."""
        found = []
        for state, size in zip(self.states, self.sizes, strict=True):
            on = [name for name, value in zip(self.names, state, strict=True) if value == 1]
            changing = [name for name, value in zip(self.names, state, strict=True) if value < 0]
            found.append({"states": size, "on": on, "changing": changing})
        return found


def fixed_points(spec: BooleanNetworkSpec, *, limit: int = MAX_LISTED, seconds: float = 600.0) -> Attractors:
    """Every state that nothing leaves, under the mutations of the spec; the first `limit` are listed.

    Raises:
        MissingExtra: biodivine-aeon is not installed.
        InputError: it takes longer than `seconds`.
    """
    aeon, graph, names = _graph(spec)
    config = aeon.FixedPointsConfig.create_from(graph).with_time_limit(int(1000 * seconds))
    began = time.monotonic()
    try:
        found = _interruptible(lambda: aeon.FixedPointsComp.with_config(config).symbolic_vertices())
    except KeyboardInterrupt:
        if time.monotonic() - began < seconds:
            raise
        raise InputError(f"fixed points were not found within {seconds:g} s") from None
    states = _listed(found, names, limit)
    return Attractors(names, int(found.cardinality()), states, (1,) * len(states))


def attractors(spec: BooleanNetworkSpec, *, limit: int = MAX_LISTED) -> Attractors:
    """Every attractor of single flips (asynchronous dynamics), fixed points first, then by size.

    Raises:
        MissingExtra: biodivine-aeon is not installed.
    """
    aeon, graph, names = _graph(spec)
    points = fixed_points(spec, limit=limit)
    at_rest = _interruptible(aeon.FixedPointsComp.create_from(graph).symbolic_vertices)
    states, sizes, count = [*points.states], [*points.sizes], points.count
    cyclic = []
    for one in _interruptible(lambda: aeon.Attractors.attractors(graph)):
        vertices = one.vertices()
        vertices = vertices.minus(at_rest)
        if not vertices.is_empty():
            cyclic.append((int(vertices.cardinality()), vertices))
    for size, vertices in sorted(cyclic, key=lambda pair: pair[0]):
        count += 1
        if len(states) < limit:
            steady = vertices.enclosing_named_subspace()
            states.append(np.array([int(steady.get(name, -1)) for name in names], dtype=np.int8))
            sizes.append(size)
    table = np.array(states, dtype=np.int8).reshape(-1, len(names))
    return Attractors(names, count, table, tuple(sizes))


def _interruptible(work: Callable[[], Any]) -> Any:
    """Result of a long symbolic computation; Ctrl-C ends it as it ends anything else."""
    try:
        return work()
    except Exception as error:
        if "cancel" in f"{type(error).__name__} {error}".lower():
            raise KeyboardInterrupt from None
        raise


def _listed(found: Any, names: tuple[str, ...], limit: int) -> np.ndarray:
    rows = [[int(vertex[name]) for name in names] for vertex in islice(found, limit)]
    table = np.array(rows, dtype=np.int8).reshape(-1, len(names))
    return table[np.lexsort(table.T[::-1])] if len(table) else table


def _graph(spec: BooleanNetworkSpec) -> tuple[Any, Any, tuple[str, ...]]:
    try:
        import biodivine_aeon as aeon
    except ImportError:
        raise MissingExtra("finding all attractors", "biodivine-aeon") from None
    lines = ["targets, factors", *(f"{name}, {rule}" for name, rule in effective_rules(spec).items())]
    network = aeon.BooleanNetwork.from_bnet("\n".join(lines))
    # It would otherwise insist that every node of a rule makes a difference, as rules in public files need not.
    return aeon, aeon.AsynchronousGraph(network.remove_regulation_constraints()), tuple(spec.nodes)


def effective_rules(spec: BooleanNetworkSpec) -> dict[str, str]:
    """Rules without rates that allow the same flips, as text of .bnet; inputs keep themselves, mutants are fixed.

    Raises:
        InputError: a rule that is too long without choices and xor.
    """
    flips: _Flips | None = None
    rules: dict[str, str] = {}
    for name, node in spec.nodes.items():
        change = spec.mutations.get(name)
        if change is not None and 1.0 in (change.gain, change.loss):
            rules[name] = "1" if change.gain == 1.0 else "0"
        elif node.is_input:
            rules[name] = name
        else:
            try:
                if change is not None or node.up is not None or node.down is not None or node.logic is None:
                    raise ValueError("rates")
                rules[name] = ex.text(node.rule(), "bnet")
            except ValueError:
                flips = _Flips(spec) if flips is None else flips
                rules[name] = flips.rule(name)
    return rules


class _Flips:
    """What can flip under the mutations of a spec, from its circuit."""

    def __init__(self, spec: BooleanNetworkSpec) -> None:
        self.network = compile_network(spec)
        mutations = {name: (one,) for name, one in spec.mutations.items()}
        variants = compile_variants(self.network, [mutations])
        self.up, self.down = variants.up[0] > 0.0, variants.down[0] > 0.0

    def rule(self, name: str) -> str:
        """``on and cannot go down, or off and can go up``."""
        program, own = self.network.program, self.network.index[name]
        up: list[str] = []
        down: list[str] = []
        rows = np.flatnonzero((program.row_node == own) & (self.up | self.down))
        for r in rows:
            literal, kind = int(program.row_literal[r]), program.row_kind[r]
            if kind == TOGGLE and self.up[r] and self.down[r] and len(rows) == 1:
                return self._condition(literal)
            rises, falls = (literal ^ 1, literal) if kind == AGAINST else (literal, literal ^ (kind == TOGGLE))
            if self.up[r] and kind != DOWN:
                up.append(self._condition(rises))
            if self.down[r] and kind != UP:
                down.append(self._condition(falls))
        return f"({name} & !({' | '.join(down) or '0'})) | (!{name} & ({' | '.join(up) or '0'}))"

    def _condition(self, literal: int) -> str:
        names, program = self.network.names, self.network.program
        first = 1 + len(names)
        needed, ahead = set(), [literal >> 1]
        while ahead:
            slot = ahead.pop()
            if slot >= first and slot not in needed:
                needed.add(slot)
                ahead += [int(gate[slot - first]) >> 1 for gate in (program.gate_a, program.gate_b)]
        texts: dict[int, str] = {}

        def text(one: int) -> str:
            slot, sign = one >> 1, "!" if one & 1 else ""
            if slot == 0:
                return "1" if sign else "0"
            return sign + (names[slot - 1] if slot < first else texts[slot])

        for slot in sorted(needed):  # a gate comes after those that it reads
            texts[slot] = " & ".join(text(int(gate[slot - first])) for gate in (program.gate_a, program.gate_b))
            texts[slot] = f"({texts[slot]})"
            if len(texts[slot]) > ex.MAX_TEXT:
                raise InputError(f"a rule is longer than {ex.MAX_TEXT:,} characters without choices and xor")
        return text(literal)
