"""Networks of molecules in cells: inputs, dynamics, inheritance, clones, drugs, signals; the same bits everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import InputError
from diaspore.core.messages import Lever, Levers, NodeLever
from diaspore.core.spec import validate
from diaspore.networks.boolean.ensemble import Ensemble
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.tissue import engine
from diaspore.tissue.results import Tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.state import APOPTOTIC
from tests.tissue.common import OXYGEN, resumed_alike, simulation

SIDE = ["-200 um", "200 um"]
FREE: dict[str, Any] = {"repulsion": "0 um/min", "adhesion": "0 um/min"}
"""Cells that do not touch."""
QUIET: dict[str, Any] = FREE | {"cycle": {"model": "none"}}
"""And neither divide nor die."""


def network(nodes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "kind": "boolean_network",
        "name": "n",
        "nodes": nodes,
        "initial": {"default": 0},
    } | fields


def still(networks: dict[str, Any], seed: int = 1, threads: int = 1, **changes: Any) -> Simulation:
    """Cells at random places of a flat domain that do nothing but run networks."""
    scene = {
        "domain": {"x": SIDE, "y": SIDE}, "substances": {}, "cell_types": {"tumour": QUIET},
        "cells": [{"type": "tumour", "random": {"number": 4000}}], "networks": networks,
        "steps": {"longest_mechanics": "0 min", "mechanics": "1 min"},
    }  # fmt: skip
    return simulation(seed, threads, **(scene | changes))


def states(s: Simulation, node: str, which: int = 0) -> np.ndarray:
    return s.scene.networks[which].nodes(s.cells, [node])[0]


def test_a_network_in_cells_is_the_ensemble() -> None:
    spec = validate(
        BooleanNetworkSpec,
        network(
            {"S": None, "A": {"logic": "S & !C", "up": "@logic ? 2 : 0"}, "B": "A | B & S", "C": "B & A"},
            initial={"default": 0.3, "on": {"S": 0.7}}, duration=3.0, window=3.0,
        ),
    )  # fmt: skip
    s = still({"n": {"network": spec.model_dump(mode="json"), "hours_per_unit": 0.5, "interval": "6 min"}})
    s.run(15)  # 90 min are 3 units
    ensemble = Ensemble(spec)
    expected = ensemble.run(9, 0, 200_000)
    ends = (
        sum(np.array([state[0] >> k & 1 for k in range(4)]) * count for state, count in expected.ends.items())
        / expected.trajectories
    )
    for k, node in enumerate("SABC"):
        p = float(ends[k])
        assert states(s, node).mean() == pytest.approx(p, abs=4.5 * (p * (1 - p) / 4000) ** 0.5), node


def test_thresholds_have_hysteresis() -> None:
    lure = {"unit": "dimensionless", "diffusion": "0 um**2/min", "initial": 0.0}
    inputs = [
        {"node": "HIGH", "signal": "lure", "on": 0.6, "off": 0.4},
        {"node": "LOW", "signal": "lure", "on": 0.4, "off": 0.6, "reversed": True},
    ]
    n = {"network": network({"HIGH": None, "LOW": None}), "hours_per_unit": 1, "interval": "6 min", "inputs": inputs}
    s = still({"n": n}, substances={"lure": lure}, cells=[{"type": "tumour", "at": [["0 um", "0 um"]]}])
    seen = []
    for level in (0.5, 0.7, 0.5, 0.3, 0.5, 0.6, 0.4, 0.39):
        s.u[0] = level
        s.run(1)
        seen.append((int(states(s, "HIGH")[0]), int(states(s, "LOW")[0])))
    assert seen == [(0, 0), (1, 0), (1, 0), (0, 1), (0, 1), (1, 1), (1, 1), (0, 1)]


def test_an_input_driven_by_a_rate_is_on_for_its_share() -> None:
    lure = {"unit": "dimensionless", "diffusion": "0 um**2/min", "initial": 2.0}
    one = {"node": "X", "signal": "lure", "up": "3 1/h", "half_max": 1.0, "power": 2, "down": "1 1/h"}
    n = {"network": network({"X": None, "Y": "X"}), "hours_per_unit": 2, "inputs": [one]}
    s = still({"n": n}, substances={"lure": lure})
    s.run(100)  # 10 h at 3.4 per h
    up = 3.0 * 4.0 / 5.0
    share = up / (up + 1.0)
    assert states(s, "X").mean() == pytest.approx(share, abs=4.5 * (share * (1 - share) / 4000) ** 0.5)
    at_first = still({"n": n}, substances={"lure": lure})
    at_first.run(2)  # 12 min
    p = share * (1.0 - np.exp(-(up + 1.0) * 0.2))
    assert states(at_first, "X").mean() == pytest.approx(p, abs=4.5 * (p * (1 - p) / 4000) ** 0.5)


def test_averages_follow_their_time_and_rules_read_them() -> None:
    n = {
        "network": network({"X": None, "Y": None}, initial={"on": {"X": 0, "Y": 1}}), "hours_per_unit": 1,
        "averages": {"X": "2 h"}, "mutations": {"X": "on"},
    }  # fmt: skip
    rules = [
        {"type": "tumour", "signal": "n.X average", "direction": "increases", "behaviour": "apoptosis",
         "saturation": "1e-9 1/min", "half_max": 0.5},
        {"type": "tumour", "signal": "n.Y", "direction": "increases", "behaviour": "necrosis",
         "saturation": "1e-9 1/min", "half_max": 0.5, "power": 1},
    ]  # fmt: skip
    s = still({"n": n}, rules=rules)
    column = s.cells.columns["signals"]
    assert (column[:, : s.cells.count] == 1.0).all()  # an average begins with the state at the start
    column[1] = 0.0  # states first, then averages
    s.run(4)
    np.testing.assert_allclose(column[1, : s.cells.count], 1.0 - np.exp(-24 / 120), rtol=1e-6)
    s.run(1)
    row = s.scene.rules.column[list(s.scene.behaviours).index("necrosis")]
    np.testing.assert_allclose(s._traits.values[row, : s.cells.count], 1e-9 * (1 / 0.5) / (1 + 1 / 0.5))


def test_daughters_inherit_and_reset_nodes_are_drawn_anew() -> None:
    spec = network({"X": None, "Y": None, "Z": None}, initial={"default": 0.5})
    growing = {"tumour": FREE | {"cycle": {"model": "live", "birth_rate": "0.003 1/min"}}}
    for reset in ((), ("Z",)):
        n = {"network": spec, "hours_per_unit": 1, "reset": list(reset)}
        s = still({"n": n}, cell_types=growing, cells=[{"type": "tumour", "random": {"number": 300}}])
        founders = dict(
            zip(s.cells.identity[:300].tolist(), zip(*(states(s, x) for x in "XYZ"), strict=True), strict=True)
        )
        s.run(80)
        assert s.cells.count > 900
        mothers = [founders[f] for f in s.cells.founder[: s.cells.count].tolist()]
        for k, node in enumerate("XYZ"):
            same = states(s, node) == np.array([m[k] for m in mothers])
            if node in reset:
                assert 0.3 < same[s.cells.generation[: s.cells.count] > 0].mean() < 0.7
            else:
                assert same.all(), node


def test_signals_of_nodes_drawn_anew_are_right_at_once() -> None:
    growing = {"tumour": FREE | {"cycle": {"model": "live", "birth_rate": "0.05 1/min"}}}
    n = {"network": network({"Z": None}, initial={"default": 0.5}), "hours_per_unit": 1, "reset": ["Z"]}
    rule = {"type": "tumour", "signal": "n.Z", "direction": "increases", "behaviour": "necrosis",
            "saturation": "1e-9 1/min", "half_max": 0.5}  # fmt: skip
    s = still(
        {"n": n | {"interval": "60 min"}}, cell_types=growing, rules=[rule],
        cells=[{"type": "tumour", "random": {"number": 300}}],
    )  # fmt: skip
    s.run(5)
    assert s.cells.count > 400
    np.testing.assert_array_equal(s.cells.columns["signals"][0, : s.cells.count], states(s, "Z"))


def test_clones_have_their_mutations_and_pass_them_on() -> None:
    n = {
        "network": network({"X": None, "Y": "X"}, initial={"default": 0}), "hours_per_unit": 0.5,
        "clones": {"mutant": {"X": "on"}, "partial": {"Y": {"gain": 0.25}}},
    }  # fmt: skip
    cells = [
        {"type": "tumour", "random": {"number": 500}},
        {"type": "tumour", "clone": "mutant", "random": {"number": 500}},
        {"type": "tumour", "clone": "partial", "random": {"number": 3000}},
    ]
    growing = {"tumour": FREE | {"cycle": {"model": "live", "birth_rate": "0.001 1/min"}}}
    s = still({"n": n}, cells=cells, cell_types=growing)
    s.run(120)
    clone = s.cells.columns["network_n_clone"][0, : s.cells.count]
    assert np.bincount(clone).min() > 600
    x, y = states(s, "X"), states(s, "Y")
    assert not x[clone == 0].any()
    assert not y[clone == 0].any()
    assert x[clone == 1].all()
    assert y[clone == 1].mean() > 0.99
    assert y[clone == 2].mean() == pytest.approx(0.25, abs=0.04)


def test_dead_cells_stop_and_types_without_the_network_stand_still() -> None:
    n = {"network": network({"X": "!X"}), "hours_per_unit": 0.05, "types": ["tumour"]}
    types = {"tumour": QUIET, "other": QUIET}
    cells = [{"type": t, "random": {"number": 500}} for t in types]
    s = still({"n": n}, cell_types=types, cells=cells)
    s.cells.phase[: s.cells.count : 2] = APOPTOTIC
    s.cells.progress[: s.cells.count] = -1e6  # and stay so
    live = s.cells.phase[: s.cells.count] < APOPTOTIC
    before = s.cells.identity[: s.cells.count][~live].copy()
    s.run(4)
    dead = np.isin(s.cells.identity[: s.cells.count], before)
    runs = ~dead & (s.cells.kind[: s.cells.count] == 0)
    assert 0.35 < states(s, "X")[runs].mean() < 0.65
    assert not states(s, "X")[~runs].any()


def test_drugs_and_levers_reach_nodes() -> None:
    n = {
        "network": network({"X": "1"}, initial={"default": 1}), "hours_per_unit": 0.1, "interval": "6 min",
        "treatments": [{"node": "X", "loss": 1.0, "start": "60 min", "stop": "120 min"}],
        "clones": {"resistant": {"X": "on"}},
    }  # fmt: skip
    cells = [
        {"type": "tumour", "random": {"number": 1000}},
        {"type": "tumour", "clone": "resistant", "random": {"number": 100}},
    ]
    s = still({"n": n}, cells=cells)
    resistant = lambda: s.cells.columns["network_n_clone"][0, : s.cells.count] == 1  # noqa: E731 - rows move
    s.run(10)
    assert states(s, "X").all()
    s.run(1)  # one unit of time under the drug
    assert states(s, "X")[~resistant()].mean() == pytest.approx(np.exp(-1.0), abs=0.07)
    assert states(s, "X")[resistant()].all()
    s.run(8)
    assert states(s, "X")[~resistant()].mean() < 0.01
    s.run(9)
    assert states(s, "X").mean() > 0.99
    s.pull(Levers(nodes=(NodeLever("X", network="n", loss=0.5, clones=("",)),)))
    s.run(10)
    assert states(s, "X")[~resistant()].mean() == pytest.approx(0.5, abs=0.07)
    s.pull(Levers())
    s.run(8)
    assert states(s, "X").mean() > 0.99
    for levers, message in (
        (Levers(nodes=(NodeLever("Q", loss=1.0),)), "no network in these cells has the node 'Q'"),
        (Levers(nodes=(NodeLever("X", loss=1.0, clones=("resistent",)),)), "did you mean 'resistant'"),
        (Levers(nodes=(NodeLever("X"),)), "says nothing"),
        (Levers((Lever("kill_rate", 1.0),)), "does not act on tissues"),
    ):
        with pytest.raises(InputError, match=message):
            s.pull(levers)


def test_networks_talk_to_each_other_and_have_their_own_random_numbers() -> None:
    first = {"network": network({"X": "!X"}), "hours_per_unit": 0.1, "interval": "6 min"}
    second = {
        "network": network({"IN": None, "OUT": "IN"}), "hours_per_unit": 0.001, "interval": "6 min",
        "inputs": [{"node": "IN", "signal": "a.X", "on": 0.5}],
    }  # fmt: skip
    s = still({"a": first, "b": second, "c": first})
    s.run(5)
    assert (states(s, "OUT", 1) == states(s, "X", 0)).all()
    assert 0.4 < (states(s, "X", 0) == states(s, "X", 2)).mean() < 0.6


COHEN = {
    "model": "cohen-2015", "hours_per_unit": 2, "averages": {"EMT": "2 h"},
    "inputs": [{"node": "DNAdamage", "signal": "oxygen", "on": "30 mmHg", "reversed": True},
               {"node": "ECMicroenv", "signal": "contact with tumour", "on": 6, "off": 3}],
    "clones": {"mutant": {"NICD": "on", "p53": "off"}}, "reset": ["GF"],
    "treatments": [{"node": "AKT2", "loss": 0.5, "start": "24 min"}],
}  # fmt: skip
RULES = [
    {"type": "tumour", "signal": "invasion.EMT average", "direction": "decreases", "behaviour": "cell-cell adhesion",
     "saturation": "0.1 um/min", "half_max": 0.5},
    {"type": "tumour", "signal": "invasion.Apoptosis", "direction": "increases", "behaviour": "apoptosis",
     "saturation": "0.01 1/min", "half_max": 0.5},
    {"type": "tumour", "signal": "tgf.TGF", "direction": "increases", "behaviour": "migration speed",
     "saturation": "0.3 um/min", "half_max": 1},
]  # fmt: skip
TGF = {
    "schema_version": 1, "kind": "kinetic_network", "name": "tgf", "time_unit": "hour",
    "species": {"TGF": {"initial": 0.0}}, "parameters": {"k": {"value": 1.0}, "d": {"value": 0.5}},
    "rates": {"TGF": "k - d * TGF"}, "duration": "1 hour", "save_every": "1 hour",
}  # fmt: skip


def lively(threads: int = 1) -> Simulation:
    tgf = {
        "network": TGF,
        "inputs": [{"parameter": "k", "signal": "oxygen", "at": "38 mmHg", "value": 2.0}],
        "step": 0.05,
    }
    tumour = {"oxygen": {}, "apoptosis": {}, "necrosis": {}, "exchange": {"oxygen": {"uptake": "10 1/min"}},
              "cycle": {"model": "live", "birth_rate": "0.005 1/min"}, "motility": {"speed": "0.1 um/min"}}  # fmt: skip
    cells = [{"type": "tumour", "sphere": {"radius": "100 um"}},
             {"type": "tumour", "clone": "mutant", "random": {"number": 100}}]  # fmt: skip
    return simulation(
        3, threads, networks={"invasion": COHEN, "tgf": tgf}, rules=RULES, cell_types={"tumour": tumour}, cells=cells
    )


def test_bits_do_not_depend_on_threads() -> None:
    seen = []
    for threads in (1, 2, 3):
        s = lively(threads)
        s.run(8)
        seen.append(
            (
                s.cells.place[: s.cells.count].tobytes(),
                *(c[..., : s.cells.count].tobytes() for c in s.cells.columns.values()),
            )
        )
    assert seen[0] == seen[1] == seen[2]
    assert s.cells.count > 1200


def test_a_cell_carries_fourteen_bytes_for_a_network_with_32_nodes_and_an_average() -> None:
    n = {"model": "cohen-2015", "hours_per_unit": 1, "averages": {"EMT": "6 h"}}
    rule = RULES[0] | {"signal": "n.EMT average"}
    s = still({"n": n}, rules=[rule])
    assert sum(column.nbytes / column.shape[-1] for column in s.cells.columns.values()) == 14


def test_a_kinetic_network_in_cells_is_the_equation() -> None:
    tgf = {
        "network": TGF,
        "inputs": [{"parameter": "k", "signal": "oxygen", "at": "38 mmHg", "value": 2.0}],
        "step": 0.05,
    }
    s = still({"tgf": tgf}, substances={"oxygen": {"unit": "mmHg", "diffusion": "0 um**2/min", "initial": "19 mmHg"}})
    s.run(20)  # 2 h; k is 1
    np.testing.assert_allclose(states(s, "TGF"), 2.0 * (1.0 - np.exp(-1.0)), rtol=1e-7)


def test_a_killed_run_goes_on_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {
        "schema_version": 1, "kind": "tissue", "name": "test", "duration": "48 min", "save_every": "12 min",
        "domain": {"x": SIDE, "y": SIDE},
        "substances": {"oxygen": OXYGEN | {"pace": "steady"}},
        "cell_types": {"tumour": {"apoptosis": {}, "cycle": {"model": "live", "birth_rate": "0.005 1/min"}}},
        "cells": [{"type": "tumour", "sphere": {"radius": "60 um"}},
                  {"type": "tumour", "clone": "mutant", "random": {"number": 9}}],
        "networks": {"invasion": COHEN, "tgf": {"network": TGF, "step": 0.05}}, "rules": RULES[:2],
    }  # fmt: skip
    run = resumed_alike(engine, data, tmp_path, monkeypatch)
    tissue = Tissue(run)
    last = tissue.shot(tissue.snapshots - 1)
    nodes = tissue.nodes(last, "invasion")
    assert len(nodes) == 32
    clone = last["network_invasion_clone"][0]
    assert nodes["NICD"][clone == 1].all()
    assert not nodes["p53"][clone == 1].any()
    np.testing.assert_allclose(tissue.nodes(last, "tgf")["TGF"], 2.0 * (1.0 - np.exp(-0.5 * 0.8)), rtol=1e-6)
    shown = tissue.shown_nodes("invasion")
    assert "Metastasis" in shown
    row = tissue.counts.iloc[-1]
    live = last["phase"] < APOPTOTIC
    for node in shown:
        assert row[f"invasion.{node} mean"] == pytest.approx(nodes[node][live].mean())
    assert {"cohen2015", "stoll2012"} <= set(run.citations.keys())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hours_per_unit": None}, "hours_per_unit: is missing"),
        ({"model": "cohen-2051"}, "did you mean 'cohen-2015'"),
        ({"model": "breast"}, "is a patient"),
        ({"inputs": [{"node": "DNAdamages", "signal": "pressure", "on": 1}]}, "did you mean 'DNAdamage'"),
        ({"inputs": [{"node": "p53", "signal": "pressure", "on": 1}]}, "'p53' is no input"),
        ({"inputs": [{"node": "DNAdamage", "signal": "presure", "on": 1}]}, "did you mean 'pressure'"),
        ({"inputs": [{"node": "DNAdamage", "signal": "pressure"}]}, "takes one of these"),
        ({"inputs": [{"node": "DNAdamage", "signal": "pressure", "on": 1, "off": 2}]}, "must be at most on"),
        ({"inputs": [{"node": "DNAdamage", "signal": "pressure", "on": 1, "up": "1 1/h"}]}, "takes one of these"),
        ({"interval": "10 min"}, "no whole multiple of the step of phenotypes"),
        ({"types": ["tumor"]}, "did you mean 'tumour'"),
        ({"averages": {"EMTT": "2 h"}}, "did you mean 'EMT'"),
        ({"mutations": {"P53": "off"}}, "did you mean 'p53'"),
        ({"step": 0.1}, "is for kinetic networks"),
        ({"treatments": [{"node": "AKT1", "loss": 0.5, "start": "2 h", "stop": "1 h"}]}, "ends before it begins"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], message: str) -> None:
    fields = {"model": "cohen-2015", "hours_per_unit": 2} | change
    with pytest.raises(InputError, match=message):
        still({"n": {k: v for k, v in fields.items() if v is not None}})


IN: dict[str, Any] = {"node": "IN", "signal": "pressure"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treatments": [{"node": "IN", "loss": 1.0, "start": "6 h"}]}, "IN: is an input"),
        ({"treatments": [{"node": "BARE", "loss": 0.5, "start": "6 h"}]}, "BARE: has no rule"),
        ({"mutations": {"IN": {"loss": 0.5}}, "inputs": [IN | {"up": "1 1/h", "half_max": 1}]}, "IN: is an input"),
        ({"clones": {"c": {"IN": {"up": 2.0}}}}, "IN: is an input"),
    ],
)
def test_changes_that_can_never_act_are_refused_before_the_run(change: dict[str, Any], message: str) -> None:
    nodes = {"IN": None, "OUT": "IN", "BARE": {"up": "IN", "down": "!IN"}}
    with pytest.raises(InputError, match=message):
        still({"n": {"network": network(nodes), "hours_per_unit": 1} | change})


def test_levers_on_inputs_are_refused_at_once_and_leave_the_others() -> None:
    n = {"network": network({"IN": None, "X": "1"}), "hours_per_unit": 0.1, "interval": "6 min"}
    s = still({"n": n})
    s.pull(Levers(nodes=(NodeLever("X", loss=0.5),)))
    with pytest.raises(InputError, match="IN: is an input"):
        s.pull(Levers(nodes=(NodeLever("IN", loss=0.5),)))
    s.run(10)
    assert states(s, "X").mean() == pytest.approx(0.5, abs=0.04)


def test_factors_act_on_nodes_with_rates_only() -> None:
    nodes = {"X": {"up": 1.0, "down": 1.0}}
    n = {"network": network(nodes), "hours_per_unit": 0.1, "interval": "6 min", "mutations": {"X": {"up": 3.0}}}
    s = still({"n": n | {"treatments": [{"node": "X", "down": 0.5, "start": "60 min"}]}})
    s.run(10)
    assert states(s, "X").mean() == pytest.approx(3 / 4, abs=0.035)
    s.run(10)
    assert states(s, "X").mean() == pytest.approx(6 / 7, abs=0.03)


def test_an_input_with_a_rate_of_none_never_switches_on() -> None:
    n = {
        "network": network({"X": None}), "hours_per_unit": 1,
        "inputs": [{"node": "X", "signal": "volume", "up": "0 1/h", "half_max": "1 um**3"}],
    }  # fmt: skip
    s = still({"n": n})
    s.run(4)
    assert not states(s, "X").any()


def test_rules_and_networks_read_only_networks_that_their_cells_have() -> None:
    n = {"network": network({"X": None}), "hours_per_unit": 1, "types": ["tumour"]}
    reader = {
        "network": network({"IN": None}), "hours_per_unit": 1, "inputs": [{"node": "IN", "signal": "n.X", "on": 0.5}]
    }  # fmt: skip
    types = {"tumour": QUIET, "other": QUIET}
    rule = {"type": "other", "signal": "n.X", "direction": "increases", "behaviour": "apoptosis",
            "saturation": "1e-3 1/min", "half_max": 0.5}  # fmt: skip
    with pytest.raises(InputError, match="that the type other does not have"):
        still({"n": n}, cell_types=types, rules=[rule])
    with pytest.raises(InputError, match="that the type other does not have"):
        still({"n": n, "reader": reader}, cell_types=types)
    still({"n": n, "reader": reader | {"types": ["tumour"]}}, cell_types=types, rules=[rule | {"type": "tumour"}])


def test_values_set_at_times_are_noted() -> None:
    from diaspore.core.spec import spec_from_dict

    data = {
        "schema_version": 1, "kind": "tissue", "name": "test", "duration": "12 min", "save_every": "12 min",
        "domain": {"x": SIDE, "y": SIDE}, "substances": {}, "cell_types": {"tumour": QUIET},
        "networks": {"tian": {"model": "tian-2013", "step": 0.1}},
    }  # fmt: skip
    assert any("tian gives TGFb other values" in note for note in spec_from_dict(data).notes())
    data["networks"]["tian"]["inputs"] = [{"parameter": "TGFb", "signal": "pressure", "at": 1, "value": 2.0}]  # type: ignore[index]
    assert not any("other values" in note for note in spec_from_dict(data).notes())


def test_unknown_clones_and_signals_are_named() -> None:
    n = {"n": {"model": "cohen-2015", "hours_per_unit": 2, "clones": {"mutant": {"p53": "off"}}}}
    with pytest.raises(InputError, match="did you mean 'mutant'"):
        still(n, cells=[{"type": "tumour", "clone": "mutants", "random": {"number": 10}}])
    with pytest.raises(InputError, match=r"did you mean 'n\.EMT'"):
        still(n, rules=[RULES[0] | {"signal": "n.EMTT"}])


def test_patients_have_no_nodes() -> None:
    from diaspore.body.control import lever_positions

    with pytest.raises(InputError, match="patients have no networks"):
        lever_positions(Levers(nodes=(NodeLever("X", loss=1.0),)), 1, None)  # type: ignore[arg-type]


def test_the_same_run_from_python_and_file(tmp_path: Path) -> None:
    data = {
        "schema_version": 1, "kind": "tissue", "name": "test", "duration": "12 min", "save_every": "12 min",
        "domain": {"x": SIDE, "y": SIDE}, "cell_types": {"tumour": {}},
        "cells": [{"type": "tumour", "sphere": {"radius": "30 um"}}],
        "networks": {"n": {"model": "cohen-2015", "hours_per_unit": 2}},
    }  # fmt: skip
    run = diaspore.simulate(data, seed=1, out=tmp_path / "a", quiet=True)
    again = diaspore.simulate(tmp_path / "a" / "spec.yaml", seed=1, out=tmp_path / "b", quiet=True)
    assert run.table("counts").equals(again.table("counts"))
    assert run.spec["networks"]["n"]["network"]["nodes"]["Metastasis"]["logic"] == "Migration"
