"""Recurrence-time law of a branching process of metastases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diaspore.validation.models.recurrence import (
    RecurrenceModel,
    passage_exact,
    passage_gumbel,
    simulate,
    survival,
)
from diaspore.validation.registry import Result

MODEL = RecurrenceModel(0.30, 0.24, 0.03, 2e11, 1e-12, 100)
AGES = np.linspace(0.0, 500.0, 2501)
TIMES = np.linspace(-150.0, 350.0, 501)


def _distance(model: RecurrenceModel, tau: np.ndarray, passage: np.ndarray) -> float:
    law = survival(model, TIMES, AGES, passage)
    found = 1.0 - np.searchsorted(np.sort(tau), TIMES, side="right") / tau.size
    return float(np.max(np.abs(found - law)))


def run() -> Result:
    """Simulate and compare with the exact and the large-M law."""
    result = Result()
    exact = passage_exact(MODEL, AGES)
    for seed, nu in enumerate((1e-11, 1e-12, 1e-13)):
        model = replace(MODEL, initiation=nu)
        tau = simulate(model, 20_000, seed=7423 + seed)
        result.add(f"ks_exact_nu_{nu:.0e}", _distance(model, tau, exact))
        if nu == 1e-13:
            never = int(np.isinf(tau).sum())
            result.add_counts("never_recurs_nu_1e-13", never, tau.size, expected=model.never)
    large = replace(MODEL, detectable=1000)
    exact_large, gumbel = passage_exact(large, AGES), passage_gumbel(large, AGES)
    result.add("gumbel_large_M", float(np.max(np.abs(exact_large - gumbel))))
    tau = simulate(large, 10_000, seed=20_19)
    result.add("ks_gumbel_nu_1e-12", _distance(large, tau, gumbel))
    sweep = 0.0
    for nu in (1e-10, 1e-11, 1e-12, 1e-13, 1e-14):
        model = replace(large, initiation=nu)
        difference = survival(model, TIMES, AGES, exact_large) - survival(model, TIMES, AGES, gumbel)
        sweep = max(sweep, float(np.max(np.abs(difference))))
    result.add("colorectal_sweep_1e-10_to_1e-14", sweep)
    return result
