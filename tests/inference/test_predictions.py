"""Predictions of trials of drugs: designs that can be run, strengths that are the same for all, and what is stored."""

from __future__ import annotations

import math

import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.cohort.trial_spec import ENDPOINTS
from diaspore.core.errors import InputError
from diaspore.core.spec import spec_from_dict
from diaspore.inference.strengths import predictions
from diaspore.inference.strengths.frozen import frozen_checksum
from diaspore.knowledge.drugs import drug
from diaspore.knowledge.load import fact

TRIALS = predictions.trials()


def test_there_are_trials_of_many_drugs_that_failed() -> None:
    """By the status of the drug; of approved ones too some did nothing in the setting of their trial."""
    words = ("failed", "harm", "stop")
    failed = {one.drug for one in TRIALS if any(word in drug(one.drug).text("status") for word in words)}
    assert len(TRIALS) >= 25
    assert len(failed) >= 12
    assert len({one.key for one in TRIALS}) == len(TRIALS)


@pytest.mark.parametrize("one", TRIALS, ids=lambda one: one.key)
def test_every_trial_can_be_described(one: predictions.Trial) -> None:
    assert one.endpoint in ENDPOINTS
    for data in predictions.described(one, 10):
        spec = spec_from_dict(data)
        (course,) = {arm.treatment[0].course for arm in spec.arms[1:]}
        assert course.drug == one.drug
        assert course.begins == one.begins
        assert {effect.lever for effect in spec.arms[1].treatment[0].what()} == set(drug(one.drug).levers)


def test_a_lever_is_moved_equally_far_by_all_drugs() -> None:
    for which in predictions.ARMS[1:]:
        moved: dict[tuple[str, int], set[float]] = {}
        for one in TRIALS:
            signs = drug(one.drug).levers
            for effect in predictions.effects_of_drug(one.drug, which):
                value = effect.get("factor", effect.get("rate"))
                moved.setdefault((effect["lever"], signs[effect["lever"]]), set()).add(value)
        assert all(len(values) == 1 for values in moved.values())


def test_ends_of_the_ranges() -> None:
    row = fact("lever_strengths.protease_activity")
    found = {which: predictions.effects_of_drug("prinomastat", which)[0]["factor"] for which in predictions.ARMS[1:]}
    assert found == {"central": row.value, "weak": row.high, "strong": row.low}
    raised = fact("lever_strengths.immune_kill")
    found = {which: predictions.effects_of_drug("pembrolizumab", which)[0]["factor"] for which in predictions.ARMS[1:]}
    assert found == {"central": raised.value, "weak": raised.low, "strong": raised.high}


def test_what_is_stored() -> None:
    found = predictions.stored()
    assert found["strengths_sha256"] == frozen_checksum()
    assert [row["trial"] for row in found["trials"]] == [one.key for one in TRIALS]
    for row in found["trials"]:
        assert row["low"] <= row["central"] <= row["high"]
        assert row["null_low"] < 1.0 < row["null_high"]
        assert row["null_low"] * row["null_high"] == pytest.approx(1.0, abs=0.01)
        assert abs(math.log(row["weak"])) <= abs(math.log(row["strong"])) + 0.01, row["trial"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["e2196", "marimastat_pancreas"])
def test_a_stored_prediction_is_found_again(name: str) -> None:
    stored = predictions.stored()
    (row,) = (one for one in stored["trials"] if one["trial"] == name)
    assert predictions.predicted(predictions.trial(name), stored["patients"], stored["seed"]) == row


def test_few_patients_end_to_end() -> None:
    row = predictions.predicted(predictions.trial("create_x"), 200, 1, 1)
    assert row["central"] < 1.0
    assert row["counted"] > 100


def test_the_command() -> None:
    run = CliRunner().invoke(app, ["trials", "predict", "--stored", "--trial", "E2196", "--json"])
    assert run.exit_code == 0
    assert '"e2196"' in run.stdout
    run = CliRunner().invoke(app, ["trials"])
    assert "AZURE" in run.stdout
    with pytest.raises(InputError, match="no trial is called"):
        predictions.trial("azur")
