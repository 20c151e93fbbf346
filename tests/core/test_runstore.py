from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

from diaspore.core import jsonio
from diaspore.core.citations import Citations
from diaspore.core.errors import RunStoreError
from diaspore.core.runlayout import run_status, same_run, tidy
from diaspore.core.runstore import Run, RunStore
from diaspore.core.zarrio import Variable, read_zarr, write_zarr
from tests.child import child_env

MANIFEST = {"kind": "dummy", "name": "x", "seed": 1, "versions": {"numpy": "2"}, "spec_sha256": "abc"}


def start(path: Path, *, resume: bool = False, **changed: Any) -> RunStore:
    return RunStore.create(path, MANIFEST | changed, spec_yaml="name: x\n", input_text="name:  x\n", resume=resume)


def frame(batch: int, rows: int = 5) -> pd.DataFrame:
    values = np.random.default_rng(batch).normal(size=rows)
    return pd.DataFrame({"patient": np.arange(rows, dtype=np.int64) + batch * rows, "v": values, "site": "liver"})


def finished(path: Path) -> Run:
    store = start(path)
    for batch in range(3):
        store.write_part("patients", batch, frame(batch))
        store.commit(batch, {"sum": 0.1 * batch})
    store.finish({"patients": 15}, Citations([("Paget1889", "seed and soil")]), {"wall_s": 1.0})
    return Run.open(path)


def files(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != "timing.json"
    }


def test_a_finished_run_reads_back(tmp_path: Path) -> None:
    run = finished(tmp_path / "run")
    assert run.manifest == {"format_version": 1, **MANIFEST, "status": "complete"}
    assert run.spec == {"name": "x"}
    assert run.summary == {"patients": 15}
    assert run.citations == Citations([("Paget1889", "seed and soil")])
    assert run.tables() == ["patients"]
    pd.testing.assert_frame_equal(run.table("patients"), pd.concat([frame(b) for b in range(3)], ignore_index=True))
    assert run.course() is None
    assert sorted(entry.name for entry in run.path.iterdir()) == [
        "citations.json", "input.yaml", "manifest.json", "references.bib", "spec.yaml", "summary.json", "tables",
        "timing.json",
    ]  # fmt: skip
    assert "seed 1" in repr(run)


