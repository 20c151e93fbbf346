"""What a file says of a type of cell."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from diaspore.core.errors import InputError
from diaspore.core.units import Fraction, Quantity, Whole
from diaspore.tissue.kinds import MAX_PHASES
from diaspore.tissue.spec_attack import AttackSpec, DamageSpec
from diaspore.tissue.spec_common import Level, Minutes, Part, Rate, Speed, Usual, UsualLevel, Volume
from diaspore.tissue.spec_crossing import CrossingSpec
from diaspore.tissue.spec_matrix import MatrixMotionSpec
from diaspore.tissue.spec_plasticity import PlasticitySpec


class PhaseSpec(Part):
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


class CycleSpec(Part):
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


class OxygenSpec(Part):
    """Which substance limits the first phase of the cycle, and starves cells."""

    substance: str = Field("oxygen", description="name of a substance of the file")
    saturation: Level = UsualLevel("tissue.oxygen.saturation")
    threshold: Level = UsualLevel("tissue.oxygen.threshold")


class ApoptosisSpec(Part):
    """Programmed death: at a rate, everywhere."""

    rate: Rate = Usual("tissue.apoptosis.rate")
    length: Minutes = Usual("tissue.apoptosis.length")
    fluid_rate: Rate = Usual("tissue.apoptosis.fluid_rate")
    nucleus_rate: Rate = Usual("tissue.apoptosis.nucleus_rate")
    cytoplasm_rate: Rate = Usual("tissue.apoptosis.cytoplasm_rate")


class NecrosisSpec(Part):
    """Death for want of oxygen, or at a rate anywhere."""

    level: Level = UsualLevel("tissue.necrosis.level")
    full_level: Level = UsualLevel("tissue.necrosis.full_level")
    rate: Rate | Literal["at once"] = Field("at once", description="at the full level; or at once below the level")
    anywhere_rate: Rate = Field(0.0, description="whatever the oxygen; rules may change it")
    length: Minutes = Usual("tissue.necrosis.length")
    swelling_rate: Rate = Usual("tissue.necrosis.swelling_rate")
    fluid_rate: Rate = Usual("tissue.necrosis.fluid_rate")
    nucleus_rate: Rate = Usual("tissue.necrosis.nucleus_rate")
    cytoplasm_rate: Rate = Usual("tissue.necrosis.cytoplasm_rate")
    lysis_ratio: Annotated[float, Quantity("dimensionless", ge=1, le=100)] = Usual("tissue.necrosis.lysis_ratio")


class ExchangeSpec(Part):
    """What a cell type does to a substance; rates times the share of the voxel that a cell fills."""

    uptake: Rate = 0.0
    secretion: Rate = 0.0
    target: Level = Field(0.0, description="level towards which secretion goes")
    export: Level = Field(0.0, description="released whatever the level, in its unit times um**3/min")

    @model_validator(mode="after")
    def _has_target(self) -> ExchangeSpec:
        if self.secretion > 0.0 and "target" not in self.model_fields_set:
            raise InputError("is missing: the level towards which the cell secretes", field="target")
        return self


class MotilitySpec(Part):
    """Motion of its own: persistent and random, with a bias along gradients."""

    speed: Speed = Field(description="while it lives")
    persistence: Annotated[float, Quantity("min", ge=0, le=100_000)] = Usual("tissue.motility.persistence")
    bias: Fraction = Field(0.0, description="share of the gradient in its direction: 0 random, 1 straight along it")
    chemotaxis: dict[str, Annotated[float, Quantity("dimensionless", ge=-1e6, le=1e6)]] = Field(
        {}, description="weight of each substance's gradient; negative: away from it"
    )
    guidance: Fraction = Field(0.0, description="how much fibres turn its direction towards theirs")
    matrix: MatrixMotionSpec | None = Field(None, description="left out: its speed does not depend on the matrix")
    each_alike: StrictBool = Field(True, description="gradients count by direction, not by steepness, before weighing")

    @model_validator(mode="after")
    def _has_bias(self) -> MotilitySpec:
        if self.chemotaxis and "bias" not in self.model_fields_set:
            raise InputError("is missing: without it chemotaxis has no effect", field="bias", allowed="from 0 to 1")
        return self


class CellTypeSpec(Part):
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
    friction: Annotated[float, Quantity("dimensionless", ge=0.01, le=1e9)] = Field(
        1.0, description="with the medium, over that for which the strengths are given; 1e9: it stays where it is"
    )
    adhesion_to: dict[str, Annotated[float, Quantity("dimensionless", ge=0, le=1000)]] = Field(
        {}, description="affinity to other types, 1 when left out"
    )
    exchange: dict[str, ExchangeSpec] = Field({}, description="by substance")
    motility: MotilitySpec | None = Field(None, description="left out: it is only pushed")
    fibre_alignment: Rate = Field(0.0, description="at which it turns fibres of its voxel into its direction")
    plasticity: PlasticitySpec | None = Field(None, description="left out: no epithelial-mesenchymal state")
    transforms_to: dict[str, Rate] = Field({}, description="rate of becoming a cell of another type")
    crossing: CrossingSpec | None = Field(None, description="of walls of vessels; left out: it crosses none")
    attack: AttackSpec | None = Field(None, description="left out: it attacks no cells")
    damage: DamageSpec = DamageSpec()
    engulfing: Rate = Field(0.0, description="at which it takes away dying cells that it touches")
    dead_uptake: Fraction = Usual("tissue.death.uptake")

    @model_validator(mode="after")
    def _consistent(self) -> CellTypeSpec:
        if not self.volume > self.nucleus_volume:
            raise InputError(
                "must be smaller than the cell", field="nucleus_volume", allowed=f"less than {self.volume:g} um**3"
            )
        if self.necrosis is not None and self.oxygen is None and "anywhere_rate" not in self.necrosis.model_fields_set:
            raise InputError("needs the field oxygen, or a rate anywhere_rate of its own", field="necrosis")
        return self

    def levels(self) -> list[tuple[str, str | float, str]]:
        """Levels as they are written: field, text, and the substance whose unit they have."""
        found: list[tuple[str, str | float, str]] = []
        if self.oxygen is not None:
            name = self.oxygen.substance
            found += [(f"oxygen.{f}", getattr(self.oxygen, f), name) for f in ("saturation", "threshold")]
            if self.necrosis is not None:
                found += [(f"necrosis.{f}", getattr(self.necrosis, f), name) for f in ("level", "full_level")]
        return found + [(f"exchange.{name}.target", e.target, name) for name, e in self.exchange.items() if e.target]
