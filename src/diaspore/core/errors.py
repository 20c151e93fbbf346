"""Errors meant for a person: what is wrong, where, what is allowed, and the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

_MAX_LISTED = 40


class DiasporeError(Exception):
    """Base of every error a user can cause; carries one clear message, printed without a traceback."""


class RunStoreError(DiasporeError):
    """A run directory cannot be created, written, resumed or read."""


class InputError(DiasporeError, ValueError):
    """One mistake in what the user wrote.

    Args:
        problem: what is wrong, in one sentence without the location.
        file: the file it was found in.
        line: 1-based line number in `file`.
        column: 1-based column in that line, for formats in which a line holds many things.
        field: dotted name of the field, e.g. ``primary.doubling_time``.
        allowed: what would be accepted: a sentence, or the list of accepted names.
        nearest: the accepted name closest to what was written.

    It is also a `ValueError`, so a pydantic validator may raise it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
        allowed: str | Sequence[str] | None = None,
        nearest: str | None = None,
        column: int | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.line = line
        self.column = column
        self.field = field or None
        self.allowed = allowed if allowed is None or isinstance(allowed, str) else tuple(allowed)
        self.nearest = nearest
        super().__init__(self._render())

    def _render(self) -> str:
        where = ""
        if self.file is not None:
            place = "" if self.line is None else f":{self.line}"
            where = f"{self.file}{place}{'' if self.column is None else f':{self.column}'}: "
        elif self.line is not None:
            where = f"line {self.line}: " if self.column is None else f"line {self.line}, column {self.column}: "
        elif self.column is not None:
            where = f"column {self.column}: "
        if self.field is not None:
            where += f"{self.field}: "
        text = where + self.problem
        if self.allowed is not None:
            text += f"\n  allowed: {list_names(self.allowed)}"
        if self.nearest is not None:
            text += f"\n  did you mean {self.nearest!r}?"
        return text

    def located(
        self, *, file: str | Path | None = None, line: int | None = None, field: str | None = None
    ) -> InputError:
        """The same error with the missing parts of its location filled in.

        A column without a line is one in the text of a field; where the line of the field is filled in, it stays so.
        """
        field_text = self.column is not None and self.line is None
        return InputError(
            f"column {self.column}: {self.problem}" if field_text else self.problem,
            file=self.file if self.file is not None else file,
            line=self.line if self.line is not None else line,
            field=self.field if self.field is not None else field,
            allowed=self.allowed,
            nearest=self.nearest,
            column=None if field_text else self.column,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments would be lost by the default pickling of exceptions.
        state = (self.problem, self.file, self.line, self.field, self.allowed, self.nearest, self.column)
        return _rebuild_input_error, state


class InputErrors(InputError):
    """Several mistakes found in one go; `errors` holds each, the message lists them all."""

    def __init__(self, errors: Iterable[InputError]) -> None:
        self.errors = tuple(errors)
        if not self.errors:
            msg = "InputErrors needs at least one error"
            raise ValueError(msg)
        first = self.errors[0]
        super().__init__(
            first.problem,
            file=first.file,
            line=first.line,
            field=first.field,
            allowed=first.allowed,
            nearest=first.nearest,
            column=first.column,
        )

    def _render(self) -> str:
        return "\n".join(str(error) for error in self.errors)

    def __reduce__(self) -> tuple[Any, ...]:
        return InputErrors, (list(self.errors),)


def _rebuild_input_error(
    problem: str,
    file: str | None,
    line: int | None,
    field: str | None,
    allowed: str | tuple[str, ...] | None,
    nearest: str | None,
    column: int | None,
) -> InputError:
    return InputError(problem, file=file, line=line, field=field, allowed=allowed, nearest=nearest, column=column)


def list_names(names: str | Sequence[str]) -> str:
    """Names as one line, shortened when there are very many; a sentence is returned unchanged."""
    if isinstance(names, str):
        return names
    if len(names) <= _MAX_LISTED:
        return ", ".join(names) if names else "(none)"
    return ", ".join(names[:_MAX_LISTED]) + f", … ({len(names) - _MAX_LISTED} more)"


def nearest_name(name: object, candidates: Iterable[str]) -> str | None:
    """The candidate closest in spelling to `name`, ignoring case and ``-``/``_``/space, or None if none is close."""
    if not isinstance(name, str):
        return None
    by_form: dict[str, str] = {}
    for candidate in candidates:
        by_form.setdefault(_plain(candidate), candidate)
    close = difflib.get_close_matches(_plain(name), list(by_form), n=1, cutoff=0.6)
    return by_form[close[0]] if close else None


def shown(value: object) -> str:
    """A value in a message: as Python writes it, shortened when long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"  # as YAML and JSON write it
    if isinstance(value, Mapping):
        return "fields (name: value)"
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out whole numbers of thousands of digits
        return "a huge number"
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
