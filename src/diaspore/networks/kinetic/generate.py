"""Source code of the kernels of one network: written to a file, because Numba keeps only what is from files."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from diaspore.core.jit import generated_folder
from diaspore.networks.kinetic.graph import LEAVES, Graph
from diaspore.networks.kinetic.network import Network

_HEAD = '''"""Generated from a kinetic network; written anew whenever it is missing."""

import math

import numpy as np

from diaspore.core.jit import inline, kernel
from diaspore.core.team import part_of
from diaspore.networks.kinetic.kernels import (
    A, ACCURATE, ALPHA, C, D, GAMMA, HALVED, MOST_PARTS, error_of, factored, finite, same, solved, wild, within,
)

'''

_RK4 = """
@kernel
def advance(team, rank, members, states, inputs, slots, values, t0, lowest, highest, h, steps, bad):
    n, cells = states.shape
    first, last = part_of(cells, rank, members)
    p = values.copy()
    c = np.empty({constants})
    y, z, a, b, d, e = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    failed = 0
    for cell in range(first, last):
        for k in range(slots.shape[0]):
            p[slots[k]] = inputs[k, cell]
        for i in range(n):
            y[i] = states[i, cell]
        constants(p, c)
        fine = True
        for step in range(steps):
            t = t0 + step * h
            rates(within(t, lowest, highest), y, p, c, a)
            for i in range(n):
                z[i] = y[i] + 0.5 * h * a[i]
            half = within(t + 0.5 * h, lowest, highest)
            rates(half, z, p, c, b)
            for i in range(n):
                z[i] = y[i] + 0.5 * h * b[i]
            rates(half, z, p, c, d)
            for i in range(n):
                z[i] = y[i] + h * d[i]
            rates(within(t + h, lowest, highest), z, p, c, e)
            for i in range(n):
                z[i] = y[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * d[i] + e[i])
            if wild(h, a, b, d, y, z):
                fine = False
            if {autonomous} and same(y, z):  # at rest to the last bit: every further step gives the same again
                break
            for i in range(n):
                y[i] = z[i]
        if not (fine and finite(y)):
            failed += 1
        for i in range(n):
            states[i, cell] = y[i]
    bad[rank] = failed
"""

_RODAS = """
@kernel
def advance(team, rank, members, states, inputs, slots, values, t0, lowest, highest, h, steps, bad):
    n, cells = states.shape
    first, last = part_of(cells, rank, members)
    p = values.copy()
    c = np.empty({constants})
    y, z, f, ft = np.empty(n), np.empty(n), np.empty(n), np.zeros(n)
    u = np.empty((6, n))
    matrix = np.empty((n, n))
    order = np.empty(n, dtype=np.int64)
    failed = 0
    for cell in range(first, last):
        for k in range(slots.shape[0]):
            p[slots[k]] = inputs[k, cell]
        for i in range(n):
            y[i] = states[i, cell]
        constants(p, c)
        fine = rests = True
        for step in range(steps):
            begin, part, size = t0 + step * h, 0, HALVED  # a step is one part, or several where it would be inaccurate
            for attempt in range(MOST_PARTS):
                t, k_h = begin + h * (part / HALVED), h * (size / HALVED)
                now = within(t, lowest, highest)
                matrix[:] = 0.0
                jacobian(now, y, p, c, matrix)
                for i in range(n):
                    for j in range(n):
                        matrix[i, j] = -matrix[i, j]
                    matrix[i, i] += 1.0 / (GAMMA * k_h)
                error = math.inf
                if factored(matrix, order):
                    by_time(now, y, p, c, ft)
                    for s in range(6):
                        for i in range(n):
                            z[i] = y[i]
                        if s < 5:
                            for k in range(s):
                                for i in range(n):
                                    z[i] += A[s, k] * u[k, i]
                        else:
                            for k in range(4):
                                for i in range(n):
                                    z[i] += A[4, k] * u[k, i]
                            for i in range(n):
                                z[i] += u[4, i]
                        rates(within(t + ALPHA[s] * k_h, lowest, highest), z, p, c, f)
                        for k in range(s):
                            for i in range(n):
                                f[i] += C[s, k] / k_h * u[k, i]
                        for i in range(n):
                            f[i] += D[s] * k_h * ft[i]
                        solved(matrix, order, f)
                        for i in range(n):
                            u[s, i] = f[i]
                    for i in range(n):
                        z[i] += u[5, i]
                    error = error_of(u[5], y, z)
                if not error <= ACCURATE and size > 1:
                    size >>= 1
                    continue
                rests = same(y, z)
                for i in range(n):
                    y[i] = z[i]
                part += size
                if part == HALVED or not error < math.inf:
                    break
                if error < ACCURATE / 32.0 and part & (2 * size - 1) == 0:
                    size <<= 1
            fine = part == HALVED and error < math.inf
            if not fine or ({autonomous} and rests and size == HALVED):
                break  # at rest to the last bit: every further step gives the same again
        if not (fine and finite(y)):
            failed += 1
        for i in range(n):
            states[i, cell] = y[i]
    bad[rank] = failed
