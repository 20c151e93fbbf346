"""Formulas as a graph in which equal parts are one node: values, derivatives and generated code come from it.

Nodes are numbered so that a node comes after everything it is made of. Nothing here recurses, so that long sums and
deep chains of rules cost no stack.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from diaspore.core.errors import InputError
from diaspore.networks.kinetic.formula import COMPARISONS

#: what a node is: ("number", v), ("y", k) a state, ("p", k) a parameter, ("t",) the time, or an operation on nodes
Node = tuple[Any, ...]
LEAVES = ("number", "y", "p", "t", "true", "false")
MAX_NODES = 300_000

_FOLD: dict[str, Callable[[float], float]] = {
    "exp": math.exp, "log": math.log, "log10": math.log10, "sqrt": math.sqrt, "abs": abs, "floor": math.floor,
    "ceil": math.ceil, "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos,
    "atan": math.atan, "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh,
}  # fmt: skip


class Graph:
    """Nodes, each made once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[Node, int] = {}
        self._uses: list[frozenset[str]] = []
        self._derivatives: dict[tuple[str, int], dict[int, int]] = {}
        self.zero = self.number(0.0)
        self.one = self.number(1.0)

    def _made(self, node: Node) -> int:
        known = self._index.get(node)
        if known is not None:
            return known
        if len(self.nodes) >= MAX_NODES:
            raise InputError("the network is too large", allowed=f"at most {MAX_NODES:,} operations in all")
        self._index[node] = len(self.nodes)
        self.nodes.append(node)
        op = node[0]
        if op in ("y", "p", "t"):
            uses = frozenset((op,))
        elif op in LEAVES:
            uses = frozenset()
        else:
            uses = frozenset().union(*(self._uses[k] for k in node[1:]))
        self._uses.append(uses)
        return len(self.nodes) - 1

    def number(self, value: float) -> int:
        """A number."""
        return self._made(("number", float(value)))

    def leaf(self, kind: str, index: int = 0) -> int:
        """A state (``y``), a parameter (``p``) or the time (``t``)."""
        return self._made((kind,) if kind in ("t", "true", "false") else (kind, index))

    def uses(self, node: int) -> frozenset[str]:
        """Which of ``y``, ``p`` and ``t`` a node is made of."""
        return self._uses[node]

    def value(self, node: int) -> float | None:
        """The number that a node is, or None."""
        found = self.nodes[node]
        return found[1] if found[0] == "number" else None

    def apply(self, op: str, *args: int) -> int:
        """An operation on nodes, simplified where that is exact for finite numbers."""
        numbers = [self.value(arg) for arg in args]
        simple = self._simple(op, args, numbers)
        return self._made((op, *args)) if simple is None else simple

    def _simple(self, op: str, args: tuple[int, ...], numbers: list[float | None]) -> int | None:
        a, b = args[0], args[-1]
        x, y = (numbers[0], numbers[-1]) if numbers else (None, None)
        if op == "+":
            if x == 0.0 or y == 0.0:
                return b if x == 0.0 else a
            return self.number(x + y) if x is not None and y is not None else None
        if op == "*":
            if x == 0.0 or y == 0.0:
                return self.zero
            if x == 1.0 or y == 1.0:
                return b if x == 1.0 else a
            return self.number(x * y) if x is not None and y is not None else None
        if op == "/":
            if y == 1.0:
                return a
            if x == 0.0 and y != 0.0:
                return self.zero
            return self.number(x / y) if x is not None and y is not None and y != 0.0 else None
        if op == "-":
            if x is not None:
                return self.number(-x)
            return self.nodes[a][1] if self.nodes[a][0] == "-" else None
        if op == "^":
            return self._simple_power(a, x, y)
        if op == "piecewise":
            choices = set(args[0::2])
            return a if len(choices) == 1 else None
        if op in _FOLD and x is not None:
            try:
                return self.number(_FOLD[op](x))
            except (ValueError, OverflowError):
                return None
        return None

    def _simple_power(self, a: int, x: float | None, y: float | None) -> int | None:
        if y == 0.0:
            return self.one
        if y == 1.0:
            return a
        if x is not None and y is not None:
            try:
                found = x**y
            except (OverflowError, ZeroDivisionError):
                return None
            return self.number(found) if isinstance(found, float) else None
        if y is not None and y in (2.0, 3.0, 4.0, 5.0, 6.0):  # products are quicker than powers, and shared
            square = self.apply("*", a, a)
            if y <= 3.0:
                return square if y == 2.0 else self.apply("*", square, a)
            if y == 6.0:
                cube = self.apply("*", square, a)
                return self.apply("*", cube, cube)
            fourth = self.apply("*", square, square)
            return fourth if y == 4.0 else self.apply("*", fourth, a)
        return None

    def minus(self, a: int, b: int) -> int:
        """a - b."""
        return self.apply("+", a, self.apply("-", b))

    def needed(self, targets: Sequence[int]) -> list[int]:
        """Every node that some nodes are made of, in order."""
        found = set(targets)
        ahead = list(found)
        while ahead:
            node = self.nodes[ahead.pop()]
            if node[0] not in LEAVES:
                new = set(node[1:]) - found
                found |= new
                ahead += new
        return sorted(found)

    def derivative(self, target: int, kind: str, index: int = 0) -> int:
        """The partial derivative of a node by a state, a parameter or the time."""
        known = self._derivatives.setdefault((kind, index), {})
        for node in self.needed([target]):
            if node not in known:
                known[node] = self._derivative(node, kind, index, known)
        return known[target]

    def _derivative(self, k: int, kind: str, index: int, known: dict[int, int]) -> int:
        node = self.nodes[k]
        op, args = node[0], node[1:]
        if op in ("y", "p", "t"):
            return self.one if node == ((kind,) if kind == "t" else (kind, index)) else self.zero
        if op in LEAVES or op in COMPARISONS or op in ("and", "or", "not", "floor", "ceil"):
            return self.zero
        inner = [known[arg] for arg in args]
        if all(d == self.zero for d in inner):
            return self.zero
        g, times = self.apply, lambda x, y: self.apply("*", x, y)
        a, d = args[0], inner[0]
        if op == "+":
            return g("+", d, inner[1])
        if op == "-":
            return g("-", d)
        if op == "*":
            return g("+", times(d, args[1]), times(a, inner[1]))
        if op == "/":
            # (a/b)' = (a' - (a/b) b')/b; the quotient itself is a node already
            return g("/", self.minus(d, times(k, inner[1])), args[1])
        if op == "^":
            return self._power_derivative(k, args, inner)
        if op == "piecewise":
            parts = [inner[i] if i % 2 == 0 else arg for i, arg in enumerate(args)]
            return g("piecewise", *parts)
        if op in ("min", "max"):
            return self._extreme_derivative(op, args, inner)
        return times(self._slope(op, k, a), d)

    def _power_derivative(self, k: int, args: tuple[int, ...], inner: list[int]) -> int:
        g = self.apply
        base, power = args
        found = self.zero
        if inner[0] != self.zero:
            less = g("+", power, self.number(-1.0))
            found = g("*", g("*", power, g("^", base, less)), inner[0])
        if inner[1] != self.zero:
            found = g("+", found, g("*", g("*", k, g("log", base)), inner[1]))
        return found

    def _extreme_derivative(self, op: str, args: tuple[int, ...], inner: list[int]) -> int:
        best, slope = args[0], inner[0]
        for arg, d in zip(args[1:], inner[1:], strict=True):
            first = self.apply("<=" if op == "min" else ">=", best, arg)
            best, slope = self.apply(op, best, arg), self.apply("piecewise", slope, first, d)
        return slope

    def _slope(self, op: str, k: int, a: int) -> int:
        """Derivative of a function of one argument ``a``; ``k`` is its value."""
        g, one = self.apply, self.one

        def over(x: int) -> int:
            return g("/", one, x)

        def square(x: int) -> int:
            return g("*", x, x)

        if op == "exp":
            return k
        if op == "log":
            return over(a)
        if op == "log10":
            return over(g("*", a, self.number(math.log(10.0))))
        if op == "sqrt":
            return g("/", self.number(0.5), k)
        if op == "abs":
            return g("piecewise", one, g(">=", a, self.zero), self.number(-1.0))
        if op == "sin":
            return g("cos", a)
        if op == "cos":
            return g("-", g("sin", a))
        if op == "tan":
            return g("+", one, square(k))
        if op == "asin":
            return over(g("sqrt", self.minus(one, square(a))))
        if op == "acos":
            return g("-", over(g("sqrt", self.minus(one, square(a)))))
        if op == "atan":
            return over(g("+", one, square(a)))
        if op == "sinh":
            return g("cosh", a)
        if op == "cosh":
            return g("sinh", a)
        assert op == "tanh", op
        return self.minus(one, square(k))


