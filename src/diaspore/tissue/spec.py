"""What a file of ``kind: tissue`` says: a domain, substances, cell types, and where cells are at the start."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_serializer, field_validator, model_validator

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.sealed import sealed
from diaspore.core.spec import Spec
from diaspore.core.units import Fraction, Quantity, Whole, check_unit, format_quantity, parse_quantity
from diaspore.fields.grid import FACES
from diaspore.knowledge.load import fact
from diaspore.tissue.kinds import MAX_PHASES

Minutes = Annotated[float, Quantity("min", gt=0, le=5_300_000)]
Length = Annotated[float, Quantity("um", gt=0, le=1e6)]
Coordinate = Annotated[float, Quantity("um", ge=-1e6, le=1e6)]
Rate = Annotated[float, Quantity("1/min", ge=0, le=1e6)]
Speed = Annotated[float, Quantity("um/min", ge=0, le=1e4)]
Volume = Annotated[float, Quantity("um**3", gt=1, le=1e7)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_+-]{0,39}$")]
FaceName = Literal["all", *FACES]  # type: ignore[valid-type]
MAX_VOXELS = 64_000_000
MAX_TYPES, MAX_SUBSTANCES = 50, 20


Level = Annotated[str | float, Field(union_mode="left_to_right")]
"""A level of a substance as it is written; its unit is that of the substance, so it is read when both are known."""


def Usual(key: str) -> Any:
    """A default from the tables, whose unit is the canonical one."""
    row = fact(key)
    return Field(row.value, description=row.note.partition(";")[0] or None)


def UsualLevel(key: str) -> Any:
    """A default level from the tables, as it is written."""
    row = fact(key)
    return Field(f"{row.value:g} {row.unit}", description=row.note.partition(";")[0])


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _known(name: str, among: Any, field: str, what: str) -> None:
    if name not in among:
        raise InputError(
            f"{shown(name)} is no {what} of this file", field=field, allowed=sorted(among) or "(none)",
            nearest=nearest_name(name, among),
        )  # fmt: skip


def _multiple(large: float, small: float) -> bool:
    ratio = large / small
    return ratio > 0.5 and abs(ratio - round(ratio)) <= 1e-9 * ratio


class DomainSpec(_Part):
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


class SubstanceSpec(_Part):
    """A substance that diffuses."""

    unit: str = Field("dimensionless", max_length=30, description="of its level, such as mmHg or ng/mL")
    diffusion: Annotated[float, Quantity("um**2/min", ge=0, le=1e8)] = Field(description="coefficient of diffusion")
    decay: Rate = Field(0.0, description="share lost per time")
    steady: StrictBool = Field(False, description="always in balance with the cells, instead of followed in time")
    initial: float = Field(0.0, description="level at the start, with its unit")
    held: dict[FaceName, float] = Field({}, description="faces at which the level is held, and the level")
    flux: dict[FaceName, float] = Field({}, description="what enters through a face, level times speed; else closed")

    @field_validator("unit")
    @classmethod
    def _unit(cls, value: str) -> str:
        check_unit(value)
        return value

    @field_validator("initial", mode="before")
    @classmethod
    def _level(cls, value: Any, info: Any) -> float:
        return _level(value, info.data.get("unit"))

    @field_validator("held", "flux", mode="before")
    @classmethod
    def _levels(cls, value: Any, info: Any) -> Any:
        unit = info.data.get("unit")
        if not isinstance(value, dict) or unit is None:
            return value
        if info.field_name == "flux":
            fluxes = {name: parse_quantity(v, _flux_unit(unit), field=str(name)) for name, v in value.items()}
            for name, flux in fluxes.items():
                if flux < 0.0:  # what leaves depends on what is there; a face held at 0 lets it out
                    raise InputError(f"must be at least 0, got {shown(value[name])}", field=str(name))
            return fluxes
        return {name: _level(v, unit, field=str(name)) for name, v in value.items()}

    @model_validator(mode="after")
    def _once(self) -> SubstanceSpec:
        for name in self.flux:
            if name in self.held or "all" in self.held or (name == "all" and self.held):
                raise InputError(f"the face {name} is held as well", field="flux")
        return self

    def faces(self) -> tuple[dict[str, float], dict[str, float]]:
        """Held faces and faces with a flux, each by name without "all"."""
        spread = [
            {face: given["all"] for face in FACES if "all" in given} | {f: v for f, v in given.items() if f != "all"}
            for given in (self.held, self.flux)
        ]
        return spread[0], spread[1]

    @field_serializer("initial")
    def _initial_text(self, value: float) -> str | float:
        return _text(value, self.unit)

    @field_serializer("held", "flux")
    def _levels_text(self, value: dict[str, float], info: Any) -> dict[str, str | float]:
        unit = self.unit if info.field_name == "held" else _flux_unit(self.unit)
        return {face: _text(level, unit) for face, level in value.items()}


def _flux_unit(unit: str) -> str:
    return "um/min" if unit == "dimensionless" else f"({unit})*um/min"


def _text(value: float, unit: str) -> str | float:
    return value if unit == "dimensionless" else format_quantity(value, unit)


def _level(value: Any, unit: str | None, field: str | None = None) -> float:
    if unit is None:
        return 0.0  # the unit is wrong, and that is reported
    level = parse_quantity(value, unit, field=field)
    if level < 0.0:
        raise InputError(f"must be at least 0, got {shown(value)}", field=field)
    return level


class PhaseSpec(_Part):
    """A phase of a cycle of one's own."""

    name: str = Field(min_length=1, max_length=40)
    length: Annotated[float, Quantity("min", gt=0, le=5_300_000)] = Field(description="mean length")
    law: Literal["exponential", "fixed", "gamma"] = "exponential"
    shape: Annotated[int, Whole(ge=1, le=1000)] = Field(1, description="of a gamma law: stages one after the other")
    grows: bool = Field(False, description="the cell grows to twice its size, from the beginning of this phase")
    divides: bool = Field(False, description="it divides at the end of this phase")

    @model_validator(mode="after")
    def _shape_for_gamma(self) -> PhaseSpec:
        if self.law != "gamma" and self.shape != 1:
            raise InputError("is only for the law gamma", field="shape")
        return self


