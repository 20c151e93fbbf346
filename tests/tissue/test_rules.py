"""Rules and functions that move behaviours in single cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import DiasporeError, InputError
from diaspore.core.spec import validate
from diaspore.tissue.behaviours import APOPTOSIS, EXIT, SPEED, behaviours
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.signals import PRESSURE_UNIT, signals
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.snapshot import read_snapshot
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC
from tests.tissue.common import OXYGEN, TUMOUR, scene, simulation

STEADY = {"oxygen": OXYGEN | {"pace": "steady"}}
MOTILE = TUMOUR | {"motility": {"speed": "0.2 um/min", "bias": 0.3, "chemotaxis": {"oxygen": 1.0}}}


def rule(**fields: Any) -> dict[str, Any]:
    usual = {
        "type": "tumour", "signal": "oxygen", "direction": "increases", "behaviour": "migration speed",
        "saturation": "2 um/min", "half_max": "20 mmHg",
    }  # fmt: skip
    return usual | fields


def two_types(**changes: Any) -> Simulation:
    """Tumour cells and a few others beside them."""
    other = {"oxygen": {}, "apoptosis": {}, "motility": {"speed": "1 um/min"}}
    cells = [
        {"type": "tumour", "sphere": {"radius": "60 um"}},
        {"type": "other", "sphere": {"radius": "30 um", "centre": ["70 um", "0 um", "0 um"]}},
    ]
    return simulation(**({"cell_types": {"tumour": MOTILE, "other": other}, "cells": cells} | changes))


def test_two_rules_on_one_behaviour() -> None:
    """Against the formula, in all cells: oxygen speeds up, pressure and a neighbour's touch slow down."""
    rules = [
        rule(power=3),
        rule(signal="oxygen gradient", half_max="0.05 mmHg/um", power=2),
        rule(
            signal="pressure", direction="decreases", saturation="0.1 um/min", half_max=0.5, power=2, base="0.4 um/min"
        ),
        rule(signal="contact with other", direction="decreases", saturation="0.1 um/min", half_max=1.5, power=4),
    ]
    s = two_types(rules=rules, substances=STEADY)
    s.run(3)
    s.advance_physics(6.0)
    s._apply_rules()
    n = s.cells.count
    xyz, radius, kind, phase = (
        s.cells.place[:n, :3], s.cells.place[:n, 3], s.cells.kind[:n], s.cells.phase[:n],
    )  # fmt: skip
    distance = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
    near = distance < 1.25 * (radius[:, None] + radius)
    np.fill_diagonal(near, False)
    touches = (near & ((kind == 1) & (phase < APOPTOTIC))).sum(axis=1)
    index = tuple(((xyz - s.low) / 20.0).astype(int).T[::-1])
    u = s.u[0]
    slopes = np.stack(np.gradient(u, 20.0, edge_order=1))[(slice(None), *index)]
    up = (u[index] / 20.0) ** 3 + (np.linalg.norm(slopes, axis=0) / 0.05) ** 2
    down = (s.cells.pressure[:n] / PRESSURE_UNIT / 0.5) ** 2 + (touches / 1.5) ** 4
    rise, fall = up / (1 + up), down / (1 + down)
    expected = (1 - fall) * ((1 - rise) * 0.4 + rise * 2.0) + fall * 0.1
    column = s.scene.rules.column[SPEED]
    mine = s._traits.values[column, :n]
    alive = (kind == 0) & (phase < APOPTOTIC)
    assert touches[alive].max() > 0
    assert mine[alive] == pytest.approx(expected[alive], rel=1e-12)
    assert np.all(mine[(kind == 1) & (phase < APOPTOTIC)] == 1.0)  # no rule of theirs: the base


@pytest.mark.parametrize("substances", [STEADY, {"oxygen": OXYGEN}])
def test_rules_and_motion_do_not_depend_on_threads(substances: dict[str, Any]) -> None:
    rules = [
        rule(),
        rule(signal="contact with live cell", behaviour="cell-cell adhesion", saturation="2 um/min", half_max=4),
        rule(signal="pressure", behaviour="apoptosis", saturation="0.01 1/min", half_max=1),
        rule(signal="contact with other", behaviour="transform to other", saturation="0.1 1/min", half_max=1),
        rule(signal="volume", behaviour="oxygen uptake", saturation="20 1/min", half_max="2500 um**3"),
    ]
    ends = []
    for threads in (1, 2):
        fine = scene()["domain"] | {"spacing": "10 um"}  # large enough for two threads
        s = two_types(rules=rules, substances=substances, threads=threads, domain=fine)
        assert s.members == threads
        s.run(4)
        ends.append(
            (s.cells.place[: s.cells.count].tobytes(), s.cells.heading[: s.cells.count].tobytes(), s.u.tobytes())
        )
    assert ends[0] == ends[1]
    assert (s.cells.kind[: s.cells.count] == 1).sum() > 35


