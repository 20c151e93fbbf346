"""A fit's result: ``fit.json`` (all that was put in, optimum, deviances) and ``draws.parquet`` (posterior draws).

A folder NAME-VERSION, written beside its place and renamed, so that it is there whole or not at all. Fits that ship lie
in ``knowledge/fits``. No file holds a time: the same seed, data and versions give the same bytes.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diaspore.core.errors import InputError, nearest_name
from diaspore.core.jsonio import TEMPORARY, sync_tree, to_json

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
_NEEDED = ("schema_version", "name", "version", "data", "seed", "free_parameters", "priors", "units", "does_not_claim")


@dataclass(frozen=True)
class Artefact:
    """The result of a fit.

    Attributes:
        header: content of ``fit.json``: name, version, quick, seed, versions, data (name, source, sha256 by unit),
            free_parameters (by unit, shared), priors, inputs with sources, units (optimum, intervals, deviances of the
            fit and of its nulls, by bin), banks, sampling, does_not_claim.
        draws: posterior draws, one row each: ``unit``, one column per free parameter, ``log_posterior``.
    """

    header: Mapping[str, Any]
    draws: pd.DataFrame

    @property
    def name(self) -> str:
        """Name and version, for example ``seer-2026.1``."""
        return f"{self.header['name']}-{self.header['version']}"

    def write(self, directory: Path) -> Path:
        """Write the folder ``directory/NAME-VERSION`` in place of one that is there; returns it."""
        target = directory / self.name
        temporary = directory / f"{TEMPORARY}{self.name}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        (temporary / "fit.json").write_text(_readable(dict(self.header)), encoding="utf-8")
        (temporary / "draws.parquet").write_bytes(_parquet(self.draws))
        sync_tree(temporary)
        old = directory / f"{TEMPORARY}old-{self.name}"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.replace(old)
        temporary.replace(target)
        shutil.rmtree(old, ignore_errors=True)
        return target


def _readable(header: dict[str, Any]) -> str:
    """JSON with one line for each innermost list: `to_json`'s one number per line would hide the tables of banks."""
    text = to_json(header)
    plain = json.loads(text)

    def lay_out(value: Any, depth: int) -> str:
        pad = "  " * (depth + 1)
        if isinstance(value, dict) and value:
            rows = [f"{pad}{json.dumps(k, ensure_ascii=False)}: {lay_out(v, depth + 1)}" for k, v in value.items()]
            return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"
        if isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
            return "[\n" + ",\n".join(pad + lay_out(v, depth + 1) for v in value) + "\n" + "  " * depth + "]"
        return json.dumps(value, ensure_ascii=False)

    return lay_out(plain, 0) + "\n"


def _parquet(frame: pd.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.to_parquet(stream, index=False, compression="zstd")
    return stream.getvalue()


def read(folder: Path) -> Artefact:
    """Read an artefact.

    Raises:
        InputError: the folder is no artefact, or of a later layout.
    """
    import pandas as pd

    try:
        header = json.loads((folder / "fit.json").read_text("utf-8"))
        draws = pd.read_parquet(folder / "draws.parquet")
    except (OSError, ValueError) as error:
        raise InputError(f"no result of a fit can be read here: {error}", file=folder) from None
    missing = [key for key in _NEEDED if key not in header]
    if missing or header["schema_version"] != SCHEMA_VERSION:
        raise InputError(
            f"lacks {missing[0]}" if missing else f"has layout {header['schema_version']}, not {SCHEMA_VERSION}",
            file=folder / "fit.json",
        )
    return Artefact(header, draws)


def fits_directory() -> Path:
    """Folder of the fits that ship."""
    return Path(str(resources.files("diaspore.knowledge").joinpath("fits")))


def shipped(name: str) -> Artefact:
    """A shipped artefact by name and version, for example ``seer-2026.1``.

    Raises:
        InputError: no such artefact.
    """
    folder = fits_directory()
    known = sorted(p.name for p in folder.iterdir() if (p / "fit.json").is_file()) if folder.is_dir() else []
    if name not in known:
        raise InputError(f"no fit called {name!r} ships", allowed=known or "(none)", nearest=nearest_name(name, known))
    return read(folder / name)
