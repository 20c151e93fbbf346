"""Pictures of lattices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import diaspore
from diaspore.core.errors import RunStoreError
from diaspore.viz import plot_run
from tests.tissue.test_lattice import SMALL

SCENES: dict[str, dict[str, Any]] = {
    "three grids": {},
    "one grid, no vessels": {"sites": {}, "primary": {"normal_vessels": 0, "ruptured_vessels": 0}},
    "six grids": {"sites": {f"s{i}": {"share": 0.2} for i in range(5)}},
    "no cells of one phenotype": {"cells": {"count": 100, "centre_points": 45, "mesenchymal_share": 1.0}},
}


@pytest.mark.parametrize("name", SCENES)
def test_pictures(name: str, tmp_path: Path) -> None:
    run = diaspore.simulate(
        SMALL | {"duration": "4 h", "save_every": "2 h"} | SCENES[name], out=tmp_path / "r", quiet=True
    )
    written = plot_run(run)
    assert [file.name for file in written] == ["sections.png", "counts.png"]
    first = [file.read_bytes() for file in written]
    assert [file.read_bytes() for file in plot_run(run)] == first
    assert plot_run(run, only={"counts"}) == written[1:]


def test_a_missing_snapshot_is_named(tmp_path: Path) -> None:
    run = diaspore.simulate(SMALL | {"duration": "2 h", "save_every": "1 h"}, out=tmp_path / "r", quiet=True)
    (run.path / "snapshots/00000.zarr").rename(tmp_path / "gone")
    with pytest.raises(RunStoreError, match=r"snapshots/00000\.zarr is missing"):
        plot_run(run)
