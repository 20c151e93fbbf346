"""Predictions for real patients: the simulated patients most like each of them.

A real patient is known by diameter, number of positive nodes and, where the reference population has groups, group.
Simulated patients of the same class of nodes (and group) whose diameters are nearest, at least `NEIGHBOURS` of them
where there are as many, stand for the patient: shares of them are the probabilities. Intervals (95 %) join the
sampling of neighbours (Wilson) with the spread between runs of the reference population (draws of parameters).
Age decides only how long other causes of death leave a patient at risk; in the model the tumour does not know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diaspore.cohort.intervals import Z95, wilson
from diaspore.core.errors import InputError, shown
from diaspore.inference.reference import Reference, Sorted, node_class

NEIGHBOURS = 1000
FARTHEST = np.log(1.25)  # neighbours within a quarter of the diameter are taken whatever their number
QUANTILES = (0.5, 0.9)


@dataclass(frozen=True)
class Rows:
    """Real patients: diameter (n,) mm; nodes (n,) positive nodes, nan unknown; group (n,), "" unknown."""

    diameter: np.ndarray
    nodes: np.ndarray
    group: np.ndarray


def rows_of(
    table: pd.DataFrame, diameter: str, unit: str = "mm", nodes: str | None = None, group: str | None = None
) -> Rows:
    """Real patients from the named columns of a table.

    Raises:
        InputError: a column that is missing, or a value that is no possible number.
    """
    from diaspore.core.units import parse_quantity

    factor = parse_quantity(f"1 {unit}", "mm", field="--unit")
    size = _numbers(table, diameter, "--diameter", least=1e-9) * factor
    if np.isnan(size).any():
        row = int(np.flatnonzero(np.isnan(size))[0])
        raise InputError(f"row {row + 2} has no diameter", field=diameter)
    positive = np.full(len(table), np.nan) if nodes is None else _numbers(table, nodes, "--nodes", least=0.0)
    names = (
        np.full(len(table), "", dtype=object)
        if group is None
        else _column(table, group, "--group").astype(object).fillna("")
    )
    return Rows(size, positive, np.asarray(names, dtype=str))


def _column(table: pd.DataFrame, name: str, field: str) -> pd.Series:
    from diaspore.core.errors import nearest_name

    if name not in table.columns:
        columns = [str(c) for c in table.columns]
        raise InputError(
            f"the table has no column {shown(name)}", field=field, allowed=columns, nearest=nearest_name(name, columns)
        )
    return table[name]


def _numbers(table: pd.DataFrame, name: str, field: str, *, least: float) -> np.ndarray:
    raw = _column(table, name, field)
    values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=float)
    wrong = (np.isnan(values) & raw.notna().to_numpy()) | (values < least) | np.isinf(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(f"row {row + 2} holds {shown(raw.iloc[row])}, which is no possible number", field=name)
    return values


def predict(reference: Reference, rows: Rows) -> pd.DataFrame:
    """Posterior of occult disease and risk of relapse of every row.

    Returns a table with one row per real patient: ``neighbours`` (simulated patients that stand for it),
    ``extrapolated`` (its diameter lies outside the reference population), for every outcome its share and the columns
    ``... low`` and ``... high``, and quantiles of the occult burden at diagnosis (mm3).

    Raises:
        InputError: a group that the reference population does not have.
    """
    unknown = sorted(set(rows.group) - {"", *reference.groups})
    if unknown:
        raise InputError(
            f"{shown(unknown[0])} is not a group of the reference population", field="--group",
            allowed=reference.groups or ("none",),
        )  # fmt: skip
    n, m = len(rows.diameter), len(reference.outcomes)
    size = np.log(rows.diameter)
    classes = node_class(rows.nodes)
    share, count = np.zeros((reference.runs, n, m)), np.zeros((reference.runs, n))
    burden = np.zeros((n, len(QUANTILES)))
    for group in dict.fromkeys(rows.group):
        for k in dict.fromkeys(classes):
            mine = np.flatnonzero((rows.group == group) & (classes == k))
            if not len(mine):
                continue
            for run in range(reference.runs):
                known = reference.classes[run, str(group), int(k)]
                low, high = _windows(known, size[mine], -(-NEIGHBOURS // reference.runs))
                number = high - low
                with np.errstate(invalid="ignore"):
                    share[run, mine] = (known.sums[high] - known.sums[low]) / number[:, None]
                count[run, mine] = number
                if run == 0:
                    for i, a, b in zip(mine, low, high, strict=True):
                        burden[i] = np.quantile(known.burden[a:b], QUANTILES) if b > a else np.nan
    mean = share.mean(axis=0)
    lower, upper = _limits(share, count.sum(axis=0))
    columns: dict[str, np.ndarray] = {
        "neighbours": count.sum(axis=0).astype(np.int64),
        "extrapolated": (rows.diameter < reference.smallest) | (rows.diameter > reference.largest),
    }
    for j, name in enumerate(reference.outcomes):
        columns |= {name: mean[:, j], f"{name} low": lower[:, j], f"{name} high": upper[:, j]}
    for j, q in enumerate(QUANTILES):
        columns[f"occult burden mm3, quantile {q:g}"] = burden[:, j]
    return pd.DataFrame(columns)


def _windows(known: Sorted, size: np.ndarray, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last (exclusive) neighbours of each size: the nearest ``wanted``, and all within `FARTHEST`."""
    n = len(known.ln_diameter)
    at = np.searchsorted(known.ln_diameter, size)
    low = np.clip(at - wanted // 2, 0, max(n - wanted, 0))
    high = np.minimum(low + wanted, n)
    near_low = np.searchsorted(known.ln_diameter, size - FARTHEST, side="left")
    near_high = np.searchsorted(known.ln_diameter, size + FARTHEST, side="right")
    # A window wider than needed on one side only would pull the mean towards that side: keep it centred.
    half = np.minimum(at - near_low, near_high - at)
    low, high = np.minimum(low, at - half), np.maximum(high, at + half)
    return np.maximum(low, 0), np.minimum(high, n)


def _limits(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % limits: Wilson's for the neighbours, widened by the spread between runs on the logit scale."""
    mean = share.mean(axis=0)
    low, high = wilson(mean * count[:, None], count[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        if share.shape[0] > 1:
            logit = np.log((share + 1e-4) / (1 - share + 1e-4))
            middle, between = logit.mean(axis=0), logit.std(axis=0, ddof=1)
            own = (np.log((high + 1e-4) / (1 - high + 1e-4)) - np.log((low + 1e-4) / (1 - low + 1e-4))) / (2 * Z95)
            half = Z95 * np.sqrt(own**2 + between**2)
            low, high = 1 / (1 + np.exp(-(middle - half))), 1 / (1 + np.exp(-(middle + half)))
            low, high = np.minimum(low, mean), np.maximum(high, mean)
    return low, high
