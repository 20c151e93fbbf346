"""Runs to export, and readers of what was written, which share no code with the writers."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

import diaspore
from tests.tissue.common import OXYGEN, TUMOUR, scene

SIDE = ["-100 um", "100 um"]
TURNOVER = {"cycle": {"phases": [{"mean": "4 h"}]}}
SCENES: dict[str, dict[str, Any]] = {
    # Little oxygen: within hours some cells are necrotic.
    "mixed": {
        "duration": "4 h",
        "save_every": "1 h",
        "domain": {"x": ["-100 um", "100 um"], "y": ["-60 um", "100 um"], "z": ["-80 um", "100 um"]},
        "substances": {
            "oxygen": OXYGEN | {"initial": "4 mmHg", "held": {"all": "4 mmHg"}, "pace": "steady"},
            "signal": {"unit": "dimensionless", "diffusion": "1e3 um**2/min", "initial": 0.5, "pace": "steady",
                       "decay": "0.1 1/min", "held": {"x_low": 2.0}},
        },
        "cell_types": {"tumour": TUMOUR, "stroma": {}},
        "cells": [
            {"type": "tumour", "sphere": {"radius": "40 um"}},
            {"type": "stroma", "random": {"number": 30}},
        ],
    },
    "flat": {"domain": {"x": SIDE, "y": SIDE}, "cells": [{"type": "tumour", "sphere": {"radius": "30 um"}}]},
    "empty": {"cells": [], "domain": {"x": SIDE, "y": SIDE, "z": SIDE}},
    "no substance": {"substances": {}, "cell_types": {"tumour": {}}, "domain": {"x": SIDE, "y": SIDE, "z": SIDE},
                     "cells": [{"type": "tumour", "at": [["0 um", "0 um", "0 um"]]}]},
}  # fmt: skip


def make(name: str, path: Path) -> diaspore.Run:
    """A finished run of one of `SCENES`."""
    return diaspore.simulate(scene(**SCENES[name]), out=path, quiet=True, threads=1)


def vtk_arrays(file: Path) -> tuple[dict[str, np.ndarray], dict[str, dict[str, str]]]:
    """All arrays of a VTK file by name, and the attributes of its elements by tag."""
    dtypes = {"Float64": "<f8", "Float32": "<f4", "Int64": "<i8", "Int32": "<i4", "UInt64": "<u8", "UInt8": "<u1"}
    root = ElementTree.parse(file).getroot()
    assert root.attrib["byte_order"] == "LittleEndian"
    assert root.attrib["header_type"] == "UInt64"
    assert root.attrib["compressor"] == "vtkZLibDataCompressor"
    arrays = {}
    for element in root.iter("DataArray"):
        text = element.text or ""
        blocks = int(np.frombuffer(base64.b64decode(text[:32])[:8], "<u8")[0])
        head_length = 4 * -(-8 * (3 + blocks) // 3)
        head = np.frombuffer(base64.b64decode(text[:head_length]), "<u8").astype(int)
        body, raw, at = base64.b64decode(text[head_length:]), b"", 0
        for k in range(blocks):
            block = zlib.decompress(body[at : at + head[3 + k]])
            assert len(block) == (head[2] if k == blocks - 1 and head[2] else head[1])
            raw, at = raw + block, at + head[3 + k]
        assert at == len(body)
        values = np.frombuffer(raw, dtypes[element.attrib["type"]])
        width = int(element.attrib.get("NumberOfComponents", 1))
        arrays[element.attrib["Name"]] = values.reshape(-1, width) if width > 1 else values
    return arrays, {element.tag: dict(element.attrib) for element in root.iter() if element.tag != "DataArray"}
