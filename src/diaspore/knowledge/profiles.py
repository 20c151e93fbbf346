"""Lists for single-cell profiles: signatures of epithelium and mesenchyme, markers, old symbols, public series.

Data are in the folder ``profile_data``, with their sources in its ``SOURCES.md``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from diaspore.core.errors import InputError, nearest_name

SIGNATURES = ("76GS", "KS_cellline", "KS_tumour")
"""Names of the signatures; those of KS have genes of epithelium and of mesenchyme."""


@dataclass(frozen=True)
class Signature:
    """Genes of a signature, as present symbols.

    Attributes:
        name: one of `SIGNATURES`.
        genes: all of them, in the order of the list.
        epithelial, mesenchymal: those of each kind; empty for 76GS, whose genes get their sign from the data.
        source: key in ``references.bib``.
    """

    name: str
    genes: tuple[str, ...]
    epithelial: tuple[str, ...]
    mesenchymal: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Series:
    """A public series of profiles that a user may download.

    Attributes:
        accession, cancer, what, format: as its page says.
        shape: how `diaspore.ctc.rna.load_profiles` reads it (matrix, files, mex), or "" where the form is not known.
        where: address of its page.
        status: whether this entry was read or is recalled.
    """

    accession: str
    cancer: str
    what: str
    format: str
    shape: str
    where: str
    status: str


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("diaspore.knowledge").joinpath("profile_data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def aliases() -> Mapping[str, str]:
    """Old symbol -> present one."""
    return MappingProxyType({row["old"]: row["symbol"] for row in _rows("aliases")})


def present_symbol(symbol: str) -> str:
    """The present symbol of a gene; unknown ones stay."""
    return aliases().get(symbol, symbol)


@cache
def signature(name: str) -> Signature:
    """The signature called `name`.

    Raises:
        InputError: there is none.
    """
    if name not in SIGNATURES:
        raise InputError(
            f"no signature is called {name!r}",
            field="signature", allowed=SIGNATURES, nearest=nearest_name(name, SIGNATURES),
        )  # fmt: skip
    rows = [row for row in _rows("signatures") if row["signature"] == name]

    def genes(role: str | None) -> tuple[str, ...]:
        found = (present_symbol(row["gene"]) for row in rows if role is None or row["role"] == role)
        return tuple(dict.fromkeys(found))

    source = "byers2013" if name == "76GS" else "tan2014"
    return Signature(name, genes(None), genes("E"), genes("M"), source)


@cache
def markers() -> Mapping[str, tuple[str, ...]]:
    """Kind of cell -> genes that mark it (recalled, graded assumed)."""
    found: dict[str, list[str]] = {}
    for row in _rows("markers"):
        found.setdefault(row["kind"], []).append(row["gene"])
    return MappingProxyType({kind: tuple(genes) for kind, genes in found.items()})


@cache
def series() -> tuple[Series, ...]:
    """Public series of circulating tumour cells; nothing of them is shipped."""
    return tuple(Series(**row) for row in _rows("datasets"))
