"""Population models: half-lives of the typical patient, spreads, covariates, and draws that depend on nothing else."""

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.knowledge.load import table
from diaspore.therapy.population import FACTOR, POWER, UNITS, population_model, population_models

PATIENTS = np.arange(20_000, dtype=np.uint64)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("antibody", 23.2),
        ("bevacizumab", 19.1),
        ("trastuzumab", 28.5),
        ("pembrolizumab", 25.8),
        ("cabozantinib", 109 / 24),
    ],
)
def test_half_life_of_the_typical_patient(name: str, days: float) -> None:
    one = population_model(name).patients(1, PATIENTS[:1], spread=False)
    assert one.half_life[0] == pytest.approx(days, rel=0.01)
    assert one.clearance[0] == pytest.approx(population_model(name).typical["clearance"], rel=1e-12)


def test_rows_are_quantities_spreads_or_effects_of_known_ones() -> None:
    for row in table("pk_models"):
        if row["quantity"] in ("spread", "effect"):
            assert row["of"] in UNITS, row.key
            assert row["quantity"] == "spread" or row["form"] in (POWER, FACTOR), row.key
        else:
            assert row["quantity"] in UNITS, row.key
            assert not row["of"]
            row.to(UNITS[row["quantity"]])
    for name, one in population_models().items():
        assert {"clearance", "volume"} <= set(one.typical), name
        assert set(one.spread) <= set(one.typical), name


def test_spread_among_patients_is_that_of_the_model() -> None:
    model = population_model("bevacizumab")
    logs = np.log(model.patients(3, PATIENTS).clearance / model.typical["clearance"])
    assert logs.mean() == pytest.approx(0.0, abs=4 * 0.286 / np.sqrt(len(PATIENTS)))
    assert logs.std() == pytest.approx(model.spread["clearance"], rel=0.03)


def test_draws_depend_on_the_patient_not_on_the_others() -> None:
    model = population_model("trastuzumab")
    whole, some = model.patients(5, PATIENTS[:100]), model.patients(5, PATIENTS[40:60])
    assert np.array_equal(whole.rates[40:60], some.rates)
    assert not np.array_equal(some.rates, model.patients(6, PATIENTS[40:60]).rates)
    other = population_model("pembrolizumab")  # drugs of one patient are independent
    a = np.log(model.patients(5, PATIENTS).clearance)
    b = np.log(other.patients(5, PATIENTS).clearance)
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(PATIENTS))


def test_covariates() -> None:
    model = population_model("trastuzumab")
    sites = np.array([False, True])
    found = model.patients(1, PATIENTS[:2], {"four_metastatic_sites": sites}, spread=False)
    assert found.clearance[1] / found.clearance[0] == pytest.approx(1.221)
    model = population_model("antibody")
    found = model.patients(1, PATIENTS[:2], {"weight": np.array([70.0, 140.0])}, spread=False)
    assert found.clearance[1] / found.clearance[0] == pytest.approx(2**0.865)


def test_mistakes() -> None:
    with pytest.raises(InputError, match="trastuzumab"):
        population_model("trastuzumap")
    model = population_model("antibody")
    with pytest.raises(InputError, match="weight"):
        model.patients(1, PATIENTS[:1], {"wieght": np.array([70.0])})
    with pytest.raises(InputError, match="above 0"):
        model.patients(1, PATIENTS[:1], {"weight": np.array([0.0])})
    with pytest.raises(InputError, match="2 values for 1"):
        model.patients(1, PATIENTS[:1], {"weight": np.array([70.0, 60.0])})
