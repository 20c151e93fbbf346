"""The grammar of rules: against a small evaluator of its own, against the reference program, and against itself."""

from __future__ import annotations

import itertools
import math
import random
import re
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.core.errors import InputError
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.circuit import FALSE, TRUE, Circuit
from diaspore.networks.boolean.influence import _values
from tests.networks.boolean_common import all_states, network, random_logic

NAMES = ["A", "B", "C"]
PARAMETERS = {"x": 0.5, "y": -2.0, "zero": 0.0}


class Tiny:
    """Evaluates a text on the way through it (recursive descent); the oracle of the grammar."""

    LEVELS = (("^",), ("|",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
    WORDS = {"not": "!", "and": "&", "or": "|", "xor": "^", "&&": "&", "||": "|", "~": "!"}  # noqa: RUF012

    def __init__(self, text: str, names: dict[str, float]) -> None:
        found = re.findall(r"\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|\$?\w+|&&|\|\||[=!<>]=|\S", text)
        self.words = [self.WORDS.get(one.lower(), one) for one in found]
        self.names = names
        self.at = 0

    def now(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self) -> str:
        self.at += 1
        return self.words[self.at - 1]

    def whole(self) -> float:
        condition = self.level(0)
        if self.now() != "?":
            return condition
        self.take()
        a = self.whole()
        assert self.take() == ":"
        b = self.whole()
        return a if condition else b

    def level(self, k: int) -> float:
        if k == len(self.LEVELS):
            return self.sign()
        a = self.level(k + 1)
        while self.now() in self.LEVELS[k]:
            op = self.take()
            b = self.level(k + 1)
            a = float(
                {
                    "|": lambda a=a, b=b: bool(a) or bool(b), "^": lambda a=a, b=b: bool(a) != bool(b),
                    "&": lambda a=a, b=b: bool(a) and bool(b), "==": lambda a=a, b=b: a == b,
                    "!=": lambda a=a, b=b: a != b, "<": lambda a=a, b=b: a < b, "<=": lambda a=a, b=b: a <= b,
                    ">": lambda a=a, b=b: a > b, ">=": lambda a=a, b=b: a >= b, "+": lambda a=a, b=b: a + b,
                    "-": lambda a=a, b=b: a - b, "*": lambda a=a, b=b: a * b, "/": lambda a=a, b=b: a * (1.0 / b),
                }[op]()
            )  # fmt: skip
        return a

    def sign(self) -> float:
        word = self.take()
        if word == "!":
            return float(not self.sign())
        if word in "+-":
            return self.sign() * (-1.0 if word == "-" else 1.0)
        if word == "(":
            inside = self.whole()
            assert self.take() == ")"
            return inside
        return self.names[word] if word in self.names else float(word)


def tiny(text: str, names: dict[str, float]) -> float:
    reader = Tiny(text, names)
    found = reader.whole()
    assert reader.at == len(reader.words)
    return found


LEAF = st.sampled_from(["A", "B", "C", "0", "1", "2", ".5", "1e1", "$x", "$y", "$zero"])
BINARY = st.sampled_from(["|", "^", "&", "||", "&&", " or ", " AND ", " Xor ", "+", "-", "*"])
COMPARISON = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, BINARY, inner).map("".join),
        st.tuples(inner, BINARY, inner, BINARY, inner).map("".join),
        st.builds("({} {} ({}))".format, inner, COMPARISON, inner),
        st.builds("({})".format, inner),
        st.builds("{}{}".format, st.sampled_from(["!", "not ", "-", "+", "~"]), inner),
        st.builds("{} ? {} : {}".format, inner, inner, inner),
    )


TEXT = st.recursive(LEAF, larger, max_leaves=14)


def states() -> list[dict[str, float]]:
    return [dict(zip(NAMES, map(float, bits), strict=True)) for bits in itertools.product((0, 1), repeat=3)]


def parsed(text: str) -> ex.Expression | None:
    """None for comparisons that follow one another, which the generator of texts may write."""
    try:
        return ex.parse(text)
    except InputError as error:
        if "comparisons do not follow" not in error.problem:
            raise
        return None


@settings(max_examples=400)
@given(TEXT)
def test_grammar_means_what_a_plain_evaluator_says(text: str) -> None:
    x = parsed(text)
    if x is None:
        return
    named = {f"${name}": value for name, value in PARAMETERS.items()}
    for state in states():
        assert ex.value(x, state, PARAMETERS) == tiny(text, state | named)


@settings(max_examples=400)
@given(TEXT)
def test_text_reads_back_to_the_same_tree(text: str) -> None:
    x = parsed(text)
    if x is not None:
        assert ex.parse(ex.text(x)) == x


