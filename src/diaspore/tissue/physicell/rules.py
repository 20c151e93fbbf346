"""Tables of rules of PhysiCell (``johnson2025``) as rules of a tissue."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, nearest_name
from diaspore.tissue.behaviours import ALIASES, behaviours
from diaspore.tissue.physicell.cell_types import Names, Remark
from diaspore.tissue.signals import signals

_SAME = {
    "contact with dead cells": "contact with dead cell", "contact with live cells": "contact with live cell",
    "secretion saturation density": "secretion target",
}  # fmt: skip


def rules_of_table(file: str, names: Names, remark: Remark) -> list[dict[str, Any]]:
    """Rows of a table of version 3 (8 columns), or of version 1 and 2 (9, with a base).

    Raises:
        InputError: it cannot be read.
    """
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=file) from None
    of_behaviour = {b.name: b.unit for b in behaviours(names.units, list(names.types.values()))}
    of_signal = {s.name: s.unit for s in signals(names.units, list(names.types.values()))}
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("//"):
            continue
        row = [cell.strip() for cell in next(csv.reader([line]))]
        where = f"rule in line {number} of {Path(file).name}: {line.strip()}"
        if len(row) not in (8, 9) or not _all_numbers(row[4:]):
            remark(where, "has not the 8 columns of version 3 (or 9 of version 2)")
            continue
        of_type, signal, direction, behaviour = row[:4]
        base = float(row[4]) if len(row) == 9 else None
        saturation, half_max, power = (float(cell) for cell in row[-4:-1])
        signal, behaviour = _plain(signal, names), _plain(behaviour, names)
        behaviour = ALIASES.get(behaviour, behaviour)
        unknown = [
            what
            for what, known in (
                (f"cell type {of_type!r}", of_type in names.types),
                (f"signal {row[1]!r}" + _near(signal, of_signal), signal in of_signal),
                (f"behaviour {row[3]!r}" + _near(behaviour, of_behaviour), behaviour in of_behaviour),
                (f"direction {direction!r}", direction in ("increases", "decreases")),
            )
            if not known
        ]
        if unknown:
            remark(where, f"left out: {', '.join(unknown)} not known")
            continue
        if power <= 0.0 or half_max <= 0.0:
            remark(where, "left out: half-maximum and power must be above 0")
            continue
        rule: dict[str, Any] = {
            "type": names.types[of_type], "signal": signal, "direction": direction, "behaviour": behaviour,
            "saturation": _with_unit(saturation, of_behaviour[behaviour]),
            "half_max": _with_unit(half_max, of_signal[signal]), "power": power,
        }  # fmt: skip
        if base is not None:
            rule["base"] = _with_unit(base, of_behaviour[behaviour])
        if float(row[-1]):
            rule["when_dead"] = True
        target = [rule[field] for field in ("type", "direction", "behaviour")]
        for other in found:
            alike = target == [other[field] for field in ("type", "direction", "behaviour")]
            if alike and other["saturation"] != rule["saturation"]:
                remark(where, f"its saturation, not {other['saturation']}, holds for the rules before as well")
                other["saturation"] = rule["saturation"]
        found.append(rule)
    return found


def _near(name: str, known: dict[str, str]) -> str:
    near = nearest_name(name, known)
    return "" if near is None else f" ({near}?)"


def _all_numbers(row: list[str]) -> bool:
    try:
        return all(math.isfinite(float(cell)) for cell in row)
    except ValueError:
        return False


def _with_unit(value: float, unit: str) -> str | float:
    return value if unit == "dimensionless" else f"{value!r} {unit}"


def _plain(text: str, names: Names) -> str:
    """Names of substances and cell types in a signal or behaviour made plain; longer names first."""
    for theirs, ours in _SAME.items():
        text = text.replace(theirs, ours)
    known = {**names.substances, **names.types}
    for theirs in sorted(known, key=len, reverse=True):
        text = re.sub(rf"(?<![\w]){re.escape(theirs)}(?![\w])", lambda _, n=theirs: known[n], text)  # type: ignore[misc]
    return text
