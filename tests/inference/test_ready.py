"""Ready cancers: their files are what their fits and tables say, and they run."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

import diaspore
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec
from diaspore.inference.artefact import shipped
from diaspore.inference.ready import cohorts, stage
from diaspore.inference.ready.cancers import READY
from diaspore.inference.ready.parameter_sets import BREAST, BREAST_SETS, set_name
from diaspore.inference.ready.write import files
from diaspore.inference.tropism.soils import READY as WITH_SOILS
from diaspore.knowledge.load import table
from diaspore.knowledge.parameters import load_parameter_set

PACKAGE = Path(str(resources.files("diaspore")))


def test_files_are_what_fits_and_tables_say() -> None:
    wrong = [name for name, text in files().items() if (PACKAGE / name).read_text("utf-8") != text]
    assert wrong == [], "python -m diaspore.inference.ready.write"


def test_every_cancer_with_soils_has_a_cohort() -> None:
    assert {cancer.tropism for cancer in READY.values()} | {"breast"} == set(WITH_SOILS)
    assert set(cohorts.names()) <= set(shipped_models())


@pytest.mark.parametrize("name", list(BREAST_SETS))
def test_breast_sets_hold_the_optimum(name: str) -> None:
    found = load_parameter_set(name)
    unit = shipped(BREAST).header["units"][BREAST_SETS[name]]
    assert float(str(found["fate.bottleneck"].value)) == pytest.approx(unit["optimum"]["bottleneck"], rel=1e-4)
    spread = float(str(found["shedding.lymphatic"].spread))
    assert spread == pytest.approx(unit["optimum"]["lymph_spread"], rel=1e-4)
    assert found["shedding.lymphatic"].value == load_parameter_set("breast-2026.1")["shedding.lymphatic"].value
    assert found.free_parameters == len(unit["optimum"])
    assert found.base == "breast-2026.1"


@pytest.mark.parametrize("name", list(READY))
def test_a_set_says_what_is_fitted(name: str) -> None:
    cancer = READY[name]
    found = load_parameter_set(set_name(cancer))
    assert found["fate.bottleneck"].grade == ("fitted here" if cancer.seer else "assumed")
    assert found["dormancy.exit_rate"] == load_parameter_set("breast-2026.1")["dormancy.exit_rate"]
    assert any("assumed" in line for line in found.does_not_claim)


@pytest.mark.parametrize("name", cohorts.names())
def test_a_cohort_runs(name: str, tmp_path: Path) -> None:
    spec = load_spec(shipped_models()[name]).model_copy(update={"patients": 60})
    run = diaspore.simulate(spec, seed=1, out=tmp_path / "r", quiet=True)
    patients = run.table("patients")
    assert len(patients) == 60
    groups = {group.name for group in spec.groups}  # type: ignore[attr-defined]
    assert ("group" in patients) == bool(groups)
    if groups:
        assert set(patients["group"].astype(str)) <= groups


def test_sizes_are_those_of_the_registry() -> None:
    spec = load_spec(shipped_models()["kidney-cohort"])
    law = spec.covariates.diameter  # type: ignore[attr-defined]
    rows = [r for r in table("seer_size_metastasis") if r["cancer"] == "kidney" and float(r["size_cm"]) >= 0.5]
    assert list(law.shares) == [r.number("n") for r in rows]
    assert law.edges[0] == pytest.approx(7.5)  # half a bin below 1 cm
    assert law.edges[-1] == pytest.approx(102.5)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(READY))
def test_metastases_at_diagnosis_are_as_wanted(name: str) -> None:
    """Fitted cancers: the registry's share over its sizes; the others: the share that the bottleneck was set to."""
    cancer = READY[name]
    if cancer.seer:
        rows = [r for r in table("seer_size_metastasis") if r["cancer"] == cancer.seer and float(r["size_cm"]) >= 1.0]
        wanted = sum(r.number("metastatic") for r in rows) / sum(r.number("n") for r in rows)
    else:
        wanted = cancer.number("metastatic_at_diagnosis", "dimensionless")
    assert stage.found_at_diagnosis(f"{name}-cohort", 3000) == pytest.approx(wanted, abs=0.02 + 0.1 * wanted)
