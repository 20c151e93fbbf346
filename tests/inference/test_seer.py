"""The fit to sizes: what ships is what its own numbers say, and the bank is what the engine does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.inference.artefact import shipped
from diaspore.inference.bank import BankPlan, build
from diaspore.inference.data import size_bins
from diaspore.inference.fits import fit_names, load_fit, run_fit
from diaspore.inference.fits.seer import CANCERS, FREE, Curve, curve_of, deviances, patient_fields

NAME = "seer-2026.1"


def test_the_shipped_artefact_agrees_with_itself() -> None:
    result = shipped(NAME)
    assert result.name == NAME
    assert not result.header["quick"]
    assert set(result.header["units"]) == set(CANCERS) == set(result.draws["unit"])
    for cancer, unit in result.header["units"].items():
        data = size_bins(cancer)
        theta = np.array([[unit["optimum"][key] for key in FREE]])
        found = deviances(data, curve_of(result.header, cancer, data.size_mm)(theta)[0])
        for which, value in unit["deviance"].items():
            assert found["deviance"][which] == pytest.approx(value, rel=1e-6)
        draws = result.draws.loc[result.draws["unit"] == cancer, list(FREE)].to_numpy()
        assert len(draws) >= 1000
        for i, key in enumerate(FREE):
            low, middle, high = unit["interval_95"][key]
            np.testing.assert_allclose(np.quantile(draws[:, i], [0.025, 0.5, 0.975]), [low, middle, high])
            assert low < unit["optimum"][key] < high
        assert np.all(np.array(unit["autocorrelation_steps"]) < 100.0)


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    assert "seer" in fit_names()
    with pytest.raises(InputError, match="seer"):
        load_fit("sere")
    with pytest.raises(InputError, match=NAME):
        shipped("seer-2026.2")
    (tmp_path / "work").mkdir()
    with pytest.raises(InputError, match="--resume"):
        run_fit("seer", 1, tmp_path)


@pytest.mark.slow
def test_a_bank_gives_what_the_engine_gives_when_it_draws_the_bottleneck(tmp_path: Path) -> None:
    """Fixed bottlenecks weighed by a distribution, against engine patients whose b is drawn from it."""
    from diaspore.body.batch import run
    from diaspore.body.compile import compile_patient
    from diaspore.core.spec import spec_from_dict

    fields = patient_fields("breast")
    nodes = tuple(float(b) for b in np.arange(8.0, 28.1, 2.0))
    bank = build(BankPlan("breast", fields, (30.0, 40.0, 50.0), nodes, 3000, 5), tmp_path)
    number = 12_000
    for mean, sd, law in ((20.0, 3.0, "normal"), (24.0, 5.0, "normal"), (24.0, 5.0, "contaminated")):
        change = {
            **fields["change"], "fate.bottleneck": mean, "fate.bottleneck_sd": sd, "fate.bottleneck_law": law
        }  # fmt: skip
        primary = {"site": "breast", "diameter_at_diagnosis": "40 mm"}
        head = {"schema_version": 1, "kind": "patient", "name": "drawn", "patients": number}
        spec = spec_from_dict({**head, **fields, "primary": primary, "change": change})
        patients = run(compile_patient(spec, 6), 0, number).patients  # type: ignore[arg-type]
        drawn = float(np.mean(patients["stage_m"] == 1))
        p = float(Curve(bank, np.array([40.0]), law)(np.array([[mean, sd]]))[0, 0])
        # four standard errors of both, the bank's taken as that of its patients at one node
        error = np.sqrt(p * (1.0 - p) * (1.0 / number + 1.0 / 3000.0))
        assert drawn == pytest.approx(p, abs=4.0 * error)
