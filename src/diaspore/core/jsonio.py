"""JSON and files written the same way everywhere: same data, same bytes, whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp-"
"""Prefix of files being written; one left behind by a killed process may be deleted."""


def to_json(obj: Any, *, exact: bool = False) -> str:
    """`obj` as indented JSON, keys in the order given.

    NumPy scalars and arrays are written as numbers and lists. A value that is not finite becomes null, so that any JSON
    reader accepts the file. With `exact` it is kept (``NaN``), all on one line: for files only this package reads.

    Raises:
        TypeError: something JSON has no form for.
    """
    if exact:
        return json.dumps(obj, ensure_ascii=False, default=lambda value: _plain(value, exact)) + "\n"
    return json.dumps(_plain(obj, exact), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file through a temporary one beside it: after a kill the file is there whole, as before, or not at all.

    To outlast a power cut as well, write it `durable`, or call `sync_tree` afterwards, which is quicker for many files.

    Raises:
        OSError: from the system; the temporary file is gone then.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """`write_atomic` for text, as UTF-8."""
    write_atomic(path, text.encode("utf-8"), durable=durable)


def sync_tree(path: Path) -> None:
    """Make everything below a directory survive a power cut.

    Files come first: where the file system has a journal, the directories then cost next to nothing.

    Raises:
        OSError: a file could not be written out, e.g. because the disk is full.
    """
    folders = []
    for name, _, files in os.walk(path):
        folder = Path(name)
        folders.append(folder)
        for file in files:
            handle = os.open(folder / file, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    for below in reversed(folders):
        sync_directory(below)


def sync_directory(path: Path) -> None:
    """Make the names in a directory survive a power cut, where the system offers that."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _plain(obj: Any, exact: bool) -> Any:
    if obj is None or isinstance(obj, str | bool):
        return obj
    if isinstance(obj, Mapping):
        return {str(key): _plain(value, exact) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_plain(value, exact) for value in obj]
    if isinstance(obj, int):
        return int(obj)
    if isinstance(obj, float):
        return float(obj) if exact or math.isfinite(obj) else None
    if hasattr(obj, "tolist"):  # NumPy arrays and scalars
        return _plain(obj.tolist(), exact)
    if isinstance(obj, Path):
        return str(obj)
    msg = f"cannot write {type(obj).__name__} as JSON"
    raise TypeError(msg)
