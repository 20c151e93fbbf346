"""Reading a text file that somebody else wrote: size, encoding, and words with their lines and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, shown
from diaspore.networks.expressions import MAX_TOKENS
from diaspore.networks.formats.xmlsafe import read_bytes


def read_text(path: str | Path) -> str:
    """Text of a file in UTF-8.

    Raises:
        InputError: missing, a directory, unreadable, too large, or not UTF-8.
    """
    raw = read_bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        problem = f"is not UTF-8 text (byte 0x{raw[error.start]:02x})"
        raise InputError(problem, file=path, line=line, column=column) from None


@dataclass
class Imported:
    """A network as plain data, and what was not taken over: (what, why)."""

    data: dict[str, Any]
    remarks: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a number or a sign, and where it stands."""

    text: str
    at: int


class Words:
    """The words of a text, read one after the other.

    Args:
        text: all of it; comments were replaced by spaces.
        file: named in messages.
        pattern: matches one word, or spaces (group ``space``).
    """

    def __init__(self, text: str, file: str, pattern: re.Pattern[str]) -> None:
        self.text, self.file = text, file
        self._reached = (0, 1)  # a place that was asked for, and its line
        self._words = self._split(pattern)
        self.now = next(self._words)

    def _split(self, pattern: re.Pattern[str]) -> Iterator[Word]:
        at = 0
        while at < len(self.text):
            found = pattern.match(self.text, at)
            if found is None:
                raise self.error(f"{shown(self.text[at])} cannot stand here", at)
            at = found.end()
            if found.lastgroup != "space":
                yield Word(found[0], found.start())
        while True:
            yield Word("", len(self.text))

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a place in the text."""
        # Places are asked for one after the other: counting from the last keeps a long file from taking its square.
        begin, line = self._reached if self._reached[0] <= at else (0, 1)
        line += self.text.count("\n", begin, at)
        self._reached = (at, line)
        return line, at - self.text.rfind("\n", 0, at)

    def error(
        self, problem: str, at: int, *, allowed: str | list[str] | None = None, nearest: str | None = None
    ) -> InputError:
        """A mistake at a place."""
        line, column = self.place(at)
        return InputError(problem, file=self.file, line=line, column=column, allowed=allowed, nearest=nearest)

    def take(self, *wanted: str) -> Word:
        """The next word, which must be one of ``wanted`` if any are named."""
        word = self.now
        if wanted and word.text not in wanted:
            found = shown(word.text) if word.text else "the end"
            raise self.error(f"found {found} where {' or '.join(map(repr, wanted))} is expected", word.at)
        if not word.text:
            raise self.error("ends too early", word.at)
        self.now = next(self._words)
        return word

    def skip(self, text: str) -> bool:
        """Take the next word if it is this one."""
        if self.now.text != text:
            return False
        self.now = next(self._words)
        return True

    def until(self, *ends: str) -> tuple[str, int]:
        """The text up to one of these words, which stays, and where it begins."""
        start, count = self.now.at, 0
        while self.now.text not in ends:
            count += 1
            if count > MAX_TOKENS:
                raise self.error("is too long", start, allowed=f"at most {MAX_TOKENS:,} words and signs")
            if not self.now.text:
                raise self.error(f"ends before {' or '.join(map(repr, ends))}", start)
            self.now = next(self._words)
        return self.text[start : self.now.at], start
