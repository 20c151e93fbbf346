"""Whole tissues: same bits whatever the threads and interruptions, and what must be conserved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import DiasporeError, InputError
from diaspore.tissue import engine
from diaspore.tissue.state import APOPTOTIC, FIELDS
from tests.tissue.common import OXYGEN, TUMOUR, resumed_alike, scene, simulation


def state(s: Any) -> list[bytes]:
    return [getattr(s.cells, name)[: s.cells.count].tobytes() for name in FIELDS] + [s.u.tobytes()]


def test_threads_do_not_change_the_bits() -> None:
    results = []
    for threads in (1, 2, 3):
        s = simulation(threads=threads, domain=scene()["domain"] | {"spacing": "10 um"})
        s.run(3)
        results.append(state(s))
    assert results[0] == results[1] == results[2]


def test_two_dimensions() -> None:
    side = ["-300 um", "300 um"]
    results = []
    for threads in (1, 2):
        s = simulation(threads=threads, domain={"x": side, "y": side, "spacing": "20 um"})
        s.run(2)
        results.append(state(s))
        assert np.all(s.cells.place[: s.cells.count, 2] == 0.0)
        assert 19.0 < s.u.min() < 38.0
    assert results[0] == results[1]


def test_steady_oxygen_and_longer_steps() -> None:
    """Same bits whatever the threads; as many cells as with small steps and nearly their oxygen."""
    small, results = simulation(), []
    small.run(3)
    for threads in (1, 2):
        s = simulation(threads=threads, substances={"oxygen": OXYGEN | {"pace": "steady"}})
        s.run(3)
        assert s.mechanics_ticks < 0.5 * small.mechanics_ticks
        results.append(state(s))
    assert results[0] == results[1]
    assert s.cells.count == pytest.approx(small.cells.count, rel=0.01)
    assert engine.extent(s.cells.place[: s.cells.count]) == pytest.approx(
        engine.extent(small.cells.place[: small.cells.count]), rel=0.01
    )
    assert s.u.min() == pytest.approx(small.u.min(), rel=0.02)


def test_exchange_in_turn_approaches_the_balance() -> None:
    """Cells that stay: the balanced exchange is off by the splitting of diffusion only, the implicit one by more, and
    both come closer in proportion to the step."""
    still = {"exchange": {"oxygen": {"uptake": "10 1/min"}}, "cycle": {"model": "none"}, "repulsion": "0 um/min"}
    still["adhesion"] = "0 um/min"
    exact = simulation(cell_types={"tumour": still}, substances={"oxygen": OXYGEN | {"pace": "steady"}})
    exact.advance_physics(6.0)
    off = {}
    for way in ("balanced", "implicit"):
        for step in (0.01, 0.005):
            s = simulation(cell_types={"tumour": still}, steps={"exchange": way, "diffusion": f"{step} min"})
            s.advance_physics(6.0)
            off[way, step] = float(abs(s.u - exact.u).max())
    assert off["balanced", 0.01] < 0.25 * off["implicit", 0.01]
    for way in ("balanced", "implicit"):
        assert off[way, 0.01] / off[way, 0.005] == pytest.approx(2.0, rel=0.15)


@pytest.mark.parametrize("substances", [{"oxygen": OXYGEN | {"pace": "steady"}}, {}])
def test_threads_without_transients_and_motion(substances: dict[str, Any]) -> None:
    """No step of diffusion holds the members together here; steps of mechanics grow and shrink with speeds."""
    cell = {"apoptosis": {}, "cycle": {"model": "live", "birth_rate": "0.01 1/min"}}
    results = []
    for threads in (1, 2, 3):
        s = simulation(
            threads=threads, substances=substances, cell_types={"tumour": cell},
            cells=[{"type": "tumour", "sphere": {"radius": "150 um"}}],
        )  # fmt: skip
        assert s.members == threads
        s.run(8)
        results.append(state(s))
    assert results[0] == results[1] == results[2]


def test_a_steady_substance_that_nothing_brings_is_gone() -> None:
    drug = {"diffusion": "1e3 um**2/min", "decay": "0.1 1/min", "initial": 1.0, "pace": "steady"}
    s = simulation(substances={"oxygen": OXYGEN, "drug": drug})
    s.run(1)
    assert np.all(s.u[1] == 0.0)


def test_a_steady_substance_that_cells_take_up_almost_whole() -> None:
    oxygen = OXYGEN | {"pace": "steady", "diffusion": "1e3 um**2/min"}
    cell = {"exchange": {"oxygen": {"uptake": "1000 1/min"}}, "cycle": {"model": "none"}}
    s = simulation(substances={"oxygen": oxygen}, cell_types={"tumour": cell})
    s.run(1)
    assert 0.0 <= s.u.min() < 1e-3


def test_contacts_are_those_after_the_last_step() -> None:
    """Two cells that come into reach within a step of phenotypes."""
    cell = {"motility": {"speed": "1 um/min", "bias": 1.0, "chemotaxis": {"lure": 1.0}}, "cycle": {"model": "none"}}
    lure = {"diffusion": "1e7 um**2/min", "held": {"x_low": 0.0, "x_high": 1.0}, "pace": "steady"}
    still = {"cycle": {"model": "none"}, "friction": 1e9}
    rule = {
        "type": "a", "signal": "contact with b", "direction": "increases", "behaviour": "apoptosis",
        "saturation": "100 1/min", "half_max": 0.1, "power": 8,
    }  # fmt: skip
    s = simulation(
        substances={"lure": lure}, cell_types={"a": cell, "b": still}, rules=[rule],
        cells=[{"type": "a", "at": [["0 um"] * 3]}, {"type": "b", "at": [["26 um", "0 um", "0 um"]]}],
    )  # fmt: skip
    s.run(1)
    assert APOPTOTIC in s.cells.phase[: s.cells.count]


@pytest.mark.parametrize("steady", [False, True])
def test_a_killed_run_goes_on_with_the_same_bits(steady: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oxygen = {"oxygen": OXYGEN | {"pace": "steady" if steady else "fast"}}
    data = scene(duration="30 min", save_every="12 min", substances=oxygen)
    whole = resumed_alike(engine, data, tmp_path, monkeypatch)
    assert len(whole.table("counts")) == 4
    assert whole.table("counts")["hours"].tolist() == [0.0, 0.2, 0.4, 0.5]


def test_numbers_that_nothing_can_have_stop_the_run() -> None:
    s = simulation()
    s.u[0, 3, 2, 1] = np.nan
    with pytest.raises(DiasporeError, match=r"oxygen is no longer a number \(nan\) at .* within 6 min after 0 min"):
        s.advance_physics(0.1)
    s = simulation()
    s.u[0, 5, 5, 5] = -1e6
    with pytest.raises(DiasporeError, match=r"oxygen is negative \(-.*\) at \("):
        s.advance_physics(0.1)
    s = simulation()
    s.cells.place[7, 0] = np.nan
    with pytest.raises(DiasporeError, match=r"place of a cell is no longer a number: tumour, identity \d+"):
        s._check_numbers()


def test_single_precision_drifts_little() -> None:
    """The same cells; oxygen within a ten-thousandth after 12 minutes of small steps."""
    double, single = simulation(), simulation(precision="single")
    for s in (double, single):
        s.run(2)
    assert single.u.dtype == np.float32
    assert single.cells.count == double.cells.count
    assert np.abs(single.u / double.u - 1.0).max() < 1e-4
    steady = simulation(precision="single", substances={"oxygen": OXYGEN | {"pace": "steady"}})
    steady.run(1)
    assert steady.u.min() == pytest.approx(27.33, abs=0.3)


def test_mass_of_a_substance_is_accounted_for() -> None:
    """In a closed box without decay, what is gone is what cells took up."""
    closed = {"unit": "mmHg", "diffusion": "1e4 um**2/min", "initial": "38 mmHg"}
    s = simulation(substances={"oxygen": closed}, steps={"diffusion": "0.001 min", "mechanics": "0.01 min"})
    before = s.u.sum()
    s.advance_physics(0.01)
    volume = s.cells.volumes[: s.cells.count].sum()
    taken = (before - s.u.sum()) * s.scene.grid.voxel_volume
    most = 38.0 * 10.0 * volume * 0.01  # were it not used up: up to 8 % are, at the end
    assert 0.92 * most < taken < most
    still = simulation(substances={"oxygen": closed}, cell_types={"tumour": {}})
    before = still.u.sum()
    still.advance_physics(0.5)
    assert still.u.sum() == pytest.approx(before, rel=1e-12)


def test_daughters() -> None:
    fast = TUMOUR | {"cycle": {"model": "live", "birth_rate": "0.02 1/min"}, "apoptosis": None}
    s = simulation(cell_types={"tumour": {k: v for k, v in fast.items() if v is not None}})
    volume = s.cells.volumes[: s.cells.count].sum()
    s.run(1)
    c, n = s.cells, s.cells.count
    born = c.generation[:n] == 1
    assert 2 * (n - 1993) == born.sum() > 200
    assert len(np.unique(c.identity[:n])) == n
    assert len(np.unique(c.founder[:n])) == 1993
    assert c.volumes[:n].sum() == pytest.approx(volume, rel=1e-9)
    assert c.volumes[:n][born].sum(axis=1) == pytest.approx(1247.0)


def test_more_births_than_there_was_room_for() -> None:
    fast = {"cycle": {"model": "live", "birth_rate": "0.1666666666 1/min"}}
    s = simulation(cell_types={"tumour": fast}, cells=[{"type": "tumour", "sphere": {"radius": "60 um"}}])
    n = s.cells.count
    for _ in range(3):
        s.advance_phenotypes()
    assert s.cells.count == 8 * n


def test_growth_from_the_first_phase() -> None:
    phases = [
        {"name": "g", "length": "10 h", "law": "fixed", "grows": True},
        {"name": "m", "length": "1 h", "law": "fixed", "divides": True},
    ]
    s = simulation(
        cell_types={"tumour": {"cycle": {"model": "phases", "phases": phases}}},
        cells=[{"type": "tumour", "at": [["0 um", "0 um", "0 um"]]}],
    )
    largest = 0.0
    for _ in range(300):
        s.advance_phenotypes()
        largest = max(largest, s.cells.volumes[: s.cells.count].sum(axis=1).max())
    assert s.cells.count == 4
    assert 1.7 * 2494.0 < largest < 2.0 * 2494.0


def test_a_large_domain_without_cells_needs_no_bins() -> None:
    side = ["-4 mm", "4 mm"]
    s = simulation(domain={"x": side, "y": side, "z": side, "spacing": "100 um"}, cells=[])
    s.run(1)
    assert s._mechanics().first.size < 2000


def test_a_table_of_places(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("x,y,z\n0,0,0\n20,0,0\n")
    cells = [{"type": "tumour", "file": str(file)}]
    run = diaspore.simulate(scene(cells=cells), out=tmp_path / "r", quiet=True)
    assert run.table("counts")["tumour live"].tolist()[0] == 2
    assert len(run.spec["cells"][0]["sha256"]) == 64
    file.write_text("x,y\n0,0\n")
    with pytest.raises(InputError, match="has no column 'z'"):
        diaspore.simulate(scene(cells=cells), out=tmp_path / "s", quiet=True)


def test_a_single_face_goes_before_all(tmp_path: Path) -> None:
    for held in ({"all": "38 mmHg", "x_low": "3 mmHg"}, {"x_low": "3 mmHg", "all": "38 mmHg"}):
        s = simulation(substances={"oxygen": OXYGEN | {"held": held}})
        assert s.u[0, 5, 5, 0] == 3.0
        assert s.u[0, 5, 5, -1] == 38.0


def test_starved_cells_die_swell_and_burst() -> None:
    low = OXYGEN | {"initial": "1 mmHg", "held": {"all": "1 mmHg"}}
    s = simulation(substances={"oxygen": low}, cells=[{"type": "tumour", "at": [["0 um", "0 um", "0 um"]]}])
    sizes = []
    for _ in range(80):
        s.run(1)
        sizes.append(s.cells.volumes[0].sum())
    assert s.cells.phase[0] > APOPTOTIC
    assert np.all(np.diff(sizes[:5]) > 0.0)
    assert max(sizes) > 2.0 * 2494.0
    assert sizes[-1] < max(sizes)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"cell_types": {"tumour": TUMOUR | {"exchange": {"oxigen": {"uptake": "1 1/min"}}}}}, "exchange", "oxygen"),
        ({"cells": [{"type": "tumor", "sphere": {"radius": "50 um"}}]}, "cells[0].type", "did you mean 'tumour'"),
        ({"cells": [{"type": "tumour", "sphere": {"radius": "400 um"}}]}, "cells", "outside of the domain"),
        ({"cells": [{"type": "tumour"}]}, "cells[0]", "sphere, random, file, at"),
        ({"steps": {"diffusion": "0.03 min"}}, "steps.mechanics", "no whole multiple"),
        ({"substances": {"oxygen": OXYGEN | {"initial": "-1 mmHg"}}}, "initial", "at least 0"),
        ({"substances": {"oxygen": OXYGEN | {"initial": "1"}}}, "initial", "has no unit"),
        ({"substances": {"oxygen": OXYGEN | {"diffusion": ".nan um**2/min"}}}, "diffusion", ""),
        ({"substances": {"oxygen": OXYGEN | {"unit": "mmhg"}}}, "unit", "did you mean 'mmHg'"),
        ({"substances": {"oxygen": OXYGEN | {"held": {}, "flux": {"x_low": "-1 mmHg*um/min"}}}}, "flux", "at least 0"),
        ({"cell_types": {"tumour": TUMOUR | {"oxygen": {"threshold": "40 mmHg"}}}}, "threshold", "less than"),
        ({"cell_types": {"tumour": TUMOUR | {"necrosis": {"level": "2 mmHg"}}}}, "full_level", "less than"),
        ({"cells": [{"type": "tumour", "file": "absent.csv"}]}, "cells[0].file", "cannot read"),
        ({"domain": {"spacing": "30 um"}}, "spacing", "does not divide"),
        ({"duration": "7 min"}, "duration", "no whole multiple"),
        ({"cell_types": {"tumour": {"necrosis": {}}}}, "necrosis", "needs the field oxygen"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], field: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        diaspore.simulate(scene(**changes), out=tmp_path / "r", quiet=True)
    assert field in str(caught.value)
    assert words in str(caught.value)
    assert not (tmp_path / "r").exists()
