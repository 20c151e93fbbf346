"""Expressions as a circuit of AND gates, which is evaluated for hundreds of states at once.

A *literal* is ``2 * slot + complement``. Slot 0 is the constant *false*, slots 1 to n are the nodes, the others gates;
equal gates are made once. `kernels.advance` evaluates a circuit on words whose bits are different states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from diaspore.core.errors import InputError
from diaspore.networks.expressions import (
    COMPARE,
    Attribute,
    Chain,
    Choice,
    Expression,
    Node,
    Number,
    Pair,
    Parameter,
    Unary,
)

FALSE, TRUE = 0, 1
MAX_GATES = 200_000
MAX_VALUES = 64  # different values of one rate

Cases = dict[float, int]
"""A number that depends on the state: value -> literal that is true when it has this value."""


class Circuit:
    """Gates over the states of nodes; `gates` holds the two literals of each.

    Args:
        nodes: names; their slots are 1, 2, ….
        parameters: values of ``$names``.
    """

    def __init__(self, nodes: Mapping[str, int], parameters: Mapping[str, float]) -> None:
        self.nodes = nodes
        self.parameters = parameters
        self.gates: list[tuple[int, int]] = []
        self._known: dict[tuple[int, int], int] = {}

    def both(self, a: int, b: int) -> int:
        """Literal of ``a and b``."""
        if a > b:
            a, b = b, a
        if a == FALSE or a == b ^ 1:
            return FALSE
        if a in (TRUE, b):
            return b
        if (a, b) not in self._known:
            if len(self.gates) == MAX_GATES:
                raise InputError("is too large a network", allowed=f"rules of at most {MAX_GATES:,} gates")
            self._known[a, b] = 2 * (1 + len(self.nodes) + len(self.gates))
            self.gates.append((a, b))
        return self._known[a, b]

    def either(self, a: int, b: int) -> int:
        """Literal of ``a or b``."""
        return self.both(a ^ 1, b ^ 1) ^ 1

    def differ(self, a: int, b: int) -> int:
        """Literal of ``a xor b``."""
        return self.both(self.both(a, b) ^ 1, self.either(a, b))

    def truth(self, x: Expression, attributes: Mapping[str, Expression]) -> int:
        """Literal of an expression read as a condition: everything but 0 is true."""
        match x:
            case Node():
                return 2 * (1 + self.nodes[x.name])
            case Number():
                return TRUE if x.value != 0.0 else FALSE
            case Parameter():
                return TRUE if self.parameters[x.name] != 0.0 else FALSE
            case Attribute():
                return self.truth(attributes[x.name], attributes)
            case Unary(op="!"):
                return self.truth(x.x, attributes) ^ 1
            case Unary():
                return self.truth(x.x, attributes)
            case Chain(op="&") | Chain(op="|") | Chain(op="^"):
                join = {"&": self.both, "|": self.either, "^": self.differ}[x.op]
                literals = [self.truth(one, attributes) for one in x.items]
                return _tree(literals, join)
            case Choice():
                c = self.truth(x.condition, attributes)
                a, b = self.truth(x.a, attributes), self.truth(x.b, attributes)
                return self.either(self.both(c, a), self.both(c ^ 1, b))
            case Pair():
                compare = COMPARE[x.op]
                found = FALSE
                right = self.cases(x.b, attributes)
                for u, here in self.cases(x.a, attributes).items():
                    for v, there in right.items():
                        if compare(u, v):
                            found = self.either(found, self.both(here, there))
                return found
        found = FALSE
        for number, here in self.cases(x, attributes).items():
            if number != 0.0:
                found = self.either(found, here)
        return found

    def cases(self, x: Expression, attributes: Mapping[str, Expression]) -> Cases:
        """Every value that an expression can take, and when it does; exactly one is taken in each state.

        Raises:
            InputError: more than `MAX_VALUES` values, or a division by zero.
        """
        match x:
            case Number():
                return {x.value: TRUE}
            case Parameter():
                return {self.parameters[x.name]: TRUE}
            case Attribute():
                return self.cases(attributes[x.name], attributes)
            case Unary(op="-"):
                return {-u: here for u, here in self.cases(x.x, attributes).items()}
            case Unary(op="/"):
                found = self.cases(x.x, attributes)
                if 0.0 in found:
                    raise InputError("divides by something that can be 0")
                inverse: Cases = {}
                for u, here in found.items():
                    self._add(inverse, 1.0 / u, here)
                return inverse
            case Choice():
                c = self.truth(x.condition, attributes)
                if c in (TRUE, FALSE):
                    return self.cases(x.a if c == TRUE else x.b, attributes)
                out: Cases = {}
                for condition, branch in ((c, x.a), (c ^ 1, x.b)):
                    for u, here in self.cases(branch, attributes).items():
                        self._add(out, u, self.both(condition, here))
                return out
            case Chain(op="+") | Chain(op="*"):
                total = self.cases(x.items[0], attributes)
                for one in x.items[1:]:
                    total = self._combined(x.op, total, self.cases(one, attributes))
                return total
        literal = self.truth(x, attributes)
        if literal in (TRUE, FALSE):
            return {float(literal): TRUE}
        return {1.0: literal, 0.0: literal ^ 1}

    def _combined(self, op: str, a: Cases, b: Cases) -> Cases:
        out: Cases = {}
        for u, here in a.items():
            for v, there in b.items():
                self._add(out, u + v if op == "+" else u * v, self.both(here, there))
        return out

    def _add(self, cases: Cases, number: float, literal: int) -> None:
        if literal == FALSE:
            return
        number += 0.0  # -0.0 is 0.0
        cases[number] = self.either(cases.get(number, FALSE), literal)
        if len(cases) > MAX_VALUES:
            raise InputError("takes too many different values", allowed=f"a rate of at most {MAX_VALUES} values")

    def arrays(self, outputs: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The gates that ``outputs`` need, and these in the new numbering.

        Gates are ordered by depth, not as they were made: neighbours then do not wait for each other's results, which
        makes their evaluation three times faster.

        Returns:
            The two literals of each gate, int64 ``[gates]`` each, and the literals of ``outputs``.
        """
        first = 1 + len(self.nodes)
        needed, ahead = set(), [literal >> 1 for literal in outputs]
        while ahead:
            slot = ahead.pop()
            if slot >= first and slot not in needed:
                needed.add(slot)
                ahead += [literal >> 1 for literal in self.gates[slot - first]]
        depth = dict.fromkeys(range(first), 0)
        for slot in sorted(needed):
            depth[slot] = 1 + max(depth[literal >> 1] for literal in self.gates[slot - first])
        order = sorted(needed, key=lambda slot: (depth[slot], slot))
        place = {slot: slot for slot in range(first)} | {slot: first + k for k, slot in enumerate(order)}

        def renumbered(literals: Iterable[int]) -> np.ndarray:
            return np.array([2 * place[one >> 1] | one & 1 for one in literals], dtype=np.int64)

        pairs = [self.gates[slot - first] for slot in order]
        return renumbered(a for a, _ in pairs), renumbered(b for _, b in pairs), renumbered(outputs)


def _tree(literals: list[int], join: Callable[[int, int], int]) -> int:
    """Join literals pairwise, so that the depth grows with the logarithm of their number."""
    while len(literals) > 1:
        pairs = [join(a, b) for a, b in zip(literals[::2], literals[1::2], strict=False)]
        literals = pairs + literals[len(literals) & ~1 :]
    return literals[0]
