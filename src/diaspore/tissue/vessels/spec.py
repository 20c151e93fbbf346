"""What a file says of the vessels of a tissue."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, model_validator

from diaspore.core.errors import InputError, shown
from diaspore.core.units import Fraction, Quantity, parse_quantity
from diaspore.tissue.spec_common import Level, Minutes, Part, Rate, Usual, is_multiple, known
from diaspore.tissue.vessels.spec_layout import Diameter, LayoutSpec, Pressure

Viscosity = Annotated[float, Quantity("mPa*s", ge=0.1, le=1000)]
Permeability = Annotated[float, Quantity("um/min", ge=0, le=1e12)]
WallConductivity = Annotated[float, Quantity("um/(mmHg*min)", ge=0, le=1e6)]
Motility = Annotated[float, Quantity("um**2/min", ge=0, le=1e8)]
Distance = Annotated[float, Quantity("um", ge=0, le=1e5)]
Shear = Annotated[float, Quantity("Pa", ge=0, le=1000)]
Many = Annotated[float, Quantity("dimensionless", ge=1, le=1000)]


class FlowSpec(Part):
    """What flows, and how often it is reckoned."""

    law: Literal["pries", "constant"] = Field("pries", description="of viscosity")
    viscosity: Viscosity = Usual("vessels.viscosity")
    plasma_viscosity: Viscosity = Usual("vessels.plasma_viscosity")
    lymph_viscosity: Viscosity = Usual("vessels.lymph_viscosity")
    haematocrit: Annotated[float, Quantity("dimensionless", gt=0, le=0.9)] = Usual("vessels.haematocrit")
    parting: StrictBool = Field(
        False, description="red cells part unevenly where a vessel forks; for networks laid out as they are in tissue"
    )
    slowest: Annotated[float, Quantity("um/min", ge=0, le=1e6)] = Usual("vessels.slowest")
    interval: Minutes = Usual("vessels.interval")


class WallSpec(Part):
    """How a substance passes the walls of vessels."""

    level: Level = Field(description="in blood, with the unit of the substance")
    course: tuple[tuple[Minutes, Level], ...] = Field(
        (), max_length=100_000, description="later levels in blood, each from a time on, as of a drug or a factor"
    )
    permeability: Permeability = Usual("vessels.permeability")
    by_cells: StrictBool = Field(False, description="carried by red cells: what passes goes with the haematocrit")
    large: Fraction = Field(0.0, description="share of the permeability that goes with leakiness")
    reflection: Fraction = Field(1.0, description="share that walls hold back from the fluid that passes them")
    lymph_permeability: Permeability = Field(0.0, description="of lymph vessels, which carry it away")


class MatrixSpec(Part):
    """A still substance that tips hold on to, such as fibronectin."""

    substance: str
    level: Level = Field(description="to which the coefficient belongs")
    haptotaxis: Motility = Usual("vessels.haptotaxis")


class ProgenitorSpec(Part):
    """Endothelial progenitors, which make vessels near by sprout more."""

    type: str = Field(description="a type of cell")
    gain: Annotated[float, Quantity("dimensionless", ge=0, le=1000)] = Usual("vessels.progenitor_gain")
    reach: Distance = Usual("vessels.progenitor_reach")


class SproutingSpec(Part):
    """How vessels of one kind sprout."""

    substance: str = Field(description="growth factor")
    half: Level = Field(description="level of the growth factor at half the effect")
    threshold: Level | None = Field(None, description="below which nothing sprouts; a tenth of half when left out")
    power: Annotated[float, Quantity("dimensionless", ge=0.1, le=20)] = Usual("vessels.power")
    rate: Annotated[float, Quantity("1/(um*min)", ge=0, le=1)] = Usual("vessels.sprouting_rate")
    branching_rate: Rate = Usual("vessels.branching_rate")
    branching_age: Annotated[float, Quantity("min", ge=0, le=5_300_000)] = Usual("vessels.branching_age")
    branching_angle: Annotated[float, Quantity("degree", ge=0, le=180)] = Usual("vessels.branching_angle")
    parting: Distance = Usual("vessels.parting")
    notch: Fraction = Usual("vessels.notch")
    notch_reach: Distance = Usual("vessels.notch_reach")
    fusing: Distance = Usual("vessels.fusing")
    alone: Distance = Usual("vessels.alone")
    diameter: Diameter = Usual("vessels.sprout_diameter")
    narrowest: Diameter = Usual("vessels.narrowest")
    leakiness: Many = Usual("vessels.leakiest")
    chemotaxis: Motility = Usual("vessels.chemotaxis")
    wandering: Motility = Usual("vessels.wandering")
    fastest: Annotated[float, Quantity("um/min", gt=0, le=1e4)] = Usual("vessels.fastest")
    matrix: MatrixSpec | None = None
    progenitors: ProgenitorSpec | None = None


class RemodellingSpec(Part):
    """How vessels mature and go; the growth factor is that of sprouting."""

    leakiest: Many = Usual("vessels.leakiest")
    leak_time: Minutes = Usual("vessels.leak_time")
    maturing: Minutes = Usual("vessels.maturing")
    least_shear: Shear = Usual("vessels.least_shear")
    idle: Minutes = Usual("vessels.idle")
    survival: Level | None = Field(None, description="growth factor below which immature vessels starve")
    mature: Fraction = Usual("vessels.mature")
    starving: Minutes = Usual("vessels.starving")
    regression: Rate = Usual("vessels.regression")
    adapting: Rate = Field(0.0, description="of the diameter, for a tenfold shear; 0: widths stay")
    usual_shear: Annotated[float, Quantity("Pa", gt=0, le=1000)] = Usual("vessels.usual_shear")
    narrowest: Diameter = Usual("vessels.narrowest")
    widest: Diameter = Usual("vessels.widest")


class InterstitiumSpec(Part):
    """Pressure of the fluid between the cells."""

    conductivity: Annotated[float, Quantity("um**2/(mmHg*min)", gt=0, le=1e9)] = Usual("vessels.conductivity")
    wall: WallConductivity = Usual("vessels.wall_conductivity")
    lymph: WallConductivity = Usual("vessels.lymph_conductivity")
    lymph_pressure: Pressure = Usual("vessels.lymph_pressure")
    reflection: Fraction = Usual("vessels.reflection")
    oncotic: Pressure = Usual("vessels.oncotic")
    outside: Pressure | Literal["closed"] = Field("closed", description="pressure held at all faces")


class VesselsSpec(Part):
    """Blood and lymph vessels of a tissue."""

    layout: tuple[LayoutSpec, ...] = Field(min_length=1, max_length=1000)
    flow: FlowSpec = FlowSpec()
    exchange: dict[str, WallSpec] = Field({}, description="by substance; those in balance, steady or slow")
    sprouting: SproutingSpec | None = Field(None, description="of blood vessels; left out: none")
    lymph_sprouting: SproutingSpec | None = Field(None, description="of lymph vessels; left out: none")
    remodelling: RemodellingSpec | None = Field(None, description="left out: vessels stay as they are")
    interstitium: InterstitiumSpec | None = Field(None, description="left out: no pressure is reckoned")

    @model_validator(mode="after")
    def _kinds(self) -> VesselsSpec:
        if self.lymph_sprouting is not None and all(one.kind == "blood" for one in self.layout):
            raise InputError("there are no lymph vessels that could sprout", field="lymph_sprouting")
        return self

    def sources(self) -> dict[str, str]:
        """Keys of the references that what is switched on rests on, and what for."""
        found = {"sutera1993": "flow in vessels", "salmon2011": "random numbers"}
        if self.flow.law == "pries":
            found["pries1994"] = "viscosity of blood in vessels"
        if self.flow.parting:
            found |= dict.fromkeys(("pries1990", "pries2005"), "parting of red cells where vessels fork")
        if self.exchange:
            found["peaceman1978"] = "vessels thinner than a voxel"
        if self.interstitium is not None:
            found["baxter1989"] = "pressure of the fluid in the tissue"
        if self.sprouting is not None or self.lymph_sprouting is not None:
            found |= {"anderson1998": "motion of the tips of sprouts", "hellstrom2007": "tips suppress each other"}
        if self.remodelling is not None:
            found["jain2005"] = "vessels that become normal"
        return found

    def check(self, units: Mapping[str, str], types: tuple[str, ...], phenotype: float) -> None:
        """Check names and levels against the rest of the file.

        Args:
            units: of the substances, by name.
            types: of cells.
            phenotype: step of phenotypes, min.

        Raises:
            InputError: an unknown name, a level in a wrong unit, or an interval that is no multiple of the step.
        """
        if not is_multiple(self.flow.interval, phenotype):
            raise InputError(
                f"{self.flow.interval:g} min is no whole multiple of the step of phenotypes ({phenotype:g} min)",
                field="vessels.flow.interval",
            )
        for name, wall in self.exchange.items():
            where = f"vessels.exchange.{name}"
            read_named(wall.level, name, units, where, "level")
            times = [time for time, _ in wall.course]
            if any(b <= a for a, b in pairwise(times)):
                raise InputError("times must rise", field=f"{where}.course")
            for k, (_, level) in enumerate(wall.course):
                read_named(level, name, units, where, f"course[{k}]")
        for field in ("sprouting", "lymph_sprouting"):
            way = getattr(self, field)
            if way is None:
                continue
            where = f"vessels.{field}"
            for level, what in ((way.half, "half"), (way.threshold, "threshold")):
                if level is not None:
                    read_named(level, way.substance, units, where, what)
            if not read_named(way.half, way.substance, units, where, "half") > 0.0:
                raise InputError("must be above 0", field=f"{where}.half")
            if way.matrix is not None:
                read_named(way.matrix.level, way.matrix.substance, units, f"{where}.matrix", "level")
            if way.progenitors is not None:
                known(way.progenitors.type, types, f"{where}.progenitors.type", "type of cell")
        if self.remodelling is not None and self.remodelling.survival is not None:
            factor = self.sprouting or self.lymph_sprouting
            if factor is None:
                raise InputError("needs a growth factor: sprouting", field="vessels.remodelling.survival")
            read_named(self.remodelling.survival, factor.substance, units, "vessels.remodelling", "survival")


def read_named(level: Any, substance: str, units: Mapping[str, str], where: str, field: str) -> float:
    """A level of a named substance as a number.

    Raises:
        InputError: an unknown substance, a wrong unit, or a level below 0.
    """
    known(substance, units, where if where.endswith(substance) else f"{where}.substance", "substance")
    value = parse_quantity(level, units[substance], field=f"{where}.{field}")
    if value < 0.0:
        raise InputError(f"must be at least 0, got {shown(level)}", field=f"{where}.{field}")
    return value
