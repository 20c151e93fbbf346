"""Populations that are built once: reuse, checksums, kills, extracts, and the command that needs no run."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.inference import population
from diaspore.inference.population import key, posterior_changes, reference_runs
from diaspore.inference.predict import Rows, predict, predict_columns, rows_of
from diaspore.inference.reference import Extract, Mortality, Reference
from diaspore.inference.treatment import GROUPS, groups
from tests.child import child_env

MODEL = """\
schema_version: 1
kind: patient
name: small
primary: {site: breast}
follow_up: {duration: 5 year, visits: [{every: 1 year, until: 5 year}]}
surgery: {primary: {at: 30 day}, nodes: {at: 30 day}}
"""
TWO: tuple[dict[str, Any], ...] = (
    {"name": "none", "share": 0.5},
    {"name": "fewer", "share": 0.5, "levers": [{"lever": "growth_rate", "factor": 0.3, "from": "44 day"}]},
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "small.yaml"
    file.write_text(MODEL, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def built(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reference]:
    folder = tmp_path_factory.mktemp("populations")
    return folder, reference_runs(model, treatments=TWO, patients=8000, folder=folder, progress=False)


def same(a: Reference, b: Reference) -> bool:
    return [e.to_bytes() for e in a.extracts] == [e.to_bytes() for e in b.extracts]


def test_a_population_is_found_again_without_the_engine(
    built: tuple[Path, Reference], model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, first = built
    (place,) = folder.iterdir()
    assert sorted(file.name for file in place.iterdir()) == ["000.npz", population.ABOUT]

    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(population, "_build", never)
    again = reference_runs(model, treatments=TWO, patients=8000, folder=folder)
    assert same(first, again)


def test_treatment_changes_what_is_predicted(built: tuple[Path, Reference]) -> None:
    rows = Rows(np.full(2, 30.0), np.full(2, np.nan), np.array(["none", "fewer"]), np.full(2, 60.0))
    found = predict(built[1], rows)
    assert found["relapse by 5"][1] < 0.7 * found["relapse by 5"][0]
    # Relapses and other deaths never add up to less than relapses alone.
    assert (found["relapse or death by 5"] > found["relapse by 5"]).all()


def test_everything_that_decides_the_content_is_in_the_name(model: Path, tmp_path: Path) -> None:
    usual: dict[str, Any] = {"changes": ({},), "treatments": TWO, "patients": 8000, "seed": 1}
    other = tmp_path / "small.yaml"
    other.write_text(MODEL.replace("5 year,", "6 year,"), encoding="utf-8")
    names = {
        key(model, **usual),
        key(other, **usual),
        key(model, **usual | {"changes": ({"fate.bottleneck": 18.0},)}),
        key(model, **usual | {"treatments": TWO[:1]}),
        key(model, **usual | {"patients": 8001}),
        key(model, **usual | {"seed": 2}),
    }
    assert len(names) == 6
    assert key(model, **usual) == key(model, **usual)


def test_several_changes_are_several_runs(model: Path, tmp_path: Path) -> None:
    changes = ({"fate.bottleneck": 17.0}, {"fate.bottleneck": 21.0})
    known = reference_runs(model, changes=changes, treatments=TWO, patients=6000, folder=tmp_path, progress=False)
    assert known.runs == 2
    early, late = (
        predict(Reference((extract,)), Rows(np.array([30.0]), np.array([np.nan]), np.array(["none"])))
        for extract in known.extracts
    )
    assert early["relapse by 5"][0] > late["relapse by 5"][0] + 0.1


def test_extracts_are_the_run(tmp_path: Path) -> None:
    run = diaspore.simulate({**_data(), "patients": 2000}, seed=3, out=tmp_path / "run", quiet=True)
    extract = Extract.of(run)
    (tmp_path / "e.npz").write_bytes(extract.to_bytes())
    again = Extract.read(tmp_path / "e.npz")
    assert again.to_bytes() == extract.to_bytes()
    people = run.table("patients")
    people = people[(people["m_stage"].astype(str) == "M0") & (people["nodes_examined"] > 0)]
    everyone = Reference((again,)).patients(0, "", -1)
    place = Reference((again,)).outcomes.index("relapse by 5")
    assert everyone.sums[-1, place] == (people["relapse_d"] <= 5 * 365.25).sum()
    assert np.exp(everyone.ln_diameter) == pytest.approx(np.sort(people["diameter_at_diagnosis_mm"]))
    some = Reference((again,)).only(["relapse by 5"])
    rows = Rows(np.array([20.0]), np.array([1.0]), np.array([""]))
    assert some.outcomes == ("relapse by 5",)
    assert predict_columns(some, rows)["relapse by 5"] == predict_columns(Reference((again,)), rows)["relapse by 5"]
    (tmp_path / "e.npz").write_bytes(extract.to_bytes()[:1000])
    with pytest.raises(InputError, match="can be read here"):
        Extract.read(tmp_path / "e.npz")


def _data() -> dict[str, Any]:
    from diaspore.core.yamlio import parse_yaml

    return dict(parse_yaml(MODEL, file="small.yaml").data)  # type: ignore[call-overload]


def test_other_deaths_are_taken_out_and_put_in(tmp_path: Path) -> None:
    """Net relapse from a population in which many die of other causes is that of one in which nobody does."""
    deadly = {**_data(), "patients": 12_000, "change": {"mortality.other_level_female": "2e-4 1/day"}}
    immortal = {**_data(), "patients": 12_000, "change": {"mortality.other_level_female": "0 1/day"}}
    row = Rows(np.array([30.0]), np.array([np.nan]), np.array([""]), np.array([18.0]))
    known = [
        Reference((Extract.of(diaspore.simulate(data, seed=5, out=tmp_path / name, quiet=True)),))
        for name, data in (("deadly", deadly), ("immortal", immortal))
    ]
    crude, net = (predict_columns(reference, row) for reference in known)
    assert crude["relapse by 5"][0] < net["relapse by 5"][0] - 0.03
    free = 1.0 - crude["relapse or death by 5"][0]
    law = known[0].mortality
    assert law is not None
    assert law == Mortality(2e-4, law.doubling)
    assert 1.0 - free / law.survival(np.array([18.0]), 5.0)[0] == pytest.approx(net["relapse by 5"][0], abs=0.03)
    assert net["relapse or death by 5"][0] == pytest.approx(net["relapse by 5"][0], abs=1e-3)


def test_the_law_of_mortality_by_quadrature() -> None:
    law = Mortality(1.64e-5, 3100.0)
    t = np.linspace(0.0, 10 * 365.25, 100_001)
    hazard = law.level * 2.0 ** ((t + (55.0 - 60.0) * 365.25) / law.doubling)
    total = float(np.sum(0.5 * (hazard[1:] + hazard[:-1]) * np.diff(t)))
    assert law.survival(np.array([55.0]), 10.0)[0] == pytest.approx(np.exp(-total), abs=1e-9)


def test_changes_from_draws() -> None:
    draws = pd.DataFrame({"unit": ["slow"] * 6, "fate.bottleneck": np.arange(6.0), "growth.doubling_time": 100.0})
    found = posterior_changes(draws, 3)
    assert [c["fate.bottleneck"] for c in found] == [1.0, 3.0, 5.0]
    assert found[0]["growth.doubling_time"] == "100.0 day"
    assert posterior_changes({"b": [4.0]}, 1, {"b": "fate.bottleneck"}) == ({"fate.bottleneck": 4.0},)
    for wrong in ({"keys": {"b": "fate.bottleneck"}}, {"number": 7}, {"keys": {"unit": "no.such"}}):
        with pytest.raises(InputError):
            posterior_changes(draws, **{"number": 2, **wrong})


@pytest.mark.parametrize(
    "wrong", [{"cohort": "brest"}, {"patients": 0}, {"changes": ()}, {"changes": ({"no.such": 1.0},)}]
)
def test_mistakes_are_named(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        reference_runs(**{"patients": 8, "folder": tmp_path, "progress": False, **wrong})
    assert not list(tmp_path.rglob("*.npz"))


def test_ready_groups() -> None:
    parts = groups()
    assert tuple(part["name"] for part in parts) == GROUPS
    assert sum(part["share"] for part in parts) == pytest.approx(1.0)
    assert parts[3]["levers"] == [*parts[1]["levers"], *parts[2]["levers"]]
    assert groups(2.0)[2]["levers"][0]["until"] == f"{44 + 2 * 365.25:g} day"
    assert groups(2.0)[1] == parts[1]


def test_cells_are_read_with_care() -> None:
    table = {"d": np.array(["1.5", "2"], dtype=object), "n": np.array(["", "NA"], dtype=object)}
    rows = rows_of(table, "d", "cm", "n", everybody="none")
    assert rows.diameter.tolist() == [15.0, 20.0]
    assert np.isnan(rows.nodes).all()
    assert rows.group.tolist() == ["none", "none"]
    with pytest.raises(InputError, match="row 2 has no age"):
        rows_of(table, "d", age="n")


def test_the_command_needs_no_run(tmp_path: Path, model: Path) -> None:
    (tmp_path / "people.csv").write_text("id,size,n,what\nx,30,2,none\ny,30,2,endocrine\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "diaspore", "predict", "people.csv", "--cohort", str(model), "--diameter", "size",
        "--nodes", "n", "--group", "what", "--patients", "4000", "--populations", "kept",
    ]  # fmt: skip
    for _ in range(2):
        subprocess.run(command, cwd=tmp_path, env=child_env(), capture_output=True, text=True, check=True)
        found = pd.read_csv(tmp_path / "people-predicted.csv")
        assert found["id"].tolist() == ["x", "y"]
        assert found["relapse by 5"][1] < found["relapse by 5"][0]
        assert not [name for name in found if " in " in name]
    assert len(list((tmp_path / "kept").glob("*/000.npz"))) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be killed in this way")
def test_a_killed_build_is_gone_on_with(model: Path, tmp_path: Path) -> None:
    whole = reference_runs(model, treatments=TWO, patients=24_000, folder=tmp_path / "whole", progress=False)
    script = (
        "import json, sys; from pathlib import Path; from diaspore.inference.population import reference_runs\n"
        "reference_runs(Path(sys.argv[1]), treatments=json.loads(sys.argv[2]), patients=24_000, threads=1,"
        " folder=Path(sys.argv[3]), progress=False)"
    )
    import json

    killed = tmp_path / "killed"
    arguments = [sys.executable, "-c", script, str(model), json.dumps(TWO), str(killed)]
    child = subprocess.Popen(arguments, env=child_env())
    deadline = time.monotonic() + 300
    while not list(killed.rglob("checkpoint/*.json")) and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not list(killed.rglob("*.npz"))
    assert list(killed.rglob("checkpoint/*.json"))
    subprocess.run(arguments, env=child_env(), check=True)
    (place,) = killed.iterdir()
    assert sorted(file.name for file in place.iterdir()) == ["000.npz", population.ABOUT]
    assert same(whole, Reference((Extract.read(place / "000.npz"),)))
