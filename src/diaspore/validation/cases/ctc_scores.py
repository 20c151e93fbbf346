"""Scores of epithelial and mesenchymal expression on matrices small enough for paper."""

from __future__ import annotations

import numpy as np

from diaspore.ctc.rna.emt import gs76_scores, ks_scores
from diaspore.validation.registry import Result

KINDS = np.array([False, False, False, True, True, True])
CELLS = 200


def run() -> Result:
    """Three cells with three genes of each kind, three samples with CDH1 and two genes, and 200 random cells."""
    above = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    below = above[:, ::-1]
    between = np.array([[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]])
    result = Result()
    result.add("ks_all_mesenchymal_above", ks_scores(above, KINDS).score[0])
    result.add("ks_all_epithelial_above", ks_scores(below, KINDS).score[0])
    result.add("ks_interleaved", ks_scores(between, KINDS).score[0])
    cdh1 = np.array([0.0, 1.0, 2.0])
    samples = np.column_stack([cdh1, cdh1, 2.0 - cdh1])
    result.add("gs76_three_samples", gs76_scores(samples, 0).score[2])
    values = np.random.default_rng(1).poisson(2.0, (CELLS, 218)).astype(float)
    mesenchymal = np.arange(218) >= 170
    before = ks_scores(values, mesenchymal).score
    changes = [ks_scores(np.log1p(values), mesenchymal).score, ks_scores(values**3, mesenchymal).score]
    result.add("ks_is_by_rank", max(float(np.abs(after - before).max()) for after in changes))
    return result
