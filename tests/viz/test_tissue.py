"""Pictures of tissues."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import diaspore
from diaspore.core.errors import InputError, RunStoreError
from diaspore.tissue.results import Tissue
from diaspore.viz import plot_film, plot_run, tissue_film
from diaspore.viz.tissue import View
from tests.tissue.common import OXYGEN, TUMOUR, scene
from tests.viz.synthetic import write_run

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


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are searched."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _program(folder: Path, text: str) -> None:
    (folder / "ffmpeg").write_text(f"#!{sys.executable}\n{text}")
    (folder / "ffmpeg").chmod(0o755)


@pytest.mark.parametrize("name", SCENES)
def test_film(name: str, tmp_path: Path, programs: Path) -> None:
    run = diaspore.simulate(scene(**SCENES[name]), out=tmp_path / "r", quiet=True)
    written = plot_film(run)
    assert written == [run.path / "plots/film.gif"]
    first = written[0].read_bytes()
    with Image.open(written[0]) as film:
        assert film.size[0] == 810
        assert film.size[1] % 2 == 0
        assert film.n_frames <= 3  # equal ones become one
        time = 0
        for k in range(film.n_frames):
            film.seek(k)
            time += film.info["duration"]
        assert time == 2 * tissue_film.FRAME_MS + tissue_film.LAST_MS
    assert plot_film(run, tmp_path / "again")[0].read_bytes() == first
    assert [file.name for file in (run.path / "plots").iterdir()] == ["film.gif"]


def test_film_of_many_snapshots(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = diaspore.simulate(scene(duration="1 h", cells=LINE), out=tmp_path / "r", quiet=True)
    monkeypatch.setattr(tissue_film, "FRAMES", 4)
    drawn: list[int] = []
    draw = tissue_film.Frames.draw
    monkeypatch.setattr(tissue_film.Frames, "draw", lambda self, number: (drawn.append(number), draw(self, number))[1])
    plot_film(run)
    assert drawn[-4:] == [0, 3, 7, 10]
    monkeypatch.setattr(tissue_film, "FRAMES", 1)
    assert plot_film(run)[0].is_file()


def test_ffmpeg_gets_the_frames(tmp_path: Path, programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = diaspore.simulate(scene(cells=LINE), out=tmp_path / "r", quiet=True)
    _program(programs, "import pathlib, sys\npathlib.Path(sys.argv[-1]).write_bytes(sys.stdin.buffer.read())\n")
    gif, mp4 = plot_film(run)
    with Image.open(gif) as film:
        width, height = film.size
        shown = film.convert("RGB")
    frames = mp4.read_bytes()
    assert len(frames) == (2 + tissue_film.LAST_MS // tissue_film.FRAME_MS) * width * height * 3
    first = Image.frombytes("RGB", (width, height), frames[: width * height * 3])
    change = np.abs(np.asarray(first, dtype=int) - np.asarray(shown, dtype=int))
    assert np.mean(change) < 2.0  # of 255, by the palette
    for text in (
        "import sys\nsys.exit('no encoder')\n",
        "import sys\nsys.stdin.buffer.read()\nsys.exit('no encoder')\n",
    ):
        _program(programs, text)
        assert plot_film(run, tmp_path / "other") == [tmp_path / "other/film.gif"]
        assert capsys.readouterr().err == "ffmpeg made no film.mp4: no encoder\n"
        assert [file.name for file in (tmp_path / "other").iterdir()] == ["film.gif"]


def test_no_film(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(InputError, match="kind patient, which has no films\n  allowed: runs of kind tissue"):
        plot_film(write_run(tmp_path / "patients", 1, seed=1))
    _program(programs, "import sys\nsys.stdin.buffer.read()\n")
    run = diaspore.simulate(scene(cells=LINE), out=tmp_path / "r", quiet=True)
    (run.path / "snapshots/00001.zarr").rename(tmp_path / "gone")
    with pytest.raises(RunStoreError, match=r"snapshots/00001\.zarr is missing"):
        plot_film(run)


def test_a_steady_substance_before_its_balance_does_not_set_the_colours(tmp_path: Path) -> None:
    oxygen = OXYGEN | {"initial": "90 mmHg", "pace": "steady"}
    run = diaspore.simulate(scene(cells=LINE, substances={"oxygen": oxygen}), out=tmp_path / "r", quiet=True)
    results = Tissue(run)
    view = View(results)
    for number in range(results.snapshots):
        view.include(number, results.shot(number))
    assert view.levels[1] == pytest.approx(38.0, abs=1e-3)
