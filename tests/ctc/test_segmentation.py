"""Loops over pixels against scipy and scikit-image, and what segmentation must do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate1d, distance_transform_edt, gaussian_filter
from skimage.measure import label

from diaspore.core.errors import InputError
from diaspore.ctc.images.background import background
from diaspore.ctc.images.kernels.outline import grown, kept, own_threshold
from diaspore.ctc.images.kernels.smooth import level, smoothed
from diaspore.ctc.images.kernels.split import basins, distances
from diaspore.ctc.images.plugins import segmenter
from diaspore.ctc.images.segmentation import Segmentation, cells, filled, nuclei


def discs(shape: tuple[int, int], *places: tuple[float, float, float]) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.any([np.hypot(y - v, x - u) <= r for v, u, r in places], axis=0)


def test_distances_are_exact() -> None:
    rng = np.random.default_rng(1)
    mask = gaussian_filter(rng.standard_normal((150, 170)), 3) > -0.02
    mask[[0, -1]] = mask[:, [0, -1]] = False  # beyond the edge counts as inside here, as outside there
    np.testing.assert_allclose(distances(mask), distance_transform_edt(mask), rtol=1e-6)


def test_a_field_that_is_one_object_takes_no_hours() -> None:
    assert distances(np.ones((400, 400), dtype=bool)).max() == 255


def test_smoothing_is_the_binomial_window_less_the_background() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 60_000, (200, 260)).astype(np.uint16)
    found = background(image)
    window = np.array([1, 4, 6, 4, 1]) / 16
    plain = correlate1d(
        correlate1d(image.astype(float), window, axis=0, mode="nearest"), window, axis=1, mode="nearest"
    )
    under = found.image(image.shape)
    np.testing.assert_allclose(smoothed(image, found.grid), plain - under, atol=0.05)
    tile = [n / m for n, m in zip(image.shape, found.grid.shape, strict=True)]
    assert level(found.grid, 77, 133, *tile) == pytest.approx(under[77, 133])


def test_background_is_that_of_the_dark_pixels() -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:512, :512]
    true = 300.0 + 0.2 * x + 0.1 * y
    image = true + rng.normal(0.0, 12.0, true.shape)
    image[discs(image.shape, *[(v, u, 9.0) for v in range(15, 512, 26) for u in range(15, 512, 26)])] += 900.0
    found = background(np.rint(image).astype(np.uint16))
    wrong = (found.image(image.shape) - true)[32:-32, 32:-32]  # level beyond the centres of the outer tiles
    assert np.abs(wrong).max() < 1.5 * 12.0  # although cells cover a third of the field
    assert found.noise == pytest.approx(12.0, rel=0.35)


def test_touching_discs_are_two_and_a_wavy_one_is_one() -> None:
    apart = discs((60, 90), (30, 30, 12), (30, 51, 12))
    assert basins(distances(apart), 0.75, 0.12).max() == 2
    assert basins(distances(discs((60, 90), (30, 30, 12), (30, 34, 12))), 0.75, 0.12).max() == 1
    both = basins(distances(apart), 0.75, 0.12)
    assert both[30, 30] == 1
    assert both[30, 51] == 2
    assert np.array_equal(both > 0, apart)


def test_basins_are_connected_pieces_where_nothing_splits() -> None:
    rng = np.random.default_rng(4)
    mask = gaussian_filter(rng.standard_normal((120, 120)), 2) > 0.1
    found = basins(mask.astype(np.float32), 2.0, 0.1)
    wanted = label(mask, connectivity=2)
    assert found.max() == wanted.max()
    assert len(np.unique(np.stack([found[mask], wanted[mask]], axis=1), axis=0)) == wanted.max()


def test_small_and_large_objects_are_left_out_and_holes_filled() -> None:
    mask = discs((80, 80), (20, 20, 3), (50, 50, 12))
    labels = label(mask).astype(np.int32)
    found, count = kept(labels, 2, 100, 1000)
    assert count == 1
    assert found[50, 50] == 1
    assert found[20, 20] == 0
    ring = mask & ~discs((80, 80), (50, 50, 4))
    assert np.array_equal(filled(ring, 100), mask)
    assert np.array_equal(filled(ring, 10), ring)


def test_an_object_ends_at_a_share_of_its_own_brightness() -> None:
    values = np.zeros((40, 80), np.float32)
    for u, top in ((20, 1000.0), (60, 100.0)):
        values += np.where(discs((40, 80), (20, u, 10)), top, 0.0) + np.where(
            discs((40, 80), (20, u, 13)), 0.2 * top, 0.0
        )
    labels = label(values > 1).astype(np.int32)
    mask = own_threshold(values, labels, 2, 0.45, 64)
    assert np.array_equal(mask, discs((40, 80), (20, 20, 10), (20, 60, 10)))


def test_cells_grow_around_nuclei_and_further_where_there_is_stain() -> None:
    nucleus = label(discs((80, 120), (40, 30, 6), (40, 90, 6))).astype(np.int32)
    stain = discs((80, 120), (40, 90, 14))
    found = grown(nucleus, stain, 2.0, 10.0)
    first, second = np.flatnonzero(found[40] == 1), np.flatnonzero(found[40] == 2)
    assert (first[0], first[-1]) == (30 - 8, 30 + 8)
    assert (second[0], second[-1]) == (90 - 14, 90 + 14)
    assert np.array_equal(found[nucleus > 0], nucleus[nucleus > 0])
    near = grown(label(discs((40, 60), (20, 20, 5), (20, 34, 5))).astype(np.int32), np.ones((40, 60), bool), 9.0, 9.0)
    assert set(near[20, 15:27]) == {1}
    assert set(near[20, 28:40]) == {2}
    assert np.array_equal(
        cells(nucleus, stain, stain.astype(np.float32), 0.5, Segmentation(around_um=1.0, farthest_um=5.0)), found
    )


@pytest.mark.parametrize("method", ["own", "otsu", "triangle"])
def test_nuclei_are_found_in_uneven_light(method: str) -> None:
    rng = np.random.default_rng(5)
    places = [(v, u, 8.0) for v in range(20, 250, 30) for u in range(20, 250, 30)]
    light = np.linspace(0.6, 1.2, 256)
    image = rng.poisson(150 + 1200 * gaussian_filter(discs((256, 256), *places).astype(float), 1.0) * light)
    found = nuclei(image.astype(np.uint16), 0.65, Segmentation(method=method))
    assert found.max() == len(places)


@pytest.mark.parametrize("value", [0, 200, 65535])
def test_an_empty_or_full_field_has_no_nuclei(value: int) -> None:
    assert nuclei(np.full((128, 128), value, np.uint16), 0.65).max() == 0


def test_unknown_ways_are_told() -> None:
    with pytest.raises(InputError, match="did you mean 'otsu'"):
        Segmentation(method="otzu")
    with pytest.raises(InputError, match="did you mean 'stardist'"):
        segmenter("star-dist")
    with pytest.raises(InputError, match="pip install cellpose"):
        segmenter("cellpose")
