"""Files in which public series come, as genes, cells and values: 10x folders, one file per cell, one table."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.rna.symbols import is_no_gene

TABLES = (".csv", ".tsv", ".txt", ".tab", ".xls", ".xlsx")
SYMBOL_COLUMNS = (
    "symbol",
    "gene_symbol",
    "genesymbol",
    "gene_name",
    "gene",
    "genename",
    "hgnc_symbol",
    "geneid",
    "gene_id",
    "id",
)
"""Names of columns with the name of the gene, best first; small letters, spaces and points as underscores."""


@dataclass
class Table:
    """Values of cells as a file has them.

    Attributes:
        genes: names as in the file. cells: their names. values: (cells, genes), CSR.
        ids: other ids of the genes, by column of the file. notes: in words.
    """

    genes: list[str]
    cells: list[str]
    values: sparse.csr_matrix
    ids: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_mex(folder: Path) -> Table:
    """A 10x folder: matrix.mtx, barcodes.tsv and features.tsv (or genes.tsv), also packed or behind a prefix.

    Raises:
        InputError: a file is missing, there are two of a kind, or they do not fit together.
    """
    from scipy.io import mmread

    files = {what: _only(folder, names) for what, names in _MEX.items()}
    with _opened(files["matrix"]) as stream:
        try:
            matrix = sparse.csr_matrix(mmread(stream))
        except Exception as error:  # the reader raises many kinds
            raise InputError(f"is not a matrix in Matrix Market form: {error}", file=files["matrix"]) from None
    features = _lines(files["features"])
    cells = [row[0] for row in _lines(files["barcodes"])]
    if matrix.shape != (len(features), len(cells)):
        raise InputError(
            f"has {matrix.shape[0]} rows and {matrix.shape[1]} columns, but there are {len(features)} features and"
            f" {len(cells)} barcodes",
            file=files["matrix"], allowed="one row for each feature, one column for each barcode",
        )  # fmt: skip
    keep = [i for i, row in enumerate(features) if len(row) < 3 or row[2] in ("", "Gene Expression")]
    names = [features[i][1] if len(features[i]) > 1 else features[i][0] for i in keep]
    notes = (
        [] if len(keep) == len(features) else [f"{len(features) - len(keep)} features are no genes and were left out"]
    )
    return Table(names, cells, matrix[keep].T.tocsr(), {"gene_id": [features[i][0] for i in keep]}, notes)


_MEX = {"matrix": ("matrix.mtx",), "barcodes": ("barcodes.tsv",), "features": ("features.tsv", "genes.tsv")}


def is_mex(folder: Path) -> bool:
    """Whether a folder holds a file of a 10x matrix."""
    return any(path.name.removesuffix(".gz").endswith("matrix.mtx") for path in folder.iterdir())


def _only(folder: Path, names: Sequence[str]) -> Path:
    found = sorted(path for path in folder.iterdir() if path.name.removesuffix(".gz").endswith(tuple(names)))
    if len(found) != 1:
        problem = f"has no {' or '.join(names)}" if not found else f"has several: {', '.join(p.name for p in found)}"
        raise InputError(problem, file=folder, allowed="one of them, also with .gz; one folder for each sample")
    return found[0]


def _opened(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _lines(path: Path) -> list[list[str]]:
    with _opened(path) as stream:
        text = stream.read().decode("utf-8-sig")
    return [line.split("\t") for line in text.splitlines() if line.strip()]


def read_cells(folder: Path) -> Table:
    """A folder with one table per cell: a column with the gene and one with the count; cells are named by their file.

    Raises:
        InputError: no such files, one that cannot be read, or one with several columns of counts.
    """
    files = sorted(path for path in folder.iterdir() if _plain_suffix(path) in TABLES)
    if not files:
        raise InputError(
            "holds no tables", file=folder, allowed=f"files that end in {', '.join(TABLES)}, also with .gz"
        )
    columns = {}
    for path in files:
        table = read_table(path)
        if len(table.cells) != 1:
            raise InputError(
                f"has {len(table.cells)} columns of counts", file=path, allowed="one, in a folder of cells"
            )
        values = np.asarray(table.values.todense()).ravel()
        columns[path.name.partition(".")[0]] = pd.Series(values, index=table.genes).groupby(level=0, sort=False).sum()
    frame = pd.DataFrame(columns).fillna(0.0)
    return Table(list(map(str, frame.index)), list(columns), sparse.csr_matrix(frame.to_numpy().T))


def read_table(path: Path, gene_column: str | None = None) -> Table:
    """One table with a gene in each row: leading columns in words or ids, then one column for each cell.

    Raises:
        InputError: it cannot be read, no such column, or no columns of numbers.
    """
    frame = _frame(path)
    if len(frame) and len(frame.columns) == 2 and _is_number(frame.columns[1]):  # two columns without a head
        first = pd.DataFrame([list(frame.columns)], columns=["gene", "count"])
        frame = pd.concat([first, frame.set_axis(["gene", "count"], axis=1)], ignore_index=True)
    named = {str(name): _plain(str(name)) for name in frame.columns}
    frame.columns = pd.Index([str(name) for name in frame.columns])
    numeric = {name: pd.to_numeric(frame[name], errors="coerce") for name in frame.columns}
    ids = [name for name in frame.columns if numeric[name].isna().all() or named[name] in _ID_COLUMNS]
    text = [name for name in ids if numeric[name].isna().any()]
    if gene_column is not None and gene_column not in frame.columns:
        nearest = nearest_name(gene_column, frame.columns)
        raise InputError(
            f"has no column {gene_column!r}",
            file=path,
            field="genes",
            allowed=list(frame.columns)[:40],
            nearest=nearest,
        )
    if gene_column is None:
        ranked = [name for wanted in SYMBOL_COLUMNS for name in text if named[name] == wanted]
        gene_column = (ranked or text or [str(frame.columns[0])])[0]
    cells = [name for name in frame.columns if name not in ids and name != gene_column]
    if not cells:
        raise InputError("has no columns of numbers", file=path, allowed="genes in rows, one column for each cell")
    names = ["" if value is None or value != value else str(value) for value in frame[gene_column]]
    keep = np.array([not is_no_gene(name) for name in names], dtype=bool)
    values = np.column_stack([numeric[name].to_numpy(dtype=float) for name in cells])[keep]
    if np.isnan(values).any():
        row, column = (int(i[0]) for i in np.nonzero(np.isnan(values)))
        shown = frame[cells[column]].to_numpy()[keep][row]
        raise InputError(
            f"{shown!r} is not a number", file=path, line=int(np.flatnonzero(keep)[row]) + 2, field=cells[column],
            allowed="numbers in every column of a cell",
        )  # fmt: skip
    notes = [] if keep.all() else [f"{int((~keep).sum())} rows are no genes (reads without one) and were left out"]
    kept = [name for name, good in zip(names, keep, strict=True) if good]
    others = {name: [str(v) for v in frame[name][keep]] for name in ids if name != gene_column}
    return Table(kept, cells, sparse.csr_matrix(values.T), others, notes)


_ID_COLUMNS = (*SYMBOL_COLUMNS, "entrez", "entrez_id", "entrezid", "unigene", "refseq", "length", "chr", "start", "end")


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace(".", "_").replace("-", "_")


def _plain_suffix(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _is_number(text: object) -> bool:
    try:
        float(str(text))
    except ValueError:
        return False
    return True


def _frame(path: Path) -> pd.DataFrame:
    suffix = _plain_suffix(path)
    if suffix not in TABLES:
        raise InputError(
            "is of no known form", file=path, allowed=f"files that end in {', '.join(TABLES)}, also with .gz"
        )
    try:
        if suffix in (".xls", ".xlsx"):
            return pd.read_excel(path, dtype=object)
        with _opened(path) as stream:
            head = stream.readline().decode("utf-8-sig")
        separator = max("\t,;", key=head.count)
        if not head.count(separator):
            separator = r"\s+"
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, na_values=[""], comment=None)
    except ImportError:
        reader = "xlrd" if suffix == ".xls" else "openpyxl"
        problem = f"needs the package {reader}, which is not installed"
        allowed = f"pip install {reader}, or the sheet saved as CSV (with genes as text)"
        raise InputError(problem, file=path, allowed=allowed) from None
    except Exception as error:  # parsers raise many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot be read as a table: {reason}", file=path) from None