"""


def source(network: Network, method: str) -> str:
    """The module of a network for ``rk4`` or ``rosenbrock``."""
    jacobian = network.jacobian if method == "rosenbrock" else {}
    by_time = network.by_time if method == "rosenbrock" else {}
    writer = _Writer(network.graph, [*network.rates, *jacobian.values(), *by_time.values()])
    parts = [_HEAD, writer.constants()]
    parts.append(writer.function("rates", "dy", {f"dy[{i}]": node for i, node in enumerate(network.rates)}))
    if method == "rosenbrock":
        parts.append(writer.function("jacobian", "j", {f"j[{i}, {k}]": node for (i, k), node in jacobian.items()}))
        parts.append(writer.function("by_time", "ft", {f"ft[{i}]": node for i, node in by_time.items()}))
    body = _RODAS if method == "rosenbrock" else _RK4
    fill = {"{constants}": str(max(1, len(writer.hoisted))), "{autonomous}": str(network.autonomous)}
    for mark, text in fill.items():
        body = body.replace(mark, text)
    return "\n".join([*parts, body])


class _Writer:
    """Writes nodes as statements; what depends on parameters alone is computed once for a cell, by ``constants``."""

    def __init__(self, graph: Graph, targets: list[int]) -> None:
        self.graph = graph
        needed = self._needed(targets, frozenset())
        outside = set(targets)
        for node in needed:
            if not self._constant(node):
                outside |= set(self._parts(node))
        self.hoisted = {node: k for k, node in enumerate(sorted(n for n in outside if self._constant(n)))}

    def _constant(self, node: int) -> bool:
        return self.graph.nodes[node][0] not in LEAVES and self.graph.uses(node) <= {"p"}

    def _parts(self, node: int) -> tuple[int, ...]:
        """What a statement for the node refers to; a sum with a negative is a difference."""
        op, *args = self.graph.nodes[node]
        if op in LEAVES:
            return ()
        if op == "+" and self.graph.nodes[args[1]][0] == "-":
            return args[0], self.graph.nodes[args[1]][1]
        return tuple(args)

    def _needed(self, targets: list[int], given: frozenset[int]) -> list[int]:
        found = set(targets)
        ahead = list(found)
        while ahead:
            node = ahead.pop()
            if node not in given:
                new = set(self._parts(node)) - found
                found |= new
                ahead += new
        return sorted(found)

    def constants(self) -> str:
        """The function that computes the hoisted nodes."""
        lines = self._lines(list(self.hoisted), frozenset())
        lines += [f"c[{k}] = {self._name(node)}" for node, k in self.hoisted.items()]
        return _function("constants", "p, c", lines)

    def function(self, name: str, out: str, targets: dict[str, int]) -> str:
        """A function that writes nodes to places."""
        lines = self._lines(list(targets.values()), frozenset(self.hoisted))
        lines += [f"{place} = {self._name(node)}" for place, node in targets.items()]
        return _function(name, f"t, y, p, c, {out}", lines)

    def _lines(self, targets: list[int], given: frozenset[int]) -> list[str]:
        found = []
        for node in self._needed(targets, given):
            if node in given:
                found.append(f"v{node} = c[{self.hoisted[node]}]")
            elif self.graph.nodes[node][0] in ("y", "p"):
                kind, index = self.graph.nodes[node]
                found.append(f"v{node} = {kind}[{index}]")
            elif self.graph.nodes[node][0] not in LEAVES:
                found.append(f"v{node} = {self._expression(node)}")
        return found

    def _name(self, node: int) -> str:
        op, *args = self.graph.nodes[node]
        if op == "number":
            return f"({args[0]!r})" if args[0] < 0.0 else repr(args[0])
        return {"t": "t", "true": "True", "false": "False"}.get(op, f"v{node}")

    def _expression(self, node: int) -> str:
        op, *args = self.graph.nodes[node]
        if op == "+" and self.graph.nodes[args[1]][0] == "-":
            a, b = self._parts(node)
            return f"{self._name(a)} - {self._name(b)}"
        names = [self._name(arg) for arg in args]
        if op in ("-", "not"):
            return f"{op} {names[0]}"
        if op in ("and", "or"):
            return f"{names[0]} {'&' if op == 'and' else '|'} {names[1]}"
        if op == "^":
            return f"{names[0]} ** {names[1]}"
        if op in ("min", "max"):
            return f"{op}({names[0]}, {names[1]})"
        if op == "piecewise":
            text = names[-1]
            for k in range(len(names) - 3, -1, -2):
                text = f"({names[k]} if {names[k + 1]} else {text})"
            return text
        if op == "abs":
            return f"abs({names[0]})"
        if op in ("floor", "ceil"):
            return f"np.{op}({names[0]})"  # those of math make a whole number, also of what is no number
        if len(names) == 1:
            return f"math.{op}({names[0]})"
        return f"{names[0]} {op} {names[1]}"


def _function(name: str, arguments: str, lines: list[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines) or "    pass"
    return f"\n@inline\ndef {name}({arguments}):\n{body}\n"


def module(network: Network, method: str) -> ModuleType:
    """The module of a network, from its file."""
    text = source(network, method)
    key = hashlib.sha256(text.encode()).hexdigest()[:20]
    name = f"diaspore.networks.kinetic.generated_{key}"
    if name in sys.modules:
        return sys.modules[name]
    path = generated_folder("networks") / f"generated_{key}.py"
    _write_once(path, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    try:
        spec.loader.exec_module(found)
    except BaseException:
        del sys.modules[name]
        raise
    return found


def _write_once(path: Path, text: str) -> None:
    """Write a file unless it is there with this text; a new date would make Numba compile anew."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return
    except (OSError, UnicodeDecodeError):
        pass
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(temporary).replace(path)
