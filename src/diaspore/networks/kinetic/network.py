"""A spec as equations: states, parameters, and nodes of a graph for rates, rules, derivatives and events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diaspore.core.errors import InputError
from diaspore.networks.kinetic.formula import COMPARISONS, Tree, parse
from diaspore.networks.kinetic.graph import Graph, Tape

if TYPE_CHECKING:
    from diaspore.networks.kinetic.spec import KineticNetworkSpec

MAX_WORK = 1_000_000  # operations when functions are written out; nested functions can stand for very many
MAX_CALLS = 30  # functions that call functions


@dataclass(frozen=True)
class Event:
    """An event as nodes; `sets` holds ("y" or "p", index, node)."""

    name: str
    when: int
    delay: int
    sets: tuple[tuple[str, int, int], ...]
    initially: bool
    values_at_trigger: bool
    by_time: bool


class Network:
    """The equations of a network.

    Attributes:
        states: names of what changes by rates.
        parameters: names of all else that has a value of its own: parameters, compartments, species that are held.
        rules: names of rules with their nodes.
        rates: nodes of the changes of the states.
    """

    def __init__(self, spec: KineticNetworkSpec, held: Collection[str] = ()) -> None:
        """``held``: species that are held here although the spec lets them change."""
        self.spec = spec
        self.graph = Graph()
        moved = {one for r in spec.reactions.values() for one in (*r.reactants, *r.products)}
        self.states = [
            name
            for name, item in spec.species.items()
            if name not in held and (name in spec.rates or (name in moved and not item.held))
        ]
        fixed = [name for name in spec.species if name not in set(self.states)]
        self.parameters = [*spec.parameters, *spec.compartments, *fixed]
        self._places: dict[str, tuple[str, int]] = {name: ("y", k) for k, name in enumerate(self.states)}
        self._places |= {name: ("p", k) for k, name in enumerate(self.parameters)}
        self._work = 0
        self._functions = {
            name: (function.arguments, parse(function.formula).tree) for name, function in spec.functions.items()
        }
        self.rules: dict[str, int] = {}
        trees = {name: parse(text) for name, text in spec.rules.items()}
        needs = {name: [one for one in formula.names if one in trees] for name, formula in trees.items()}
        for name in _in_order(needs, "rules"):
            self.rules[name] = self.node(trees[name].tree, f"rules.{name}")
        self.rules = {name: self.rules[name] for name in trees}  # in the order of the file
        self.rates = self._rates()
        self.events = [self._event(name) for name in spec.events]
        self.initial, self.values = self._start()

    def place(self, name: str) -> tuple[str, int]:
        """Where a species or parameter has its value: ("y" or "p", index)."""
        return self._places[name]

    def node(self, tree: Tree, field: str) -> int:
        """The node of a tree whose names are those of this network."""
        try:
            return self._node(tree, None, ())
        except InputError as error:
            raise error.located(field=field) from None

    def _node(self, tree: Tree, arguments: Mapping[str, int] | None, active: tuple[str, ...]) -> int:
        self._work += 1
        if self._work > MAX_WORK:
            raise InputError("the functions stand for too much", allowed=f"at most {MAX_WORK:,} operations in all")
        graph = self.graph
        if tree.op == "number":
            return graph.number(tree.value)
        if tree.op in ("true", "false"):
            return graph.leaf(tree.op)
        if tree.op == "name":
            return arguments[tree.name] if arguments is not None else self._named(tree.name)
        args = [self._node(arg, arguments, active) for arg in tree.args]
        if tree.op == "call":
            if tree.name in active or len(active) >= MAX_CALLS:
                shown = " -> ".join((*active[-4:], tree.name))
                raise InputError(f"functions call each other in a circle or too deeply: {shown}")
            names, body = self._functions[tree.name]
            return self._node(body, dict(zip(names, args, strict=True)), (*active, tree.name))
        if tree.op in ("min", "max"):
            found = args[0]
            for arg in args[1:]:
                found = graph.apply(tree.op, found, arg)
            return found
        return graph.apply(tree.op, *args)

    def _named(self, name: str) -> int:
        if name == "time":
            return self.graph.leaf("t")
        if name in self.rules:
            return self.rules[name]
        kind, index = self._places[name]
        return self.graph.leaf(kind, index)

    def formula(self, text: str | float, field: str, *, condition: bool = False) -> int:
        """The node of a formula in the names of this network."""
        if not isinstance(text, str):
            return self.graph.number(text)
        return self.node(parse(text, condition=condition).tree, field)

    @cached_property
    def stoichiometry(self) -> NDArray[np.float64]:
        """States by reactions: how many each adds, over the size of the compartment; rates are left out."""
        found = np.zeros((len(self.states), len(self.spec.reactions)))
        for j, reaction in enumerate(self.spec.reactions.values()):
            for sign, side in ((-1.0, reaction.reactants), (1.0, reaction.products)):
                for name, count in side.items():
                    kind, i = self._places[name]
                    if kind == "y":
                        found[i, j] += sign * count
        return found

    def _rates(self) -> list[int]:
        spec, graph = self.spec, self.graph
        sums: dict[str, int] = dict.fromkeys(self.states, graph.zero)
        for name, reaction in spec.reactions.items():
            rate = self.formula(reaction.rate, f"reactions.{name}.rate")
            net: dict[str, float] = {}
            for sign, side in ((-1.0, reaction.reactants), (1.0, reaction.products)):
                for one, count in side.items():
                    net[one] = net.get(one, 0.0) + sign * count
            for one, count in net.items():
                if one in sums and not spec.species[one].held:
                    term = graph.apply("-", rate) if count == -1.0 else graph.apply("*", graph.number(count), rate)
                    sums[one] = graph.apply("+", sums[one], term)
        for one in sums:
            room = spec.species[one].compartment
            if one in spec.rates:
                sums[one] = self.formula(spec.rates[one], f"rates.{one}")
            elif room is not None:
                sums[one] = graph.apply("/", sums[one], self._named(room))
        return list(sums.values())

    def _event(self, name: str) -> Event:
        event, field = self.spec.events[name], f"events.{name}"
        when = self.formula(event.when, f"{field}.when", condition=True)
        sets = tuple((*self._places[one], self.formula(v, f"{field}.set.{one}")) for one, v in event.set.items())
        delay = self.formula(event.delay, f"{field}.delay")
        by_time = "y" not in self.graph.uses(when) and self._linear_in_time(when)
        return Event(name, when, delay, sets, event.initially, event.values_at_trigger, by_time)

    def _start(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """States and parameters at the start, formulas computed in the order in which they need each other."""
        spec = self.spec
        texts: dict[str, str] = {}
        known: dict[str, float] = {name: room.size for name, room in spec.compartments.items()}
        for name, value in (
            *((name, parameter.value) for name, parameter in spec.parameters.items()),
            *((name, item.initial) for name, item in spec.species.items()),
        ):
            if isinstance(value, str):
                texts[name] = value
            else:
                known[name] = value
        y, p = np.zeros(len(self.states)), np.zeros(len(self.parameters))
        for name, value in known.items():
            self._put(y, p, name, value)
        if texts:
            formulas = {name: parse(text) for name, text in {**spec.rules, **texts}.items()}
            needs = {name: [one for one in formula.names if one in formulas] for name, formula in formulas.items()}
            for name in _in_order(needs, "values at the start"):
                if name in texts:
                    tape = Tape(self.graph, [self.node(formulas[name].tree, name)])
                    self._put(y, p, name, float(tape(y, p, 0.0)[0]))
        bad = [name for name, (kind, k) in self._places.items() if not np.isfinite((y if kind == "y" else p)[k])]
        if bad:
            raise InputError("its formula has no finite value at the start", field=bad[0])
        return y, p

    def _put(self, y: NDArray[np.float64], p: NDArray[np.float64], name: str, value: float) -> None:
        kind, k = self._places[name]
        (y if kind == "y" else p)[k] = value

    @cached_property
    def jacobian(self) -> dict[tuple[int, int], int]:
        """Nodes of the derivatives of rate i by state k that are not 0."""
        graph = self.graph
        found = {}
        for i, rate in enumerate(self.rates):
            inside = {graph.nodes[n][1] for n in graph.needed([rate]) if graph.nodes[n][0] == "y"}
            for k in sorted(inside):
                node = graph.derivative(rate, "y", k)
                if node != graph.zero:
                    found[i, k] = node
        return found

    @cached_property
    def by_time(self) -> dict[int, int]:
        """Nodes of the derivatives of rates by the time itself that are not 0."""
        graph = self.graph
        timed = {i: graph.derivative(rate, "t") for i, rate in enumerate(self.rates) if "t" in graph.uses(rate)}
        return {i: node for i, node in timed.items() if node != graph.zero}

    @property
    def autonomous(self) -> bool:
        """Whether no rate depends on the time itself."""
        return all("t" not in self.graph.uses(rate) for rate in self.rates)

    @cached_property
    def crossings(self) -> list[int]:
        """Nodes that are 0 where a comparison of the time with constants turns: difference and slope, in pairs."""
        graph, found = self.graph, []
        targets = [*self.rates, *self.rules.values(), *(event.when for event in self.events)]
        for k in graph.needed(targets):
            op, *args = graph.nodes[k]
            if op in COMPARISONS and "t" in graph.uses(k) and "y" not in graph.uses(k):
                difference = graph.minus(args[0], args[1])
                slope = graph.derivative(difference, "t")
                if "t" not in graph.uses(slope):
                    found += [difference, slope]
        return found

    def _linear_in_time(self, when: int) -> bool:
        graph = self.graph
        for k in graph.needed([when]):
            op, *args = graph.nodes[k]
            if op in COMPARISONS and "t" in graph.uses(k):
                slope = graph.derivative(graph.minus(args[0], args[1]), "t")
                if "t" in graph.uses(slope):
                    return False
        return True

    @cached_property
    def rate_tape(self) -> Tape:
        """Rates by NumPy."""
        return Tape(self.graph, self.rates)

    @cached_property
    def rule_tape(self) -> Tape:
        """Rules by NumPy."""
        return Tape(self.graph, list(self.rules.values()))

    @cached_property
    def _jacobian_tape(self) -> tuple[Tape, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        places = np.array(list(self.jacobian), dtype=np.int64).reshape(-1, 2)
        return Tape(self.graph, list(self.jacobian.values())), (places[:, 0], places[:, 1])

    def derivatives(self, y: Any, p: Any, t: float = 0.0) -> NDArray[np.float64]:
        """Changes of the states."""
        found = self.rate_tape(y, p, t)
        shape = np.broadcast_shapes(*(np.shape(one) for one in found))
        return np.stack([np.broadcast_to(one, shape) for one in found]).astype(np.float64)

    def jacobian_matrix(self, y: Any, p: Any, t: float = 0.0) -> NDArray[np.float64]:
        """Matrix of the derivatives of the rates by the states."""
        tape, places = self._jacobian_tape
        found = np.zeros((len(self.states), len(self.states)))
        found[places] = tape(y, p, t)
        return found

    def columns(self) -> list[str]:
        """What a table shows: species, then rules."""
        return [*self.spec.species, *self.rules]

    def row(self, y: Any, p: Any, t: float) -> list[float]:
        """Values of `columns`."""
        places = (self._places[name] for name in self.spec.species)
        values = [float(y[k] if kind == "y" else p[k]) for kind, k in places]
        return values + [float(value) for value in self.rule_tape(y, p, t)]


def _in_order(needs: Mapping[str, Sequence[str]], field: str) -> list[str]:
    """Names, each after those it needs."""
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise InputError(f"need each other in a circle: {circle}", field=field) from None