_UNARY = {
    "exp": np.exp, "log": np.log, "log10": np.log10, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor, "ceil": np.ceil,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "-": np.negative, "not": np.logical_not,
}  # fmt: skip
_BINARY = {
    "+": np.add, "*": np.multiply, "/": np.divide, "^": np.power, "min": np.minimum, "max": np.maximum,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or,
}  # fmt: skip


class Tape:
    """The values of some nodes, computed by NumPy: the plain twin of the generated code, for few or single points."""

    def __init__(self, graph: Graph, targets: Sequence[int]) -> None:
        needed = graph.needed(targets)
        place = {node: k for k, node in enumerate(needed)}
        self._start: list[Any] = [None] * len(needed)
        self._leaves: list[tuple[int, str, int]] = []
        self._steps: list[tuple[int, Any, tuple[int, ...]]] = []
        for node, k in place.items():
            op, *args = graph.nodes[node]
            if op in ("number", "true", "false"):
                self._start[k] = np.float64(args[0]) if op == "number" else op == "true"
            elif op in LEAVES:
                self._leaves.append((k, op, args[0] if args else 0))
            else:
                function = _UNARY.get(op) or _BINARY.get(op) or _select
                self._steps.append((k, function, tuple(place[arg] for arg in args)))
        self._targets = [place[target] for target in targets]

    def __call__(self, y: Any, p: Any, t: float = 0.0) -> list[Any]:
        """Values at states ``y`` and parameters ``p`` (sequences of numbers or arrays) and the time ``t``."""
        values = list(self._start)
        for k, kind, index in self._leaves:
            values[k] = y[index] if kind == "y" else p[index] if kind == "p" else np.float64(t)
        with np.errstate(all="ignore"):
            for k, function, args in self._steps:
                if len(args) == 1:
                    values[k] = function(values[args[0]])
                elif len(args) == 2:
                    values[k] = function(values[args[0]], values[args[1]])
                else:
                    values[k] = function(*[values[arg] for arg in args])
        return [values[k] for k in self._targets]


def _select(*args: Any) -> Any:
    found = args[-1]
    for k in range(len(args) - 3, -1, -2):
        found = np.where(args[k + 1], args[k], found)
    return found[()] if isinstance(found, np.ndarray) and found.ndim == 0 else found
