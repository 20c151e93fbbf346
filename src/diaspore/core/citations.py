"""What a run has to cite: BibTeX entries, and the reasons they were used for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from diaspore.core.errors import InputError

_ACCENTS = {
    "'": "áéíóúýćńśźÁÉÍÓÚÝĆŃŚŹ|aeiouycnszAEIOUYCNSZ",
    "`": "àèìòùÀÈÌÒÙ|aeiouAEIOU",
    '"': "äëïöüÿÄËÏÖÜ|aeiouyAEIOU",
    "^": "âêîôûÂÊÎÔÛ|aeiouAEIOU",
    "~": "ãñõÃÑÕ|anoANO",
    "c": "çşÇŞ|csCS",
    "v": "čďěňřšťžČĎĚŇŘŠŤŽ|cdenrstzCDENRSTZ",
    "u": "ăğĂĞ|agAG",
    "=": "āēīōūĀĒĪŌŪ|aeiouAEIOU",
    "H": "őűŐŰ|ouOU",
    "k": "ąęĄĘ|aeAE",
    "r": "åÅ|aA",
    ".": "żŻė|zZe",
}
_SPECIAL = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å",
    "i": "ı", "alpha": "α", "beta": "β", "gamma": "γ", "kappa": "κ", "mu": "µ", "textendash": "–", "times": "×",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One BibTeX entry: citation key, kind ("article", "book" …) and fields (names in lower case, braces kept)."""

    key: str
    kind: str
    fields: Mapping[str, str]

    def bibtex(self) -> str:
        """The entry as BibTeX, fields in the order they were read; notes, which are this package's own, stay out."""
        lines = [f"@{self.kind}{{{self.key},"]
        lines += [f"  {name} = {{{value}}}," for name, value in self.fields.items() if name != "note"]
        return "\n".join([*lines, "}"]) + "\n"


