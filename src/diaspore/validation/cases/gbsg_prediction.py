"""Recurrence or death in GBSG-2, predicted by simulated patients who were not fitted to it."""

from __future__ import annotations

import numpy as np

from diaspore.cohort.survival import kaplan_meier
from diaspore.inference.assess import calibration, concordance_interval
from diaspore.inference.population import FIT
from diaspore.inference.treatment import strengths
from diaspore.validation import gbsg, nulls
from diaspore.validation.registry import Result

NO_RECORDS = "the records come with lifelines: pip install 'diaspore[trials]'"
NO_FOREST = "scikit-survival is not installed: pip install 'diaspore[nulls]'"


def run() -> Result:
    """Predict, then compare; the strengths of treatments are checked even where the records are missing."""
    from diaspore.knowledge.parameters import load_parameter_set
    from diaspore.validation.registry import load_cases

    result = Result()
    known = load_parameter_set(gbsg.model_set())
    other = strengths()["parameter_set_sha256"] != known.hash or strengths()["fit"] != FIT
    text = f"found with {strengths()['parameter_set']}, predicted with {known.name}"
    result.add("strengths_of_another_set", len(strengths()["strengths"]) if other else 0, reason=text if other else "")
    if not gbsg.available():
        for check in load_cases()["gbsg_prediction"].checks:
            if check.name not in result.rows:
                result.skip(check.name, NO_RECORDS)
        return result
    predicted = gbsg.predictions()
    trial = gbsg.load()
    _curve(result, trial, predicted["plain"])
    _receptor(result, trial, predicted)
    _beside_nulls(result, trial, predicted)
    return result


def _curve(result: Result, trial: gbsg.Trial, predicted: gbsg.Prediction) -> None:
    for year in (1, 2, 3, 5):
        curve = kaplan_meier(trial.time, trial.event, at=[year])
        text = f"95 % interval {curve.lower[0]:.3f} to {curve.upper[0]:.3f}"
        free = float(np.mean(1.0 - predicted.by(year)))
        result.add(f"event_free_{year}y", free, expected=float(curve.survival[0]), reason=text)
    found = calibration(trial.time, trial.event, predicted.by(5), gbsg.AT)
    for name, value in (("intercept_5y", found.intercept), ("slope_5y", found.slope)):
        result.add(name, value.value, reason=f"95 % interval {value.lower:.2f} to {value.upper:.2f}")


def _receptor(result: Result, trial: gbsg.Trial, predicted: dict[str, gbsg.Prediction]) -> None:
    plain = concordance_interval(trial.time, trial.event, predicted["plain"].by(5))
    own = concordance_interval(trial.time, trial.event, predicted["receptor"].by(5))
    result.add("c_index_lower", plain.lower)
    text = f"{own.value:.3f} ({own.lower:.3f} to {own.upper:.3f}) beside {plain.value:.3f}"
    result.add("receptor_c_index_lower", own.lower, reason=text)
    result.add("receptor_c_above_plain", own.value - plain.value, reason=text)
    free = float(np.mean(1.0 - predicted["receptor"].by(5)))
    observed = float(kaplan_meier(trial.time, trial.event, at=[5.0]).survival[0])
    result.add("receptor_event_free_5y", free, expected=observed)
    found = calibration(trial.time, trial.event, predicted["receptor"].by(5), gbsg.AT)
    for name, value in (("receptor_intercept_5y", found.intercept), ("receptor_slope_5y", found.slope)):
        result.add(name, value.value, reason=f"95 % interval {value.lower:.2f} to {value.upper:.2f}")


def _beside_nulls(result: Result, trial: gbsg.Trial, predictions: dict[str, gbsg.Prediction]) -> None:
    left_out = list(nulls.folds(len(trial.time)))
    predicted, alone = predictions["plain"], predictions["size and nodes"].by(5)
    own = nulls.scores(trial.time, trial.event, gbsg.AT, left_out, predicted.by(5), predicted.by(5))
    bare = nulls.scores(trial.time, trial.event, gbsg.AT, left_out, alone, alone)
    models = {"cox": nulls.cox, "forest": nulls.forest} if nulls.has_forest() else {"cox": nulls.cox}
    beside: dict[str, float] = {"constant": 0.5}
    for name, model in models.items():
        for which, covariates in (("same", trial.same), ("used", trial.used), ("all", trial.all)):
            other = nulls.cross_validated(trial.time, trial.event, covariates, gbsg.AT, left_out, model)
            beside[f"{name}_{which}"] = float(other.c.mean())
            text = f"{own.c.mean():.3f} against {other.c.mean():.3f}; Brier "
            text += f"{own.brier.mean():.4f}, {other.brier.mean():.4f}"
            result.add(f"c_above_{name}_{which}", float((own.c - other.c).mean()), reason=text)
            if which == "same":
                text = f"{bare.c.mean():.3f} against {other.c.mean():.3f}"
                result.add(f"size_nodes_c_above_{name}_same", float((bare.c - other.c).mean()), reason=text)
    if not nulls.has_forest():
        for check in (
            "c_above_forest_same",
            "c_above_forest_used",
            "c_above_forest_all",
            "size_nodes_c_above_forest_same",
        ):
            result.skip(check, NO_FOREST)
    flat = nulls.cross_validated(trial.time, trial.event, trial.same, gbsg.AT, left_out, nulls.constant)
    text = f"{own.brier.mean():.4f} against {flat.brier.mean():.4f}"
    result.add("brier_above_constant", float((own.brier - flat.brier).mean()), reason=text)
    whole = concordance_interval(trial.time, trial.event, predicted.by(5))
    text = f"95 % interval {whole.lower:.3f} to {whole.upper:.3f}; nulls are means over test folds"
    result.add("c_index", whole.value, null=beside, reason=text)
