"""Models that know nothing of biology, fitted to a table of patients and cross-validated: what a prediction is up to.

Cox regression comes from lifelines (extra ``trials``), the random survival forest from scikit-survival (extra
``nulls``, GPL: never imported unless it is installed and asked for).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from diaspore.cohort.survival import kaplan_meier
from diaspore.inference.assess import Pairs, brier

REPEATS, FOLDS, SEED = 10, 5, 20_261
TREES, LEAF = 200, 15

Fitted = tuple[np.ndarray, np.ndarray]
"""Of the patients left out: order of risk (higher: sooner), and probability of the event by the time asked for."""
Model = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float], Fitted]
"""Called with covariates, follow-up and event of those fitted, covariates of those left out, and the time."""


@dataclass(frozen=True)
class Scores:
    """Scores on the folds left out: ``c`` and ``brier``, (repeats * folds,) each."""

    c: np.ndarray
    brier: np.ndarray


def folds(n: int, repeats: int = REPEATS, number: int = FOLDS, seed: int = SEED) -> Iterator[np.ndarray]:
    """Masks (n,) of the patients left out, ``repeats`` times ``number`` of them; the same for the same seed."""
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        place = rng.permutation(n) % number
        for k in range(number):
            yield place == k


def scores(
    time: np.ndarray, event: np.ndarray, at: float, left_out: Sequence[np.ndarray], order: np.ndarray, risk: np.ndarray
) -> Scores:
    """Scores of a prediction that was not fitted (order of risk and probability by ``at``, (n,)) on the same folds."""
    return Scores(
        np.array([Pairs.of(time[m], event[m]).concordance(order[m]) for m in left_out]),
        np.array([brier(time[m], event[m], risk[m], at) for m in left_out]),
    )


def cross_validated(
    time: np.ndarray, event: np.ndarray, covariates: np.ndarray, at: float, left_out: Sequence[np.ndarray], model: Model
) -> Scores:
    """Scores of a model fitted to the others of each fold; covariates are (n, columns)."""
    c, error = [], []
    for m in left_out:
        order, risk = model(covariates[~m], time[~m], event[~m], covariates[m], at)
        c.append(Pairs.of(time[m], event[m]).concordance(order))
        error.append(brier(time[m], event[m], risk, at))
    return Scores(np.array(c), np.array(error))


def constant(x: np.ndarray, time: np.ndarray, event: np.ndarray, others: np.ndarray, at: float) -> Fitted:
    """Kaplan-Meier of everybody."""
    free = float(kaplan_meier(time, event, at=[at]).survival[0])
    return np.zeros(len(others)), np.full(len(others), 1.0 - free)


def cox(x: np.ndarray, time: np.ndarray, event: np.ndarray, others: np.ndarray, at: float) -> Fitted:
    """Cox regression, linear in the covariates."""
    import pandas as pd
    from lifelines import CoxPHFitter

    names = [f"x{i}" for i in range(x.shape[1])]
    table = pd.DataFrame(x, columns=names).assign(time=time, event=event)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = CoxPHFitter().fit(table, "time", "event")
        new = pd.DataFrame(others, columns=names)
        order = fit.predict_log_partial_hazard(new).to_numpy()
        free = fit.predict_survival_function(new, times=[at]).to_numpy()[0]
    return order, 1.0 - free


def has_forest() -> bool:
    """Whether scikit-survival is installed."""
    return find_spec("sksurv") is not None


def forest(x: np.ndarray, time: np.ndarray, event: np.ndarray, others: np.ndarray, at: float) -> Fitted:
    """Random survival forest of `TREES` trees with leaves of `LEAF` patients at least."""
    from sksurv.ensemble import RandomSurvivalForest

    y = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit: Any = RandomSurvivalForest(n_estimators=TREES, min_samples_leaf=LEAF, random_state=SEED, n_jobs=2)
        fit.fit(x, y)
        curves = fit.predict_survival_function(others, return_array=True)
    known = np.searchsorted(fit.unique_times_, at, side="right")
    free = curves[:, known - 1] if known > 0 else np.ones(len(others))
    return np.asarray(fit.predict(others)), 1.0 - free
