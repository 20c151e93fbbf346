"""The picture of the tropism fit, from the artefact that ships."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np

from diaspore.viz.tropism import tropism


def test_picture_shows_the_shipped_errors() -> None:
    file = resources.files("diaspore.knowledge") / "fits" / "tropism-2026.1" / "fit.json"
    artefact = json.loads(file.read_text("utf-8"))
    figure = tropism(artefact)
    observed, left_out, _bar, errors = figure.axes
    assert np.ma.count(observed.images[0].get_array()) == artefact["data"]["cells"]
    assert left_out.images[0].get_array().shape == (27, 20)
    widths = [p.get_width() for p in errors.patches[20:]]  # the model's bars
    model = np.array(artefact["rule"]["left_out"]["model"]["shares"], dtype=float)
    away = 100 * np.abs(model - np.array(artefact["observed"], dtype=float))
    np.testing.assert_allclose(sorted(widths), sorted(np.nanmean(away, axis=0)))
