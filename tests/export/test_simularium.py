"""Simularium files: frames by the description of the format, and numbers that stay with their cells."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.export import export_run, simularium
from diaspore.export.simularium import Numbering, length_unit
from tests.export.common import SCENES


def parsed(run: diaspore.Run, file: Path, **options: Any) -> tuple[dict[str, Any], list[np.ndarray]]:
    data = json.loads(export_run(run, "simularium", file, **options).read_text(encoding="utf-8"))
    frames = [np.array(frame["data"], dtype=float).reshape(-1, 11) for frame in data["spatialData"]["bundleData"]]
    return data, frames


def test_frames_hold_the_cells(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    run = runs["mixed"]
    data, frames = parsed(run, tmp_path / "a.simularium")
    info, spatial = data["trajectoryInfo"], data["spatialData"]
    assert (info["version"], info["totalSteps"], info["timeStepSize"]) == (3, 5, 1.0)
    assert info["timeUnits"] == {"magnitude": 1.0, "name": "hour"}
    assert info["spatialUnits"] == {"magnitude": 2.0, "name": "µm"}
    assert info["size"] == {"x": 100.0, "y": 80.0, "z": 90.0}
    assert (spatial["msgType"], spatial["bundleStart"], spatial["bundleSize"]) == (1, 0, 5)
    assert [frame["frameNumber"] for frame in spatial["bundleData"]] == [0, 1, 2, 3, 4]
    assert [frame["time"] for frame in spatial["bundleData"]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    seen: dict[int, int] = {}
    for number, frame in enumerate(frames):
        shot = run.arrays(f"snapshots/{number:05d}.zarr")
        assert shot is not None
        assert set(frame[:, 0]) == {1000.0}
        assert not frame[:, [6, 7, 8, 10]].any()
        rows = {int(identity): row for row, identity in enumerate(shot["identity"].values)}
        here = dict(zip(sorted(rows, key=lambda identity: seen.get(identity, len(seen))), frame, strict=False))
        assert len(here) == len(frame) == shot.sizes["cell"]
        # Cells of earlier frames keep their numbers; new ones take the next.
        new = sorted(identity for identity in rows if identity not in seen)
        seen |= {identity: len(seen) + k for k, identity in enumerate(new)}
        assert frame[:, 1].tolist() == sorted(seen[identity] for identity in rows)
        by_number = {int(line[1]): line for line in frame}
        for identity, row in rows.items():
            line, phase = by_number[seen[identity]], shot["phase"].values[row]
            state = 0 if phase < 100 else 1 if phase == 100 else 2
            assert line[2] == 3 * shot["kind"].values[row] + state
            assert str(int(line[2])) in info["typeMapping"]
            x, y, z, radius = shot["place"].values[row]
            np.testing.assert_allclose(line[[3, 4, 5, 9]], np.array([x, y - 20, z - 10, radius]) / 2, atol=5.1e-5)
    live = {"displayType": "SPHERE", "url": "", "color": "#0072B2"}
    assert info["typeMapping"]["0"] == {"name": "tumour#live", "geometry": live}
    assert info["typeMapping"]["2"]["name"] == "tumour#necrotic"
    assert len({entry["geometry"]["color"] for entry in info["typeMapping"].values()}) == len(info["typeMapping"])


def test_camera_sees_all_cells(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    for name in SCENES:
        data, frames = parsed(runs[name], tmp_path / f"{name}.simularium")
        camera = data["trajectoryInfo"]["cameraDefault"]
        assert set(camera) == {"position", "lookAtPosition", "upVector", "fovDegrees"}
        eye = np.array([camera["position"][axis] for axis in "xyz"])
        for line in np.concatenate(frames):
            away = eye - line[3:6]
            slope = max(abs(away[0]), abs(away[1])) / away[2]
            assert 0.0 <= slope < np.tan(np.radians(camera["fovDegrees"] / 2))


def test_plots(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    plots = parsed(runs["mixed"], tmp_path / "a")[0]["plotData"]
    assert [plot["layout"]["title"] for plot in plots["data"]] == ["Cells", "Least oxygen", "Least signal"]
    assert plots["data"][1]["data"][0]["y"] == runs["mixed"].table("counts")["oxygen least"].tolist()
    assert plots["data"][2]["layout"]["yaxis"]["title"] == "signal"


def test_numbers_do_not_depend_on_the_order_of_cells() -> None:
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 2**64, n, dtype=np.uint64) for n in (5, 3, 4)]
    frames[1] = np.concatenate([frames[1], frames[0][1:3]])  # two stay
    frames[2] = np.concatenate([frames[2], frames[0][:1], frames[1][:1]])  # one comes back into view
    one, two = Numbering(), Numbering()
    for cells in frames:
        order = rng.permutation(len(cells))
        np.testing.assert_array_equal(one(cells)[order], two(cells[order]))
    assert one(frames[0]).max() == 4
    assert sorted({*one(frames[0]), *one(frames[1]), *one(frames[2])}) == list(range(12))


def test_unit_of_length() -> None:
    edges = [60.0, 100.0, 101.0, 1000.0, 1001.0, 2000.0, 2500.0, 1e6]
    assert [length_unit(edge) for edge in edges] == pytest.approx([1.0, 1.0, 2.0, 10.0, 20.0, 20.0, 50.0, 1e4])


def test_files_too_large_for_a_browser(
    runs: dict[str, diaspore.Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    size = export_run(runs["mixed"], "simularium", tmp_path / "whole").stat().st_size
    monkeypatch.setattr(simularium, "LARGEST_FILE", size // 2)
    with pytest.raises(InputError, match="every") as error:
        export_run(runs["mixed"], "simularium", tmp_path / "half")
    every = int(str(error.value.allowed).split()[-1])
    export_run(runs["mixed"], "simularium", tmp_path / "half", every=every)
    monkeypatch.setattr(simularium, "LARGEST_FILE", 10)
    with pytest.raises(InputError, match="vtu, which has no such limit"):
        export_run(runs["mixed"], "simularium", tmp_path / "none")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["half", "whole"]


def test_simulariumio_reads_the_same(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages
        simulariumio = pytest.importorskip("simulariumio")
        data, frames = parsed(runs["mixed"], tmp_path / "a.simularium")
        source = simulariumio.InputFileData(file_path=str(tmp_path / "a.simularium"))
        agents = simulariumio.FileConverter(source)._data.agent_data
    assert agents.n_agents.tolist() == [len(frame) for frame in frames]
    for k, frame in enumerate(frames):
        np.testing.assert_array_equal(agents.unique_ids[k, : len(frame)], frame[:, 1])
        np.testing.assert_array_equal(agents.positions[k, : len(frame)], frame[:, 3:6])
        np.testing.assert_array_equal(agents.radii[k, : len(frame)], frame[:, 9])
        names = [data["trajectoryInfo"]["typeMapping"][str(int(number))]["name"] for number in frame[:, 2]]
        assert list(agents.types[k])[: len(frame)] == names  # rows are padded
