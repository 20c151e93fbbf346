"""A spec as arrays: rules as a circuit, rates as rows, mutations and drugs as variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.circuit import FALSE, TRUE, Circuit
from diaspore.networks.boolean.spec import BooleanNetworkSpec, ChangeSpec, NodeSpec
from diaspore.networks.kernels.program import AGAINST, ALWAYS, DOWN, TOGGLE, UP, Program


@dataclass(frozen=True)
class CompiledNetwork:
    """A network as arrays.

    Attributes:
        names: of the nodes, in the order of the bits.
        program: rules.
        up, down: rates of the rows of `program`, 1 per unit of time.
        driven: rows whose rates are given for each copy: node -> row.
    """

    names: tuple[str, ...]
    program: Program
    up: np.ndarray
    down: np.ndarray
    driven: Mapping[str, int]

    @property
    def words(self) -> int:
        """Words of a packed state."""
        return (len(self.names) + 63) // 64

    @property
    def index(self) -> dict[str, int]:
        """Bit of each node."""
        return {name: i for i, name in enumerate(self.names)}

    def mask(self, names: Iterable[str]) -> np.ndarray:
        """Words with the bits of some nodes set."""
        return pack(np.isin(np.arange(len(self.names)), [self.index[name] for name in names])[None, :])[:, 0]


Changes = Mapping[str, tuple[ChangeSpec, ...]]


@dataclass(frozen=True)
class Variants:
    """What mutations and drugs make of a network: a row for each combination of them.

    Attributes:
        up, down: rates of the rows, ``[variants, rows]``.
        allowed: which rows there are, ``[variants, row words]``.
        on, off: states that are fixed, ``[variants, words]``.
        equal: whether every rate is 1.
    """

    up: np.ndarray
    down: np.ndarray
    allowed: np.ndarray
    on: np.ndarray
    off: np.ndarray
    equal: bool

    def fix(self, states: np.ndarray, variant: np.ndarray) -> None:
        """Bring the fixed nodes of packed states ``[words, copies]`` into their states."""
        states |= self.on[variant].T
        states &= ~self.off[variant].T


def pack(bits: np.ndarray) -> np.ndarray:
    """States ``[copies, nodes]`` of 0 and 1 as words, uint64 ``[words, copies]``."""
    copies, nodes = bits.shape
    words = (nodes + 63) // 64
    padded = np.zeros((copies, 64 * words), dtype=np.uint8)
    padded[:, :nodes] = bits
    packed = np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    return np.ascontiguousarray(packed.T)


def unpack(states: np.ndarray, nodes: int) -> np.ndarray:
    """The way back of `pack`, uint8 ``[copies, nodes]``."""
    as_bytes = np.ascontiguousarray(states.T).astype("<u8").view(np.uint8)
    return np.unpackbits(as_bytes, axis=1, bitorder="little")[:, :nodes]


def compile_network(
    spec: BooleanNetworkSpec, *, partial: Iterable[str] = (), driven: Iterable[str] = ()
) -> CompiledNetwork:
    """Compile the rules.

    Args:
        spec: the network.
        partial: nodes that some mutation or drug changes in part; those of ``spec`` are known.
        driven: inputs whose rates are given for each copy.

    Raises:
        InputError: a rate that can be negative, that takes too many values, or that is faster than can be run.
    """
    names = tuple(spec.nodes)
    circuit = Circuit({name: i for i, name in enumerate(names)}, spec.parameters)
    rows: list[tuple[int, int, int, float, float]] = []  # literal, node, kind, up, down
    with_rates = spec.updating in ("continuous", "discrete")
    changed = {*partial, *partly(spec.mutations.items(), [(one.node, one) for one in spec.treatments])}
    driven_rows: dict[str, int] = {}
    for i, (name, node) in enumerate(spec.nodes.items()):
        if name in changed and _stays(name, node):
            raise _unswitched(name)
        if name in driven:
            driven_rows[name] = len(rows)
            rows.append((FALSE, i, ALWAYS, 0.0, 0.0))
            continue
        if node.is_input:
            continue
        try:
            rows += _rows(circuit, i, node, with_rates)
            if name in changed:
                rows.append(_against(circuit, i, name, node))
        except InputError as error:
            raise error.located(field=f"nodes.{name}") from None
        except ZeroDivisionError:
            raise InputError("divides by zero", field=f"nodes.{name}") from None
    gate_a, gate_b, literals = circuit.arrays([row[0] for row in rows])
    of, kinds = (np.array([row[c] for row in rows], dtype=np.int64) for c in (1, 2))
    program = Program(len(names), gate_a, gate_b, literals, of, kinds)
    up, down = (np.array([row[c] for row in rows], dtype=np.float64) for c in (3, 4))
    return CompiledNetwork(names, program, up, down, driven_rows)


Changed = Iterable[tuple[str, ChangeSpec]]


def partly(mutations: Changed, drugs: Changed) -> set[str]:
    """Nodes that are changed by a share; those that a drug takes wholly follow the change at their own rate."""
    found = {name for name, one in mutations if _share(one) not in (0.0, 1.0)}
    return found | {name for name, one in drugs if _share(one) > 0.0}


def check_inputs(spec: BooleanNetworkSpec, mutations: Changed, drugs: Changed) -> None:
    """Refuse changes of inputs that would have no effect.

    Raises:
        InputError: a change in part, of a rate, or for a time, of a node that nothing switches.
    """
    whole = [(name, one) for name, one in mutations if 1.0 not in (one.gain, one.loss)]
    for name, _ in (*whole, *drugs):
        if _stays(name, spec.nodes[name]):
            raise _unswitched(name)


def _stays(name: str, node: NodeSpec) -> bool:
    return node.is_input or node.keeps(name)


def _unswitched(name: str) -> InputError:
    what = "is an input, which nothing switches; it cannot be changed in part, nor by a treatment"
    return InputError(what, field=f"nodes.{name}", allowed="a mutation on or off, or a start")


def _share(change: ChangeSpec) -> float:
    return (change.gain or 0.0) + (change.loss or 0.0)


def _rows(circuit: Circuit, i: int, node: NodeSpec, with_rates: bool) -> list[tuple[int, int, int, float, float]]:
    attributes = {name: node.expression(name) for name in node.written()}
    logic = circuit.truth(node.expression("logic"), attributes) if node.logic is not None else FALSE
    own = 2 * (1 + i)
    if not with_rates:
        return [] if logic == own else [(logic, i, TOGGLE, 1.0, 1.0)]
    up = _cases(circuit, node, "up", attributes, logic)
    down = _cases(circuit, node, "down", attributes, logic ^ 1 if node.logic is not None else FALSE)
    for rate in (*up, *down):
        if rate < 0.0:
            raise InputError(f"has a rate that can be {rate:g}", allowed="rates of 0 and above")
        if not rate <= 1e9:
            raise InputError(f"has a rate that can be {rate:g}", allowed="rates of at most 1e9")
    # Only what can happen from the state that the node is in.
    up = {rate: circuit.both(here, own ^ 1) for rate, here in up.items() if rate > 0.0}
    down = {rate: circuit.both(here, own) for rate, here in down.items() if rate > 0.0}
    up = {rate: here for rate, here in up.items() if here != FALSE}
    down = {rate: here for rate, here in down.items() if here != FALSE}
    if len(up) == 1 and len(down) == 1 and node.logic is not None:
        (u, goes_up), (d, goes_down) = next(iter(up.items())), next(iter(down.items()))
        if goes_up == circuit.both(logic, own ^ 1) and goes_down == circuit.both(logic ^ 1, own):
            return [(logic, i, TOGGLE, u, d)]
    ups = [(here, i, UP, rate, 0.0) for rate, here in up.items()]
    return ups + [(here, i, DOWN, 0.0, rate) for rate, here in down.items()]


def _cases(
    circuit: Circuit, node: NodeSpec, name: str, attributes: Mapping[str, ex.Expression], usual: int
) -> dict[float, int]:
    if getattr(node, name) is not None:
        return circuit.cases(node.expression(name), attributes)
    return {1.0: TRUE} if usual == TRUE else {1.0: usual, 0.0: usual ^ 1}


def _against(circuit: Circuit, i: int, name: str, node: NodeSpec) -> tuple[int, int, int, float, float]:
    """Flips against the rule, with the highest rates that the node has; a change takes its share of them."""
    if node.logic is None:
        raise InputError("has no rule, so it cannot be changed in part", allowed="on, off, or factors up and down")
    attributes = {part: node.expression(part) for part in node.written()}
    logic = circuit.truth(node.expression("logic"), attributes)
    up = max(_cases(circuit, node, "up", attributes, logic))
    down = max(_cases(circuit, node, "down", attributes, logic ^ 1))
    return logic, i, AGAINST, up, down


def compile_variants(
    network: CompiledNetwork, mutations: Sequence[Changes], drugs: Sequence[Changes] | None = None
) -> Variants:
    """Rates and fixed states under each set of changes.

    A node changed by a share f of *loss* follows its rule with a share 1 - f of its rate, and switches off at a share f
    of it whatever the rule says; *gain* is the mirror image. So a steady rule leaves it on for 1 - f of the time. Of
    several losses, each takes its share of what the others leave. A mutation with a share of 1 fixes the state; a drug
    with a share of 1 lets the node decay at its own rate.

    Args:
        network: rules; nodes changed in part, or by drugs, must have been compiled as such.
        mutations: for each variant, the changes of each node.
        drugs: the same of what acts through the rates only.
    """
    rows, words = len(network.up), network.words
    shape = (len(mutations), rows)
    up, down = np.tile(network.up, (shape[0], 1)), np.tile(network.down, (shape[0], 1))
    exists = np.ones(shape, dtype=bool)
    on, off = np.zeros((shape[0], words), dtype=np.uint64), np.zeros((shape[0], words), dtype=np.uint64)
    kind, of = network.program.row_kind, network.program.row_node
    for v in range(shape[0]):
        given = mutations[v], ({} if drugs is None else drugs[v])
        left = np.ones((2, len(network.names)))  # by gains and losses of each node
        for name in {**given[0], **given[1]}:
            node = network.index[name]
            mine = of == node
            for source in given:
                for change in source.get(name, ()):
                    if source is given[0] and 1.0 in (change.gain, change.loss):
                        exists[v, mine] = False
                        (on if change.gain == 1.0 else off)[v] |= network.mask([name])
                        continue
                    left[:, node] *= 1.0 - (change.gain or 0.0), 1.0 - (change.loss or 0.0)
                    up[v, mine] *= 1.0 if change.up is None else change.up
                    down[v, mine] *= 1.0 if change.down is None else change.down
        gain, loss = left[:, of]
        up[v] *= np.where(kind == AGAINST, 1.0 - gain, loss)
        down[v] *= np.where(kind == AGAINST, 1.0 - loss, gain)
    exists &= (up > 0.0) | (down > 0.0) | (kind == ALWAYS)[None, :]
    odd = (up != 1.0) & np.isin(kind, (TOGGLE, UP)) | (down != 1.0) & np.isin(kind, (TOGGLE, DOWN))
    equal = not np.any(exists & (odd | np.isin(kind, (AGAINST, ALWAYS))))
    return Variants(up, down, np.ascontiguousarray(pack(exists).T), on, off, equal)
