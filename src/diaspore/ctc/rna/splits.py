"""Folds for classifiers of cells in which no patient, and no study, stands on both sides.

Cells of one patient, and of one laboratory, resemble each other: a split by cells lets a classifier learn the patient
or the batch, and its figures then say nothing about the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError


@dataclass(frozen=True)
class Fold:
    """Cells to train with and cells to test with.

    Attributes:
        name: of what is held out.
        train, test: indices of cells.
    """

    name: str
    train: np.ndarray
    test: np.ndarray


def patient_folds(patients: Sequence[object], folds: int = 5, seed: int = 1) -> list[Fold]:
    """Folds with whole patients held out; each patient is tested once.

    Args:
        patients: (cells,) patient of each cell. folds: at most as many as patients. seed: of their order.

    Raises:
        InputError: one patient only, or a cell without one.
    """
    names = _names(patients, "patient")
    unique = np.unique(names)
    if len(unique) < 2:
        raise InputError(
            f"all cells are of one patient ({unique[0]}): what is learned of one cannot be tested on another",
            field="patient", allowed="at least two patients",
        )  # fmt: skip
    order = np.random.default_rng(seed).permutation(unique)
    groups = np.array_split(order, min(folds, len(unique)))
    return [_fold(", ".join(map(str, sorted(group))), np.isin(names, group)) for group in groups]


def study_folds(studies: Sequence[object], patients: Sequence[object] | None = None) -> list[Fold]:
    """Folds with one whole study held out each.

    Args:
        studies: (cells,) study of each cell. patients: (cells,), checked to be in one study each.

    Raises:
        InputError: one study only, a cell without one, or a patient in two studies.
    """
    names = _names(studies, "study")
    unique = np.unique(names)
    if len(unique) < 2:
        raise InputError(
            f"all cells are of one study ({unique[0]}): a study cannot be held out",
            field="study", allowed="at least two studies, or folds by patient",
        )  # fmt: skip
    if patients is not None:
        people = _names(patients, "patient")
        for person in np.unique(people):
            inside = np.unique(names[people == person])
            if len(inside) > 1:
                raise InputError(
                    f"patient {str(person)!r} is in the studies {', '.join(inside)}",
                    field="patient", allowed="names of patients that differ between studies",
                )  # fmt: skip
    return [_fold(str(study), names == study) for study in unique]


def _fold(name: str, held: np.ndarray) -> Fold:
    return Fold(name, np.flatnonzero(~held), np.flatnonzero(held))


def _names(values: Sequence[object], field: str) -> np.ndarray:
    names = np.array(["" if value is None or value != value else str(value) for value in values], dtype=object)
    empty = int((names == "").sum())
    if empty:
        raise InputError(f"{empty} cells have none", field=field, allowed="a name for every cell")
    return names.astype(str)
