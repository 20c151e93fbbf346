"""Rules and functions of a description as tables and compiled loops."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np

from diaspore.core.errors import DiasporeError, InputError, nearest_name, shown
from diaspore.core.units import parse_quantity
from diaspore.tissue.behaviours import Behaviour, number_of
from diaspore.tissue.kernels.rules import Rules
from diaspore.tissue.signals import Signal, needs_contacts, signal_number
from diaspore.tissue.spec_rules import FunctionSpec, RuleSpec
from diaspore.tissue.state import APOPTOTIC

UNBOUNDED = ("chemotactic", "EMT drive")
"""Behaviours that may be negative begin with these words."""


@dataclass(frozen=True)
class Function:
    """A function of one's own and where its value goes."""

    name: str
    kind: int
    column: int
    signals: np.ndarray
    loop: Callable[..., Any]


@dataclass(frozen=True)
class RuleBook:
    """All rules of a scene: the tables, and functions that come after them."""

    rules: Rules
    functions: tuple[Function, ...] = ()
    column: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def columns(self) -> int:
        """Behaviours that are computed for every cell."""
        return len(self.rules.behaviour)


def compile_rules(
    rules: tuple[RuleSpec, ...], functions: tuple[FunctionSpec, ...], known: list[Behaviour], senses: list[Signal],
    substances: dict[str, str], types: list[str], base: np.ndarray, modified: Sequence[str] = (),
) -> RuleBook:  # fmt: skip
    """Tables of the rules. Bases that rules give are put into ``base`` (types, behaviours).

    ``known`` and ``senses`` are behaviours and signals by number; ``modified`` names behaviours that parts change
    after rules, so that every cell has a value of its own.

    Raises:
        InputError: a number without its unit, two saturations for one target, a function that does not compile.
    """
    targets: dict[tuple[int, int], list[int]] = {}
    for i, rule in enumerate(rules):
        b = number_of(rule.behaviour, known, f"rules[{i}].behaviour")
        targets.setdefault((types.index(rule.type), b), []).append(i)
    others = [*(f.behaviour for f in functions), *modified]
    ruled = sorted({b for _, b in targets} | {number_of(name, known, "functions") for name in others})
    column = np.full(len(known), -1, dtype=np.int64)
    column[ruled] = np.arange(len(ruled))
    rows: list[int] = []
    first, saturations = [0], []
    for (t, b), members in targets.items():
        goals: dict[str, float] = {}
        for i in members:
            rule, where = rules[i], f"rules[{i}]"
            value = _number(rule.saturation, known[b], f"{where}.saturation")
            if goals.setdefault(rule.direction, value) != value:
                raise InputError(
                    f"another rule that {rule.direction} {known[b].name} of {rule.type} goes to "
                    f"{goals[rule.direction]:g}", field=f"{where}.saturation", allowed="one saturation for all of them",
                )  # fmt: skip
            if rule.base is not None:
                given = _number(rule.base, known[b], f"{where}.base")
                if goals.setdefault("base", given) != given:
                    raise InputError("another rule gives another base", field=f"{where}.base")
                base[t, b] = given
        saturations.append((goals.get("increases", 0.0), goals.get("decreases", 0.0)))
        rows += members
        first.append(len(rows))
    picked = [rules[i] for i in rows]
    numbers = [signal_number(r.signal, senses, f"rules[{i}].signal") for i, r in zip(rows, picked, strict=True)]
    half = []
    for i, rule, number in zip(rows, picked, numbers, strict=True):
        half.append(parse_quantity(rule.half_max, senses[number].unit, field=f"rules[{i}].half_max"))
        if not half[-1] > 0.0:
            raise InputError(f"must be above 0, got {shown(rule.half_max)}", field=f"rules[{i}].half_max")
    made = tuple(_function(f, i, known, senses, types, column) for i, f in enumerate(functions))
    contacts = [*numbers, *(int(n) for f in made for n in f.signals)]
    goals_of = np.array(saturations, dtype=float).reshape(-1, 2)
    tables = Rules(
        np.array(ruled, dtype=np.int64), np.array([t for t, _ in targets], dtype=np.int64),
        np.array([column[b] for _, b in targets], dtype=np.int64), goals_of[:, 0].copy(), goals_of[:, 1].copy(),
        np.array(first, dtype=np.int64), np.array(numbers, dtype=np.int64),
        np.array([r.direction == "increases" for r in picked], dtype=bool), np.array(half, dtype=float),
        np.array([r.power for r in picked], dtype=float), np.array([r.when_dead for r in picked], dtype=bool),
        any(needs_contacts(n, len(substances), len(types)) for n in contacts),
    )  # fmt: skip
    return RuleBook(tables, made, column)


