"""What all exports share: names, refusals, and no half-written files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import diaspore
from diaspore.cli.application import app
from diaspore.core.errors import DiasporeError, InputError
from diaspore.export import export_run, vtu
from diaspore.tissue.kernels.exchange import find_voxels
from diaspore.tissue.results import box, levels, opened
from tests.export.common import make
from tests.viz.synthetic import write_run


def test_default_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("flat", tmp_path / "disc")
    monkeypatch.chdir(tmp_path)
    assert export_run("disc", "vtu") == Path("disc/export/disc-vtu")
    monkeypatch.chdir(tmp_path / "disc")
    assert export_run(".", "simularium") == Path("export/disc.simularium")
    diaspore.Run.open(tmp_path / "disc")


def test_nothing_is_overwritten(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    for to in ("vtu", "simularium"):
        taken = tmp_path / to
        taken.write_text("mine")
        with pytest.raises(DiasporeError, match="exists already"):
            export_run(runs["flat"], to, taken)
        assert taken.read_text() == "mine"


def test_no_partial_results(runs: dict[str, diaspore.Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vtu, "substances_file", full)
    with pytest.raises(DiasporeError, match=r"cannot write .*out: No space left"):
        export_run(runs["flat"], "vtu", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_mistakes_say_what_is_allowed(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    for wrong, near in (("vtx", "vtu"), ("Simularum", "simularium"), ("h5ad", "anndata"), ("ParaView", "vtu")):
        with pytest.raises(InputError) as error:
            export_run(runs["flat"], wrong)
        assert error.value.allowed == ("vtu", "simularium", "anndata", "adtte")
        assert error.value.nearest == near
    with pytest.raises(InputError, match="kind patient, which has no exports\n  allowed: runs of kind tissue"):
        export_run(write_run(tmp_path / "patients", 1, seed=1), "vtu")
    with pytest.raises(InputError, match="no snapshot 3\n  allowed: 0 to 2"):
        export_run(runs["flat"], "vtu", snapshot=3)
    with pytest.raises(InputError, match="every: must be at least 1, got 0"):
        export_run(runs["flat"], "vtu", every=0)
    with pytest.raises(InputError, match="cannot go with one snapshot"):
        export_run(runs["flat"], "vtu", every=2, snapshot=1)


def test_levels_are_those_of_the_voxels_that_cells_exchange_with(runs: dict[str, diaspore.Run]) -> None:
    for name in ("mixed", "flat"):
        tissue = opened(runs[name], "exports")
        shot = tissue.shot(tissue.snapshots - 1)
        corner, spacing, shape = box(shot)
        voxel = np.empty(len(shot["place"]), dtype=np.int64)
        find_voxels(shot["place"], 0, len(voxel), corner, spacing, np.array(shape[::-1]), voxel)
        for s, substance in enumerate(tissue.units):
            found = levels(shot, tissue.units)[:, s]
            np.testing.assert_array_equal(found, shot[f"substance_{substance}"].reshape(-1)[voxel])


def test_commands(runs: dict[str, diaspore.Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return done.exit_code, done.output

    run, file = runs["mixed"].path, tmp_path / "a.simularium"
    assert call("export", run, "--to", "simularium", "-o", file, "--every", 2) == (0, f"{file}\n")
    assert file.is_file()
    code, text = call("export", run, "--to", "vt", "-o", tmp_path / "b")
    assert code == 2
    assert (
        text == "to: 'vt' is no format of exports\n  allowed: vtu, simularium, anndata, adtte\n  did you mean 'vtu'?\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path))  # without ffmpeg
    code, text = call("plot", run, "--film", "-o", tmp_path / "pictures")
    assert code == 0
    # A slow machine shows progress as well.
    written = [Path(line).name for line in text.splitlines() if line.endswith((".png", ".gif"))]
    assert written == ["sections.png", "counts.png", "film.gif"]
    patients = write_run(tmp_path / "patients", 1, seed=1)
    code, text = call("plot", patients, "--film", "-o", tmp_path / "none")
    assert code == 2
    assert "which has no films" in text
    assert not (tmp_path / "none").exists()
