from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import diaspore
from diaspore.cli import places
from diaspore.cli.application import app
from diaspore.cli.output import summary_rows, text
from diaspore.core.runstore import Run
from diaspore.core.spec import KINDS, spec_from_dict
from diaspore.core.yamlio import Document, parse_yaml
from tests import dummy_kind
from tests.child import child_env

GOOD = "schema_version: 1\nkind: dummy\nname: My Patient\nrows: 20\nbatches: 3\n"


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    dummy_kind.register()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.yaml").write_text(GOOD)
    yield
    KINDS.pop("dummy", None)


def call(*arguments: str, code: int = 0) -> SimpleNamespace:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return SimpleNamespace(out=result.stdout, err=result.stderr)


def test_run_prints_a_table_and_ends_with_the_directory() -> None:
    out = call("run", "p.yaml", "--seed", "7", "--threads", "2").out
    assert out.splitlines()[-1] == str(Path("runs/my-patient-seed7"))
    assert "My Patient, seed 7" in out
    run = Run.open(out.splitlines()[-1])
    assert run.manifest["seed"] == 7
    assert (run.path / "input.yaml").read_text() == GOOD


def test_a_second_run_gets_its_own_directory() -> None:
    directories = [call("run", "p.yaml").out.splitlines()[-1] for _ in range(3)]
    assert directories == [
        str(Path("runs") / name) for name in ("my-patient-seed1", "my-patient-seed1-2", "my-patient-seed1-3")
    ]


def test_run_as_json() -> None:
    data = json.loads(call("run", "p.yaml", "-o", "here", "--json").out)
    assert data["directory"] == "here"
    assert data["summary"]["rows"] == 60
    assert data["manifest"]["status"] == "complete"


def test_run_with_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Path, Path]] = []

    def plot_run(run: Path, out: Path) -> list[Path]:
        drawn.append((run, out))
        return [out / "one.png"]

    monkeypatch.setitem(sys.modules, "diaspore.viz", SimpleNamespace(plot_run=plot_run))
    call("run", "p.yaml", "-o", "here", "--plots")
    assert call("plot", "here", "-o", "pictures").out.splitlines() == [str(Path("pictures/one.png"))]
    assert call("plot", "here").out.splitlines() == [str(Path("here/plots/one.png"))]
    assert drawn[0] == (Path("here"), Path("here/plots"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (GOOD.replace("rows", "rosw"), ["p.yaml:4: rosw: is not a known field", "did you mean 'rows'?"]),
        (GOOD + "doubling_time: 3\n", ["p.yaml:6: doubling_time: 3 has no unit", '"18 h"']),
        (GOOD + "a: [\n", ["p.yaml:", "not valid YAML"]),
        ("", ["p.yaml:1: the file is empty"]),
    ],
)
def test_a_mistake_is_one_message_on_stderr_and_status_2(body: str, words: list[str]) -> None:
    Path("p.yaml").write_text(body)
    result = call("run", "p.yaml", code=2)
    assert result.out == ""
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "absent.yaml"),
        ("run", "p.yaml", "--threads", "0"),
        ("run", "p.yaml", "--seed", "-1"),
        ("run", "p.yaml", "-o", "p.yaml"),
        ("cite", "absent"),
        ("plot", "absent"),
        ("compare", "absent", "absent"),
        ("schema", "nonsense"),
        ("schema", "dummy", "-o", "absent/s.json"),
        ("models", "copy", "nonsense"),
        ("explain", "no-such-name-at-all"),
        ("validate", "--case", "no_such_case"),
        ("bench", "no_such_benchmark"),
        ("run",),
        ("nonsense",),
    ],
)
def test_every_mistake_ends_with_status_2(arguments: tuple[str, ...]) -> None:
    assert call(*arguments, code=2).err.strip()


def test_debugging_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIASPORE_DEBUG", "1")
    with pytest.raises(diaspore.InputError):
        call("run", "absent.yaml")


def test_the_number_of_patients_must_be_a_field_of_the_kind() -> None:
    assert "patients: is not a known field" in call("run", "p.yaml", "--patients", "5", code=2).err


def test_an_interrupted_run_can_be_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUMMY_INTERRUPT", "after:1")
    assert "--resume" in call("run", "p.yaml", code=130).err
    monkeypatch.delenv("DUMMY_INTERRUPT")
    assert "not finished" in call("cite", "runs/my-patient-seed1", code=2).err
    assert call("run", "p.yaml", "--resume").out.splitlines()[-1] == str(Path("runs/my-patient-seed1"))
    assert call("run", "p.yaml", "--resume").out.splitlines()[-1] == str(Path("runs/my-patient-seed1"))