NUMBER = st.floats(0.0, 1e300).map(ex.Number)
TREE = st.recursive(
    st.one_of(NUMBER, st.sampled_from([ex.Node("A"), ex.Node("B"), ex.Parameter("x"), ex.Attribute("logic")])),
    lambda x: st.one_of(
        st.builds(ex.Unary, st.sampled_from("!-"), x),
        st.builds(ex.Pair, st.sampled_from(sorted(ex.COMPARE)), x, x),
        st.builds(ex.Choice, x, x, x),
        st.builds(ex.Chain, st.sampled_from("&|^+*"), st.lists(x, min_size=2, max_size=4).map(tuple)),
        st.builds(lambda a, b: ex.Chain("*", (a, ex.Unary("/", b))), x, x),
    ),
    max_leaves=12,
)


@settings(max_examples=400)
@given(TREE)
def test_any_tree_survives_its_text(x: ex.Expression) -> None:
    assert ex.parse(ex.text(x)) == x
    assert ex.depth(x) == 1 + max(map(ex.depth, ex.children(x)), default=0)


@given(st.floats(0.0, 1e308))
def test_numbers_keep_every_digit(value: float) -> None:
    assert ex.value(ex.parse(ex.text(ex.Number(value)))) == value


@settings(max_examples=300)
@given(TEXT)
def test_every_evaluator_agrees(text: str) -> None:
    x = parsed(text)
    if x is None:
        return
    circuit = Circuit({name: i for i, name in enumerate(NAMES)}, PARAMETERS)
    expected = [ex.value(x, state, PARAMETERS) for state in states()]
    spec = network(dict.fromkeys(NAMES), parameters=PARAMETERS)
    columns = np.array([[state[name] for name in NAMES] for state in states()])
    np.testing.assert_array_equal(_values(x, NAMES, columns, spec), expected)
    truth, cases = circuit.truth(x, {}), circuit.cases(x, {})
    for state, value in zip(states(), expected, strict=True):
        assert holds(circuit, truth, state) == (value != 0.0)
        assert [number for number, literal in cases.items() if holds(circuit, literal, state)] == [value]


def holds(circuit: Circuit, literal: int, state: dict[str, float]) -> bool:
    slots = [False, *(bool(state[name]) for name in NAMES)]
    for a, b in circuit.gates:
        slots.append((slots[a >> 1] ^ bool(a & 1)) and (slots[b >> 1] ^ bool(b & 1)))
    return slots[literal >> 1] ^ bool(literal & 1)


def test_renumbered_gates_are_the_same_circuit() -> None:
    rng = random.Random(5)
    for _ in range(20):
        circuit = Circuit({name: i for i, name in enumerate(NAMES)}, {})
        outputs = [circuit.truth(ex.parse(random_logic(rng, NAMES)), {}) for _ in range(6)]
        gate_a, gate_b, renamed = circuit.arrays(outputs)
        small = Circuit(circuit.nodes, {})
        small.gates = list(zip(gate_a.tolist(), gate_b.tolist(), strict=True))
        assert len(small.gates) <= len(circuit.gates)
        for k, (a, b) in enumerate(small.gates):
            assert max(a, b) >> 1 < 4 + k  # a gate comes after what it reads
        for state in states():
            for old, new in zip(outputs, renamed.tolist(), strict=True):
                assert holds(circuit, old, state) == holds(small, new, state)


def test_circuits_simplify_and_share() -> None:
    circuit = Circuit({"A": 0, "B": 1}, {"x": 3.0})
    assert circuit.truth(ex.parse("A & !A"), {}) == FALSE
    assert circuit.truth(ex.parse("A | !A | B"), {}) == TRUE
    assert circuit.truth(ex.parse("A & A"), {}) == 2
    assert circuit.cases(ex.parse("$x > 2 ? 4 : A"), {}) == {4.0: TRUE}
    gates = len(circuit.gates)
    assert circuit.truth(ex.parse("A & B"), {}) == circuit.truth(ex.parse("B & A"), {})
    assert len(circuit.gates) == gates + 1
    with pytest.raises(InputError, match="divides by something that can be 0"):
        circuit.cases(ex.parse("1 / A"), {})