def _number(value: str | float, behaviour: Behaviour, where: str) -> float:
    number = parse_quantity(value, behaviour.unit, field=where)
    if number < 0.0 and not behaviour.name.startswith(UNBOUNDED):
        raise InputError(f"must be at least 0, got {shown(value)}", field=where)
    return number


def _function(
    spec: FunctionSpec, i: int, known: list[Behaviour], senses: list[Any], types: list[str], column: np.ndarray
) -> Function:
    where = f"functions[{i}]"
    numbers = np.array([signal_number(s, senses, f"{where}.signals") for s in spec.signals], dtype=np.int64)
    user = _compiled(spec, where)

    @numba.njit(nogil=True, error_model="numpy", boundscheck=True)
    def loop(count, kind, k, phase, out, signals):  # type: ignore[no-untyped-def]
        for i in range(count):
            if kind[i] == k and phase[i] < APOPTOTIC:
                out[i] = user(out[i], signals[:, i])

    one, nothing = np.zeros(1), np.zeros((len(numbers), 1))
    nothing.flags.writeable = False
    try:
        loop(0, np.zeros(1, np.int32), 0, np.zeros(1, np.int32), one, nothing)
    except Exception as error:  # of Numba's, of many kinds
        raise InputError(
            f"does not compile: {_reason(error)}", field=f"{where}.function",
            allowed="a function of (value, signals) that gives a number, in Python that Numba compiles",
        ) from None  # fmt: skip
    return Function(
        spec.function, types.index(spec.type), int(column[number_of(spec.behaviour, known, where)]), numbers, loop
    )


def _compiled(spec: FunctionSpec, where: str) -> Any:
    try:
        names = [n.name for n in ast.parse(spec.code).body if isinstance(n, ast.FunctionDef)]
    except SyntaxError as error:
        raise InputError(
            f"is no Python: {error.msg} (line {error.lineno} of the code)", field=f"{where}.code"
        ) from None
    except (MemoryError, RecursionError, ValueError) as error:
        raise InputError(f"is no Python: {error}", field=f"{where}.code") from None
    if spec.function not in names:
        raise InputError(
            f"has no function {spec.function!r}", file=spec.file, field=f"{where}.function", allowed=names,
            nearest=nearest_name(spec.function, names),
        )  # fmt: skip
    space: dict[str, Any] = {"__name__": "diaspore_function"}
    try:
        exec(compile(spec.code, spec.file or "<code>", "exec"), space)  # the user's own code, on the user's machine
    except (Exception, SystemExit) as error:
        raise InputError(f"fails: {type(error).__name__}: {error}", file=spec.file, field=f"{where}.code") from None
    found = space[spec.function]
    if not callable(found):
        raise InputError(f"{spec.function} is no function in the end", field=f"{where}.function")
    # With checks of bounds: a function may not read what is beside its signals.
    return numba.njit(getattr(found, "py_func", found), boundscheck=True)


def _reason(error: Exception) -> str:
    """The line of a message of Numba's that says what is wrong."""
    skipped = ("Failed in", "During", "- Resolution", "There are", "No implementation", ">>>")
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line and not line.startswith(skipped)), type(error).__name__)


def run_function(function: Function, behaviour: str, *arguments: Any) -> None:
    """Call the loop of a function over all cells, and stop where it fails.

    Raises:
        DiasporeError: it names the function.
    """
    try:
        function.loop(*arguments)
    except Exception as error:
        count = len(function.signals)
        hint = f"; {count} signals are listed" if isinstance(error, IndexError) else ""
        raise DiasporeError(
            f"the function {function.name} for {behaviour} fails: {type(error).__name__}: {error}{hint}"
        ) from None


def checked(function: Function, values: np.ndarray, behaviour: str) -> None:
    """Stop where a function gave what no behaviour can be.

    Raises:
        DiasporeError: it names the function.
    """
    low = 0.0 if not behaviour.startswith(UNBOUNDED) else -np.inf
    bad = ~(np.isfinite(values) & (values >= low))
    if bad.any():
        raise DiasporeError(
            f"the function {function.name} gave {values[bad][0]:g} for {behaviour}, "
            f"which must be {'a number' if np.isinf(low) else 'a number of at least 0'}"
        )
