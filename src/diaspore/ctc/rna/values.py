"""What a matrix of expression holds (counts, a linear scale, logarithms), checked, and its values as log1p CPM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.rna.annotated import check_annotated
from diaspore.ctc.rna.genes import Found, find_genes, symbols_of, without_doubles

SCALES = ("counts", "linear", "log")
LARGEST_LOG = 30.0
"""Values above it are not logarithms: a million is 20 in base 2."""
MILLION = 1e6
_CHUNK = 512


@dataclass(frozen=True)
class Expression:
    """Expression of cells, checked.

    Attributes:
        matrix: (cells, genes), dense or CSR, as given.
        scale: one of `SCALES`.
        totals: (cells,) sums of the rows; only for counts.
        place: column of each present symbol.
        notes: what its user should know, in words.
        negative: whether values below 0 are among them, as in centred data.
    """

    matrix: Any
    scale: str
    totals: np.ndarray
    place: dict[str, int]
    notes: list[str]
    negative: bool = False

    def find(self, genes: Sequence[str], name: str) -> Found:
        """Look up genes of the list `name`; missing ones go into the notes.

        Raises:
            InputError: too many are missing.
        """
        found, notes = find_genes(self.place, genes, name)
        self.notes.extend(note for note in notes if note not in self.notes)
        return found

    def log(self, columns: np.ndarray) -> np.ndarray:
        """(cells, columns) natural logarithm of 1 + counts per million; a matrix of logarithms is taken as it is."""
        part = self.matrix[:, columns]
        values = np.asarray(part.toarray() if sparse.issparse(part) else part, dtype=float)
        if self.scale == "log":
            return values
        if self.scale == "counts":
            values = values * (MILLION / np.maximum(self.totals, 1.0))[:, None]
        return np.log1p(values)

    def rows(self) -> Iterator[tuple[slice, np.ndarray]]:
        """All values, some hundred cells at a time, on the scale they were given."""
        for begin in range(0, self.matrix.shape[0], _CHUNK):
            part = self.matrix[begin : begin + _CHUNK]
            dense = part.toarray() if sparse.issparse(part) else part
            yield slice(begin, begin + len(dense)), np.asarray(dense, dtype=np.float32)


def expression(data: Any, *, layer: str | None = None, scale: str = "auto", symbols: str | None = None) -> Expression:
    """Check the matrix of an AnnData.

    Args:
        data: AnnData, cells by genes. layer: of ``data.layers``; left out, ``data.X``.
        scale: what the values are: "counts", "linear" (such as CPM or TPM), "log" (such as log1p CPM), or "auto": whole
            numbers that are not negative are counts, others with values above `LARGEST_LOG` a linear scale.
        symbols: column of ``data.var`` with symbols.

    Raises:
        InputError: not an AnnData, no such layer, scale or column, values that are not finite, or negative ones on a
            scale that has none.
    """
    check_annotated(data)
    if scale not in ("auto", *SCALES):
        raise InputError(
            f"no scale is called {scale!r}",
            field="scale", allowed=("auto", *SCALES), nearest=nearest_name(scale, ("auto", *SCALES)),
        )  # fmt: skip
    if layer is not None and layer not in data.layers:
        known = [str(name) for name in data.layers]
        problem = f"there is no layer {layer!r}"
        raise InputError(problem, field="layer", allowed=known or "(there are no layers)")
    matrix: Any = data.X if layer is None else data.layers[layer]
    matrix = sparse.csr_matrix(matrix) if sparse.issparse(matrix) else np.asarray(matrix)
    where = "X" if layer is None else f"layers[{layer!r}]"
    held = matrix.data if sparse.issparse(matrix) else matrix
    if held.dtype.kind not in "fiub":
        raise InputError(f"holds {held.dtype}, not numbers", field=where)
    _check_finite(data, matrix, where)
    least, largest = (float(held.min()), float(held.max())) if held.size else (0.0, 0.0)
    names, notes = symbols_of(data, symbols)
    whole = least >= 0 and (held.dtype.kind in "iub" or bool(np.all(held == np.rint(held))))
    if scale == "auto":
        scale = "counts" if whole else "linear" if least >= 0 and largest > LARGEST_LOG else "log"
        if scale == "counts":
            notes.append(f"{where} holds whole numbers: taken as counts, of which log1p CPM was made")
        elif scale == "linear":
            notes.append(
                f"{where} holds values up to {largest:.4g}: taken as a linear scale (CPM, TPM), log1p was made"
            )
    if scale != "log" and least < 0:
        raise InputError(f"holds negative values (least {least:.4g}), which {scale} cannot be", field=where)
    if least < 0:
        notes.append(f"{where} holds negative values: ranks hold, thresholds of evidence do not, and no cell is called")
    totals = np.asarray(matrix.sum(axis=1), dtype=float).ravel() if scale == "counts" else np.zeros(0)
    if scale == "counts" and np.any(totals == 0):
        notes.append(f"{int(np.sum(totals == 0))} cells have no counts at all")
    place, doubles = without_doubles(names, np.asarray(matrix.mean(axis=0), dtype=float).ravel())
    return Expression(matrix, scale, totals, place, notes + doubles, least < 0)


def _check_finite(data: Any, matrix: Any, where: str) -> None:
    held = matrix.data if sparse.issparse(matrix) else matrix
    if held.dtype.kind != "f" or np.isfinite(held).all():
        return
    entries = matrix.tocoo() if sparse.issparse(matrix) else None
    if entries is not None:
        bad = ~np.isfinite(entries.data)
        row, column = int(entries.row[bad][0]), int(entries.col[bad][0])
    else:
        bad = ~np.isfinite(held)
        row, column = (int(i[0]) for i in np.nonzero(bad))
    raise InputError(
        f"{int(bad.sum())} values are missing or infinite, the first in cell {data.obs_names[row]!r},"
        f" gene {data.var_names[column]!r}",
        field=where, allowed="finite numbers",
    )  # fmt: skip
