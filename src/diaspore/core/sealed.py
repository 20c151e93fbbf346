"""Files that a description names: their content belongs to it, so that another content is another run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError


def sealed(data: Any) -> Any:
    """`data` with the checksum of the file it names: ``file`` is a path, ``sha256`` is added, or checked when given.

    Data that name no file come back as they are, for a check of their own to judge.

    Raises:
        InputError: the file cannot be read, or is not the one described.
    """
    if not isinstance(data, dict) or not isinstance(data.get("file"), str):
        return data
    found = hashlib.sha256(_content(data["file"])).hexdigest()
    if data.get("sha256") not in (None, found):
        raise InputError(f"{data['file']} is not the file that was described: its SHA-256 is {found}", field="sha256")
    return data | {"sha256": found}


def read_sealed(file: str, sha256: str | None, field: str) -> bytes:
    """Content of a file that a description was sealed with.

    Raises:
        InputError: it cannot be read, or has changed since; named by ``field``.
    """
    content = _content(file, field)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise InputError(f"{file} has changed since it was described", field=field)
    return content


def _content(file: str, field: str = "file") -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}", field=field) from None
