"""Sensitivity indices against functions whose indices are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.inference.priors import Prior
from diaspore.inference.sensitivity import COLUMNS, morris, sobol

PI = math.pi
ANGLES = tuple(Prior(name, "uniform", -PI, PI, "diaspore", "assumed") for name in ("x1", "x2", "x3"))


def ishigami(x: np.ndarray) -> np.ndarray:
    """Ishigami and Homma's function with a = 7 and b = 0.1, and its half."""
    y = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return np.column_stack([y, 0.5 * y])


def known() -> tuple[np.ndarray, np.ndarray]:
    """First-order and total indices of that function: variances of its parts by integration on paper."""
    a, b = 7.0, 0.1
    one = 0.5 * (1.0 + b * PI**4 / 5.0) ** 2
    two = a**2 / 8.0
    both = b**2 * PI**8 * (1.0 / 18.0 - 1.0 / 50.0)
    total = one + two + both
    return np.array([one, two, 0.0]) / total, np.array([one + both, two, both]) / total


def pick(table, output: str, index: str) -> np.ndarray:  # type: ignore[no-untyped-def]
    rows = table[(table["output"] == output) & (table["index"] == index)]
    return rows.set_index("parameter").loc[["x1", "x2", "x3"], ["value", "low", "high"]].to_numpy()


def test_sobol_indices_of_the_ishigami_function() -> None:
    table = sobol(ANGLES, ishigami, ("whole", "half"), seed=3, points=4096)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * 3 * 2
    for index, expected in zip(("first_order", "total"), known(), strict=True):
        got = pick(table, "whole", index)
        np.testing.assert_allclose(got[:, 0], expected, atol=0.02)
        assert np.all((got[:, 1] - 0.01 <= expected) & (expected <= got[:, 2] + 0.01))
        np.testing.assert_allclose(pick(table, "half", index)[:, 0], got[:, 0], rtol=1e-9)


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again, other = (sobol(ANGLES, ishigami, ("a", "b"), seed=s, points=64) for s in (0, 0, 1))
    np.testing.assert_array_equal(first["low"], again["low"])
    assert not np.array_equal(first["value"], other["value"])
    one, two = (morris(ANGLES, ishigami, ("a", "b"), seed=0) for _ in range(2))
    np.testing.assert_array_equal(one["high"], two["high"])


def test_effects_of_a_plane_are_its_slopes_times_the_ranges() -> None:
    priors = (
        Prior("x1", "uniform", 1.0, 3.0, "diaspore", "assumed"),
        Prior("x2", "normal", 0.0, 1.0, "diaspore", "assumed", "", -1.0, 1.0),
        Prior("x3", "beta", 1.0, 1.0, "diaspore", "assumed"),
    )
    table = morris(priors, lambda x: 3.0 * x[:, :1] - 2.0 * x[:, 2:], ("plane",), seed=1, tail=0.0)
    np.testing.assert_allclose(pick(table, "plane", "mean_absolute_effect")[:, 0], [6.0, 0.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(pick(table, "plane", "mean_effect")[:, 0], [6.0, 0.0, -2.0], atol=1e-6)
    np.testing.assert_allclose(pick(table, "plane", "sd_of_effects")[:, 0], 0.0, atol=1e-6)


def test_sobol_indices_follow_the_priors() -> None:
    """A sum: the indices are the shares of variance, here of a normal and a lognormal without bounds."""
    priors = (
        Prior("x1", "normal", 4.0, 2.0, "diaspore", "assumed"),
        Prior("x2", "lognormal", 1.0, 0.5, "diaspore", "assumed"),
        Prior("x3", "logitnormal", 0.5, 1.0, "diaspore", "assumed"),
    )
    table = sobol(priors, lambda x: np.column_stack([x[:, 0] + x[:, 1], np.ones(len(x))]), ("sum", "one"), 5, 2048)
    second = (math.exp(0.25) - 1.0) * math.exp(0.25)
    for index in ("first_order", "total"):
        expected = [4.0 / (4.0 + second), second / (4.0 + second), 0.0]
        np.testing.assert_allclose(pick(table, "sum", index)[:, 0], expected, atol=0.03)
        assert np.all(np.isnan(pick(table, "one", index)[:, 0])), "a constant has no variance to share"


def test_mistakes_are_named() -> None:
    with pytest.raises(InputError, match="power of 2"):
        sobol(ANGLES, ishigami, ("a", "b"), 1, points=100)
    with pytest.raises(InputError, match="shape"):
        sobol(ANGLES, ishigami, ("a",), 1, points=4)
    with pytest.raises(InputError, match=r"x1 = .*") as caught:
        morris(ANGLES, lambda x: np.full((len(x), 1), np.nan), ("lost",), 1)
    assert "lost" in str(caught.value)
    with pytest.raises(InputError, match="names"):
        morris((ANGLES[0], ANGLES[0]), ishigami, ("a", "b"), 1)
