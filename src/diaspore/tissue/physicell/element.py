"""An XML element that remembers which of its parts were read, so that the rest can be named."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from diaspore.core.errors import InputError

_OFF = ("", "0", "false")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
DEEPEST = 60


class Element:
    """A part of a settings file, with those from which it inherits: what it lacks is looked up in them."""

    def __init__(
        self, elements: list[ElementTree.Element], path: str, seen: set[ElementTree.Element], file: str
    ) -> None:
        self._elements, self.path, self._seen, self._file = elements, path, seen, file

    def inheriting(self, parents: list[Element]) -> Element:
        """This element, with parents nearest first."""
        return Element([*self._elements, *(e for p in parents for e in p._elements)], self.path, self._seen, self._file)

    def find(self, path: str, **attributes: str) -> Element | None:
        """First part at a path such as ``options/chemotaxis``, of those with the attributes."""
        found = [e for own in self._elements if (e := _first(own, path, attributes)) is not None]
        return Element(found, f"{self.path}/{path}", self._seen, self._file) if found else None

    def all(self, path: str) -> list[Element]:
        """All parts at a path, of the nearest element that has any."""
        found = next((parts for own in self._elements if (parts := own.findall(path))), [])
        return [Element([e], f"{self.path}/{path}", self._seen, self._file) for e in found]

    def whole(self) -> Element:
        """The nearest element that has parts, alone: of what only makes sense together."""
        chosen = next((own for own in self._elements if len(own)), self._elements[0])
        return Element([chosen], self.path, self._seen, self._file)

    def own(self) -> Element:
        """This element without those from which it inherits."""
        return Element(self._elements[:1], self.path, self._seen, self._file)

    def name(self, attribute: str = "name") -> str:
        """An attribute as text."""
        return next((text.strip() for own in self._elements if (text := own.get(attribute))), "")

    def text(self, path: str = "", default: str = "") -> str:
        """Text of this element or of a part."""
        chosen = ""
        for own in self._elements:
            found = own if not path else own.find(path)
            if found is not None:
                self._seen.add(found)
                chosen = chosen or (found.text or "").strip()
        return chosen or default

    def number(self, path: str = "", default: float | None = None) -> float | None:
        """Number in this element or in a part; ``default`` where it is absent or empty.

        Raises:
            InputError: a text that is no finite number.
        """
        text = self.text(path)
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{text!r} is no number", file=self._file, field=f"{self.path}/{path}".strip("/"))
        return value

    def index(self, attribute: str, below: int) -> int | None:
        """A whole number from 0 in an attribute; None where it is not below a limit."""
        text = self.name(attribute) or "0"
        number = int(text) if text.isascii() and text.isdecimal() else -1
        return number if 0 <= number < below else None

    def on(self, path: str = "", default: bool = False) -> bool:
        """Whether an element says true."""
        text = self.text(path).lower()
        return default if not text else text in ("true", "1")

    def enabled(self, default: bool = True) -> bool:
        """Whether the attribute ``enabled`` says true."""
        text = self.name("enabled").lower()
        return default if not text else text in ("true", "1")

    def pass_over(self, path: str = "") -> None:
        """Mark an element and all in it as read: it says nothing about the model."""
        for own in self._elements:
            for found in [own] if not path else own.findall(path):
                self._seen.update(found.iter())

    def left(self) -> Iterator[tuple[str, str]]:
        """Path and text of all that was not read and says something."""
        yield from _left(self._elements[0], self.path, self._seen)


def _first(element: ElementTree.Element, path: str, attributes: dict[str, str]) -> ElementTree.Element | None:
    wanted = attributes.items()
    return next((e for e in element.findall(path) if all((e.get(k) or "").strip() == v for k, v in wanted)), None)


def _left(element: ElementTree.Element, path: str, seen: set[ElementTree.Element]) -> Iterator[tuple[str, str]]:
    text = (element.text or "").strip()
    if element not in seen and len(element) == 0 and not _says_nothing(text):
        yield path, text
    for part in element:
        if (part.get("enabled") or "").lower() != "false":
            name = part.get("name") or part.get("substrate")
            yield from _left(part, f"{path}/{part.tag}" + (f"[{name}]" if name else ""), seen)


def _says_nothing(text: str) -> bool:
    return text.lower() in _OFF or (_NUMBER.fullmatch(text) is not None and float(text) == 0.0)


def read_xml(file: str) -> Element:
    """The root of a settings file.

    Raises:
        InputError: it cannot be read, is no XML, or not of this kind.
    """
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=file) from None
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:  # entities could stand for any amount of text
        raise InputError("has a document type, which no settings file needs", file=file)
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise InputError(f"is no XML: {error}", file=file) from None
    if root.tag != "PhysiCell_settings":
        raise InputError(f"begins with <{root.tag}>", file=file, allowed="<PhysiCell_settings>")
    if _depth(root) > DEEPEST:
        raise InputError(f"is nested deeper than {DEEPEST} elements", file=file)
    return Element([root], "", set(), file)


def _depth(root: ElementTree.Element) -> int:
    depth, layer = 0, [root]
    while layer and depth <= DEEPEST:
        depth, layer = depth + 1, [part for element in layer for part in element]
    return depth
