"""Expressions over nodes that are on or off: one grammar for .bnd, .cfg, .bnet and the project's own YAML.

The grammar is the one of MaBoSS: ``! & | ^`` (also ``not and or xor`` in any case, ``&&`` and ``||``), comparisons,
``condition ? a : b``, ``+ - * /``, numbers, names of nodes (1 when on), ``$parameters`` and ``@attributes`` of a node.
From loose to tight: ``?:``, ``^``, ``|``, ``&``, ``== !=``, ``< <= > >=``, ``+ -``, ``* /``, signs and ``!``.

An expression is one of the small immutable classes below. Chains of one operator are one node of the tree. Reading
needs no recursion, and the depth of a tree is bounded, so that everything else may use it.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Final

from diaspore.core.errors import InputError, shown

MAX_DEPTH = 200
MAX_TOKENS = 200_000  # of one expression
MAX_TEXT = 1_000_000  # characters, where one expression is written out in fewer operators
_MOST_WAITING = 4 * MAX_DEPTH  # a level of a tree can hold an operator, a sign, a bracket and a choice


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Node:
    """State of a node: 1 or 0."""

    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """``$name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """``@name``: another expression of the same node."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``!x``, ``-x``, or the reciprocal of x (``/``)."""

    op: str
    x: Expression


