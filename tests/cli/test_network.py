"""``diaspore network …`` and ``diaspore run`` of Boolean networks: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from diaspore import simulate
from diaspore.cli.application import app
from diaspore.core.runstore import Run, RunStore
from diaspore.core.spec import spec_from_dict
from diaspore.networks.boolean import engine
from diaspore.networks.boolean.absorption import absorption

YAML = """schema_version: 1
kind: boolean_network
name: Toggle
nodes:
  Signal:
  Left: "!Right & Signal"
  Right: "!Left"
  Fate: Left
initial: {default: 0, on: {Signal: 0.5}}
outputs: [Left, Fate]
duration: 20
trajectories: 2000
"""
BND = "Node A { logic = !B; }\nNode B { logic = !A; }\n"
KINETIC = """schema_version: 1
kind: kinetic_network
name: Decay
species: {x: {initial: 1.0}}
duration: 1
save_every: 1
"""


@pytest.fixture(autouse=True)
def _workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(YAML)
    Path("n.bnd").write_text(BND)


def call(*arguments: str, code: int = 0) -> SimpleNamespace:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return SimpleNamespace(out=result.stdout, err=result.stderr)


def network(*arguments: str, code: int = 0) -> Any:
    return json.loads(call("network", *arguments, "--json", code=code).out)


def test_attractors() -> None:
    pytest.importorskip("biodivine_aeon")
    found = network("attractors", "t.yaml")
    assert found["count"] == 3
    assert {tuple(row["on"]) for row in found["attractors"]} == {
        ("Right",), ("Signal", "Right"), ("Signal", "Left", "Fate")
    }  # fmt: skip
    assert network("attractors", "t.yaml", "--fixed-points", "--set", "Signal=0")["count"] == 1
    assert len(network("attractors", "t.yaml", "--limit", "1")["attractors"]) == 1
    out = call("network", "attractors", "t.yaml").out
    assert "Toggle: 3 attractors" in out
    assert "Signal, Left, Fate" in out
    both = network("attractors", "n.bnd")
    assert sorted(row["on"] for row in both["attractors"]) == [["A"], ["B"]]


def test_absorption() -> None:
    found = network("absorption", "t.yaml", "--set", "Signal=1")
    assert {tuple(row["on"]): row["probability"] for row in found["ends"]} == pytest.approx(
        {("Signal", "Right"): 0.5, ("Signal", "Left", "Fate"): 0.5}
    )
    assert found["remainder"] == 0.0
    assert found["reachable"] == 4
    assert "0.5000000000" in call("network", "absorption", "t.yaml", "--set", "Signal=1").out


def test_mutants_and_screen(tmp_path: Path) -> None:
    found = network("mutants", "t.yaml", "--trajectories", "300", "-o", "m.csv", "--plot", "m.png")
    assert found["columns"] == ["mutant", "Left", "Fate"]
    assert found["trajectories"] == 300
    assert found["rows"][0][0] == "as given"
    table = pd.read_csv("m.csv")
    assert list(table["mutant"]) == ["as given", "Signal gain", "Signal loss", "Right gain", "Right loss"]
    assert table.set_index("mutant").loc["Right gain"].tolist() == [0.0, 0.0]
    assert Path("m.png").read_bytes().startswith(b"\x89PNG")
    drawn = call("network", "mutants", "t.yaml", "--trajectories", "50", "--plot", "k.png").out
    assert "k.png" in drawn
    assert "Toggle: probabilities at the end" in drawn
    pairs = network("screen", "t.yaml", "--trajectories", "50", "-o", "p.csv", "--output", "Fate", "--threads", "2")
    assert pairs["columns"] == ["mutant", "Fate"]
    assert len(pd.read_csv("p.csv")) == 1 + 6 + 12
    again = network("screen", "t.yaml", "--trajectories", "50", "--output", "Fate", "--threads", "1", "--seed", "1")
    assert again == pairs
    quick = network("mutants", "t.yaml", "--time", "1e-9", "--trajectories", "20")
    assert all(value == 0.0 for row in quick["rows"] if "Left" not in row[0] for value in row[1:])


def test_many_mutants_are_cut_in_print_but_not_in_the_table() -> None:
    lines = "\n".join(f"N{k}, N{k - 1}" for k in range(1, 41))
    Path("chain.bnet").write_text(f"targets, factors\n{lines}\n")
    out = call("network", "mutants", "chain.bnet", "--trajectories", "5", "--output", "N40", "-o", "c.csv").out
    assert "left out, -o FILE writes all" in out
    assert len(pd.read_csv("c.csv")) == 1 + 80


def test_graph() -> None:
    found = network("graph", "t.yaml")
    assert {(row["source"], row["target"], row["sign"]) for row in found["influences"]} == {
        ("Right", "Left", "-"), ("Signal", "Left", "+"), ("Left", "Right", "-"), ("Left", "Fate", "+")
    }  # fmt: skip
    assert call("network", "graph", "t.yaml", "--plot", "g.png").out.strip() == "g.png"
    assert Path("g.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absorption", "t.yaml", "--set", "Sigal=1"), "did you mean 'Signal'"),
        (("absorption", "t.yaml", "--set", "Signal=2"), "Signal=0 or Signal=1"),
        (("absorption", "t.yaml", "--set", "Signal"), "does not say a state"),
        (("mutants", "t.yaml", "--output", "Fat"), "did you mean 'Fate'"),
        (("mutants", "t.yaml", "--time", "nan"), "duration"),
        (("mutants", "t.yaml", "--time", "-1"), "duration"),
        (("mutants", "t.yaml", "--trajectories", "5", "-o", "none/m.csv"), "there is no folder"),
        (("graph", "absent.yaml"), "no such file or model"),
        (("absorption", "breast"), "boolean_network"),
        (("absorption", "bad.bnd"), "bad.bnd:2:18"),
        (("absorption", "bad.yaml"), "bad.yaml:5"),
        (("absorption", "k.yaml"), "boolean_network"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], words: str) -> None:
    Path("bad.bnd").write_text("Node A { logic = A; }\nNode B { logic = & A; }\n")
    Path("bad.yaml").write_text("schema_version: 1\nkind: boolean_network\nname: x\nnodes:\n  A: B &\n  B: A\n")
    Path("k.yaml").write_text(KINETIC)
    found = call("network", *arguments, code=2)
    assert words in found.err
    assert "Traceback" not in found.err


def test_run_of_a_file_of_another_program() -> None:
    Path("n.cfg").write_text(
        "A.istate = 0; B.istate = 0; max_time = 9; time_tick = 1; sample_count = 3000; discrete_time = 0;\n"
    )
    out = call("run", "n.bnd", "-o", "r", "--plots").out
    run = Run.open("r")
    assert run.manifest["kind"] == "boolean_network"
    assert out.splitlines()[-1] == "r"
    ends = run.table("ends")
    assert sorted(ends["on"]) == ["A", "B"]
    assert abs(ends["probability"].iloc[0] - 0.5) < 0.05
    assert {path.suffix for path in Path("r/plots").iterdir()} == {".png"}


def tables(run: Run) -> dict[str, pd.DataFrame]:
    return {name: run.table(name) for name in ("nodes", "phenotypes", "ends")}


def data(**fields: Any) -> dict[str, Any]:
    nodes = {"S": None, "A": "!B & S", "B": "!A", "C": "A ^ C", "D": "C & !D | B"}
    return {
        "schema_version": 1, "kind": "boolean_network", "name": "five", "nodes": nodes, "outputs": ["A", "D"],
        "duration": 7.5, "window": 1.0, "trajectories": 1000, "initial": {"default": 0.5},
    } | fields  # fmt: skip


def test_tables_of_a_run_agree_with_each_other(tmp_path: Path) -> None:
    run = simulate(data(), seed=4, out=tmp_path / "r", threads=1, quiet=True)
    nodes, phenotypes, ends = tables(run).values()
    assert nodes["begin"].tolist() == [float(k) for k in range(8)]
    assert nodes["end"].tolist() == [*(float(k) for k in range(1, 8)), 7.5]
    assert nodes.drop(columns=["begin", "end"]).to_numpy().min() >= 0.0
    assert nodes.drop(columns=["begin", "end"]).to_numpy().max() <= 1.0 + 1e-9
    sums = phenotypes.groupby("begin")["probability"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-8)
    for name in ("A", "D"):
        on = phenotypes["phenotype"].str.split(" -- ").map(lambda words, name=name: name in words)
        by_window = (phenotypes["probability"] * on).groupby(phenotypes["begin"]).sum()
        np.testing.assert_allclose(by_window, nodes[name], atol=1e-8)
    assert set(phenotypes["phenotype"]) <= {"<nil>", "A", "D", "A -- D"}
    assert ends["trajectories"].sum() == 1000
    np.testing.assert_allclose(ends["probability"], ends["trajectories"] / 1000)
    assert ends["trajectories"].is_monotonic_decreasing
    summary = run.summary
    assert summary["ends"] == len(ends)
    assert summary["share_in_fixed_points"] == pytest.approx(ends.loc[ends["fixed"], "probability"].sum())
    assert summary["end"] == pytest.approx({name: nodes[name].iloc[-1] for name in ("A", "D")})
    spec = spec_from_dict(data(duration=1000.0, window=1000.0))
    exact = absorption(spec)  # type: ignore[arg-type]
    fixed = exact.probability[exact.sizes == 1].sum()
    late = simulate(spec, seed=4, threads=1, quiet=True).summary["share_in_fixed_points"]
    assert abs(late - fixed) <= 4.5 * np.sqrt(max(fixed * (1 - fixed), 1e-12) / 1000) + 1e-9


def content(path: Path) -> dict[str, bytes]:
    """Every file but the one with times in it."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != "timing.json"
    }


