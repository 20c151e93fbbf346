"""What a file of ``kind: kinetic_network`` says: species, parameters, reactions or rates, rules, events, and a run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.spec import Spec
from diaspore.core.units import parse_quantity
from diaspore.networks.kinetic.formula import FUNCTIONS, NAME, RESERVED, Formula, parse

TimeUnit = Literal["second", "minute", "hour", "day", "dimensionless"]
Method = Literal["lsoda", "rosenbrock", "rk4", "libroadrunner"]
Text = Annotated[str, Field(max_length=2000)]
Number = Annotated[float, Field(ge=-1e300, le=1e300)]
MAX_ROWS = 1_000_000
MAX_STEPS = 1_000_000_000
MAX_ITEMS = 5_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CompartmentSpec(_Part):
    """A room of constant size; the changes of species that are in it are divided by the size."""

    size: Annotated[float, Field(gt=0, le=1e300)]
    unit: Text = Field("", description="for people")
    label: Text = ""


class SpeciesSpec(_Part):
    """What changes with time: a concentration where a compartment is named, else an amount or a level."""

    initial: Number | Text = Field(description="at the start: a number, or a formula of parameters and other species")
    unit: Text = Field("", description="for people")
    label: Text = ""
    compartment: str | None = Field(None, description="reactions then change it by their rate over the size of this")
    held: bool = Field(False, description="not changed by reactions")


class ParameterSpec(_Part):
    """A constant; events and `set` may give it another value."""

    value: Number | Text = Field(description="a number, or a formula that is computed once, at the start")
    unit: Text = Field("", description="for people")
    label: Text = ""
    source: Text = Field("", description="where the value is from")


class FunctionSpec(_Part):
    """A function of one's own."""

    arguments: list[str] = Field(max_length=64)
    formula: str


class ReactionSpec(_Part):
    """What turns species into others, at a rate in amounts over time."""

    reactants: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field({}, description="name: how many are used up")
    products: dict[str, Annotated[float, Field(gt=0, le=1e6)]] = Field({}, description="name: how many are made")
    rate: str
    label: Text = ""


class EventSpec(_Part):
    """New values at the moment at which a condition becomes true."""

    when: str = Field(description="a condition, such as time >= 10")
    set: dict[str, str | Number] = Field(min_length=1, description="name: formula of the new value")
    delay: str | Number = Field(0.0, description="time from the condition to the change")
    initially: bool = Field(True, description="whether the condition counts as true before the start")
    values_at_trigger: bool = Field(True, description="new values are those of the moment of the condition, not later")


class ChangeSpec(_Part):
    """A value that is given from outside at a time."""

    at: str | Number = Field(description="a time with its unit, without one where the network is dimensionless")
    name: str = Field(description="of a parameter or species")
    value: Number


class ExpectedSpec(_Part):
    """A result that a test compares."""

    what: Text
    value: Number
    tolerance: Annotated[float, Field(gt=0)]


