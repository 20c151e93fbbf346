"""KS and 76GS against scipy and cases worked by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import ks_2samp, mannwhitneyu

from diaspore.core.errors import InputError
from diaspore.ctc.rna.axes import _position
from diaspore.ctc.rna.emt import gs76_scores, ks_scores

RNG = np.random.default_rng(11)
MESENCHYMAL = np.arange(60) >= 40


def _cells(ties: bool) -> np.ndarray:
    values = RNG.normal(size=(200, 60)) + np.outer(np.linspace(-1, 1, 200), MESENCHYMAL)
    return np.round(values) if ties else values


@pytest.mark.parametrize("ties", [False, True])
def test_ks_agrees_with_scipy(ties: bool) -> None:
    values = _cells(ties)
    found = ks_scores(values, MESENCHYMAL)
    for cell, score in zip(values, found.score, strict=True):
        m, e = cell[MESENCHYMAL], cell[~MESENCHYMAL]
        up = ks_2samp(m, e, alternative="less").statistic  # F_M < F_E: mesenchymal genes higher
        down = ks_2samp(m, e, alternative="greater").statistic
        assert abs(score) == pytest.approx(max(up, down), abs=1e-12)
        if abs(up - down) > 1e-9:
            assert (score > 0) == (up > down)
    cell = values[-1]
    limit = ks_2samp(cell[MESENCHYMAL], cell[~MESENCHYMAL], alternative="less", method="asymp").pvalue
    # scipy corrects the limit for few genes; ours is the plain one.
    assert found.mesenchymal[-1] == pytest.approx(limit, rel=0.6)


def test_signs() -> None:
    values = np.vstack([np.where(MESENCHYMAL, 2.0, 1.0), np.where(MESENCHYMAL, 1.0, 2.0), np.zeros(60)])
    found = ks_scores(values, MESENCHYMAL)
    assert found.score.tolist() == [1.0, -1.0, 0.0]
    assert found.mesenchymal[0] < 1e-6 < found.epithelial[0]
    assert found.epithelial[1] < 1e-6 < found.mesenchymal[1]


def test_both_sides_significant_takes_the_epithelial_one_first() -> None:
    # Mesenchymal genes at both ends: the rule of the published program looks at the epithelial side first.
    mesenchymal = np.arange(300) >= 150
    values = np.concatenate([np.full(150, 5.0), np.full(70, 0.0), np.full(80, 9.0)])[None, :]
    found = ks_scores(values, mesenchymal)
    assert found.mesenchymal[0] < 0.05
    assert found.epithelial[0] < 0.05
    assert found.score[0] == pytest.approx(-70 / 150)


def test_equal_distances_count_as_mesenchymal() -> None:
    assert ks_scores(np.array([[2.0, 3.0, 1.0, 4.0]]), np.array([False, False, True, True])).score[0] == 0.5


def test_ks_depends_on_ranks_only_and_not_on_the_order_of_genes() -> None:
    values = _cells(True)
    score = ks_scores(values, MESENCHYMAL).score
    np.testing.assert_array_equal(ks_scores(np.exp(values), MESENCHYMAL).score, score)
    np.testing.assert_array_equal(ks_scores(3.0 * values - 7.0, MESENCHYMAL).score, score)
    order = RNG.permutation(60)
    np.testing.assert_allclose(ks_scores(values[:, order], MESENCHYMAL[order]).score, score, atol=1e-12)


def test_ks_needs_both_kinds() -> None:
    with pytest.raises(InputError, match="both kinds"):
        ks_scores(np.zeros((2, 3)), np.ones(3, dtype=bool))


def test_ks_of_ten_thousand_cells_is_quick() -> None:
    values = RNG.poisson(1.0, (10_000, 300)).astype(float)
    begin = time.perf_counter()
    ks_scores(values, np.arange(300) < 60)
    assert time.perf_counter() - begin < 10.0


def test_76gs_weights_are_correlations() -> None:
    values = RNG.normal(size=(50, 4))
    values[:, 2] = 3.0
    found = gs76_scores(values, 1)
    for gene in (0, 1, 3):
        assert found.weights[gene] == pytest.approx(np.corrcoef(values[:, gene], values[:, 1])[0, 1])
    assert found.constant.tolist() == [False, False, True, False]
    assert found.weights[2] == 0.0
    assert found.score.mean() == pytest.approx(0.0, abs=1e-12)
    by_hand = values @ found.weights
    np.testing.assert_allclose(found.score, by_hand - by_hand.mean())
    order = [3, 1, 0, 2]
    np.testing.assert_allclose(gs76_scores(values[:, order], 1).score, found.score)


def test_76gs_has_no_noise() -> None:
    values = RNG.normal(size=(20, 5))
    np.testing.assert_array_equal(gs76_scores(values, 0).score, gs76_scores(values, 0).score)


def test_76gs_needs_samples_and_a_cdh1_that_varies() -> None:
    with pytest.raises(InputError, match="at least 3"):
        gs76_scores(np.ones((2, 3)), 0)
    values = RNG.normal(size=(5, 3))
    values[:, 0] = 2.0
    with pytest.raises(InputError, match="does not vary"):
        gs76_scores(values, 0)


def test_an_axis_is_the_rank_sum_statistic() -> None:
    inside, outside = RNG.poisson(1.5, (5, 12)).astype(float), RNG.poisson(1.0, (5, 200)).astype(float)
    value, z = _position(inside, np.sort(outside, axis=1))
    for i in range(5):
        test = mannwhitneyu(inside[i], outside[i], use_continuity=False, alternative="greater", method="asymptotic")
        assert value[i] == pytest.approx(test.statistic / (12 * 200))
        from scipy.stats import norm

        assert norm.sf(z[i]) == pytest.approx(test.pvalue)
