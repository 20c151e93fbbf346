"""Formulas of kinetic networks: text to a tree and back, by a small parser of our own.

Numbers, names, ``+ - * / ^ **``, comparisons, ``and or not`` (``&& || !``), and the functions of `FUNCTIONS`.
``piecewise(value, condition, ..., otherwise)`` chooses. Nothing that a user writes is ever run as Python. Text, nesting
and size are bounded, so that no file can exhaust the stack or the memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from diaspore.core.errors import InputError, shown

#: function -> number of arguments (least, most)
FUNCTIONS: dict[str, tuple[int, int]] = {
    "exp": (1, 1),
    "log": (1, 1),
    "log10": (1, 1),
    "sqrt": (1, 1),
    "abs": (1, 1),
    "floor": (1, 1),
    "ceil": (1, 1),
    "sin": (1, 1),
    "cos": (1, 1),
    "tan": (1, 1),
    "asin": (1, 1),
    "acos": (1, 1),
    "atan": (1, 1),
    "sinh": (1, 1),
    "cosh": (1, 1),
    "tanh": (1, 1),
    "pow": (2, 2),
    "min": (2, 64),
    "max": (2, 64),
    "piecewise": (3, 65),
}
ALIASES = {"ln": "log", "ceiling": "ceil"}
CONSTANTS = {"pi": math.pi}
RESERVED = frozenset({*FUNCTIONS, *ALIASES, *CONSTANTS, "time", "true", "false", "and", "or", "not"})
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")

MAX_TEXT = 20_000
MAX_NODES = 10_000
MAX_NESTING = 50
MAX_DEPTH = 300

_TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>\*\*|&&|\|\||<=|>=|==|!=|[-+*/^(),<>!])"
)
_BLANK = re.compile(r"[ \t\r\n]*")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_SAME = {"**": "^", "&&": "and", "||": "or", "!": "not"}
# How strongly a sign binds what is left of it.
_BINDS = {"or": 1, "and": 2, **dict.fromkeys(COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6, "^": 8}
_NOT, _MINUS = 3, 7
CONDITIONS = frozenset({*COMPARISONS, "and", "or", "not", "true", "false"})


@dataclass(frozen=True, slots=True)
class Tree:
    """A formula: an operation, function or user function (``call``), a number, or a name, and what it is applied to."""

    op: str
    args: tuple[Tree, ...] = ()
    value: float = 0.0
    name: str = ""
    depth: int = field(default=1, compare=False)

    @property
    def is_condition(self) -> bool:
        """Whether it is true or false, not a number."""
        return self.op in CONDITIONS


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula; `names` and `calls` say where each name and each user's function first occurs."""

    tree: Tree
    names: dict[str, tuple[int, int]]
    calls: dict[str, tuple[int, int, int]]


def number(value: float) -> Tree:
    """A number as a tree."""
    return Tree("number", value=value)


def name(text: str) -> Tree:
    """A name as a tree."""
    return Tree("name", name=text)


def negative(tree: Tree) -> Tree:
    """Minus a tree."""
    return number(-tree.value) if tree.op == "number" else apply("-", tree)


def apply(op: str, *args: Tree, called: str = "") -> Tree:
    """An operation on trees; `called` names the user's function of ``call``.

    Raises:
        InputError: too deep, or numbers and conditions are mixed up.
    """
    depth = 1 + max((arg.depth for arg in args), default=0)
    if depth > MAX_DEPTH:
        raise InputError("the formula is nested too deeply", allowed=f"at most {MAX_DEPTH} operations in each other")
    _check_sorts(op, args)
    return Tree(op, args, name=called, depth=depth)


def _check_sorts(op: str, args: tuple[Tree, ...]) -> None:
    for k, arg in enumerate(args):
        wanted = op in ("and", "or", "not") or (op == "piecewise" and k % 2 == 1 and k < len(args) - 1)
        if arg.is_condition != wanted:
            what, other = ("a condition such as x > 1", "a number") if wanted else ("a number", "a condition")
            raise InputError(f"{op!r} needs {what} as its part {k + 1}, not {other}")
    if op == "piecewise" and len(args) % 2 == 0:
        raise InputError("piecewise takes pairs of value and condition, and at the end the value otherwise")


