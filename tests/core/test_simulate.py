from __future__ import annotations

import gc
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import diaspore
from diaspore.core.errors import InputError, RunStoreError
from diaspore.core.runstore import Run
from diaspore.core.simulate import find_spec_file, shipped_models, simulate, versions
from diaspore.core.spec import KINDS
from tests import dummy_kind
from tests.child import child_env

SPEC: dict[str, Any] = {"schema_version": 1, "kind": "dummy", "name": "x", "rows": 50, "batches": 5}


@pytest.fixture(autouse=True)
def _dummy_kind() -> Iterator[None]:
    dummy_kind.register()
    yield
    KINDS.pop("dummy", None)


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != "timing.json"
    }


def child(path: Path, *, resume: bool, threads: int = 1, **env: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from tests import dummy_kind; dummy_kind.register()\n"
        "from diaspore import simulate\n"
        f"simulate({SPEC!r}, seed=3, out=sys.argv[1], resume={resume}, threads={threads})"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], env=child_env(**env), capture_output=True, text=True, check=False
    )


def test_a_run_from_plain_data(tmp_path: Path) -> None:
    run = simulate(SPEC, seed=3, out=tmp_path / "run", threads=2)
    assert isinstance(run, Run)
    assert run.manifest["seed"] == 3
    assert run.manifest["status"] == "complete"
    assert run.manifest["parameter_set"] == "dummy-1"
    assert run.manifest["versions"] == versions()
    assert set(run.manifest["versions"]) == {"diaspore", "python", "numpy", "numba", "pyarrow"}
    assert len(run.table("rows")) == 250
    assert run.summary["total"] == pytest.approx(run.table("rows")["value"].sum())
    assert run.summary["undefined"] is None
    assert run.citations.keys() == ["Paget1889"]
    assert run.spec["doubling_time"] == "120 day"
    assert not (run.path / "input.yaml").exists()
    assert not (run.path / "checkpoint").exists()
    assert not (run.path / ".lock").exists()


def test_a_run_from_a_file_keeps_it(tmp_path: Path) -> None:
    text = "# my patient\nschema_version: 1\nkind: dummy\nname: x\ndoubling_time: 2 month\n"
    (tmp_path / "p.yaml").write_text(text)
    run = diaspore.simulate(tmp_path / "p.yaml", out=tmp_path / "run", quiet=True)
    assert (run.path / "input.yaml").read_text() == text
    again = diaspore.simulate(run.path / "spec.yaml", out=tmp_path / "again")
    assert again.manifest == run.manifest


def test_a_temporary_run_lives_as_long_as_its_object() -> None:
    run = simulate(SPEC)
    path = run.path
    assert path.exists()
    del run
    gc.collect()
    assert not path.exists()


def test_the_bits_do_not_depend_on_the_threads(tmp_path: Path) -> None:
    for threads in (1, 3):
        simulate(SPEC, seed=3, out=tmp_path / str(threads), threads=threads)
    assert files(tmp_path / "1") == files(tmp_path / "3")
    simulate(SPEC, seed=4, out=tmp_path / "other")
    assert files(tmp_path / "1") != files(tmp_path / "other")


@pytest.mark.parametrize("moment", ["between:0", "after:0", "between:2", "after:4"])
def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path, moment: str) -> None:
    killed = child(tmp_path / "run", resume=False, threads=2, DUMMY_KILL=moment)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(RunStoreError, match="not finished"):
        Run.open(tmp_path / "run")
    resumed = child(tmp_path / "run", resume=True)
    assert resumed.returncode == 0, resumed.stderr
    simulate(SPEC, seed=3, out=tmp_path / "whole")
    assert files(tmp_path / "run") == files(tmp_path / "whole")


