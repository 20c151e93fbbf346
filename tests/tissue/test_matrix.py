"""Cells in a matrix: speed against its density, contact guidance, fibres that cells turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.tissue import engine
from diaspore.tissue.kernels.fibres import align, guided
from diaspore.tissue.parts.fibres import order_of
from diaspore.tissue.parts.matrix_motion import speed_factor
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from tests.tissue.common import resumed_alike, scene, simulation

LONE = {"cycle": {"model": "none"}, "repulsion": "0 um/min", "adhesion": "0 um/min"}


def layer(density: float = 0.3, number: int = 300, **changes: Any) -> Simulation:
    side = ["-1000 um", "1000 um"]
    motility = {"speed": "1 um/min", "persistence": "10 min"} | changes.pop("motility", {})
    data: dict[str, Any] = {
        "domain": {"x": side, "y": side, "z": None}, "substances": {"collagen": {"pace": "still", "initial": density}},
        "cell_types": {"tumour": LONE | {"motility": motility} | changes.pop("cell", {})},
        "cells": [{"type": "tumour", "random": {"number": number}}],
    }  # fmt: skip
    return simulation(**(data | changes))


def ways(s: Simulation, steps: int) -> np.ndarray:
    """Displacements (n, 3) of all cells over some steps of phenotypes."""
    order = np.argsort(s.cells.identity[: s.cells.count])
    before = s.cells.place[order, :3].copy()
    s.run(steps)
    order = np.argsort(s.cells.identity[: s.cells.count])
    return s.cells.place[order, :3] - before


def test_speed_against_density_is_a_bell_cut_by_pores() -> None:
    density = np.linspace(0.01, 1.0, 100)
    one = np.ones_like(density)
    free = speed_factor(density, one, one, 7.0 * one, 0.5 * one, 6.8 * one, 20.0 * one)
    assert density[np.argmax(free)] == pytest.approx(0.5, abs=0.011)
    assert free.max() == pytest.approx(1.0, abs=1e-3)
    more = speed_factor(density, 2.0 * one, one, 7.0 * one, 0.5 * one, 6.8 * one, 20.0 * one)
    assert density[np.argmax(more)] == pytest.approx(0.25, abs=0.011)
    cut = speed_factor(density, one, 0.0 * one, 7.0 * one, 0.5 * one, 6.8 * one, 20.0 * one)
    pore = 6.8 / density
    assert np.all(cut[pore <= 7.0] == 0.0)
    np.testing.assert_allclose(cut[pore >= 20.0], free[pore >= 20.0])
    between = (pore > 7.0) & (pore < 20.0)
    np.testing.assert_allclose(cut[between], (free * (pore - 7.0) / 13.0)[between])


def test_cells_move_at_that_speed() -> None:
    free = layer()
    plain = ways(free, 20)
    ends = free.cells.place[np.argsort(free.cells.identity[:300]), :3]
    matrix = {"matrix": {"substance": "collagen", "best": 0.6, "proteolysis": 1}}
    slowed = ways(layer(0.3, motility=matrix), 20)
    # The same turns, each way shorter by the factor of the density: x exp(1 - x) with x = 1/2.
    inside = np.all(np.abs(ends) < 999.0, axis=1) & np.all(np.abs(ends - plain) < 880.0, axis=1)
    np.testing.assert_allclose(slowed[inside], 0.5 * np.exp(0.5) * plain[inside], atol=1e-9)


def test_isotropic_fibres_guide_nobody_and_aligned_ones_do() -> None:
    isotropic = np.array([[0.5], [0.5], [0.0], [0.0], [0.0], [0.0]])
    along_x = np.array([[1.0], [0.0], [0.0], [0.0], [0.0], [0.0]])
    heading = (0.6, 0.8, 0.0)
    assert guided(isotropic, 0, 0.7, True, *heading) == pytest.approx(heading)
    assert guided(along_x, 0, 1.0, True, *heading) == pytest.approx((1.0, 0.0, 0.0))
    assert guided(along_x, 0, 0.0, True, *heading) == pytest.approx(heading)
    assert guided(along_x, 0, 1.0, True, 0.0, 1.0, 0.0) == (0.0, 1.0, 0.0)  # straight across: no way to turn
    back = guided(along_x, 0, 0.5, True, -0.6, 0.8, 0.0)
    assert back[0] < -0.6  # fibres have no sense of direction


def test_cells_go_farther_along_fibres() -> None:
    alike = ways(layer(fibres={"start": "x", "order": 0.9}), 40)
    ratio = np.mean(alike[:, 0] ** 2) / np.mean(alike[:, 1] ** 2)
    assert ratio == pytest.approx(1.0, abs=0.35)  # without guidance
    led = ways(layer(fibres={"start": "x", "order": 0.9}, motility={"guidance": 0.7}), 40)
    assert np.mean(led[:, 0] ** 2) > 3.0 * np.mean(led[:, 1] ** 2)


def test_turning_of_fibres_keeps_the_trace_and_ends_in_line() -> None:
    rng = np.random.default_rng(1)
    fibres = np.zeros((6, 4))
    fibres[:3] = 1.0 / 3.0
    heading = np.array([[0.6, 0.0, 0.8], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=np.float32)
    voxel, phase, rate = np.array([0, 1, 2], np.int32), np.array([0, 0, 100], np.int32), np.full(3, 0.01)
    twin = fibres.copy()
    for _ in range(50):
        align(fibres, voxel, heading, phase, rate, 3, 6.0)
        share = 1.0 - np.exp(-0.06)
        along = np.array([0.36, 0.0, 0.64, 0.0, 0.48, 0.0])
        twin[:, 0] += share * (along - twin[:, 0])
    np.testing.assert_allclose(fibres, twin, rtol=1e-6)  # one that has not moved and a dead one turn none
    np.testing.assert_allclose(fibres[:3].sum(axis=0), 1.0, rtol=1e-6)
    order = order_of(fibres, flat=False)
    assert order[0] == pytest.approx(1.0 - np.exp(-3.0), rel=1e-5)
    assert order[1:] == pytest.approx(0.0, abs=1e-7)
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    line = np.array([axis[a] * axis[b] for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))])[:, None]
    assert order_of(line, flat=False)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("start", ["around", "towards", "y", "random"])
def test_directions_at_the_start(start: str) -> None:
    fibres = {"start": start, "centre": ["10 um", "-10 um"]} | ({} if start == "random" else {"order": 0.8})
    s = layer(fibres=fibres, number=1)
    np.testing.assert_allclose(s.fibres[:3].sum(axis=0), 1.0)
    order = order_of(s.fibres, flat=True)
    here = s.voxels_of(np.array([[500.0, -10.0, 0.0]]))[0]
    xx, yy = s.fibres[0, here], s.fibres[1, here]
    expected = {"around": (0.1, 0.9), "towards": (0.9, 0.1), "y": (0.1, 0.9), "random": (0.5, 0.5)}[start]
    assert (xx, yy) == pytest.approx(expected, abs=0.01)
    assert order[here] == pytest.approx(0.0 if start == "random" else 0.8, abs=0.01)


def test_a_run_goes_on_with_its_fibres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side = ["-100 um", "100 um"]
    cell = LONE | {"fibre_alignment": "0.01 1/min", "motility": {"speed": "1 um/min", "guidance": 0.5}}
    data = scene(
        duration="18 min", domain={"x": side, "y": side}, substances={"collagen": {"pace": "still", "initial": 0.3}},
        cell_types={"tumour": cell}, cells=[{"type": "tumour", "random": {"number": 50}}], fibres={},
    )  # fmt: skip
    run = resumed_alike(engine, data, tmp_path, monkeypatch)
    counts = run.table("counts")
    assert counts["fibre order mean"].is_monotonic_increasing
    assert counts["fibre order mean"].iloc[-1] > 0.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"motility": {"matrix": {"substance": "colagen"}}}, "collagen"),
        ({"motility": {"matrix": {"substance": "collagen", "pore_free": "5 um**2"}}}, "pore_limit"),
        ({"fibres": {"start": "x"}}, "order"),
        ({"fibres": {"start": "diagonal", "order": 1}}, "start"),
        ({"cell": {"fibre_alignment": "1 um"}}, "fibre_alignment"),
    ],
)
def test_mistakes(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        layer(**changes)


def test_a_matrix_that_spreads_is_refused() -> None:
    collagen = {"collagen": {"pace": "steady", "diffusion": "1 um**2/min"}}
    cell = {"motility": {"speed": "1 um/min", "matrix": {"substance": "collagen"}}}
    with pytest.raises(InputError, match="spreads"):
        validate(TissueSpec, scene(substances=collagen, cell_types={"tumour": cell}))
