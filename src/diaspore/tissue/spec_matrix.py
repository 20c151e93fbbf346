"""What a file says of how the matrix moves cells, and of its fibres."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from diaspore.core.errors import InputError
from diaspore.core.units import Fraction, Quantity
from diaspore.tissue.spec_common import Coordinate, Part, Usual

Area = Annotated[float, Quantity("um**2", gt=0, le=1e6)]
Factor = Annotated[float, Quantity("dimensionless", ge=0, le=1000)]


class MatrixMotionSpec(Part):
    """How the speed of a cell depends on the matrix around it."""

    substance: str = Field(description="a still substance: density of the matrix over that of dense tissue")
    best: Annotated[float, Quantity("dimensionless", gt=0, le=100)] = Usual("tissue.matrix.best")
    receptors: Factor = Field(1.0, description="adhesion receptors over the usual number; rules may change it")
    pore: Area = Usual("tissue.matrix.pore")
    pore_limit: Area = Usual("tissue.matrix.pore_limit")
    pore_free: Area = Usual("tissue.matrix.pore_free")
    proteolysis: Fraction = Field(0.0, description="share of the pore limit that proteases lift; rules may change it")

    @model_validator(mode="after")
    def _ordered(self) -> MatrixMotionSpec:
        if not self.pore_free > self.pore_limit:
            raise InputError(
                f"must be more than pore_limit, {self.pore_limit:g} um**2, got {self.pore_free:g}", field="pore_free"
            )
        return self


class FibresSpec(Part):
    """Fibres of the matrix: their directions at the start. Cells turn them by the behaviour ``fibre alignment``."""

    start: Literal["random", "x", "y", "z", "around", "towards"] = Field(
        "random", description="along an axis, around a point (tangential), or towards it (radial)"
    )
    centre: tuple[Coordinate, ...] = Field((0.0, 0.0, 0.0), min_length=2, max_length=3)
    order: Fraction = Field(0.0, description="share that is aligned; 0: every direction alike")

    @model_validator(mode="after")
    def _has_order(self) -> FibresSpec:
        if self.start != "random" and self.order == 0.0:
            raise InputError("is missing: without it no direction is favoured", field="order", allowed="from 0 to 1")
        return self
