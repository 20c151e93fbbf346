"""What a file says of epithelial-mesenchymal plasticity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from diaspore.core.units import Fraction, Quantity
from diaspore.tissue.spec_common import Part, Usual

Number = Annotated[float, Quantity("dimensionless", ge=-100, le=100)]


class PlasticitySpec(Part):
    """A state from epithelial (0) over hybrid (0.5) to mesenchymal (1), each of which holds against small drives."""

    start: Fraction = Field(0.0, description="state at the start, and of cells that come in")
    drive: Number = Usual("tissue.plasticity.drive")
    time: Annotated[float, Quantity("min", ge=1, le=5_300_000)] = Usual("tissue.plasticity.time")
    gap: Annotated[float, Quantity("dimensionless", ge=0, le=10)] = Usual("tissue.plasticity.gap")
    noise: Annotated[float, Quantity("dimensionless", ge=0, le=10)] = Usual("tissue.plasticity.noise")
