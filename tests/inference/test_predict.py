"""Predictions for patients: neighbours against brute force, calibration on people of another seed, mistakes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.inference.predict import NEIGHBOURS, Rows, predict, rows_of
from diaspore.inference.reference import NODE_CLASSES, Reference, node_class, reference_population
from tests.child import child_env

SPEC: dict[str, Any] = {
    "schema_version": 1,
    "kind": "cohort",
    "name": "reference",
    "patients": 24_000,
    "primary": {"site": "breast"},
    "follow_up": {"duration": "5 year", "visits": [{"every": "1 year", "until": "5 year"}]},
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
    "groups": [
        {"name": "slow", "share": 0.5, "change": {"growth.doubling_time": "250 day"}},
        {"name": "fast", "share": 0.5, "change": {"growth.doubling_time": "70 day"}},
    ],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    where = tmp_path_factory.mktemp("reference")
    known = diaspore.simulate(SPEC, seed=1, out=where / "known", quiet=True)
    return known, diaspore.simulate(SPEC | {"patients": 8000}, seed=2, out=where / "others", quiet=True)


@pytest.fixture(scope="module")
def reference(runs: tuple[Any, Any]) -> Reference:
    return reference_population([runs[0]])


def people(run: Any) -> pd.DataFrame:
    p = run.table("patients")
    return p[(p["m_stage"].astype(str) == "M0") & (p["nodes_examined"] > 0)].reset_index(drop=True)


def test_classes_of_nodes() -> None:
    nodes = np.array([0, 1, 2, 3, 4, 6, 7, 9, 10, 40, np.nan])
    assert node_class(nodes).tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, -1]
    assert all(a[1] + 1 == b[0] for a, b in pairwise(NODE_CLASSES))


def test_shares_are_those_of_the_nearest_neighbours(runs: tuple[Any, Any], reference: Reference) -> None:
    p = people(runs[0])
    size = np.log(p["diameter_at_diagnosis_mm"].to_numpy(dtype=float))
    rows = Rows(np.array([12.0, 25.0, 60.0]), np.array([0.0, 2.0, np.nan]), np.array(["", "fast", ""]))
    found = predict(reference, rows)
    for i, (d, nodes, group) in enumerate(zip(rows.diameter, rows.nodes, rows.group, strict=True)):
        like = np.ones(len(p), dtype=bool)
        if not np.isnan(nodes):
            like &= p["nodes_positive"].to_numpy() == nodes
        if group:
            like &= p["group"].astype(str).to_numpy() == group
        distance = np.where(like, np.abs(size - np.log(d)), np.inf)
        number = int(found["neighbours"][i])
        assert number >= min(NEIGHBOURS, like.sum()) * 0.99
        nearest = np.argsort(distance)[:number]
        relapse = (p["relapse_d"].to_numpy()[nearest] <= 5 * 365.25).mean()
        assert found["relapse by 5"][i] == pytest.approx(relapse, abs=0.03)
        assert found["relapse by 5 low"][i] < found["relapse by 5"][i] < found["relapse by 5 high"][i]


def test_predictions_are_calibrated_on_other_people(runs: tuple[Any, Any], reference: Reference) -> None:
    """People of another seed, known by size, nodes and group only: as many relapse as predicted, in every tenth."""
    p = people(runs[1])
    rows = rows_of(p, "diameter_at_diagnosis_mm", "mm", "nodes_positive", "group")
    found = predict(reference, rows)
    for outcome, event in (
        ("relapse by 5", (p["relapse_d"] <= 5 * 365.25).to_numpy()),
        ("relapse by 2", (p["relapse_d"] <= 2 * 365.25).to_numpy()),
        ("distant metastasis by 5", (p["distant_relapse_d"] <= 5 * 365.25).to_numpy()),
        ("occult metastasis", (p["occult_metastases"] > 0).to_numpy()),
    ):
        chance = found[outcome].to_numpy()
        tenth = np.argsort(np.argsort(chance, kind="stable"), kind="stable") * 10 // len(chance)
        for k in range(10):
            mine = tenth == k
            error = np.sqrt(max(chance[mine].mean() * (1 - chance[mine].mean()), 1e-3) / mine.sum())
            assert abs(event[mine].mean() - chance[mine].mean()) < 4.0 * error + 0.01, (outcome, k)
    assert found["relapse by 5"].std() > 0.1


def test_several_runs_widen_the_intervals(runs: tuple[Any, Any], tmp_path: Path) -> None:
    other = SPEC | {"change": {"fate.bottleneck": 17.5}, "patients": 12_000}
    second = diaspore.simulate(other, seed=1, out=tmp_path / "other", quiet=True)
    rows = Rows(np.array([25.0]), np.array([0.0]), np.array([""]))
    one, two = predict(reference_population([runs[0]]), rows), predict(reference_population([runs[0], second]), rows)
    width = [float(t["relapse by 5 high"][0] - t["relapse by 5 low"][0]) for t in (one, two)]
    assert width[1] > 1.5 * width[0]


def test_outcomes_agree_with_each_other(reference: Reference) -> None:
    rows = Rows(np.array([8.0, 20.0, 45.0]), np.full(3, np.nan), np.full(3, ""))
    found = predict(reference, rows)
    assert np.allclose(found["occult metastasis"], found["growing metastasis"] + found["only dormant"])
    assert (found["relapse by 1"] <= found["relapse by 2"]).all()
    where = [name for name in reference.outcomes if name.startswith("first relapse in") and name.endswith("by 5")]
    assert np.allclose(found[where].sum(axis=1), found["relapse by 5"])
    assert (np.diff(found["occult metastasis"]) > 0).all()
    assert not found["extrapolated"].any()
    assert predict(reference, Rows(np.array([900.0]), np.array([np.nan]), np.array([""])))["extrapolated"].all()


@pytest.mark.parametrize(
    ("table", "names", "words"),
    [
        ({"size": [10.0]}, {"diameter": "sise"}, "no column 'sise'"),
        ({"size": [10.0, -1.0]}, {"diameter": "size"}, "row 3"),
        ({"size": [10.0, None]}, {"diameter": "size"}, "no diameter"),
        ({"size": [10.0], "n": ["x"]}, {"diameter": "size", "nodes": "n"}, "'x'"),
        ({"size": [10.0], "g": ["odd"]}, {"diameter": "size", "group": "g"}, "not a group"),
    ],
)
def test_mistakes_are_named(table: Any, names: Any, words: str, reference: Reference) -> None:
    with pytest.raises(InputError, match=words):
        predict(reference, rows_of(pd.DataFrame(table), **names))


def test_the_command_writes_a_table(runs: tuple[Any, Any], tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "people.csv").write_text("tumour,n\n1.5,0\n3.2,5\n", encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable, "-m", "diaspore", "predict", "people.csv", "--reference", str(runs[0].path),
            "--diameter", "tumour", "--unit", "cm", "--nodes", "n",
        ],
        cwd=tmp_path, env=child_env(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "people-predicted.csv"
    found = pd.read_csv(tmp_path / "people-predicted.csv")
    assert found["tumour"].tolist() == [1.5, 3.2]
    assert found["relapse by 5"][1] > found["relapse by 5"][0]
