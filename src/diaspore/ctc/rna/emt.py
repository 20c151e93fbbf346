"""Scores of epithelium against mesenchyme: 76GS and KS, on plain matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError

SIGNIFICANT = 0.05
"""One-sided level of the rule for the sign of KS, as published."""
_CHUNK = 4096


@dataclass(frozen=True)
class KsScores:
    """KS scores of cells.

    Attributes:
        score: (cells,) -1 to 1, positive where genes of mesenchyme are higher.
        mesenchymal, epithelial: (cells,) one-sided p that genes of that kind are not higher than those of the other
            (limit for many genes, which is conservative where values are tied).
    """

    score: np.ndarray
    mesenchymal: np.ndarray
    epithelial: np.ndarray


@dataclass(frozen=True)
class Gs76Scores:
    """76GS scores of samples.

    Attributes:
        score: (samples,) high where epithelial, mean 0.
        weights: (genes,) correlation with CDH1, 0 where a gene does not vary.
        constant: (genes,) bool, genes that do not vary.
    """

    score: np.ndarray
    weights: np.ndarray
    constant: np.ndarray


def ks_scores(values: np.ndarray, mesenchymal: np.ndarray) -> KsScores:
    """Two-sample Kolmogorov-Smirnov score of each cell (`tan2014`).

    Within a cell the distributions of the genes of mesenchyme and of epithelium are compared. D+ is the largest excess
    of the epithelial over the mesenchymal distribution function (mesenchymal genes higher), D- of the other. The score
    is -D- if that side has p < 0.05, else +D+ if that one has, else the larger; +D+ where they are equal.

    Args:
        values: (cells, genes). mesenchymal: (genes,) bool, the others are epithelial.

    Raises:
        InputError: no genes of one kind.
    """
    mesenchymal = np.asarray(mesenchymal, dtype=bool)
    many_m, many_e = int(mesenchymal.sum()), int((~mesenchymal).sum())
    if not many_m or not many_e:
        raise InputError("a KS score needs genes of both kinds", field="genes")
    step = np.where(mesenchymal, -many_e, many_m)  # whole numbers: distances are exact, and ties are seen
    up, down = np.empty(len(values)), np.empty(len(values))
    for begin in range(0, len(values), _CHUNK):
        part = np.asarray(values[begin : begin + _CHUNK], dtype=float)
        order = np.argsort(part, axis=1, kind="stable")
        sorted_values = np.take_along_axis(part, order, axis=1)
        gap = np.cumsum(step[order], axis=1)
        # Distribution functions are compared only behind the last of equal values.
        last = np.ones_like(part, dtype=bool)
        last[:, :-1] = sorted_values[:, 1:] != sorted_values[:, :-1]
        gap = np.where(last, gap, 0)
        up[begin : begin + len(part)] = gap.max(axis=1) / (many_m * many_e)
        down[begin : begin + len(part)] = -gap.min(axis=1) / (many_m * many_e)
    effective = many_m * many_e / (many_m + many_e)
    p_up, p_down = np.exp(-2.0 * effective * up**2), np.exp(-2.0 * effective * down**2)
    larger = np.where(up >= down, up, -down)
    score = np.where(p_down < SIGNIFICANT, -down, np.where(p_up < SIGNIFICANT, up, larger))
    return KsScores(score + 0.0, p_up, p_down)


def gs76_scores(values: np.ndarray, cdh1: int) -> Gs76Scores:
    """Score of each sample by genes weighted with their correlation with CDH1 (`byers2013`).

    No noise is added: genes that do not vary get no weight. The score is relative to the samples it is computed with.

    Args:
        values: (samples, genes), logarithms. cdh1: column of CDH1.

    Raises:
        InputError: fewer than three samples, or CDH1 does not vary.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 3:
        raise InputError(
            f"76GS needs correlations over samples, and there are {len(values)}", field="samples", allowed="at least 3"
        )
    centred = values - values.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    constant = spread <= 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0))
    if constant[cdh1]:
        raise InputError("76GS weighs genes by their correlation with CDH1, which does not vary", field="CDH1")
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = (centred.T @ centred[:, cdh1]) / (spread * spread[cdh1])
    weights = np.where(constant, 0.0, weights)
    score = values @ weights
    return Gs76Scores(score - score.mean(), weights, constant)
