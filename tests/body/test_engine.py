"""Whole runs: the same bits for any number of threads and after a kill, seeds, identities of patients, tables."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from diaspore.core.runstore import Run
from diaspore.core.simulate import simulate
from tests.body.common import patient
from tests.child import child_env

SHORT = {
    "primary": {"site": "breast"},
    "age": None,
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}},
    "follow_up": {"duration": "3 year", "visits": [{"every": "6 month", "until": "3 year"}]},
    "levers": [{"lever": "growth_rate", "factor": 0.5, "from": "60 day", "until": "1 year"}],
}


def contents(path: Path) -> dict[str, bytes]:
    """Bytes of all files of a run that must not differ."""
    files = sorted(p for p in path.rglob("*") if p.is_file() and p.name != "timing.json")
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}


def same(one: Path, two: Path) -> None:
    a, b = contents(one), contents(two)
    assert a.keys() == b.keys()
    assert [name for name in a if a[name] != b[name]] == []


def test_threads_change_no_bit(tmp_path: Path) -> None:
    data = patient(**SHORT, patients=9000)
    for threads in (1, 2):
        simulate(data, seed=5, out=tmp_path / f"t{threads}", threads=threads, quiet=True)
    same(tmp_path / "t1", tmp_path / "t2")
    run = Run.open(tmp_path / "t1")
    assert len(list((tmp_path / "t1" / "tables" / "patients").iterdir())) == 3
    assert run.table("patients")["patient"].tolist() == list(range(9000))


def test_courses_are_written_the_same_way_every_time(tmp_path: Path) -> None:
    data = patient(**SHORT, patients=3)
    for name in ("a", "b"):
        simulate(data, seed=5, out=tmp_path / name, threads=2, quiet=True)
    same(tmp_path / "a", tmp_path / "b")
    assert Run.open(tmp_path / "a").course() is not None


KILLED = """
import json, sys
from diaspore.core.simulate import simulate
if __name__ == "__main__":
    simulate(json.loads(sys.argv[1]), seed=6, out=sys.argv[2], threads=1, quiet=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_run_resumes_to_the_same_bits(tmp_path: Path) -> None:
    data = patient(**SHORT | {"follow_up": {"duration": "10 year", "visits": []}}, patients=12_000)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    simulate(data, seed=6, out=whole, threads=2, quiet=True)
    child = subprocess.Popen([sys.executable, "-c", KILLED, json.dumps(data), str(broken)], env=child_env())
    try:
        deadline = time.monotonic() + 300
        while not list(broken.glob("checkpoint/*.json")):
            assert child.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    done = len(list(broken.glob("checkpoint/*.json")))
    assert 1 <= done < 3
    assert json.loads((broken / "manifest.json").read_text())["status"] != "complete"
    run = simulate(data, seed=6, out=broken, threads=2, resume=True, quiet=True)
    same(whole, broken)
    assert run.summary["patients"] == 12_000


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    run = simulate(patient(**SHORT, patients=3000), seed=1, quiet=True)
    return {name: run.table(name) for name in ("patients", "lesions", "visits", "ledger")}


def test_another_seed_gives_other_patients(tables: dict[str, pd.DataFrame]) -> None:
    other = simulate(patient(**SHORT, patients=3000), seed=2, quiet=True).table("patients")
    assert np.corrcoef(tables["patients"]["diameter_at_diagnosis_mm"], other["diameter_at_diagnosis_mm"])[0, 1] < 0.1


@pytest.mark.parametrize("count", [5, 50])
def test_a_patient_does_not_depend_on_how_many_there_are(tables: dict[str, pd.DataFrame], count: int) -> None:
    """Runs of at most 200 patients keep dense courses and go patient by patient: that changes nothing either."""
    few = simulate(patient(**SHORT, patients=count), seed=1, quiet=True)
    for name in ("patients", "lesions", "visits"):
        many = tables[name][tables[name]["patient"] < count].reset_index(drop=True)
        pd.testing.assert_frame_equal(few.table(name), many, check_categorical=False, check_exact=True)


def test_identities(tables: dict[str, pd.DataFrame]) -> None:
    lesions = tables["lesions"]
    assert lesions["lesion"].is_unique
    parents = lesions[lesions["parent"] != 0]
    known = lesions.set_index("lesion")
    assert parents["parent"].isin(known.index).all()
    parent = known.loc[parents["parent"]]
    assert (parent["patient"].to_numpy() == parents["patient"].to_numpy()).all()
    assert (parent["generation"].to_numpy() + 1 == parents["generation"].to_numpy()).all()
    assert (parent["vascularised_d"].to_numpy() <= parents["seeded_d"].to_numpy() + 1e-2).all()
    assert (lesions.loc[lesions["parent"] == 0, "generation"] == 1).all()


def test_lesions_live_in_order(tables: dict[str, pd.DataFrame]) -> None:
    """Seeded, awake, vascular, detected, removed: days of a lesion stand in that order, within its patient's life."""
    lesions, patients = tables["lesions"], tables["patients"]
    day = {name: lesions[f"{name}_d"] for name in ("seeded", "waking", "vascularised", "detected", "removed")}
    slack = 0.05
    assert not (day["waking"] < day["seeded"] - slack).any()
    assert not (day["vascularised"] < day["waking"] - slack).any()
    assert not (day["detected"] < day["waking"] - slack).any()
    assert not (day["removed"] < day["seeded"] - slack).any()
    end = patients.set_index("patient")["followup_d"].loc[lesions["patient"]].to_numpy()
    for name, values in day.items():
        assert not (values > end + slack).any(), name
    fate = lesions["fate"].astype(str)
    assert (day["removed"].notna() == (fate == "removed")).all()
    assert (day["waking"].isna() <= fate.isin(["dormant", "extinct", "removed"])).all()
    assert (day["vascularised"].notna() | ~fate.eq("growing")).all()
    assert (lesions.loc[fate.isin(["dormant", "removed", "extinct"]), "volume_at_end_mm3"] == 0.0).all()
    assert (
        lesions.loc[fate.isin(["avascular", "held", "angiogenic_dormant", "growing"]), "volume_at_end_mm3"] > 0
    ).all()


def test_patients_are_consistent(tables: dict[str, pd.DataFrame]) -> None:
    p, lesions = tables["patients"], tables["lesions"]
    follow = 3 * 365.25
    dead = p["death_d"].notna()
    assert (dead == (p["death_cause"].astype(str) != "alive")).all()
    np.testing.assert_allclose(p["followup_d"], np.where(dead, p["death_d"], follow))
    assert (p.loc[dead, "death_d"] >= 0.0).all()
    assert (p.loc[dead, "death_d"] <= follow).all()
    assert (p["death_site"].notna() == (p["death_cause"].astype(str) == "cancer")).all()
    relapsed = p["relapse_d"].notna()
    assert (p.loc[relapsed, "relapse_d"] > 0.0).all()
    assert not (p["relapse_d"] > p["followup_d"]).any()
    assert (relapsed == (p["relapse_kind"].astype(str) != "none")).all()
    assert (relapsed == p["relapse_site"].notna()).all()
    assert not (relapsed & (p["m_stage"].astype(str) == "M1")).any()
    site, kind = p["relapse_site"].astype(str), p["relapse_kind"].astype(str)
    assert ((kind == "local") == (relapsed & (site == "local"))).all()
    assert ((kind == "regional") == (relapsed & (site == "regional_nodes"))).all()
    assert (p["inception_d"] < 0.0).all()
    assert (p["age_at_diagnosis_y"].between(18, 110)).all()
    distant = ~lesions["site"].astype(str).isin(["local", "regional_nodes"])
    seeded = lesions[distant].groupby("patient").size().reindex(p["patient"], fill_value=0)
    np.testing.assert_array_equal(p["metastases_seeded"], seeded)
    found = lesions[distant & lesions["detected_d"].notna()]
    sites = found.assign(site=found["site"].astype(str)).groupby("patient")["site"].nunique()
    np.testing.assert_array_equal(p["sites_with_metastasis"], sites.reindex(p["patient"], fill_value=0))
    later = found[found["detected_d"] > 0.0].groupby("patient")["detected_d"].min().reindex(p["patient"])
    m0 = (p["m_stage"].astype(str) == "M0").to_numpy()
    np.testing.assert_allclose(p["distant_relapse_d"][m0], later.to_numpy()[m0], rtol=1e-6)
    assert p["distant_relapse_d"][~m0].isna().all()
    m1 = found[found["detected_d"] <= 0.0].groupby("patient").size().reindex(p["patient"], fill_value=0) > 0
    np.testing.assert_array_equal(p["m_stage"].astype(str) == "M1", m1)


def test_stages_follow_their_rules(tables: dict[str, pd.DataFrame]) -> None:
    p = tables["patients"]
    t, n, m, group = (p[c].astype(str) for c in ("t_stage", "n_stage", "m_stage", "stage_group"))
    d = p["diameter_at_diagnosis_mm"]
    np.testing.assert_array_equal(t, np.select([d <= 20, d <= 50], ["T1", "T2"], "T3"))
    positive = p["nodes_positive"]
    assert (positive <= p["nodes_examined"]).all()
    staged = p["nodes_examined"] > 0
    by_count = np.select([positive >= 10, positive >= 4, positive >= 1], ["N3", "N2", "N1"], "N0")
    np.testing.assert_array_equal(n[staged], by_count[staged])
    assert (staged == ((m == "M0") & (p["followup_d"] >= 30.0))).all()
    assert ((group == "IV") == (m == "M1")).all()
    early = (t == "T1") & (n == "N0") & (m == "M0")
    assert ((group == "I") == early).all()
    assert (group[(m == "M0") & n.isin(["N2", "N3"])] == "III").all()


def test_visits_are_kept_on_their_days(tables: dict[str, pd.DataFrame]) -> None:
    v, p = tables["visits"], tables["patients"].set_index("patient")
    assert (v.groupby("patient")["visit"].apply(lambda x: list(x) == list(range(len(x))))).all()
    assert (v.groupby("patient")["day"].apply(lambda x: x.is_monotonic_increasing)).all()
    kind = v["kind"].astype(str)
    assert (v.loc[kind == "diagnosis", "day"] == 0.0).all()
    assert (v[kind == "diagnosis"].groupby("patient").size() == 1).all()
    regular = v.loc[kind == "follow-up", "day"] / 182.625
    np.testing.assert_allclose(regular, regular.round(), atol=1e-3)
    end = p["followup_d"].loc[v["patient"]].to_numpy()
    assert (v["day"] <= end + 0.01).all()
    expected = np.floor((p["followup_d"] + 1e-6) / 182.625).astype(int)
    expected -= ((p["followup_d"] == p["death_d"]) & (p["followup_d"] % 182.625 == 0)).astype(int)
    found = v[kind == "follow-up"].groupby("patient").size().reindex(p.index, fill_value=0)
    np.testing.assert_array_equal(found, expected)
    first = v[kind == "diagnosis"].set_index("patient")
    volume = np.pi / 6.0 * p["diameter_at_diagnosis_mm"] ** 3
    np.testing.assert_allclose(first["primary_mm3"], volume, rtol=1e-5)
    np.testing.assert_allclose(first["ctc_per_ml_arm"], p["ctc_per_ml_at_diagnosis"], rtol=1e-5)


def test_ctc_counts_are_poisson_about_the_tube(tables: dict[str, pd.DataFrame]) -> None:
    v = tables["visits"]
    mean = (v["ctc_per_ml_arm"] * v["tube_ml"] * 0.85).to_numpy(dtype=float)
    z = (v["ctc_count"].to_numpy() - mean) / np.sqrt(np.maximum(mean, 1e-12))
    some = mean > 0.05
    assert some.sum() > 500
    assert abs(z[some].mean()) < 4.0 / np.sqrt(some.sum())
    assert abs(v["ctc_count"].sum() - mean.sum()) < 4.0 * np.sqrt(mean.sum())
    assert abs((z[some] ** 2).mean() - 1.0) < 0.3


def test_summary_agrees_with_the_tables() -> None:
    run = simulate(patient(**SHORT, patients=3000), seed=1, quiet=True)
    p, s = run.table("patients"), run.summary
    assert s["patients"] == 3000
    assert s["stage"] == {g: int((p["stage_group"].astype(str) == g).sum()) for g in ("I", "II", "III", "IV")}
    assert s["metastatic_at_diagnosis"] == pytest.approx((p["m_stage"].astype(str) == "M1").mean())
    assert s["overall_survival"]["2"] == pytest.approx(1.0 - (p["death_d"] <= 730.5).mean())
    m0 = p[p["m_stage"].astype(str) == "M0"]
    event = np.fmin(m0["relapse_d"], m0["death_d"])
    assert s["relapse_free_survival_m0"]["1"] == pytest.approx(1.0 - (event <= 365.25).mean())
    lesions = run.table("lesions")
    liver = lesions[(lesions["site"].astype(str) == "liver") & lesions["detected_d"].notna()]["patient"].nunique()
    assert s["sites"]["liver"] == pytest.approx(liver / 3000)
    ledger = run.table("ledger").groupby("stage", observed=True)["cells"].sum()
    for name, value in s["ledger"].items():
        assert value == pytest.approx(ledger.get(name, 0.0), rel=1e-12), name
    assert s["ledger_balance_error"] < 1e-9


def test_dense_course_agrees_with_visits() -> None:
    """On visit days the course shows what the visits table reports: one advance of state, not two."""
    data: dict[str, Any] = patient(
        {"angiogenesis.progenitor_gain": 8, "systemic.half_burden": "1e3 mm**3", "fate.bottleneck": 17.5},
        primary={"site": "breast"},
        follow_up={"duration": "4 year", "visits": [{"every": "3 month", "until": "4 year"}]},
        patients=60,
    )
    run = simulate(data, seed=3, quiet=True)
    course, visits = run.course(), run.table("visits")
    assert course is not None
    checked = 0
    for row in visits.itertuples():
        near = np.flatnonzero(np.abs(course["time"].values - row.day) < 1e-2)
        if str(row.kind) == "symptom" or not len(near):
            continue
        at = course.isel(patient=int(row.patient), time=int(near[0]))
        if np.isnan(float(at["primary_mm3"])):
            continue
        burden = float(at["burden_mm3"].sum())
        assert float(at["primary_mm3"]) == pytest.approx(row.primary_mm3, rel=1e-4)
        assert burden == pytest.approx(row.metastatic_mm3 + row.nodal_mm3, rel=1e-4, abs=1e-6)
        assert float(at["ctc_per_ml"].sel(compartment="arm")) == pytest.approx(row.ctc_per_ml_arm, rel=1e-3)
        checked += burden > 0.0
    assert checked > 100