def parse(text: str, *, condition: bool = False) -> Formula:
    """The formula in a text.

    Args:
        text: the formula.
        condition: whether it must be a condition (true or false) in place of a number.

    Raises:
        InputError: with line and column of the mistake.
    """
    if len(text) > MAX_TEXT:
        raise InputError("the formula is too long", allowed=f"at most {MAX_TEXT} characters")
    parser = _Parser(text)
    tree = parser.expression(0)
    if parser.kind != "end":
        raise parser.error(f"{parser.found()} is not expected here", allowed="an operation, or the end")
    if tree.is_condition != condition:
        raise InputError("expected " + ("a condition such as x > 1" if condition else "a number, not a condition"))
    return Formula(tree, parser.names, parser.calls)


class _Parser:
    """A parser by binding powers: one method for all operations, so that nesting costs few frames of the stack."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, tuple[int, int]] = {}
        self.calls: dict[str, tuple[int, int, int]] = {}
        self.size = 0
        self.nesting = 0
        self.at = 0
        self.end = 0
        self.kind = ""
        self.token = ""
        self.next()

    def position(self, at: int) -> tuple[int, int]:
        """Line and column, from 1, of a place in the text."""
        return self.text.count("\n", 0, at) + 1, at - (self.text.rfind("\n", 0, at) + 1) + 1

    def error(self, problem: str, allowed: str | None = None, at: int | None = None) -> InputError:
        line, column = self.position(self.at if at is None else at)
        return InputError(f"line {line}, column {column}: {problem}", allowed=allowed)

    def found(self) -> str:
        return "the end" if self.kind == "end" else shown(self.token)

    def next(self) -> None:
        """Go on to the next token."""
        blank = _BLANK.match(self.text, self.end)
        self.at = self.end if blank is None else blank.end()
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            self.kind, self.token = "end", ""
            if self.at < len(self.text):
                raise self.error(f"the character {self.text[self.at]!r} has no meaning in a formula")
            return
        self.end, self.kind = match.end(), str(match.lastgroup)
        token = match[0]
        if token in ("and", "or", "not"):
            self.kind = "sign"
        self.token = _SAME.get(token, token) if self.kind == "sign" else token

    def made(self, op: str, *args: Tree, called: str = "", at: int) -> Tree:
        self.size += 1
        if self.size > MAX_NODES:
            raise InputError("the formula is too large", allowed=f"at most {MAX_NODES} operations")
        try:
            return apply(op, *args, called=called)
        except InputError as error:
            raise self.error(error.problem, error.allowed if isinstance(error.allowed, str) else None, at) from None

    def expression(self, least: int) -> Tree:
        """Everything from here that binds at least as strongly."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.error("the formula is nested too deeply", f"at most {MAX_NESTING} brackets in each other")
        left = self.operand()
        while self.kind == "sign" and _BINDS.get(self.token, 0) > least:
            sign, at = self.token, self.at
            self.next()
            if sign == "^":
                left = self.made("^", left, self.expression(_MINUS - 1), at=at)  # to the right, and 2^-3
                continue
            right = self.expression(_BINDS[sign])
            if sign == "-":
                left = self.made("+", left, self.made("-", right, at=at), at=at)
            else:
                left = self.made(sign, left, right, at=at)
            if sign in COMPARISONS and self.kind == "sign" and self.token in COMPARISONS:
                raise self.error("comparisons cannot be chained", "a < b and b < c")
        self.nesting -= 1
        return left

    def operand(self) -> Tree:
        at, kind, token = self.at, self.kind, self.token
        self.next_if(kind != "end")
        if kind == "number":
            value = float(token)
            if not math.isfinite(value):
                raise self.error(f"{shown(token)} is too large a number", at=at)
            return self.leaf(number(value))
        if kind == "name":
            return self.named(token, at)
        if token == "(":
            inner = self.expression(0)
            self.expect(")")
            return inner
        if token == "-":
            inner = self.expression(_MINUS)
            # A number with a sign is a number, so that -2 is written and read back as it is.
            return negative(inner) if inner.op == "number" else self.made("-", inner, at=at)
        if token == "+":
            return self.expression(_MINUS)
        if token == "not":
            return self.made("not", self.expression(_NOT), at=at)
        found = "the end" if kind == "end" else shown(token)
        raise self.error(f"{found} stands where a number, a name or a bracket is expected", at=at)

    def leaf(self, tree: Tree) -> Tree:
        self.size += 1
        return tree

    def named(self, token: str, at: int) -> Tree:
        if len(token) > 100:
            raise self.error("the name is too long", "at most 100 characters", at)
        if self.kind == "sign" and self.token == "(":
            return self.called(token, at)
        if token in ("true", "false"):
            return self.leaf(Tree(token))
        if token in CONSTANTS:
            return self.leaf(number(CONSTANTS[token]))
        if token in FUNCTIONS or token in ALIASES:
            raise self.error(f"{token} is a function; its arguments stand in brackets", at=at)
        self.names.setdefault(token, self.position(at))
        return self.leaf(name(token))

    def called(self, token: str, at: int) -> Tree:
        self.next()
        args = []
        if not (self.kind == "sign" and self.token == ")"):
            args.append(self.expression(0))
            while self.kind == "sign" and self.token == ",":
                self.next()
                args.append(self.expression(0))
        self.expect(")")
        op = ALIASES.get(token, token)
        if op not in FUNCTIONS:
            if op in RESERVED:
                raise self.error(f"{token} is no function", at=at)
            self.calls.setdefault(token, (*self.position(at), len(args)))
            return self.made("call", *args, called=token, at=at)
        least, most = FUNCTIONS[op]
        if not least <= len(args) <= most:
            count = f"{least}" if least == most else f"{least} to {most}"
            raise self.error(f"{token} takes {count} arguments, not {len(args)}", at=at)
        return self.made("^" if op == "pow" else op, *args, at=at)

    def next_if(self, go_on: bool) -> None:
        if go_on:
            self.next()

    def expect(self, sign: str) -> None:
        if self.kind != "sign" or self.token != sign:
            raise self.error(f"expected {sign!r}, found {self.found()}")
        self.next()


