"""Tissues that several cases and benchmarks start from."""

from __future__ import annotations

from typing import Any

from diaspore.core.simulate import find_spec_file
from diaspore.core.spec import validate
from diaspore.core.yamlio import load_yaml
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec

SIDE = ["-500 um", "500 um"]


def simulation(seed: int = 1, threads: int = 1, **fields: Any) -> Simulation:
    """A tissue in a cubic millimetre with the given fields of its file."""
    data = {"schema_version": 1, "kind": "tissue", "name": "case", "duration": "1 h"}
    data |= {"domain": {"x": SIDE, "y": SIDE, "z": SIDE}} | fields
    return _start(data, seed, threads)


def spheroid(radius_um: float, seed: int, threads: int = 1, steady: bool = False) -> Simulation:
    """The shipped model ``oxygen-spheroid`` with another radius; unless ``steady``, oxygen is followed in time and
    taken up as the public program does it."""
    data = dict(load_yaml(find_spec_file("oxygen-spheroid")).data)
    data["cells"] = [{"type": "tumour", "sphere": {"radius": f"{radius_um!r} um"}}]
    data["substances"] = {"oxygen": {**data["substances"]["oxygen"], "pace": "steady" if steady else "fast"}}
    if not steady:
        data["steps"] = {"exchange": "implicit"}
    return _start(data, seed, threads)


def _start(data: dict[str, Any], seed: int, threads: int) -> Simulation:
    compiled = compile_tissue(validate(TissueSpec, data), seed=seed)
    return Simulation(compiled.scene, compiled.cells, seed, threads, compiled.parts)
