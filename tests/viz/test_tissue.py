"""Pictures of tissues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import diaspore
from diaspore.core.errors import RunStoreError
from diaspore.viz import plot_run
from tests.tissue.common import TUMOUR, scene

LINE = [{"type": "tumour", "at": [[f"{x} um", "0 um", "0 um"] for x in (-20, 0, 20)]}]
FLAT = {"x": ["-100 um", "100 um"], "y": ["-100 um", "100 um"]}
SCENES: dict[str, dict[str, Any]] = {
    "solid": {"cells": LINE},
    "no substance": {"substances": {}, "cell_types": {"tumour": {}}, "cells": LINE},
    "flat, without cells": {"domain": FLAT, "cells": []},
    "two types": {
        "cell_types": {"tumour": TUMOUR, "stroma": {}},
        "cells": [*LINE, {"type": "stroma", "at": [["0 um", "40 um", "0 um"]]}],
    },
}


@pytest.mark.parametrize("name", SCENES)
def test_pictures(name: str, tmp_path: Path) -> None:
    run = diaspore.simulate(scene(**SCENES[name]), out=tmp_path / "r", quiet=True)
    written = plot_run(run)
    assert [file.name for file in written] == ["sections.png", "counts.png"]
    first = [file.read_bytes() for file in written]
    assert [file.read_bytes() for file in plot_run(run)] == first
    assert plot_run(run, only={"counts"}) == written[1:]


def test_a_missing_snapshot_is_named(tmp_path: Path) -> None:
    run = diaspore.simulate(scene(cells=LINE), out=tmp_path / "r", quiet=True)
    (run.path / "snapshots/00000.zarr").rename(tmp_path / "gone")
    with pytest.raises(RunStoreError, match=r"snapshots/00000\.zarr is missing"):
        plot_run(run)
