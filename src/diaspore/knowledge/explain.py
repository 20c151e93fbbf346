"""What stands behind a name: a fact, a parameter, a lever, a site, a primary, a pathway or a citation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from diaspore.core.citations import format_entry
from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.anatomy import SITES, capillary_bed, primaries, site, site_flow_percent, tropism, vessels_of
from diaspore.knowledge.drugs import Drug, drug_names, unconfirmed
from diaspore.knowledge.drugs import drug as agent
from diaspore.knowledge.drugs import drugs as agents
from diaspore.knowledge.load import Row, facts, references
from diaspore.knowledge.parameters import ParameterSet, load_parameter_set, parameter_set_names
from diaspore.knowledge.pathways import (
    drug,
    drugs,
    gene,
    gene_names,
    genes,
    parts,
    pathway,
    pathway_names,
    pathways,
    signed,
)

_MAX_USES = 20
_ALLOWED = (
    "a parameter (docs/parameters.md), fact or lever (docs/knowledge.md, docs/levers.md), site, primary, "
    "lymph-node station, pathway, gene or drug (docs/pathways.md) or citation (docs/references.md)"
)

# Which part of the package reads a table.
_READERS = {
    "body": "circulation of the body",
    "capillaries": "capillary beds of the sites",
    "drug_pk": "drugs",
    "drug_reach": "treatments: where a drug comes",
    "lever_strengths": "treatments: effects of drugs without a sourced strength",
    "pk_models": "concentrations of drugs",
    "cavities": "body cavities",
    "compartments_female": "circulation of the body",
    "compartments_male": "circulation of the body",
    "flow_edges_female": "circulation of the body",
    "flow_edges_male": "circulation of the body",
    "levers": "levers that treatments and users turn",
    "nodal_stations": "lymphatic spread",
    "pathway_drugs": "pathways: drugs that hit them",
    "pathway_genes": "pathways: their genes",
    "pathway_levers": "pathways: levers that they act on",
    "pathways": "pathways",
    "primaries": "names of primaries",
    "site_map": "sites of the body",
    "tropism": "organ tropism",
}


@dataclass(frozen=True)
class Explanation:
    """Everything known about one name.

    Attributes:
        key: the name as the package writes it.
        kind: "fact", "parameter", "lever", "site", "primary", "pathway", "gene", "drug" or "citation".
        title: what it is, in words.
        value: the value as text, "" where there is none.
        unit: its unit, "" where it has none or the value carries it.
        low, high: interval as text, "" where none is known.
        source: citation key, "" where there is none.
        reference: the source as one line.
        grade: evidence grade, "" where there is none.
        note: remarks.
        used_in: where it is used.
        details: further columns or properties by name; several lines as a tuple.
    """

    key: str
    kind: str
    title: str
    value: str = ""
    unit: str = ""
    low: str = ""
    high: str = ""
    source: str = ""
    reference: str = ""
    grade: str = ""
    note: str = ""
    used_in: tuple[str, ...] = ()
    details: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def to_text(self) -> str:
        """Several lines for people."""
        lines = [f"{self.key}  ({self.kind})"]
        if self.title and self.title != self.key:
            lines.append(f"  {self.title}")
        lines += [f"  {name:<9} {text}" for name, text in self._fields()]
        for name, text in self.details.items():
            several = (text,) if isinstance(text, str) else text
            lines += [f"  {name if i == 0 else '':<9} {line}" for i, line in enumerate(several)]
        lines += [f"  {'used in' if i == 0 else '':<9} {use}" for i, use in enumerate(self.used_in)]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON; missing texts are "", several lines a list."""
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title,
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "source": self.source,
            "reference": self.reference,
            "grade": self.grade,
            "note": self.note,
            "used_in": list(self.used_in),
            "details": {name: text if isinstance(text, str) else list(text) for name, text in self.details.items()},
        }

    def _fields(self) -> list[tuple[str, str]]:
        unit = "" if self.unit in ("", "dimensionless") else f" {self.unit}"
        found = []
        if self.value:
            found.append(("value", self.value + unit))
        if self.low or self.high:
            found.append(("interval", f"{self.low or '?'} to {self.high or '?'}{unit}"))
        if self.source:
            found.append(("source", f"{self.reference} [{self.source}]" if self.reference else self.source))
        if self.grade:
            found.append(("grade", self.grade))
        if self.note:
            found.append(("note", self.note))
        return found


