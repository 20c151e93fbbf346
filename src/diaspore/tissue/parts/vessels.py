"""Vessels as a part of a tissue (see `tissue.vessels`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diaspore.tissue.part import Part
from diaspore.tissue.vessels.part import Vessels

if TYPE_CHECKING:
    from diaspore.tissue.spec import TissueSpec


class VesselsPart(Vessels, Part):  # type: ignore[misc]  # its `spec` is that of the vessels alone
    """Blood and lymph vessels that the file describes."""

    @classmethod
    def wanted(cls, spec: TissueSpec) -> bool:
        return spec.vessels is not None

    def __init__(self, spec: TissueSpec) -> None:
        assert spec.vessels is not None
        super().__init__(spec.vessels, {name: one.unit for name, one in spec.substances.items()})
        self.types = tuple(spec.cell_types)
