"""Axes of epithelium and of mesenchyme, each for itself, and the state of a cell by a stated rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.ctc.rna.emt import SIGNIFICANT, KsScores
from diaspore.ctc.rna.values import Expression

STATES = ("epithelial", "hybrid", "mesenchymal", "unassigned")
LEAST_BACKGROUND = 100
"""Genes besides those of the lists without which there is no axis."""
_Z = 1.6448536269514722
RULE = (
    "epithelial or mesenchymal: KS of that sign with one-sided p < 0.05; hybrid: neither, and the genes of both lists"
    " lie above the other genes of the cell (rank sum, one-sided p < 0.05 each); else unassigned. A convention of this"
    " package, not validated; one cell of each kind taken for one cell looks hybrid as well"
)


@dataclass(frozen=True)
class Axis:
    """Where the genes of a list lie among the other genes of each cell.

    Attributes:
        value: (cells,) chance that a gene of the list is higher than one outside of the lists, ties counted half: 0 to
            1, 0.5 where the list is like other genes; NaN without background.
        z: (cells,) the same in standard errors from 0.5.
    """

    value: np.ndarray
    z: np.ndarray


def axes(data: Expression, lists: dict[str, np.ndarray]) -> dict[str, Axis]:
    """Axes by rank for lists of genes; the background is every gene of the matrix outside of all the lists.

    Args:
        data: expression. lists: name -> columns.
    """
    cells = data.matrix.shape[0]
    inside = np.unique(np.concatenate(list(lists.values())))
    background = np.setdiff1d(np.array(sorted(data.place.values())), inside)
    found = {name: Axis(np.full(cells, np.nan), np.full(cells, np.nan)) for name in lists}
    if len(background) < LEAST_BACKGROUND:
        data.notes.append(
            f"there are {len(background)} genes besides those of the lists, fewer than {LEAST_BACKGROUND}: no axes,"
            " and no cell is called hybrid"
        )
        return found
    for rows, dense in data.rows():
        outside = np.sort(dense[:, background], axis=1)
        for name, columns in lists.items():
            value, z = _position(dense[:, columns], outside)
            found[name].value[rows], found[name].z[rows] = value, z
    return found


def _position(inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank-sum statistic of each row over its largest value, and its z with the correction for ties."""
    n, m = inside.shape[1], outside.shape[1]
    total = n + m
    value, z = np.empty(len(inside)), np.zeros(len(inside))
    for i in range(len(inside)):
        lower = np.searchsorted(outside[i], inside[i], side="left")
        upper = np.searchsorted(outside[i], inside[i], side="right")
        value[i] = (lower + upper).sum() / (2.0 * n * m)
        pooled = np.sort(np.concatenate([inside[i], outside[i]]))
        ends = np.flatnonzero(np.concatenate([pooled[1:] != pooled[:-1], [True]])) + 1.0
        ties = np.diff(ends, prepend=0.0)
        variance = n * m / 12.0 * (total + 1.0 - (ties**3 - ties).sum() / (total * (total - 1.0)))
        if variance > 0:
            z[i] = (value[i] - 0.5) * n * m / np.sqrt(variance)
    return value, z


def states(ks: KsScores, epithelial: Axis, mesenchymal: Axis) -> np.ndarray:
    """State of each cell by `RULE`: (cells,) words of `STATES`."""
    low = (ks.score < 0) & (ks.epithelial < SIGNIFICANT)
    high = (ks.score > 0) & (ks.mesenchymal < SIGNIFICANT)
    with np.errstate(invalid="ignore"):
        both = (epithelial.z > _Z) & (mesenchymal.z > _Z)
    named = np.select([low, high, both], ["epithelial", "mesenchymal", "hybrid"], "unassigned")
    return named.astype(object)
