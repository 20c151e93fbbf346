"""Parts of tissues, in the order in which they take their turn, and which of them a file calls for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from diaspore.tissue.part import Part
from diaspore.tissue.parts.contacts import Contacts
from diaspore.tissue.parts.crossing import Crossing
from diaspore.tissue.parts.fibres import Fibres
from diaspore.tissue.parts.matrix_motion import MatrixMotion
from diaspore.tissue.parts.plasticity import Plasticity
from diaspore.tissue.parts.recruitment import Recruitment
from diaspore.tissue.parts.vessels import VesselsPart

if TYPE_CHECKING:
    from diaspore.tissue.spec import TissueSpec

PARTS: tuple[type[Part], ...] = (Plasticity, MatrixMotion, Fibres, VesselsPart, Crossing, Recruitment, Contacts)


def parts_of(spec: TissueSpec) -> Iterator[type[Part]]:
    """Classes of the parts that a description calls for."""
    return (part for part in PARTS if part.wanted(spec))