def test_too_many_values_and_gates_are_refused() -> None:
    names = {f"N{k}": k for k in range(8)}
    circuit = Circuit(names, {})
    with pytest.raises(InputError, match="too many different values"):
        circuit.cases(ex.parse(" + ".join(f"{2**k} * N{k}" for k in range(8))), {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 | 1 ^ 1", 0), ("0 ^ 1 | 1", 1), ("1 ^ 1 | 1", 0), ("1 ^ 1 ? 0 : 1", 1),
        ("1 | 1 & 0", 1), ("1 ^ 1 == 0", 1), ("!A == 0", 0), ("!0 & 0", 0),
        ("1 == 1 < 1", 0), ("3 - 2 - 1", 0), ("8 / 4 / 2", 1), ("8 / (4 / 2)", 4), ("-2 + 3", 1), ("- - 2", 2),
        ("1 ? 0 : 1 ? 0 : 1", 0), ("0 ? 1 : 0 ? 2 : 3", 3), ("1 ? 0 ? 2 : 3 : 4", 3), ("0 ? 1 : 1 | 0", 1),
        ("1 | 0 ? 2 : 3", 2), ("2 * 3 + 4 * 5", 26), ("2 & 0.5", 1), ("!2", 0), ("(1 == 1) == 1", 1),
        ("2 ^ 3 ^ 4", 1), ("1 - 2 * 3", -5), ("1e-1 * 1E+1", 1), ("(A)", 0), ("1 != 0 & 0", 0),
    ],
)  # fmt: skip
def test_precedence(text: str, value: float) -> None:
    assert ex.value(ex.parse(text), {"A": 0.0}) == value


