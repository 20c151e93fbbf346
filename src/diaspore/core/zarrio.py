"""Labelled arrays written as a Zarr v3 group, such as xarray reads and writes.

Courses are many small arrays. A general Zarr writer takes a millisecond or two for each, and importing one most of a
second; here every array is one compressed chunk and one small JSON file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from diaspore.core.errors import RunStoreError

LEVEL = 1
# A dot: all files of an array lie in one folder.
_KEYS = {"name": "default", "configuration": {"separator": "."}}


class Variable(NamedTuple):
    """An array, the names of its dimensions, and notes such as its unit.

    One named like its only dimension is the coordinate along it.
    """

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: Mapping[str, Any] = {}


def write_zarr(folder: Path, variables: Mapping[str, Variable]) -> None:
    """Write variables of numbers or text into a new folder; the same data always gives the same bytes.

    Raises:
        OSError: from the system; what was written by then stays.
    """
    import pyarrow as pa

    codec = pa.Codec("zstd", compression_level=LEVEL)
    folder.mkdir()
    _write_json(folder, {"attributes": {}, "zarr_format": 3, "node_type": "group"})
    for name, variable in variables.items():
        values = np.asarray(variable.values)
        values = values.astype(values.dtype.newbyteorder("<"), copy=False)
        below = folder / name
        below.mkdir()
        _write_json(below, _metadata(variable, values))
        if values.size:
            chunk = codec.compress(values.tobytes(), asbytes=True)
            below.joinpath(_chunk(values.ndim)).write_bytes(chunk)


def read_zarr(folder: Path) -> dict[str, Variable] | None:
    """The variables of a group that `write_zarr` wrote; None for a group laid out in another way.

    Raises:
        DamagedFile: a file that is missing, torn or of the wrong length; it says which.
    """
    found = {}
    for below in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        metadata = _read_json(below / "zarr.json")
        if metadata is None:
            return None
        found[below.name] = _read_array(below, metadata)
    return found


def read_stored(folder: Path) -> dict[str, Variable]:
    """The variables of a group of a run that only this package writes, such as a snapshot to go on from.

    Raises:
        RunStoreError: it is damaged, or another program wrote it.
    """
    try:
        found = read_zarr(folder)
    except DamagedFile as error:
        raise RunStoreError(str(error)) from None
    if found is None:
        raise RunStoreError(f"{folder} is no snapshot of Diaspore's")
    return found


class DamagedFile(Exception):
    """A file of a group that cannot be read: its path, and why."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"{path} is damaged: {reason}")


def _read_json(file: Path) -> dict[str, Any] | None:
    """Metadata of an array, None when the array is not stored in our way."""
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
        shape = [max(1, n) for n in metadata["shape"]]
        ours = (
            metadata["chunk_grid"]["configuration"]["chunk_shape"] == shape
            and metadata["chunk_key_encoding"] == _KEYS
            and [codec["name"] for codec in metadata["codecs"]] == ["bytes", "zstd"]
        )
        return metadata if ours else None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DamagedFile(file, getattr(error, "strerror", None) or "it does not describe an array") from None


def _read_array(below: Path, metadata: Mapping[str, Any]) -> Variable:
    import pyarrow as pa

    shape, kind = tuple(metadata["shape"]), metadata["data_type"]
    if isinstance(kind, Mapping):  # text of fixed length
        dtype = np.dtype(f"<U{kind['configuration']['length_bytes'] // 4}")
    else:
        dtype = np.dtype(kind).newbyteorder("<")
    size = int(np.prod(shape)) * dtype.itemsize
    file = below / _chunk(len(shape))
    raw: bytes = b""
    if size:
        try:
            raw = pa.Codec("zstd").decompress(file.read_bytes(), decompressed_size=size, asbytes=True)
        except OSError as error:
            raise DamagedFile(file, error.strerror or "it is not what was written") from None
    if len(raw) != size:
        raise DamagedFile(file, f"{len(raw)} bytes instead of {size}")
    values = np.frombuffer(raw, dtype=dtype).reshape(shape).copy()  # writable, as other readers give it
    return Variable(tuple(metadata["dimension_names"]), values, dict(metadata["attributes"]))


def _chunk(dimensions: int) -> str:
    return ".".join(["c", *"0" * dimensions])


def _metadata(variable: Variable, values: np.ndarray) -> dict[str, Any]:
    kind: Any = values.dtype.name
    empty: Any = 0
    if values.dtype.kind == "U":
        kind = {"name": "fixed_length_utf32", "configuration": {"length_bytes": values.dtype.itemsize}}
        empty = ""
    elif values.dtype.kind == "f":
        empty = "NaN"
    elif values.dtype.kind not in "iu":
        msg = f"cannot write {values.dtype} as Zarr"
        raise TypeError(msg)
    return {
        "shape": list(values.shape),
        "data_type": kind,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [max(1, n) for n in values.shape]}},
        "chunk_key_encoding": _KEYS,
        "fill_value": empty,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": LEVEL, "checksum": False}},
        ],
        "attributes": dict(variable.attrs),
        "dimension_names": list(variable.dims),
        "zarr_format": 3,
        "node_type": "array",
    }


def _write_json(folder: Path, data: Mapping[str, Any]) -> None:
    (folder / "zarr.json").write_text(json.dumps(data), encoding="utf-8")
