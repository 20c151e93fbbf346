"""Substances of the paces slow and still: backward Euler, and exact solutions of what cells do to matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.tissue.simulation import BALANCE
from diaspore.tissue.spec import TissueSpec
from tests.tissue.common import scene, simulation

SIDE = ["-50 um", "50 um"]
BOX = {"x": SIDE, "y": SIDE, "z": SIDE, "spacing": "10 um"}
REST: dict[str, Any] = {"cycle": {"model": "none"}, "friction": 1e9}
ALONE = [{"type": "tumour", "at": [["5 um", "5 um", "5 um"]]}]


def lone(exchange: dict[str, Any], substance: dict[str, Any], **changes: Any) -> Any:
    """A cell that stays, and a substance that it makes or takes."""
    changes = {"domain": BOX, "cells": ALONE, "substances": {"m": substance}} | changes
    return simulation(cell_types={"tumour": REST | {"exchange": {"m": exchange}}}, **changes)


def slow(minutes: float, phenotype: float, **substance: Any) -> np.ndarray:
    s = lone(
        {"uptake": "5 1/min", "secretion": "1 1/min", "target": 2.0}, {"pace": "slow"} | substance,
        steps={"phenotype": f"{phenotype} min"}, duration="12 min", save_every="12 min",
    )  # fmt: skip
    s.run(round(minutes / phenotype))
    return s.u[0]


def test_a_slow_substance_takes_implicit_steps() -> None:
    """One step is (1 + h (decay + uptake) - h D Laplace) u = u before + h source, here as a dense system."""
    h, d, decay, n = 6.0, 50.0, 0.01, 10
    s = lone(
        {"uptake": "5 1/min", "export": "2000 um**3/min"},
        {"pace": "slow", "diffusion": f"{d} um**2/min", "decay": f"{decay} 1/min", "initial": 0.5},
    )  # fmt: skip
    cell, voxel = int(np.ravel_multi_index((5, 5, 5), (n, n, n))), s.scene.grid.voxel_volume
    volume = float(s.cells.volumes[0].sum())
    line = 2.0 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    line[0, 0] = line[-1, -1] = 1.0
    one = np.eye(n)
    laplace = np.kron(np.kron(line, one), one) + np.kron(np.kron(one, line), one) + np.kron(np.kron(one, one), line)
    matrix = (1.0 + h * decay) * np.eye(n**3) + h * d / s.scene.grid.spacing**2 * laplace
    matrix[cell, cell] += h * 5.0 * volume / voxel
    u = np.full(n**3, 0.5)
    for _ in range(2):
        right = u.copy()
        right[cell] += h * 2000.0 / voxel
        u = np.linalg.solve(matrix, right)
        s.run(1)
        assert s.u[0].ravel() == pytest.approx(u, rel=1e-3)


def test_a_slow_substance_is_of_first_order() -> None:
    substance = {"diffusion": "20 um**2/min", "initial": 0.5, "decay": "0.002 1/min", "held": {"x_low": 1.0}}
    fine = slow(48.0, 0.1, **substance)
    coarse = [np.abs(slow(48.0, step, **substance) - fine).max() for step in (12.0, 6.0, 3.0)]
    assert np.log2(coarse[0] / coarse[1]) == pytest.approx(1.0, abs=0.25)
    assert np.log2(coarse[1] / coarse[2]) == pytest.approx(1.0, abs=0.15)


def test_a_slow_substance_without_loss_is_conserved() -> None:
    """What cells export is there, to the residual of the solver; a level that is even stays so."""
    s = lone({"export": "300 um**3/min"}, {"pace": "slow", "diffusion": "80 um**2/min", "initial": 0.25})
    s.run(10)
    expected = 0.25 * s.scene.grid.size + 300.0 * 60.0 / s.scene.grid.voxel_volume
    assert s.u[0].sum() == pytest.approx(expected, rel=10 * BALANCE)
    assert s.u[0].max() > 1.3 * s.u[0].min() > 0.325
    even = simulation(
        domain=BOX, substances={"m": {"pace": "slow", "diffusion": "80 um**2/min", "initial": 0.25}},
        cell_types={"tumour": {}}, cells=[],
    )  # fmt: skip
    even.run(5)
    assert even.u[0] == pytest.approx(0.25, rel=BALANCE)


def test_slow_substances_do_not_depend_on_threads() -> None:
    bits = []
    for threads in (1, 2):
        s = simulation(
            threads=threads, domain=scene()["domain"] | {"spacing": "10 um"},
            substances={"m": {"pace": "slow", "diffusion": "50 um**2/min", "initial": 1.0}},
            cell_types={"tumour": {"exchange": {"m": {"uptake": "0.1 1/min"}}}},
        )  # fmt: skip
        s.run(2)
        bits.append((s.u.tobytes(), s.cells.place[: s.cells.count].tobytes()))
    assert bits[0] == bits[1]


def test_cells_lay_down_and_break_down_matter_exactly() -> None:
    """m' = V/V_voxel (S (target - m) - U m) + E/V_voxel - decay m in the voxel of the cell; elsewhere only decay."""
    exchange = {"uptake": "0.02 1/min", "secretion": "0.05 1/min", "target": 3.0, "export": "40 um**3/min"}
    s = lone(exchange, {"pace": "still", "initial": 0.8, "decay": "0.003 1/min"})
    share = float(s.cells.volumes[0].sum()) / s.scene.grid.voxel_volume
    sink = share * 0.07 + 0.003
    source = share * 0.05 * 3.0 + 40.0 / s.scene.grid.voxel_volume
    for minutes in (6.0, 12.0, 18.0):
        s.run(1)
        expected = source / sink + (0.8 - source / sink) * np.exp(-sink * minutes)
        assert s.u[0, 5, 5, 5] == pytest.approx(expected, rel=1e-12)
        rest = np.delete(s.u[0].ravel(), np.ravel_multi_index((5, 5, 5), (10, 10, 10)))
        assert rest == pytest.approx(0.8 * np.exp(-0.003 * minutes), rel=1e-12)


