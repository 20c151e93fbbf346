"""What cells do that has a number: behaviours, by name and by place in the tables of the kernels.

A behaviour has a base value for every cell type; rules move it in every single cell. Names are those of the grammar of
``johnson2025``, so that its tables of rules can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.jit import inline
from diaspore.tissue.kinds import MAX_PHASES

EXIT = 0  # rate at which a phase of the cycle ends; MAX_PHASES of them
APOPTOSIS = MAX_PHASES
NECROSIS, SPEED, PERSISTENCE, BIAS, ADHESION, REPULSION, GUIDANCE = range(APOPTOSIS + 1, APOPTOSIS + 8)
GENERAL = GUIDANCE + 1
# Then, each for all substances in a row: what a cell does to a substance, and whether it climbs its gradient.
UPTAKE, SECRETION, TARGET, EXPORT, CHEMOTAXIS = range(5)
_PER_SUBSTANCE = 5
_NAMES = [
    *((f"exit from cycle phase {p}", "1/min", "rate at which this phase of the cycle ends") for p in range(MAX_PHASES)),
    ("apoptosis", "1/min", "rate of programmed death"),
    ("necrosis", "1/min", "rate of necrosis, beside that for want of oxygen"),
    ("migration speed", "um/min", "speed of its own motion"),
    ("migration persistence time", "min", "mean time between two changes of direction"),
    ("migration bias", "dimensionless", "share of the gradient in its direction, from 0 (random) to 1"),
    ("cell-cell adhesion", "um/min", "strength of adhesion"),
    ("cell-cell repulsion", "um/min", "strength of repulsion"),
    ("contact guidance", "dimensionless", "how much fibres turn its direction towards theirs, from 0 to 1"),
]
_SUBSTANCE_NAMES = [
    ("{} uptake", "1/min", "rate of uptake"),
    ("{} secretion", "1/min", "rate of secretion towards its target"),
    ("{} secretion target", "level", "level towards which it secretes"),
    ("{} export", "level*um**3/min", "what it releases whatever the level"),
    ("chemotactic response to {}", "dimensionless", "weight of this gradient in its direction; negative: away"),
]
ALIASES = {"cycle entry": "exit from cycle phase 0"}


class Behaviour(NamedTuple):
    """A behaviour of a scene: its name, unit and meaning."""

    name: str
    unit: str
    about: str


class Traits(NamedTuple):
    """Values of behaviours as kernels take them."""

    base: np.ndarray  # (types, behaviours)
    column: np.ndarray  # (behaviours,) row of ``values`` that rules fill, -1: the base holds
    values: np.ndarray  # (ruled behaviours, room)
    dead_uptake: np.ndarray  # (types,) share of the uptake that a dead cell keeps
    substances: int


def behaviours(substances: dict[str, str], types: Sequence[str], more: Sequence[Behaviour] = ()) -> list[Behaviour]:
    """All behaviours of a scene in the order of the tables; ``substances``: name -> unit, ``more``: of parts."""
    found = [Behaviour(*row) for row in _NAMES]
    for name, unit, about in _SUBSTANCE_NAMES:
        found += [Behaviour(name.format(s), _unit(unit, u), about) for s, u in substances.items()]
    found += [Behaviour(f"transform to {t}", "1/min", "rate of becoming a cell of this type") for t in types]
    return [*found, *more]


def _unit(unit: str, level: str) -> str:
    if unit == "level":
        return level
    return unit.replace("level*", "" if level == "dimensionless" else f"({level})*")


def number_of(name: str, known: Sequence[Behaviour], field: str) -> int:
    """Place of a behaviour in the tables.

    Raises:
        InputError: there is none of this name.
    """
    names = [b.name for b in known]
    plain = ALIASES.get(name, name)
    if plain in names:
        return names.index(plain)
    allowed = [*ALIASES, *names]
    raise InputError(
        f"{shown(name)} is no behaviour of these cells", field=field, allowed=allowed,
        nearest=nearest_name(name, allowed),
    )  # fmt: skip


@inline
def of_substance(what: int, substance: int, substances: int) -> int:
    """Place of a behaviour towards a substance."""
    return GENERAL + what * substances + substance


@inline
def transform_to(kind: int, substances: int) -> int:
    """Place of the behaviour of becoming a cell of type ``kind``."""
    return GENERAL + _PER_SUBSTANCE * substances + kind


@inline
def trait(t, kind, i, behaviour):  # type: ignore[no-untyped-def]
    """Value of a behaviour of cell ``i`` of type ``kind``."""
    c = t.column[behaviour]
    return t.base[kind, behaviour] if c < 0 else t.values[c, i]


@inline
def towards(t, kind, dead, i, what, s):  # type: ignore[no-untyped-def]
    """Value of a behaviour towards substance ``s``: a dead cell keeps part of its uptake and nothing else, but what
    rules say of dead cells holds."""
    b = GENERAL + what * t.substances + s
    c = t.column[b]
    if c >= 0:
        return t.values[c, i]
    return t.base[kind, b] * ((t.dead_uptake[kind] if what == UPTAKE else 0.0) if dead else 1.0)
