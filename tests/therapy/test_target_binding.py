"""Drugs that their target takes away: a numerical solution, limits, and what is conserved."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from diaspore.core.errors import InputError
from diaspore.therapy import target_binding
from diaspore.therapy.exposure import Doses, exposure, linear_model
from diaspore.therapy.target_binding import BindingModel, bound_exposure

DENOSUMAB = BindingModel(
    clearance=0.006 * 24, volume=1.58, exchange=0.2 * 24, volume_2=6.06, absorption=0.0078 * 24, target=15.23,
    target_loss=24 * 0.01 / 15.23, complex_loss=0.022 * 24, half=1.56,
)  # fmt: skip
"""Choi and others 2025, nmol and days."""
DOSES = Doses.every([0.0, 28.0], 400.0, depot=True)


def plain(model: BindingModel, days: np.ndarray) -> np.ndarray:
    """Free drug by a stiff solver, with the quadratic of the textbook."""
    q = model.constants()[0]

    def drug(y: np.ndarray) -> float:
        b = y[1] - y[3] - q[8]
        return 0.5 * (b + np.sqrt(b * b + 4 * q[8] * y[1]))

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        c = drug(y)
        rc = y[3] * c / (q[8] + c)
        moved = q[2] * (c - y[2] / q[3])
        return np.array([
            -q[4] * y[0], (q[4] * y[0] - q[0] * c - moved) / q[1] - q[7] * rc, moved,
            q[6] * q[5] - q[6] * (y[3] - rc) - q[7] * rc,
        ])  # fmt: skip

    y, found = np.array([0.0, 1e-300, 0.0, q[5]]), []
    for k, day in enumerate(days):
        found.append(drug(y))
        if day in DOSES.days:
            y = y + np.array([400.0, 0.0, 0.0, 0.0])
        if k + 1 < len(days):
            y = solve_ivp(slope, (day, days[k + 1]), y, "LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    return np.array(found)


def test_beside_a_numerical_solution() -> None:
    days = np.arange(0.0, 85.0, 7.0)
    got = bound_exposure(DENOSUMAB, DOSES, 7.0, 12)
    wanted = plain(DENOSUMAB, days)
    assert np.abs(got.free[0] - wanted).max() < 1e-5 * wanted.max()
    assert got.bound[0, 1] > 0.9


def test_order_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for longest in (0.5, 0.25, 0.125, 0.01):
        monkeypatch.setattr(target_binding, "LONGEST", longest)
        found.append(bound_exposure(DENOSUMAB, DOSES, 7.0, 8).free[0])
    errors = [np.abs(one - found[-1]).max() for one in found[:-1]]
    assert np.log2(errors[0] / errors[1]) > 3.2
    assert np.log2(errors[1] / errors[2]) > 3.2


def test_without_target_it_is_the_linear_model() -> None:
    bare = BindingModel(**{**DENOSUMAB.__dict__, "target": 0.0})
    days = np.arange(0.0, 57.0, 7.0)
    got = bound_exposure(bare, DOSES, 7.0, 8)
    model = linear_model(0.144, [1.58, 6.06], [4.8], absorption=0.1872)
    assert got.free[0] == pytest.approx(exposure(model, DOSES, days).concentration[0], rel=1e-5, abs=1e-8)


def test_target_comes_back_and_small_doses_last_shorter() -> None:
    far = bound_exposure(DENOSUMAB, Doses.every([0.0], 400.0, depot=True), 7.0, 104)
    assert far.bound[0, -1] < 0.01
    small = bound_exposure(DENOSUMAB, Doses.every([0.0], 40.0, depot=True), 7.0, 104)
    assert (far.bound[0] > 0.5).sum() > 2 * (small.bound[0] > 0.5).sum()


@pytest.mark.parametrize(
    ("doses", "changes", "field"),
    [
        (Doses.every([3.0], 10.0), {}, "step"),
        (Doses.every([0.0], 10.0, infusion=0.1), {}, "infusion"),
        (DOSES, {"half": 0.0}, "half"),
        (DOSES, {"clearance": -1.0}, "clearance"),
        (DOSES, {"volume": np.nan}, "volume"),
    ],
)
def test_mistakes(doses: Doses, changes: dict[str, float], field: str) -> None:
    with pytest.raises(InputError) as error:
        bound_exposure(BindingModel(**{**DENOSUMAB.__dict__, **changes}), doses, 7.0, 4)
    assert error.value.field == field
