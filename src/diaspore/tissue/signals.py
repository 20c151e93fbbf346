"""What a cell senses: signals, by name and by place in the tables of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from diaspore.core.errors import InputError, nearest_name, shown

# After the levels of all substances and the lengths of their gradients.
PRESSURE, VOLUME, TIME, APOPTOTIC_CELL, NECROTIC_CELL, DEAD_CELL, TOUCHES_LIVE, TOUCHES_DEAD = range(8)
GENERAL = 8
CARRIED = "signals"
"""Column of the cells with the signals of networks and parts that something reads."""
PRESSURE_UNIT = 0.027288820670331
"""Sum of squared overlaps that makes a pressure of 1: of twelve neighbours at close packing (`ghaffarizadeh2018`)."""
_NAMES = [
    ("pressure", "dimensionless", "squared overlaps with its neighbours; 1: twelve of them at close packing"),
    ("volume", "um**3", "of the cell"),
    ("time", "min", "since the start"),
    ("apoptotic", "dimensionless", "1 in an apoptotic cell, else 0"),
    ("necrotic", "dimensionless", "1 in a necrotic cell, else 0"),
    ("dead", "dimensionless", "1 in a dying cell, else 0"),
    ("contact with live cell", "dimensionless", "live cells within reach of adhesion"),
    ("contact with dead cell", "dimensionless", "dying cells within reach of adhesion"),
]


class Signal(NamedTuple):
    """A signal of a scene: its name, unit and meaning."""

    name: str
    unit: str
    about: str


def signals(substances: dict[str, str], types: Sequence[str], more: Sequence[Signal] = ()) -> list[Signal]:
    """All signals of a scene in the order of the tables.

    Args:
        substances: name -> unit.
        types: of cells.
        more: of networks in the cells and of parts, which cells carry with them.
    """
    found = [Signal(s, unit, "level where its centre is") for s, unit in substances.items()]
    for s, unit in substances.items():
        slope = "1/um" if unit == "dimensionless" else f"({unit})/um"
        found.append(Signal(f"{s} gradient", slope, "steepness where its centre is"))
    found += [Signal(*row) for row in _NAMES]
    about = "live cells of this type within reach of adhesion"
    found += [Signal(f"contact with {t}", "dimensionless", about) for t in types]
    return [*found, *more]


def signal_number(name: str, known: Sequence[Signal], field: str) -> int:
    """Place of a signal in the tables.

    Raises:
        InputError: there is none of this name.
    """
    names = [s.name for s in known]
    if name in names:
        return names.index(name)
    raise InputError(
        f"{shown(name)} is no signal of these cells", field=field, allowed=names, nearest=nearest_name(name, names)
    )


def needs_contacts(number: int, substances: int, types: int) -> bool:
    """Whether a signal counts neighbours."""
    return TOUCHES_LIVE <= number - 2 * substances < GENERAL + types
