"""Formulas of kinetic networks: values, mistakes with line and column, bounds, and the way back to text."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.core.errors import InputError
from diaspore.networks.kinetic.formula import FUNCTIONS, Tree, apply, name, number, parse, write
from diaspore.networks.kinetic.graph import Graph, Tape


def node_of(graph: Graph, tree: Tree, names: dict[str, int]) -> int:
    if tree.op == "number":
        return graph.number(tree.value)
    if tree.op == "name":
        return graph.leaf("y", names[tree.name])
    if tree.op in ("true", "false"):
        return graph.leaf(tree.op)
    args = [node_of(graph, arg, names) for arg in tree.args]
    if tree.op in ("min", "max"):
        return reduce(lambda a, b: graph.apply(tree.op, a, b), args)
    return graph.apply(tree.op, *args)


def value(text: str, **values: float) -> float:
    graph = Graph()
    names = {one: k for k, one in enumerate(values)}
    node = node_of(graph, parse(text).tree, names)
    return float(Tape(graph, [node])([np.float64(v) for v in values.values()], [])[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 8", 6.5), ("-2^2", -4.0), ("2^-1", 0.5), ("2^3^2", 512.0), ("2**3", 8.0),
        ("(1 + 2) * 3", 9.0),
        ("1 - 2 - 3", -4.0), ("8 / 4 / 2", 1.0), ("- - 3", 3.0), ("+3", 3.0), ("1e-3 * .5e3", 0.5), ("pow(2, 5)", 32.0),
        ("exp(log(3))", 3.0), ("ln(exp(2))", 2.0), ("log10(1000)", 3.0), ("sqrt(16) + abs(-2)", 6.0),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0), ("piecewise(1, 2 > 3, 2, 2 == 2, 5)", 2.0), ("sin(pi / 2)", 1.0),
        ("piecewise(1, not 2 > 3 and (1 < 0 or 1 >= 1), 7)", 1.0), ("piecewise(1, true && !false || false, 7)", 1.0),
        ("ceiling(1.2) - floor(1.8)", 1.0), ("tanh(0) + atan(0)", 0.0),
    ],
)  # fmt: skip
def test_values(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected, rel=1e-15, abs=1e-15)
    assert value(write(parse(text).tree)) == value(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "column 1: the end stands"), ("1 +", "column 4: the end"), ("a b", "column 3: 'b' is not expected"),
        ("(1", "expected ')'"), ("f(1,", "column 5"), ("1 $ 2", "column 3: the character '$'"),
        ("\n\n  )", "line 3, column 3"), ("a < b < c", "cannot be chained"), ("a < b", "not a condition"),
        ("1 + (a > 2)", "needs a number"), ("piecewise(1, 2, 3)", "needs a condition"), ("exp(1, 2)", "takes 1"),
        ("piecewise(1, a > 1, 2, 3 > 2)", "needs a number"), ("sin", "is a function"), ("1e999", "too large a number"),
        ("not 1", "needs a condition"), ("min(1)", "takes 2"), ("a" * 101, "too long"), ("__import__('os')", "'\\''"),
        ("a.b", "'.'"), ("a[0]", "'['"), ("time(3)", "no function"), ("1 if a else 2", "'if'"),
    ],
)  # fmt: skip
def test_mistakes_say_where(text: str, part: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)
    assert part in str(error.value) or part.strip("'\\") in str(error.value)


@pytest.mark.parametrize("text", ["(" * 5000 + "1", "-" * 5000 + "1", "2^" * 5000 + "1", "not " * 4000, "f(" * 4000])
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(InputError, match="nested too deeply"):
        parse(text)


def test_size_is_bounded() -> None:
    with pytest.raises(InputError, match=r"too deeply|too large"):
        parse("+".join(["a"] * 9000))
    with pytest.raises(InputError, match="too long"):
        parse("a" * 30_000)


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: number(float(x) + 0.0))
ONE = sorted(op for op, (least, most) in FUNCTIONS.items() if (least, most) == (1, 1))


def _more(children: Any) -> Any:
    two = st.tuples(children, children)
    conditions = st.builds(lambda op, ab: apply(op, *ab), st.sampled_from(["<", ">=", "==", "!="]), two)
    return st.one_of(
        st.builds(lambda op, ab: apply(op, *ab), st.sampled_from(["+", "*", "/", "^", "min", "max"]), two),
        st.builds(lambda op, a: apply(op, a), st.sampled_from(ONE), children),
        st.builds(lambda a: apply("-", a), children.filter(lambda tree: tree.op != "number")),
        st.builds(lambda c, ab: apply("piecewise", ab[0], c, ab[1]), conditions, two),
    )


TREES = st.recursive(st.one_of(NUMBERS, st.sampled_from([name("x"), name("y_1")])), _more, max_leaves=25)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_text_and_back(tree: Tree) -> None:
    try:
        found = parse(write(tree)).tree
    except InputError:  # brackets in brackets
        assert tree.depth > 10
        return
    assert write(found) == write(tree)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="abx01.e+-*/^()<>=!&|, \nnotandpiecewise", max_size=60) | st.text(max_size=40))
def test_any_text_is_a_formula_or_a_clear_mistake(text: str) -> None:
    for condition in (False, True):
        try:
            tree = parse(text, condition=condition).tree
        except InputError:
            continue
        assert parse(write(tree), condition=condition).tree == parse(write(tree), condition=condition).tree


SMOOTH = ["exp", "sqrt", "log", "sin", "cos", "tan", "tanh", "atan", "sinh", "cosh", "log10", "asin", "acos", "abs"]


@pytest.mark.parametrize(
    "text",
    [f"{op}(x * y / 3)" for op in SMOOTH]
    + [
        "x^y",
        "x^3 + 2 * x^0.5",
        "x / (1 + y^4)",
        "min(x, y) * max(x, 2 * y)",
        "piecewise(x^2, x > y, y^5 * x)",
        "-x * 2^x",
    ],
)
def test_derivatives_against_differences(text: str) -> None:
    graph, h = Graph(), 1e-6
    node = node_of(graph, parse(text).tree, {"x": 0, "y": 1})
    for k in range(2):
        slope = Tape(graph, [graph.derivative(node, "y", k)])
        for x, y in ((0.7, 0.9), (1.3, 0.4)):
            at = [np.float64(x), np.float64(y)]
            up, down = list(at), list(at)
            up[k], down[k] = up[k] + h, down[k] - h
            tape = Tape(graph, [node])
            difference = (tape(up, [])[0] - tape(down, [])[0]) / (2 * h)
            assert float(slope(at, [])[0]) == pytest.approx(float(difference), rel=1e-6, abs=1e-8)


def test_equal_parts_are_one_node() -> None:
    graph = Graph()
    first = node_of(graph, parse("exp(x + y) / (1 + exp(x + y))").tree, {"x": 0, "y": 1})
    count = len(graph.nodes)
    assert node_of(graph, parse("exp(x + y) / (1 + exp(x + y))").tree, {"x": 0, "y": 1}) == first
    assert len(graph.nodes) == count
    assert math.isclose(float(Tape(graph, [first])([0.0, 0.0], [])[0]), 0.5)
