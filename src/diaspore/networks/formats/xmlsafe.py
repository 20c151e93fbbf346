"""XML of unknown origin, checked before a larger library sees it: size, entities, nesting, and what the root is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.parsers import expat

from diaspore.core.errors import InputError

MAX_BYTES = 20_000_000
MAX_DEPTH = 200
MAX_ELEMENTS = 1_000_000


def read_bytes(path: str | Path, most: int = MAX_BYTES) -> bytes:
    """A file of bounded size.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    try:
        with Path(path).open("rb") as stream:
            raw = stream.read(most + 1)
    except FileNotFoundError:
        raise InputError("no such file", file=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=path) from None
    if len(raw) > most:
        raise InputError("is too large", file=path, allowed=f"at most {most:,} bytes")
    return raw


def check_xml(raw: bytes, file: str | Path | None = None) -> tuple[str, Mapping[str, str]]:
    """Name of the root element without prefix, and its attributes; the document is well-formed and without entities.

    Raises:
        InputError: with line and column.
    """
    parser = expat.ParserCreate()
    root: list[tuple[str, dict[str, str]]] = []
    depth = count = 0

    def fail(problem: str, allowed: str | None = None) -> InputError:
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        return InputError(f"column {column}: {problem}", file=file, line=line, allowed=allowed)

    def doctype(*_: object) -> None:
        raise fail("document types and entities are not read", "XML without <!DOCTYPE")

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if not root:
            root.append((name.rpartition(":")[2], attributes))
        if depth > MAX_DEPTH:
            raise fail("elements are nested too deeply", f"at most {MAX_DEPTH} in each other")
        if count > MAX_ELEMENTS:
            raise fail("there are too many elements", f"at most {MAX_ELEMENTS:,}")

    def finish(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        problem = f"column {error.offset + 1}: not valid XML: {expat.ErrorString(error.code)}"
        raise InputError(problem, file=file, line=error.lineno) from None
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        if isinstance(error, InputError):
            raise
        raise InputError(f"not valid XML: {error}", file=file) from None
    return root[0]
