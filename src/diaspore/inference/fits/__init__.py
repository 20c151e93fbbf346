"""Fits that ship, one file each, by name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from diaspore.core.errors import InputError, nearest_name
from diaspore.core.progress import Progress, no_progress

if TYPE_CHECKING:
    from diaspore.inference.artefact import Artefact

FITS = {
    "breast": "nodes by size, relapse after surgery alone, metastases at diagnosis: breast cancer, slow and dormant",
    "seer": "distant metastasis found at diagnosis by size of the primary, five cancers",
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
    if name not in FITS:
        raise InputError(f"there is no fit {name!r}", allowed=fit_names(), nearest=nearest_name(name, FITS))
    return cast(Fit, importlib.import_module(f"diaspore.inference.fits.{name}").fit)


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