class Citations:
    """The sources a run used, each with the reasons it was used for.

    Order never depends on the order of `add`: keys and reasons come out sorted.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._reasons: dict[str, set[str]] = {}
        for key, reason in pairs:
            self.add(key, reason)

    def add(self, key: str, reason: str) -> None:
        """Note that the source `key` was used for `reason`, e.g. ``"doubling time of liver metastases"``."""
        self._reasons.setdefault(key, set()).add(reason)

    def update(self, other: Citations) -> None:
        """Take over all pairs of `other`."""
        for key, reasons in other._reasons.items():
            self._reasons.setdefault(key, set()).update(reasons)

    def keys(self) -> list[str]:
        """Citation keys, sorted."""
        return sorted(self._reasons)

    def reasons(self, key: str) -> list[str]:
        """What `key` was used for, sorted; empty if it was not used."""
        return sorted(self._reasons.get(key, ()))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((key, reason) for key in self.keys() for reason in self.reasons(key))

    def __len__(self) -> int:
        return len(self._reasons)

    def __contains__(self, key: object) -> bool:
        return key in self._reasons

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Citations) and self._reasons == other._reasons

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Citations({self.keys()})"

    def to_json(self, bibliography: Mapping[str, Entry] | None = None) -> list[dict[str, Any]]:
        """One record per key: ``key``, ``reasons``, and ``text`` (the formatted reference, or None if unknown).

        `bibliography` defaults to the references that come with the package.
        """

        def text(key: str) -> str | None:
            if bibliography is None:
                return _shipped_text(key)
            return format_entry(bibliography[key]) if key in bibliography else None

        return [{"key": key, "text": text(key), "reasons": self.reasons(key)} for key in self.keys()]

    @classmethod
    def from_json(cls, records: Iterable[Mapping[str, Any]]) -> Citations:
        """The inverse of `to_json`."""
        return cls((str(record["key"]), str(reason)) for record in records for reason in record["reasons"])

    def bibtex(self, bibliography: Mapping[str, Entry] | None = None) -> str:
        """BibTeX of all sources, sorted by key; one that is not in `bibliography` becomes a comment line."""
        known = shipped_bibliography() if bibliography is None else bibliography
        return "\n".join(known[key].bibtex() if key in known else f"% no entry for {key}\n" for key in self.keys())


def parse_bib(text: str, *, file: str | None = None) -> dict[str, Entry]:
    """Read BibTeX; comments between entries are skipped.

    Raises:
        InputError: an entry that does not end, has no key, or a key given twice; the message has file and line.
    """
    entries: dict[str, Entry] = {}
    position = 0
    while True:
        start = text.find("@", position)
        if start < 0:
            return entries
        line_start = text.rfind("\n", 0, start) + 1
        if text[max(line_start, position) : start].strip():  # an @ inside a comment line, e.g. an address
            position = start + 1
            continue
        line = text.count("\n", 0, start) + 1
        head = re.compile(r"@\s*(\w+)\s*\{").match(text, start)
        if head is None:
            raise InputError("expected an entry such as @article{key, ...}", file=file, line=line)
        end = _closing_brace(text, head.end(), file, line)
        kind = head[1].lower()
        if kind not in ("comment", "preamble", "string"):
            entry = _entry(kind, text[head.end() : end], file, line)
            if entry.key in entries:
                raise InputError(f"the entry {entry.key} is given twice", file=file, line=line)
            entries[entry.key] = entry
        position = end + 1


@cache
def shipped_bibliography() -> Mapping[str, Entry]:
    """The references that come with the package, by key (empty if it was installed without them)."""
    try:
        source = resources.files("diaspore.knowledge").joinpath("references.bib")
        text = source.read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return MappingProxyType({})
    return MappingProxyType(parse_bib(text, file="references.bib"))


@cache
def _shipped_text(key: str) -> str | None:
    """`format_entry` of a reference that comes with the package; every run formats the same dozens."""
    entry = shipped_bibliography().get(key)
    return None if entry is None else format_entry(entry)


def format_entry(entry: Entry) -> str:
    """One line for people: authors, year, title, where it appeared, DOI or address."""
    get = {name: plain_text(value) for name, value in entry.fields.items()}
    parts = [_authors(entry.fields.get("author") or entry.fields.get("editor") or "")]
    if get.get("year"):
        parts[0] = f"{parts[0]} ({get['year']})".strip()
    if get.get("title"):
        parts.append(get["title"])
    venue = get.get("journal") or get.get("booktitle") or get.get("publisher") or get.get("institution") or ""
    if get.get("volume"):
        venue += f" {get['volume']}"
        if get.get("number"):
            venue += f"({get['number']})"
    if get.get("pages"):
        venue += f":{get['pages']}" if get.get("volume") else f", {get['pages']}"
    parts.append(venue.strip())
    if get.get("doi"):
        parts.append("doi:" + get["doi"].removeprefix("https://doi.org/"))
    elif get.get("url"):
        parts.append(get["url"])
    text = ". ".join(part.rstrip(".") for part in parts if part)
    return text if text else entry.key


def plain_text(latex: str) -> str:
    r"""LaTeX of a bibliography field as plain text: braces dropped, ``{\"o}`` -> ``ö``, ``--`` -> ``–``."""

    def accent(match: re.Match[str]) -> str:
        marked, plain = _ACCENTS[match[1]].split("|")
        letter = match[2] or match[3]
        return marked[plain.index(letter)] if letter in plain else letter

    text = re.sub(r"""\\(['`"^~=.])\s*(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))""", accent, latex)
    text = re.sub(r"\\([cvuHkr])(?:\s*\{([A-Za-z])\}|\s+([A-Za-z]))", accent, text)
    text = re.sub(r"\\([A-Za-z]+)\s*(?:\{\})?", lambda m: _SPECIAL.get(m[1], ""), text)
    text = re.sub(r"\\([&%$#_])", r"\1", text)
    text = text.replace("---", "—").replace("--", "–").replace("~", " ")
    return re.sub(r"\s+", " ", re.sub(r"[{}$]", "", text)).strip()


def _authors(field: str) -> str:
    names = []
    for name in re.split(r"\s+and\s+", field.strip()):
        if not name:
            continue
        if name.lower() == "others":
            names.append("others")
            continue
        if name[0] == "{" and _closing_brace(name, 1, None, 0) == len(name) - 1:  # an institution
            names.append(plain_text(name))
            continue
        plain = plain_text(name)
        if "," in plain:
            family, given = (part.strip() for part in plain.split(",", 1))
        else:
            given, _, family = plain.rpartition(" ")
        initials = "".join(part[0] for part in re.split(r"[\s\-.]+", given) if part)
        names.append(f"{family} {initials}".strip())
    if len(names) > 3 or names[-1:] == ["others"]:
        return f"{names[0]} et al."
    return ", ".join(names)


def _closing_brace(text: str, start: int, file: str | None, line: int) -> int:
    depth = 1
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == 0:
                return match.start()
    raise InputError("this entry is not closed: a } is missing", file=file, line=line)


def _entry(kind: str, body: str, file: str | None, line: int) -> Entry:
    key, comma, rest = body.partition(",")
    key = key.strip()
    if not comma or not key or re.search(r"[\s={}]", key):
        raise InputError("this entry has no key", file=file, line=line)
    fields: dict[str, str] = {}
    name = re.compile(r"\s*,?\s*([A-Za-z][\w\-]*)\s*=\s*")
    position = 0
    while match := name.match(rest, position):
        here = line + body[: len(body) - len(rest) + match.start(1)].count("\n")
        start = match.end()
        if rest[start : start + 1] == "{":
            end = _closing_brace(rest, start + 1, file, here)
            value, position = rest[start + 1 : end], end + 1
        elif rest[start : start + 1] == '"':
            end = start + 1
            depth = 0
            while end < len(rest) and (rest[end] != '"' or depth > 0):
                depth += {"{": 1, "}": -1}.get(rest[end], 0)
                end += 2 if rest[end] == "\\" else 1
            if end >= len(rest):
                raise InputError(f"the field {match[1]} of {key} is not closed", file=file, line=here)
            value, position = rest[start + 1 : end], end + 1
        else:
            bare = re.compile(r"[^,\s]+").match(rest, start)
            if bare is None:
                raise InputError(f"the field {match[1]} of {key} has no value", file=file, line=here)
            value, position = bare[0], bare.end()
        fields[match[1].lower()] = re.sub(r"\s+", " ", value).strip()
    leftover = rest[position:].strip().strip(",").strip()
    if leftover:
        raise InputError(f"cannot read {leftover[:40]!r} in the entry {key}", file=file, line=line)
    return Entry(key=key, kind=kind, fields=MappingProxyType(fields))
