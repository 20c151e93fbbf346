"""Cells that enter and leave a tissue: walls of vessels, clusters, cavities, recruitment."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from diaspore.core.errors import InputError
from diaspore.core.rng import child_id, uniform
from diaspore.core.simulate import simulate
from diaspore.core.spec import validate
from diaspore.tissue import engine
from diaspore.tissue.kernels.contacts import Touching
from diaspore.tissue.kernels.crossing import leave
from diaspore.tissue.kernels.neighbours import REACH
from diaspore.tissue.processes.streams import S_ENTER, S_JOIN
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from tests.tissue.common import resumed_alike, scene, simulation

STILL: dict[str, Any] = {"cycle": {"model": "none"}, "friction": 1e9}
SIDE = {"x": ["-100 um", "100 um"], "y": ["-60 um", "60 um"]}
VESSELS = {"layout": [{"parallel": {"axis": "x", "spacing": "60 um"}, "diameter": "8 um"}]}
AREA = 2.0 * math.pi * 8.0 * 200.0


def tissue(cell: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = {"domain": SIDE, "substances": {}, "vessels": VESSELS, "cell_types": {"tumour": STILL | cell}, "cells": []}
    return data | changes


def test_cells_at_the_wall_leave_at_their_rate_and_no_others() -> None:
    rate = 2e-3
    cells = [{"type": "tumour", "at": [["-90 um", "-30 um"], ["0 um", "30 um"], ["0 um", "0 um"], ["50 um", "12 um"]]}]
    left = np.zeros(4)
    for seed in range(1, 61):
        s = simulation(seed, **tissue({"crossing": {"intravasation": f"{rate} 1/min"}}, cells=cells))
        names = s.cells.identity[:4].copy()
        s.run(20)
        left += ~np.isin(names, s.cells.identity[: s.cells.count])
    # Vessels run at y = -30 and 30; cells have a radius of 8.4 um, the last one is 18 um away, 4 um too far.
    assert left[2] == left[3] == 0
    expected = 60 * (1.0 - math.exp(-rate * 120.0))
    for seen in left[:2]:
        assert chi2.ppf(0.001, 2 * seen) / 2 < expected < chi2.ppf(0.999, 2 * seen + 2) / 2


def test_what_left_and_what_is_left_is_what_there_was(tmp_path: Path) -> None:
    crossing = {"intravasation": "5e-3 1/min", "cavity_shedding": "5e-3 1/min", "cohesion": 0.5}
    data = scene(
        **tissue({"crossing": crossing, "friction": 1.0}, cells=[{"type": "tumour", "random": {"number": 120}}]),
        cavity="y_high", duration="2 h", save_every="1 h",
    )  # fmt: skip
    run = simulate(validate(TissueSpec, data), seed=2, out=tmp_path / "r", threads=1, quiet=True)
    events, end = run.table("crossing_events"), run.table("counts").iloc[-1]
    assert len(events) == 120 - end["tumour live"] > 20
    assert (events["event"] == "left by blood").sum() == end["tumour left by blood"] > 0
    assert (events["event"] == "left by cavity").sum() == end["tumour left by cavity"] > 0
    assert events["identity"].is_unique
    sizes = events.groupby("cluster")["size"].agg(["first", "nunique", "size"])
    assert (sizes["first"] == sizes["size"]).all()
    assert (sizes["nunique"] == 1).all()
    assert sizes["size"].max() > 1
    shed = events[events["event"] == "left by cavity"]
    alone = shed[shed["size"] == 1]
    assert (alone["y"] > 60.0 - 12.0).all()


def test_clusters_leave_as_a_plain_search_says() -> None:
    rng = np.random.default_rng(4)
    n = 60
    place = np.column_stack([rng.uniform(0, 60, (n, 2)), np.zeros(n), np.full(n, 5.0)])
    between = np.linalg.norm(place[:, None, :3] - place[None, :, :3], axis=2)
    near = (between < REACH * 10.0) & ~np.eye(n, dtype=bool)
    start = np.concatenate([[0], np.cumsum(near.sum(axis=1))])
    rows = np.concatenate([np.flatnonzero(row) for row in near]).astype(np.uint32)
    kind = rng.integers(0, 2, n).astype(np.int32)
    phase = np.where(rng.random(n) < 0.1, 100, 0).astype(np.int32)
    names = np.array([child_id(np.uint64(5), k) for k in range(n)], dtype=np.uint64)
    x = Touching(
        place, kind, phase, np.zeros(n), names, start[:-1].astype(np.int32), start[1:].astype(np.int32), rows
    )  # fmt: skip
    rates = np.stack([np.full(n, 0.01), np.full(n, 0.03)])
    touches = rng.random((2, n)) < 0.3
    free, cohesion = rng.random(n) < 0.9, rng.random(n)
    leaving, route, leader = np.zeros(n, bool), np.empty(n, np.int64), np.empty(n, np.int64)
    leave(x, n, rates, touches, free, cohesion, leaving, 20.0, np.uint64(1), 3, route, leader)

    gone: dict[int, tuple[int, int]] = {}
    for i in range(n):
        own = rates[:, i] * touches[:, i]
        u, chance = uniform(np.uint64(1), names[i], S_ENTER, 3), 1.0 - math.exp(-own.sum() * 20.0)
        if i in gone or not free[i] or phase[i] >= 100 or own.sum() == 0.0 or u >= chance:
            continue
        way = int(np.searchsorted(np.cumsum(own), u / chance * own.sum(), side="left"))
        gone[i], queue = (way, i), [i]
        for a in queue:
            for j in np.flatnonzero(near[a]):
                pair = np.uint64(child_id(names[a], names[j]))
                fits = free[j] and kind[j] == kind[i] and phase[j] < 100 and j not in gone
                if fits and uniform(np.uint64(1), pair, S_JOIN, 3) < cohesion[j]:
                    gone[int(j)] = (way, i)
                    queue.append(int(j))
    assert 3 < len(gone) < n
    for i in range(n):
        assert (route[i], leader[i]) == gone.get(i, (-1, -1)), i
    assert np.array_equal(leaving, route >= 0)


def lodged(number: int = 400, **crossing: str) -> dict[str, Any]:
    come = [{"type": "tumour", "lodged": True, "number": number}]
    return tissue({"crossing": crossing}, recruitment=come)


def test_lodged_cells_stay_in_vessels_and_leave_them_as_two_rates_compete() -> None:
    s = simulation(1, **lodged(extravasation="3e-3 1/min", washout="1e-3 1/min"))
    s.run(1)
    assert s.cells.count == 400
    assert np.all(np.abs(np.abs(s.cells.place[:400, 1]) - 30.0) < 1e-9)
    s.run(20)
    counts = s.part("crossing").counts(s)
    inside, out, away = (counts[f"tumour {what}"] for what in ("inside vessels", "extravasated", "washed out"))
    assert inside + out + away == 400 == s.cells.count + away
    assert inside / 400 == pytest.approx(math.exp(-4e-3 * 120.0), abs=4.5 * 0.025)
    assert out / (out + away) == pytest.approx(0.75, abs=4.5 * math.sqrt(0.19 / (out + away)))
    still = s.cells.columns["lodged"][0, : s.cells.count] > 0
    assert np.all(np.abs(np.abs(s.cells.place[: s.cells.count, 1][still]) - 30.0) < 1e-9)


def test_rules_know_who_is_in_a_vessel() -> None:
    rules = [
        {"type": "tumour", "signal": "inside vessel", "direction": "increases", "behaviour": "apoptosis",
         "saturation": "0.1 1/min", "half_max": 0.5, "power": 8},
    ]  # fmt: skip
    data = lodged(100) | {"rules": rules}
    data["cells"] = [{"type": "tumour", "random": {"number": 100}}]
    s = simulation(1, **data)
    s.run(20)
    counts = s.part("crossing").counts(s)
    assert counts["tumour died inside"] > 90
    alive = s.cells.phase[: s.cells.count] < 100
    assert 98 <= alive.sum() <= 108


def test_distances_to_vessels() -> None:
    rules = [
        {"type": "tumour", "signal": "distance to vessel", "direction": "increases", "behaviour": "apoptosis",
         "saturation": "1e-9 1/min", "half_max": "10 um"},
    ]  # fmt: skip
    at = [["0 um", "0 um"], ["0 um", "20 um"], ["50 um", "-30 um"]]
    s = simulation(1, **tissue({}, cells=[{"type": "tumour", "at": at}], rules=rules))
    names = s.cells.identity[:3].copy()
    s.run(1)
    found = dict(zip(s.cells.identity[:3], s.cells.columns["signals"][0, :3], strict=True))
    assert [float(found[name]) for name in names] == pytest.approx([26.0, 6.0, 0.0], abs=1e-4)


def number_of_newcomers(entry: dict[str, Any], steps: int = 40, **changes: Any) -> Simulation:
    s = simulation(3, **tissue({}, recruitment=[{"type": "tumour"} | entry], **changes))
    s.run(steps)
    return s


def test_recruitment_is_poisson_with_the_rate_of_surface_or_volume() -> None:
    minutes, flat = 240.0, 20.0 * 200.0 * 120.0
    for entry, size in (
        ({"through": "blood", "rate": "1e-4 1/(um**2*min)"}, AREA),
        ({"through": "tissue", "rate": "4e-6 1/(um**3*min)"}, flat),
        ({"through": "x_low", "rate": "4e-4 1/(um**2*min)"}, 20.0 * 120.0),
    ):
        rate = float(entry["rate"].split()[0])
        s = number_of_newcomers(entry)
        expected = rate * size * minutes
        assert s.cells.count == pytest.approx(expected, abs=4.5 * math.sqrt(expected)), entry
        assert len(np.unique(s.cells.identity[: s.cells.count])) == s.cells.count
        if entry["through"] == "x_low":
            assert np.all(s.cells.place[: s.cells.count, 0] == -100.0)


def test_recruitment_follows_signals_time_and_ceiling() -> None:
    level = {"substances": {"lure": {"pace": "still", "initial": 3.0}}}
    entry = {"through": "tissue", "rate": "4e-6 1/(um**3*min)"}
    whole = 4e-6 * 20.0 * 200.0 * 120.0 * 240.0
    for more, share in (
        ({"signal": "lure", "half_max": 1}, 0.75), ({"unless": "lure", "unless_half": 1}, 0.25),
        ({"signal": "lure", "half_max": 3, "power": 4}, 0.5), ({"start": "1 h", "stop": "3 h"}, 0.5),
    ):  # fmt: skip
        s = number_of_newcomers(entry | more, **level)
        assert s.cells.count == pytest.approx(share * whole, abs=4.5 * math.sqrt(share * whole)), more
    full = number_of_newcomers(entry | {"most": "1e-4 1/um**3"}, steps=400)
    assert full.cells.count == pytest.approx(48.0, abs=10.0)


def test_clusters_come_in_together() -> None:
    s = number_of_newcomers({"through": "tissue", "number": 20, "cluster": 5, "start": "12 min"}, steps=2)
    assert s.cells.count == 0
    s.run(1)
    assert s.cells.count == 20
    place = s.cells.place[:20, :2]
    between = np.linalg.norm(place[:, None] - place[None], axis=2)
    assert np.all(np.sum(between < 40.0, axis=1) >= 5)


def test_runs_with_all_of_it_go_on_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crossing = {"intravasation": "2e-3 1/min", "extravasation": "2e-3 1/min", "washout": "1e-3 1/min", "cohesion": 0.3}
    data = scene(
        **tissue({"crossing": crossing, "friction": 1.0, "plasticity": {"noise": 0.3, "start": 0.5, "drive": 0.3}}),
        duration="30 min",
    )  # fmt: skip
    data["cells"] = [{"type": "tumour", "random": {"number": 100}}]
    data["recruitment"] = [
        {"type": "tumour", "lodged": True, "number": 20, "state": 1.0},
        {"type": "tumour", "through": "blood", "rate": "1e-4 1/(um**2*min)"},
    ]
    run = resumed_alike(engine, data, tmp_path, monkeypatch)
    end = run.table("counts").iloc[-1]
    assert end["tumour come in"] > 20
    assert end["tumour left by blood"] > 0


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"rate": 1.0}, "no unit"),
        ({"rate": "1 1/min"}, "rate"),
        ({}, "rate, number"),
        ({"number": 3, "through": "tissue", "lodged": True}, "vessels"),
        ({"number": 3, "signal": "lure", "half_max": 1}, "rate"),
        ({"rate": "1e-4 1/(um**2*min)", "signal": "lure"}, "half_max"),
        ({"rate": "1e-4 1/(um**2*min)", "signal": "lura", "half_max": 1}, "lure"),
        ({"number": 3, "through": "z_low"}, "two dimensions"),
        ({"number": 3, "state": 0.5}, "plasticity"),
        ({"number": 3, "start": "2 h", "stop": "1 h"}, "stop"),
        ({"type": "tumor", "number": 3}, "tumour"),
    ],
)
def test_mistakes_in_recruitment(entry: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        number_of_newcomers(entry, substances={"lure": {"pace": "still"}})


def test_cells_without_a_way_in() -> None:
    with pytest.raises(InputError, match="vessels"):
        number_of_newcomers({"number": 3}, vessels=None)
    blocked = {"layout": [VESSELS["layout"][0] | {"pressure_in": "none", "pressure_out": "none"}]}
    with pytest.raises(InputError, match="no blood vessel with flow"):
        number_of_newcomers({"number": 3}, vessels=blocked)


def test_cells_enter_wide_vessels_and_beside_blind_ones() -> None:
    """The nearest wall with flow counts, not the nearest axis."""
    wide = {"layout": [{"kind": "blood", "line": [["-100 um", "-55 um"], ["100 um", "-55 um"]], "diameter": "90 um"}]}
    blind = {
        "layout": [
            {"kind": "blood", "line": [["-100 um", "12 um"], ["100 um", "12 um"]], "diameter": "8 um"},
            {"kind": "blood", "line": [["-20 um", "-10 um"], ["20 um", "-10 um"]], "diameter": "8 um"},
        ]
    }  # fmt: skip
    for vessels in (wide, blind):
        cells = [{"type": "tumour", "at": [["0 um", "0 um"]]}]
        s = simulation(1, **tissue({"crossing": {"intravasation": "1 1/min"}}, cells=cells, vessels=vessels))
        s.run(3)
        assert s.cells.count == 0


@pytest.mark.parametrize("step", [0.1, 0.3, 0.6, 1.2, 6.0])
def test_a_number_of_cells_comes_once(step: float) -> None:
    for times in range(1, 60, 7):
        entry = {"type": "tumour", "through": "tissue", "number": 5, "start": f"{times * step!r} min"}
        steps = {"phenotype": f"{step} min", "diffusion": "0.1 min", "mechanics": "0.1 min"}
        data = tissue({}, steps=steps, recruitment=[entry], duration=f"{1000 * step!r} min", save_every=f"{step!r} min")
        s = simulation(1, **data)
        s.run(times)
        assert s.cells.count == 0
        s.run(2)
        assert s.cells.count == 5


def test_daughters_of_lodged_cells_lie_apart() -> None:
    cell = {"cycle": {"model": "live", "birth_rate": "0.05 1/min"}, "crossing": {"extravasation": "0 1/min"}}
    entry = {"type": "tumour", "through": "blood", "lodged": True, "number": 1}
    s = simulation(1, **tissue(cell, recruitment=[entry]))
    s.run(12)
    n = s.cells.count
    assert n > 3
    assert (s.cells.columns["lodged"][0, :n] > 0.0).all()
    assert len(np.unique(s.cells.place[:n, :3].round(6), axis=0)) == n


def test_lodged_cells_that_are_killed_and_cleared_are_counted() -> None:
    killer = STILL | {"attack": {"targets": {"tumour": 1.0}, "rate": "50 1/min"}, "engulfing": "50 1/min"}
    data = tissue({"crossing": {"extravasation": "0 1/min"}})
    data["cell_types"] = data["cell_types"] | {"killer": killer | {"repulsion": "0 um/min", "adhesion": "0 um/min"}}
    data["recruitment"] = [{"type": "tumour", "through": "blood", "lodged": True, "number": 60}]
    data["cells"] = [{"type": "killer", "random": {"number": 150}}]
    s = simulation(1, **data)
    s.run(12)
    counts: dict[str, float] = {}
    for part in s.parts:
        counts |= part.counts(s)
    assert counts["killer cleared"] > 10
    assert counts["tumour died inside"] + counts["tumour inside vessels"] == 60


def test_lodged_cells_are_not_moved_by_what_pushes_them() -> None:
    """At every step of mechanics, not only when parts look: who touches whom is read where they are."""
    pusher = STILL | {"motility": {"speed": "2 um/min", "persistence": "5 min"}}
    data = tissue({"crossing": {"extravasation": "0 1/min"}})
    data["cell_types"] = data["cell_types"] | {"pusher": pusher}
    data["recruitment"] = [{"type": "tumour", "through": "blood", "lodged": True, "number": 80}]
    data["cells"] = [{"type": "pusher", "random": {"number": 150}}]
    s = simulation(1, **data)
    s.run(1)
    n = s.cells.count
    inside = s.cells.columns["lodged"][0, :n] > 0.0
    assert inside.sum() == 80
    before = s.cells.place[:n].copy()
    s.advance_physics(s.scene.steps.phenotype)
    assert np.array_equal(s.cells.place[:n, :3][inside], before[inside, :3])
    assert np.linalg.norm(s.cells.place[:n, :3][~inside] - before[~inside, :3], axis=1).max() > 1.0
