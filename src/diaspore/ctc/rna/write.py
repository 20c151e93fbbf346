"""Scored profiles as a file, whole or not at all."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from diaspore.core.jsonio import TEMPORARY, write_text


def write_scores(data: Any, file: Path) -> None:
    """Write a scored AnnData as .h5ad, or what is known of its cells as .csv.

    Raises:
        OSError: from the system; a file that was there before is still whole then.
    """
    if file.suffix == ".csv":
        table = data.obs.copy()
        for name in data.obsm["ctc_probability"].columns:
            table[f"probability {name}"] = data.obsm["ctc_probability"][name]
        write_text(file, table.to_csv(index_label="cell", float_format="%.6g", lineterminator="\n"))
        return
    temporary = file.with_name(f"{TEMPORARY}{file.name}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that words are stored as categories
            data.write_h5ad(temporary, compression="gzip")
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
