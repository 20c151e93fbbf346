"""Every feature against scikit-image and NumPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from skimage.measure import regionprops

from diaspore.ctc.images.background import background
from diaspore.ctc.images.features import STAINED, Measured, columns, measure
from diaspore.ctc.synth.slide import Slide, make_slide
from diaspore.ctc.synth.spec import SlideSpec

PX = 0.65


@pytest.fixture(scope="module")
def slide() -> Slide:
    return make_slide(SlideSpec(tumour=20, leukocytes=150, debris=20, shape=(500, 460)), seed=11)


@pytest.fixture(scope="module")
def measured(slide: Slide) -> Measured:
    return measure(slide.frame("a"))


def test_all_columns_are_there_for_every_nucleus(measured: Measured) -> None:
    names = ("dna", "cytokeratin", "cd45", "vimentin")
    assert list(measured.events.columns) == ["tile", "label", "x", "y", "edge", *columns(names)]
    assert list(measured.events["label"]) == list(range(1, measured.nuclei.max() + 1))
    assert not measured.events.isna().any().any()


def test_shapes_are_those_of_scikit_image(measured: Measured) -> None:
    events = measured.events.set_index("label")
    for part, labels in (("nucleus", measured.nuclei), ("cell", measured.cells)):
        for one in regionprops(labels):
            row = events.loc[one.label]
            assert row[f"{part}_area_um2"] == pytest.approx(one.area * PX**2, rel=1e-5)
            assert row[f"{part}_perimeter_um"] == pytest.approx(one.perimeter * PX, rel=1e-5)
            assert row[f"{part}_p2a"] == pytest.approx(one.perimeter**2 / (4 * np.pi * one.area), rel=1e-5)
            assert row[f"{part}_eccentricity"] == pytest.approx(one.eccentricity, abs=2e-3)
            if part == "nucleus":
                assert (row["y"], row["x"]) == pytest.approx(one.centroid, rel=1e-5)


def test_brightness_is_that_of_numpy(slide: Slide, measured: Measured) -> None:
    for k, name in enumerate(slide.spec.channels):
        under = background(slide.images[k])
        flat = slide.images[k] - under.image(slide.images[k].shape)
        for row in measured.events.iloc[::5].itertuples():
            nucleus = measured.nuclei == row.label
            inside = nucleus if name == "dna" else measured.cells == row.label
            pixels = flat[inside]
            stained = flat > STAINED * under.noise
            wanted = {
                "mean": pixels.mean(), "max": pixels.max(), "sd": pixels.std(), "mass": pixels.sum(),
                "area_um2": (stained & inside).sum() * PX**2, "overlap": stained[nucleus].mean(),
                "snr": pixels.mean() / under.noise,
            }  # fmt: skip
            for what, value in wanted.items():
                assert getattr(row, f"{name}_{what}") == pytest.approx(value, rel=1e-4, abs=1e-3), (name, what)


def test_focus_is_the_relative_gradient(slide: Slide, measured: Measured) -> None:
    from diaspore.ctc.images.kernels.smooth import smoothed

    flat = smoothed(slide.images[0], background(slide.images[0]).grid).astype(float)
    padded = np.pad(flat, 1, mode="edge")
    gy, gx = 0.5 * (padded[2:, 1:-1] - padded[:-2, 1:-1]), 0.5 * (padded[1:-1, 2:] - padded[1:-1, :-2])
    for row in measured.events.iloc[::7].itertuples():
        nucleus = measured.nuclei == row.label
        wanted = (gy[nucleus] ** 2 + gx[nucleus] ** 2).mean() / flat[nucleus].mean() ** 2 / PX**2
        assert row.focus == pytest.approx(wanted, rel=1e-4)


def test_cells_at_the_edge_and_cells_that_touch_are_known(measured: Measured) -> None:
    labels = measured.cells
    rim = set(labels[[0, -1]].ravel()) | set(labels[:, [0, -1]].ravel())
    assert set(measured.events.loc[measured.events["edge"], "label"]) == rim - {0}
    pairs: dict[tuple[int, int], int] = {}
    for a, b in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        meets = (a != b) & (a > 0) & (b > 0)
        for one, other in zip(a[meets], b[meets], strict=True):
            key = (int(min(one, other)), int(max(one, other)))
            pairs[key] = pairs.get(key, 0) + 1
    table = measured.contacts
    found = {(int(a), int(b)): c for a, b, c in zip(table["first"], table["second"], table["border_um"], strict=True)}
    assert found == pytest.approx({key: count * PX for key, count in pairs.items()})
    assert (table["keratin_um"] <= table["border_um"] + 1e-9).all()


def test_an_empty_field_has_no_events() -> None:
    slide = make_slide(SlideSpec(tumour=0, leukocytes=0, debris=0, shape=(200, 200)), seed=1)
    found = measure(slide.frame())
    assert len(found.events) == 0
    assert len(found.contacts) == 0


def test_another_segmenter_can_be_used(slide: Slide) -> None:
    def squares(image: np.ndarray, /) -> np.ndarray:
        labels = np.zeros(image.shape, dtype=np.uint8)
        labels[10:20, 10:20] = 1
        labels[40:50, 40:52] = 2
        return labels

    events = measure(slide.frame(), segmenter=squares).events
    assert isinstance(events, pd.DataFrame)
    assert list(events["nucleus_area_um2"]) == pytest.approx([100 * PX**2, 120 * PX**2])