class CycleSpec(_Part):
    """The cell cycle: a named model with its usual lengths, or phases of one's own."""

    model: Literal["none", "live", "ki67", "flow", "phases"] = "live"
    birth_rate: Rate | None = Field(None, description="of the model live; the usual one when left out")
    phases: tuple[PhaseSpec, ...] = Field((), max_length=MAX_PHASES, description="of the model phases, in order")

    @model_validator(mode="after")
    def _consistent(self) -> CycleSpec:
        if self.birth_rate is not None and self.model != "live":
            raise InputError(f"is not for the model {self.model}", field="birth_rate", allowed="model: live")
        if (self.model == "phases") != bool(self.phases):
            raise InputError(
                "go with the model phases", field="phases", allowed="model: phases, and at least one phase"
            )
        if self.phases and sum(phase.divides for phase in self.phases) != 1:
            raise InputError("one phase, and only one, must have divides: true", field="phases")
        return self


class OxygenSpec(_Part):
    """Which substance limits the first phase of the cycle, and starves cells."""

    substance: str = Field("oxygen", description="name of a substance of the file")
    saturation: Level = UsualLevel("tissue.oxygen.saturation")
    threshold: Level = UsualLevel("tissue.oxygen.threshold")


class ApoptosisSpec(_Part):
    """Programmed death: at a rate, everywhere."""

    rate: Rate = Usual("tissue.apoptosis.rate")
    length: Minutes = Usual("tissue.apoptosis.length")
    fluid_rate: Rate = Usual("tissue.apoptosis.fluid_rate")
    nucleus_rate: Rate = Usual("tissue.apoptosis.nucleus_rate")
    cytoplasm_rate: Rate = Usual("tissue.apoptosis.cytoplasm_rate")


class NecrosisSpec(_Part):
    """Death for want of oxygen."""

    level: Level = UsualLevel("tissue.necrosis.level")
    full_level: Level = UsualLevel("tissue.necrosis.full_level")
    rate: Rate | Literal["at once"] = Field("at once", description="at the full level; or at once below the level")
    length: Minutes = Usual("tissue.necrosis.length")
    swelling_rate: Rate = Usual("tissue.necrosis.swelling_rate")
    fluid_rate: Rate = Usual("tissue.necrosis.fluid_rate")
    nucleus_rate: Rate = Usual("tissue.necrosis.nucleus_rate")
    cytoplasm_rate: Rate = Usual("tissue.necrosis.cytoplasm_rate")
    lysis_ratio: Annotated[float, Quantity("dimensionless", ge=1, le=100)] = Usual("tissue.necrosis.lysis_ratio")


class ExchangeSpec(_Part):
    """What a cell type does to a substance; rates times the share of the voxel that a cell fills."""

    uptake: Rate = 0.0
    secretion: Rate = 0.0
    target: Level = Field(0.0, description="level towards which secretion goes")


