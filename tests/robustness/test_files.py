"""Files and directories that are not what they should be: one message, exit status 2, nothing harmed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import diaspore
from diaspore.cli.application import app
from diaspore.core.errors import RunStoreError
from diaspore.core.runstore import Run
from diaspore.core.spec import KINDS
from tests import dummy_kind
from tests.child import child_env

GOOD = "schema_version: 1\nkind: dummy\nname: x\nrows: 20\nbatches: 4\n"


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    dummy_kind.register()
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(GOOD)
    yield
    KINDS.pop("dummy", None)


def call(*arguments: str, code: int = 2) -> SimpleNamespace:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return SimpleNamespace(out=result.stdout, err=result.stderr)


def everything(path: Path = Path()) -> dict[str, bytes | None]:
    return {str(entry): entry.read_bytes() if entry.is_file() else None for entry in sorted(path.rglob("*"))}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "p.yaml:1: the file is empty"),
        (b"# only a comment\n", "p.yaml:1: the file is empty"),
        (b"\xff\xfe\x00k\x00i", "p.yaml:1: is not UTF-8 text (byte 0xff)"),
        (b"name: x\nkind: \xe9\n", "p.yaml:2: is not UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "p.yaml:1: contains the control character"),
        (b"name: x\x00\n", "p.yaml:1: contains the control character"),
        (b"name: x\nprimary:\n\tsite: breast\n", "p.yaml:3: a tab is used for indentation"),
        (b"name: x\nname: y\n", "p.yaml:2: name: given twice (first on line 1)"),
        (b"name: [x\nkind: y\n", "p.yaml:2: not valid YAML"),
        (b"name: x\n---\nname: y\n", "p.yaml:2: holds several YAML documents"),
        (b"a: &a [*a]\n", "an alias refers to itself"),
        (b"a: " + b"[" * 5000, "p.yaml"),
        (b"#" * 2_000_000, "p.yaml: is too large for a file written by hand"),
        (b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
            b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (i + 1, i + 1, *([i] * 8)) for i in range(97, 107)
        ), "stands for more than"),
        (b"schema_version: 1\nkind: patiant\nname: x\n", "p.yaml:2: kind: 'patiant' is not a kind of file"),
        (b"schema_version: 3\nkind: patient\nname: x\n", "p.yaml:1: schema_version: 3 is not a version"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_spec(content: bytes, words: str) -> None:
    Path("p.yaml").write_bytes(content)
    found = call("run", "p.yaml")
    assert words in found.err
    assert "Traceback" not in found.err
    assert len(found.err.splitlines()) <= 3
    assert found.out == ""
    assert set(everything()) == {"p.yaml"}


def test_things_that_are_no_file() -> None:
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    assert call("run", "folder").err == "folder: is a directory, expected a YAML file\n"
    assert "dangling: no such file or model" in call("run", "dangling").err
    for name in ("loop", "x" * 5000, "p.yaml/inside"):
        assert len(call("run", name).err.splitlines()) <= 3
    assert "did you mean 'breast'" in call("run", "brest").err
    assert "one of the models: acid-invasion, adjuvant-chemotherapy, " in call("run", "absent.yaml").err


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_a_file_without_end_is_not_read_for_ever() -> None:
    assert "is too large" in call("run", "/dev/zero").err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_what_may_not_be_read_or_written() -> None:
    Path("p.yaml").chmod(0)
    assert "Permission denied" in call("run", "p.yaml").err
    Path("p.yaml").chmod(0o644)
    Path("locked").mkdir(mode=0o555)
    assert "Permission denied" in call("run", "p.yaml", "-o", "locked/run").err


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no such file system here")
def test_a_directory_that_takes_no_files() -> None:
    found = call("run", "p.yaml", "-o", "/proc/run")
    assert found.err.startswith("cannot start a run in /proc/run: ")
    assert len(found.err.splitlines()) == 1


def test_the_output_is_a_file_or_below_one() -> None:
    before = everything()
    for out in ("p.yaml", "p.yaml/run"):
        assert call("run", "p.yaml", "-o", out).err.startswith(f"cannot start a run in {out}: ")
    assert everything() == before


def test_a_foreign_directory_is_left_alone() -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("years of work")
    before = everything()
    for resume in ((), ("--resume",)):
        assert "is not empty and is not a run directory" in call("run", "p.yaml", "-o", "mine", *resume).err
    assert "is not a run directory" in call("cite", "mine").err
    Path("mine/manifest.json").write_text('{"name": "my web page"}')
    before = everything()
    for resume in ((), ("--resume",)):
        assert "not one of Diaspore's" in call("run", "p.yaml", "-o", "mine", *resume).err
    assert everything() == before


def test_a_finished_run_is_not_written_over() -> None:
    call("run", "p.yaml", "-o", "run", code=0)
    before = everything()
    assert "already holds a finished run" in call("run", "p.yaml", "-o", "run").err
    assert "seed: 1 -> 2" in call("run", "p.yaml", "-o", "run", "--resume", "--seed", "2").err
    Path("p.yaml").write_text(GOOD + "count: 7\n")
    assert "the spec has changed" in call("run", "p.yaml", "-o", "run", "--resume").err
    Path("p.yaml").write_text(GOOD)
    assert everything() == before


def test_a_run_of_another_version_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUMMY_INTERRUPT", "after:1")
    call("run", "p.yaml", "-o", "run", code=130)
    monkeypatch.delenv("DUMMY_INTERRUPT")
    manifest = json.loads(Path("run/manifest.json").read_text())
    manifest["versions"]["numpy"] = "1.0"
    Path("run/manifest.json").write_text(json.dumps(manifest))
    before = everything()
    assert "the installed versions: numpy 1.0 -> " in call("run", "p.yaml", "-o", "run", "--resume").err
    assert everything() == before
    assert "holds an unfinished run" in call("run", "p.yaml", "-o", "run").err


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff\x00", b'{"format_version": 1}', b'"text"'])
def test_a_damaged_manifest(content: bytes) -> None:
    call("run", "p.yaml", "-o", "run", code=0)
    Path("run/manifest.json").write_bytes(content)
    before = everything()
    for arguments in (("cite", "run"), ("plot", "run"), ("run", "p.yaml", "-o", "run", "--resume")):
        assert call(*arguments).err.startswith("run")
    assert everything() == before


def test_a_newer_format() -> None:
    call("run", "p.yaml", "-o", "run", code=0)
    Path("run/manifest.json").write_text('{"format_version": 9, "status": "complete"}')
    assert "has run format 9; this version of Diaspore reads format 1" in call("cite", "run").err


@pytest.mark.parametrize("name", ["summary.json", "citations.json", "spec.yaml", "tables/rows/part-00001.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"7", b"\xff\x00PAR1"])
def test_a_damaged_run(name: str, content: bytes | None) -> None:
    call("run", "p.yaml", "-o", "run", code=0)
    if content is None:
        Path("run", name).unlink()
    else:
        Path("run", name).write_bytes(content)

    def read() -> None:
        run = Run.open("run")
        for value in (run.summary, run.citations, run.spec, run.table("rows")):
            assert value is not None

    if name.endswith("parquet") and content is None:
        read()  # how many parts a table has is not written down
        return
    with pytest.raises((RunStoreError, diaspore.InputError)) as caught:
        read()
    assert "run" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("checkpoint/00001.json", b""), ("checkpoint/00001.json", b"{}"), ("checkpoint/00001.json", b"[1]"),
        ("tables/rows/part-00001.parquet", b""), ("tables/rows/part-00001.parquet", b"PAR1 half of it"),
        ("tables/rows/part-00001.parquet", b"PAR1 torn in the middle PAR1"),
        ("checkpoint/00001.json", b'{"checksums": 7}'), ("checkpoint/00001.json", b"\xff"),
    ],
)  # fmt: skip
def test_a_damaged_batch_is_computed_again(name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", "p.yaml", "-o", "whole", code=0)
    monkeypatch.setenv("DUMMY_INTERRUPT", "after:2")
    call("run", "p.yaml", "-o", "run", code=130)
    monkeypatch.delenv("DUMMY_INTERRUPT")
    Path("run", name).write_bytes(content)
    call("run", "p.yaml", "-o", "run", "--resume", code=0)
    for part in Path("whole").rglob("*"):
        other = Path("run", part.relative_to("whole"))
        assert part.is_dir() or part.name == "timing.json" or part.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("moment", range(16))
@pytest.mark.parametrize("what", ["os.fsync", "pathlib.Path.replace"])
def test_a_full_disk_loses_nothing_finished(what: str, moment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every write, or synchronisation, in turn finds the disk full; once there is room again the run goes on."""
    call("run", "p.yaml", "-o", "whole", code=0)
    real, left = {"os.fsync": os.fsync, "pathlib.Path.replace": Path.replace}[what], [moment]

    def full(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(what, full)
    found = call("run", "p.yaml", "-o", "run", "--threads", "1")
    assert "No space left on device" in found.err
    assert len(found.err.splitlines()) == 1
    monkeypatch.setattr(what, real)
    assert not list(Path("run").rglob(".tmp-*"))
    assert not Path("run/.lock").exists()
    resumed = ("--resume",) if Path("run").exists() else ()
    call("run", "p.yaml", "-o", "run", *resumed, code=0)
    for part in Path("whole").rglob("*"):
        other = Path("run", part.relative_to("whole"))
        assert part.is_dir() or part.name == "timing.json" or part.read_bytes() == other.read_bytes()


def test_other_errors_of_the_system_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.EMFILE, "Too many open files", "some/file")

    monkeypatch.setattr("diaspore.core.simulate.simulate", fails)
    assert call("run", "p.yaml").err == "some/file: Too many open files\n"

    def needs(*arguments: Any, **options: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("diaspore.core.simulate.simulate", needs)
    assert "not enough memory" in call("run", "p.yaml").err


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
@pytest.mark.parametrize("option", ["--threads", "--patients", "--seed"])
def test_numbers_on_the_command_line(option: str, value: str) -> None:
    if (option, value) == ("--seed", "0"):
        return
    assert call("run", "breast", option, value).err.strip()
    assert set(everything()) == {"p.yaml"}


def test_names_a_terminal_cannot_show() -> None:
    name = os.fsdecode(b"\xff\xfe.yaml")
    Path(name).write_text(GOOD)
    code = "from tests import dummy_kind; dummy_kind.register()\nfrom diaspore.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", name, "-o", name[:-5]],
        env=child_env(PYTHONIOENCODING="ascii"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_read_enough() -> None:
    done = subprocess.run(
        [f"{sys.executable} -m diaspore schema patient | head -n 1"],
        env=child_env(), capture_output=True, text=True, check=False, shell=True,
    )  # fmt: skip
    assert done.stdout == "{\n"
    assert done.stderr == ""
