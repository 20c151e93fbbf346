"""The comparison of two runs: differences, intervals, pairing, and what the specs differ in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diaspore.cohort.compare import COLUMNS, compare_runs, is_paired, spec_differences
from diaspore.core.runstore import Run
from tests.viz.synthetic import write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    root: Path = tmp_path_factory.mktemp("runs")
    return {
        "usual": Run.open(write_run(root / "usual", 1500, seed=1)),
        "milder": Run.open(write_run(root / "milder", 1500, seed=1, hazard=0.5)),
        "other": Run.open(write_run(root / "other", 1200, seed=2, hazard=0.5)),
        "short": Run.open(write_run(root / "short", 300, seed=1, follow_up_y=6.0)),
        "none": Run.open(write_run(root / "none", 200, seed=1, metastases=False)),
    }


def row(frame: pd.DataFrame, metric: str) -> pd.Series:
    return frame.set_index("metric").loc[metric]


def test_paired_difference_is_narrower(runs: dict[str, Run]) -> None:
    paired = compare_runs(runs["usual"], runs["milder"])
    apart = compare_runs(runs["usual"], runs["other"])
    assert list(paired.columns) == COLUMNS
    assert paired["paired"].all()
    assert not apart["paired"].any()
    one, two = row(paired, "relapse-free survival at 10 y"), row(apart, "relapse-free survival at 10 y")
    assert one["difference"] == pytest.approx(one["B"] - one["A"])
    assert one["lower"] > 0  # the milder disease is seen as milder
    assert one["upper"] - one["lower"] < 0.8 * (two["upper"] - two["lower"])


def test_paired_interval_equals_the_plain_one_without_censoring(runs: dict[str, Run]) -> None:
    frame = compare_runs(runs["usual"], runs["milder"])
    got = row(frame, "overall survival at 5 y")
    alive = [
        ~(run.table("patients")["death_d"].to_numpy() <= 5 * 365.25 - 0.5) for run in (runs["usual"], runs["milder"])
    ]
    change = alive[1].astype(float) - alive[0]
    assert got["difference"] == pytest.approx(change.mean())
    assert got["upper"] - got["difference"] == pytest.approx(
        1.96 * change.std() / np.sqrt(change.size), rel=0.02, abs=1e-4
    )


def test_a_run_compared_with_itself_differs_by_nothing(runs: dict[str, Run]) -> None:
    frame = compare_runs(runs["usual"], runs["usual"])
    assert frame["difference"].abs().max() == 0.0
    assert (frame["lower"] <= 0).all()
    assert (frame["upper"] >= 0).all()
    assert frame.attrs["spec_differences"] == []


def test_intervals_hold_the_difference(runs: dict[str, Run]) -> None:
    for other in ("milder", "other", "none"):
        frame = compare_runs(runs["usual"], runs[other]).dropna()
        assert (frame["lower"] <= frame["difference"] + 1e-12).all()
        assert (frame["upper"] >= frame["difference"] - 1e-12).all()


def test_survival_only_as_far_as_both_were_followed(runs: dict[str, Run]) -> None:
    metrics = set(compare_runs(runs["usual"], runs["short"])["metric"])
    assert "overall survival at 5 y" in metrics
    assert "overall survival at 10 y" not in metrics


def test_sites_of_either_run_are_listed(runs: dict[str, Run]) -> None:
    bone = row(compare_runs(runs["usual"], runs["none"]), "detected metastasis: bone")
    assert bone["A"] > 0
    assert bone["B"] == 0
    assert bone["upper"] < 0


def test_regional_nodes_are_no_distant_metastasis(runs: dict[str, Run]) -> None:
    metrics = set(compare_runs(runs["usual"], runs["none"])["metric"])
    assert "detected metastasis: regional nodes" not in metrics
    assert "detected metastasis: distant nodes" in metrics


def test_spec_differences_are_dotted_fields() -> None:
    a = {"name": "x", "organs": {"lung": {"niche": 0.3}, "liver": {"niche": 1}}, "visits": [1, 2]}
    b = {"name": "x", "organs": {"lung": {"niche": 0.4}}, "visits": [1, 2, 3], "drug": {}}
    frame = spec_differences(a, b)
    assert frame.to_dict("records") == [
        {"field": "organs.lung.niche", "A": 0.3, "B": 0.4},
        {"field": "organs.liver.niche", "A": 1, "B": None},
        {"field": "visits.2", "A": None, "B": 3},
        {"field": "drug", "A": None, "B": {}},
    ]


def test_pairing_needs_the_same_seed_and_patients(runs: dict[str, Run]) -> None:
    assert is_paired(runs["usual"], runs["milder"])
    assert not is_paired(runs["usual"], runs["other"])
    assert not is_paired(runs["usual"], runs["short"])
