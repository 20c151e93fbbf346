"""Every primary predicted from the others: choice of interactions and fit see the others only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.inference.hamiltonian import HamiltonianPlan
from diaspore.inference.tropism.model import Fit, errors_pp, fit_table, fit_tables, flow_only, other_primaries
from diaspore.inference.tropism.posterior import LEVELS, covered, interval_ends, left_out_counts, sample
from diaspore.inference.tropism.table import Table
from diaspore.inference.tropism.terms import MOST

GUESSES = ("model", "flow_only", "other_primaries")
"""The prediction and both null models."""


@dataclass(frozen=True)
class LeftOut:
    """Each primary predicted from the others, and the null models; arrays (primaries, sites), nan where not counted.

    ``terms`` are the interactions chosen in each fold.
    """

    model: np.ndarray
    flow_only: np.ndarray
    other_primaries: np.ndarray
    terms: tuple[tuple[str, ...], ...]


def without(table: Table, row: int) -> Table:
    """The table of all primaries but one."""
    return table.rows(np.arange(len(table.cancers)) != row)


def leave_one_out(table: Table, shared: int = MOST, most: int = MOST) -> LeftOut:
    """Leave out every primary in turn, at the optimum; ``shared`` and ``most`` as for ``model.fit_table``."""
    fits = [fit_table(without(table, q), shared, most) for q in range(len(table.cancers))]
    return LeftOut(
        np.array([fit.predict(table, q) for q, fit in enumerate(fits)]),
        np.array([flow_only(table, q) for q in range(len(fits))]),
        np.array([other_primaries(table, q) for q in range(len(fits))]),
        tuple(tuple(term.name for term, _value in fit.terms) for fit in fits),
    )


def fold(
    table: Table, row: int, shared: Mapping[str, int], most: int, plan: HamiltonianPlan, seed: int
) -> dict[str, Any]:
    """One primary left out, for each of the named limits of shared interactions: shares and predictive intervals."""
    fits = fit_tables(without(table, row), tuple(shared.values()), most)
    return {label: _predicted(table, row, fit, plan, seed) for label, fit in zip(shared, fits, strict=True)}


def _predicted(table: Table, row: int, fit: Fit, plan: HamiltonianPlan, seed: int) -> dict[str, Any]:
    chains, _root = sample(fit, seed, plan)
    counts = left_out_counts(fit, table, row, chains.draws()[0], np.random.default_rng([seed, 21, row]))
    return {
        "model": fit.predict(table, row),
        "flow_only": flow_only(table, row),
        "other_primaries": other_primaries(table, row),
        "interactions": [term.name for term, _value in fit.terms],
        "beta": fit.beta,
        "ends": interval_ends(counts),
    }


def gather(table: Table, rows: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """Errors and coverage over folds, in the order of the table; None for a fold that was not made."""
    empty = np.full(len(table.sites), np.nan)
    made = np.array([row is not None for row in rows])
    observed = np.where(made[:, None], table.observed, np.nan)
    result: dict[str, Any] = {}
    for name in GUESSES:
        guess = np.array([empty if row is None else row[name] for row in rows], dtype=float)
        mae, rmse = errors_pp(guess, observed)
        result[name] = {"mae_pp": mae, "rmse_pp": rmse, "shares": guess}
    blank = np.full((2 * len(LEVELS), len(table.sites)), np.nan)
    ends = np.array([blank if row is None else row["ends"] for row in rows], dtype=float)
    result["predictive"] = covered(table, np.moveaxis(ends, 0, 1))
    result["interactions"] = {c.name: r["interactions"] for c, r in zip(table.cancers, rows, strict=True) if r}
    return result
