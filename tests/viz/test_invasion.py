"""Pictures of invasions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import diaspore
from diaspore.core.errors import RunStoreError
from diaspore.viz import plot_run
from tests.fields.test_invasion import data

SQUARE = {"x": [0, 2], "y": [0, 1], "spacing": 0.05}
SCENES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "line": ({}, ["profiles", "front"]),
    "one species": (
        {"model": "fisher-kpp", "domain": {"x": [0, 20], "spacing": 0.5}, "duration": 2},
        ["profiles", "front"],
    ),
    "five species": ({"model": "upa"}, ["profiles", "front"]),
    "disc": ({"model": "gatenby-gawlinski", "domain": SQUARE}, ["maps", "front"]),
    "edge, front never reached": ({"domain": SQUARE, "initial": {"shape": "edge"}, "duration": 0.2}, ["maps", "front"]),
}


@pytest.mark.parametrize("name", SCENES)
def test_pictures(name: str, tmp_path: Path) -> None:
    changes, kinds = SCENES[name]
    run = diaspore.simulate(data(**changes), out=tmp_path / "r", quiet=True)
    written = plot_run(run)
    assert [file.stem for file in written] == kinds
    first = [file.read_bytes() for file in written]
    assert [file.read_bytes() for file in plot_run(run)] == first
    assert plot_run(run, only={"front"}) == written[1:]


def test_a_missing_snapshot_is_named(tmp_path: Path) -> None:
    run = diaspore.simulate(data(), out=tmp_path / "r", quiet=True)
    (run.path / "snapshots/00000.zarr").rename(tmp_path / "gone")
    with pytest.raises(RunStoreError, match=r"snapshots/00000\.zarr is missing"):
        plot_run(run)
