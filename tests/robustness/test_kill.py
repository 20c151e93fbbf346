"""Kills, Ctrl-C and two writers, on real runs of the body engine through the command."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diaspore.core.runstore import Run
from tests.child import child_env

RUN = ("run", "breast", "--patients", "12000", "--seed", "5")  # three batches
LIMIT_S = 400.0  # the first run on a machine compiles


def start(*arguments: str, where: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "diaspore", *arguments], cwd=where, env=child_env(DIASPORE_QUIET="1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == code, (process.returncode, err)
    assert "Traceback" not in err
    return out, err


def until(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a file is there."""
    deadline = time.monotonic() + LIMIT_S
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def content(path: Path) -> dict[str, bytes]:
    """Every file but the one with times in it."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != "timing.json"
    }


def kill_until_done(
    *run: str, where: Path, seed: int, waits: tuple[float, float], longer: float, attempts: int,
    threads: tuple[int, ...],
) -> None:  # fmt: skip
    """Kill a run, resumed again and again on ``threads`` in turn, at random moments until it gets to its end.

    Waits (s) grow by ``longer`` with every attempt, so that a busy machine gets there as well.
    """
    moments, kills = random.Random(seed), 0
    for attempt in range(attempts):
        on = str(threads[attempt % len(threads)])
        process = start(*run, "-o", "run", "--resume", "--threads", on, where=where)
        try:
            process.wait(timeout=moments.uniform(*waits) * longer**attempt)
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.communicate()
        if process.returncode == 0:
            break
    assert process.returncode == 0
    assert kills >= 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    where = tmp_path_factory.mktemp("whole")
    out, _ = finish(start(*RUN, "-o", "run", where=where))
    assert out.splitlines()[-1] == "run"
    return where / "run"


@pytest.mark.parametrize("batch", [0, 1])
def test_a_killed_run_resumes_to_the_same_bytes(batch: int, whole: Path, tmp_path: Path) -> None:
    process = start(*RUN, "-o", "run", "--threads", "1", where=tmp_path)
    until(tmp_path / f"run/checkpoint/0000{batch}.json", process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "run/summary.json").exists()
    _, err = finish(start("plot", "run", where=tmp_path), code=2)
    assert "--resume" in err
    _, err = finish(start(*RUN, "-o", "run", where=tmp_path), code=2)
    assert "--resume" in err
    kept = (tmp_path / "run/tables/patients/part-00000.parquet").stat().st_mtime_ns
    finish(start(*RUN, "-o", "run", "--resume", "--threads", "2", where=tmp_path))
    assert (tmp_path / "run/tables/patients/part-00000.parquet").stat().st_mtime_ns == kept, "the first batch is kept"
    assert content(tmp_path / "run") == content(whole)


def test_ctrl_c_says_how_to_go_on(whole: Path, tmp_path: Path) -> None:
    process = start(*RUN, "-o", "my run", "--threads", "1", where=tmp_path)
    until(tmp_path / "my run/checkpoint/00000.json", process)
    os.kill(process.pid, signal.SIGINT)
    out, err = finish(process, code=130)
    assert out == ""
    assert err.startswith("interrupted; nothing finished so far is lost.\n")
    assert "--resume -o 'my run'" in err
    assert not (tmp_path / "my run/.lock").exists()
    assert "is not finished" in finish(start("cite", "my run", where=tmp_path), code=2)[1]
    finish(start(*RUN, "--resume", "-o", "my run", where=tmp_path))
    assert content(tmp_path / "my run") == content(whole)


def test_a_second_writer_is_refused(whole: Path, tmp_path: Path) -> None:
    process = start(*RUN, "-o", "run", "--threads", "1", where=tmp_path)
    until(tmp_path / "run/manifest.json", process)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        for resume in ((), ("--resume",)):
            _, err = finish(start(*RUN, "-o", "run", *resume, where=tmp_path), code=2)
            assert err.startswith(f"run is being written by another process (process {process.pid} on ")
    finally:
        os.kill(process.pid, signal.SIGCONT)
    finish(process)
    assert content(tmp_path / "run") == content(whole)
    assert len(Run.open(tmp_path / "run").table("patients")) == 12_000


@pytest.mark.slow
def test_kills_at_any_moment_do_not_change_a_bit(whole: Path, tmp_path: Path) -> None:
    kill_until_done(*RUN, where=tmp_path, seed=11, waits=(0.5, 6.0), longer=1.05, attempts=100, threads=(2,))
    assert content(tmp_path / "run") == content(whole)


COHORT = """
schema_version: 1
kind: cohort
name: kills
patients: 500000
primary: {site: breast}
follow_up: {duration: 1 year, visits: []}
surgery: {primary: {at: 30 day}, nodes: {at: 30 day}}
covariates: {diameter: {median: 20 mm, spread: 0.4, high: 60 mm}}
groups: [{name: a, share: 0.5}, {name: b, share: 0.5, change: {growth.doubling_time: 90 day}}]
"""


@pytest.mark.slow
def test_twenty_kills_of_a_cohort_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "cohort.yaml").write_text(COHORT, encoding="utf-8")
    run = ("run", "cohort.yaml", "--seed", "4", "--threads", "2")
    finish(start(*run, "-o", "whole", where=tmp_path))
    moments = random.Random(3)
    checkpoints = tmp_path / "run/checkpoint"
    kills = 0
    while kills < 20:
        before = len(list(checkpoints.glob("*.json"))) if checkpoints.exists() else 0
        process = start(*run, "-o", "run", "--resume", where=tmp_path)
        # Every other time as soon as a further batch is there, else at any moment of the start.
        deadline = time.monotonic() + (LIMIT_S if kills % 2 else moments.uniform(0.2, 4.0))
        while process.poll() is None and time.monotonic() < deadline:
            if kills % 2 and checkpoints.exists() and len(list(checkpoints.glob("*.json"))) > before:
                break
            time.sleep(0.002)
        if process.poll() is None:
            time.sleep(moments.uniform(0.0, 0.05))
        assert process.poll() is None, "the cohort is too small for twenty kills"
        process.kill()
        process.communicate()
        kills += 1
    finish(start(*run, "-o", "run", "--resume", where=tmp_path))
    assert content(tmp_path / "run") == content(tmp_path / "whole")