class CellTypeSpec(_Part):
    """A type of cell; what is left out is that of a tumour cell."""

    volume: Volume = Usual("tissue.tumour.volume")
    nucleus_volume: Volume = Usual("tissue.tumour.nucleus_volume")
    fluid_fraction: Annotated[float, Quantity("dimensionless", ge=0, le=0.99)] = Usual("tissue.tumour.fluid_fraction")
    fluid_rate: Rate = Usual("tissue.tumour.fluid_rate")
    nucleus_rate: Rate = Usual("tissue.tumour.nucleus_rate")
    cytoplasm_rate: Rate = Usual("tissue.tumour.cytoplasm_rate")
    cycle: CycleSpec = CycleSpec()
    oxygen: OxygenSpec | None = Field(None, description="left out: it needs none")
    apoptosis: ApoptosisSpec | None = Field(None, description="left out: none")
    necrosis: NecrosisSpec | None = Field(None, description="left out: none; needs oxygen")
    repulsion: Speed = Usual("tissue.mechanics.repulsion")
    adhesion: Speed = Usual("tissue.mechanics.adhesion")
    adhesion_to: dict[str, Annotated[float, Quantity("dimensionless", ge=0, le=1000)]] = Field(
        {}, description="affinity to other types, 1 when left out"
    )
    exchange: dict[str, ExchangeSpec] = Field({}, description="by substance")
    dead_uptake: Fraction = Usual("tissue.death.uptake")

    @model_validator(mode="after")
    def _consistent(self) -> CellTypeSpec:
        if not self.volume > self.nucleus_volume:
            raise InputError(
                "must be smaller than the cell", field="nucleus_volume", allowed=f"less than {self.volume:g} um**3"
            )
        if self.necrosis is not None and self.oxygen is None:
            raise InputError("needs the field oxygen: it is about the level of a substance", field="necrosis")
        return self

    def levels(self) -> list[tuple[str, str | float, str]]:
        """Levels as they are written: field, text, and the substance whose unit they have."""
        found: list[tuple[str, str | float, str]] = []
        if self.oxygen is not None:
            name = self.oxygen.substance
            found += [(f"oxygen.{f}", getattr(self.oxygen, f), name) for f in ("saturation", "threshold")]
            if self.necrosis is not None:
                found += [(f"necrosis.{f}", getattr(self.necrosis, f), name) for f in ("level", "full_level")]
        found += [(f"exchange.{name}.target", e.target, name) for name, e in self.exchange.items() if e.secretion > 0.0]
        return found


class SphereSpec(_Part):
    """Cells close together in a sphere (a disc in two dimensions), in hexagonal order."""

    radius: Length
    centre: tuple[Coordinate, ...] = Field((0.0, 0.0, 0.0), min_length=2, max_length=3)


class CellsSpec(_Part):
    """Where cells of a type are at the start: one of sphere, file, at."""

    type: str
    sphere: SphereSpec | None = None
    file: str | None = Field(None, description="CSV file with the columns x, y, z (um); relative to where you are")
    sha256: str | None = Field(None, description="of the file's bytes; added when left out, checked when given")
    at: tuple[tuple[Coordinate, ...], ...] | None = Field(None, min_length=1, max_length=100_000)

    @model_validator(mode="before")
    @classmethod
    def _note_content(cls, data: Any) -> Any:
        """Make the content of the file part of the description, so that another content is another run."""
        if not isinstance(data, dict) or not isinstance(data.get("file"), str):
            return data
        return sealed(data)

    @model_validator(mode="after")
    def _one_way(self) -> CellsSpec:
        if sum(way is not None for way in (self.sphere, self.file, self.at)) != 1:
            raise InputError("needs one of these fields", allowed="sphere, file, at")
        return self


class StepsSpec(_Part):
    """Time steps; each a whole multiple of the one before."""

    diffusion: Minutes = 0.01
    mechanics: Minutes = Field(0.1, description="of mechanics; the shortest one where it adapts")
    phenotype: Minutes = 6.0
    longest_mechanics: Annotated[float, Quantity("min", ge=0, le=1000)] = Field(
        1.0, description="up to which the step of mechanics grows while cells are slow, if no substance is transient"
    )

    @model_validator(mode="after")
    def _multiples(self) -> StepsSpec:
        for name, small, large in (
            ("mechanics", self.diffusion, self.mechanics),
            ("phenotype", self.mechanics, self.phenotype),
        ):
            if not _multiple(large, small):
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
    steps: StepsSpec = StepsSpec()

    @model_validator(mode="after")
    def _known_names(self) -> TissueSpec:
        for name, cell in self.cell_types.items():
            where = f"cell_types.{name}"
            for substance in cell.exchange:
                _known(substance, self.substances, f"{where}.exchange.{substance}", "substance")
            if cell.oxygen is not None:
                _known(cell.oxygen.substance, self.substances, f"{where}.oxygen.substance", "substance")
            for other in cell.adhesion_to:
                _known(other, self.cell_types, f"{where}.adhesion_to.{other}", "cell type")
            read = {f: _level(v, self.substances[s].unit, f"{where}.{f}") for f, v, s in cell.levels()}
            for low, high in (("oxygen.threshold", "oxygen.saturation"), ("necrosis.full_level", "necrosis.level")):
                if low in read and not read[low] < read[high]:
                    raise InputError(
                        f"must be less than {high}, which is {read[high]:g}, got {read[low]:g}", field=f"{where}.{low}"
                    )
        for i, group in enumerate(self.cells):
            _known(group.type, self.cell_types, f"cells[{i}].type", "cell type")
        values = self.domain.voxels * len(self.substances)
        if values > MAX_VOXELS:
            raise InputError(
                f"{len(self.substances)} of them on {self.domain.voxels:,} voxels are too many", field="substances",
                allowed=f"at most {MAX_VOXELS:,} values",
            )  # fmt: skip
        for name in ("duration", "save_every"):
            if not _multiple(getattr(self, name), self.steps.phenotype):
                raise InputError(
                    f"is no whole multiple of the step of phenotypes, {self.steps.phenotype:g} min", field=name
                )
        return self