def test_matter_that_nothing_touches_stays_to_the_bit() -> None:
    s = lone({"export": "40 um**3/min"}, {"pace": "still", "initial": 0.8})
    s.run(5)
    assert s.u[0, 5, 5, 5] == pytest.approx(0.8 + 40.0 * 30.0 / s.scene.grid.voxel_volume, rel=1e-12)
    assert np.sum(s.u[0] == 0.8) == s.scene.grid.size - 1


def test_a_cell_climbs_the_gradient_of_matter() -> None:
    """Haptotaxis: straight up a slope that does not move."""
    cell = {"cycle": {"model": "none"}, "motility": {"speed": "1 um/min", "bias": 1.0, "chemotaxis": {"m": 1.0}}}
    s = simulation(
        domain=BOX, substances={"m": {"pace": "still"}}, cell_types={"tumour": cell},
        cells=[{"type": "tumour", "at": [["-30 um", "0 um", "0 um"]]}],
    )  # fmt: skip
    s.u[0] = s.scene.grid.centres(2)[None, None, :] + 50.0
    s.run(8)
    x, y, z = s.cells.place[0, :3]
    assert x == pytest.approx(-30.0 + 48.0, abs=1.0)  # minus the time to its first heading
    assert abs(y) < 1e-9
    assert abs(z) < 1e-9


def test_substances_keep_their_names_whatever_their_order() -> None:
    """In a scene the still ones come last; cells find those they name."""
    substances = {
        "matrix": {"pace": "still", "initial": 1.0}, "drug": {"pace": "steady", "diffusion": "1e3 um**2/min",
        "held": {"all": 2.0}}, "gas": {"diffusion": "1e3 um**2/min", "initial": 3.0, "held": {"all": 3.0}},
    }  # fmt: skip
    cell = REST | {"exchange": {"matrix": {"uptake": "0.1 1/min"}}}
    s = simulation(domain=BOX, substances=substances, cell_types={"tumour": cell}, cells=ALONE)
    s.run(2)
    assert s.scene.names[0] == ("gas", "drug", "matrix")
    assert s.u[0] == pytest.approx(3.0, rel=1e-9)
    assert s.u[1] == pytest.approx(2.0, rel=1e-4)
    assert s.u[2].min() < 0.9
    assert np.sum(s.u[2] == 1.0) == s.scene.grid.size - 1


@pytest.mark.parametrize(
    ("substance", "field", "words"),
    [
        ({"pace": "still", "diffusion": "1 um**2/min"}, "diffusion", "does not spread"),
        ({"pace": "still", "held": {"all": 1.0}}, "held", "another pace than still"),
        ({"pace": "still", "flux": {"x_low": "1 um/min"}}, "flux", "another pace than still"),
        ({"pace": "slow"}, "diffusion", "is missing"),
        ({}, "diffusion", "is missing"),
        ({"pace": "slower", "diffusion": "1 um**2/min"}, "pace", "slow"),
    ],
)
def test_mistakes_are_named(substance: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(TissueSpec, scene(substances={"m": substance}, cell_types={"tumour": {}}))
    assert field in str(caught.value)
    assert words in str(caught.value)
