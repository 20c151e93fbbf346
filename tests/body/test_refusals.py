"""Values that are each in range but impossible together are refused with a message, not turned into nan."""

from __future__ import annotations

from typing import Any

import pytest

from diaspore.core.errors import InputError
from diaspore.core.spec import spec_from_dict
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


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("blood.extravasation_rate.meninges", "brain"),
        ("blood.shunt.pleura", "muscle"),
        ("blood.capillary_diameter.regional_nodes", "distant_nodes"),
    ],
)
def test_vessels_of_a_site_without_a_bed_of_its_own(key: str, other: str) -> None:
    """Such a value would change nothing, so it is refused in patients and in groups of a cohort."""
    value = "3 1/day" if "rate" in key else "9 um" if "diameter" in key else 0.1
    stem = key.rpartition(".")[0]
    head = {"schema_version": 1, "name": "x", "patients": 2}
    cohort = {**head, "kind": "cohort", "groups": [{"name": "a", "share": 1, "change": {key: value}}]}
    for data in (patient({key: value}), cohort):
        with pytest.raises(InputError, match=f"the value of {other} holds for both") as caught:
            spec_from_dict(data)
        assert str(caught.value.field).endswith(f"change.{key}")
        assert caught.value.nearest == f"{stem}.{other}"


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


def test_operations_that_overlap() -> None:

    data = {"schema_version": 1, "kind": "patient", "name": "x", "surgery": {"primary": {"at": "30 day"}}}
    for day in ("33 day", "36.9 day"):
        with pytest.raises(InputError, match="days after that of 'primary'"):
            spec_from_dict(data | {"surgery": {"primary": {"at": "30 day"}, "nodes": {"at": day}}})
    for day in ("30 day", "37 day", "20 day"):
        spec_from_dict(data | {"surgery": {"primary": {"at": "30 day"}, "nodes": {"at": day}}})
