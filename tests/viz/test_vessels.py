"""Pictures of vessels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diaspore.core.errors import InputError
from diaspore.fields.grid import Grid
from diaspore.viz.style import save_png
from diaspore.viz.vessels import COLOURS, vessels
from tests.tissue.vessels.common import FLAT, StandIn
from tests.tissue.vessels.common import vessels as begun

LYMPH = {"parent": {"face": "y_low", "axis": "x", "distance": "50 um"}, "kind": "lymph"}
BLIND = {"line": [["300 um", "100 um", "10 um"], ["300 um", "500 um", "10 um"]], "pressure_in": "none",
         "pressure_out": "none"}  # fmt: skip


def shot(grid: Grid, *layout: dict[str, Any]) -> dict[str, np.ndarray]:
    stand_in = StandIn(grid).gradient("vegf", 5.0)
    part = begun(stand_in, {"layout": list(layout)})
    part.graph.add_tip(part.graph.nodes - 1, part.graph.segments - 1, 0, np.zeros(3))
    arrays = {name: variable.values for name, variable in part.variables().items()}
    return arrays | {n: grid.centres(a) for a, n in enumerate("zyx")} | {"substance_vegf": stand_in.u[1]}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("substance", [None, "vegf"])
def test_pictures_are_drawn_and_repeat(colour: Any, substance: str | None, tmp_path: Path) -> None:
    arrays = shot(FLAT, {"lattice": {}}, LYMPH, BLIND)
    files = []
    for k in range(2):
        figure = vessels(arrays, colour, substance, "ng/mL", subtitle="test")
        files.append(save_png(figure, tmp_path / f"{k}.png"))
        labels = {axes.get_ylabel() for axes in figure.axes}
        assert "y, µm" in labels
        assert ("vegf, ng/mL" in labels) == (substance is not None)
        assert ("flow, nl/min" in labels) == (colour == "flow")
    assert files[0].read_bytes() == files[1].read_bytes()
    pixels = np.asarray(Image.open(files[0]).convert("RGB")).astype(int)
    olive = np.abs(pixels - [153, 153, 51]).sum(axis=2) < 12
    assert olive.sum() > 500  # the lymph vessel


def test_a_slab_of_three_dimensions_and_vessels_without_flow(tmp_path: Path) -> None:
    grid = Grid((10, 30, 30), 20.0)
    arrays = shot(grid, {"lattice": {}}, BLIND)
    whole, thin = (vessels(arrays, "flow", slab=s) for s in (None, 30.0))
    counts = [sum(len(c.get_paths()) for c in figure.axes[0].collections) for figure in (whole, thin)]
    assert counts[1] < counts[0]
    still = shot(FLAT, BLIND)
    save_png(vessels(still, "flow"), tmp_path / "still.png")


def test_width_is_the_diameter() -> None:
    arrays = shot(FLAT, {"parallel": {"axis": "x", "spacing": "300 um"}, "diameter": "30 um"})
    figure = vessels(arrays, "perfused")
    box = figure.axes[0].collections[2].get_paths()[0].get_extents()
    assert box.height == pytest.approx(30.0)


def test_mistakes_name_what_is_allowed() -> None:
    arrays = shot(FLAT, BLIND)
    with pytest.raises(InputError, match="did you mean 'flow'"):
        vessels(arrays, "flwo")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="did you mean 'vegf'"):
        vessels(arrays, "flow", "vgef")
