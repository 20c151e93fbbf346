"""Commands for profiles and counts: what they write, and one message without traceback or files for a mistake."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.ctc.rna import made_profiles

anndata = pytest.importorskip("anndata")
COUNTS = "day,count,volume_ml,assay\n0,7,7.5,cellsearch\n28,4,7.5,cellsearch\n"


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*arguments: str, code: int = 0) -> SimpleNamespace:
    result = CliRunner().invoke(app, ["ctc", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return SimpleNamespace(out=result.stdout, err=result.stderr)


def test_score_writes_cells(tmp_path: Path) -> None:
    made_profiles(60).write_h5ad("made.h5ad")
    out = call("score", "made.h5ad").out
    assert out.splitlines()[-1] == "made-scored.h5ad"
    assert "not calibrated on patients" in out
    data = anndata.read_h5ad("made-scored.h5ad")
    assert {"emt_ks", "emt_76gs", "emt_state", "ctc_call", "ctc_flag"} <= set(data.obs.columns)
    assert data.obsm["ctc_probability"].shape == (60, 5)
    assert "convention" in data.uns["diaspore_profiles"]["state_rule"]
    found = json.loads(call("score", "made.h5ad", "--out", "made.csv", "--json").out)
    table = pd.read_csv("made.csv", index_col="cell")
    assert found["cells"] == len(table) == 60
    assert sum(found["calls"].values()) == 60
    assert {"probability CTC", "emt_ks"} <= set(table.columns)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["made-scored.h5ad", "made.csv", "made.h5ad"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent.h5ad",), "absent.h5ad: is not a file"),
        (("text.h5ad",), "text.h5ad: cannot be read as AnnData"),
        (("counts.csv",), "genes of KS_cellline (epithelial) are missing"),
        (("made.h5ad", "--layer", "raw"), "there is no layer 'raw'"),
        (("made.h5ad", "--scale", "logs"), "did you mean 'log'"),
        (("made.h5ad", "--signature", "KS_tumor"), "did you mean 'KS_tumour'"),
        (("made.h5ad", "--symbols", "name"), "var has no column 'name'"),
        (("made.h5ad", "--out", "nowhere/x.h5ad"), "cannot be written"),
        (("made.h5ad", "--out", "x.txt"), "cannot be written"),
    ],
)
def test_score_refuses(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    Path("text.h5ad").write_text("not HDF5")
    Path("counts.csv").write_text(COUNTS)
    made_profiles(12).write_h5ad("made.h5ad")
    before = sorted(tmp_path.iterdir())
    assert words in call("score", *arguments, code=2).err
    assert sorted(tmp_path.iterdir()) == before


def test_report_writes_a_folder() -> None:
    Path("counts.csv").write_text(COUNTS)
    out = call("report", "counts.csv", "--cancer", "breast").out
    assert out.splitlines()[-1] == "counts-report"
    assert "0.549" in out
    names = sorted(path.name for path in Path("counts-report").iterdir())
    assert names == ["changes.csv", "counts.csv", "counts.png", "report.html", "report.md"]
    assert pd.read_csv("counts-report/counts.csv")["count"].tolist() == [7, 4]
    again = json.loads(call("report", "counts.csv", "--json", "--size", "3").out)
    assert again["folder"] == "counts-report-2"
    assert again["visits"][0]["count"] == 7
    call("report", "counts.csv", "--cancer", "breast", "--setting", "early", "-o", "mine")
    assert Path("mine/report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent.csv",), "absent.csv: cannot be read"),
        (("bad.csv",), "bad.csv:2: count: '1.5' is not whole"),
        (("counts.csv", "--cancer", "brest"), "did you mean 'breast'"),
        (("counts.csv", "--cancer", "breast", "--setting", "late"), "metastatic, early"),
        (("counts.csv", "--setting", "early"), "a setting needs a cancer"),
        (("counts.csv", "--size", "-1"), "size of a negative binomial"),
        (("counts.csv", "-o", "there"), "is there already"),
        (("counts.csv", "-o", "nowhere/x"), "cannot be made"),
        (("counts.csv", "--patient", "a"), "there is no patient 'a'"),
    ],
)
def test_report_refuses(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    Path("counts.csv").write_text(COUNTS)
    Path("bad.csv").write_text(COUNTS.replace(",7,", ",1.5,"))
    Path("there").mkdir()
    before = sorted(tmp_path.iterdir())
    assert words in call("report", *arguments, code=2).err
    assert sorted(tmp_path.iterdir()) == before


def test_lists() -> None:
    assert "GSE109761" in call("datasets").out
    assert len(json.loads(call("datasets", "--json").out)) == 21
    out = call("cutoffs", "--cancer", "breast").out
    assert "2.76 (1.57 to 4.86)" in out
    assert "recalled" not in out
    assert "(recalled)" in call("cutoffs", "--cancer", "breast", "--recalled").out
    assert len(json.loads(call("cutoffs", "--json").out)) == 7
    assert "did you mean 'breast'" in call("cutoffs", "--cancer", "brest", code=2).err