def test_compare(tmp_path: Path) -> None:
    from tests.viz.synthetic import write_run

    write_run(tmp_path / "a", patients=300)
    write_run(tmp_path / "b", patients=300, hazard=0.5)
    out = call("compare", "a", "b").out
    assert "overall survival" in out
    assert "hazard" in out
    data = json.loads(call("compare", "a", "b", "--json", "-o", "both.png").out)
    assert {row["metric"] for row in data["rows"]} >= {"mean positive nodes found"}
    assert data["pictures"] == ["both.png"]
    assert Path("both.png").stat().st_size > 0
    assert call("compare", "a", "b", "-o", "both.png").out.splitlines()[-1] == "both.png"
    assert "foo.txt is not a picture" in call("compare", "a", "b", "-o", "foo.txt", code=2).err
    assert "no directory absent" in call("compare", "a", "b", "-o", "absent/both.png", code=2).err
    assert not Path("absent").exists()
    assert "two specs are equal" in call("compare", "a", "a").out


def test_cite() -> None:
    call("run", "p.yaml", "-o", "here")
    out = call("cite", "here").out
    assert out.startswith("Paget1889: ")
    assert "    seed and soil" in out
    assert json.loads(call("cite", "here", "--json").out)[0]["reasons"] == ["seed and soil"]
    assert "Paget1889" in call("cite", "here", "--bibtex").out


def test_schema() -> None:
    schema = json.loads(call("schema", "dummy").out)
    assert schema["properties"]["kind"]["const"] == "dummy"
    assert call("schema", "dummy", "-o", "s.json").out == "s.json\n"
    assert json.loads(Path("s.json").read_text()) == schema


def test_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("diaspore.core.simulate.shipped_models", lambda: {"tiny": tmp_path / "p.yaml"})
    for arguments in (("models",), ("models", "list")):
        out = call(*arguments).out
        assert "tiny" in out
        assert "My Patient" in out
    assert call("models", "copy", "tiny").out == "tiny.yaml\n"
    assert Path("tiny.yaml").read_text() == GOOD
    Path("tiny.yaml").write_text("mine")
    assert "exists already" in call("models", "copy", "tiny", code=2).err
    assert Path("tiny.yaml").read_text() == "mine"
    Path("folder").mkdir()
    assert call("models", "copy", "tiny", "folder").out == f"{Path('folder/tiny.yaml')}\n"
    assert "did you mean 'tiny'" in call("models", "copy", "tinny", code=2).err
    assert call("run", "tiny", "-o", "by-name").out.splitlines()[-1] == "by-name"


def test_demo_runs_a_patient_and_a_population(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int | None] = []

    def read_spec(file: str, patients: int | None = None) -> tuple[Any, Document]:
        counts.append(patients)
        data = {"schema_version": 1, "kind": "dummy", "name": file, "rows": 10 * (patients or 1)}
        return spec_from_dict(data), parse_yaml(GOOD)

    monkeypatch.setattr("diaspore.cli.run.read_spec", read_spec)
    monkeypatch.setattr("diaspore.cli.run.draw", lambda result, only=None: [result.path / "plots/picture.png"])
    out = call("demo", "--patients", "30").out.splitlines()
    assert counts == [12, 30]
    assert out[-1] == str(Path("runs/demo"))
    assert len(Run.open("runs/demo/population").table("rows")) == 1200
    assert call("demo", "--patients", "30").out.splitlines()[-1] == str(Path("runs/demo-2"))


def test_validate_counts_and_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_cases(which: str, names: list[str] | None = None, progress: Any = None) -> Iterator[dict[str, Any]]:
        assert which == ("all" if names is None else "quick")
        for check, kind in (("must", "analytic"), ("may", "published")):
            passed = kind != "published" and (names or ["good"]) == ["good"]
            yield {
                "case": "c", "check": check, "kind": kind, "source": "s", "expected": 1.0, "tolerance": "±",
                "obtained": 2.0, "pass": passed, "skipped": False, "reason": "",
            }  # fmt: skip

    monkeypatch.setattr("diaspore.validation.run_cases", run_cases)
    monkeypatch.setattr("diaspore.validation.chosen_cases", lambda which, names: ["c"])
    out = call("validate", "--all").out
    assert "All checks of analytic results and of the implementation passed; 1 published or fitted figure" in out
    assert "may" not in out
    assert "may" in call("validate", "--all", "--verbose").out
    bad = call("validate", "--case", "bad", code=1).out
    assert "1 check of analytic results or of the implementation did not pass" in bad
    assert "must" in bad
    lines = call("validate", "--case", "good", "--json").out.splitlines()
    assert [json.loads(line)["pass"] for line in lines] == [True, False]


def test_bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "speed.py"
    file.write_text(
        "def cases(threads, size):\n"
        "    yield {'case': size, 'threads': threads}\n"
        "    yield {'case': 'b', 'per_s': 1234.5}\n"
    )
    monkeypatch.setattr("diaspore.cli.bench.benchmark_files", lambda: {"speed": file})
    assert call("bench").out == "speed\n"
    out = call("bench", "speed", "--threads", "2", "--size", "large").out
    assert "large" in out
    assert "1,234" in out
    lines = [json.loads(line) for line in call("bench", "speed", "--threads", "2", "--json").out.splitlines()]
    assert lines == [{"case": "small", "threads": 2}, {"case": "b", "per_s": 1234.5}]
    assert "did you mean 'speed'" in call("bench", "sped", code=2).err


