"""Calls of cells: calibration on made cells that were not trained on, folds without overlap, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.ctc.rna import fit_calls, made_model, made_profiles, patient_folds, study_folds
from diaspore.ctc.rna.call import CLASSES, TRAINED_ON, UNASSIGNED, called
from diaspore.ctc.rna.logistic import fit_logistic
from diaspore.ctc.rna.reliability import assess, calibration_error, reliability

pytest.importorskip("anndata")
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def unseen() -> Any:
    """Cells of other patients and studies, in which genes have other levels than in the training set."""
    return made_profiles(1500, patients=9, studies=3, seed=99, world=2)


def test_the_shipped_model_is_calibrated_on_unseen_made_cells(unseen: Any) -> None:
    model = made_model()
    assert set(model.model.classes) == set(CLASSES)
    assert "not calibrated on patients" in TRAINED_ON == model.trained_on
    probabilities = model.probabilities(unseen).to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    truth = unseen.obs["kind"].to_numpy()
    figures = assess(probabilities, model.model.classes, truth)
    assert figures["calibration_error"] < 0.05
    assert figures["accuracy"] > 0.88
    assert figures["log_loss"] < 0.35
    calls = called(probabilities, model.model.classes)
    sure = calls != UNASSIGNED
    assert 0.75 < sure.mean() < 1.0
    assert (calls[sure] == truth[sure]).mean() > 0.95
    white_as_tumour = (truth == "leukocyte") & (calls == "CTC")
    assert white_as_tumour.sum() <= 0.01 * (truth == "leukocyte").sum()


def test_reliability_by_hand() -> None:
    confidence = np.array([0.55, 0.58, 0.91, 0.95, 0.99, 1.0])
    right = np.array([True, False, True, True, True, False])
    table = reliability(confidence, right)
    assert table["cells"].tolist() == [2, 4]
    assert table["predicted"].tolist() == pytest.approx([0.565, 0.9625])
    assert table["observed"].tolist() == [0.5, 0.75]
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.065 + 4 * 0.2125) / 6)


def test_a_logistic_of_two_classes_recovers_its_probabilities() -> None:
    x = RNG.normal(size=(20_000, 1))
    p = 1.0 / (1.0 + np.exp(-(0.5 + 2.0 * x[:, 0])))
    labels = np.where(RNG.random(20_000) < p, "b", "a")
    model = fit_logistic(x, labels)
    np.testing.assert_allclose(model.probabilities(x)[:, 1], p, atol=0.03)
    with pytest.raises(InputError, match="at least two kinds"):
        fit_logistic(x, np.full(len(x), "a"))


def test_folds_have_no_patient_and_no_study_on_both_sides() -> None:
    patients = np.array([f"p{i}" for i in RNG.integers(11, size=400)])
    studies = np.array([f"s{int(name[1:]) % 3}" for name in patients])
    for folds in (patient_folds(patients, 4), study_folds(studies, patients)):
        for fold in folds:
            assert not set(patients[fold.train]) & set(patients[fold.test])
            assert len(fold.train) + len(fold.test) == 400
        tested = np.concatenate([fold.test for fold in folds])
        assert np.array_equal(np.sort(tested), np.arange(400))
    for fold in study_folds(studies):
        assert not set(studies[fold.train]) & set(studies[fold.test])
    assert len(patient_folds(["a", "b"], 5)) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: patient_folds(["a", "a"]), "all cells are of one patient"),
        (lambda: patient_folds(["a", None]), "1 cells have none"),
        (lambda: study_folds(["s", "s"]), "all cells are of one study"),
        (lambda: study_folds(["s", "t"], ["a", "a"]), "patient 'a' is in the studies s, t"),
    ],
)
def test_folds_are_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


def test_fitting_to_labelled_cells_reports_what_was_held_out(unseen: Any) -> None:
    model = fit_calls(unseen, "kind", "patient", "study")
    assert model.held_out is not None
    assert model.held_out["held_out"].tolist() == ["S1", "S2", "S3"]
    assert model.held_out["cells"].sum() == unseen.n_obs
    assert (model.held_out["accuracy"] > 0.8).all()
    assert "9 patients" in model.trained_on
    one = unseen[unseen.obs["patient"] == "P01"].copy()
    with pytest.raises(InputError, match="one patient"):
        fit_calls(one, "kind", "patient")
    with pytest.raises(InputError, match="did you mean 'kind'"):
        fit_calls(unseen, "kinds", "patient")


def test_made_profiles_are_the_same_for_a_seed() -> None:
    a, b, c = made_profiles(20, seed=1), made_profiles(20, seed=1), made_profiles(20, seed=2)
    assert (a.layers["counts"] != b.layers["counts"]).nnz == 0
    assert (a.layers["counts"] != c.layers["counts"]).nnz > 0
    per_patient = a.obs.groupby("patient")["study"].nunique()
    assert (per_patient == 1).all()
    with pytest.raises(InputError, match="cannot be"):
        made_profiles(10, patients=1, studies=2)


def test_log_loss_counts_unknown_labels() -> None:
    figures = assess(np.array([[0.9, 0.1]]), ("a", "b"), np.array(["c"]))
    assert figures["accuracy"] == 0.0
    assert figures["log_loss"] == pytest.approx(-np.log(1e-12))


def test_cells_unlike_the_training_set_are_not_called(unseen: Any) -> None:
    import warnings

    from diaspore.ctc.rna import score_profiles

    some = unseen[:60].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        centred = some.copy()
        centred.X = some.X.toarray() - some.X.toarray().mean(axis=0)
        assert any("no cell is called" in note for note in score_profiles(centred))
        tenfold = some.copy()
        tenfold.X = 10.0 * some.X
        score_profiles(tenfold, scale="log")
        empty = some.copy()
        empty.layers["counts"][0] = 0
        empty.layers["counts"].eliminate_zeros()
        score_profiles(empty, layer="counts")
    assert set(centred.obs["ctc_call"]) == {UNASSIGNED}
    assert (tenfold.obs["ctc_call"] == UNASSIGNED).mean() > 0.9
    assert empty.obs["ctc_call"].iloc[0] == UNASSIGNED
    assert (empty.obs["ctc_call"] != UNASSIGNED).sum() > 30