@dataclass(frozen=True, slots=True)
class Chain:
    """``a op b op c …`` of an operator that may be regrouped: ``& | ^ + *``; ``a - b`` and ``a / b`` are chains too."""

    op: str
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A comparison."""

    op: str
    a: Expression
    b: Expression


@dataclass(frozen=True, slots=True)
class Choice:
    """``condition ? a : b``."""

    condition: Expression
    a: Expression
    b: Expression


Expression = Number | Node | Parameter | Attribute | Unary | Chain | Pair | Choice

TRUE: Final = Number(1.0)
FALSE: Final = Number(0.0)

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n\f]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z_]))"
    r"|(?P<name>[$@]?[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>&&|\|\||==|!=|<=|>=|[&|^!<>+\-*/?:()~])"
)
_WORDS = {"not": "!", "and": "&", "or": "|", "xor": "^"}
_SAME = {"&&": "&", "||": "|", "~": "!"}
_TIGHTNESS = {
    "?": 0, "^": 1, "|": 2, "&": 3, "==": 4, "!=": 4, "<": 5, "<=": 5, ">": 5, ">=": 5, "+": 6, "-": 6, "*": 7, "/": 7,
}  # fmt: skip
_SIGN, _ATOM = 8, 9
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "number", "name", "op", "end"
    text: str
    at: int  # place in the text


def parse(text: str, *, line: int | None = None, column: int = 1) -> Expression:
    """Read an expression.

    Args:
        text: as written.
        line: where it begins, for messages; None when only the column in ``text`` makes sense.
        column: where it begins in that line.

    Raises:
        InputError: not an expression, nested deeper than `MAX_DEPTH`, or longer than `MAX_TOKENS`.
    """
    try:
        return _parse(text)
    except _Mistake as mistake:
        raise _located(mistake, text, line, column) from None


class _Mistake(Exception):
    def __init__(self, problem: str, at: int, allowed: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.at, self.allowed = problem, at, allowed


def _located(mistake: _Mistake, text: str, line: int | None, column: int) -> InputError:
    before = text[: mistake.at]
    breaks = before.count("\n")
    place = column + mistake.at if breaks == 0 else mistake.at - before.rfind("\n")
    number = line
    if breaks:
        number = breaks + (1 if line is None else line)
    return InputError(mistake.problem, line=number, column=place, allowed=mistake.allowed)


def _tokens(text: str) -> Iterator[_Token]:
    at, count = 0, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _Mistake(f"{shown(text[at])} cannot stand in an expression", at)
        kind, word = found.lastgroup or "", found[0]
        at = found.end()
        if kind == "space":
            continue
        count += 1
        if count > MAX_TOKENS:
            raise _Mistake("is too long for an expression", found.start(), f"at most {MAX_TOKENS:,} words and signs")
        if kind == "name" and word.lower() in _WORDS:
            kind, word = "op", _WORDS[word.lower()]
        yield _Token(kind, _SAME.get(word, word), found.start())
    yield _Token("end", "", len(text))


class _Read:
    """One operand as read: an expression, or the items of a chain or comparison that may grow; and its depth."""

    __slots__ = ("depth", "items", "op")

    def __init__(self, op: str, items: list[Expression], depth: int) -> None:
        self.op, self.items, self.depth = op, items, depth

    def whole(self) -> Expression:
        if not self.op:
            return self.items[0]
        return Pair(self.op, *self.items) if self.op in COMPARE else Chain(self.op, tuple(self.items))


def _leaf(x: Expression) -> _Read:
    return _Read("", [x], 1)


def _over(token: _Token, x: Expression, *below: _Read) -> _Read:
    """An expression made of others, one deeper than the deepest."""
    return _Read("", [x], _deeper(token, *below))


def _deeper(token: _Token, *below: _Read) -> int:
    depth = 1 + max(one.depth for one in below)
    if depth > MAX_DEPTH:
        raise _too_deep(token)
    return depth


def _too_deep(token: _Token) -> _Mistake:
    return _Mistake("is nested too deeply", token.at, f"at most {MAX_DEPTH} levels")


@lru_cache(maxsize=4096)
def _parse(text: str) -> Expression:
    """Operators wait on a stack until a looser one comes; brackets and the two halves of a choice are marks on it."""
    values: list[_Read] = []
    waiting: list[_Token] = []  # operators, "(", "?", and ":" of a choice whose second branch is being read
    operand = True  # whether an operand is expected next
    for token in _tokens(text):
        if len(waiting) > _MOST_WAITING:
            raise _too_deep(token)
        if operand:
            if token.kind == "number":
                value = float(token.text)
                if not math.isfinite(value):
                    raise _Mistake(f"{shown(token.text)} is too large a number", token.at)
                values.append(_leaf(Number(value)))
                operand = False
            elif token.kind == "name":
                values.append(_leaf(_name(token.text)))
                operand = False
            elif token.text in ("(", "!", "-", "+"):
                waiting.append(_Token("op", {"-": "neg", "+": "pos"}.get(token.text, token.text), token.at))
            else:
                what = "the end" if token.kind == "end" else shown(token.text)
                raise _Mistake(f"found {what} where a node, a number or a bracket is expected", token.at)
        elif token.kind == "end":
            _reduce(values, waiting, -1)
            if waiting:
                opened = waiting[-1].text == "("
                raise _Mistake("a bracket is not closed" if opened else "a choice lacks its ':'", waiting[-1].at)
        elif token.text == ")":
            _reduce(values, waiting, -1)
            if not waiting or waiting[-1].text != "(":
                raise _Mistake("a bracket is closed that was not opened", token.at)
            waiting.pop()
            inner = values.pop()
            values.append(_Read("", [inner.whole()], inner.depth))
        elif token.text == ":":
            _reduce(values, waiting, -1)
            if not waiting or waiting[-1].text != "?":
                raise _Mistake("':' without '?' before it", token.at)
            waiting[-1] = token
            operand = True
        elif token.kind == "op" and token.text in _TIGHTNESS:
            _reduce(values, waiting, _TIGHTNESS[token.text])
            waiting.append(token)
            operand = True
        else:
            raise _Mistake(f"found {shown(token.text)} where an operator is expected", token.at)
    return values[0].whole()


def _reduce(values: list[_Read], waiting: list[_Token], tightness: int) -> None:
    """Apply what waits, down to an open bracket or choice, or an operator looser than ``tightness`` (-1: all)."""
    while waiting:
        op = waiting[-1].text
        if op in ("(", "?") or (op == ":" and tightness >= 0) or _TIGHTNESS.get(op, 99) < tightness:
            return
        token = waiting.pop()
        if op == ":":
            b, a, condition = (values.pop() for _ in range(3))
            values.append(_over(token, Choice(condition.whole(), a.whole(), b.whole()), a, b, condition))
        elif op == "pos":
            inner = values.pop()
            values.append(_Read("", [inner.whole()], inner.depth))
        elif op in ("!", "neg"):
            inner = values.pop()
            values.append(_over(token, Unary("!" if op == "!" else "-", inner.whole()), inner))
        else:
            right = values.pop()
            values.append(_joined(token, values.pop(), right))


def _joined(token: _Token, a: _Read, b: _Read) -> _Read:
    op = token.text
    if op in COMPARE:
        if a.op in COMPARE and _TIGHTNESS[a.op] == _TIGHTNESS[op]:
            raise _Mistake("comparisons do not follow one another; use brackets", token.at)
        return _Read(op, [a.whole(), b.whole()], _deeper(token, a, b))
    if op in "-/":
        b = _over(token, Unary(op, b.whole()), b)
        op = "+" if op == "-" else "*"
    if a.op == op:
        a.items.append(b.whole())
        a.depth = max(a.depth, _deeper(token, b))
        return a
    return _Read(op, [a.whole(), b.whole()], _deeper(token, a, b))


def _name(word: str) -> Expression:
    if word[0] == "$":
        return Parameter(word[1:])
    if word[0] == "@":
        return Attribute(word[1:])
    return Node(word)


def children(x: Expression) -> tuple[Expression, ...]:
    """The expressions right below one."""
    match x:
        case Unary():
            return (x.x,)
        case Chain():
            return x.items
        case Pair():
            return (x.a, x.b)
        case Choice():
            return (x.condition, x.a, x.b)
    return ()


def walk(x: Expression) -> Iterator[Expression]:
    """An expression and all below it."""
    ahead = [x]
    while ahead:
        one = ahead.pop()
        yield one
        ahead.extend(reversed(children(one)))


def depth(x: Expression) -> int:
    """Levels of an expression; it may be deeper than `MAX_DEPTH`."""
    deepest, ahead = 0, [(x, 1)]
    while ahead:
        one, level = ahead.pop()
        deepest = max(deepest, level)
        ahead.extend((below, level + 1) for below in children(one))
    return deepest


def is_binary(x: Expression) -> bool:
    """Whether the value can only be 0 or 1."""
    match x:
        case Number():
            return x.value in (0.0, 1.0)
        case Choice():
            return is_binary(x.a) and is_binary(x.b)
        case Unary() | Chain():
            return x.op in ("!", "&", "|", "^")
    return isinstance(x, Node | Pair)


def names(x: Expression, kind: type[Node] | type[Parameter] | type[Attribute]) -> list[str]:
    """Names of one kind that an expression reads, each once, in the order of the text."""
    return list(dict.fromkeys(one.name for one in walk(x) if isinstance(one, kind)))


def rebuilt(x: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """An expression in which ``change`` was applied to every part, from below."""
    match x:
        case Unary():
            x = Unary(x.op, rebuilt(x.x, change))
        case Chain():
            x = Chain(x.op, tuple(rebuilt(one, change) for one in x.items))
        case Pair():
            x = Pair(x.op, rebuilt(x.a, change), rebuilt(x.b, change))
        case Choice():
            x = Choice(rebuilt(x.condition, change), rebuilt(x.a, change), rebuilt(x.b, change))
    return change(x)


def replaced(x: Expression, nodes: Mapping[str, Expression]) -> Expression:
    """An expression in which some nodes stand for other expressions."""
    return rebuilt(x, lambda one: nodes.get(one.name, one) if isinstance(one, Node) else one)


def value(
    x: Expression,
    nodes: Mapping[str, float] | None = None,
    parameters: Mapping[str, float] | None = None,
    attributes: Mapping[str, Expression] | None = None,
) -> float:
    """Value of an expression in one state; truth is 1.0 or 0.0, and everything but 0 counts as true.

    Raises:
        KeyError: a name that was not given.
        ZeroDivisionError: a division by zero.
    """

    def at(one: Expression) -> float:
        return value(one, nodes, parameters, attributes)

    match x:
        case Number():
            return x.value
        case Node():
            return float((nodes or {})[x.name])
        case Parameter():
            return float((parameters or {})[x.name])
        case Attribute():
            return at((attributes or {})[x.name])
        case Unary():
            if x.op == "!":
                return float(at(x.x) == 0.0)
            return -at(x.x) if x.op == "-" else 1.0 / at(x.x)
        case Chain():
            return _chain(x.op, [at(one) for one in x.items])
        case Pair():
            return float(COMPARE[x.op](at(x.a), at(x.b)))
        case Choice():
            return at(x.a if at(x.condition) != 0.0 else x.b)


def _chain(op: str, items: list[float]) -> float:
    if op == "+":
        return reduce(operator.add, items)  # `sum` rounds in another way since Python 3.12
    if op == "*":
        return math.prod(items)
    true = [one != 0.0 for one in items]
    if op == "&":
        return float(all(true))
    return float(any(true) if op == "|" else sum(true) % 2)


def text(x: Expression, style: str = "maboss") -> str:
    """An expression as text that `parse` reads back to an equal one.

    Args:
        x: the expression.
        style: ``"maboss"``, or ``"bnet"``, which has only ``! & |`` and the constants 0 and 1.

    Raises:
        ValueError: what the style has no words for.
    """
    return _text(x, style)[0]


def _text(x: Expression, style: str) -> tuple[str, int]:
    """Text, and how tightly its loosest operator binds."""
    match x:
        case Number():
            if style == "bnet" and x.value not in (0.0, 1.0):
                raise ValueError(f"the number {x.value:g}")
            return repr(x.value).removesuffix(".0"), _ATOM if x.value >= 0.0 else _SIGN
        case Node():
            return x.name, _ATOM
    if style == "bnet":
        match x:
            case Choice():
                c, a, b = (_bracketed(one, _SIGN, style) for one in (x.condition, x.a, x.b))
                return _bounded(f"{c} & {a} | !{c} & {b}"), _TIGHTNESS["|"]
            case Chain(op="^"):
                return _text_of_xor([_text(one, style) for one in x.items])
            case Pair(op="==") | Pair(op="!="):
                differ, tight = _text_of_xor([_text(x.a, style), _text(x.b, style)])
                return (differ, tight) if x.op == "!=" else (f"!({differ})", _SIGN)
            case Unary(op="!") | Chain(op="&") | Chain(op="|"):
                pass
            case _:
                raise ValueError("a parameter, an attribute or arithmetic")
    match x:
        case Parameter():
            return f"${x.name}", _ATOM
        case Attribute():
            return f"@{x.name}", _ATOM
        case Unary():
            inner = _bracketed(x.x, _ATOM, style)
            return (f"1 / {inner}", _TIGHTNESS["/"]) if x.op == "/" else (f"{x.op}{inner}", _SIGN)
        case Chain():
            return _chain_text(x, style)
        case Pair():
            tight = _TIGHTNESS[x.op]
            return f"{_bracketed(x.a, tight + 1, style)} {x.op} {_bracketed(x.b, tight + 1, style)}", tight
        case Choice():
            parts = [_bracketed(one, 1, style) for one in (x.condition, x.a, x.b)]
            return f"{parts[0]} ? {parts[1]} : {parts[2]}", 0
    raise AssertionError(x)


def _text_of_xor(items: list[tuple[str, int]]) -> tuple[str, int]:
    """In and, or and not; joined pairwise, so that the length grows with the square of the number of items."""
    while len(items) > 1:
        pairs = []
        for (a, a_tight), (b, b_tight) in zip(items[::2], items[1::2], strict=False):
            a, b = (one if tight >= _SIGN else f"({one})" for one, tight in ((a, a_tight), (b, b_tight)))
            pairs.append((_bounded(f"{a} & !{b} | !{a} & {b}"), _TIGHTNESS["|"]))
        items = pairs + items[len(items) & ~1 :]
    return items[0]


def _bounded(written: str) -> str:
    if len(written) > MAX_TEXT:
        raise ValueError(f"what is longer than {MAX_TEXT:,} characters without choices and xor")
    return written


def _chain_text(x: Chain, style: str) -> tuple[str, int]:
    tight = _TIGHTNESS[x.op]
    out = ""
    for number, one in enumerate(x.items):
        op = x.op
        inverse = {"+": "-", "*": "/"}.get(op)
        if number and inverse is not None and isinstance(one, Unary) and one.op == inverse:
            op, one = inverse, one.x
        out += (f" {op} " if number else "") + _bracketed(one, tight + 1, style)
    return (_bounded(out) if style == "bnet" else out), tight


def _bracketed(x: Expression, tight: int, style: str) -> str:
    written, own = _text(x, style)
    return written if own >= tight else f"({written})"