def explain(key: str) -> Explanation:
    """What the package knows under `key`; upper and lower case, and ``-``/``_``, do not matter.

    A parameter is found as ``SET:KEY``, or by KEY alone in the first set (by name) that has it; a pathway, a gene and a
    drug as ``pathway.NAME``, ``gene.SYMBOL`` and ``drug.NAME``, or by the name alone where nothing else has it.

    Raises:
        InputError: nothing is called so; the message names what is, or the nearest name.
    """
    index = _index()
    found = index.get(_plain(key))
    if found is not None:
        name, make = found
        return make(name)
    group, _, name = key.partition(".")
    if group.strip().lower() in _LISTS and name:
        _LISTS[group.strip().lower()].find(name)  # says which name is near among its own
    below = [name for form, (name, _) in index.items() if form.startswith(_plain(key) + ".")]
    if below:
        raise InputError(f"{key!r} is a group of names; give one of them", allowed=below)
    names = {form: name for form, (name, _) in index.items()}
    nearest = nearest_name(_plain(key), names)
    holding = search(key)
    raise InputError(
        f"nothing is called {key!r}",
        allowed=holding if 0 < len(holding) <= _MAX_USES else _ALLOWED,
        nearest=names.get(nearest or "", nearest),
    )


def listing(group: str) -> tuple[tuple[str, ...], list[tuple[str | int, ...]]] | None:
    """Columns and rows of all pathways, genes or drugs for ``pathway``, ``gene``, ``drug``; None for another word."""
    found = _LISTS.get(group.strip().lower())
    return None if found is None else (found.columns, found.rows())


def search(text: str) -> list[str]:
    """Names that contain every word of `text`, or whose fact or reference does, sorted."""
    words = text.lower().split()
    if not words:
        return []
    hits = set()
    for name, haystack in _haystacks():
        if all(word in haystack for word in words):
            hits.add(name)
    return sorted(hits)


@cache
def _index() -> Mapping[str, tuple[str, Callable[[str], Explanation]]]:
    """Plain form of every name -> (name, how to explain it). The first kind to claim a name keeps it."""
    found: dict[str, tuple[str, Callable[[str], Explanation]]] = {}

    def add(form: str, name: str, make: Callable[[str], Explanation]) -> None:
        found.setdefault(_plain(form), (name, make))

    for key, row in facts().items():
        if row.table == "primaries":
            add(key, row["primary"], _primary)
        elif row.table == "pathways":
            add(key, row["pathway"], _pathway)
        else:
            add(key, key, _lever if row.table == "levers" else _fact)
    for place in SITES:
        add(place, place, _site)
        add(f"site.{place}", place, _site)
    for row in facts().values():
        if row.table == "levers":
            add(row["lever"], row.key, _lever)
    for parameters in _sets():
        for key in parameters:
            add(f"{parameters.name}:{key}", f"{parameters.name}:{key}", _parameter)
            add(key, f"{parameters.name}:{key}", _parameter)
    for row in facts().values():
        if row.table == "nodal_stations":
            add(row["station"], row.key, _fact)
    for key in references():
        add(key, key, _citation)
    for name in primaries():
        add(name, name, _primary)
    for group, names, make in (
        ("pathway", pathway_names(), _pathway), ("gene", gene_names(), _gene), ("drug", _drug_names(), _drug),
    ):  # fmt: skip
        for form, name in names.items():
            add(f"{group}.{form}", name, make)
            add(form, name, make)
    return MappingProxyType(found)


@cache
def _haystacks() -> tuple[tuple[str, str], ...]:
    found = [(row.key, " ".join((row.key, *row.columns.values(), row.source, row.note))) for row in facts().values()]
    found += [(name, f"site {name}") for name in SITES]
    found += [(name, f"{name} {item.title} {item.msk_primary}") for name, item in primaries().items()]
    for parameters in _sets():
        for key, entry in parameters.own.items():
            found.append((f"{parameters.name}:{key}", f"{key} {entry.source} {entry.note}"))
    found += [(key, f"{key} {format_entry(entry)}") for key, entry in references().items()]
    return tuple((name, text.lower()) for name, text in found)


