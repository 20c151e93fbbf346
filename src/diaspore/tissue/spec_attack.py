"""What a file says of cells that attack others and of how they bear it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from diaspore.core.units import Quantity, Whole
from diaspore.tissue.spec_common import Minutes, Part, Rate


class AttackSpec(Part):
    """Killing of cells that a cell touches: it holds one of them at a time and hits it at a rate."""

    targets: dict[str, Annotated[float, Quantity("dimensionless", gt=0, le=1e6)]] = Field(
        min_length=1, description="cell types it goes for, and how much more than for others"
    )
    rate: Rate = Field(description="hits while it holds a target")
    hold: Minutes | None = Field(
        None, description="mean time after which it lets go of a target that lives; left out: it does not"
    )
    again: Minutes | None = Field(
        None,
        description="mean time after which it may take one again that it let go and still touches; left out: it must "
        "lose touch first",
    )


class DamageSpec(Part):
    """What attacks do to a cell."""

    susceptibility: Annotated[float, Quantity("dimensionless", ge=0, le=1000)] = Field(
        1.0, description="factor on the rate at which it is hit; rules may change it"
    )
    hits_to_kill: Annotated[int, Whole(ge=1, le=1000)] = Field(1, description="hits that add up to its death")
    memory: Minutes | None = Field(None, description="time without hits after which it has recovered; left out: never")