def write(tree: Tree) -> str:
    """A formula as text that `parse` reads back to the same tree."""
    return _write(tree, 0)


def _write(tree: Tree, least: int) -> str:
    op, args = tree.op, tree.args
    if op == "number":
        text = _number(tree.value)
        return f"({text})" if text.startswith("-") and least > 0 else text
    if op == "name":
        return tree.name
    if op in ("true", "false"):
        return op
    if op == "call" or op in FUNCTIONS:
        return f"{tree.name if op == 'call' else op}({', '.join(_write(arg, 0) for arg in args)})"
    if op == "-":
        if args[0].op == "number":
            return _write(number(-args[0].value), least)
        text, binds = f"-{_write(args[0], _MINUS)}", _MINUS
    elif op == "not":
        text, binds = f"not {_write(args[0], _NOT)}", _NOT
    elif op == "^":
        binds = _BINDS["^"]
        text = f"{_write(args[0], binds + 1)}^{_write(args[1], binds)}"
    else:
        binds = _BINDS[op]
        if op == "+" and args[1].op == "-":
            text = f"{_write(args[0], binds)} - {_write(args[1].args[0], binds + 1)}"
        else:
            text = f"{_write(args[0], binds)} {op} {_write(args[1], binds + 1)}"
        if op in COMPARISONS:
            text = f"{_write(args[0], binds + 1)} {op} {_write(args[1], binds + 1)}"
    return f"({text})" if binds < least else text


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)