def test_bench_needs_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(diaspore, "__file__", str(tmp_path / "a/b/c/__init__.py"))
    assert "come with the source code" in call("bench", "x", code=2).err


def test_explain_prints_text_or_json() -> None:
    from diaspore.core.citations import shipped_bibliography

    key = next(iter(shipped_bibliography()), None)
    if key is None:
        pytest.skip("no references are installed")
    assert key in call("explain", key).out
    assert json.loads(call("explain", key, "--json").out)["key"] == key


def test_explain_takes_a_group_and_a_name() -> None:
    assert "SMAD3" in call("explain", "pathway", "tgf-beta").out
    assert json.loads(call("explain", "gene", "SNAI1", "--json").out)["kind"] == "gene"
    assert "emt-factors" in call("explain", "pathway").out
    assert "aspirin" in [row["drug"] for row in json.loads(call("explain", "drug", "--json").out)]
    assert "did you mean 'tgf-beta'" in call("explain", "pathway", "tgf-bta", code=2).err


def test_version_and_help() -> None:
    assert call("--version").out == f"diaspore {diaspore.__version__}\n"
    out = call("--help").out
    for name in ("run", "compare", "plot", "explain", "cite", "schema", "validate", "bench", "demo", "models"):
        assert name in out


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My Patient", "my-patient"), ("Müller/2", "muller-2"), ("../x", "x"), ("日本", "run"), ("a" * 200, "a" * 80)],
)
def test_names_become_safe_directory_names(name: str, expected: str) -> None:
    assert places.slug(name) == expected


def test_values_for_people() -> None:
    shown = [text(value) for value in (None, float("nan"), True, 0.0, 0.12345, 12345.6, 1e-9, 10_000, "x")]
    assert shown == ["–", "–", "yes", "0", "0.1235", "12,346", "1.000e-09", "10,000", "x"]
    rows = summary_rows({"a": 1, "b_c": {"d": 2.0, "e": {"f": 3}}, "g": [1]})
    assert rows == [("a", "1"), ("b c: d", "2")]


def _command(*arguments: str, **env: str) -> subprocess.Popen[str]:
    code = "from tests import dummy_kind; dummy_kind.register()\nfrom diaspore.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=child_env(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_ctrl_c_in_a_real_process_leaves_a_run_to_resume() -> None:
    Path("slow.yaml").write_text(GOOD.replace("batches: 3", "batches: 400") + "pause_s: 0.05\n")
    process = _command("run", "slow.yaml", "-o", "here", "--threads", "2")
    deadline = time.monotonic() + 60
    while not list(Path("here").glob("checkpoint/*.json")) and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "--resume -o here" in err
    assert "Traceback" not in err
    assert not Path("here/.lock").exists()
    Path("slow.yaml").write_text(GOOD.replace("batches: 3", "batches: 4"))
    assert "the spec has changed" in call("run", "slow.yaml", "-o", "here", "--resume", code=2).err


def test_a_write_that_the_system_refuses_is_one_message_and_the_run_can_go_on() -> None:
    Path("big.yaml").write_text(GOOD.replace("rows: 20", "rows: 20000"))
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from tests import dummy_kind; dummy_kind.register()\nfrom diaspore.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "big.yaml", "-o", "here"],
        env=child_env(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"cannot write {Path('here/tables/rows/part-00000.parquet')}: File too large")
    assert len(done.stderr.splitlines()) == 1
    assert not list(Path("here").rglob(".tmp-*"))
    call("run", "big.yaml", "-o", "here", "--resume")
    assert len(Run.open("here").table("rows")) == 60_000


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "diaspore", "run", "absent.yaml"],
        env=child_env(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("absent.yaml: no such file or model")


def test_explain_lists_the_numbers_of_a_tissue() -> None:
    out = call("explain", "oxygen-spheroid").out
    assert "tissue.oxygen.diffusion" in out
    assert "Only assumed" in out
    found = json.loads(call("explain", "oxygen-spheroid", "--json").out)
    assert found["unsourced"] == []
    assert {"path", "value", "unit", "grade", "source", "low", "high"} <= found["numbers"][0].keys()
    call("models", "copy", "oxygen-spheroid", "mine.yaml")
    assert call("explain", "mine.yaml").out == out
    assert json.loads(call("explain", "breast", "--json").out)["kind"] == "site"  # not the model of that name
    assert "no such file" in call("explain", "none.yaml", code=2).err
    assert "is a dummy" in call("explain", "p.yaml", code=2).err
