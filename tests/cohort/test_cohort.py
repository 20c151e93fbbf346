"""Cohorts: who the members are, that counts equal the tables, that bits do not depend on threads or size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import diaspore
from diaspore.cohort.engine import described
from diaspore.cohort.people import draw_members, read_table
from diaspore.cohort.spec import CohortSpec
from diaspore.cohort.survival import kaplan_meier
from diaspore.cohort.tally import MONTH
from diaspore.core.errors import InputError
from diaspore.core.spec import spec_from_dict

P_MIN = 1e-4
BASE: dict[str, Any] = {
    "schema_version": 1,
    "kind": "cohort",
    "name": "cohort",
    "patients": 3000,
    "primary": {"site": "breast"},
    "follow_up": {"duration": "10 year", "visits": [{"every": "1 year", "until": "10 year"}]},
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
    "change": {"fate.bottleneck": 17.5},
}
GROUPS = [
    {"name": "slow", "share": 0.75, "change": {"growth.doubling_time": "240 day"}},
    {"name": "fast", "share": 0.25, "change": {"growth.doubling_time": "80 day"}},
]
COVARIATES = {
    "diameter": {"median": "22 mm", "spread": 0.5, "low": "5 mm", "high": "90 mm"},
    "age": {"edges": ["30 year", "50 year", "80 year"], "shares": [1, 3]},
}


def cohort(**fields: Any) -> CohortSpec:
    spec = spec_from_dict(BASE | fields)
    assert isinstance(spec, CohortSpec)
    return spec


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("cohort") / "run"
    return diaspore.simulate(cohort(groups=GROUPS, covariates=COVARIATES), seed=3, out=out, threads=2, quiet=True)


# Members


def test_members_follow_their_distributions() -> None:
    spec = cohort(groups=GROUPS, covariates=COVARIATES)
    members = draw_members(spec, None, 7, np.arange(20_000))
    assert stats.binomtest(int((members.group == 0).sum()), 20_000, 0.75).pvalue > P_MIN
    law = stats.truncnorm((np.log(5 / 22)) / 0.5, (np.log(90 / 22)) / 0.5)
    z = np.log(members.people.diameter / 22.0) / 0.5
    assert stats.kstest(z, law.cdf).pvalue > P_MIN
    years = members.people.age / 365.25
    assert stats.binomtest(int((years < 50).sum()), 20_000, 0.25).pvalue > P_MIN
    assert stats.kstest(years[years < 50], stats.uniform(30, 20).cdf).pvalue > P_MIN
    # what a member is does not tell what another thing about it is
    assert abs(np.corrcoef(members.people.diameter, years)[0, 1]) < 0.03
    assert stats.ks_2samp(z[members.group == 0], z[members.group == 1]).pvalue > P_MIN


def test_a_member_is_the_same_in_any_batch() -> None:
    spec = cohort(groups=GROUPS, covariates=COVARIATES)
    whole = draw_members(spec, None, 7, np.arange(1000))
    part = draw_members(spec, None, 7, np.arange(600, 700))
    np.testing.assert_array_equal(whole.people.diameter[600:700], part.people.diameter)
    np.testing.assert_array_equal(whole.group[600:700], part.group)


def test_members_take_rows_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    pd.DataFrame(
        {"size": [1.0, 2.5, None], "age": [40, 50, 60], "type": ["slow", "fast", "slow"], "grade": [1, 3, 2]}
    ).to_csv(file, index=False)
    table = {
        "file": str(file),
        "diameter": {"column": "size", "unit": "cm"},
        "age": {"column": "age", "unit": "year"},
        "group": "type",
        "keep": ["grade"],
    }
    groups = [{k: v for k, v in g.items() if k != "share"} for g in GROUPS]
    run = diaspore.simulate(cohort(patients=300, table=table, groups=groups), seed=1, out=tmp_path / "r", quiet=True)
    p = run.table("patients")
    assert (p["table_row"] == np.arange(300) % 3).all()
    assert p.loc[p["table_row"] == 0, "diameter_at_diagnosis_mm"].to_numpy() == pytest.approx(10.0)
    assert p.loc[p["table_row"] == 1, "diameter_at_diagnosis_mm"].to_numpy() == pytest.approx(25.0)
    assert p.loc[p["table_row"] == 2, "diameter_at_diagnosis_mm"].nunique() > 50
    assert p["age_at_diagnosis_y"].to_numpy() == pytest.approx(np.array([40.0, 50.0, 60.0])[p["table_row"]])
    assert (p["group"].astype(str) == np.array(["slow", "fast", "slow"])[p["table_row"]]).all()
    assert (p["table_grade"] == np.array([1, 3, 2])[p["table_row"]]).all()


def test_groups_differ_by_what_they_change() -> None:
    spec = cohort(groups=GROUPS, levers=[{"lever": "growth_rate", "factor": 0.5, "from": "0 day"}])
    slow, fast = (described(spec, group) for group in spec.groups)
    change = dict(slow.change)
    assert change["growth_doubling_time"] == 240.0
    assert change["fate_bottleneck"] == 17.5
    assert dict(fast.change)["growth_doubling_time"] == 80.0
    assert slow.levers == fast.levers == spec.levers


def test_a_group_alone_gives_the_same_courses(run: Any, tmp_path: Path) -> None:
    """Members of a group are as in a cohort of that group only: groups do not disturb each other."""
    alone = cohort(covariates=COVARIATES, change=BASE["change"] | {"growth.doubling_time": "80 day"})
    other = diaspore.simulate(alone, seed=3, out=tmp_path / "alone", quiet=True).table("patients")
    mine = run.table("patients")
    fast = mine["group"].astype(str) == "fast"
    pd.testing.assert_frame_equal(mine[fast].drop(columns="group"), other[fast])


# Tables and summary


def test_counts_equal_the_tables(run: Any) -> None:
    p, shares, curves = run.table("patients"), run.table("shares"), run.table("curves")
    lesions = run.table("lesions")
    for stratum in ("all", "slow", "fast"):
        own = p if stratum == "all" else p[p["group"].astype(str) == stratum]
        row = shares[(shares["stratum"] == stratum) & (shares["what"] == "stage")].set_index("class")
        for stage in ("I", "II", "III", "IV"):
            assert row.loc[stage, "count"] == (own["stage_group"].astype(str) == stage).sum()
        m0 = own[own["m_stage"].astype(str) == "M0"]
        row = shares[(shares["stratum"] == stratum) & (shares["what"] == "positive nodes, M0")].set_index("class")
        examined = m0[m0["nodes_examined"] > 0]
        assert (row["of"] == len(examined)).all()
        assert row["count"].sum() == len(examined)
        assert row.loc["1-3", "count"] == examined["nodes_positive"].between(1, 3).sum()
        found = lesions[lesions["detected_d"].notna() & ~lesions["site"].astype(str).isin(["local", "regional_nodes"])]
        found = found[found["patient"].isin(own["patient"])]
        row = shares[(shares["stratum"] == stratum) & (shares["what"].str.startswith("site ever"))].set_index("class")
        assert (row["of"] == found["patient"].nunique()).all()
        bone = found[found["site"].astype(str) == "bone"]["patient"].nunique()
        assert row.loc["bone", "count"] == bone
        event = m0["relapse_d"].fillna(np.inf).clip(upper=m0["death_d"].fillna(np.inf))
        for month in (12, 60, 120):
            value = curves[
                (curves["stratum"] == stratum)
                & (curves["curve"] == "relapse_free_survival")
                & (curves["month"] == month)
            ]["value"].item()
            assert value == pytest.approx((event > month * MONTH).mean(), abs=1e-12)


def test_limits_of_curves_are_those_of_kaplan_and_meier(run: Any) -> None:
    p, curves = run.table("patients"), run.table("curves")
    own = curves[(curves["stratum"] == "all") & (curves["curve"] == "overall_survival")].set_index("month")
    months = np.ceil(p["death_d"] / MONTH).fillna(121).to_numpy()
    known = kaplan_meier(np.minimum(months, 121.0), months < 121, at=np.array([12.0, 60.0, 120.0]))
    np.testing.assert_allclose(own.loc[[12, 60, 120], "value"], known.survival, atol=1e-12)
    np.testing.assert_allclose(own.loc[[12, 60, 120], "lower"], known.lower, atol=1e-9)
    np.testing.assert_allclose(own.loc[[12, 60, 120], "upper"], known.upper, atol=1e-9)


def test_bits_do_not_depend_on_threads_or_size(run: Any, tmp_path: Path) -> None:
    spec = cohort(groups=GROUPS, covariates=COVARIATES)
    one = diaspore.simulate(spec, seed=3, out=tmp_path / "one", threads=1, quiet=True)
    for file in sorted((one.path / "tables").rglob("*.parquet")):
        assert file.read_bytes() == (run.path / file.relative_to(one.path)).read_bytes(), file.name
    larger = diaspore.simulate(
        spec.model_copy(update={"patients": 5000}), seed=3, out=tmp_path / "more", threads=2, quiet=True
    )
    pd.testing.assert_frame_equal(run.table("patients"), larger.table("patients").iloc[:3000])


def test_a_patient_file_and_a_cohort_of_it_agree(tmp_path: Path) -> None:
    data = {k: v for k, v in BASE.items() if k != "kind"} | {"patients": 500}
    a = diaspore.simulate(data | {"kind": "patient"}, seed=5, out=tmp_path / "a", quiet=True)
    b = diaspore.simulate(data | {"kind": "cohort"}, seed=5, out=tmp_path / "b", quiet=True)
    for name in ("patients", "lesions", "visits", "ledger"):
        pd.testing.assert_frame_equal(a.table(name), b.table(name))
    assert a.summary["stage"] == b.summary["stage"]
    for year in ("1", "5", "10"):
        assert a.summary["overall_survival"][year] == pytest.approx(b.summary["overall_survival"][year], abs=1e-12)


# Mistakes


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"groups": [GROUPS[0] | {"share": 0.5}, GROUPS[1]]}, "add up to"),
        ({"groups": [GROUPS[0], GROUPS[0]]}, "given twice"),
        ({"groups": [{"name": "x"}]}, "share is missing"),
        ({"covariates": {"diameter": {"median": "20 mm"}}}, "needs either"),
        ({"covariates": {"diameter": {"edges": ["5 mm", "3 mm"], "shares": [1]}}}, "must ascend"),
        ({"covariates": {"age": {"edges": ["30 year", "40 year"], "shares": [1, 2]}}}, "2 values for 1"),
        ({"covariates": {"diameter": {"median": "20", "spread": 0.5}}}, "unit"),
        ({"table": {"file": "nowhere.csv"}}, "cannot read"),
        ({"table": {"file": "table.txt"}}, "not a kind of table"),
        ({"primary": {"site": "breast", "diameter_at_diagnosis": "20 mm"}, "covariates": COVARIATES}, "covariates"),
        ({"groups": [GROUPS[0] | {"parameters": "brest"}, GROUPS[1]]}, "no parameter set"),
    ],
)
def test_mistakes_are_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        cohort(**fields)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"size": [10, "big"]}, "row 3 .*'big' is not a positive number"),
        ({"size": [10, -1]}, "row 3"),
        ({"sise": [10, 11]}, "no column 'size'"),
        ({"size": [10, 4000]}, "cannot arise"),
    ],
)
def test_mistakes_in_tables_are_named(tmp_path: Path, rows: dict[str, Any], words: str) -> None:
    file = tmp_path / "people.csv"
    pd.DataFrame(rows).to_csv(file, index=False)
    spec = cohort(patients=10, table={"file": str(file), "diameter": {"column": "size", "unit": "mm"}})
    with pytest.raises(InputError, match=words):
        diaspore.simulate(spec, out=tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_a_changed_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("size\n10\n")
    spec = cohort(table={"file": str(file), "diameter": {"column": "size", "unit": "mm"}})
    assert read_table(spec) is not None
    file.write_text("size\n11\n")
    with pytest.raises(InputError, match="has changed"):
        read_table(spec)
    with pytest.raises(InputError, match="not the file that was described"):
        spec_from_dict(BASE | {"table": {"file": str(file), "sha256": spec.table.sha256 if spec.table else ""}})


def test_workers_of_a_scheduler_give_the_same_bits(run: Any, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    spec = cohort(groups=GROUPS, covariates=COVARIATES)
    away = diaspore.simulate(spec, seed=3, out=tmp_path / "away", threads=2, scheduler="local", quiet=True)
    for file in sorted(away.path.rglob("*")):
        if file.is_file() and file.name != "timing.json":
            assert file.read_bytes() == (run.path / file.relative_to(away.path)).read_bytes(), file.name


def test_no_scheduler_at_an_address(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="scheduler"):
        diaspore.simulate(cohort(), out=tmp_path / "run", scheduler="nonsense", quiet=True)


def test_groups_of_both_sexes(tmp_path: Path) -> None:
    groups = [{"name": "women", "share": 0.4, "sex": "female"}, {"name": "men", "share": 0.6, "sex": "male"}]
    spec = cohort(patients=60, primary={"site": "kidney"}, surgery={}, groups=groups)
    p = diaspore.simulate(spec, seed=1, out=tmp_path / "r", quiet=True).table("patients")
    assert (p["sex"].astype(str) == p["group"].astype(str).map({"women": "female", "men": "male"})).all()
    assert p["sex"].astype(str).nunique() == 2


def test_a_group_without_the_organ_is_refused() -> None:
    men = {"name": "men", "share": 1.0, "sex": "male"}
    with pytest.raises(InputError, match=r"groups\[0\]\.sex: a male patient has no ovary"):
        cohort(primary={"site": "ovary"}, surgery={}, groups=[men])
    lever = {"lever": "growth_rate", "factor": 0.5, "from": "0 day", "sites": ["ovary"]}
    with pytest.raises(InputError, match=r"groups\[0\]\.levers\[0\]\.sites\[0\]: a male patient has no ovary"):
        cohort(primary={"site": "kidney"}, surgery={}, groups=[men | {"levers": [lever]}])


def test_a_cohort_is_followed_for_a_month_at_least() -> None:
    short = {"duration": "2 day", "visits": [{"every": "1 day", "until": "2 day"}]}
    with pytest.raises(InputError, match="at least 30") as error:
        spec_from_dict({"schema_version": 1, "kind": "cohort", "name": "x", "follow_up": short})
    assert error.value.field == "follow_up.duration"
