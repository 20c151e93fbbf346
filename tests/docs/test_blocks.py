"""Every command and every piece of Python in README and documentation runs as it stands.

Blocks of a page run one after the other in one empty directory. A comment before a block changes that:
``<!-- test: skip REASON -->`` does not run it, ``slow`` leaves it to the slow tests, ``file NAME`` writes the block to
a file, ``fails`` says that its last command must fail.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.child import child_env
from tests.docs.pages import PAGES, Block, blocks, name_of

RUNS = ("bash", "python", "yaml")
RUNNABLE = [page for page in PAGES if any(block.language in RUNS for block in blocks(page))]
SLOW = [page for page in RUNNABLE if any(block.order == "slow" for block in blocks(page))]
LANGUAGES = {"bash", "python", "yaml", "text", "{toctree}"}
ORDERS = {"", "skip", "slow", "file", "fails"}


def _shim(folder: Path) -> Path:
    """A directory with commands `diaspore` and `python` that use this interpreter."""
    folder.mkdir()
    for name, arguments in (("diaspore", " -m diaspore"), ("python", "")):
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
    return folder


def _run_bash(page: Path, block: Block, folder: Path) -> None:
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=folder / "work",
        env=child_env(PATH=path, MPLBACKEND="Agg"),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    expected = done.returncode != 0 if block.order == "fails" else done.returncode == 0
    shown = f"{name_of(page)}:{block.line} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert expected, shown
    assert "Traceback" not in done.stderr, shown


def _run_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, slow: bool) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    _shim(tmp_path / "bin")
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {"__name__": "__docs__"}
    for block in blocks(page):
        if block.order == "skip" or (block.order == "slow" and not slow):
            continue
        if block.order == "file":
            (folder / block.argument).write_text(block.text, encoding="utf-8")
        if block.language == "bash":
            _run_bash(page, block, tmp_path)
        elif block.language == "python" and block.order != "file":
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            exec(code, names)
        elif block.language == "yaml":
            _check_yaml(page, block)


def _check_yaml(page: Path, block: Block) -> None:
    """A YAML block is a whole patient file, or a part of one."""
    from diaspore.body.compile import compile_patient
    from diaspore.core.spec import spec_from_dict
    from diaspore.core.yamlio import parse_yaml

    data = parse_yaml(block.text, file=f"{name_of(page)}:{block.line}").data
    whole = {"schema_version": 1, "kind": "patient", "name": "from the documentation"} | data
    compile_patient(spec_from_dict(whole), seed=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run_page(page, tmp_path, monkeypatch, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW, ids=name_of)
def test_all_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run_page(page, tmp_path, monkeypatch, slow=True)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_say_what_they_are(page: Path) -> None:
    for block in blocks(page):
        where = f"{name_of(page)}:{block.line}"
        assert block.language in LANGUAGES, f"{where}: unknown language {block.language!r}"
        assert block.order in ORDERS, f"{where}: unknown instruction {block.order!r}"
        if block.order == "skip":
            assert block.argument, f"{where}: say why it is not run"
        if block.language == "text":
            commands = [line for line in block.text.splitlines() if line.startswith("$ ")]
            assert not commands, f"{where}: a command in a block that is not run"
