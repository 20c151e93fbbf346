"""Made-up slides: same bits for the same seed, truth that fits the pixels, and blur that only loses cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.ctc.cells import cell_kinds
from diaspore.ctc.synth.slide import make_slide
from diaspore.ctc.synth.spec import Optics, SlideSpec
from diaspore.validation.cases import ctc_slides

SPEC = SlideSpec(tumour=30, leukocytes=250, debris=20, shape=(600, 640), kinds=ctc_slides.KINDS, clusters=0.4)


def test_same_seed_same_bits() -> None:
    one, again, other = make_slide(SPEC, seed=5), make_slide(SPEC, seed=5), make_slide(SPEC, seed=6)
    assert np.array_equal(one.images, again.images)
    pd.testing.assert_frame_equal(one.truth, again.truth)
    assert not np.array_equal(one.images, other.images)
    assert one.images.dtype == np.uint16
    assert one.images.shape == (4, 600, 640)


def test_truth_fits_masks_and_pixels() -> None:
    slide = make_slide(SPEC, seed=7)
    truth = slide.truth
    assert truth["tumour"].sum() == 30
    for k, cell in truth[truth["whole"] & ~truth["touches"]].iterrows():
        y, x = np.nonzero(slide.cells == k + 1)
        assert np.hypot(y.mean() - cell["y"], x.mean() - cell["x"]) < 1.0
        assert 2 * np.sqrt(len(y) / np.pi) * 0.65 == pytest.approx(cell["diameter_um"], rel=0.15)
    means = [slide.images[2][slide.cells == k + 1].mean() for k in truth.index]
    white = (truth["kind"] == "leukocyte").to_numpy()
    assert np.median(np.array(means)[white]) > 2 * np.median(np.array(means)[~white])
    assert ((slide.nuclei > 0) <= (slide.cells > 0)).all()


def test_cells_are_those_of_the_assays() -> None:
    truth = pd.concat([make_slide(SPEC, seed=seed).truth for seed in range(10, 18)])
    kinds = cell_kinds("breast")
    for name, wanted in kinds.items():
        cells = truth[truth["kind"] == name]
        error = 4 / np.sqrt(len(cells))
        assert np.median(np.log(cells["diameter_um"] / wanted.diameter)) == pytest.approx(0, abs=0.15 * error)
        assert np.median(np.log(cells["vimentin"] / wanted.vimentin)) == pytest.approx(0, abs=0.5 * error)
    clustered = truth[truth["tumour"] & (truth["cluster"] > 0)]
    assert clustered["touches"].mean() > 0.9
    assert (truth[~truth["tumour"]]["cluster"] > 0).any()  # leukocytes in clusters


def test_more_blur_never_finds_more() -> None:
    def recall(blur: float) -> tuple[int, int]:
        spec = SlideSpec(tumour=60, leukocytes=200, shape=(700, 700), optics=Optics(blur_um=blur, defocus_um=0.0))
        scores = [ctc_slides.score(make_slide(spec, seed=seed)) for seed in (21, 22)]
        return sum(one.found for one in scores), sum(one.free for one in scores)

    recalls = [recall(blur) for blur in (0.5, 1.5, 3.0, 5.0)]
    assert ctc_slides.rises(recalls) == 0
    assert recalls[0][0] > 0.9 * recalls[0][1]
    assert recalls[-1][0] < 0.7 * recalls[-1][1]


def test_rises_are_counted_beyond_two_standard_errors() -> None:
    assert ctc_slides.rises([(50, 100), (52, 100), (40, 100)]) == 0
    assert ctc_slides.rises([(50, 100), (80, 100), (95, 100)]) == 2


def test_mistakes() -> None:
    with pytest.raises(InputError, match="did you mean 'hybrid'"):
        SlideSpec(kinds={"hybrids": 1.0})
    with pytest.raises(InputError, match="must not be negative"):
        SlideSpec(tumour=-1)
    with pytest.raises(InputError, match="64 x 64"):
        SlideSpec(shape=(10, 100))


def test_slides_are_made_and_counted_from_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "s"
    run = CliRunner().invoke
    made = run(app, ["ctc", "synth", "--out", str(out), "--cells", "9", "--leukocytes", "200", "--fields", "2"])
    assert made.exit_code == 0, made.output
    truth = pd.read_csv(out / "truth.csv")
    assert truth["tumour"].sum() == 9
    assert sorted(file.name for file in out.iterdir()) == [
        "channels.yaml", "tile-000.ome.tif", "tile-001.ome.tif", "truth.csv",
    ]  # fmt: skip
    for extra in ([], ["--channels", str(out / "channels.yaml")]):
        done = run(app, ["ctc", "count", str(out), "-o", str(tmp_path / f"c{len(extra)}"), "--gallery", "3", *extra])
        assert done.exit_code == 0, done.output
        assert "tumour" in done.output
    assert run(app, ["ctc", "synth", "--out", str(out)]).exit_code == 2