@cache
def _sets() -> tuple[ParameterSet, ...]:
    return tuple(load_parameter_set(name) for name in parameter_set_names())


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _reference(key: str) -> str:
    entry = references().get(key)
    return "" if entry is None else format_entry(entry)


def _uses_of_fact(row: Row) -> tuple[str, ...]:
    uses = [f"table {row.table}.csv, line {row.line}"]
    if row.table in _READERS:
        uses.append(_READERS[row.table])
    # A parameter says in its note which fact it was taken from.
    for parameters in _sets():
        uses += [f"{parameters.name}:{key}" for key, entry in parameters.own.items() if row.key in entry.note]
    return tuple(uses)


def _fact(key: str) -> Explanation:
    row = facts()[key]
    own = {name: text for name, text in row.columns.items() if text}
    words = [own[name] for name in ("title", "quantity", "parameter", "context", "subsite") if name in own]
    return Explanation(
        key=key,
        kind="fact",
        title=", ".join(words),
        value=_number(row.value),
        unit=row.unit,
        low=_number(row.low),
        high=_number(row.high),
        source=row.source,
        reference=_reference(row.source),
        grade=row.grade,
        note=row.note,
        used_in=_uses_of_fact(row),
        details={name: text for name, text in own.items() if text not in words},
    )


def _lever(key: str) -> Explanation:
    row = facts()[key]
    unit = "" if row.unit == "dimensionless" else f" {row.unit}"
    meaning, _, _ = row.note.partition("; value is the neutral setting")
    details = {
        "neutral": f"{_number(row.value)}{unit}",
        "combined": row["combination"],
        "index": row["index"],
        "engines": row["engines"],
    }
    moved = [acts for item in pathways().values() for acts in item.levers if acts["lever"] == row["lever"]]
    details |= {"pathways": ", ".join(f"{signed(acts)} {acts['pathway']}" for acts in moved)} if moved else {}
    return Explanation(
        key=row["lever"],
        kind="lever",
        title=meaning,
        unit=row.unit,
        source=row.source,
        reference=_reference(row.source),
        note="a definition, not evidence; a setting above or below neutral is allowed",
        used_in=tuple(part.strip() for part in row["engines"].split(",")),
        details=details,
    )


def _site(name: str) -> Explanation:
    place = site(name)
    bed = capillary_bed(name)
    details = {
        "capillary": f"{bed.type}, {bed.diameter_um:g} um, passes {bed.pore_nm:g} nm",
        "vessels": f"as {vessels_of()[name]}, which has most of the bed" if vessels_of()[name] != name else "its own",
        "MSK-MET": place.msk_site or "(not counted)",
    }
    for sex, nodes in place.nodes.items():
        parts = ", ".join(f"{node} x {share:g}" if share != 1 else node for node, share in nodes.items())
        details[sex] = f"{site_flow_percent(name, sex):.4g} % of cardiac output ({parts})" if parts else "no such organ"
    rows = [row for row in facts().values() if row.table == "site_map" and row["site"] == name]
    note = rows[0].note.removesuffix("; no interval known")
    if name in primaries():
        note += f"; the primary is explained as primary.{name}"
    return Explanation(
        key=name,
        kind="site",
        title=f"body site {name.replace('_', ' ')}",
        source=rows[0].source,
        reference=_reference(rows[0].source),
        grade=rows[0].grade,
        note=note,
        used_in=("sites of the body", *(row.key for row in rows)),
        details=details,
    )


