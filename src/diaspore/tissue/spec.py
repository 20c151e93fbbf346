"""What a file of ``kind: tissue`` says: a domain, substances, cell types, and where cells are at the start."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from diaspore.core.errors import InputError, shown
from diaspore.core.sealed import sealed
from diaspore.core.spec import Spec
from diaspore.core.units import Quantity, Whole
from diaspore.fields.grid import FACES
from diaspore.networks.kinetic.spec import KineticNetworkSpec
from diaspore.tissue.behaviours import Behaviour, number_of
from diaspore.tissue.signals import Signal, signal_number, signals
from diaspore.tissue.sources import SourceSpec, check_sources
from diaspore.tissue.spec_cell import CellTypeSpec
from diaspore.tissue.spec_common import (
    MAX_SUBSTANCES,
    MAX_TYPES,
    MAX_VOXELS,
    Coordinate,
    Length,
    Minutes,
    Name,
    Part,
    is_multiple,
    known,
    read_export,
    read_level,
)  # fmt: skip
from diaspore.tissue.spec_crossing import RecruitmentSpec
from diaspore.tissue.spec_matrix import FibresSpec
from diaspore.tissue.spec_network import CellNetworkSpec
from diaspore.tissue.spec_reaction import ReactionSpec
from diaspore.tissue.spec_rules import MAX_RULES, FunctionSpec, RuleSpec, rules_of
from diaspore.tissue.spec_substance import SubstanceSpec
from diaspore.tissue.vessels.spec import VesselsSpec

FaceOnly = Literal[*FACES]  # type: ignore[valid-type]
MAX_PUSH = 2.5
"""How far (um) the repulsion of two cells at one place may move them in the shortest step of mechanics."""


class DomainSpec(Part):
    """The box in which everything happens."""

    x: tuple[Coordinate, Coordinate] = (-500.0, 500.0)
    y: tuple[Coordinate, Coordinate] = (-500.0, 500.0)
    z: tuple[Coordinate, Coordinate] | None = Field(None, description="left out for two dimensions")
    spacing: Length = Field(20.0, description="edge of a voxel")

    @field_validator("x", "y", "z")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[1] > value[0]:
            raise InputError(f"ends ({value[1]:g} um) before it begins ({value[0]:g} um)")
        return value

    @field_validator("spacing")
    @classmethod
    def _fits(cls, value: float, info: Any) -> float:
        total = 1
        for axis in "xyz":
            ends = info.data.get(axis)
            if ends is None:
                continue
            count = (ends[1] - ends[0]) / value
            if abs(count - round(count)) > 1e-6 * count or round(count) < 3:
                raise InputError(
                    f"{value:g} um does not divide {axis} ({ends[1] - ends[0]:g} um) into 3 voxels or more"
                )
            total *= round(count)
        if total > MAX_VOXELS:
            raise InputError(f"makes {total:,} voxels", allowed=f"at most {MAX_VOXELS:,}")
        return value

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        ends = [e for e in (self.x, self.y, self.z) if e is not None]
        return math.prod(round((high - low) / self.spacing) for low, high in ends)


class SphereSpec(Part):
    """Cells close together in a sphere (a disc in two dimensions), in hexagonal order."""

    radius: Length
    centre: tuple[Coordinate, ...] = Field((0.0, 0.0, 0.0), min_length=2, max_length=3)


class RandomSpec(Part):
    """Cells anywhere in the domain, each place as likely as another."""

    number: Annotated[int, Whole(ge=1, le=20_000_000)]


class CellsSpec(Part):
    """Where cells of a type are at the start: one of sphere, random, file, at."""

    type: str
    clone: str | None = Field(None, description="clone of a network, with further mutations")
    sphere: SphereSpec | None = None
    random: RandomSpec | None = None
    file: str | None = Field(None, description="CSV file with the columns x, y, z (um); relative to where you are")
    sha256: str | None = Field(None, description="of the file's bytes; added when left out, checked when given")
    at: tuple[tuple[Coordinate, ...], ...] | None = Field(None, min_length=1, max_length=100_000)

    @model_validator(mode="before")
    @classmethod
    def _note_content(cls, data: Any) -> Any:
        """Make the content of the file part of the description, so that another content is another run."""
        return sealed(data)

    @model_validator(mode="after")
    def _one_way(self) -> CellsSpec:
        if sum(way is not None for way in (self.sphere, self.random, self.file, self.at)) != 1:
            raise InputError("takes one of these fields", allowed="sphere, random, file, at")
        return self


class StepsSpec(Part):
    """Time steps; each a whole multiple of the one before."""

    diffusion: Minutes = 0.01
    mechanics: Minutes = Field(0.1, description="of mechanics; the shortest one where it adapts")
    phenotype: Minutes = 6.0
    longest_mechanics: Annotated[float, Quantity("min", ge=0, le=1000)] = Field(
        1.0, description="up to which the step of mechanics grows while cells are slow, if no substance is transient"
    )
    exchange: Literal["balanced", "implicit"] = Field(
        "balanced", description="of cells with substances that are followed in time; implicit: as in PhysiCell"
    )

    @model_validator(mode="after")
    def _multiples(self) -> StepsSpec:
        for name, small, large in (
            ("mechanics", self.diffusion, self.mechanics),
            ("phenotype", self.mechanics, self.phenotype),
        ):
            if not is_multiple(large, small):
                raise InputError(f"{large:g} min is no whole multiple of {small:g} min", field=name)
        return self


class TissueSpec(Spec):
    """Cells in a microenvironment."""

    kind: Literal["tissue"] = "tissue"
    duration: Minutes = Field(description="simulated time")
    save_every: Minutes = Field(60.0, description="time between snapshots, from which a killed run goes on")
    domain: DomainSpec = DomainSpec()
    substances: dict[Name, SubstanceSpec] = Field({}, max_length=MAX_SUBSTANCES)
    cell_types: dict[Name, CellTypeSpec] = Field(min_length=1, max_length=MAX_TYPES)
    cells: tuple[CellsSpec, ...] = Field((), max_length=1000)
    rules: tuple[RuleSpec, ...] = Field((), max_length=MAX_RULES, description="or {file: rules.csv}")
    functions: tuple[FunctionSpec, ...] = Field((), max_length=50, description="behaviours computed by one's own code")
    networks: dict[Name, CellNetworkSpec] = Field({}, max_length=20, description="of molecules, in the cells")
    reactions: tuple[ReactionSpec, ...] = Field((), max_length=100, description="among substances, within voxels")
    vessels: VesselsSpec | None = Field(None, description="of blood and lymph; left out: none")
    recruitment: tuple[RecruitmentSpec, ...] = Field((), max_length=10_000, description="cells that come in")
    cavity: FaceOnly | None = Field(None, description="face of the domain beyond which there is a body cavity")
    fibres: FibresSpec | None = Field(None, description="of the matrix; left out: none")
    steps: StepsSpec = StepsSpec()
    precision: Literal["double", "single"] = Field("double", description="of substances; cells are always double")
    sources: dict[str, SourceSpec] = Field({}, description="where numbers are from; `diaspore explain FILE` lists all")

    @cached_property
    def _senses(self) -> list[Signal]:
        from diaspore.tissue.vocabulary import known_signals

        return known_signals(self)

    @cached_property
    def _behaviours(self) -> list[Behaviour]:
        from diaspore.tissue.vocabulary import known_behaviours

        return known_behaviours(self)

    def clones(self) -> tuple[str, ...]:
        """Clones of all networks; the first, without a name, has no mutations of its own."""
        return ("", *dict.fromkeys(clone for network in self.networks.values() for clone in network.clones))

    @field_validator("rules", mode="before")
    @classmethod
    def _rows(cls, value: Any) -> Any:
        return rules_of(value)

    @model_validator(mode="after")
    def _known_names(self) -> TissueSpec:
        for name, cell in self.cell_types.items():
            where = f"cell_types.{name}"
            for substance in cell.exchange:
                known(substance, self.substances, f"{where}.exchange.{substance}", "substance")
            if cell.oxygen is not None:
                known(cell.oxygen.substance, self.substances, f"{where}.oxygen.substance", "substance")
            for field in ("adhesion_to", "transforms_to"):
                for other in getattr(cell, field):
                    known(other, self.cell_types, f"{where}.{field}.{other}", "cell type")
            for other in cell.attack.targets if cell.attack is not None else ():
                known(other, self.cell_types, f"{where}.attack.targets.{other}", "cell type")
            for substance in cell.motility.chemotaxis if cell.motility is not None else ():
                known(substance, self.substances, f"{where}.motility.chemotaxis.{substance}", "substance")
            matrix = cell.motility.matrix if cell.motility is not None else None
            if matrix is not None:
                field = f"{where}.motility.matrix.substance"
                known(matrix.substance, self.substances, field, "substance")
                if self.substances[matrix.substance].pace != "still":
                    still = [one for one, s in self.substances.items() if s.pace == "still"]
                    raise InputError(f"{matrix.substance} spreads", field=field, allowed=still or "a still substance")
            for substance, exchange in cell.exchange.items():
                field = f"{where}.exchange.{substance}.export"
                if read_export(exchange.export, self.substances[substance].unit, field) < 0.0:
                    raise InputError(f"must be at least 0, got {shown(exchange.export)}", field=field)
            read = {f: read_level(v, self.substances[s].unit, f"{where}.{f}") for f, v, s in cell.levels()}
            for low, high in (("oxygen.threshold", "oxygen.saturation"), ("necrosis.full_level", "necrosis.level")):
                if low in read and not read[low] < read[high]:
                    raise InputError(
                        f"must be less than {high}, which is {read[high]:g}, got {read[low]:g}", field=f"{where}.{low}"
                    )
        for i, reaction in enumerate(self.reactions):
            reaction.check(f"reactions[{i}]", self.substances)
        rows = [rule.model_dump(exclude={"source"}) for rule in self.rules]
        for i, row in enumerate(rows):
            if row in rows[:i]:
                raise InputError("is there twice", field=f"rules[{i}]")
        for name in self.substances:
            if name in {s.name for s in signals({}, ())}:
                raise InputError("is the name of a signal; choose another", field=f"substances.{name}")
        for i, rule in enumerate(self.rules):
            self._known_rule(f"rules[{i}]", rule.type, rule.behaviour, (rule.signal,))
        for i, function in enumerate(self.functions):
            self._known_rule(f"functions[{i}]", function.type, function.behaviour, function.signals)
        if self.vessels is not None:
            units = {name: substance.unit for name, substance in self.substances.items()}
            self.vessels.check(units, tuple(self.cell_types), self.steps.phenotype)
            for name in self.vessels.exchange:
                if self.substances[name].pace not in ("slow", "steady"):
                    raise InputError(
                        f"{name} is {self.substances[name].pace}", field=f"vessels.exchange.{name}",
                        allowed="substances of the pace slow or steady",
                    )  # fmt: skip
        for i, one in enumerate(self.recruitment):
            self._check_recruitment(one, f"recruitment[{i}]")
        for i, group in enumerate(self.cells):
            known(group.type, self.cell_types, f"cells[{i}].type", "cell type")
            if group.clone is not None:
                known(group.clone, self.clones()[1:], f"cells[{i}].clone", "clone of the networks")
        self._known_in_networks()
        values = self.domain.voxels * len(self.substances)
        if values > MAX_VOXELS:
            raise InputError(
                f"{len(self.substances)} of them on {self.domain.voxels:,} voxels are too many", field="substances",
                allowed=f"at most {MAX_VOXELS:,} values",
            )  # fmt: skip
        for name in ("duration", "save_every"):
            if not is_multiple(getattr(self, name), self.steps.phenotype):
                raise InputError(
                    f"is no whole multiple of the step of phenotypes, {self.steps.phenotype:g} min", field=name
                )
        return self

    def _check_recruitment(self, one: RecruitmentSpec, where: str) -> None:
        known(one.type, self.cell_types, f"{where}.type", "cell type")
        if one.state is not None and self.cell_types[one.type].plasticity is None:
            raise InputError(f"cells of type {one.type} have no plasticity", field=f"{where}.state")
        for name, level, field in (
            (one.signal, one.half_max, "half_max"),
            (one.unless, one.unless_half, "unless_half"),
        ):
            if name is None or level is None:
                continue
            known(name, self.substances, f"{where}.{'signal' if field == 'half_max' else 'unless'}", "substance")
            if not read_level(level, self.substances[name].unit, f"{where}.{field}") > 0.0:
                raise InputError(f"must be above 0, got {shown(level)}", field=f"{where}.{field}")
        for name in one.follows:
            known(name, self.substances, f"{where}.follows.{name}", "substance")
        if self.domain.z is None and one.through in ("z_low", "z_high"):
            raise InputError(f"there is no face {one.through} in two dimensions", field=f"{where}.through")
        if one.through in ("blood", "lymph") and self.vessels is None:
            raise InputError("there are no vessels", field=f"{where}.through", allowed="tissue, a face, or vessels")
        for name, network in self.networks.items():
            if network.types is None or one.type in network.types:
                raise InputError(
                    f"cells of type {one.type} have the network {name}, which cells that come in do not get yet",
                    field=f"{where}.type", allowed="types without a network",
                )  # fmt: skip

    def _known_in_networks(self) -> None:
        types, senses = list(self.cell_types), self._senses
        for name, network in self.networks.items():
            where = f"networks.{name}"
            for one in network.types or ():
                known(one, types, f"{where}.types", "cell type")
            if not is_multiple(network.interval, self.steps.phenotype):
                raise InputError(
                    f"is no whole multiple of the step of phenotypes, {self.steps.phenotype:g} min",
                    field=f"{where}.interval",
                )
            for k, sense in enumerate(network.inputs):
                signal_number(sense.signal, senses, f"{where}.inputs[{k}].signal")
                self._carry(network.types or types, sense.signal, f"{where}.inputs[{k}].signal")

    def _carry(self, types: Iterable[str], signal: str, field: str) -> None:
        """Cells that read a network must have it; its signals would otherwise stay as they were at the start."""
        network = self.networks.get(signal.partition(".")[0]) if "." in signal else None
        without = [one for one in types if network is not None and network.types and one not in network.types]
        if network is not None and without:
            raise InputError(
                f"{shown(signal)} is of a network that the type {without[0]} does not have", field=field,
                allowed=network.types,
            )  # fmt: skip

    @model_validator(mode="after")
    def _steps_fit(self) -> TissueSpec:
        """Steps in which cells or rates would jump are refused."""
        step, phenotype = self.steps.mechanics, self.steps.phenotype
        for name, cell in self.cell_types.items():
            where = f"cell_types.{name}"
            push = cell.repulsion * step / cell.friction
            if push > MAX_PUSH:
                raise InputError(
                    f"times the repulsion of {name} moves cells by {push:g} um in a step", field="steps.mechanics",
                    allowed=f"at most {MAX_PUSH * cell.friction / cell.repulsion:.3g} min at {cell.repulsion:g} um/min",
                )  # fmt: skip
            way = 0.0 if cell.motility is None else cell.motility.speed * step
            if way > 0.5 * self.domain.spacing:
                raise InputError(
                    f"moves a cell by {way:g} um in a step of mechanics", field=f"{where}.motility.speed",
                    allowed=f"at most half a voxel, {0.5 * self.domain.spacing / step:g} um/min",
                )  # fmt: skip
            rates = [(f"cycle.phases[{i}].length", 1.0 / p.length) for i, p in enumerate(cell.cycle.phases)]
            rates.append(("cycle.birth_rate", cell.cycle.birth_rate or 0.0))
            for field, rate in rates:
                if rate * phenotype > 1.0 + 1e-9:
                    raise InputError(
                        f"is more than once in a step of phenotypes, {phenotype:g} min", field=f"{where}.{field}",
                        allowed=f"at most {1.0 / phenotype:.3g} 1/min, or shorter steps",
                    )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _sourced(self) -> TissueSpec:
        check_sources(self)
        return self

    def notes(self) -> list[str]:
        """What is allowed, but may not be meant."""
        from diaspore.tissue.compile import rule_notes

        found = []
        if not self.cells and not self.recruitment:
            found.append("there are no cells, and none come in: only the substances will change")
        for i, one in enumerate(self.recruitment):
            if one.start >= self.duration:
                found.append(
                    f"recruitment[{i}]: {one.type} would come in from {one.start / 1440.0:.3g} days on: never here"
                )
        for name, substance in self.substances.items():
            share = (substance.diffusion or 0.0) * self.steps.diffusion / self.domain.spacing**2
            taken = any(name in cell.exchange for cell in self.cell_types.values())
            if substance.pace == "fast" and taken and share > 1.0:
                found.append(
                    f"{name} spreads over {share:.2g} voxels squared in a step of {self.steps.diffusion:g} min: what "
                    "cells take up is off by some per cent; `pace: steady` is exact and faster, a shorter step nearer"
                )
        for name, network in self.networks.items():
            given = {one.parameter for one in network.inputs}
            alone = network.network
            left = [one.name for one in alone.set] if isinstance(alone, KineticNetworkSpec) else []
            left = [one for one in dict.fromkeys(left) if one not in given]
            if left:
                found.append(
                    f"the network {name} gives {', '.join(left)} other values at times when it runs alone; in cells "
                    "they stay as at the start, unless they are inputs"
                )
        for name, network in self.networks.items():
            if network.interval > self.duration:
                found.append(
                    f"networks.{name} looks at its surroundings every {network.interval:g} min: never in this run"
                )
        return found + rule_notes(self)

    def _known_rule(self, where: str, cell_type: str, behaviour: str, senses: tuple[str, ...]) -> None:
        known(cell_type, list(self.cell_types), f"{where}.type", "cell type")
        number_of(behaviour, self._behaviours, f"{where}.behaviour")
        for name in senses:
            signal_number(name, self._senses, f"{where}.signal")
            self._carry([cell_type], name, f"{where}.signal")
