"""What a file says of networks of molecules in cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from diaspore.core.errors import InputError, InputErrors, nearest_name, shown
from diaspore.core.units import Quantity
from diaspore.networks.boolean.spec import BooleanNetworkSpec, Change, ChangeSpec
from diaspore.networks.kinetic.spec import KineticNetworkSpec
from diaspore.tissue.signals import Signal
from diaspore.tissue.spec_common import Level, Minutes, Name, Part, Rate

HOURS = {"second": 1.0 / 3600.0, "minute": 1.0 / 60.0, "hour": 1.0, "day": 24.0}
AVERAGE = " average"


class NetworkInputSpec(Part):
    """A signal that a cell senses, and what it does to its network.

    On a node of a Boolean network: a threshold (``on``, and ``off`` for hysteresis), or a rate of switching on that
    grows with the signal (``up``, ``half_max``). On a parameter or species of a kinetic one: a value in proportion
    (``value`` where the signal is ``at``).
    """

    node: str | None = Field(None, description="of a Boolean network; an input of it")
    parameter: str | None = Field(None, description="parameter, or species that is held, of a kinetic network")
    signal: str = Field(description="what the cell senses; `diaspore rules` lists all")
    on: Level | None = Field(None, description="the node is on from this level on")
    off: Level | None = Field(None, description="and off again below this one; that of `on` when left out")
    reversed: bool = Field(False, description="on below, off above: then `off` is the higher level")
    up: Rate | None = Field(None, description="rate of switching on at the full signal")
    down: Rate | None = Field(None, description="rate of switching off")
    half_max: Level | None = Field(None, description="level at which half of the rate `up` is reached")
    power: Annotated[float, Quantity("dimensionless", gt=0, le=64)] = Field(4.0, description="of Hill")
    at: Level | None = Field(None, description="level at which the parameter has its value")
    value: float | None = Field(None, description="of the parameter at that level; it is 0 without the signal")

    @model_validator(mode="after")
    def _one_form(self) -> NetworkInputSpec:
        if (self.node is None) == (self.parameter is None):
            raise InputError("takes one of these fields", allowed="node, parameter")
        forms = {
            "threshold": ("on",),
            "rate": ("up", "half_max"),
            "value": ("at", "value"),
        }
        given = {name: [f for f in fields if getattr(self, f) is not None] for name, fields in forms.items()}
        chosen = [name for name, fields in given.items() if fields]
        if len(chosen) != 1 or len(given[chosen[0]]) < len(forms[chosen[0]]):
            raise InputError("takes one of these", allowed="on (and off); up and half_max (and down); at and value")
        if (chosen[0] == "value") != (self.parameter is not None):
            raise InputError("at and value are for parameters; thresholds and rates for nodes")
        for field, form in (("off", "threshold"), ("down", "rate")):
            if getattr(self, field) is not None and chosen[0] != form:
                raise InputError(f"goes with {' and '.join(forms[form])}", field=field)
        if self.reversed and chosen[0] != "threshold":
            raise InputError("goes with on", field="reversed")
        return self


class NetworkTreatmentSpec(ChangeSpec):
    """A drug in the cells: a change of one node for a time."""

    node: str
    start: Annotated[float, Quantity("min", ge=0, le=5_300_000)] = 0.0
    stop: Minutes | None = Field(None, description="the end of the run when left out")


AnyNetwork = Annotated[BooleanNetworkSpec | KineticNetworkSpec, Field(discriminator="kind")]


class CellNetworkSpec(Part):
    """A network that runs in every cell of some types."""

    model: str | None = Field(None, description="name of a shipped network, or a file (YAML, .bnd, .bnet, SBML)")
    network: AnyNetwork = Field(description="the network itself; taken from `model` when left out")
    hours_per_unit: float | None = Field(
        None, gt=0, le=1e6, description="hours that a unit of the network's time stands for; needed when it has no unit"
    )
    interval: Minutes = Field(12.0, description="time between two looks at the surroundings")
    types: tuple[str, ...] | None = Field(None, min_length=1, description="cell types; all when left out")
    inputs: tuple[NetworkInputSpec, ...] = Field((), max_length=100)
    averages: dict[str, Minutes] = Field({}, description="nodes whose running average over a time is a signal")
    reset: tuple[str, ...] = Field((), description="nodes drawn anew in daughters; others are inherited")
    mutations: dict[str, Change] = Field({}, description="of all cells, beside those of the network's own file")
    clones: dict[Name, dict[str, Change]] = Field({}, max_length=1000, description="further mutations, by clone")
    treatments: tuple[NetworkTreatmentSpec, ...] = Field((), max_length=100)
    method: Literal["rk4", "rosenbrock"] = Field("rk4", description="of kinetic networks; rosenbrock for stiff ones")
    step: float | None = Field(None, gt=0, description="of kinetic networks, in their unit of time")

    @model_validator(mode="before")
    @classmethod
    def _inline(cls, data: Any) -> Any:
        """Put the network itself into the description, so that a run keeps it and another network is another run."""
        if not isinstance(data, Mapping) or "network" in data or not isinstance(data.get("model"), str):
            return data
        from diaspore.core.simulate import find_spec_file
        from diaspore.core.spec import load_spec

        try:
            spec = load_spec(find_spec_file(data["model"]))
        except InputErrors as error:
            raise error.errors[0] from None
        if not isinstance(spec, BooleanNetworkSpec | KineticNetworkSpec):
            raise InputError(
                f"{shown(data['model'])} is a {spec.kind}", field="model", allowed="boolean_network, kinetic_network"
            )
        return {**data, "network": spec.model_dump(mode="json", by_alias=True, exclude_none=True)}

    @property
    def boolean(self) -> BooleanNetworkSpec | None:
        """The network, if it is Boolean."""
        return self.network if isinstance(self.network, BooleanNetworkSpec) else None

    @property
    def own_hours(self) -> float | None:
        """Hours of the network's own unit of time, if it has one."""
        return None if isinstance(self.network, BooleanNetworkSpec) else HOURS.get(self.network.time_unit)

    @property
    def hours(self) -> float:
        """Hours of a unit of the network's time."""
        found = self.own_hours if self.hours_per_unit is None else self.hours_per_unit
        assert found is not None
        return found

    def names(self) -> list[str]:
        """Nodes or species."""
        return list(self.network.nodes if isinstance(self.network, BooleanNetworkSpec) else self.network.species)

    def signals(self, name: str) -> list[str]:
        """Names of the signals that it gives, for rules: ``name.NODE`` and ``name.NODE average``."""
        return [f"{name}.{node}" for node in self.names()] + [f"{name}.{node}{AVERAGE}" for node in self.averages]

    @model_validator(mode="after")
    def _consistent(self) -> CellNetworkSpec:
        boolean = self.boolean
        if self.hours_per_unit is None and self.own_hours is None:
            raise InputError(
                "is missing: the network's time has no unit", field="hours_per_unit", allowed="for example 2"
            )
        if self.hours_per_unit is not None and self.own_hours is not None:
            raise InputError("is given, but the network's time has a unit of its own", field="hours_per_unit")
        names = self.names()
        for field, used in (
            ("averages", list(self.averages)), ("reset", list(self.reset)), ("mutations", list(self.mutations)),
            ("treatments", [one.node for one in self.treatments]),
            *((f"clones.{clone}", list(changes)) for clone, changes in self.clones.items()),
        ):  # fmt: skip
            for name in used:
                self._must_know(name, names, field)
        for i, one in enumerate(self.inputs):
            self._check_input(one, f"inputs[{i}]")
        targets = [one.node or one.parameter for one in self.inputs]
        if len(set(targets)) < len(targets):
            raise InputError("has two signals for one node", field="inputs")
        if boolean is None:
            for field in ("reset", "mutations", "clones", "treatments"):
                if getattr(self, field):
                    raise InputError(
                        "is for Boolean networks; change parameters of a kinetic one in its file", field=field
                    )
            if self.step is None:
                raise InputError("is missing: the time step of a kinetic network, in its unit of time", field="step")
        elif self.step is not None:
            raise InputError("is for kinetic networks", field="step")
        elif boolean.updating != "continuous":
            raise InputError(
                f"has {boolean.updating} updating; cells live in continuous time", field="network.updating",
                allowed="continuous",
            )  # fmt: skip
        if boolean is not None and boolean.treatments:
            raise InputError("are given with the tissue, not in the network's file", field="network.treatments")
        for k, drug in enumerate(self.treatments):
            if drug.stop is not None and drug.stop <= drug.start:
                raise InputError("ends before it begins", field=f"treatments[{k}].stop")
        return self

    def _check_input(self, one: NetworkInputSpec, field: str) -> None:
        if isinstance(self.network, KineticNetworkSpec):
            if one.parameter is None:
                raise InputError("is for Boolean networks", field=f"{field}.node", allowed="parameter")
            known = [*self.network.parameters, *self.network.species]
            self._must_know(one.parameter, known, f"{field}.parameter", "parameter or species")
            return
        if one.node is None:
            raise InputError("is for kinetic networks", field=f"{field}.parameter", allowed="node")
        self._must_know(one.node, self.network.inputs, f"{field}.node", "input")

    def _must_know(self, name: str, among: list[str], field: str, what: str = "node") -> None:
        if name not in among:
            raise InputError(
                f"{shown(name)} is no {what} of the network {shown(self.network.name)}", field=field,
                allowed=sorted(among) or "(none)", nearest=nearest_name(name, among),
            )  # fmt: skip


def network_signals(networks: Mapping[str, CellNetworkSpec]) -> list[Signal]:
    """All signals that the networks of a tissue give."""
    about = "of the network in the cell: 1 on, 0 off"
    return [Signal(signal, "dimensionless", about) for name, one in networks.items() for signal in one.signals(name)]
