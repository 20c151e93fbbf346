"""VTK files: every array comes back exactly, by a reader of our own and by VTK's."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import diaspore
from diaspore.export import export_run, vtu
from tests.export.common import SCENES, vtk_arrays


@pytest.mark.parametrize("name", SCENES)
def test_cells_come_back(name: str, runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    folder = export_run(runs[name], "vtu", tmp_path / "out")
    for number, hours in enumerate(runs[name].table("counts")["hours"]):
        shot = runs[name].arrays(f"snapshots/{number:05d}.zarr")
        assert shot is not None
        arrays, elements = vtk_arrays(folder / f"cells/{number:05d}.vtu")
        n = shot.sizes["cell"]
        assert elements["Piece"] == {"NumberOfPoints": str(n), "NumberOfCells": str(n)}
        place, phase = shot["place"].values, shot["phase"].values
        np.testing.assert_array_equal(arrays["place (um)"].reshape(n, 3), place[:, :3])
        np.testing.assert_array_equal(arrays["radius (um)"], place[:, 3])
        np.testing.assert_array_equal(arrays["volume (um3)"], shot["volumes"].values.sum(axis=1))
        for ours, theirs in {"type": "kind", "phase": "phase", "identity": "identity", "founder": "founder",
                             "generation": "generation", "pressure": "pressure"}.items():  # fmt: skip
            np.testing.assert_array_equal(arrays[ours], shot[theirs].values)
            assert arrays[ours].dtype == shot[theirs].dtype
        words = np.select([phase < 100, phase == 100], [0, 1], 2)
        np.testing.assert_array_equal(arrays["state"], words)
        np.testing.assert_array_equal(arrays["connectivity"], np.arange(n))
        np.testing.assert_array_equal(arrays["offsets"], np.arange(n) + 1)
        assert set(arrays["types"]) <= {1}
        assert arrays["TimeValue"] == hours


def test_substances_come_back(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    folder = export_run(runs["mixed"], "vtu", tmp_path / "out")
    shot = runs["mixed"].arrays("snapshots/00004.zarr")
    assert shot is not None
    arrays, elements = vtk_arrays(folder / "substances/00004.vti")
    assert set(arrays) == {"oxygen (mmHg)", "signal", "TimeValue"}
    np.testing.assert_array_equal(arrays["oxygen (mmHg)"], shot["substance_oxygen"].values.ravel())
    assert elements["ImageData"] == {
        "WholeExtent": "0 10 0 8 0 9", "Origin": "-100.0 -60.0 -80.0", "Spacing": "20.0 20.0 20.0"
    }  # fmt: skip


def test_collections_and_notes(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    folder = export_run(runs["mixed"], "vtu", tmp_path / "out", every=3)
    for name, ending in (("cells", "vtu"), ("substances", "vti")):
        found = [dict(e.attrib) for e in ElementTree.parse(folder / f"{name}.pvd").iter("DataSet")]
        assert [(float(e["timestep"]), e["file"]) for e in found] == [
            (hours, f"{name}/{number:05d}.{ending}") for hours, number in ((0.0, 0), (3.0, 3), (4.0, 4))
        ]
        assert sorted(file.name for file in (folder / name).iterdir()) == [Path(e["file"]).name for e in found]
    about = json.loads((folder / "about.json").read_text())
    assert about["type"] == {"0": "tumour", "1": "stroma"}
    assert about["state"]["2"] == "necrotic"
    bare = export_run(runs["no substance"], "vtu", tmp_path / "bare")
    assert sorted(file.name for file in bare.iterdir()) == ["about.json", "cells", "cells.pvd"]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 250])
def test_blocks(size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(vtu, "BLOCK", 100)
    values = np.arange(size, dtype=np.uint8)
    (tmp_path / "a").write_bytes(vtu._file("UnstructuredGrid", [vtu._array('"<&', values)]))
    np.testing.assert_array_equal(vtk_arrays(tmp_path / "a")[0]['"<&'], values)


def test_vtk_reads_the_same(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    vtk = pytest.importorskip("vtk")
    from vtk.util.numpy_support import vtk_to_numpy

    for name in SCENES:
        folder = export_run(runs[name], "vtu", tmp_path / name)
        for file in sorted(folder.rglob("*.vt[ui]")):
            reader = vtk.vtkXMLUnstructuredGridReader() if file.suffix == ".vtu" else vtk.vtkXMLImageDataReader()
            reader.SetFileName(str(file))
            reader.Update()
            assert reader.GetErrorCode() == 0
            grid, (arrays, elements) = reader.GetOutput(), vtk_arrays(file)
            data = grid.GetPointData() if file.suffix == ".vtu" else grid.GetCellData()
            for k in range(data.GetNumberOfArrays()):
                array = data.GetArray(k)
                np.testing.assert_array_equal(vtk_to_numpy(array), arrays.pop(array.GetName()))
            if file.suffix == ".vtu":
                assert grid.GetNumberOfCells() == int(elements["Piece"]["NumberOfCells"])
                if grid.GetNumberOfPoints():
                    places = vtk_to_numpy(grid.GetPoints().GetData())
                    np.testing.assert_array_equal(places, arrays["place (um)"])
                    assert grid.GetCellType(0) == vtk.VTK_VERTEX
            else:
                assert grid.GetNumberOfCells() == len(vtk_arrays(file)[0]["oxygen (mmHg)"])


def test_meshio_reads_the_same(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    meshio = pytest.importorskip("meshio")
    folder = export_run(runs["mixed"], "vtu", tmp_path / "out", snapshot=4)
    mesh = meshio.read(folder / "cells/00004.vtu")
    arrays, _ = vtk_arrays(folder / "cells/00004.vtu")
    np.testing.assert_array_equal(mesh.points, arrays["place (um)"])
    for name, values in mesh.point_data.items():
        np.testing.assert_array_equal(values, arrays[name])
