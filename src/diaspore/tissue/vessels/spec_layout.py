"""What a file says of where vessels are at the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, model_validator

from diaspore.core.errors import InputError
from diaspore.core.sealed import sealed
from diaspore.core.units import Quantity
from diaspore.fields.grid import FACES
from diaspore.knowledge.load import fact
from diaspore.tissue.spec_common import Coordinate, Part, Usual

Axis = Literal["x", "y", "z"]
Diameter = Annotated[float, Quantity("um", ge=1, le=5000)]
Pressure = Annotated[float, Quantity("mmHg", ge=-100, le=300)]
Gap = Annotated[float, Quantity("um", gt=1, le=1e5)]
WAYS = ("line", "parallel", "lattice", "parent", "file")


class ParallelSpec(Part):
    """Straight vessels along an axis from face to face, in a square pattern across it."""

    axis: Axis
    spacing: Gap = Usual("vessels.spacing")


class LatticeSpec(Part):
    """A lattice of capillaries; blood enters at the low face of an axis and leaves at the high one."""

    axis: Axis = "x"
    spacing: Gap = Usual("vessels.spacing")


class ParentSpec(Part):
    """One straight vessel beside a face of the domain, from end to end."""

    face: Literal[*FACES]  # type: ignore[valid-type]
    axis: Axis = Field(description="along which it runs, not the one across the face")
    distance: Annotated[float, Quantity("um", ge=0, le=1e6)] = Field(0.0, description="from the face")

    @model_validator(mode="after")
    def _along(self) -> ParentSpec:
        if self.face.startswith(self.axis):
            raise InputError(
                f"the vessel cannot run across the face {self.face}", field="axis",
                allowed=[axis for axis in "xyz" if not self.face.startswith(axis)],
            )  # fmt: skip
        return self


class LayoutSpec(Part):
    """Vessels at the start: one of line, parallel, lattice, parent, file."""

    kind: Literal["blood", "lymph"] = "blood"
    line: tuple[tuple[Coordinate, ...], ...] | None = Field(
        None, min_length=2, max_length=100_000, description="corners of one vessel"
    )
    parallel: ParallelSpec | None = None
    lattice: LatticeSpec | None = None
    parent: ParentSpec | None = None
    file: str | None = Field(
        None,
        description="CSV file with a row for every segment: x1, y1, z1, x2, y2, z2 (um), and where wanted diameter "
        "(um), kind, pressure1, pressure2 (mmHg); relative to where you are",
    )
    sha256: str | None = Field(None, description="of the file's bytes; added when left out, checked when given")
    diameter: Diameter = Usual("vessels.diameter")
    pressure_in: Pressure | Literal["none"] = Usual("vessels.pressure_in")
    pressure_out: Pressure | Literal["none"] = Usual("vessels.pressure_out")
    stable: StrictBool = Field(True, description="is never pruned")

    @model_validator(mode="before")
    @classmethod
    def _note_content(cls, data: Any) -> Any:
        """Make the content of the file part of the description, so that another content is another run."""
        return sealed(data)

    @model_validator(mode="before")
    @classmethod
    def _usual_of_lymph(cls, data: Any) -> Any:
        """Lymph vessels have pressures of their own where none are given."""
        if isinstance(data, Mapping) and data.get("kind") == "lymph":
            ends = ("pressure_in", "pressure_out")
            usual = {end: f"{fact(f'vessels.lymph_{end}').value!r} mmHg" for end in ends}
            return usual | dict(data)
        return data

    @model_validator(mode="after")
    def _one_way(self) -> LayoutSpec:
        if sum(getattr(self, way) is not None for way in WAYS) != 1:
            raise InputError("takes one of these fields", allowed=list(WAYS))
        if self.line is not None and len({len(point) for point in self.line} | {2, 3}) > 2:
            raise InputError("a corner has two or three coordinates", field="line")
        return self
