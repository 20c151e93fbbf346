"""Values that are each in range but impossible together are refused with a message, not turned into nan."""

from __future__ import annotations

from typing import Any

import pytest

from diaspore.core.errors import InputError
from tests.body.common import compiled, patient

IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "held cells that never leave": {
        "blood.extravasation_rate.default": "0 1/day",
        "blood.release_rate.default": "0 1/day",
        "blood.held_death": "0 1/day",
        "blood.nk_death": "0 1/day",
    },
    "a doubling time beyond the limiting size": {"growth.carrying_capacity": "4000 mm**3"},
    "floating cells without a fate": {
        "cavity.attachment_rate": "0 1/day",
        "cavity.anoikis_rate": "0 1/day",
        "cavity.clearance_rate": "0 1/day",
    },
    "vessels at the limiting size": {
        "angiogenesis.avascular_diameter": "10 mm",
        "growth.carrying_capacity": "1e3 mm**3",
    },
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_together(name: str) -> None:
    with pytest.raises(InputError):
        compiled(patient(IMPOSSIBLE[name], primary={"site": "breast"}))


@pytest.mark.parametrize("size", ["1 mm", "400 mm"])
def test_a_primary_that_cannot_arise(size: str) -> None:
    with pytest.raises(InputError, match="diameter_at_diagnosis"):
        compiled(patient(primary={"site": "breast", "diameter_at_diagnosis": size}))


def test_changed_parameters_reach_the_model() -> None:
    """Words, numbers, quantities with their own unit, a default, a site and a spread."""
    c = compiled(
        patient(
            {
                "growth.law": "logistic",
                "dormancy.exit_rate": "0.1 1/year",
                "fate.active_fraction": 0.5,
                "niche.strength.default": 0.1,
                "niche.strength.liver": 0.9,
                "growth.doubling_time.spread": 0.2,
                "mortality.lethal_total": "2 L",
            }
        )
    )
    par = c.model.par[0]
    assert par["law"] == 1
    assert par["dormancy_exit_rate"] == pytest.approx(0.1 / 365.25)
    assert par["fate_active_fraction"] == 0.5
    assert par["niche_strength"][1] == 0.9
    assert set(par["niche_strength"].tolist()) == {0.1, 0.9}
    assert par["growth_doubling_time_spread"] == 0.2
    assert par["mortality_lethal_total"] == pytest.approx(2e6)
    assert c.values.changed == tuple(sorted(c.values.changed))
