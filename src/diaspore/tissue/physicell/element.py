"""An XML element that remembers which of its parts were read, so that the rest can be named."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from diaspore.core.errors import InputError

_OFF = ("", "0", "false")


class Element:
    """A part of a settings file; ``None`` stands for one that is absent."""

    def __init__(self, element: ElementTree.Element, path: str, seen: set[ElementTree.Element], file: str) -> None:
        self._element, self.path, self._seen, self._file = element, path, seen, file

    def find(self, path: str) -> Element | None:
        """First part at a path such as ``options/chemotaxis``."""
        found = self._element.find(path)
        return None if found is None else Element(found, f"{self.path}/{path}", self._seen, self._file)

    def all(self, path: str) -> list[Element]:
        """All parts at a path."""
        return [Element(e, f"{self.path}/{path}", self._seen, self._file) for e in self._element.findall(path)]

    def name(self, attribute: str = "name") -> str:
        """An attribute as text."""
        return (self._element.get(attribute) or "").strip()

    def text(self, path: str = "", default: str = "") -> str:
        """Text of this element or of a part."""
        found = self._element if not path else self._element.find(path)
        if found is None:
            return default
        self._seen.add(found)
        return (found.text or "").strip() or default

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
        for found in [self._element] if not path else self._element.findall(path):
            self._seen.update(found.iter())

    def left(self) -> Iterator[tuple[str, str]]:
        """Path and text of all that was not read and says something."""
        yield from _left(self._element, self.path, self._seen)


def _left(element: ElementTree.Element, path: str, seen: set[ElementTree.Element]) -> Iterator[tuple[str, str]]:
    text = (element.text or "").strip()
    if element not in seen and len(element) == 0 and not _says_nothing(text):
        yield path, text
    for part in element:
        if (part.get("enabled") or "").lower() != "false":
            name = part.get("name") or part.get("substrate")
            yield from _left(part, f"{path}/{part.tag}" + (f"[{name}]" if name else ""), seen)


def _says_nothing(text: str) -> bool:
    return text.lower() in _OFF or (re.fullmatch(r"[-+.0-9eE]+", text) is not None and float(text) == 0.0)


def read_xml(file: str) -> Element:
    """The root of a settings file.

    Raises:
        InputError: it cannot be read, is no XML, or not of this kind.
    """
    try:
        root = ElementTree.parse(file).getroot()  # entities are not resolved by this parser, so none can be a trap
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=file) from None
    except ElementTree.ParseError as error:
        raise InputError(f"is no XML: {error}", file=file) from None
    if root.tag != "PhysiCell_settings":
        raise InputError(f"begins with <{root.tag}>", file=file, allowed="<PhysiCell_settings>")
    return Element(root, "", set(), file)
