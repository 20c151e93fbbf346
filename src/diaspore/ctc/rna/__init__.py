"""Single-cell profiles of circulating tumour cells: scores, evidence, calls, splits by patient, loaders."""

from diaspore.ctc.rna.annotated import ProfileWarning
from diaspore.ctc.rna.call import CallModel, fit_calls, made_model
from diaspore.ctc.rna.emt import gs76_scores, ks_scores
from diaspore.ctc.rna.load import datasets, load_profiles
from diaspore.ctc.rna.made import made_profiles
from diaspore.ctc.rna.score import score_profiles
from diaspore.ctc.rna.splits import patient_folds, study_folds

__all__ = [
    "CallModel",
    "ProfileWarning",
    "datasets",
    "fit_calls",
    "gs76_scores",
    "ks_scores",
    "load_profiles",
    "made_model",
    "made_profiles",
    "patient_folds",
    "score_profiles",
    "study_folds",
]
