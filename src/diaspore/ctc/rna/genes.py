"""Symbols of a matrix as present ones: from names of columns or an annotation; old symbols and doubles are noticed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.profiles import aliases

COLUMNS = ("symbol", "gene_symbol", "gene_symbols", "gene_name", "gene_names", "feature_name", "Symbol", "gene")
"""Columns of ``var`` in which symbols are looked for when the names of the genes are Ensembl ids."""
MOST_MISSING = 0.5
"""Largest share of a list that a matrix may lack."""
_ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}(\.\d+)?$")


@dataclass(frozen=True)
class Found:
    """Genes of a list in a matrix.

    Attributes:
        genes: those that are there, in the order of the list.
        columns: (genes,) their columns.
        missing: those that are not.
    """

    genes: tuple[str, ...]
    columns: np.ndarray
    missing: tuple[str, ...]


def is_ensembl(name: str) -> bool:
    """Whether a name is the id of a gene in Ensembl, with or without version."""
    return _ENSEMBL.match(name) is not None


def symbols_of(data: Any, column: str | None = None) -> tuple[np.ndarray, list[str]]:
    """Present symbols of the genes of an AnnData, and what was changed, in words.

    Args:
        data: AnnData. column: of ``data.var`` that holds symbols; left out, the names of the genes, or where these are
            Ensembl ids the first of `COLUMNS` that is there.

    Raises:
        InputError: no such column, or only Ensembl ids.
    """
    names = np.array([str(name).strip() for name in data.var_names], dtype=object)
    known = [str(name) for name in data.var.columns]
    notes = []
    if column is not None:
        if column not in known:
            problem = f"var has no column {column!r}"
            raise InputError(problem, field="symbols", allowed=known, nearest=nearest_name(column, known))
        names = np.array([str(name).strip() for name in data.var[column]], dtype=object)
    elif np.mean([is_ensembl(name) for name in names[:2000]]) > 0.5:
        column = next((name for name in COLUMNS if name in known), None)
        if column is None:
            problem = "the names of the genes are Ensembl ids, and no column of var is known to hold symbols"
            raise InputError(problem, field="symbols", allowed=known or "a column of var with symbols")
        names = np.array([str(name).strip() for name in data.var[column]], dtype=object)
        notes.append(f"symbols were taken from var[{column!r}], since the names of the genes are Ensembl ids")
    old = {name: aliases()[name] for name in dict.fromkeys(names) if name in aliases()}
    if old:
        notes.append("old symbols were read as present ones: " + ", ".join(f"{a} as {b}" for a, b in old.items()))
    return np.array([old.get(name, name) for name in names], dtype=object), notes


def without_doubles(symbols: np.ndarray, means: np.ndarray) -> tuple[dict[str, int], list[str]]:
    """Column of each symbol; of columns with one symbol the one with the highest mean is taken, and that is said.

    Args:
        symbols: (genes,) present symbols. means: (genes,) mean of each column.
    """
    place: dict[str, int] = {}
    doubled: dict[str, None] = {}
    for column, symbol in enumerate(symbols):
        if symbol in place:
            doubled[symbol] = None
            if means[column] <= means[place[symbol]]:
                continue
        place[symbol] = column
    notes = []
    if doubled:
        notes.append(
            f"{len(doubled)} symbols stand on several columns, of which the one with the highest mean was taken: "
            + listed(list(doubled))
        )
    return place, notes


def find_genes(place: dict[str, int], genes: Sequence[str], name: str) -> tuple[Found, list[str]]:
    """Look up the genes of a list; missing ones are listed.

    Args:
        place: column of each symbol. genes: present symbols. name: of the list, for messages.

    Raises:
        InputError: more than `MOST_MISSING` of the list is missing.
    """
    there = [gene for gene in genes if gene in place]
    missing = tuple(gene for gene in genes if gene not in place)
    if len(missing) > MOST_MISSING * len(genes):
        mouse = sum(gene.capitalize() in place for gene in genes) > len(there)
        hint = "; the symbols look like those of a mouse, and the lists are of human genes" if mouse else ""
        raise InputError(
            f"{len(missing)} of the {len(genes)} genes of {name} are missing{hint}: {listed(missing, 20)}",
            field="var_names", allowed=f"at most {MOST_MISSING:.0%} missing; human gene symbols as names of the genes",
        )  # fmt: skip
    notes = [f"{name}: {len(missing)} of {len(genes)} genes are missing: {listed(missing)}"] if missing else []
    return Found(tuple(there), np.array([place[gene] for gene in there], dtype=int), missing), notes


def listed(names: Sequence[str], most: int = 60) -> str:
    """Names on one line, the rest counted."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
