"""Who acts on whom in a network, and with which sign, from the rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.networks import expressions as ex
from diaspore.networks.boolean.spec import BooleanNetworkSpec

_EXACT = 12  # regulators up to which every combination is looked at
_SAMPLES = 4096


@dataclass(frozen=True)
class Influence:
    """``source`` acts on ``target``: sign +1 or -1, 0 for both, None where it never makes a difference."""

    source: str
    target: str
    sign: int | None


def influences(spec: BooleanNetworkSpec) -> list[Influence]:
    """All influences, in the order of the targets and of their rules; a node with rates only counts them all.

    A rule of more than twelve regulators is tried on random combinations of them, so that an influence that matters in
    few of them may be missed.
    """
    found = []
    for name, node in spec.nodes.items():
        parts = ["logic"] if node.logic is not None else [part for part in ("up", "down") if part in node.written()]
        signs: dict[str, set[int]] = {}
        for part in parts:
            x = node.rule() if part == "logic" else _expanded(spec, name, part)
            regulators = ex.names(x, ex.Node)
            states = _combinations(len(regulators))
            flip = -1 if part == "down" else 1
            for k, one in enumerate(regulators):
                with_it, without = states.copy(), states.copy()
                with_it[:, k], without[:, k] = 1.0, 0.0
                with np.errstate(invalid="ignore"):
                    change = _values(x, regulators, with_it, spec) - _values(x, regulators, without, spec)
                change = change[np.isfinite(change) & (change != 0.0)]
                signs.setdefault(one, set()).update(flip * np.unique(np.sign(change)).astype(int))
        for one, both in signs.items():
            if one != name or node.logic != name:
                found.append(Influence(one, name, None if not both else (0 if len(both) > 1 else min(both))))
    return found


def _expanded(spec: BooleanNetworkSpec, name: str, part: str) -> ex.Expression:
    node = spec.nodes[name]

    def change(one: ex.Expression) -> ex.Expression:
        return ex.rebuilt(node.expression(one.name), change) if isinstance(one, ex.Attribute) else one

    return ex.rebuilt(node.expression(part), change)


def _combinations(count: int) -> np.ndarray:
    if count <= _EXACT:
        return ((np.arange(1 << count)[:, None] >> np.arange(count)) & 1).astype(float)
    return np.random.default_rng(0).integers(0, 2, (_SAMPLES, count)).astype(float)


def _values(x: ex.Expression, names: list[str], states: np.ndarray, spec: BooleanNetworkSpec) -> np.ndarray:
    columns = {name: states[:, k] for k, name in enumerate(names)}

    def at(one: ex.Expression) -> np.ndarray:
        match one:
            case ex.Number():
                return np.full(len(states), one.value)
            case ex.Node():
                return columns[one.name]
            case ex.Parameter():
                return np.full(len(states), spec.parameters[one.name])
            case ex.Unary(op="!"):
                return (at(one.x) == 0.0).astype(float)
            case ex.Unary():
                return -at(one.x) if one.op == "-" else 1.0 / at(one.x)
            case ex.Pair():
                return np.asarray(ex.COMPARE[one.op](at(one.a), at(one.b)), dtype=float)  # type: ignore[arg-type]
            case ex.Choice():
                return np.where(at(one.condition) != 0.0, at(one.a), at(one.b))
            case ex.Chain():
                items = np.stack([at(item) for item in one.items])
                if one.op in "+*":
                    return np.asarray(items.sum(axis=0) if one.op == "+" else items.prod(axis=0))
                true = items != 0.0
                by = {"&": true.all(axis=0), "|": true.any(axis=0), "^": true.sum(axis=0) % 2}
                return np.asarray(by[one.op], dtype=float)
        raise AssertionError(one)

    with np.errstate(all="ignore"):  # what is not a number in some combination is no influence
        return at(x)
