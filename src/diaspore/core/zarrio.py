"""Labelled arrays written as a Zarr v3 group, such as xarray reads and writes.

Courses are many small arrays. A general Zarr writer takes a millisecond or two for each; here every array is one
compressed chunk and one small JSON file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

LEVEL = 1


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
            below.joinpath(".".join(["c", *"0" * values.ndim])).write_bytes(chunk)


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
        # A dot: all files of an array lie in one folder.
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
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