@pytest.mark.slow
def test_kills_at_any_moment_do_not_change_a_bit(tmp_path: Path) -> None:
    spec = SPEC | {"batches": 300, "pause_s": 0.002}
    code = (
        "import sys; from tests import dummy_kind; dummy_kind.register()\n"
        f"from diaspore import simulate; simulate({spec!r}, seed=3, out=sys.argv[1], resume=True, threads=2)"
    )
    delays = random.Random(7)
    kills = 0
    for attempt in range(60):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "run")], env=child_env())
        try:
            # Longer and longer, so that a busy machine gets there as well.
            process.wait(timeout=(0.8 + delays.random()) * 1.05**attempt)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            continue
        break
    assert process.returncode == 0
    assert kills >= 1
    simulate(spec, seed=3, out=tmp_path / "whole")
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def test_an_interrupt_leaves_a_resumable_run_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUMMY_INTERRUPT", "between:2")
    with pytest.raises(KeyboardInterrupt, match="--resume"):
        simulate(SPEC, seed=3, out=tmp_path / "run", threads=2)
    with pytest.raises(KeyboardInterrupt):
        simulate(SPEC, seed=3)
    monkeypatch.delenv("DUMMY_INTERRUPT")
    simulate(SPEC, seed=3, out=tmp_path / "run", resume=True)
    simulate(SPEC, seed=3, out=tmp_path / "whole")
    assert files(tmp_path / "run") == files(tmp_path / "whole")


def test_resuming_a_finished_run_returns_it(tmp_path: Path) -> None:
    run = simulate(SPEC, seed=3, out=tmp_path / "run")
    before = files(run.path)
    (run.path / "checkpoint").mkdir()
    (run.path / "checkpoint/00000.json").write_text("{}")  # killed while tidying up
    assert simulate(SPEC, seed=3, out=tmp_path / "run", resume=True).path == run.path
    assert files(run.path) == before
    with pytest.raises(RunStoreError, match="seed: 3 -> 4"):
        simulate(SPEC, seed=4, out=tmp_path / "run", resume=True)
    with pytest.raises(RunStoreError, match="the spec has changed"):
        simulate(SPEC | {"rows": 51}, seed=3, out=tmp_path / "run", resume=True)
    with pytest.raises(RunStoreError, match="finished run"):
        simulate(SPEC, seed=3, out=tmp_path / "run")


def test_a_refusal_by_the_engine_does_not_block_the_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the engine refuses"):
        simulate(SPEC | {"name": "refused"}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    simulate(SPEC, out=tmp_path / "run")


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", True])
def test_bad_seeds(seed: Any) -> None:
    with pytest.raises(InputError, match="seed: must be a whole number"):
        simulate(SPEC, seed=seed)


def test_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="threads"):
        simulate(SPEC, threads=0)
    with pytest.raises(InputError, match="resume"):
        simulate(SPEC, resume=True)
    with pytest.raises(InputError, match="no such file or model"):
        simulate(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="expected fields"):
        simulate([1])  # type: ignore[arg-type]


def test_models_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, file in shipped_models().items():
        assert find_spec_file(name) == file
    own = tmp_path / "own.yaml"
    own.write_text("x")
    assert find_spec_file(str(own)) == own
    monkeypatch.setattr("diaspore.core.simulate.shipped_models", lambda: {"breast": own})
    assert find_spec_file("breast") == own
    monkeypatch.chdir(tmp_path)
    (tmp_path / "breast").mkdir()
    assert find_spec_file("breast") == own, "a directory of that name does not hide the model"
    with pytest.raises(InputError, match="is a directory"):
        simulate(tmp_path / "breast")
    with pytest.raises(InputError, match="did you mean 'breast'"):
        find_spec_file("brest")


def test_the_one_long_wait_is_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from diaspore.core import jit

    monkeypatch.delenv("DIASPORE_QUIET", raising=False)
    monkeypatch.setattr(jit, "_folders", {"core": tmp_path / "other", "body": tmp_path})
    simulate(SPEC)
    assert "Compiling the kernels" in capsys.readouterr().err
    simulate(SPEC, quiet=True)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/kernel.nbi").touch()
    assert not jit.nothing_compiled()
    simulate(SPEC)
    assert capsys.readouterr().err == ""
