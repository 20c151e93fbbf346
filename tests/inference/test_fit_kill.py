"""Kills during a fit through the command lose nothing: the resumed fit gives the bytes of an uninterrupted one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.child import child_env

LIMIT_S = 400.0  # the first run on a machine compiles
FOLDER = "seer-2026.1"


def start(where: Path, *more: str, name: str = "seer") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "diaspore", "fit", name, "--quick", "--seed", "4", "-o", "out", *more],
        cwd=where, env=child_env(DIASPORE_QUIET="1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == code, (process.returncode, err)
    assert "Traceback" not in err
    return out, err


def content(where: Path, folder: str = FOLDER) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((where / "out" / folder).iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted fit, with one kill-free run of the command."""
    where = tmp_path_factory.mktemp("whole")
    out, _ = finish(start(where))
    assert out.splitlines()[-1] == f"out/{FOLDER}"
    assert [p.name for p in (where / "out").iterdir()] == [FOLDER]
    return where


def test_a_killed_fit_resumes_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    process = start(tmp_path)
    deadline = time.monotonic() + LIMIT_S
    chains = tmp_path / "out" / "work" / "chains" / "kidney"
    while not list(chains.glob("block-*.npz")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out" / FOLDER).exists()
    _, err = finish(start(tmp_path), code=2)
    assert "--resume" in err
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "work" / "bank").iterdir()}
    process = start(tmp_path, "--resume")
    while not (tmp_path / "out" / "work" / "chains" / "pancreas").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    assert all(p.stat().st_mtime_ns == then for p, then in kept.items()), "finished cells are not computed again"
    finish(process)
    assert content(tmp_path) == content(whole)


@pytest.mark.slow
def test_twenty_kills_at_any_moment_do_not_change_a_bit(whole: Path, tmp_path: Path) -> None:
    moments = random.Random(13)
    kills, attempt = 0, 0
    process = start(tmp_path, "--resume")
    while True:
        try:
            # Starting takes about 2 s; from the twentieth kill on longer and longer, so that the fit ends.
            longest = 4.0 if kills < 20 else 4.0 * 1.3 ** (kills - 19)
            process.wait(timeout=moments.uniform(1.0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += 1
        process.communicate()
        attempt += 1
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        assert attempt < 60
        process = start(tmp_path, "--resume")
    assert kills >= 20
    assert content(tmp_path) == content(whole)


@pytest.mark.slow
def test_a_killed_fit_of_tropism_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    name = "tropism-2026.1"
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    finish(start(whole, name="tropism"))
    assert [p.name for p in (whole / "out").iterdir()] == [name]
    work = killed / "out/work"
    deadline = time.monotonic() + LIMIT_S
    for folder, pieces in (("folds", 2), ("posterior/chain-0", 2), ("engine", 3)):
        process = start(killed, "--resume", name="tropism")
        while len(list((work / folder).glob("[!.]*.json"))) < pieces:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    kept = {p: p.stat().st_mtime_ns for p in work.rglob("[!.]*.json")}
    process = start(killed, "--resume", name="tropism")
    while len(list((work / "engine").glob("[!.]*.json"))) < 8:
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    assert all(p.stat().st_mtime_ns == then for p, then in kept.items()), "finished pieces are not computed again"
    finish(process)
    assert content(killed, name) == content(whole, name)
