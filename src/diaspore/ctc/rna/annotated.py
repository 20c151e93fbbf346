"""The package anndata, loaded when it is needed, and the check that a table is one of its own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError


class ProfileWarning(UserWarning):
    """Something about a matrix of expression that its user should know; results are there all the same."""


def anndata_module() -> Any:
    """The module anndata.

    Raises:
        InputError: it is not installed.
    """
    try:
        import anndata
    except ImportError:
        problem = "single-cell profiles need the package anndata, which is not installed"
        raise InputError(problem, allowed="pip install 'diaspore[ctc]'") from None
    return anndata


def check_annotated(data: Any) -> None:
    """Check that `data` is a table of annotated data with cells and genes.

    Raises:
        InputError: it is something else, or has no cells or no genes.
    """
    if not isinstance(data, anndata_module().AnnData):
        raise InputError(f"is a {type(data).__name__}, not an AnnData (cells in rows, genes in columns)", field="data")
    if data.n_obs == 0 or data.n_vars == 0 or data.X is None:
        raise InputError(
            f"has {data.n_obs} cells and {data.n_vars} genes", field="data", allowed="at least one of each"
        )


def read_annotated(file: str | Path) -> Any:
    """Read an .h5ad file.

    Raises:
        InputError: it is not there, or not such a file.
    """
    path = Path(file)
    module = anndata_module()
    if not path.is_file():
        raise InputError("is not a file", file=path, allowed="a .h5ad file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old layouts, which are read all the same
            data = module.read_h5ad(path)
    except Exception as error:  # HDF5 and anndata raise many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot be read as AnnData: {reason}", file=path, allowed="a .h5ad file") from None
    return data


def warn_all(notes: Sequence[str]) -> None:
    """Give every note as a warning."""
    for note in notes:
        warnings.warn(note, ProfileWarning, stacklevel=3)
