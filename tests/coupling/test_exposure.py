"""Drugs and factors that the body sends into the blood of a tissue."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.core.messages import Exposure
from diaspore.core.simulate import simulate
from diaspore.core.spec import spec_from_dict
from diaspore.coupling.exposure import with_exposure
from diaspore.tissue.spec import TissueSpec

SIDE = ["-60 um", "60 um"]
TISSUE: dict[str, Any] = {
    "schema_version": 1, "kind": "tissue", "name": "patch", "duration": "3 day", "save_every": "12 h",
    "domain": {"x": SIDE, "y": SIDE}, "cell_types": {"tumour": {}},
    "substances": {"drug": {"unit": "ng/mL", "pace": "steady", "diffusion": "1e4 um**2/min", "decay": "0.001 1/min"}},
    "vessels": {
        "layout": [{"parallel": {"axis": "x", "spacing": "60 um"}}],
        "exchange": {"drug": {"level": "0 ng/mL", "permeability": "1000 um/min"}},
    },
}  # fmt: skip
DOSES = Exposure(
    "drug", "ug/mL", np.array([10.0, 11.0, 12.0]), ("lung", "brain"), np.array([[2.0, 0.1], [1.0, 0.05], [0.0, 0.0]])
)


def tissue() -> TissueSpec:
    spec = spec_from_dict(TISSUE)
    assert isinstance(spec, TissueSpec)
    return spec


def test_levels_of_the_site_come_into_the_tissue_day_by_day() -> None:
    found = with_exposure(tissue(), DOSES, "lung", begin=10.0)
    assert found.vessels is not None
    assert found.vessels.exchange["drug"].level == "2000 ng/mL"
    assert [time for time, _ in found.vessels.exchange["drug"].course] == [1440.0, 2880.0]
    counts = simulate(found, seed=1, threads=1, quiet=True).table("counts").set_index("hours")
    assert counts.loc[12, "drug mean"] == pytest.approx(2000.0, rel=0.02)
    assert counts.loc[36, "drug mean"] == pytest.approx(1000.0, rel=0.02)
    assert counts.loc[60, "drug mean"] == pytest.approx(0.0, abs=1.0)
    brain = with_exposure(tissue(), DOSES, "brain", begin=11.0)
    assert brain.vessels is not None
    assert brain.vessels.exchange["drug"].level == "50 ng/mL"


def test_mistakes() -> None:
    with pytest.raises(InputError, match="lung"):
        with_exposure(tissue(), DOSES, "lungs")
    with pytest.raises(InputError, match="drug"):
        with_exposure(tissue(), DOSES, "lung", "drag")
    wrong = Exposure("drug", "um", DOSES.days, DOSES.sites, DOSES.concentration)
    with pytest.raises(InputError, match="unit of drug"):
        with_exposure(tissue(), wrong, "lung")
