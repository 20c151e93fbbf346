"""What a file of ``kind: lattice`` says: organ grids joined by a circulation, two phenotypes, matrix and protease."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from diaspore.core.errors import InputError
from diaspore.core.spec import Spec
from diaspore.core.units import Fraction, Quantity, Whole
from diaspore.knowledge.load import fact
from diaspore.tissue.spec_common import Name, Usual

Time = Annotated[float, Quantity("s", gt=0, le=3.2e9)]
Spread = Annotated[float, Quantity("cm**2/s", ge=0, le=1e-3)]
Rate = Annotated[float, Quantity("1/s", ge=0, le=1)]
Vessels = Annotated[int, Whole(ge=0, le=10_000)]
MAX_POINTS = 20_000_000
_COUNTED = Whole(ge=1, le=MAX_POINTS)


def _count(key: str, description: str = "") -> int:
    row = fact(key)
    count: int = Field(int(row.value), description=description or row.note.partition(";")[0])
    return count


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GridSpec(_Part):
    """The square grid that every organ has."""

    points: Annotated[int, Whole(ge=5, le=3000)] = _count("lattice.points")
    spacing: Annotated[float, Quantity("um", gt=0, le=1e4)] = Usual("lattice.spacing")


class FoundersSpec(_Part):
    """Cells at the start, at random among the points nearest the centre of the primary."""

    count: Annotated[int, _COUNTED] = _count("lattice.cells.count")
    centre_points: Annotated[int, _COUNTED] = _count("lattice.cells.centre_points")
    mesenchymal_share: Fraction = Usual("lattice.cells.mesenchymal_share")


class _PhenotypeSpec(_Part):
    doubling_time: Time | None = Field(None, description="between rounds of division; left out: that of the rules")


class MesenchymalSpec(_PhenotypeSpec):
    """Mesenchymal-like cells, which make MMP-2 and dissolve matrix."""

    diffusion: Spread = Usual("lattice.mesenchymal.diffusion")
    haptotaxis: Spread = Usual("lattice.mesenchymal.haptotaxis")


class EpithelialSpec(_PhenotypeSpec):
    """Epithelial-like cells."""

    diffusion: Spread = Usual("lattice.epithelial.diffusion")
    haptotaxis: Spread = Usual("lattice.epithelial.haptotaxis")


class ProteaseSpec(_Part):
    """MMP-2, none at the start, in levels without dimensions."""

    diffusion: Spread = Usual("lattice.mmp2.diffusion")
    production: Rate = Usual("lattice.mmp2.production")
    decay: Rate = Usual("lattice.mmp2.decay")


class MatrixSpec(_Part):
    """Extracellular matrix, whose level is 1 where it is intact."""

    contact_loss: Rate = Usual("lattice.ecm.contact_loss")
    mmp2_loss: Rate = Usual("lattice.ecm.mmp2_loss")


class CirculationSpec(_Part):
    """What becomes of cells in the vasculature."""

    transit: Time = Usual("lattice.circulation.transit")
    single_survival: Fraction = Usual("lattice.circulation.single_survival")
    cluster_survival: Fraction = Usual("lattice.circulation.cluster_survival")
    disaggregation: Fraction = Field(
        fact("lattice.circulation.disaggregation").value,
        description="probability with which a cell leaves its cluster; with the rules metaspread, stays in it",
    )


class PrimarySpec(_Part):
    """The grid in which the tumour begins; only its vessels let cells in."""

    name: Name = "primary"
    normal_vessels: Vessels | None = Field(None, description="left out: as many as the rules have")
    ruptured_vessels: Vessels | None = Field(None, description="left out: as many as the rules have")
    free_points: Annotated[int, Whole(ge=0, le=MAX_POINTS)] = _count("lattice.primary.free_points")


class SiteSpec(_Part):
    """A grid to which cells come through the circulation."""

    share: Fraction = Field(description="of the clusters that survive")
    vessels: Annotated[int, Whole(ge=1, le=10_000)] = _count("lattice.sites.vessels", "at which clusters arrive")


SITES = {
    "second": SiteSpec(share=fact("lattice.sites.second_share").value),
    "third": SiteSpec(share=fact("lattice.sites.third_share").value),
}


def whole_steps(time: float, step: float) -> int | None:
    """How many steps a time has, or None where it is no whole multiple of one."""
    ratio = time / step
    if not math.isfinite(ratio):
        return None
    count = round(ratio)
    return count if count >= 1 and abs(ratio - count) <= 1e-9 * ratio else None


class LatticeSpec(Spec):
    """Organ grids on which cells of two phenotypes walk, divide and spread through a circulation.

    With the rules ``published`` epithelial cells divide faster than mesenchymal ones, a cell leaves its cluster with
    the probability of disaggregation, no point holds more than the carrying capacity, and the primary has 2 normal and
    8 ruptured vessels. These follow the documentation of MetaSpread, which describes the model of Franssen and others
    2019. The article itself could not be read: which phenotype divides faster, the numbers of vessels, what becomes of
    a negative probability of a step (here: none) and that a cluster is put beside its vessel are not confirmed in it.

    With the rules ``metaspread`` everything is as the public program (2024.0.6) does it, slips included: the doubling
    times are swapped, the disaggregation is the probability to stay, points with a vessel take any number of cells that
    walk onto them, the total counts cells that left the primary for ever, the primary has 8 normal and 2 ruptured
    vessels, and a negative probability is taken off that of another step.
    """

    kind: Literal["lattice"] = "lattice"
    duration: Time = Field(description="simulated time")
    save_every: Time = Field(86_400.0, description="time between snapshots, from which a killed run goes on")
    count_every: Time = Field(3_600.0, description="time between rows of the table counts")
    rules: Literal["published", "metaspread"] = Field("published", description="as published, or as the program is")
    step: Time = Usual("lattice.step")
    grid: GridSpec = GridSpec()
    carrying_capacity: Annotated[int, Whole(ge=1, le=1000)] = _count("lattice.carrying_capacity")
    cells: FoundersSpec = FoundersSpec()
    mesenchymal: MesenchymalSpec = MesenchymalSpec()
    epithelial: EpithelialSpec = EpithelialSpec()
    mmp2: ProteaseSpec = ProteaseSpec()
    ecm: MatrixSpec = MatrixSpec()
    circulation: CirculationSpec = CirculationSpec()
    primary: PrimarySpec = PrimarySpec()
    sites: dict[Name, SiteSpec] = Field(SITES, max_length=50, description="by name")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the grids, the primary first."""
        return (self.primary.name, *self.sites)

    def of_rules(self, key: str) -> float:
        """The usual number that depends on the rules, by its key."""
        return fact(f"{key}_shipped" if self.rules == "metaspread" else key).value

    def doubling_times(self) -> tuple[float, float]:
        """Time (s) between divisions of mesenchymal and of epithelial cells."""
        own = (self.mesenchymal.doubling_time, self.epithelial.doubling_time)
        usual = [self.of_rules(f"lattice.{name}.doubling_time") for name in ("mesenchymal", "epithelial")]
        return (usual[0] if own[0] is None else own[0], usual[1] if own[1] is None else own[1])

    def primary_vessels(self) -> tuple[int, int]:
        """How many normal and ruptured vessels the primary has."""
        own = (self.primary.normal_vessels, self.primary.ruptured_vessels)
        usual = [int(self.of_rules(f"lattice.primary.{name}_vessels")) for name in ("normal", "ruptured")]
        return (usual[0] if own[0] is None else own[0], usual[1] if own[1] is None else own[1])

    def per_step(self, diffusion: float) -> float:
        """Share of a substance that goes to each neighbour in a step, for a coefficient in cm**2/s."""
        spacing_cm = self.grid.spacing * 1e-4
        return diffusion * self.step / spacing_cm**2

    def walks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of both phenotypes: probability of a random step in one direction, what a difference of 1 in matrix adds,
        and a bound of the probability to move at all.

        Two steps opposite to each other have the sum 2 walk, unless one is negative or an edge is there; then at most
        walk + pull. A difference in matrix is at most 1.
        """
        kinds = (self.mesenchymal, self.epithelial)
        walk = np.array([self.per_step(kind.diffusion) for kind in kinds])
        pull = np.array([self.per_step(kind.haptotaxis) / 4.0 for kind in kinds])
        return walk, pull, np.maximum(4.0 * walk, 2.0 * (walk + pull))

    @model_validator(mode="after")
    def _times(self) -> LatticeSpec:
        times = {name: getattr(self, name) for name in ("duration", "save_every", "count_every")}
        times |= dict(
            zip(("mesenchymal.doubling_time", "epithelial.doubling_time"), self.doubling_times(), strict=True)
        )
        times["circulation.transit"] = self.circulation.transit
        for name, time in times.items():
            if whole_steps(time, self.step) is None:
                raise InputError(f"{time:g} s is no whole multiple of the step, {self.step:g} s", field=name)
        return self

    @model_validator(mode="after")
    def _room(self) -> LatticeSpec:
        n, capacity = self.grid.points, self.carrying_capacity
        if n * n * len(self.names) > MAX_POINTS:
            raise InputError(
                f"make {n * n * len(self.names):,} points", field="grid.points", allowed=f"at most {MAX_POINTS:,}"
            )
        for name, points in (("cells.centre_points", self.cells.centre_points), ("primary.free_points",
                                                                              self.primary.free_points)):  # fmt: skip
            if points > n * n:
                raise InputError(f"{points:,} are more than a grid has", field=name, allowed=f"at most {n * n:,}")
        if self.cells.count > self.cells.centre_points * capacity:
            raise InputError(
                f"{self.cells.count:,} cells do not fit on {self.cells.centre_points:,} points", field="cells.count",
                allowed=f"at most {self.cells.centre_points * capacity:,}",
            )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _sites(self) -> LatticeSpec:
        if "vasculature" in self.names:
            raise InputError("vasculature is what the tables call the circulation; choose another name", field="sites")
        if self.primary.name in self.sites:
            raise InputError(f"{self.primary.name} is the name of the primary", field=f"sites.{self.primary.name}")
        total = sum(site.share for site in self.sites.values())
        if self.sites and abs(total - 1.0) > 1e-9:
            raise InputError(f"the shares sum to {total:g}", field="sites", allowed="shares that sum to 1")
        if not self.sites and max(self.primary_vessels()) > 0:
            raise InputError(
                "cells that enter the vessels of the primary need a site to go to", field="sites",
                allowed="one site at least, or no vessels in the primary",
            )  # fmt: skip
        return self

    @model_validator(mode="after")
    def _stable(self) -> LatticeSpec:
        mesenchymal, epithelial = self.walks()[2]
        numbers = (
            ("MMP-2", 4.0 * self.per_step(self.mmp2.diffusion) + self.step * self.mmp2.decay, 1.0),
            ("matrix", self.step * self.ecm.contact_loss * self.carrying_capacity, 1.0),
            ("mesenchymal cells", mesenchymal, 0.5),
            ("epithelial cells", epithelial, 0.5),
        )
        for name, most, limit in numbers:
            if most > limit:
                raise InputError(
                    f"{self.step:g} s is too long for {name} on this grid", field="step",
                    allowed=f"at most {self.step * limit / most:.3g} s",
                )  # fmt: skip
        return self