def test_bytes_do_not_depend_on_threads_nor_on_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 300)
    whole = content(simulate(data(), seed=4, out=tmp_path / "one", threads=1, quiet=True).path)
    assert content(simulate(data(), seed=4, out=tmp_path / "two", threads=2, quiet=True).path) == whole
    commit, calls = RunStore.commit, []

    def killed(self: RunStore, batch: int, extra: Any = None) -> None:
        calls.append(batch)
        if len(calls) in (2, 4):  # once before a batch is entered in the books, once after
            raise KeyboardInterrupt
        commit(self, batch, extra)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunStore, "commit", killed)
    path = tmp_path / "killed"
    for attempt in range(4):
        try:
            simulate(data(), seed=4, out=path, threads=1 + attempt % 2, quiet=True, resume=attempt > 0)
            break
        except KeyboardInterrupt:
            continue
    assert len(calls) >= 5
    assert attempt == 3
    assert content(path) == whole


def test_one_batch_or_several_give_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = tables(simulate(data(), seed=4, out=tmp_path / "one", threads=1, quiet=True))
    monkeypatch.setattr(engine, "BATCH", 77)
    many = tables(simulate(data(), seed=4, out=tmp_path / "many", threads=1, quiet=True))
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, many[name])


def test_controllers_are_refused() -> None:
    with pytest.raises(ValueError, match="do not act on networks"):
        simulate(data(), controllers=(object(),), threads=1, quiet=True)
