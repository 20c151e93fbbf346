"""Pressures of lymph vessels where none are given."""

from __future__ import annotations

from diaspore.core.spec import validate
from diaspore.knowledge.load import fact
from diaspore.tissue.vessels.spec_layout import LayoutSpec

LINE = [["0 um", "-200 um"], ["0 um", "200 um"]]


def test_lymph_has_pressures_of_its_own() -> None:
    blood, lymph = (validate(LayoutSpec, {"kind": kind, "line": LINE}) for kind in ("blood", "lymph"))
    assert blood.pressure_in == fact("vessels.pressure_in").value
    assert lymph.pressure_in == fact("vessels.lymph_pressure_in").value < 0.1
    assert lymph.pressure_out == 0.0
    given = validate(LayoutSpec, {"kind": "lymph", "line": LINE, "pressure_in": "1 mmHg", "pressure_out": "none"})
    assert (given.pressure_in, given.pressure_out) == (1.0, "none")
    assert validate(LayoutSpec, lymph.model_dump(mode="json", exclude_none=True)) == lymph


def test_speed_is_that_of_initial_lymphatics() -> None:
    drop, radius, length, viscosity = fact("vessels.lymph_pressure_in").value * 133.3, 10e-6, 400e-6, 1.5e-3
    assert 5e-6 < drop * radius**2 / (8.0 * viscosity * length) < 50e-6
