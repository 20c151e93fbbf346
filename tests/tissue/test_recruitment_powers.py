"""Recruitment at rates that follow powers of levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.tissue.parts.recruitment import LEAST
from tests.tissue.common import simulation

HELP, HARM = 4.0, 9.0


def _scene(**more: Any) -> dict[str, Any]:
    still = {"unit": "dimensionless", "pace": "still"}
    entry = {"type": "tumour", "through": "tissue", "rate": "1e-7 1/(um**3*min)"} | more
    return {
        "domain": {"x": ["-100 um", "100 um"], "y": ["-100 um", "100 um"], "spacing": "50 um"},
        "substances": {"help": still | {"initial": HELP}, "harm": still | {"initial": HARM}},
        "cell_types": {"tumour": {"cycle": {"model": "none"}}}, "cells": [], "recruitment": [entry],
    }  # fmt: skip


def test_rate_is_a_product_of_powers() -> None:
    s = simulation(**_scene(follows={"help": 1.5, "harm": -0.5}))
    s.u[0].reshape(-1)[3] = 0.0
    weights = s.part("recruitment")._weights(s, 0)
    volume = s.scene.grid.voxel_volume
    usual = volume * HELP**1.5 * HARM**-0.5
    expected = np.full(s.scene.grid.size, usual)
    expected[3] = volume * LEAST**1.5 * HARM**-0.5
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


def test_mean_number_that_comes_in() -> None:
    found = []
    for seed in range(1, 31):
        s = simulation(seed, **_scene(follows={"help": 1.5, "harm": -0.5}))
        s.run(5)
        found.append(s.cells.count)
    mean = 1e-7 * 30.0 * s.scene.grid.size * s.scene.grid.voxel_volume * HELP**1.5 * HARM**-0.5
    assert abs(np.mean(found) - mean) < 4.0 * np.sqrt(mean / 30.0)


def test_unknown_substances_and_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="harn"):
        simulation(**_scene(follows={"harn": 1.0}))
    with pytest.raises(InputError, match="goes with a rate"):
        simulation(**_scene(follows={"harm": 1.0}, rate=None, number=5))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rate": "-1e-7 1/(um**3*min)"}, "from 0 to 0.01"), ({"rate": "1e3 1/(um**3*min)"}, "from 0 to 0.01"),
        ({"most": "-1 1/mm**3"}, "at least 0"),
    ],
)  # fmt: skip
def test_rates_and_ceilings_that_nothing_has_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        simulation(**_scene(**fields))


def test_no_more_come_in_than_have_room() -> None:
    s = simulation(**_scene(rate="1e-3 1/(um**3*min)", most="1e4 1/mm**3"))
    s.run(3)
    assert 0 < s.cells.count <= 1e4 * s.scene.grid.size * s.scene.grid.voxel_volume * 1e-9 + 1