class KineticNetworkSpec(Spec):
    """A network of rate equations."""

    kind: Literal["kinetic_network"] = "kinetic_network"
    description: Annotated[str, Field(max_length=20_000)] = ""
    source: list[str] = Field([], description="keys of the reference list")
    licence: Text = ""
    limits: Annotated[str, Field(max_length=20_000)] = ""
    expected: list[ExpectedSpec] = Field([], description="results that a test compares: NAME at TIME")
    time_unit: TimeUnit = Field("dimensionless", description="of every rate in the file")
    compartments: dict[str, CompartmentSpec] = Field({}, max_length=MAX_ITEMS)
    species: dict[str, SpeciesSpec] = Field(min_length=1, max_length=MAX_ITEMS)
    parameters: dict[str, ParameterSpec] = Field({}, max_length=MAX_ITEMS)
    functions: dict[str, FunctionSpec] = Field({}, max_length=MAX_ITEMS)
    reactions: dict[str, ReactionSpec] = Field({}, max_length=MAX_ITEMS)
    rates: dict[str, str] = Field({}, max_length=MAX_ITEMS, description="name of a species: its change over time")
    rules: dict[str, str] = Field({}, max_length=MAX_ITEMS, description="name: formula that holds at any time")
    events: dict[str, EventSpec] = Field({}, max_length=MAX_ITEMS)
    duration: str | Number = Field(description="simulated time")
    save_every: str | Number = Field(description="time between rows of the table")
    method: Method = Field(
        "lsoda",
        description="lsoda: steps of its own choice; rosenbrock (stiff) and rk4: steps as given; libroadrunner: that",
    )
    step: str | Number | None = Field(None, description="of rosenbrock and rk4")
    tolerance: Annotated[float, Field(gt=1e-13, lt=0.1)] = Field(1e-8, description="relative error of a step of lsoda")
    set: list[ChangeSpec] = Field([], max_length=MAX_ITEMS, description="values given from outside, at times")

    def times(self, text: str | float, field: str) -> float:
        """A time of the file in the network's unit."""
        if self.time_unit == "dimensionless":
            return parse_quantity(text, "dimensionless", field=field)
        return parse_quantity(text, self.time_unit, field=field, example=f"'10 {self.time_unit}'")

    @property
    def end(self) -> float:
        """Duration in the network's unit of time."""
        return self.times(self.duration, "duration")

    @property
    def rows(self) -> list[float]:
        """Times of the rows of the table, from 0 to the end."""
        every, end = self.times(self.save_every, "save_every"), self.end
        count = math.floor(end / every * (1.0 + 1e-12))
        found = [k * every for k in range(count + 1)]
        if end - found[-1] > 1e-9 * every:
            found.append(end)
        else:
            found[-1] = end
        return found

    def names(self) -> list[str]:
        """Names that formulas may use, besides ``time``."""
        return [*self.compartments, *self.species, *self.parameters, *self.rules]

    @model_validator(mode="after")
    def _consistent(self) -> KineticNetworkSpec:
        self._check_names()
        self._check_formulas()
        self._check_run()
        from diaspore.networks.kinetic.network import Network

        Network(self)  # finds circles, and formulas that have no value at the start
        return self

    def _check_names(self) -> None:
        seen: dict[str, str] = {}
        groups: dict[str, Any] = {
            "compartments": self.compartments, "species": self.species, "parameters": self.parameters,
            "rules": self.rules, "functions": self.functions,
        }  # fmt: skip
        for group, items in groups.items():
            for name in items:
                _check_name(name, f"{group}.{name}")
                if name in seen:
                    raise InputError(f"{name!r} is also one of the {seen[name]}", field=f"{group}.{name}")
                seen[name] = group
        for name, item in self.species.items():
            if item.compartment is not None and item.compartment not in self.compartments:
                raise _unknown(item.compartment, f"species.{name}.compartment", "compartment", self.compartments)
        for name, reaction in self.reactions.items():
            for side in ("reactants", "products"):
                for one in getattr(reaction, side):
                    if one not in self.species:
                        raise _unknown(one, f"reactions.{name}.{side}", "species", self.species)
        moved = {
            one for r in self.reactions.values() for one in (*r.reactants, *r.products) if not self.species[one].held
        }
        for name in self.rates:
            if name not in self.species:
                raise _unknown(name, f"rates.{name}", "species", self.species)
            if name in moved:
                raise InputError(
                    "has a rate, and reactions change it too; hold it, or leave one out", field=f"rates.{name}"
                )
        settable = [*self.species, *self.parameters]
        for name, event in self.events.items():
            for one in event.set:
                if one not in settable:
                    raise _unknown(one, f"events.{name}.set", "species or parameter", settable)
        for k, change in enumerate(self.set):
            if change.name not in settable:
                raise _unknown(change.name, f"set[{k}].name", "species or parameter", settable)

    def formulas(self) -> Iterator[tuple[str, str, bool]]:
        """Every formula: its field, its text, and whether it is a condition; those of functions are left out."""
        for name, item in self.species.items():
            if isinstance(item.initial, str):
                yield f"species.{name}.initial", item.initial, False
        for name, parameter in self.parameters.items():
            if isinstance(parameter.value, str):
                yield f"parameters.{name}.value", parameter.value, False
        for name, reaction in self.reactions.items():
            yield f"reactions.{name}.rate", reaction.rate, False
        for group in ("rates", "rules"):
            for name, text in getattr(self, group).items():
                yield f"{group}.{name}", text, False
        for name, event in self.events.items():
            yield f"events.{name}.when", event.when, True
            for one, value in event.set.items():
                if isinstance(value, str):
                    yield f"events.{name}.set.{one}", value, False
            if isinstance(event.delay, str):
                yield f"events.{name}.delay", event.delay, False

    def _check_formulas(self) -> None:
        for name, function in self.functions.items():
            field = f"functions.{name}"
            for argument in function.arguments:
                _check_name(argument, f"{field}.arguments")
            if len(set(function.arguments)) < len(function.arguments):
                raise InputError("names an argument twice", field=f"{field}.arguments")
            self._check_formula(f"{field}.formula", function.formula, False, function.arguments, "argument")
        known = self.names()
        for field, text, condition in self.formulas():
            self._check_formula(field, text, condition, known, "name")

    def _check_formula(self, field: str, text: str, condition: bool, known: list[str], word: str) -> None:
        try:
            found: Formula = parse(text, condition=condition)
        except InputError as error:
            raise error.located(field=field) from None
        allowed = {*known, "time"} if word == "name" else set(known)
        for name, (line, column) in found.names.items():
            if name not in allowed:
                problem = f"line {line}, column {column}: the {word} {name!r} is not known"
                raise InputError(problem, field=field, nearest=nearest_name(name, [*known, "time"]))
        for name, (line, column, count) in found.calls.items():
            where = f"line {line}, column {column}: "
            if name not in self.functions:
                functions = [*self.functions, *FUNCTIONS]
                raise InputError(
                    f"{where}there is no function {name!r}", field=field, nearest=nearest_name(name, functions)
                )
            wanted = len(self.functions[name].arguments)
            if wanted != count:
                raise InputError(f"{where}{name} takes {wanted} arguments, not {count}", field=field)

    def _check_run(self) -> None:
        end = self.end
        for field in ("duration", "save_every"):
            if not 0.0 < self.times(getattr(self, field), field) < 1e300:
                raise InputError("must be more than 0", field=field)
        every = self.times(self.save_every, "save_every")
        if end / every > MAX_ROWS:
            raise InputError(f"makes {end / every:,.0f} rows", field="save_every", allowed=f"at most {MAX_ROWS:,}")
        stepped = self.method in ("rk4", "rosenbrock")
        if stepped and self.step is None:
            raise InputError(f"is missing; {self.method} takes steps as given", field="step")
        if self.step is not None:
            step = self.times(self.step, "step")
            if not 0.0 < step <= end:
                raise InputError("must be more than 0, and not longer than the duration", field="step")
            if end / step > MAX_STEPS:
                raise InputError(f"makes {end / step:,.0f} steps", field="step", allowed=f"at most {MAX_STEPS:,}")
        for k, change in enumerate(self.set):
            at = self.times(change.at, f"set[{k}].at")
            if not 0.0 <= at <= end:
                raise InputError(f"{shown(change.at)} is outside of the run", field=f"set[{k}].at")


def _check_name(name: str, field: str) -> None:
    if not NAME.fullmatch(name):
        problem = f"{shown(name)} is no name that a formula can use"
        raise InputError(problem, field=field, allowed="letters, digits and _, not a digit first, at most 100")
    if name in RESERVED:
        raise InputError(f"{name!r} has a meaning in formulas already; choose another name", field=field)


def _unknown(name: str, field: str, what: str, known: Any) -> InputError:
    names = list(known)
    return InputError(
        f"there is no {what} {shown(name)}", field=field, allowed=names, nearest=nearest_name(name, names)
    )
