"""What happened to single cells between two snapshots, as columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class EventLog:
    """Rows that are added one by one and taken out as columns.

    Args:
        columns: name -> dtype, in order.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = dict(columns)
        self._rows: list[tuple[Any, ...]] = []

    def add(self, *values: Any) -> None:
        """A row, with a value for every column."""
        self._rows.append(values)

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.clear()

    def taken(self) -> dict[str, np.ndarray]:
        """The rows as columns, which are then forgotten; their types are the same without rows."""
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * len(self._columns)
        self._rows.clear()
        return {
            name: np.array(values, dtype=dtype)
            for (name, dtype), values in zip(self._columns.items(), columns, strict=True)
        }