def test_a_rule_that_is_saturated_replaces_the_base() -> None:
    """Apoptosis in every cell at a rate that leaves nearly none; cycle entry of the rest at a rate of its own."""
    s = simulation(
        substances=STEADY,
        rules=[rule(behaviour="apoptosis", saturation="1 1/min", half_max="0.01 mmHg", power=8)],
    )
    s.run(1)
    phase = s.cells.phase[: s.cells.count]
    assert np.mean(phase == APOPTOTIC) > 0.99


def test_dead_cells_do_what_a_rule_for_them_says() -> None:
    debris = {"diffusion": "100 um**2/min", "initial": 0.0}
    rules = [
        rule(signal="dead", behaviour="debris secretion", saturation="1 1/min", half_max=0.1, power=10, when_dead=True),
    ]
    cell = TUMOUR | {"apoptosis": {"rate": "0.05 1/min"}, "exchange": {"debris": {"target": 1.0}}}
    found = {}
    for when_dead in (True, False):
        s = simulation(
            substances={"oxygen": OXYGEN, "debris": debris}, cell_types={"tumour": cell},
            rules=[rules[0] | {"when_dead": when_dead}],
        )  # fmt: skip
        s.run(2)
        found[when_dead] = float(s.u[1].max())
    assert found[True] > 0.1
    assert found[False] == 0.0


def test_transformation_at_a_rate() -> None:
    """All types that it may become, in proportion to the rates."""
    types = {"tumour": {"transforms_to": {"a": "0.03 1/min", "b": "0.01 1/min"}, "cycle": {"model": "none"}}}
    s = simulation(cell_types=types | {"a": {}, "b": {}}, substances={})
    n = s.cells.count
    s.run(3)
    kind = s.cells.kind[: s.cells.count]
    left = np.exp(-0.04 * 18)
    # a and b divide at the usual rate: 1.3 % in 18 min
    assert np.mean(kind == 0) == pytest.approx(left, abs=0.04)
    assert np.sum(kind == 1) / np.sum(kind == 2) == pytest.approx(3.0, rel=0.2)
    assert s.cells.count == pytest.approx(n, rel=0.03)


CODE = """
def speed(value, signals):
    oxygen, pressure = signals
    return value + 0.01 * oxygen if oxygen > 20.0 else 0.0
"""


def test_a_function_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    functions = [
        {
            "type": "tumour", "behaviour": "migration speed", "function": "speed", "file": str(file),
            "signals": ["oxygen", "pressure"],
        }
    ]  # fmt: skip
    s = two_types(functions=functions, substances=STEADY)
    s._balance(6.0)
    s._apply_rules()
    n = s.cells.count
    index = tuple(((s.cells.place[:n, :3] - s.low) / 20.0).astype(int).T[::-1])
    expected = np.where(s.u[0][index] > 20.0, 0.2 + 0.01 * s.u[0][index], 0.0)
    mine = s._traits.values[0, :n]
    tumour = s.cells.kind[:n] == 0
    assert mine[tumour] == pytest.approx(expected[tumour])
    assert np.all(mine[~tumour] == 1.0)
    file.unlink()  # the description keeps the code
    s.run(1)


def test_a_function_cannot_read_beside_its_signals() -> None:
    code = "def speed(value, signals):\n    return abs(signals[40]) * 1e-9\n"
    functions = [
        {"type": "tumour", "behaviour": "migration speed", "function": "speed", "code": code, "signals": ["oxygen"]}
    ]
    s = two_types(functions=functions, substances=STEADY)
    with pytest.raises(DiasporeError, match=r"function speed for migration speed fails: IndexError.*1 signals"):
        s.run(1)


def test_a_response_is_whole_where_its_terms_overflow() -> None:
    steep = rule(signal="volume", behaviour="apoptosis", saturation="0.5 1/min", half_max="0.001 um**3", power=64)
    s = simulation(substances=STEADY, rules=[steep])
    s._apply_rules()
    assert np.all(s._traits.values[0, : s.cells.count] == 0.5)


def test_a_direction_that_contradicts_its_numbers_is_noted() -> None:
    data = scene(cell_types={"tumour": MOTILE}, rules=[rule(saturation="0.1 um/min")], substances=STEADY)
    notes = validate(TissueSpec, data).notes()
    assert notes == ["rules[0] increases migration speed of tumour, but goes from 0.2 to 0.1"]
    followed = validate(TissueSpec, scene(cells=[])).notes()
    assert [note.split(":")[0] for note in followed] == [
        "there are no cells, and none come in", "oxygen spreads over 2.5 voxels squared in a step of 0.01 min",
    ]  # fmt: skip