def _primary(name: str) -> Explanation:
    item = primaries()[name]
    counts = sorted(tropism(name).items(), key=lambda pair: -pair[1][0])
    total = counts[0][1][1]
    top = ", ".join(f"{place} {100 * k / n:.0f} %" for place, (k, n) in counts[:5])
    details = {
        "MSK-MET": f"{item.msk_primary}, {total} metastatic patients: {top}",
        "SEER": item.seer_cancer or "(no size table)",
        "stations": item.stations,
        "sex": item.sex,
    }
    return Explanation(
        key=name,
        kind="primary",
        title=item.title,
        source="nguyen2022",
        reference=_reference("nguyen2022"),
        used_in=("names of primaries", "organ tropism", "lymphatic spread"),
        details=details,
    )


def _pathway(name: str) -> Explanation:
    item = pathway(name)
    row = item.row
    details: dict[str, str | tuple[str, ...]] = {"role": row["role"]}
    for sign in "+-":
        of_sign = [member["gene"] for member in item.genes if signed(member) == sign]
        details |= {f"genes {sign}": ", ".join(of_sign)} if of_sign else {}
    details["levers"] = tuple(
        f"{signed(acts)} {acts['lever']}: {acts['mechanism']} ({acts.grade}, {acts.source})" for acts in item.levers
    )
    if item.drugs:
        details["drugs"] = tuple(f"{signed(hit)} {hit['drug']}: {_drug_line(hit)}" for hit in item.drugs)
    details |= {name: ", ".join(numbers) for name, numbers in item.identifiers.items()}
    if item.networks:
        details["networks"] = ", ".join(item.networks)
    return Explanation(
        key=item.name,
        kind="pathway",
        title=row["title"],
        source=row.source,
        reference=_reference(row.source),
        grade=row.grade,
        note=row.note.partition("; value is the number")[0],
        used_in=("no engine: these are directions without strengths",),
        details=details,
    )


def _gene(symbol: str) -> Explanation:
    rows = gene(symbol)
    proteins = dict.fromkeys(row["protein"] for row in rows if row["protein"])
    hits = {row["drug"] for rows_of in drugs().values() for row in rows_of if symbol in parts(row["targets"])}
    details: dict[str, str | tuple[str, ...]] = {
        "pathways": tuple(
            f"{signed(row)} {row['pathway']}: {row['role']} ({row.grade}, "
            f"{row['listed_in'] or (row.source if row.source != 'diaspore' else 'recalled')})"
            for row in rows
        )
    }  # fmt: skip
    details |= {"drugs": ", ".join(sorted(hits, key=str.lower))} if hits else {}
    return Explanation(
        key=symbol,
        kind="gene",
        title=", ".join(proteins),
        used_in=tuple(row.key for row in rows),
        details=details,
    )


@cache
def _drug_names() -> Mapping[str, str]:
    """Every name of a drug, of the drug base or of pathways only -> how to explain it."""
    return {**{name: name for name in drugs()}, **drug_names()}


def _find_drug(name: str) -> object:
    try:
        return drug(name)
    except InputError:
        return agent(name)


def _drug(name: str) -> Explanation:
    if name not in agents():
        return _drug_of_pathways(name)
    one = agents()[name]
    hits = [row for other in {name, *one.parts("synonyms")} for row in drugs().get(other, ())]
    details: dict[str, str | tuple[str, ...]] = {
        field: word.text for field, word in one.words.items() if field not in ("class", "levers", "outcome")
    }
    details["levers"] = one.signed_levers()
    if hits:
        details["pathways"] = tuple(f"{signed(row)} {row['pathway']}: {_drug_line(row)}" for row in hits)
    details["numbers"] = tuple(_drug_number(row) for row in one.numbers.values())
    details["outcome"] = one.text("outcome")
    details |= {"recalled": ", ".join(unconfirmed(one))}
    source = one.words["outcome"]
    return Explanation(
        key=name,
        kind="drug",
        title=one.text("class"),
        source=source.source,
        reference=_reference(source.source),
        grade=source.grade,
        note=f"source and grade are those of the outcome; {source.note}".removesuffix("; "),
        used_in=_uses_of_drug(one),
        details={field: text for field, text in details.items() if text},
    )


def _uses_of_drug(one: Drug) -> tuple[str, ...]:
    keys = [word.key for word in one.words.values()] + [row.key for row in one.numbers.values()]
    return (f"{keys[0]} and {len(keys) - 1} more entries", "treatments that name it")


