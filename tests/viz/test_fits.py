"""Pictures of fits, from the artefacts that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diaspore.inference.artefact import Artefact, shipped
from diaspore.inference.fits import fit_names
from diaspore.viz import fit_tropism
from diaspore.viz.fit import MODULES, draw

SHIPPED = {"seer": "seer-2026.1", "tropism": "tropism-2026.1"}


@pytest.fixture(scope="module")
def tropism() -> Artefact:
    return shipped(SHIPPED["tropism"])


@pytest.mark.parametrize("name", SHIPPED)
def test_every_fit_has_pictures(name: str, tmp_path: Path) -> None:
    assert name in MODULES
    assert name in fit_names()
    paths = draw(shipped(SHIPPED[name]), tmp_path)
    assert {p.name for p in paths} >= {"posterior_predictive.png", "ridge.png"}
    assert all(p.stat().st_size > 20_000 for p in paths)


def test_left_out_shows_the_shipped_errors(tropism: Artefact) -> None:
    figure = fit_tropism.left_out(tropism)
    observed, left_out, _bar, errors = figure.axes
    assert np.ma.count(observed.images[0].get_array()) == tropism.header["cells"]
    assert left_out.images[0].get_array().shape == (27, 20)
    widths = [p.get_width() for p in errors.patches[20:]]  # the model's bars
    model = np.array(tropism.header["units"]["rule"]["left_out"]["model"]["shares"], dtype=float)
    away = 100 * np.abs(model - np.array(tropism.header["observed"], dtype=float))
    np.testing.assert_allclose(sorted(widths), sorted(np.nanmean(away, axis=0)))


def test_points_outside_are_those_of_the_artefact(tropism: Artefact) -> None:
    unit = tropism.header["units"]["for_soils"]
    fitted, left_out, _by_primary = fit_tropism.posterior_predictive(tropism).axes
    for axes, part in ((fitted, unit["predictive"]), (left_out, unit["left_out"]["predictive"])):
        inside, outside = (len(c.get_offsets()) for c in axes.collections[-2:])
        assert inside + outside == tropism.header["cells"]
        assert inside / (inside + outside) == pytest.approx(part["inside"]["0.95"])


def test_ridge_shows_the_correlation_of_the_level(tropism: Artefact) -> None:
    level, weakest, matrix, _bar = fit_tropism.ridge(tropism).axes
    x, y = np.asarray(level.collections[0].get_offsets()).T
    found = tropism.header["units"]["for_soils"]["ridge"]
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(found["mean_with_average_site"]["correlation"])
    assert weakest.patches[0].get_width() == max(found["sd_over_prior"].values())
    assert matrix.images[0].get_array().shape == (49, 49)
