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
    ]


def test_spec_differences_are_in_the_words_of_the_file() -> None:
    a = {"parameters": "breast-2026.1", "levers": [], "change": {}}
    lever = {"lever": "growth_rate", "factor": 0.5, "sites": ["lung"], "from": "30 day"}
    b = a | {"levers": [lever], "change": {"growth.doubling_time": "90 day"}}
    rows = spec_differences(a, b).to_dict("records")
    assert {row["field"] for row in rows} == {"levers.0", "change.growth.doubling_time"}
    found = {row["field"]: (row["A"], row["B"]) for row in rows}
    assert found["levers.0"] == (None, "lever: growth_rate, factor: 0.5, sites: [lung], from: 30 day")
    default, changed = found["change.growth.doubling_time"]
    assert default.endswith(" day (set)")
    assert changed == "90 day"


def test_pairing_needs_the_same_seed_and_patients(runs: dict[str, Run]) -> None:
    assert is_paired(runs["usual"], runs["milder"])
    assert not is_paired(runs["usual"], runs["other"])
    assert not is_paired(runs["usual"], runs["short"])


def test_no_share_is_certain_because_nothing_happened(runs: dict[str, Run]) -> None:
    """Without variance in either sample an interval still has the width that their sizes allow."""
    from diaspore.cohort import compare

    nobody = [np.zeros(80, dtype=bool), np.zeros(90, dtype=bool)]
    _, _, _, _, difference, lower, upper, _ = compare._share_row("x", *nobody, False)
    assert difference == 0.0
    assert lower < -0.01 < 0.01 < upper
    data = iter([(np.full(80, 4000.0), np.zeros(80, bool)), (np.full(90, 4000.0), np.zeros(90, bool))])
    table = pd.DataFrame({"followup_d": [4000.0]})
    rows = list(compare._survival_rows("x", lambda _: next(data), [table, table], False))
    assert all(row[5] < -0.01 < 0.01 < row[6] for row in rows)


def test_unpaired_survival_without_censoring_is_the_interval_of_two_shares(runs: dict[str, Run]) -> None:
    got = row(compare_runs(runs["usual"], runs["other"]), "overall survival at 5 y")
    from diaspore.cohort import compare

    alive = [~(r.table("patients")["death_d"].to_numpy() <= 5 * 365.25 - 0.5) for r in (runs["usual"], runs["other"])]
    assert got[["lower", "upper"]].to_list() == pytest.approx(compare._share_row("x", *alive, False)[5:7])


def test_identical_runs_have_no_interval_and_rounding_is_no_difference(runs: dict[str, Run]) -> None:
    from diaspore.cohort import compare

    same = compare_runs(runs["usual"], runs["usual"])
    assert (same[["difference", "lower", "upper"]] == 0.0).all(axis=None)
    assert compare._row("x", "mm", 0.3, 0.1 + 0.2, 6e-19, True)[4:7] == [0.0, 0.0, 0.0]


def test_node_positive_is_a_share_of_those_examined(runs: dict[str, Run]) -> None:
    table = runs["usual"].table("patients")
    examined = [table.assign(nodes_examined=table["nodes_examined"].where(table["nodes_positive"] > 0, 0))] * 2
    from diaspore.cohort import compare

    ((_, _, a, b, *_),) = compare._nodal_row(examined, True)
    assert a == b == 1.0
    assert list(compare._nodal_row([table.assign(nodes_examined=0)] * 2, True)) == []