def _drug_number(row: Row) -> str:
    unit = "" if row.unit == "dimensionless" else f" {row.unit}"
    basis = "recalled" if row.source == "diaspore" else row.source
    return f"{row['quantity'].replace('_', ' ')} {_number(row.value)}{unit} ({row.grade}, {basis})"


def _drug_of_pathways(name: str) -> Explanation:
    rows = drug(name)
    return Explanation(
        key=name,
        kind="drug",
        title=rows[0]["action"],
        source=rows[0].source,
        reference=_reference(rows[0].source),
        grade=rows[0].grade,
        note=rows[0].note.removesuffix("; no interval known"),
        used_in=tuple(row.key for row in rows),
        details={"pathways": tuple(f"{signed(row)} {row['pathway']}: {_drug_line(row)}" for row in rows)},
    )


def _drug_line(row: Row) -> str:
    """Targets, action and what trials found."""
    words = ", ".join(part for part in (row["targets"], row["action"]) if part)
    return f"{words}; {row['status']} ({row.source})" if row["status"] else f"{words} ({row.grade})"


def _pathway_rows() -> list[tuple[str | int, ...]]:
    return [
        (name, item.row["title"], ", ".join(f"{signed(acts)} {acts['lever']}" for acts in item.levers), len(item.genes),
         len(item.drugs))
        for name, item in pathways().items()
    ]  # fmt: skip


def _gene_rows() -> list[tuple[str | int, ...]]:
    return [(symbol, ", ".join(f"{signed(row)} {row['pathway']}" for row in rows)) for symbol, rows in genes().items()]


def _drug_rows() -> list[tuple[str | int, ...]]:
    found: list[tuple[str | int, ...]] = [
        (name, one.text("genes"), ", ".join(one.signed_levers()), one.text("status"))
        for name, one in agents().items()
    ]  # fmt: skip
    others = sorted(set(drugs()) - set(drug_names()), key=str.lower)
    return found + [(name, drugs()[name][0]["targets"], "", drugs()[name][0]["status"]) for name in others]


class _List(NamedTuple):
    """A kind of name that is listed: how to find one, the columns of the list, and its rows."""

    find: Callable[[str], object]
    columns: tuple[str, ...]
    rows: Callable[[], list[tuple[str | int, ...]]]


_LISTS = {
    "pathway": _List(pathway, ("pathway", "title", "levers", "genes", "drugs"), _pathway_rows),
    "gene": _List(gene, ("gene", "pathways"), _gene_rows),
    "drug": _List(_find_drug, ("drug", "genes", "levers", "status"), _drug_rows),
}


def _parameter(name: str) -> Explanation:
    set_name, _, key = name.partition(":")
    parameters = load_parameter_set(set_name)
    entry = parameters[key]
    uses = [f"parameter set {set_name} (version {parameters.version})"]
    uses += [f"{other.name}:{key}" for other in _sets() if other.name != set_name and key in other]
    details = {} if entry.spread is None else {"spread": _text(entry.spread)}
    return Explanation(
        key=key,
        kind="parameter",
        title=f"{parameters.title}: {key}",
        value=_text(entry.value),
        low="" if entry.low is None else _text(entry.low),
        high="" if entry.high is None else _text(entry.high),
        source=entry.source,
        reference=_reference(entry.source),
        grade=entry.grade,
        note=entry.note,
        used_in=tuple(uses),
        details=details,
    )


def _citation(key: str) -> Explanation:
    entry = references()[key]
    uses = [row.key for row in facts().values() if row.source == key]
    for parameters in _sets():
        uses += [f"{parameters.name}:{name}" for name, item in parameters.own.items() if item.source == key]
    shown = uses[:_MAX_USES]
    if len(uses) > len(shown):
        shown.append(f"… and {len(uses) - len(shown)} more")
    return Explanation(
        key=key,
        kind="citation",
        title=format_entry(entry),
        source=key,
        note=entry.fields.get("note", ""),
        used_in=tuple(shown),
        details={name: entry.fields[name] for name in ("doi", "pmid", "url") if entry.fields.get(name)},
    )


def _text(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)
