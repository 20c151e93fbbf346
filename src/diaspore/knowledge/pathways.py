"""Signalling pathways of metastasis: members, levers they act on, drugs that hit them.

The tables are ``pathways``, ``pathway_genes``, ``pathway_levers`` and ``pathway_drugs``. A sign is +1 or -1: a gene
with +1 raises the activity of the pathway, or (a target) rises with it; a lever with +1 is raised by the pathway's
activity; a drug with +1 raises that activity. Signs are directions: how strongly is not in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.load import Row, table


@dataclass(frozen=True)
class Pathway:
    """One pathway with the rows of its members, levers and drugs.

    Attributes:
        name: as in ``tgf-beta``.
        aliases: further names it is found by.
        row: its row in ``pathways``; title, role in the cascade, identifiers.
        networks: shipped molecular networks that model it.
    """

    name: str
    aliases: tuple[str, ...]
    row: Row
    genes: tuple[Row, ...]
    levers: tuple[Row, ...]
    drugs: tuple[Row, ...]
    networks: tuple[str, ...] = ()

    @property
    def identifiers(self) -> Mapping[str, tuple[str, ...]]:
        """Names in other collections; those of KEGG are cross-references only."""
        found = {name: parts(self.row[column]) for name, column in _IDENTIFIERS.items()}
        return MappingProxyType({name: numbers for name, numbers in found.items() if numbers})


_MAX_ALLOWED = 50  # beyond, the nearest name says more than a list
_IDENTIFIERS = {"Reactome": "reactome", "WikiPathways": "wikipathways", "KEGG": "kegg"}


def parts(text: str) -> tuple[str, ...]:
    """Names in a cell, which stand between semicolons."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def signed(row: Row) -> str:
    """The sign of a row as ``+`` or ``-``."""
    return "+" if row.value > 0.0 else "-"


@cache
def pathways() -> Mapping[str, Pathway]:
    """All pathways by name, in the order of the table."""
    members = {name: _by_pathway(name) for name in ("pathway_genes", "pathway_levers", "pathway_drugs")}
    found = {}
    for row in table("pathways"):
        name = row["pathway"]
        of_genes, of_levers, of_drugs = (tuple(rows.pop(name, ())) for rows in members.values())
        networks = parts(row.columns.get("networks", ""))
        found[name] = Pathway(name, parts(row["aliases"]), row, of_genes, of_levers, of_drugs, networks)
    for kind, rows in members.items():
        for row in (row for of_one in rows.values() for row in of_one):
            problem = f"{row['pathway']!r} is no pathway of pathways.csv"
            nearest = nearest_name(row["pathway"], found)
            raise InputError(problem, file=f"{kind}.csv", line=row.line, field="pathway", nearest=nearest)
    return MappingProxyType(found)


def pathway(name: str) -> Pathway:
    """The pathway of a name or alias; upper and lower case, and ``-``/``_``/space, do not matter.

    Raises:
        InputError: there is none; the message names the nearest one.
    """
    return pathways()[_found(name, pathway_names(), "pathway")]


def genes() -> Mapping[str, tuple[Row, ...]]:
    """Rows of every gene by HGNC symbol, sorted."""
    return _collected("pathway_genes", "gene")


def gene(symbol: str) -> tuple[Row, ...]:
    """Rows of a gene, one for each pathway it is in; found by HGNC symbol or by the name of its protein.

    Raises:
        InputError: it is in no pathway; the message names the nearest one.
    """
    return genes()[_found(symbol, gene_names(), "gene of a pathway")]


def drugs() -> Mapping[str, tuple[Row, ...]]:
    """Rows of every drug by name, sorted."""
    return _collected("pathway_drugs", "drug")


def drug(name: str) -> tuple[Row, ...]:
    """Rows of a drug, one for each pathway that it hits.

    Raises:
        InputError: it hits none; the message names the nearest one.
    """
    return drugs()[_found(name, {name: name for name in drugs()}, "drug of a pathway")]


@cache
def pathway_names() -> Mapping[str, str]:
    """Every name and alias of a pathway -> its name; a name goes before an alias."""
    names = {name: name for name in pathways()}
    for name, item in pathways().items():
        for alias in item.aliases:
            names.setdefault(alias, name)
    return MappingProxyType(names)


@cache
def gene_names() -> Mapping[str, str]:
    """Every symbol, and every name of a protein that only one gene has -> the symbol."""
    names = {symbol: symbol for symbol in genes()}
    of_protein: dict[str, set[str]] = {}
    for symbol, rows in genes().items():
        for row in rows:
            if row["protein"]:
                of_protein.setdefault(row["protein"], set()).add(symbol)
    for protein, symbols in of_protein.items():
        if len(symbols) == 1:
            names.setdefault(protein, *symbols)
    return MappingProxyType(names)


def _by_pathway(name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in table(name):
        found.setdefault(row["pathway"], []).append(row)
    return found


@cache
def _collected(name: str, column: str) -> Mapping[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in table(name):
        found.setdefault(row[column], []).append(row)
    return MappingProxyType({key: tuple(found[key]) for key in sorted(found, key=str.lower)})


def _found(name: str, names: Mapping[str, str], what: str) -> str:
    plain: dict[str, str] = {}
    for known, target in names.items():
        plain.setdefault(_plain(known), target)
    if _plain(name) in plain:
        return plain[_plain(name)]
    own = sorted(set(names.values()))
    allowed: Sequence[str] | None = own if len(own) <= _MAX_ALLOWED else None
    raise InputError(
        f"{name!r} is no {what}", allowed=allowed, nearest=nearest_name(name, own) or nearest_name(name, names)
    )


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")
