"""The strengths that ship, frozen by their checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from diaspore.core.errors import DiasporeError

NAME = "trials-2026.1"
FILE = "strengths.json"
FROZEN = "strengths.sha256"
"""Checksum of `FILE`, which predictions carry."""


@dataclass(frozen=True)
class Strength:
    """A fitted strength with its 95 % interval, and what each explanation of the fit alone would have."""

    value: float
    low: float
    high: float
    alone: Mapping[str, float]


def folder_of_strengths() -> Path:
    """Where they ship."""
    import diaspore

    return Path(diaspore.__file__).parent / "knowledge" / "fits" / NAME


@cache
def stored() -> Mapping[str, Any]:
    """The whole artefact.

    Raises:
        DiasporeError: it is not the one that was frozen.
    """
    content = (folder_of_strengths() / FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() != frozen_checksum():
        raise DiasporeError(f"{FILE} of {NAME} is not the one that was frozen ({FROZEN})")
    found: dict[str, Any] = json.loads(content.decode("utf-8"))
    return found


@cache
def frozen_checksum() -> str:
    """SHA-256 that was written when the strengths were frozen."""
    return (folder_of_strengths() / FROZEN).read_text("utf-8").split()[0]


@cache
def shipped(file: str) -> Mapping[str, Any]:
    """What was computed with the strengths and ships beside them: predictions, lessons."""
    found: dict[str, Any] = json.loads((folder_of_strengths() / file).read_text("utf-8"))
    return found


def write(found: Mapping[str, Any], file: str, arguments: Sequence[str]) -> None:
    """Write an artefact into the folder named first in ``arguments``, or where it ships."""
    from diaspore.core.jsonio import to_json, write_text

    write_text((Path(arguments[0]) if arguments else folder_of_strengths()) / file, to_json(dict(found)))


def strengths() -> dict[str, Strength]:
    """Strengths by name."""
    return {
        name: Strength(row["value"], row["low"], row["high"], row["alone"])
        for name, row in stored()["strengths"].items()
    }


def values() -> dict[str, float]:
    """Their values."""
    return {name: one.value for name, one in strengths().items()}
