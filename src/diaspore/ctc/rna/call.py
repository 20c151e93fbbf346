"""Calls of cells with probabilities: tumour cell, leukocyte, tumour cell with platelets, doublet, other, unassigned.

The model that ships was fitted to made profiles (`diaspore.ctc.rna.made`), and its calibration was checked on others of
them: it shows that the method works, not how well it does on patients. `fit_calls` fits one to labelled data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.rna.evidence import KINDS, Evidence, evidence
from diaspore.ctc.rna.logistic import Logistic, fit_logistic
from diaspore.ctc.rna.reliability import assess
from diaspore.ctc.rna.splits import Fold, patient_folds, study_folds
from diaspore.ctc.rna.values import Expression, expression
from diaspore.knowledge.profiles import signature

CLASSES = ("CTC", "platelet-coated CTC", "CTC-leukocyte doublet", "leukocyte", "other")
"""What the shipped model tells apart; other: endothelium, red cells, platelets alone, debris."""
UNASSIGNED = "unassigned"
LEAST_PROBABILITY = 0.8
"""Below this highest probability a cell is unassigned."""
TRAINED_ON = "made profiles: not calibrated on patients"
_MADE_CELLS, _MADE_SEED = 3000, 20_261


@dataclass(frozen=True)
class CallModel:
    """A classifier of cells with what it was trained on.

    Attributes:
        model: the regression on `features`.
        trained_on: in words; goes with every result.
        held_out: figures by fold (see `diaspore.ctc.rna.reliability.assess`), None when nothing was held out.
    """

    model: Logistic
    trained_on: str
    held_out: pd.DataFrame | None = None

    def probabilities(self, data: Any, **how: Any) -> pd.DataFrame:
        """Probability of each class for each cell of an AnnData; `how` as in `expression`."""
        found = self.model.probabilities(features(expression(data, **how)))
        return pd.DataFrame(found, index=data.obs_names, columns=list(self.model.classes))


def features(data: Expression, known: Evidence | None = None) -> np.ndarray:
    """(cells, 7) evidence of five kinds, and mean log1p CPM of the epithelial and mesenchymal genes of KS_cellline."""
    known = evidence(data) if known is None else known
    lists = signature("KS_cellline")
    means = [
        data.log(data.find(genes, f"KS_cellline ({kind})").columns).mean(axis=1)
        for kind, genes in (("epithelial", lists.epithelial), ("mesenchymal", lists.mesenchymal))
    ]
    return np.column_stack([*(known.scores[kind] for kind in KINDS), *means])


def called(probabilities: np.ndarray, classes: Sequence[str], least: float = LEAST_PROBABILITY) -> np.ndarray:
    """(cells,) the most probable class, or unassigned where no class reaches `least`."""
    best = probabilities.argmax(axis=1)
    names = np.array(classes, dtype=object)[best]
    names[probabilities.max(axis=1) < least] = UNASSIGNED
    return names


@cache
def made_model() -> CallModel:
    """The shipped model, fitted to made profiles of three studies (some tenths of a second, once per process)."""
    from diaspore.ctc.rna.made import made_profiles

    data = made_profiles(_MADE_CELLS, patients=12, studies=4, seed=_MADE_SEED)
    x = features(expression(data))
    return CallModel(fit_logistic(x, data.obs["kind"].to_numpy()), TRAINED_ON)


def fit_calls(
    data: Any, labels: str, patient: str, study: str | None = None, *, folds: int = 5, seed: int = 1, **how: Any
) -> CallModel:
    """Fit the classifier to labelled cells; figures are of whole patients, or studies, that were held out.

    Args:
        data: AnnData. labels, patient, study: columns of ``data.obs``; with ``study`` whole studies are held out,
            without it whole patients in ``folds`` groups. seed: of their order. how: as in `expression`.

    Raises:
        InputError: no such column, a cell without label, one patient or study only, or one class only in a fold.
    """
    known = [str(name) for name in data.obs.columns]
    for field, column in (("labels", labels), ("patient", patient), ("study", study)):
        if column is not None and column not in known:
            problem = f"obs has no column {column!r}"
            raise InputError(problem, field=field, allowed=known, nearest=nearest_name(column, known))
    given = data.obs[labels]
    if given.isna().any():
        problem = f"{int(given.isna().sum())} cells have no label"
        raise InputError(problem, field=labels, allowed="a label for every cell")
    truth = given.astype(str).to_numpy()
    people = data.obs[patient].to_numpy()
    parts: list[Fold] = patient_folds(people, folds, seed) if study is None else study_folds(data.obs[study], people)
    x = features(expression(data, **how))
    rows = []
    for fold in parts:
        model = fit_logistic(x[fold.train], truth[fold.train])
        rows.append(
            {"held_out": fold.name, **assess(model.probabilities(x[fold.test]), model.classes, truth[fold.test])}
        )
    what = f"{len(truth)} labelled cells of {len(set(people))} patients"
    return CallModel(fit_logistic(x, truth), what, pd.DataFrame(rows))