def test_reference_program_reads_the_same() -> None:
    cmaboss = pytest.importorskip("cmaboss")
    rng = random.Random(11)
    texts = [random_logic(rng, NAMES, 4) for _ in range(55)]
    texts += ["1 | A ^ B", "A ^ B | C", "A | B & C", "!A == B", "A ? B : C ? 0 : 1", "A - B - C", "not A and B"]
    rules = [f"Node {name} {{ logic = {name}; }}" for name in NAMES]
    rules += [
        f"Node T{k} {{ logic = {text}; rate_up = @logic ? 1000 : 0; rate_down = @logic ? 0 : 1000; }}"
        for k, text in enumerate(texts[:60])
    ]
    with tempfile.TemporaryDirectory() as folder:
        bnd, cfg = Path(folder, "a.bnd"), Path(folder, "a.cfg")
        bnd.write_text("\n".join(rules))
        for state in states():
            start = "".join(f"{name}.istate = {int(on)};\n" for name, on in state.items())
            start += "".join(f"T{k}.istate = 0;\n" for k in range(60))
            cfg.write_text(start + "max_time = 4; time_tick = 1; sample_count = 1; use_physrandgen = 0;\n")
            table = cmaboss.MaBoSSSim(str(bnd), str(cfg)).run().get_nodes_probtraj()
            last = dict(zip(table[2], table[0][-1], strict=True))
            for k, text in enumerate(texts[:60]):
                # Nodes that are never on are left out of its table.
                assert round(last.get(f"T{k}", 0.0)) == (ex.value(ex.parse(text), state) != 0.0), text


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "found the end"), ("A &", 4, "found the end"), ("A & & B", 5, "found '&'"), ("(A", 1, "not closed"),
        ("A)", 2, "not opened"), ("A ? B", 3, "lacks its ':'"), ("A : B", 3, "without '?'"), ("A B", 3, "found 'B'"),
        ("A # B", 3, "cannot stand"), ("A == B == C", 8, "comparisons"), ("A < B > C", 7, "comparisons"),
        ("1e999", 1, "too large"), ("$", 1, "cannot stand"), ("A = B", 3, "cannot stand"), ("&A", 1, "found '&'"),
        ("A ?", 4, "found the end"), ("(A ? B)", 7, "not opened"), ("3x", 1, "cannot stand"), ("()", 2, "found ')'"),
        ("A !B", 3, "found '!'"), ("é", 1, "cannot stand"),
    ],
)  # fmt: skip
def test_errors_name_the_column(text: str, column: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        ex.parse(text)
    assert caught.value.column == column
    assert words in caught.value.problem


def test_errors_in_several_lines() -> None:
    with pytest.raises(InputError) as caught:
        ex.parse("A &\n  B &\n  & C", line=7, column=12)
    assert (caught.value.line, caught.value.column) == (9, 3)
    with pytest.raises(InputError) as caught:
        ex.parse("A & ?", line=7, column=12)
    assert (caught.value.line, caught.value.column) == (7, 16)


DEEP = {
    "brackets": lambda n: "(A & " * n + "A" + ")" * n,
    "nots": lambda n: "!" * n + "A",
    "signs": lambda n: "-" * n + "A",
    "choices": lambda n: "A ? B : " * n + "C",
    "conditions": lambda n: "(" * n + "A" + " ? B : C)" * n,
    "and and or in turn": lambda n: "(" * n + "A" + " & B | C)" * n,
    "all levels": lambda n: "(1 * " * n + "A" + " + 1 < 2 == 1 & B | C ? A : B)" * n,
    "comparisons": lambda n: "(" * n + "A" + " == B)" * n,
}


@pytest.mark.parametrize("kind", DEEP)
def test_depth_is_bounded(kind: str) -> None:
    x = ex.parse(DEEP[kind](15))
    assert ex.parse(ex.text(x)) == x
    most = next(n for n in range(15, 400) if refused(DEEP[kind](n + 1)))
    x = ex.parse(DEEP[kind](most))
    assert ex.depth(x) <= ex.MAX_DEPTH
    # Everything works on the deepest tree that is read.
    assert ex.parse(ex.text(x)) == x
    assert ex.rebuilt(x, lambda one: one) == x
    assert math.isfinite(ex.value(x, {"A": 1.0, "B": 0.0, "C": 1.0}))
    Circuit({name: i for i, name in enumerate(NAMES)}, {}).truth(x, {})
    for n in (1000, 50_000):
        assert refused(DEEP[kind](n))


def refused(text: str) -> bool:
    try:
        ex.parse(text)
    except InputError as error:
        if "too deeply" not in error.problem and "too long" not in error.problem:
            raise
        return True
    return False


def test_redundant_brackets_cost_no_depth() -> None:
    assert ex.parse("(" * 300 + "A" + ")" * 300) == ex.Node("A")


def test_long_texts() -> None:
    long = " | ".join(f"(N{k} & !N{k + 1})" for k in range(20_000))
    x = ex.parse(long)
    assert ex.depth(x) == 4
    assert ex.text(x).count("|") == 19_999
    with pytest.raises(InputError, match="too long"):
        ex.parse("A | " * 200_000 + "A")
    tracemalloc.start()
    for garbage in ("A" * 10_000_000, "A B" * 3_000_000, "((((" * 2_500_000, "1" * 10_000_000, "\n" * 10_000_000 + "é"):
        with pytest.raises(InputError):
            ex.parse(garbage + " #")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_bnet_style() -> None:
    rng = random.Random(3)
    for _ in range(200):
        x = ex.parse(random_logic(rng, NAMES, 3))
        try:
            plain = ex.parse(ex.text(x, "bnet"))
        except ValueError:
            continue  # arithmetic
        kinds = {type(one) for one in ex.walk(plain)}
        assert kinds <= {ex.Node, ex.Number, ex.Unary, ex.Chain}
        assert {one.op for one in ex.walk(plain) if isinstance(one, ex.Chain)} <= {"&", "|"}
        for state in states():
            assert (ex.value(x, state) != 0.0) == (ex.value(plain, state) != 0.0)


def test_bnet_style_of_long_xor() -> None:
    names = [f"N{k}" for k in range(30)]
    x = ex.parse(" ^ ".join(names))
    plain = ex.parse(ex.text(x, "bnet"))
    rng = random.Random(1)
    for _ in range(20):
        state = {name: float(rng.random() < 0.5) for name in names}
        assert ex.value(plain, state) == ex.value(x, state)
    deep = ex.parse("(" * 60 + "A" + " != B)" * 60)
    with pytest.raises(ValueError, match="longer than"):
        ex.text(deep, "bnet")
    nested = ex.parse("A ? B : " * 150 + "C")
    assert ex.text(nested, "bnet")
    for text in ("$x & A", "@logic", "A + B", "A < B", "2 & A"):
        with pytest.raises(ValueError):
            ex.text(ex.parse(text), "bnet")


def test_names_and_replacing() -> None:
    x = ex.parse("B & $p | A & @logic ^ B ? $q : A")
    assert ex.names(x, ex.Node) == ["B", "A"]
    assert ex.names(x, ex.Parameter) == ["p", "q"]
    assert ex.names(x, ex.Attribute) == ["logic"]
    assert ex.replaced(ex.parse("A & !B"), {"B": ex.parse("C | D")}) == ex.parse("A & !(C | D)")


def test_attributes_are_evaluated_in_place() -> None:
    rule = {"logic": "@a | B", "attributes": {"a": "!@b", "b": "A ^ B"}}
    spec = network({"A": rule, "B": None})
    for bits in all_states(2):
        state = {"A": float(bits[0]), "B": float(bits[1])}
        expected = (bits[0] == bits[1]) or bits[1] == 1
        assert (ex.value(spec.nodes["A"].rule(), state) != 0.0) == expected
    with pytest.raises(InputError, match="@a → @b → @a"):
        network({"A": {"logic": "@a", "attributes": {"a": "@b", "b": "@a"}}})
    with pytest.raises(InputError, match="did you mean 'abc'"):
        network({"A": {"logic": "@abd", "attributes": {"abc": "1"}}})
    laughs = {f"a{k}": f"@a{k + 1} & @a{k + 1}" for k in range(60)} | {"a60": "A"}
    with pytest.raises(InputError, match="too large or too deep"):
        network({"A": {"logic": "@a0", "attributes": laughs}})
