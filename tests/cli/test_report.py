from __future__ import annotations

from pathlib import Path

import pytest

from diaspore.cli import patient, report
from diaspore.core.runstore import Run
from diaspore.core.simulate import simulate
from diaspore.core.spec import KINDS
from tests import dummy_kind

SURGERY = {"primary": {"at": "30 day"}, "nodes": {"at": "30 day"}}


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Run:
    spec = {"schema_version": 1, "kind": "patient", "name": "x", "patients": 400, "surgery": SURGERY}
    return simulate(spec, seed=2, out=tmp_path_factory.mktemp("report") / "run", quiet=True)


def test_every_patient_has_a_course(population: Run) -> None:
    patients = population.table("patients").set_index("patient")
    for number in patients.index[:150]:
        rows = patient.patient_course(population, int(number))
        text = " | ".join(what for _, _, what in rows)
        row = patients.loc[number]
        assert "first cell of the tumour" in rows[0][2]
        assert rows[0][0].endswith(" before")
        assert [when for when, _, _ in rows].count("diagnosis") >= 1
        ages = [int(age) for _, age, _ in rows]
        assert ages == sorted(ages)
        assert ("death from the cancer" in rows[-1][2]) == (row["death_cause"] == "cancer")
        assert ("alive" in rows[-1][2]) == (row["death_cause"] == "alive")
        assert ("relapse" in text) == (row["relapse_kind"] != "none")
        assert "nan" not in text
        assert "_" not in text
        assert patient.patient_title(population, int(number)).startswith(f"Patient {number}: a ")


def test_the_telling_patient_has_the_most_sites(population: Run) -> None:
    patients = population.table("patients").set_index("patient")
    number = patient.telling_patient(population)
    assert patients.loc[number, "sites_with_metastasis"] == patients["sites_with_metastasis"].max()


def test_figures_of_a_population(population: Run) -> None:
    rows = dict(report.population_rows(population))
    assert rows["patients"] == "400"
    assert rows["stage I, II, III, IV"].count("%") == 4
    assert "nan" not in " ".join(rows.values())


@pytest.mark.parametrize(
    ("day", "text"),
    [(0.0, "diagnosis"), (-0.4, "0 days before"), (30.0, "30 days after"), (-365.25, "1.0 years before")],
)
def test_days_in_words(day: float, text: str) -> None:
    assert patient._when(day) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, "–"), (0.0, "0 %"), (0.0012, "0.12 %"), (0.05, "5 %"), (0.0999, "10 %"), (1.0, "100 %")]
)
def test_shares_in_words(share: float | None, text: str) -> None:
    assert report._percent(share) == text


def test_runs_of_other_kinds_are_left_to_their_summary(tmp_path: Path, population: Run) -> None:
    dummy_kind.register()
    other = simulate({"schema_version": 1, "kind": "dummy", "name": "x"}, out=tmp_path / "run")
    KINDS.pop("dummy")
    assert report.is_population(population)
    assert not report.is_population(other)
