"""Predictions for real patients: the simulated patients most like each of them.

A real patient is known by diameter, number of positive nodes and, where the reference population has groups, group.
Simulated patients of the same class of nodes (and group) whose diameters are nearest, at least `NEIGHBOURS` of them
where there are as many, stand for the patient: shares of them are the probabilities. Intervals (95 %) join the
sampling of neighbours (Wilson) with the spread between runs of the reference population (draws of parameters).
Age decides only how long other causes of death leave a patient at risk; in the model the tumour does not know it. The
chance of relapse or death of any cause joins the neighbours' relapses, freed of their own deaths of other causes, with
the model's life table at the patient's age.

Tables are columns by name (a dictionary of arrays or a pandas table); nothing here imports pandas unless asked to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.cohort.intervals import Z95, wilson
from diaspore.core.errors import InputError, shown
from diaspore.inference.reference import Reference, Sorted, node_class

if TYPE_CHECKING:
    import pandas as pd

NEIGHBOURS = 1000
FARTHEST = np.log(1.25)  # neighbours within a quarter of the diameter are taken whatever their number
QUANTILES = (0.5, 0.9)
UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}  # known without the registry of units, which takes a while to load
MISSING = ("", "na", "n/a", "nan", "null", "none")
Table = Any
"""Columns by name: a mapping of names to arrays, or a pandas table."""


LARGEST_MM, MOST_NODES = 500.0, 200.0
"""Diameter and number of positive nodes beyond which a row is a mistake."""
AGES = (18.0, 110.0)
"""Years between which a patient file takes an age."""


@dataclass(frozen=True)
class Rows:
    """Real patients: diameter (n,) mm; nodes (n,) positive nodes, nan unknown; group (n,), "" unknown.

    ``age`` (n,) years at diagnosis is None where nobody's is known.
    """

    diameter: np.ndarray
    nodes: np.ndarray
    group: np.ndarray
    age: np.ndarray | None = None


def rows_of(
    table: Table,
    diameter: str,
    unit: str = "mm",
    nodes: str | None = None,
    group: str | None = None,
    *,
    age: str | None = None,
    everybody: str = "",
) -> Rows:
    """Real patients from the named columns of a table.

    ``age`` is a column of years; ``everybody`` is the group of those for whom no column names one.

    Raises:
        InputError: a column that is missing, or a value that is no possible number.
    """
    factor = UNITS_MM.get(unit)
    if factor is None:
        from diaspore.core.units import parse_quantity

        factor = parse_quantity(f"1 {unit}", "mm", field="--unit")
    size = _numbers(table, diameter, "--diameter", least=1e-9, most=LARGEST_MM / factor) * factor
    if np.isnan(size).any():
        row = int(np.flatnonzero(np.isnan(size))[0])
        raise InputError(f"row {row + 2} has no diameter", field=diameter)
    positive = (
        np.full(len(size), np.nan)
        if nodes is None
        else _numbers(table, nodes, "--nodes", least=0.0, most=MOST_NODES, whole=True)
    )
    names = np.full(len(size), everybody, dtype=object)
    if group is not None:
        words = _column(table, group, "--group").astype(object)
        names = np.array([everybody if _missing(word) else str(word) for word in words], dtype=object)
    years = None if age is None else _numbers(table, age, "--age", least=AGES[0], most=AGES[1])
    if years is not None and np.isnan(years).any():
        row = int(np.flatnonzero(np.isnan(years))[0])
        raise InputError(f"row {row + 2} has no age", field=age)
    return Rows(size, positive, np.asarray(names, dtype=str), years)


def _missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and value.strip().lower() in MISSING)


def _column(table: Table, name: str, field: str) -> np.ndarray:
    from diaspore.core.errors import nearest_name

    columns = [str(c) for c in table]
    if name not in columns:
        raise InputError(
            f"the table has no column {shown(name)}", field=field, allowed=columns, nearest=nearest_name(name, columns)
        )
    return np.asarray(table[name])


def _number(value: Any) -> float:
    """A cell as a number: nan where it is empty, infinite where it is none."""
    if _missing(value):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.inf


def _numbers(
    table: Table, name: str, field: str, *, least: float, most: float = np.inf, whole: bool = False
) -> np.ndarray:
    raw = _column(table, name, field)
    values = raw.astype(float) if raw.dtype.kind in "biuf" else np.array([_number(value) for value in raw], dtype=float)
    wrong = (values < least) | (values > most) | np.isinf(values)
    if whole:
        wrong |= ~np.isnan(values) & (values != np.floor(values))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(f"row {row + 2} holds {shown(raw[row])}, which is no possible number", field=name)
    return values


def predict(reference: Reference, rows: Rows) -> pd.DataFrame:
    """`predict_columns` as a pandas table with one row per real patient."""
    import pandas as pd

    return pd.DataFrame(predict_columns(reference, rows))


def predict_columns(reference: Reference, rows: Rows) -> dict[str, np.ndarray]:
    """Posterior of occult disease and risk of relapse of every row, as columns of one value per real patient.

    They are ``neighbours`` (simulated patients that stand for it), ``extrapolated`` (its diameter lies outside the
    reference population), for every outcome its share and the columns ``... low`` and ``... high``, quantiles of the
    occult burden at diagnosis (mm3) and, where ages are known, ``relapse or death by YEAR``.

    Raises:
        InputError: a group that the reference population does not have, or one life table that the groups do not share.
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
                known = reference.patients(run, str(group), int(k))
                low, high = _windows(known, size[mine], -(-NEIGHBOURS // reference.runs))
                number = high - low
                with np.errstate(invalid="ignore"):
                    share[run, mine] = (known.sums[high] - known.sums[low]) / number[:, None]
                count[run, mine] = number
                if run == 0:
                    windows, which = np.unique(np.stack([low, high], axis=1), axis=0, return_inverse=True)
                    found = [np.quantile(known.burden[a:b], QUANTILES) if b > a else (np.nan,) * 2 for a, b in windows]
                    burden[mine] = np.array(found)[which.reshape(-1)]
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
    if rows.age is not None:
        if reference.mortality is None:
            raise InputError("groups differ in death of other causes", field="--age")
        for year, own in zip(reference.years, _without_other_deaths(columns, reference.years), strict=True):
            columns[f"relapse or death by {year}"] = 1.0 - own * reference.mortality.survival(rows.age, year)
    return columns


def _without_other_deaths(columns: Mapping[str, np.ndarray], years: tuple[int, ...]) -> list[np.ndarray]:
    """Chance of no relapse by each year if nobody died of other causes: a life table over the years.

    Neighbours who died of other causes within an interval count as at risk for half of it.
    """
    free = np.ones(len(columns["neighbours"]))
    relapsed, gone = np.zeros((2, len(free)))
    result = []
    for year in years:
        now, died = columns[f"relapse by {year}"], columns[f"other death before relapse by {year}"]
        risk = 1.0 - relapsed - gone - 0.5 * (died - gone)
        with np.errstate(invalid="ignore", divide="ignore"):
            free = free * (1.0 - np.where(risk > 0.0, (now - relapsed) / risk, 0.0))
        relapsed, gone = now, died
        result.append(np.clip(free, 0.0, 1.0))
    return result


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