def test_the_same_data_gives_the_same_bytes(tmp_path: Path) -> None:
    finished(tmp_path / "a")
    finished(tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_parts_hold_columns_only(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.write_part("t", 0, frame(0).set_index("patient", drop=False))
    schema = pq.read_schema(tmp_path / "run/tables/t/part-00000.parquet")
    assert schema.names == ["patient", "v", "site"]
    assert schema.metadata is None or b"pandas" not in schema.metadata
    store.close()


def test_other_forms_of_tables(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.write_part("t", 0, {"a": np.arange(3, dtype=np.int16), "b": np.array([1, np.nan, 3], dtype=np.float32)})
    store.write_part("t", 1, pa.table({"a": pa.array([3], pa.int16()), "b": pa.array([4.0], pa.float32())}))
    categories = pd.DataFrame({"site": pd.Categorical(["liver"])}), pd.DataFrame({"site": pd.Categorical(["bone"])})
    for batch, data in enumerate(categories):
        store.write_part("c", batch, data)
    store.finish({})
    run = Run.open(tmp_path / "run")
    table = run.table("t")
    assert [str(kind) for kind in table.dtypes] == ["int16", "float32"]
    assert np.isnan(table["b"][1])
    assert list(run.table("c")["site"]) == ["liver", "bone"]


def test_wrong_names_and_numbers_are_programming_errors(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    with pytest.raises(ValueError, match="table name"):
        store.write_part("../x", 0, frame(0))
    with pytest.raises(ValueError, match="batch number"):
        store.commit(100_000)
    store.close()


def variables(data: xr.Dataset) -> dict[str, Variable]:
    return {str(n): Variable(tuple(map(str, v.dims)), v.values, v.attrs) for n, v in data.variables.items()}


def test_courses_read_back(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    data = xr.Dataset(
        {"burden_mm3": (("patient", "time", "site"), np.arange(12.0).reshape(2, 3, 2), {"unit": "mm3"})},
        coords={"patient": [0, 1], "time": [0.0, 1.0, 2.0], "site": ["liver", "bone"]},
    )
    store.write_course(0, {})
    store.write_course(0, variables(data))
    store.finish({})
    course = Run.open(tmp_path / "run").course()
    assert course is not None
    xr.testing.assert_identical(course.load(), data)


def test_a_course_that_was_torn_is_computed_again(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.write_course(0, {"v": Variable(("time",), np.arange(9.0))})
    store.commit(0)
    assert store.completed() == {0}
    (tmp_path / "run/course.zarr/v/c.0").write_bytes(b"")
    assert store.completed() == set()
    (tmp_path / "run/course.zarr/v/c.0").unlink()
    assert store.completed() == set()
    store.close()


@pytest.mark.parametrize(
    "values",
    [
        np.float32([[1, 2], [np.nan, -0.0]]), np.arange(3, dtype=np.int16), np.uint64([2**64 - 1]), np.array(7.5),
        np.zeros((0, 4)), np.array(["µ", "", "日本 x"]), np.arange(4.0, dtype=">f8"), np.arange(12.0).reshape(3, 4).T,
    ],
)  # fmt: skip
def test_courses_of_all_kinds_read_back(tmp_path: Path, values: np.ndarray) -> None:
    write_zarr(tmp_path / "a", {"v": Variable(("x", "y")[: values.ndim], values, {"unit": "mm"})})
    read = xr.open_zarr(tmp_path / "a", consolidated=False, chunks=None)["v"]
    np.testing.assert_array_equal(read.values, values)
    assert read.dtype == values.dtype.newbyteorder("=")
    assert read.attrs == {"unit": "mm"}


def test_other_values_are_no_courses(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="object"):
        write_zarr(tmp_path / "a", {"v": Variable(("x",), np.array([None]))})


def test_a_course_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    code = (
        "import resource, sys; import numpy as np\n"
        "from diaspore.core.runstore import RunStore; from diaspore.core.errors import RunStoreError\n"
        "from diaspore.core.zarrio import Variable\n"
        "store = RunStore.create(sys.argv[1], {'name': 'x'}, spec_yaml='')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "values = np.random.default_rng(1).normal(size=(500, 200))\n"
        "try: store.write_course(0, {'v': Variable(('time', 'site'), values)})\n"
        "except RunStoreError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")], env=child_env(), capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"cannot write {tmp_path / 'run/course.zarr'}: File too large")
    assert not list((tmp_path / "run").glob(".tmp-*"))


def test_course_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    data = xr.Dataset({"v": (("time", "site"), np.ones((3, 2)))}, coords={"time": [0.0, 1.0, 2.0], "site": ["a", "b"]})
    for name in "ab":
        store = start(tmp_path / name)
        store.write_course(0, variables(data))
        store.finish({})
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_committed_batches_are_kept_and_others_cleared(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.write_part("patients", 0, frame(0))
    store.commit(0, {"sum": 0.1 + 0.2, "none": float("nan")})
    store.write_part("patients", 1, frame(7))  # killed before its commit
    (tmp_path / "run/tables/patients/.tmp-part-00002.parquet").write_bytes(b"half")
    (tmp_path / "run/.tmp-course.zarr").mkdir()
    store.close()

    store = start(tmp_path / "run", resume=True)
    assert store.completed() == {0}
    assert store.checkpoint(0)["sum"] == 0.1 + 0.2
    assert np.isnan(store.checkpoint(0)["none"])
    assert [file.name for file in (tmp_path / "run/tables/patients").iterdir()] == ["part-00000.parquet"]
    assert not (tmp_path / "run/.tmp-course.zarr").exists()
    store.close()


def test_a_checkpoint_without_its_parts_does_not_count(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.write_part("patients", 0, frame(0))
    store.commit(0)
    (tmp_path / "run/tables/patients/part-00000.parquet").unlink()
    assert store.completed() == set()
    store.close()
    store = start(tmp_path / "run", resume=True)
    assert not list((tmp_path / "run/checkpoint").iterdir())
    store.close()


def test_resume_of_nothing_just_starts(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/deep"):
        store = start(tmp_path / name, resume=True)
        assert store.completed() == set()
        store.close()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 2}, "seed: 1 -> 2"),
        ({"spec_sha256": "def"}, "the spec has changed"),
        ({"versions": {"numpy": "3"}}, "installed versions: numpy 2 -> 3"),
    ],
)
def test_another_run_is_not_resumed(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    start(tmp_path / "run").close()
    before = files(tmp_path / "run")
    with pytest.raises(RunStoreError, match=words):
        start(tmp_path / "run", resume=True, **changed)
    assert {name: data for name, data in files(tmp_path / "run").items() if name != ".lock"} == before


def test_existing_runs_are_not_overwritten(tmp_path: Path) -> None:
    finished(tmp_path / "run")
    before = files(tmp_path / "run")
    for resume in (False, True):
        with pytest.raises(RunStoreError, match="already holds a finished run"):
            start(tmp_path / "run", resume=resume)
    assert files(tmp_path / "run") == before

    start(tmp_path / "half").close()
    with pytest.raises(RunStoreError, match="--resume"):
        start(tmp_path / "half")


def test_foreign_directories_are_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "mine"
    precious.mkdir()
    (precious / "thesis.txt").write_text("do not delete")
    for resume in (False, True):
        with pytest.raises(RunStoreError, match="not empty and is not a run directory"):
            start(precious, resume=resume)
    assert files(precious) == {"thesis.txt": b"do not delete"}

    (precious / "manifest.json").write_text('{"name": "a web app"}')
    with pytest.raises(RunStoreError, match="not one of Diaspore's"):
        start(precious, resume=True)
    (precious / "manifest.json").write_text("not json")
    with pytest.raises(RunStoreError, match="not valid JSON"):
        start(precious, resume=True)
    assert (precious / "thesis.txt").read_text() == "do not delete"


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunStoreError, match="cannot start a run"):
        start(tmp_path / "file")
    with pytest.raises(RunStoreError, match="cannot start a run"):
        start(tmp_path / "file/below")


def test_two_writers_are_refused(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    with pytest.raises(RunStoreError, match="being written by another process"):
        start(tmp_path / "run", resume=True)
    store.close()
    start(tmp_path / "run", resume=True).close()


def test_a_writer_in_another_process_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys; from diaspore.core.runstore import RunStore\n"
        "s = RunStore.create(sys.argv[1], {'name': 'x'}, spec_yaml='')\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_env(),
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"ready\n"
    try:
        with pytest.raises(RunStoreError, match=f"process {holder.pid}"):
            RunStore.create(tmp_path / "run", {"name": "x"}, spec_yaml="", resume=True)
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
    RunStore.create(tmp_path / "run", {"name": "x"}, spec_yaml="", resume=True).close()


@pytest.mark.parametrize("advisory", [True, False])
@pytest.mark.parametrize("content", ["", "garbage", "dead", "reused"])
def test_the_lock_of_a_dead_process_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, advisory: bool
) -> None:
    import socket

    from diaspore.core import runlock

    if not advisory:
        monkeypatch.setattr(runlock, "fcntl", None)
    start(tmp_path / "run").close()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    notes = {
        "dead": {"pid": dead.pid, "host": socket.gethostname(), "started": None},
        "reused": {"pid": os.getpid(), "host": socket.gethostname(), "started": "1"},
    }
    if content == "reused" and not Path("/proc/self/stat").exists():
        pytest.skip("start times of processes are not known here")
    (tmp_path / "run/.lock").write_text(json.dumps(notes[content]) if content in notes else content)
    store = start(tmp_path / "run", resume=True)
    store.close()
    assert not (tmp_path / "run/.lock").exists()


def test_without_advisory_locks_a_living_process_holds_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diaspore.core import runlock

    monkeypatch.setattr(runlock, "fcntl", None)
    store = start(tmp_path / "run")
    with pytest.raises(RunStoreError, match="another process"):
        start(tmp_path / "run", resume=True)
    store.close()


@pytest.mark.parametrize("call", ["part", "commit", "course", "finish", "create"])
def test_a_full_disk_is_one_clear_message_and_leaves_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = start(tmp_path / "run")
    store.write_part("patients", 0, frame(0))
    store.commit(0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        patch.setattr(Path, "rename", full)
        with pytest.raises(RunStoreError, match="No space left on device"):
            if call == "part":
                store.write_part("patients", 1, frame(1))
            elif call == "commit":
                store.commit(1)
            elif call == "course":
                store.write_course(1, {})
            elif call == "finish":
                store.finish({})
            else:
                start(tmp_path / "other")
    store.close()
    assert not [name for name in files(tmp_path) if ".tmp-" in name]
    assert store.completed() == {0}
    store = start(tmp_path / "run", resume=True)
    store.finish({})
    assert Run.open(tmp_path / "run").summary == {}


def test_notes_of_the_engine_are_part_of_the_identity(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.annotate(parameter_set="breast-1")
    store.close()
    store = start(tmp_path / "run", resume=True)
    store.annotate(parameter_set="breast-1")
    with pytest.raises(RunStoreError, match="parameter_set: breast-1 -> breast-2"):
        store.annotate(parameter_set="breast-2")
    store.close()


def test_a_start_without_results_can_be_undone(tmp_path: Path) -> None:
    store = start(tmp_path / "a/b/run")
    assert store.discard_if_empty()
    assert not (tmp_path / "a").exists()

    (tmp_path / "given").mkdir()
    store = start(tmp_path / "given")
    assert store.discard_if_empty()
    assert list((tmp_path / "given").iterdir()) == []

    store = start(tmp_path / "kept")
    store.write_part("patients", 0, frame(0))
    assert not store.discard_if_empty()
    store.close()
    assert (tmp_path / "kept/manifest.json").exists()


def test_undefined_numbers_become_null_in_the_summary(tmp_path: Path) -> None:
    store = start(tmp_path / "run")
    store.finish({"a": float("nan"), "b": np.float32(1.5), "c": np.array([1, 2]), "d": (np.int64(3), None, True)})
    assert Run.open(tmp_path / "run").summary == {"a": None, "b": 1.5, "c": [1, 2], "d": [3, None, True]}
    with pytest.raises(TypeError, match="object"):
        jsonio.to_json({"a": object()})


def test_only_finished_runs_open(tmp_path: Path) -> None:
    with pytest.raises(RunStoreError, match="no such directory"):
        Run.open(tmp_path / "absent")
    with pytest.raises(RunStoreError, match=r"has no manifest\.json"):
        Run.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunStoreError, match="a file"):
        Run.open(tmp_path / "file")
    start(tmp_path / "half").close()
    with pytest.raises(RunStoreError, match=r"not finished(.|\n)*--resume"):
        Run.open(tmp_path / "half")
    run = finished(tmp_path / "run")
    (run.path / "summary.json").unlink()
    with pytest.raises(RunStoreError, match=r"summary\.json is missing"):
        Run.open(run.path)
    manifest = json.loads((run.path / "manifest.json").read_text())
    (run.path / "manifest.json").write_text(json.dumps(manifest | {"format_version": 99}))
    with pytest.raises(RunStoreError, match="run format 99"):
        Run.open(run.path)


def test_missing_and_damaged_tables(tmp_path: Path) -> None:
    run = finished(tmp_path / "run")
    with pytest.raises(RunStoreError, match="it has: patients"):
        run.table("pateints")
    (run.path / "tables/patients/part-00001.parquet").write_bytes(b"damaged")
    with pytest.raises(RunStoreError, match="cannot be read"):
        run.table("patients")
    for part in (run.path / "tables/patients").iterdir():
        part.unlink()
    assert "patients" not in run.tables()
    with pytest.raises(RunStoreError, match="tables/patients holds no part-00000"):
        run.table("patients")


def test_a_damaged_course_names_its_file(tmp_path: Path) -> None:
    folder = finished(tmp_path / "run").path / "course.zarr"
    values = np.arange(6.0).reshape(2, 3)
    variables = {"v": Variable(("x", "y"), values, {"unit": "mm"}), "x": Variable(("x",), np.array(["a", "bc"]))}
    write_zarr(folder, variables)
    read = read_zarr(folder)
    assert read is not None
    assert read["v"].values.tolist() == variables["v"].values.tolist()
    assert (read["v"].dims, read["v"].attrs, read["x"].values.tolist()) == (("x", "y"), {"unit": "mm"}, ["a", "bc"])
    whole = (folder / "v/c.0.0").read_bytes()
    for content in (b"", b"torn", whole[:-4]):
        (folder / "v/c.0.0").write_bytes(content)
        with pytest.raises(RunStoreError, match=r"course\.zarr/v/c\.0\.0 is damaged"):
            Run.open(tmp_path / "run").course()
    (folder / "v/zarr.json").write_text("{")
    with pytest.raises(RunStoreError, match=r"v/zarr\.json is damaged"):
        Run.open(tmp_path / "run").course()


def test_status_and_identity(tmp_path: Path) -> None:
    assert run_status(tmp_path / "absent") is None
    run = finished(tmp_path / "run")
    found = run_status(run.path)
    assert found is not None
    same_run(found, MANIFEST, run.path)
    with pytest.raises(RunStoreError, match="seed"):
        same_run(found, MANIFEST | {"seed": 5}, run.path)
    (run.path / "spec.yaml").write_text("patients: 5\nlevers: [{factor: 1}]\n")
    with pytest.raises(RunStoreError, match=r"patients: 5 -> 7\n    levers\[0\].factor: 1 -> 2\n"):
        same_run(found, MANIFEST | {"spec_sha256": "x"}, run.path, "patients: 7\nlevers: [{factor: 2}]\n")
    (run.path / "checkpoint").mkdir()
    (run.path / ".lock").write_text("")
    tidy(run.path)
    assert not (run.path / "checkpoint").exists()
    assert not (run.path / ".lock").exists()
