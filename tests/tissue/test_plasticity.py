"""Epithelial-mesenchymal plasticity: stable states, hysteresis, order, and what carries it through division."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.tissue.parts.plasticity import phenotype_of
from diaspore.tissue.processes.plasticity import advanced, drift
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from tests.tissue.common import scene, simulation


def settled(start: float, drive: float, gap: float = 1.0) -> float:
    state = start
    for _ in range(4000):
        state = advanced(state, drive, gap, 1440.0, 60.0)
    return state


def tissue(**changes: Any) -> Simulation:
    cell: dict[str, Any] = {"plasticity": {"drive": 0.0, "time": "6 h"}, "cycle": {"model": "none"}}
    data: dict[str, Any] = {
        "substances": {},
        "cell_types": {"tumour": cell},
        "cells": [{"type": "tumour", "at": [[0, 0, 0]]}],
    }
    data["cells"] = [{"type": "tumour", "sphere": {"radius": "40 um"}}]
    return simulation(**(data | changes))


def test_three_states_hold_and_each_has_its_drives() -> None:
    # States 0, 1/2 and 1 move a little with the drive; where a stretch ends follows from the drift at its edge.
    assert [phenotype_of(settled(s, 0.0)).item() for s in (0.0, 0.5, 1.0)] == ["epithelial", "hybrid", "mesenchymal"]
    assert {phenotype_of(settled(s, -0.8)).item() for s in (0.0, 0.5, 1.0)} == {"epithelial"}
    assert {phenotype_of(settled(s, 2.0)).item() for s in (0.0, 0.5, 1.0)} == {"mesenchymal"}
    assert phenotype_of(settled(0.0, 1.4)).item() == "hybrid"


def test_hysteresis() -> None:
    up = [settled(0.0, drive) for drive in np.arange(0.9, 1.4, 0.02)]
    first = np.arange(0.9, 1.4, 0.02)[np.argmax(np.array(up) > 0.25)]
    down = [settled(0.5, drive) for drive in np.arange(-0.3, -0.9, -0.02)]
    last = np.arange(-0.3, -0.9, -0.02)[np.argmax(np.array(down) < 0.25)]
    # The drift's extreme values: sin(4 pi s) = 1 near 1/8, and -1 near 3/8, less the gap times the state.
    s = np.linspace(0.0, 0.5, 100_001)
    force = s + np.sin(4 * np.pi * s)
    assert first == pytest.approx(force[: len(s) // 2].max(), abs=0.021)
    assert last == pytest.approx(force[len(s) // 2 :].min(), abs=0.021)
    assert last < 0.0 < first


def test_heun_is_of_second_order() -> None:
    def after(parts: int) -> float:
        state = 0.3
        for _ in range(parts):
            state = advanced(state, 1.5, 1.0, 400.0, 120.0 / parts)
        return state

    exact = after(20_000)
    errors = [abs(after(n) - exact) for n in (4, 8, 16, 32)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert orders[-1] == pytest.approx(2.0, abs=0.15)
    assert drift(0.3, 1.5, 1.0, 400.0) == pytest.approx((1.5 - 0.3 - math.sin(1.2 * math.pi)) / 400.0)


def test_cells_follow_their_drive_and_rules_read_the_state() -> None:
    rules = [
        {"type": "tumour", "signal": "time", "direction": "increases", "behaviour": "EMT drive", "saturation": 3.0,
         "half_max": "1 min", "power": 8},
        {"type": "tumour", "signal": "EMT", "direction": "decreases", "behaviour": "cell-cell adhesion",
         "saturation": "0 um/min", "half_max": 0.5, "power": 8},
    ]  # fmt: skip
    s = tissue(rules=rules)
    s.run(100)
    n = s.cells.count
    assert np.all(s.cells.columns["emt"][0, :n] > 0.95)
    assert np.all(s.values_of("cell-cell adhesion") < 0.05 * 0.4)
    assert s.part("plasticity").counts(s)["tumour mesenchymal"] == n


def test_noise_spreads_states_as_it_says_and_not_by_threads() -> None:
    def states(threads: int) -> np.ndarray:
        cell = {"plasticity": {"drive": 0.5, "time": "24 h", "noise": 0.02, "start": 0.5}, "cycle": {"model": "none"}}
        s = tissue(
            cell_types={"tumour": cell}, threads=threads, cells=[{"type": "tumour", "sphere": {"radius": "90 um"}}]
        )
        s.run(3)
        order = np.argsort(s.cells.identity[: s.cells.count])
        return s.cells.columns["emt"][0, : s.cells.count][order]

    one = states(1)
    assert np.array_equal(one, states(2))
    assert one.mean() == pytest.approx(0.5, abs=0.001)
    # Little time has passed, so that the states have not yet gone back: a random walk.
    assert one.std() == pytest.approx(0.02 * math.sqrt(18.0 / 1440.0), rel=0.1)


def test_daughters_inherit_the_state() -> None:
    cell = {"plasticity": {"drive": 0.5, "start": 0.5}, "cycle": {"model": "live", "birth_rate": "0.02 1/min"}}
    s = tissue(cell_types={"tumour": cell})
    before = s.cells.count
    s.run(10)
    assert s.cells.count > before
    assert s.cells.columns["emt"][0, : s.cells.count] == pytest.approx(0.5, abs=1e-3)


def test_mistakes() -> None:
    with pytest.raises(InputError, match=r"plasticity\.time"):
        validate(TissueSpec, scene(cell_types={"tumour": {"plasticity": {"time": "6 um"}}}, substances={}))
    rule = {"type": "tumour", "signal": "EMT", "direction": "decreases", "behaviour": "cell-cell adhesion",
            "saturation": "0 um/min", "half_max": 0.5}  # fmt: skip
    with pytest.raises(InputError, match="EMT"):
        validate(TissueSpec, scene(cell_types={"tumour": {}}, substances={}, rules=[rule]))
