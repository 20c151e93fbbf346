"""Who the members of a cohort are: their groups and covariates, each drawn by the member's own number."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from diaspore.body.batch import People
from diaspore.body.kernels.model import S_COHORT
from diaspore.cohort.spec import AgeSpec, CohortSpec, ColumnSpec, DiameterSpec
from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.rng import child_id_column, uniform_column
from diaspore.core.sealed import read_sealed
from diaspore.core.units import parse_quantity

if TYPE_CHECKING:
    import pandas as pd

_GROUP, _DIAMETER, _AGE, _ROW = range(4)  # events of the draws of a member


@dataclass(frozen=True)
class Table:
    """A table of real people.

    Attributes:
        diameter: (rows,) mm, nan where unknown.
        age: (rows,) day, nan where unknown.
        group: (rows,) positions of groups, or None.
        kept: the columns to carry on.
    """

    diameter: np.ndarray
    age: np.ndarray
    group: np.ndarray | None
    kept: dict[str, np.ndarray]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.diameter)


@dataclass(frozen=True)
class Members:
    """Members of a cohort: who they are, their group (positions), and their row of the table (-1: none)."""

    people: People
    group: np.ndarray
    row: np.ndarray


def read_table(spec: CohortSpec) -> Table | None:
    """The table of a cohort, checked; None when it has none.

    Raises:
        InputError: a column that is missing, values that are no numbers or impossible, a group that is not described.
    """
    import pandas as pd

    wanted = spec.table
    if wanted is None:
        return None
    content = read_sealed(wanted.file, wanted.sha256, "table.file")
    try:
        source = io.BytesIO(content)
        frame = pd.read_parquet(source) if wanted.file.lower().endswith(".parquet") else pd.read_csv(source)
    except Exception as error:  # parsers of many kinds raise many kinds of errors
        raise InputError(f"cannot read {wanted.file} as a table: {error}", field="table.file") from None
    if not len(frame):
        raise InputError(f"{wanted.file} has no rows", field="table.file")
    group = None
    if wanted.group is not None:
        names = [g.name for g in spec.groups]
        words = _column(frame, wanted.group, "table.group").astype(str)
        unknown = ~words.isin(names)
        if unknown.any():
            word, line = str(words[unknown].iloc[0]), int(np.flatnonzero(unknown)[0]) + 2
            problem = f"row {line} of {wanted.file}: {shown(word)} is not a group of this cohort"
            raise InputError(problem, field="table.group", allowed=names, nearest=nearest_name(word, names))
        group = words.map(names.index).to_numpy(dtype=np.int64)
    return Table(
        _numbers(frame, wanted.diameter, "mm", "table.diameter", wanted.file),
        _numbers(frame, wanted.age, "day", "table.age", wanted.file),
        group,
        {name: _column(frame, name, "table.keep").to_numpy() for name in wanted.keep},
    )


def _column(frame: pd.DataFrame, name: str, field: str) -> pd.Series:
    if name not in frame.columns:
        columns = [str(c) for c in frame.columns]
        raise InputError(
            f"the table has no column {shown(name)}", field=field, allowed=columns, nearest=nearest_name(name, columns)
        )
    return frame[name]


def _numbers(frame: pd.DataFrame, column: ColumnSpec | None, unit: str, field: str, file: str) -> np.ndarray:
    import pandas as pd

    if column is None:
        return np.full(len(frame), np.nan)
    factor = parse_quantity(f"1 {column.unit}", unit, field=f"{field}.unit")
    raw = _column(frame, column.column, f"{field}.column")
    values = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=float)
    wrong = (np.isnan(values) & raw.notna().to_numpy()) | (values <= 0.0) | np.isinf(values)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        problem = f"row {first + 2} of {file}: {shown(raw.iloc[first])} is not a positive number"
        raise InputError(problem, field=f"{field}.column")
    return np.asarray(values * factor)


def draw_members(spec: CohortSpec, table: Table | None, seed: int, numbers: np.ndarray) -> Members:
    """Groups and covariates of the members of these ``numbers`` (int64); the same for a number in any batch."""
    streams = child_id_column(np.uint64(0), numbers)

    def draw(event: int) -> np.ndarray:
        return np.asarray(uniform_column(np.uint64(seed), streams, S_COHORT, event))

    count = len(numbers)
    row = np.full(count, -1, dtype=np.int64)
    if table is not None:
        by_chance = spec.table is not None and spec.table.with_replacement
        row = (draw(_ROW) * len(table)).astype(np.int64) if by_chance else numbers % len(table)
    group = np.zeros(count, dtype=np.int64)
    if table is not None and table.group is not None:
        group = table.group[row]
    elif spec.groups:
        borders = np.cumsum([g.share or 0.0 for g in spec.groups])
        group = np.minimum(np.searchsorted(borders, draw(_GROUP), side="right"), len(spec.groups) - 1)
    size, age = spec.primary.diameter_at_diagnosis, spec.age
    diameter = np.full(count, np.nan if size is None else size)
    years = np.full(count, np.nan if age is None else age)
    if table is not None and spec.table is not None:
        diameter = table.diameter[row] if spec.table.diameter is not None else diameter
        years = table.age[row] if spec.table.age is not None else years
    if spec.covariates.diameter is not None:
        diameter = drawn(spec.covariates.diameter, draw(_DIAMETER))
    if spec.covariates.age is not None:
        years = drawn(spec.covariates.age, draw(_AGE))
    return Members(People(numbers, diameter, years), group, row)


def drawn(law: DiameterSpec | AgeSpec, u: np.ndarray) -> np.ndarray:
    """Values of a distribution at the probabilities ``u``, by its inverse; in the unit of the specification."""
    if law.edges is not None and law.shares is not None:
        borders = np.concatenate([[0.0], np.cumsum(law.shares)]) / sum(law.shares)
        return np.interp(u, borders, law.edges)
    if isinstance(law, DiameterSpec):
        assert law.median is not None  # checked by the specification
        assert law.spread is not None
        return np.exp(_truncated(np.log(law.median), law.spread, _log(law.low), _log(law.high), u))
    assert law.mean is not None
    assert law.sd is not None
    return _truncated(law.mean, law.sd, law.low, law.high, u)


def _log(value: float | None) -> float | None:
    return None if value is None else float(np.log(value))


def _truncated(mean: float, sd: float, low: float | None, high: float | None, u: np.ndarray) -> np.ndarray:
    a = 0.0 if low is None else float(ndtr((low - mean) / sd))
    b = 1.0 if high is None else float(ndtr((high - mean) / sd))
    result: Any = mean + sd * ndtri(a + (b - a) * u)
    return np.asarray(np.clip(result, low, high)) if low is not None or high is not None else np.asarray(result)
