"""Targets of fits: rows of knowledge tables as arrays, with a checksum of exactly the rows used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.load import Row, table

SIZE_TABLE = "seer_size_metastasis"
SIZE_RANGE_CM = (1.0, 10.0)
"""Bins that are fitted; below 1 cm the shares are artefacts of staging (see the table's notes)."""


@dataclass(frozen=True)
class SizeBins:
    """Patients with a distant metastasis found at diagnosis, by diameter of the primary.

    Attributes:
        cancer: name in the table.
        size_mm: (n,) diameters, mm, ascending.
        patients: (n,) patients of each bin.
        metastatic: (n,) of them, with distant metastasis found at diagnosis.
        source: key in ``references.bib``.
        sha256: checksum of the rows used, as 64 hexadecimal digits.
    """

    cancer: str
    size_mm: np.ndarray
    patients: np.ndarray
    metastatic: np.ndarray
    source: str
    sha256: str

    def __len__(self) -> int:
        return len(self.size_mm)

    @property
    def share(self) -> np.ndarray:
        """(n,) observed shares."""
        found: np.ndarray = self.metastatic / self.patients
        return found

    def with_counts(self, metastatic: np.ndarray) -> SizeBins:
        """The same bins with other (simulated) counts; the checksum is empty, since no table holds them."""
        return SizeBins(self.cancer, self.size_mm, self.patients, np.asarray(metastatic, float), "simulated", "")


def rows_sha256(rows: Iterable[Row]) -> str:
    """Checksum of rows: key, value, interval, unit, source and the table's own columns, in the order given."""
    plain = [
        [
            row.key,
            repr(row.value),
            repr(row.low),
            repr(row.high),
            row.unit,
            row.source,
            dict(sorted(row.columns.items())),
        ]
        for row in rows
    ]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode("utf-8")).hexdigest()


def size_bins(cancer: str) -> SizeBins:
    """The bins from 1 to 10 cm of one cancer of the table ``seer_size_metastasis``.

    Raises:
        InputError: no such cancer.
    """
    rows = table(SIZE_TABLE)
    known = sorted({row["cancer"] for row in rows})
    if cancer not in known:
        raise InputError(f"no cancer is called {cancer!r}", allowed=known, nearest=nearest_name(cancer, known))
    low, high = SIZE_RANGE_CM
    used = [r for r in rows if r["cancer"] == cancer and r["usable"] == "yes" and low <= r.number("size_cm") <= high]
    used.sort(key=lambda r: r.number("size_cm"))
    arrays = [np.array([r.number(column) for r in used]) for column in ("size_cm", "n", "metastatic")]
    for array in arrays:
        array.setflags(write=False)
    return SizeBins(cancer, 10.0 * arrays[0], arrays[1], arrays[2], used[0].source, rows_sha256(used))
