"""What rules may speak of in a tissue: all its signals and behaviours, those of networks and parts included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diaspore.tissue.behaviours import Behaviour, behaviours
from diaspore.tissue.parts.registry import parts_of
from diaspore.tissue.signals import Signal, signals
from diaspore.tissue.spec_network import network_signals

if TYPE_CHECKING:
    from diaspore.tissue.spec import TissueSpec


def units_of(spec: TissueSpec) -> dict[str, str]:
    """Unit of every substance, in the order of the file."""
    return {name: substance.unit for name, substance in spec.substances.items()}


def carried_signals(spec: TissueSpec) -> list[Signal]:
    """Signals that cells carry with them: of networks, then of parts."""
    return [*network_signals(spec.networks), *(signal for part in parts_of(spec) for signal in part.signals)]


def known_signals(spec: TissueSpec) -> list[Signal]:
    """All signals, with substances in the order of the file."""
    return signals(units_of(spec), list(spec.cell_types), carried_signals(spec))


def part_behaviours(spec: TissueSpec) -> list[Behaviour]:
    """Behaviours that parts read, beside those that every tissue has."""
    return [behaviour for part in parts_of(spec) for behaviour in part.behaviours]


def known_behaviours(spec: TissueSpec) -> list[Behaviour]:
    """All behaviours, with substances in the order of the file."""
    return behaviours(units_of(spec), list(spec.cell_types), part_behaviours(spec))
