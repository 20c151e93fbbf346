"""Tissues side by side: what is there at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.core.runstore import Run
from diaspore.tissue.results import LIVE, STATES, Tissue, opened

LETTERS = "ABCDEFGH"[: len(LIVE)]
"""Names of the runs compared; a picture has as many colours."""


def opened_tissues(runs: Sequence[Run]) -> list[Tissue]:
    """The results of runs to compare.

    Raises:
        InputError: another kind, or too few or too many.
    """
    if not 2 <= len(runs) <= len(LETTERS):
        raise InputError(f"{len(runs)} tissues cannot be compared", field="runs", allowed=f"2 to {len(LETTERS)}")
    return [opened(run, "table of cells to compare") for run in runs]


def compare_tissues(runs: Sequence[Run]) -> pd.DataFrame:
    """Cells by type and state, size, and levels at the last time of which all runs have a snapshot.

    Where that is none but the start, each run is taken at its end; the first row has the times.

    Parameters
    ----------
    runs : two to eight runs of ``kind: tissue``.

    Returns
    -------
    A table with the columns ``quantity, unit, A, B, ...``, of two runs also ``difference`` (B minus A); nan where a run
    has no such type or substance. One run of each says nothing of chance: compare several seeds as well.
    """
    tissues = opened_tissues(runs)
    ends = _rows(tissues)
    wanted: dict[tuple[str, str], list[list[str]]] = {("time", "h"): [["hours"]] * len(runs)}
    states = [[f"{name} {state}" for name in tissue.types for state in STATES] for tissue in tissues]
    wanted["cells", "cells"] = states
    for name in dict.fromkeys(name for tissue in tissues for name in tissue.types):
        for state in STATES:
            wanted[f"{name}, {state}", "cells"] = [[f"{name} {state}"]] * len(runs)
    wanted["radius of all cells", "um"] = [["radius_um"]] * len(runs)
    for name, unit in dict.fromkeys(pair for tissue in tissues for pair in tissue.units.items()):
        for figure in ("least", "mean"):  # of a substance in two units there are two rows
            columns = [[f"{name} {figure}"] if tissue.units.get(name) == unit else [] for tissue in tissues]
            wanted[f"{name}, {figure}", unit] = columns
    rows = []
    for (quantity, unit), columns in wanted.items():
        values = [_sum(end, names) for end, names in zip(ends, columns, strict=True)]
        if any(values) or unit != "cells":
            rows.append([quantity, unit, *values])
    frame = pd.DataFrame(rows, columns=["quantity", "unit", *LETTERS[: len(runs)]])
    if len(runs) == 2:
        frame["difference"] = frame["B"] - frame["A"]
    return frame


def _rows(tissues: Sequence[Tissue]) -> list[Any]:
    """The row of the counts of each run that is compared."""
    times = [np.round(tissue.counts["hours"].to_numpy(), 6) for tissue in tissues]
    shared = float(max(set.intersection(*(set(hours.tolist()) for hours in times)), default=0.0))
    if shared == 0.0:
        return [tissue.counts.iloc[-1] for tissue in tissues]
    at = [int(np.flatnonzero(hours == shared)[0]) for hours in times]
    return [tissue.counts.iloc[number] for tissue, number in zip(tissues, at, strict=True)]


def _sum(end: Any, columns: Sequence[str]) -> float:
    if not columns or any(column not in end for column in columns):
        return float("nan")
    return float(sum(end[column] for column in columns))
