"""Events of a slide on disk, part by part, so that a million of them need little memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

ROWS_IN_PART = 50_000
ROWS_IN_SAMPLE = 100_000


class Parts:
    """Tables side by side, written as Parquet files ``NAME-00000.parquet``, … once the first has 50,000 rows."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._held: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
        self._rows = 0
        self._number = 0

    def add(self, *tables: pd.DataFrame) -> None:
        """Take rows of each table; they are written once there are enough."""
        for held, table in zip(self._held.values(), tables, strict=True):
            held.append(table)
        self._rows += len(tables[0])
        if self._rows >= ROWS_IN_PART:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        for name, held in self._held.items():
            if held:
                table = pd.concat(held, ignore_index=True)
                table.to_parquet(self._folder / f"{name}-{self._number:05d}.parquet", index=False)
                held.clear()
        self._rows, self._number = 0, self._number + 1


def read_parts(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[pd.DataFrame, ...]]:
    """The tables that were written side by side, one part of each in memory at a time."""
    for file in sorted(folder.glob(f"{names[0]}-*.parquet")):
        number = file.stem.removeprefix(f"{names[0]}-")
        yield tuple(pd.read_parquet(folder / f"{name}-{number}.parquet") for name in names)


class Sample:
    """Every k-th row of what comes by, k doubled whenever more than 100,000 are kept: the same for the same input."""

    def __init__(self) -> None:
        self._tables: list[pd.DataFrame] = []
        self._step = 1
        self._seen = 0

    def add(self, table: pd.DataFrame) -> None:
        """Take rows."""
        first = -self._seen % self._step
        self._tables.append(table.iloc[first :: self._step])
        self._seen += len(table)
        if sum(map(len, self._tables)) > ROWS_IN_SAMPLE:
            self._tables = [pd.concat(self._tables, ignore_index=True).iloc[::2]]
            self._step *= 2

    def table(self) -> pd.DataFrame:
        """What was kept."""
        return pd.concat(self._tables, ignore_index=True)
