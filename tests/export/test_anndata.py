"""AnnData files: what a reader finds of cells, levels and places."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.export import export_run
from tests.export.common import SCENES


def read(run: diaspore.Run, file: Path, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages
        anndata = pytest.importorskip("anndata")
        return anndata.read_h5ad(export_run(run, "anndata", file, **options))


def test_cells_levels_and_places(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    run = runs["mixed"]
    data = read(run, tmp_path / "a.h5ad")
    assert data.obs_names.is_unique
    assert data.var_names.tolist() == ["oxygen", "signal"]
    assert data.var["unit"].tolist() == ["mmHg", "dimensionless"]
    start = 0
    for number, hours in enumerate(run.table("counts")["hours"]):
        shot = run.arrays(f"snapshots/{number:05d}.zarr")
        assert shot is not None
        part = data[start : start + shot.sizes["cell"]]
        start += shot.sizes["cell"]
        assert set(part.obs["hours"]) == {hours}
        np.testing.assert_array_equal(part.obs["identity"], shot["identity"].values)
        assert part.obs_names[0] == f"{shot['identity'].values[0]}-{number}"
        np.testing.assert_array_equal(part.obsm["spatial"], shot["place"].values[:, :3])
        words = np.select([shot["phase"].values < 100, shot["phase"].values == 100], ["live", "apoptotic"], "necrotic")
        np.testing.assert_array_equal(part.obs["state"].astype(str), words)
        np.testing.assert_array_equal(part.obs["type"].cat.codes, shot["kind"].values)
        # A voxel is that whose centre is nearest.
        near = [np.abs(shot["place"].values[:, k, None] - shot[axis].values).argmin(axis=1)
                for k, axis in enumerate("xyz")]  # fmt: skip
        for s, name in enumerate(("oxygen", "signal")):
            np.testing.assert_array_equal(part.X[:, s], shot[f"substance_{name}"].values[near[2], near[1], near[0]])
    assert start == len(data)
    about = data.uns["diaspore"]
    assert (about["name"], about["seed"]) == ("test", 1)
    assert about["spec"] == (run.path / "spec.yaml").read_text()
    assert list(about["citations"]) == run.citations.keys()


@pytest.mark.parametrize("name", SCENES)
def test_every_scene(name: str, runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    data = read(runs[name], tmp_path / "a.h5ad", snapshot=1)
    shot = runs[name].arrays("snapshots/00001.zarr")
    assert shot is not None
    assert data.shape == (shot.sizes["cell"], len(runs[name].spec.get("substances", {})))
    assert data.obsm["spatial"].shape[1] == (2 if name == "flat" else 3)


def test_without_the_package(runs: dict[str, diaspore.Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(InputError, match=r"pip install 'diaspore\[export\]'"):
        export_run(runs["flat"], "anndata", tmp_path / "a.h5ad")
    assert not list(tmp_path.iterdir())
