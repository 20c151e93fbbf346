"""Founders in closed form: analytic cases of the waits, and agreement with the engine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from diaspore.inference.breast.outcome import compile_file, patient_file
from diaspore.inference.breast.variants import VARIANTS
from diaspore.inference.founders import _passed, _waits, expect

WAITS = {
    "dormancy_exit_rate": 2e-4,
    "dormancy_death_rate": 1e-4,
    "dormancy_escape_rate": 1e-3,
    "angiogenesis_metastasis_switch_rate": 2e-3,
    "fate_active_fraction": 0.02,
    "fate_dormant_fraction": 0.03,
    "dormancy_held_fraction": 0.3,
    "angiogenesis_immediate_fraction": 0.6,
}


def test_waits_agree_with_drawn_ones() -> None:
    rng = np.random.default_rng(7)
    n = 400_000
    asleep = rng.random(n) < 0.6
    total = np.where(asleep, rng.exponential(1 / 3e-4, n), 0.0)
    total[asleep & (rng.random(n) < 1 / 3)] = math.inf
    total += np.where(rng.random(n) < 0.3, rng.exponential(1e3 / 1.0007, n), 0.0)
    total += np.where(rng.random(n) < 0.4, rng.exponential(5e2 / 1.0013, n), 0.0)
    found = _waits(WAITS, hold=True, sleep=True)
    clocks = np.array([3e-4, 1e-3 * 1.0007, 2e-3 * 1.0013])
    for x in (1.0, 300.0, 2000.0, 8000.0):
        assert _passed(x, found, clocks) == pytest.approx(np.mean(total < x), abs=0.003)
    assert _passed(-1.0, found, clocks) == 0.0


def test_no_waits_without_them() -> None:
    none = WAITS | {"fate_dormant_fraction": 0.0, "dormancy_held_fraction": 0.0, "angiogenesis_immediate_fraction": 1.0}
    assert _waits(none, hold=True, sleep=True).tolist() == [1.0, 0.0, 0.0, 0.0]


def test_probabilities_of_groups_sum_to_one() -> None:
    found = expect(compile_file(patient_file(VARIANTS["dormant"], {}), 1), (2.0, 10.0), (0, 1, 4, 10), points=256)
    assert np.allclose(found.groups.sum(axis=1), 1.0)
    assert np.all(found.free[:, 1] <= found.free[:, 0])
    assert np.all((found.m0 > 0.0) & (found.m0 <= 1.0))
