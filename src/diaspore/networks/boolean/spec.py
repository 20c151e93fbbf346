"""What a file of ``kind: boolean_network`` says: rules, rates, the start, mutations, treatments, an ensemble."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from diaspore.core.errors import InputError, InputErrors, nearest_name, shown
from diaspore.core.spec import Spec, validate
from diaspore.networks import expressions as ex

MAX_NODES = 4096
MAX_ATTRIBUTES = 100  # of one node
MAX_OUTPUTS = 12
MAX_TALLIES = 16_000_000
MAX_TRAJECTORIES = 100_000_000

NodeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Factor = Annotated[float, Field(ge=0.0, le=1e6)]
Updating = Literal["continuous", "discrete", "asynchronous", "synchronous"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NodeSpec(_Part):
    """A node; without a rule and rates it is an input, which keeps its state."""

    logic: str | None = Field(None, description="the node strives to be on when this is true")
    up: str | float | None = Field(None, description="rate of switching on; 1 when the rule is true if left out")
    down: str | float | None = Field(None, description="rate of switching off; 1 when the rule is false if left out")
    attributes: dict[NodeName, str] = Field(
        {}, max_length=MAX_ATTRIBUTES, description="further expressions, read as @name"
    )
    label: str | None = Field(None, max_length=200, description="for people")
    genes: tuple[str, ...] = Field((), description="HGNC symbols that the node stands for")
    note: str | None = Field(None, max_length=2000)

    @property
    def is_input(self) -> bool:
        """Whether nothing ever changes it."""
        return self.logic is None and self.up is None and self.down is None

    def keeps(self, name: str) -> bool:
        """Whether its rule is its own state (`name` is its name)."""
        return self.logic is not None and self.expression("logic") == ex.Node(name)

    def expression(self, name: str) -> ex.Expression:
        """The parsed ``logic``, ``up``, ``down`` or attribute."""
        text = getattr(self, name) if name in ("logic", "up", "down") else self.attributes[name]
        return ex.Number(float(text)) if isinstance(text, int | float) else ex.parse(text)

    def rule(self) -> ex.Expression:
        """The rule, with what it calls @name in place; ``logic`` must be given."""

        def change(one: ex.Expression) -> ex.Expression:
            return ex.rebuilt(self.expression(one.name), change) if isinstance(one, ex.Attribute) else one

        return ex.rebuilt(self.expression("logic"), change)

    def written(self) -> list[str]:
        """Names of the expressions that it has."""
        own = [name for name in ("logic", "up", "down") if getattr(self, name) is not None]
        return own + list(self.attributes)


def _short_node(value: Any) -> Any:
    """A rule alone may be written as text; nothing at all is an input."""
    if value is None:
        return {}
    if isinstance(value, bool | int) and value in (0, 1):
        return {"logic": str(int(value))}
    return {"logic": value} if isinstance(value, str) else value


class JointStart(_Part):
    """Probabilities of combinations of nodes at the start."""

    nodes: tuple[NodeName, ...] = Field(min_length=1, max_length=20)
    states: dict[str, Annotated[float, Field(ge=0.0)]] = Field(
        min_length=1, max_length=100_000, description='weights, such as "10": 0.3 for the first on and the second off'
    )

    @model_validator(mode="after")
    def _matches(self) -> JointStart:
        for key in self.states:
            if len(key) != len(self.nodes) or set(key) - {"0", "1"}:
                raise InputError(f"{shown(key)} must be {len(self.nodes)} digits, 0 or 1", field="states")
        if not sum(self.states.values()) > 0.0:
            raise InputError("has no state with a weight above 0", field="states")
        return self


class StartSpec(_Part):
    """Which nodes are on at the start."""

    default: Probability = Field(0.5, description="probability that a node which is not named here is on")
    on: dict[NodeName, Probability] = Field({}, description="probability that a node is on")
    joint: tuple[JointStart, ...] = ()


class ChangeSpec(_Part):
    """What a mutation or a drug does to a node."""

    gain: Probability | None = Field(None, description="share of activity that no longer depends on the rule; 1: on")
    loss: Probability | None = Field(None, description="share of activity that is lost; 1: off")
    up: Factor | None = Field(None, description="factor on the rate of switching on")
    down: Factor | None = Field(None, description="factor on the rate of switching off")

    @model_validator(mode="after")
    def _one(self) -> ChangeSpec:
        if self.gain is not None and self.loss is not None:
            raise InputError("has both gain and loss", allowed="one of them")
        if self.gain is None and self.loss is None and self.up is None and self.down is None:
            raise InputError("says nothing", allowed=["gain", "loss", "up", "down"])
        return self


def _short_change(value: Any) -> Any:
    """``on`` and ``off`` are whole gain and loss."""
    if value in ("on", 1) and not isinstance(value, float):
        return {"gain": 1.0}
    if value in ("off", 0) and not isinstance(value, float):
        return {"loss": 1.0}
    return value


Change = Annotated[ChangeSpec, BeforeValidator(_short_change)]


class TreatmentSpec(ChangeSpec):
    """A drug: a change of one node from one time to another."""

    node: NodeName
    start: float = Field(0.0, ge=0.0)
    stop: float | None = Field(None, gt=0.0, description="the end of the run when left out")


class ExpectedSpec(_Part):
    """A result that a network is known for, and who found it."""

    what: str = Field(max_length=500)
    value: float | str | None = None
    source: str | None = None


class BooleanNetworkSpec(Spec):
    """Nodes that are on or off and flip one at a time, at random times (MaBoSS semantics) or in steps."""

    kind: Literal["boolean_network"] = "boolean_network"
    description: str | None = Field(None, max_length=4000)
    source: tuple[str, ...] = Field((), description="keys of references")
    licence: str | None = Field(None, max_length=1000, description="of the published model")
    limits: str | None = Field(None, max_length=4000, description="what it does not say")
    expected: tuple[ExpectedSpec, ...] = ()
    nodes: dict[NodeName, Annotated[NodeSpec, BeforeValidator(_short_node)]] = Field(
        min_length=1, max_length=MAX_NODES, description="rules; a node without one is an input"
    )
    parameters: dict[NodeName, float] = Field({}, description="read in rates as $name")
    initial: StartSpec = StartSpec()
    mutations: dict[NodeName, Change] = Field({}, description="from the start on; on and off fix the state")
    treatments: tuple[TreatmentSpec, ...] = Field((), max_length=100)
    outputs: tuple[NodeName, ...] = Field(
        (), max_length=MAX_OUTPUTS, description="nodes whose combinations are counted"
    )
    updating: Updating = "continuous"
    duration: float = Field(100.0, gt=0.0, le=1e9, description="in units of the rates, or steps")
    window: float = Field(1.0, gt=0.0, description="results are averages over windows of this width")
    trajectories: int = Field(10_000, ge=1, le=MAX_TRAJECTORIES)

    @property
    def windows(self) -> int:
        """Number of windows; the last may be cut off."""
        return max(1, math.ceil(self.duration / self.window - 1e-9))

    @property
    def inputs(self) -> list[str]:
        """Nodes that keep the state they have."""
        return [name for name, node in self.nodes.items() if node.is_input or node.keeps(name)]

    def mutated(self, **changes: str | Mapping[str, float]) -> BooleanNetworkSpec:
        """The network with further mutations: ``mutated(NICD="on", p53="off", AKT1={"loss": 0.5})``.

        Raises:
            InputError: an unknown node, or a change that is none.
        """
        mutations = self.model_dump(mode="json", exclude_none=True)["mutations"] | changes
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True) | {"mutations": mutations}
        found: BooleanNetworkSpec = validate(BooleanNetworkSpec, data)
        return found

    @field_validator("nodes")
    @classmethod
    def _readable(cls, nodes: dict[str, NodeSpec]) -> dict[str, NodeSpec]:
        wrong: list[InputError] = []
        for name, node in nodes.items():
            for part in node.written():
                try:
                    found = node.expression(part)
                    _known(found, nodes, node, part)
                except InputError as error:
                    problem = error.problem if error.column is None else f"column {error.column}: {error.problem}"
                    field = f"{name}.{part}" if part != "logic" or len(node.written()) > 1 else name
                    wrong.append(InputError(problem, field=field, allowed=error.allowed, nearest=error.nearest))
            _no_circle(name, node, wrong)
        if wrong:
            raise wrong[0] if len(wrong) == 1 else InputErrors(wrong)
        return nodes

    @model_validator(mode="after")
    def _consistent(self) -> BooleanNetworkSpec:
        for name, node in self.nodes.items():
            for part in node.written():
                for parameter in ex.names(node.expression(part), ex.Parameter):
                    self._must_know(parameter, self.parameters, f"nodes.{name}", "parameter")
        named: list[tuple[str, Iterable[str]]] = [
            ("initial.on", self.initial.on),
            ("mutations", self.mutations),
            ("outputs", self.outputs),
            ("treatments", [one.node for one in self.treatments]),
            *((f"initial.joint[{k}]", one.nodes) for k, one in enumerate(self.initial.joint)),
        ]
        for field, names in named:
            for name in names:
                self._must_know(name, self.nodes, field, "node")
        if len(set(self.outputs)) < len(self.outputs):
            raise InputError("names a node twice", field="outputs")
        self._start_once()
        for k, one in enumerate(self.treatments):
            if one.stop is not None and one.stop <= one.start:
                raise InputError("ends before it begins", field=f"treatments[{k}].stop")
            for field, time in (("start", one.start), ("stop", one.stop)):
                ticks = 0.0 if time is None else time / self.window
                if self.updating == "discrete" and abs(ticks - round(ticks)) > 1e-6:
                    raise InputError(
                        f"must be a whole number of ticks of {self.window:g}, got {time:g}",
                        field=f"treatments[{k}].{field}",
                    )  # fmt: skip
        if self.window > self.duration:
            raise InputError(f"is longer than the run, {self.duration:g}", field="window")
        codes = 2 ** len(self.outputs)
        if self.windows > 1_000_000 or (self.windows + 1) * max(len(self.nodes), codes) > MAX_TALLIES:
            raise InputError(
                f"makes {self.windows:,} windows of {len(self.nodes)} nodes and {codes:,} combinations",
                field="window", allowed="wider windows, or fewer outputs",
            )  # fmt: skip
        if self.updating in ("asynchronous", "synchronous"):
            self._without_rates()
        return self

    def _must_know(self, name: str, among: Mapping[str, Any], field: str, what: str) -> None:
        if name not in among:
            raise InputError(
                f"{shown(name)} is no {what} of this network", field=field, allowed=sorted(among),
                nearest=nearest_name(name, among),
            )  # fmt: skip

    def _start_once(self) -> None:
        seen = set(self.initial.on)
        for k, joint in enumerate(self.initial.joint):
            for name in joint.nodes:
                if name in seen:
                    raise InputError(f"{shown(name)} has a start already", field=f"initial.joint[{k}].nodes")
                seen.add(name)

    def _without_rates(self) -> None:
        for name, node in self.nodes.items():
            if node.logic is None and not node.is_input:
                raise InputError(f"is {self.updating}, but the node {name} has rates and no rule", field="updating")
        for field, changes in (("mutations", self.mutations.values()), ("treatments", self.treatments)):
            partial = any(
                one.gain not in (None, 1.0) or one.loss not in (None, 1.0) or (one.up, one.down) != (None, None)
                for one in changes
            )
            if partial or (field == "treatments" and changes):
                what = "partial changes" if partial else "treatments"
                raise InputError(f"{what} act on rates; this network is {self.updating}", field=field)
        if self.updating == "synchronous":
            for field, steps in (("duration", self.duration), ("window", self.window)):
                if steps != round(steps):
                    raise InputError(f"must be a whole number of steps, got {steps:g}", field=field)

    def notes(self) -> list[str]:
        """Rules that mean nothing more than they seem to, and starts that may not be meant."""
        found = []
        if self.initial == StartSpec() and len(self.inputs) < len(self.nodes):
            found.append("no start is given: every node is on with probability 1/2, as in MaBoSS")
        if not self.outputs:
            found.append(f"no outputs are named, so combinations are not counted; name up to {MAX_OUTPUTS} nodes")
        if self.trajectories < 100:
            found.append(f"only {self.trajectories} trajectories: probabilities are rough")
        for k, one in enumerate(self.treatments):
            if one.start >= self.duration:
                found.append(f"treatments[{k}] begins after the end")
        return found


def _known(x: ex.Expression, nodes: Mapping[str, Any], node: NodeSpec, part: str) -> None:
    for name in ex.names(x, ex.Node):
        if name not in nodes:
            raise InputError(
                f"{shown(name)} is no node of this network", allowed=sorted(nodes), nearest=nearest_name(name, nodes)
            )
    known = [*node.attributes, *(["logic"] if node.logic is not None else [])]
    known += [name for name in ("up", "down") if getattr(node, name) is not None]
    for name in ex.names(x, ex.Attribute):
        if name not in known:
            raise InputError(
                f"@{name} is no expression of this node", allowed=known or "(none)", nearest=nearest_name(name, known)
            )


def _no_circle(name: str, node: NodeSpec, wrong: list[InputError]) -> None:
    """Attributes may refer to each other, but not in a circle, nor grow without measure when they are put in place."""
    if wrong:
        return
    depth: dict[str, int] = {}
    size: dict[str, int] = {}

    def visit(part: str, above: tuple[str, ...]) -> None:
        if part in above:
            circle = " → ".join(f"@{one}" for one in (*above[above.index(part) :], part))
            raise InputError(f"is defined by itself: {circle}", field=f"{name}.{part}")
        if part in depth:
            return
        x = node.expression(part)
        read = [one.name for one in ex.walk(x) if isinstance(one, ex.Attribute)]
        for one in dict.fromkeys(read):
            visit(one, (*above, part))
        depth[part] = ex.depth(x) + max((depth[one] for one in read), default=0)
        size[part] = sum(1 for _ in ex.walk(x)) + sum(size[one] for one in read)
        if depth[part] > ex.MAX_DEPTH or size[part] > ex.MAX_TOKENS:
            raise InputError("is too large or too deep with its @attributes in place", field=f"{name}.{part}")

    try:
        for part in node.written():
            visit(part, ())
    except InputError as error:
        wrong.append(error)