def test_a_function_that_gives_no_number() -> None:
    code = "def speed(value, signals):\n    return value / 0.0\n"
    functions = [{"type": "tumour", "behaviour": "migration speed", "function": "speed", "code": code}]
    s = two_types(functions=functions, substances=STEADY)
    with pytest.raises(DiasporeError, match="function speed gave inf for migration speed"):
        s.run(1)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"rules": [rule(signal="oxigen")]}, "rules[0].signal", "did you mean 'oxygen'"),
        ({"rules": [rule(behaviour="migration sped")]}, "rules[0].behaviour", "did you mean 'migration speed'"),
        ({"rules": [rule(type="tumor")]}, "rules[0].type", "did you mean 'tumour'"),
        ({"rules": [rule(saturation="2 1/min")]}, "rules[0].saturation", "um/min"),
        ({"rules": [rule(saturation="-2 um/min")]}, "rules[0].saturation", "at least 0"),
        ({"rules": [rule(half_max="0 mmHg")]}, "rules[0].half_max", "above 0"),
        ({"rules": [rule(), rule(signal="volume", half_max="10 um**3", saturation="3 um/min")]}, "rules[1]", "one sat"),
        ({"functions": [{"type": "tumour", "behaviour": "apoptosis", "function": "f"}]}, "functions[0]", "file, code"),
        (
            {"functions": [{"type": "tumour", "behaviour": "apoptosis", "function": "f", "code": "def g(): 1"}]},
            "functions[0].function", "has no function",
        ),
        (
            {"functions": [{"type": "tumour", "behaviour": "apoptosis", "function": "f", "code": "def f(:"}]},
            "functions[0].code", "is no Python",
        ),
        (
            {"functions": [{"type": "tumour", "behaviour": "apoptosis", "function": "f", "code": "def f(x): 1"}]},
            "functions[0].function", "does not compile",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named(change: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        simulation(**change)
    assert field in str(caught.value)
    assert words in str(caught.value)


def test_a_table_of_rules(tmp_path: Path) -> None:
    table = tmp_path / "rules.csv"
    table.write_text(
        "type,signal,direction,behaviour,base,saturation,half_max,power,source\n"
        "# faster where there is oxygen\n"
        "tumour,oxygen,increases,migration speed,,2 um/min,20 mmHg,,recalled\n"
        "tumour,pressure,decreases,cycle entry,,0 1/min,1,2,\n"
    )
    s = simulation(rules={"file": str(table)})
    assert s.scene.rules.rules.behaviour.tolist() == [EXIT, SPEED]
    assert s.scene.rules.rules.power.tolist() == [4.0, 2.0]
    table.write_text("type,signal,direction,behavior,saturation,half_max\n")
    with pytest.raises(InputError, match="has no column 'behaviour'"):
        simulation(rules={"file": str(table)})


def test_names_are_in_the_order_of_the_tables() -> None:
    known = behaviours({"oxygen": "mmHg", "lure": "dimensionless"}, ["one", "two"])
    assert known[APOPTOSIS].name == "apoptosis"
    assert known[SPEED].name == "migration speed"
    assert [b.name for b in known[-3:]] == ["chemotactic response to lure", "transform to one", "transform to two"]
    units = {b.name: b.unit for b in known}
    assert units["oxygen secretion target"] == "mmHg"
    assert units["oxygen export"] == "(mmHg)*um**3/min"
    assert units["lure secretion target"] == "dimensionless"
    assert units["lure export"] == "um**3/min"
    assert len({s.name for s in signals({"oxygen": "mmHg"}, ["one"])}) == 11


def test_a_run_with_rules_keeps_them_and_goes_on(tmp_path: Path) -> None:
    functions = [
        {
            "type": "tumour", "behaviour": "migration speed", "function": "speed", "code": CODE,
            "signals": ["oxygen", "contact with live cell"],
        }
    ]  # fmt: skip
    data = scene(
        rules=[rule()], functions=functions, cells=[{"type": "tumour", "sphere": {"radius": "40 um"}}],
        cell_types={"tumour": MOTILE}, duration="30 min",
    )  # fmt: skip
    whole = diaspore.simulate(data, out=tmp_path / "whole", quiet=True)
    assert "def speed" in (tmp_path / "whole" / "spec.yaml").read_text()
    assert "johnson2025" in (tmp_path / "whole" / "citations.json").read_text()
    last = whole.arrays("snapshots/00005.zarr")
    assert np.abs(last["heading"]).max() > 0.0
    compiled = compile_tissue(validate(TissueSpec, data), seed=1)
    s = Simulation(compiled.scene, compiled.cells, 1)
    read_snapshot(whole.path, 2, s, compiled.substances)
    s.run(3)
    for name in ("place", "heading", "identity"):
        assert np.array_equal(getattr(s.cells, name)[: s.cells.count], last[name])
