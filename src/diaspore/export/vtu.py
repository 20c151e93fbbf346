"""Snapshots as files of VTK's XML formats, which ParaView opens as two time series: cells and substances."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import numpy as np

from diaspore.core.jsonio import to_json
from diaspore.tissue.results import STATES, box, labelled, states
from diaspore.tissue.state import APOPTOTIC, LYSED, SWELLING

if TYPE_CHECKING:
    from diaspore.core.progress import Progress
    from diaspore.tissue.results import Tissue

BLOCK = 1 << 20
"""Bytes that are compressed together."""
VERTEX = 1
"""VTK's number of a cell that is a single point."""
_TYPES = {
    "f8": "Float64", "f4": "Float32", "i8": "Int64", "i4": "Int32", "u8": "UInt64", "u1": "UInt8",
}  # fmt: skip


def write_vtu(tissue: Tissue, numbers: Sequence[int], folder: Path, progress: Progress) -> None:
    """Write ``cells.pvd``, ``substances.pvd``, ``about.json`` and one file of each kind for a snapshot."""
    folder.mkdir()
    parts = {"cells": "vtu"} | ({"substances": "vti"} if tissue.units else {})
    for name in parts:
        (folder / name).mkdir()
    with progress(len(numbers), "VTK files", "snapshots") as bar:
        for number in numbers:
            shot, hours = tissue.shot(number), tissue.hours(number)
            (folder / f"cells/{number:05d}.vtu").write_bytes(cells_file(shot, hours, _of_networks(tissue, shot)))
            if tissue.units:
                (folder / f"substances/{number:05d}.vti").write_bytes(substances_file(shot, tissue.units, hours))
            bar.advance()
    for name, ending in parts.items():
        files = [(tissue.hours(number), f"{name}/{number:05d}.{ending}") for number in numbers]
        (folder / f"{name}.pvd").write_bytes(collection(files))
    (folder / "about.json").write_text(to_json(_about(tissue)), encoding="utf-8")


