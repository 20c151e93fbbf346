"""Every example runs, in its own directory, within a minute of computing, and prints what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diaspore
from tests.child import ROOT, child_env

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
FILES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Kernels are compiled before the clock runs."""
    diaspore.simulate("breast", quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), str(tmp_path / "results")],
        cwd=tmp_path,
        env=child_env(MPLBACKEND="Agg"),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.strip()
    assert "nan" not in done.stdout.lower().split()
    assert {entry.name for entry in tmp_path.iterdir()} == {"results"}, "it writes only where it is told to"
    for picture in re.findall(r"^(/.*\.png)$", done.stdout, re.MULTILINE):
        assert Path(picture).stat().st_size > 5_000
    for run in (tmp_path / "results").iterdir():
        if run.is_dir():
            assert diaspore.Run.open(run).summary["ledger_balance_error"] < 1e-9


def _small(file: Path, patients: int) -> dict[str, object]:
    from diaspore.core.yamlio import load_yaml

    return dict(load_yaml(file).data) | {"patients": patients}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_file(file: Path) -> None:
    """It runs, says that it is an illustration, and the route that it is about is taken."""
    assert "ILLUSTRATIVE" in file.read_text(encoding="utf-8")
    run = diaspore.simulate(_small(file, 400), quiet=True)
    ledger = run.table("ledger").groupby(["stage", "route", "site"])["cells"].sum()
    sites = run.summary["sites"]
    assert ledger["shed", "cavity", "local"] > 0
    if file.stem == "04_colon":
        blood = ledger["extravasated", "haematogenous"]
        # The lung filters what metastases shed; of all other organs the liver gets most, by the portal vein.
        assert blood.drop("lung").idxmax() == "liver"
        assert sites["liver"] > 0.2
        assert sites["peritoneum"] > 0.05
    else:
        assert sites["peritoneum"] == max(sites.values())


def test_the_list_of_examples_is_complete() -> None:
    listed = set(re.findall(r"\((\d\d_\w+\.\w+)\)", (EXAMPLES / "README.md").read_text(encoding="utf-8")))
    assert listed == {path.name for path in (*SCRIPTS, *FILES)}
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    for name in listed:
        assert name in page
