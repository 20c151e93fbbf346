"""Public series of circulating tumour cells that a user has downloaded, as AnnData. Nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from diaspore.core.errors import InputError
from diaspore.ctc.rna.annotated import anndata_module, read_annotated, warn_all
from diaspore.ctc.rna.formats import TABLES, Table, is_mex, read_cells, read_mex, read_table
from diaspore.ctc.rna.symbols import repaired
from diaspore.ctc.rna.values import MILLION
from diaspore.knowledge.profiles import Series, series


def datasets() -> tuple[Series, ...]:
    """Public series of circulating tumour cells: accession, cancer, form of the files, where to download them."""
    return series()


def load_profiles(path: str | Path, *, genes: str | None = None) -> Any:
    """Read profiles into an AnnData with counts in ``layers["counts"]`` and log1p CPM in ``X``.

    A folder is a 10x matrix (matrix.mtx, barcodes, features) or has one table per cell; a file is a table with genes in
    rows (csv, tsv, txt, xls, xlsx, also packed), or .h5ad, which is returned as it is. Dates that a spreadsheet made of
    genes are repaired, versions of Ensembl ids removed, rows without a gene left out, rows of one gene added up; each
    is said in ``uns["diaspore_loaded"]`` and as a warning. Values that are not whole are no counts: they go to
    ``layers["values"]``.

    Args:
        path: of the folder or file. genes: column of a table that names the genes; left out, it is found by its name.

    Raises:
        InputError: what cannot be read, with file and line; negative values; a reader that is not installed.
    """
    path = Path(path)
    if path.name.endswith(".h5ad"):
        return read_annotated(path)
    if not path.exists():
        allowed = f"a folder, or a file that ends in {', '.join(TABLES)} or .h5ad"
        raise InputError("is not there", file=path, allowed=allowed)
    anndata = anndata_module()
    if path.is_dir():
        table = read_mex(path) if is_mex(path) else read_cells(path)
    else:
        table = read_table(path, genes)
    if table.values.nnz and table.values.data.min() < 0:
        raise InputError(f"has negative values (least {table.values.data.min():.4g})", file=path, allowed="counts")
    names, notes = repaired(table.genes)
    notes = table.notes + notes
    values, symbols, first = _added_up(table, names, notes)
    whole = bool(np.all(values.data == np.rint(values.data)))
    if not whole:
        notes.append('values are not whole, so they are no counts: they are in layers["values"]')
    if len(set(table.cells)) < len(table.cells):
        raise InputError("names two cells alike", file=path, allowed="a name of its own for every cell")
    totals = np.asarray(values.sum(axis=1)).ravel()
    if np.any(totals == 0):
        notes.append(f"{int((totals == 0).sum())} cells have no counts at all")
    logs = sparse.csr_matrix(values.multiply(MILLION / np.where(totals > 0, totals, 1.0)[:, None]), dtype=np.float32)
    logs.data = np.log1p(logs.data)
    var = pd.DataFrame({name: np.array(ids, dtype=str)[first] for name, ids in table.ids.items()}, index=symbols)
    kept = values.astype(np.int64) if whole else values
    data = anndata.AnnData(
        X=logs, obs=pd.DataFrame(index=pd.Index(table.cells, dtype=str)), var=var,
        layers={"counts" if whole else "values": kept},
        uns={"diaspore_loaded": {"file": path.name, "notes": np.array(notes, dtype=object)}},
    )  # fmt: skip
    warn_all(notes)
    return data


def _added_up(table: Table, names: list[str], notes: list[str]) -> tuple[Any, pd.Index, np.ndarray]:
    """Values with one column for each gene, the genes, and the first row of each."""
    symbols, first, index = np.unique(np.array(names, dtype=str), return_index=True, return_inverse=True)
    if len(symbols) == len(names):
        return table.values, pd.Index(names, dtype=str), np.arange(len(names))
    notes.append(f"{len(names) - len(symbols)} rows repeat a gene and were added to its first")
    order = np.argsort(first)  # genes stay in the order of the file
    column = np.empty(len(symbols), dtype=int)
    column[order] = np.arange(len(symbols))
    gather = sparse.csr_matrix((np.ones(len(names)), (np.arange(len(names)), column[index])))
    return (table.values @ gather).tocsr(), pd.Index(symbols[order], dtype=str), first[order]
