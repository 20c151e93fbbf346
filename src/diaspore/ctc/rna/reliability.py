"""Whether probabilities mean what they say: reliability by bins, its mean error, and scores of held-out predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd

BINS = 10


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Predicted and observed share of right calls by bins of equal width of the highest probability.

    Args:
        confidence: (cells,) probability of the class that was called. right: (cells,) bool, it is the true one.

    Returns:
        One row for each bin that holds cells: low, high, cells, predicted, observed.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    at = np.clip(np.digitize(confidence, edges[1:-1]), 0, bins - 1)
    rows = [
        (edges[b], edges[b + 1], int((at == b).sum()), confidence[at == b].mean(), right[at == b].mean())
        for b in range(bins)
        if (at == b).any()
    ]
    return pd.DataFrame(rows, columns=["low", "high", "cells", "predicted", "observed"])


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Mean distance of predicted and observed shares over the bins, weighted by their cells (0 is best)."""
    table = reliability(confidence, right, bins)
    return float((table["cells"] * (table["predicted"] - table["observed"]).abs()).sum() / table["cells"].sum())


def assess(probabilities: np.ndarray, classes: tuple[str, ...], labels: np.ndarray) -> dict[str, float]:
    """Figures of predictions for cells with known labels.

    Returns:
        cells, accuracy, log_loss (natural units; a label the model does not know counts with probability 1e-12) and
        calibration_error.
    """
    labels = np.asarray(labels, dtype=str)
    column = {name: i for i, name in enumerate(classes)}
    given = np.array([probabilities[i, column[name]] if name in column else 0.0 for i, name in enumerate(labels)])
    best = probabilities.argmax(axis=1)
    right = np.array(classes)[best] == labels
    return {
        "cells": float(len(labels)),
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(np.maximum(given, 1e-12)).mean()),
        "calibration_error": calibration_error(probabilities.max(axis=1), right),
    }
