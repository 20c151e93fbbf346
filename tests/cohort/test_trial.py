"""Trials: arms that do the same are the same, randomisation, who is eligible, what is counted, and mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diaspore.cohort.outcomes import times
from diaspore.cohort.trial_spec import TrialSpec
from diaspore.core.errors import InputError, InputErrors
from diaspore.core.runstore import Run
from diaspore.core.simulate import shipped_models, simulate
from diaspore.core.spec import load_spec, spec_from_dict

YEARS = [{"every": "1 year", "until": "8 year"}]
BASE: dict[str, Any] = {
    "schema_version": 1, "kind": "trial", "name": "small", "patients": 400,
    "follow_up": {"duration": "8 year", "visits": YEARS}, "surgery": {"primary": {"at": "14 day"}},
    "analysis": {"follow_up": "6 year", "endpoints": ["recurrence", "overall_survival"], "at": ["5 year"]},
    "accrual": "2 year",
    "arms": [{"name": "none"}, {"name": "drug", "treatment": ["paclitaxel 80 mg/m2 weekly for 12 weeks from surgery"]}],
}  # fmt: skip


def trial(**changes: Any) -> TrialSpec:
    spec = spec_from_dict(BASE | changes)
    assert isinstance(spec, TrialSpec)
    return spec


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return simulate(trial(), seed=1, out=tmp_path_factory.mktemp("trial") / "paired", threads=1, quiet=True)


def test_every_patient_is_in_every_arm_and_differs_by_the_drug_only(paired: Run) -> None:
    table = paired.table("outcomes")
    arms = [table[table["arm"] == name].reset_index(drop=True) for name in ("none", "drug")]
    for name in ("patient", "age_at_diagnosis_y", "diameter_at_diagnosis_mm", "stage_group", "entry_d"):
        assert arms[0][name].equals(arms[1][name]), name
    earlier = arms[1]["relapse_d"].fillna(np.inf) < arms[0]["relapse_d"].fillna(np.inf) - 200.0
    later = arms[1]["relapse_d"].fillna(np.inf) > arms[0]["relapse_d"].fillna(np.inf)
    assert later.sum() > 3 * max(earlier.sum(), 1)
    effects = paired.table("effects").set_index("endpoint")
    assert effects.loc["recurrence", "hazard_ratio"] < 1.0
    assert effects.loc["recurrence", "free_5y_arm"] > effects.loc["recurrence", "free_5y_control"]


def test_arms_alike_are_alike(tmp_path: Path) -> None:
    same = [{"name": "a"}, {"name": "b"}]
    run = simulate(trial(arms=same, patients=200), seed=3, out=tmp_path / "t", threads=1, quiet=True)
    effects = run.table("effects")
    assert effects["hazard_ratio"].to_numpy() == pytest.approx(1.0, rel=1e-12)
    assert (effects["events_arm"] == effects["events_control"]).all()


def test_the_bits_do_not_depend_on_threads_or_on_a_stop(
    paired: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = simulate(trial(), seed=1, out=tmp_path / "two", threads=2, quiet=True)
    assert two.table("outcomes").equals(paired.table("outcomes"))
    assert two.table("effects").equals(paired.table("effects"))
    from diaspore.cohort import trial as engine

    monkeypatch.setattr(engine, "BATCH", 128)
    whole = engine.effects

    def stops(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "effects", stops)
    with pytest.raises(KeyboardInterrupt):
        simulate(trial(), seed=1, out=tmp_path / "part", threads=1, quiet=True)
    monkeypatch.setattr(engine, "effects", whole)
    rest = simulate(trial(), seed=1, out=tmp_path / "part", threads=1, quiet=True, resume=True)
    assert rest.table("effects").equals(paired.table("effects"))


def test_randomised_in_blocks(tmp_path: Path) -> None:
    from diaspore.cohort.trial import randomised

    spec = trial(enrol=200)
    run = simulate(spec, seed=1, out=tmp_path / "t", threads=1, quiet=True)
    taken = randomised(spec, run.table("outcomes"), 1)
    assert len(taken) == 200 == taken["patient"].nunique()
    arms = taken.sort_values("patient")["arm_number"].to_numpy()
    for begin in range(0, 200, 4):
        assert arms[begin : begin + 4].sum() == 2
    assert len({arms[begin : begin + 4].tobytes() for begin in range(0, 200, 4)}) > 3
    assert run.summary["patients"] == {"none": 100, "drug": 100}
    with pytest.raises(InputError, match="eligible"):
        simulate(trial(enrol=401), seed=1, out=tmp_path / "more", threads=1, quiet=True)


def test_one_trial_after_another(tmp_path: Path) -> None:
    from diaspore.cohort.trial import power, randomised

    run = simulate(trial(enrol=60, repeats=5), seed=1, out=tmp_path / "five", threads=1, quiet=True)
    spec = trial(enrol=60, repeats=5)
    taken = randomised(spec, run.table("outcomes"), 1)
    assert list(taken.groupby("repeat").size()) == [60] * 5
    assert taken["patient"].is_unique
    one = simulate(trial(enrol=60), seed=1, out=tmp_path / "one", threads=1, quiet=True)
    each = run.table("repeats")
    first = each[each["repeat"] == 0].reset_index(drop=True)
    alone = one.table("effects")
    alone = alone[alone["period"] == "all"].reset_index(drop=True)
    for name in ("endpoint", "hazard_ratio", "low", "high", "probability", "events_arm"):
        assert first[name].equals(alone[name]), name
    assert set(run.summary["power"]) == {f"drug, {end.replace('_', ' ')}" for end in spec.analysis.endpoints}
    rows = pd.DataFrame({"arm": "a", "endpoint": "x_y", "probability": [0.01, 0.2, 0.01, 0.04],
                         "hazard_ratio": [0.5, 0.9, 2.0, 0.6]})  # fmt: skip
    assert power(rows)["a, x y"].startswith("0.5 (")
    with pytest.raises(InputError, match="how many patients a trial has"):
        trial(repeats=3)
    with pytest.raises(InputError, match="in all, or about"):
        simulate(trial(enrol=79, repeats=5), seed=1, out=tmp_path / "many", threads=1, quiet=True)


def test_parts_of_an_arm(tmp_path: Path) -> None:
    arms = [
        BASE["arms"][0],
        BASE["arms"][1] | {"variants": [{"name": "did not take it", "share": "25 %"}]},
    ]
    run = simulate(trial(arms=arms), seed=1, out=tmp_path / "t", threads=1, quiet=True)
    table = run.table("outcomes")
    drug = table[table["arm"] == "drug"].set_index("patient")
    none = table[table["arm"] == "none"].set_index("patient")
    idle = drug[drug["variant"] == "did not take it"]
    assert 0.18 < len(idle) / len(drug) < 0.33
    assert idle["relapse_d"].equals(none.loc[idle.index, "relapse_d"])
    full = simulate(trial(), seed=1, out=tmp_path / "f", threads=1, quiet=True).table("outcomes")
    taker = drug[drug["variant"] == "as planned"]
    assert taker["relapse_d"].equals(full[full["arm"] == "drug"].set_index("patient").loc[taker.index, "relapse_d"])


def test_only_the_eligible_count(tmp_path: Path) -> None:
    wanted = {"smallest": "15 mm", "largest": "40 mm", "youngest": "45 year", "oldest": "75 year"}
    run = simulate(trial(eligibility=wanted, patients=300), seed=1, out=tmp_path / "t", threads=1, quiet=True)
    table = run.table("outcomes").query("arm == 'none'")
    size, age = table["diameter_at_diagnosis_mm"], table["age_at_diagnosis_y"]
    fits = size.between(15, 40) & age.between(45, 75) & (table["m_stage"] != "M1")
    assert 0 < fits.sum() < 300
    assert run.summary["patients"]["none"] == fits.sum()
    with pytest.raises(InputError, match="nobody"):
        small = {"largest": "0.5 mm"}
        simulate(trial(eligibility=small, patients=50), seed=1, out=tmp_path / "u", threads=1, quiet=True)


def test_times_end_with_what_ends_observation() -> None:
    nan = np.nan
    rows = pd.DataFrame(
        {
            "followup_d": [3000.0, 2000.0, 1000.0, 3000.0, 3000.0, 3000.0],
            "lost_d": [np.inf, np.inf, np.inf, 500.0, np.inf, np.inf],
            "entry_d": [0.0, 0.0, 0.0, 0.0, 600.0, 0.0],
            "relapse_d": [100.0, nan, nan, 900.0, 1900.0, nan],
            "distant_relapse_d": [nan, nan, nan, nan, 1950.0, nan],
            "bone_found_d": [nan] * 6, "brain_found_d": [nan] * 6,
            "death_d": [nan, nan, 1000.0, nan, nan, 2000.0],
            "death_cause": ["alive", "alive", "other", "alive", "alive", "cancer"],
        }
    )  # fmt: skip
    found = {name: times(rows, name, 2500.0) for name in ("recurrence", "cancer_death", "disease_free_survival")}
    assert found["recurrence"][0].tolist() == [100.0, 2000.0, 1000.0, 500.0, 1900.0, 2500.0]
    assert found["recurrence"][1].tolist() == [True, False, False, False, True, False]
    assert found["disease_free_survival"][1].tolist() == [True, False, True, False, True, True]
    assert found["cancer_death"][1].tolist() == [False] * 5 + [True]
    late = times(rows, "recurrence", 2400.0)
    assert late[0][4] == 1800.0  # the analysis came before the relapse of who entered late
    assert not late[1][4]


def test_drop_out_and_entry_are_spread_as_said(tmp_path: Path) -> None:
    run = simulate(trial(drop_out="0.1 1/year"), seed=1, out=tmp_path / "t", threads=1, quiet=True)
    table = run.table("outcomes").query("arm == 'none'")
    assert table["lost_d"].mean() == pytest.approx(3652.5, rel=0.2)
    assert table["entry_d"].between(0.0, 2 * 365.25).all()
    assert table["entry_d"].mean() == pytest.approx(365.25, rel=0.12)


def test_pictures(paired: Run, tmp_path: Path) -> None:
    from diaspore.viz import plot_run

    assert [file.name for file in plot_run(paired, tmp_path)] == ["curves.png", "ratios.png"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"arms": BASE["arms"][:1]}, "arms", "at least 2"),
        ({"arms": [{"name": "a"}, {"name": "a"}]}, "arms[1].name", "twice"),
        ({"arms": [{"name": "a"}, {"name": "b", "treatment": ["paclitaxil 1 mg once"]}]}, None, "paclitaxel"),
        ({"analysis": BASE["analysis"] | {"endpoints": ["survival"]}}, "analysis.endpoints[0]", "overall_survival"),
        ({"analysis": BASE["analysis"] | {"follow_up": "9 year"}}, "follow_up.duration", "first patients"),
        ({"groups": [{"name": "x", "share": 1.0}]}, "groups", "arms"),
        ({"enrol": 1}, "enrol", "at least 2"),
    ],
)
def test_mistakes(changes: dict[str, Any], field: str | None, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        trial(**changes)
    assert field is None or error.value.field == field


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"name": "b", "treatment": ["paclitaxil 80 mg/m2 weekly for 12 weeks"]}, "did you mean 'paclitaxel'"),
        ({"name": "b", "treatment": ["paclitaxel 80 mg weekly for 12 weeks"]}, "mg/m2"),
        ({"name": "b", "treatment": ["paclitaxel 80 mg/m2 weekly from day -3"]}, "-3"),
        ({"name": "b", "treatment": ["paclitaxel 80 mg/m2 weekly"]}, "for"),
        ({"name": "b", "surgery": {"primary": {"at": "3 day"}, "nodes": {"at": "5 day"}}}, "overlaps"),
    ],
)
def test_a_mistake_in_an_arm_is_one_message(arm: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as error:
        trial(arms=[{"name": "a"}, arm])
    assert words in str(error.value)
    assert not isinstance(error.value, InputErrors)
    assert "arms[1]" in str(error.value.field)


def test_a_trial_can_be_written_and_read(tmp_path: Path) -> None:
    spec = trial(enrol=100, drop_out="0.01 1/year")
    (tmp_path / "t.yaml").write_text(spec.to_yaml(), encoding="utf-8")
    assert load_spec(tmp_path / "t.yaml") == spec


READY = [name for name, file in shipped_models().items() if file.parent.name == "trials"]


@pytest.mark.parametrize("name", READY)
def test_ready_trials_run(name: str, tmp_path: Path) -> None:
    spec = load_spec(shipped_models()[name])
    assert isinstance(spec, TrialSpec)
    assert spec.name == name
    run = simulate(spec.model_copy(update={"patients": 40}), seed=1, out=tmp_path / "t", threads=1, quiet=True)
    effects = run.table("effects")
    assert set(effects["arm"]) == {arm.name for arm in spec.arms[1:]}
    assert set(run.summary["patients"]) == {arm.name for arm in spec.arms}


def test_there_are_ready_trials() -> None:
    assert len(READY) >= 12


def test_times_to_events_for_other_programs(paired: Run, tmp_path: Path) -> None:
    from diaspore.export import export_run
    from diaspore.export.adtte import CODES, time_to_event

    file = export_run(paired, "adtte", tmp_path / "adtte.csv")
    table = pd.read_csv(file)
    spec = trial()
    assert set(table["PARAMCD"]) == {CODES[end] for end in spec.analysis.endpoints}
    effects = paired.table("effects")
    row = effects[(effects["endpoint"] == "recurrence") & (effects["period"] == "all")].iloc[0]
    mine = table[table["PARAMCD"] == "TTR"]
    assert (mine["CNSR"] == 0).sum() == row["events_control"] + row["events_arm"]
    assert (mine["AVAL"] >= 0.0).all()
    assert len(time_to_event(paired)) == len(table)
    with pytest.raises(InputError, match="no snapshots"):
        export_run(paired, "adtte", tmp_path / "other.csv", every=2)


def test_every_endpoint_has_a_code() -> None:
    from diaspore.cohort.trial_spec import ENDPOINTS
    from diaspore.export.adtte import CODES

    assert set(CODES) == set(ENDPOINTS)
    assert len(set(CODES.values())) == len(CODES)


def test_strata_are_the_same_in_all_arms(tmp_path: Path) -> None:
    """Nodes that an arm does not look at are those that the control's surgery finds."""
    nodes = {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}}
    arms = [{"name": "dissection"}, {"name": "none", "surgery": {"primary": {"at": "30 day"}}}]
    analysis = BASE["analysis"] | {"strata": ["nodes", "stage"]}
    run = simulate(
        trial(surgery=nodes, arms=arms, analysis=analysis), seed=1, out=tmp_path / "t", threads=1, quiet=True
    )
    from diaspore.cohort.outcomes import stratum_of
    from diaspore.cohort.trial import randomised

    rows = randomised(trial(surgery=nodes, arms=arms, analysis=analysis), run.table("outcomes"), 1)
    rows = rows.assign(stratum=stratum_of(rows, ("nodes", "stage")))
    assert (rows.groupby("patient")["stratum"].nunique() == 1).all()
    assert rows["stratum"].nunique() > 2
    assert (rows.groupby("patient")["nodes_positive"].nunique() > 1).any()
    with pytest.raises(InputError, match="nobody looks at the nodes"):
        trial(surgery={"primary": {"at": "30 day"}}, analysis=analysis)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"enrol": 300, "repeats": 50}, "are to be enrolled out of"),
        ({"eligibility": {"youngest": "60 year", "oldest": "50 year"}}, "nobody is eligible"),
        ({"analysis": BASE["analysis"] | {"at": ["50 year"]}}, "later than anybody is seen"),
        ({"analysis": BASE["analysis"] | {"periods": ["3 year", "50 year"]}}, "later than anybody is seen"),
        ({"arms": [{"name": "a"}, {"name": "b", "variants": [{"name": "as planned", "share": 0.2}]}]}, "is taken"),
        (
            {
                "treatment": ["paclitaxel 80 mg/m2 weekly for 50 weeks"],
                "arms": [{"name": "a"}, {"name": "b", "treatment": ["marimastat 10 mg daily for 1 year from relapse"]}],
            },
            "would end the drugs of all arms",
        ),
    ],
)
def test_designs_that_mislead_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        trial(**fields)


def test_survival_after_relapse_where_arms_differ_before_is_noted() -> None:
    analysis = BASE["analysis"] | {"endpoints": ["survival_after_relapse"]}
    assert any("not those of the control" in note for note in trial(analysis=analysis).notes())
    late = [{"name": "a"}, {"name": "b", "treatment": ["marimastat 10 mg daily for 1 year from relapse"]}]
    assert not trial(analysis=analysis, arms=late).notes()