def cell_arrays(shot: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is given of every cell, by name with unit."""
    fluid, nucleus, cytoplasm = shot["volumes"].T
    return {
        "radius (um)": shot["place"][:, 3],
        "type": shot["kind"],
        "state": states(shot["phase"]),
        "phase": shot["phase"],
        "identity": shot["identity"],
        "founder": shot["founder"],
        "generation": shot["generation"],
        "divisions": shot["divisions"],
        "pressure": shot["pressure"],
        "volume (um3)": fluid + nucleus + cytoplasm,
        "fluid (um3)": fluid,
        "solid of nucleus (um3)": nucleus,
        "solid of cytoplasm (um3)": cytoplasm,
        "velocity (um per min)": shot["velocity"],
    }


def _of_networks(tissue: Tissue, shot: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What tables show of the networks in the cells."""
    found: dict[str, np.ndarray] = {}
    for name in tissue.networks:
        nodes = tissue.nodes(shot, name)
        found |= {f"{name}.{node}": np.ascontiguousarray(nodes[node]) for node in tissue.shown_nodes(name)}
    return found


def cells_file(shot: Mapping[str, np.ndarray], hours: float, more: Mapping[str, np.ndarray] | None = None) -> bytes:
    """A .vtu file: every cell a point; `more` are further values of each."""
    places = np.ascontiguousarray(shot["place"][:, :3])
    n = len(places)
    lines = [
        "<UnstructuredGrid>",
        _time(hours),
        f'<Piece NumberOfPoints="{n}" NumberOfCells="{n}">',
        "<Points>",
        _array("place (um)", places),
        "</Points>",
        "<Cells>",
        _array("connectivity", np.arange(n, dtype=np.int64)),
        _array("offsets", np.arange(1, n + 1, dtype=np.int64)),
        _array("types", np.full(n, VERTEX, dtype=np.uint8)),
        "</Cells>",
        '<PointData Scalars="type">',
        *(_array(name, values) for name, values in (cell_arrays(shot) | dict(more or {})).items()),
        "</PointData>",
        "</Piece>",
        "</UnstructuredGrid>",
    ]
    return _file("UnstructuredGrid", lines)


def substances_file(shot: Mapping[str, np.ndarray], units: Mapping[str, str], hours: float) -> bytes:
    """A .vti file: every voxel a cell of a regular grid."""
    corner, spacing, shape = box(shot)
    extent = quoteattr(" ".join(f"0 {n}" for n in shape))
    origin = " ".join(repr(float(v)) for v in corner)
    lines = [
        f'<ImageData WholeExtent={extent} Origin="{origin}" Spacing="{spacing!r} {spacing!r} {spacing!r}">',
        _time(hours),
        f"<Piece Extent={extent}>",
        f"<CellData Scalars={quoteattr(labelled(*next(iter(units.items()))))}>",
        *(_array(labelled(name, unit), shot[f"substance_{name}"].reshape(-1)) for name, unit in units.items()),
        "</CellData>",
        "</Piece>",
        "</ImageData>",
    ]
    return _file("ImageData", lines)


def collection(files: Iterable[tuple[float, str]]) -> bytes:
    """A .pvd file: times (hours) and the files that belong to them."""
    lines = ["<Collection>"]
    lines += [f'<DataSet timestep="{hours!r}" part="0" file={quoteattr(name)}/>' for hours, name in files]
    return _file("Collection", [*lines, "</Collection>"])


def _file(kind: str, lines: Sequence[str]) -> bytes:
    head = f'<VTKFile type="{kind}" version="1.0" byte_order="LittleEndian"'
    head += ' header_type="UInt64" compressor="vtkZLibDataCompressor">'
    return ("\n".join(['<?xml version="1.0"?>', head, *lines, "</VTKFile>"]) + "\n").encode()


def _time(hours: float) -> str:
    """The time of the file itself, for those who open it without its collection."""
    return f"<FieldData>\n{_array('TimeValue', np.array([hours]), tuples=1)}\n</FieldData>"


def _array(name: str, values: np.ndarray, *, tuples: int | None = None) -> str:
    values = np.ascontiguousarray(values)
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    components = f' NumberOfComponents="{values.shape[1]}"' if values.ndim == 2 else ""
    components += "" if tuples is None else f' NumberOfTuples="{tuples}"'
    kind = _TYPES[values.dtype.str[1:]]
    head = f'<DataArray type="{kind}" Name={quoteattr(name)}{components} format="binary">'
    return f"{head}{_encoded(values.tobytes())}</DataArray>"


def _encoded(raw: bytes) -> str:
    """Compressed blocks in base64, after the table of their lengths, which is encoded by itself."""
    blocks = [raw[at : at + BLOCK] for at in range(0, len(raw), BLOCK)]
    packed = [zlib.compress(block, 1) for block in blocks]
    rest = len(raw) % BLOCK  # 0: the last block is as long as the others
    head = np.array([len(blocks), BLOCK, rest, *(len(block) for block in packed)], dtype="<u8")
    return base64.b64encode(head.tobytes()).decode() + base64.b64encode(b"".join(packed)).decode()


def _about(tissue: Tissue) -> dict[str, object]:
    manifest = tissue.run.manifest
    return {
        "name": manifest["name"],
        "seed": manifest["seed"],
        "spec_sha256": manifest.get("spec_sha256"),
        "time": "hours",
        "lengths": "um",
        "type": dict(enumerate(tissue.types)),
        "state": dict(enumerate(STATES)),
        "phase": {
            f"below {APOPTOTIC}": "phase of the cycle of a live cell, from 0",
            APOPTOTIC: "apoptotic", SWELLING: "necrotic, swelling", LYSED: "necrotic, burst",
        },
        "pressure": "sum over neighbours of squared overlaps, without a unit",
        "substances": dict(tissue.units),
    }  # fmt: skip
