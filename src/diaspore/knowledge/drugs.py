"""Drugs against metastasis: what each hits, at which step of the cascade, by which levers, how it is given, what became
of it, and how it spreads in the body.

What can be said in words is in ``words/drugs.csv``, numbers are in ``tables/drug_pk.csv``; every entry has a source and
a grade of its own, since much of it is recalled: such entries are graded ``assumed`` and no engine uses them unasked.
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
from diaspore.knowledge.load import GRADES, Row, check_grade, check_source, table

FIELDS = ("class", "synonyms", "target", "genes", "step", "levers", "route", "dose", "status", "outcome")
"""What is said of a drug in words."""
STATUSES = ("approved", "phase 3", "phase 2", "phase 1", "preclinical")
"""How far a drug has come."""
_COLUMNS = ("key", "drug", "field", "text", "source", "grade", "note")
_FILE = "words/drugs.csv"


@dataclass(frozen=True)
class Word:
    """One thing that is said of a drug, with what stands behind it."""

    key: str
    text: str
    source: str
    grade: str
    note: str


@dataclass(frozen=True)
class Drug:
    """A drug, or two that are given together.

    Attributes:
        key: as in ``drug.KEY.FIELD``.
        name: for people.
        words: field of `FIELDS` -> what is said.
        numbers: quantity (clearance, volume, half_life, bioavailability, molar_mass) -> row of ``drug_pk``.
    """

    key: str
    name: str
    words: Mapping[str, Word]
    numbers: Mapping[str, Row]

    def text(self, field: str) -> str:
        """What is said of it, "" where nothing is."""
        return self.words[field].text if field in self.words else ""

    def parts(self, field: str) -> tuple[str, ...]:
        """The same, where it is several things."""
        return tuple(part.strip() for part in self.text(field).split(";") if part.strip())

    @property
    def levers(self) -> Mapping[str, int]:
        """Lever -> +1 where the drug raises it, -1 where it lowers it; how far is in no source."""
        found = {}
        for part in self.parts("levers"):
            name, _, sign = part.rpartition(" ")
            found[name] = 1 if sign == "+" else -1
        return found

    def signed_levers(self) -> tuple[str, ...]:
        """Levers for people, as ``- bone_cycle``."""
        return tuple(f"{'+' if sign > 0 else '-'} {name}" for name, sign in self.levers.items())

    @property
    def status(self) -> str:
        """One of `STATUSES`; what came of it (failed, stopped, harm) stands behind it in the words."""
        return self.parts("status")[0]


def _read(text: str, file: str = _FILE) -> dict[str, dict[str, tuple[str, Word]]]:
    """Words of every drug by its key and field.

    Raises:
        InputError: a line that cannot be: it names the line and column.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise InputError(f"the columns are {reader.fieldnames}", file=file, line=1, allowed=_COLUMNS)
    found: dict[str, dict[str, tuple[str, Word]]] = {}
    for row in reader:
        line = reader.line_num
        if None in row or None in row.values():
            raise InputError(f"has not {len(_COLUMNS)} cells", file=file, line=line)
        name, field = row["key"].removeprefix("drug.").rsplit(".", 1)
        if row["field"] not in FIELDS or field != row["field"]:
            raise InputError(
                f"{row['field']!r} is no field of a drug", file=file, line=line, field="field", allowed=FIELDS
            )
        if not row["text"]:
            raise InputError("is empty", file=file, line=line, field="text")
        check_source(row["source"], file=file, line=line)
        check_grade(row["grade"], file=file, line=line)
        of_drug = found.setdefault(name, {})
        if field in of_drug:
            raise InputError(f"{row['key']} is given twice", file=file, line=line, field="key")
        word = Word(row["key"], row["text"], row["source"], row["grade"], row["note"])
        of_drug[field] = (row["drug"], word)
    return found


@cache
def drugs() -> Mapping[str, Drug]:
    """All drugs by name, in the order of the table."""
    text = resources.files("diaspore.knowledge").joinpath("words", "drugs.csv").read_text(encoding="utf-8")
    numbers: dict[str, dict[str, Row]] = {}
    for row in table("drug_pk"):
        numbers.setdefault(row["drug"], {})[row["quantity"]] = row
    found = {}
    for key, fields in _read(text).items():
        name = next(iter(fields.values()))[0]
        words = {field: word for field, (_, word) in fields.items()}
        found[name] = Drug(key, name, MappingProxyType(words), MappingProxyType(numbers.get(name, {})))
    return MappingProxyType(found)


@cache
def drug_names() -> Mapping[str, str]:
    """Every name and synonym of a drug -> its name; a name goes before a synonym."""
    names = {name: name for name in drugs()}
    for name, one in drugs().items():
        for other in one.parts("synonyms"):
            names.setdefault(other, name)
    return MappingProxyType(names)


def drug(name: str) -> Drug:
    """The drug of a name or synonym; upper and lower case, and ``-``/``_``/space, do not matter.

    Raises:
        InputError: there is none; the message names the nearest one.
    """
    plain = {_plain(known): target for known, target in reversed(list(drug_names().items()))}
    if _plain(name) in plain:
        return drugs()[plain[_plain(name)]]
    raise InputError(
        f"there is no drug {name!r}", nearest=nearest_name(name, drug_names()),
        allowed="a name of `diaspore drugs`",
    )  # fmt: skip


def selected(
    target: str | None = None, step: str | None = None, lever: str | None = None, status: str | None = None
) -> list[Drug]:
    """Drugs that fit all that is given.

    Args:
        target: a gene symbol, or a word of the target.
        step: a step of the cascade, as `steps` lists them.
        lever: a lever, with ``+`` or ``-`` before it for one direction.
        status: one of `STATUSES`, or failed, stopped, harm.

    Raises:
        InputError: a step, lever or status that no drug has; it names the nearest.
    """
    every = list(drugs().values())
    words = {
        "step": sorted({part for one in every for part in one.parts("step")}),
        "lever": sorted({name for one in every for name in one.levers}),
        "status": sorted({part for one in every for part in one.parts("status")}),
    }
    wanted = (lever or "").strip()
    sign, wanted = (wanted[0], wanted[1:].strip()) if wanted[:1] in ("+", "-") else ("", wanted)
    for name, value in (("step", step), ("lever", wanted or None), ("status", status)):
        if value is not None and value not in words[name]:
            raise InputError(
                f"no drug has the {name} {value!r}", field=name, allowed=words[name],
                nearest=nearest_name(value, words[name]),
            )  # fmt: skip
    directions = {"+": (1,), "-": (-1,), "": (1, -1)}[sign]
    return [
        one
        for one in every
        if (target is None or _hits(one, target))
        and (step is None or step in one.parts("step"))
        and (not wanted or one.levers.get(wanted) in directions)
        and (status is None or status in one.parts("status"))
    ]


def _hits(one: Drug, target: str) -> bool:
    return target.upper() in one.parts("genes") or _plain(target) in _plain(one.text("target"))


def unconfirmed(one: Drug) -> list[str]:
    """What of a drug nobody has confirmed: its fields and numbers that are graded as assumed."""
    words = [field for field, word in one.words.items() if word.grade == GRADES[-1]]
    return words + [name for name, row in one.numbers.items() if row.grade == GRADES[-1]]


def _plain(text: str) -> str:
    return text.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
