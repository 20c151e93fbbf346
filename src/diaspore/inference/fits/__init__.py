"""Fits that ship, one file each, by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from diaspore.core.errors import InputError, nearest_name
from diaspore.core.progress import Progress, no_progress

if TYPE_CHECKING:
    from diaspore.inference.artefact import Artefact

FITS = {
    "breast": "nodes by size, relapse after surgery alone, metastases at diagnosis: breast cancer, slow and dormant",
    "seer": "distant metastasis found at diagnosis by size of the primary, five cancers",
    "tropism": "organs of metastases of 27 primaries: soil by organ",
}
"""Name -> what it fits."""


class Fit(Protocol):
    """``fit`` of a module ``fits/NAME.py``."""

    def __call__(self, seed: int, out: Path, resume: bool, quick: bool, progress: Progress = ...) -> Artefact:
        """Run the fit, keep intermediate results under ``out/work``, write the artefact into ``out``."""


def fit_names() -> tuple[str, ...]:
    """Names of all fits."""
    return tuple(FITS)


def load_fit(name: str) -> Fit:
    """The function of a fit.

    Raises:
        InputError: no such fit.
    """
    return cast(Fit, _module(name).fit)


def _module(name: str) -> ModuleType:
    if name not in FITS:
        raise InputError(f"there is no fit {name!r}", allowed=fit_names(), nearest=nearest_name(name, FITS))
    return importlib.import_module(f"diaspore.inference.fits.{name}")


def summary(result: Artefact) -> tuple[list[str], list[list[object]]]:
    """Columns and rows for a table: those of the fit's own ``summary`` if its module has one.

    Else the parameters named in ``free_parameters.per_unit`` with their intervals: one row for each unit, with the
    deviances of the fit and of its nulls where it has them, or one row for each parameter where units differ in them.

    Raises:
        InputError: no such fit.
    """
    own = getattr(_module(result.header["name"]), "summary", None)
    if own is not None:
        return cast(tuple[list[str], list[list[object]]], own(result))
    free = result.header["free_parameters"]["per_unit"]
    units = result.header["units"]
    if isinstance(free, Mapping):
        return ["unit", "parameter", "value"], [[u, k, _value(units[u], k)] for u in units for k in free[u]]
    deviances = list(next(iter(units.values())).get("deviance", {}))
    rows: list[list[object]] = [
        [name, *(_value(unit, key) for key in free), *(float(unit["deviance"][k]) for k in deviances)]
        for name, unit in units.items()
    ]
    words = ["deviance" if k == "fit" else f"of a {k}" if k == "constant" else f"of a {k} curve" for k in deviances]
    return ["unit", *free, *words], rows


def _value(unit: Mapping[str, Any], key: str) -> str:
    low, _, high = unit["interval_95"][key]
    return f"{unit['optimum'][key]:.3g} ({low:.3g} to {high:.3g})"


def run_fit(
    name: str, seed: int, out: Path, resume: bool = False, quick: bool = False, progress: Progress = no_progress
) -> Artefact:
    """Run a fit by name; see `Fit`.

    Raises:
        InputError: no such fit; or ``out`` holds unfinished work and ``resume`` is not set.
    """
    function = load_fit(name)
    if (out / "work").exists() and not resume:
        raise InputError("holds the work of a fit that was not finished; go on with --resume", file=out)
    return function(seed, out, resume, quick, progress)
