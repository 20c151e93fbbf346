"""Ensembles of trajectories: the same bits however they are cut, and the probabilities of exact Markov chains."""

from __future__ import annotations

import itertools
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import gamma

from diaspore.core.errors import InputError
from diaspore.networks import expressions as ex
from diaspore.networks.boolean import ensemble as module
from diaspore.networks.boolean.compile import pack, unpack
from diaspore.networks.boolean.engine import node_table, phenotype_table
from diaspore.networks.boolean.ensemble import Ensemble, Tally, probabilities
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from tests.networks.boolean_common import (
    all_states,
    generator,
    names_of,
    network,
    random_logic,
    start_distribution,
)

MANY = 100_000
Z = 4.5


def near(found: np.ndarray, exact: np.ndarray, trajectories: int) -> None:
    """Within the sampling error of a share (a mean over a window varies less), and exact where nothing is random."""
    exact = np.asarray(exact, dtype=float)
    error = np.sqrt(np.clip(exact * (1.0 - exact), 0.0, None) / trajectories)
    np.testing.assert_array_less(np.abs(found - exact), Z * error + 1e-7)


def run(spec: BooleanNetworkSpec, seed: int = 3) -> tuple[Tally, dict[str, np.ndarray]]:
    tally = Ensemble(spec).run(seed, 0, spec.trajectories)
    return tally, node_table(spec, tally)


def same(a: Tally, b: Tally) -> bool:
    return (
        (a.trajectories, a.flips, a.ends) == (b.trajectories, b.flips, b.ends)
        and np.array_equal(a.nodes, b.nodes)
        and np.array_equal(a.codes, b.codes)
    )


def window_means(matrix: np.ndarray, start: np.ndarray, windows: int, width: float) -> np.ndarray:
    """Mean probability of each state in each window of a chain in continuous time."""
    n = len(start)
    double = np.block([[matrix, np.eye(n)], [np.zeros((n, 2 * n))]])
    integral = expm(double * width)[:n, n:] / width
    step = expm(matrix * width)
    found = []
    for _ in range(windows):
        found.append(start @ integral)
        start = start @ step
    return np.array(found)


def random_network(seed: int, count: int, **fields: Any) -> BooleanNetworkSpec:
    rng = random.Random(seed)
    names = names_of(count)
    nodes: dict[str, Any] = {}
    for name in names:
        nodes[name] = {"logic": random_logic(rng, names)}
        if rng.random() < 0.3 and fields.get("updating", "continuous") in ("continuous", "discrete"):
            nodes[name] |= {
                "up": f"@logic ? $fast * ({random_logic(rng, names, 1)}) + 0.2 : 0", "down": rng.choice([0.5, "$fast"]),
            }  # fmt: skip
    return network(nodes, parameters={"fast": 2.5}, **fields)


@pytest.mark.parametrize("updating", ["continuous", "discrete", "asynchronous", "synchronous"])
def test_bits_do_not_depend_on_threads_or_parts(updating: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 97)
    spec = random_network(
        5, 7, updating=updating, duration=9, window=2, outputs=["N1", "N4"], trajectories=1000,
        initial={"on": {"N0": 0.3}, "joint": [{"nodes": ["N2", "N3"], "states": {"01": 0.2, "10": 0.8}}]},
    )  # fmt: skip
    ensemble = Ensemble(spec)
    whole = ensemble.run(8, 0, 1000, threads=1)
    assert sum(whole.ends.values()) == 1000
    for threads in (2, 3):
        assert same(ensemble.run(8, 0, 1000, threads=threads), whole)
    for cuts in ([0, 1, 1000], [0, 500, 777, 1000], list(range(0, 1001, 125))):
        parts = [ensemble.run(8, a, b - a) for a, b in itertools.pairwise(cuts)]
        total = parts[0]
        for part in parts[1:]:
            total.add(part)
        assert same(total, whole)
    assert not same(ensemble.run(9, 0, 1000), whole)


def test_two_states() -> None:
    a, b, width = 0.7, 0.3, 0.25
    spec = network({"A": {"up": a, "down": b}}, initial={"on": {"A": 0.1}}, duration=6, window=width, trajectories=MANY)
    _, table = run(spec)
    share, rate = a / (a + b), a + b
    begin = table["begin"]
    mean = np.exp(-rate * begin) * (1.0 - math.exp(-rate * width)) / (rate * width)
    near(table["A"], share + (0.1 - share) * mean, MANY)


def test_last_window_that_is_cut_off() -> None:
    fields: dict[str, Any] = {"duration": 2.3, "window": 1.0, "trajectories": 20_000, "outputs": ["A", "B"]}
    spec = network({"A": {"up": 1.3, "down": 0.4}, "B": None}, initial={"on": {"A": 0.2, "B": 1.0}}, **fields)
    tally, table = run(spec)
    assert table["end"].tolist() == [1.0, 2.0, 2.3]
    np.testing.assert_allclose(table["B"], 1.0, atol=1e-9)
    share, rate = 1.3 / 1.7, 1.7
    mean = [
        (math.exp(-rate * begin) - math.exp(-rate * end)) / (rate * (end - begin))
        for begin, end in zip(table["begin"], table["end"], strict=True)
    ]
    near(table["A"], share + (0.2 - share) * np.array(mean), 20_000)
    codes = phenotype_table(spec, tally)
    for begin in (0.0, 1.0, 2.0):
        assert sum(np.array(codes["probability"])[np.array(codes["begin"]) == begin]) == pytest.approx(1.0, abs=1e-8)
    with pytest.raises(InputError, match="longer than the run"):
        network({"A": "!A"}, duration=0.5, window=10.0)


def test_a_chain_of_steps_is_an_erlang_time() -> None:
    steps = 5
    nodes = {"S0": "1"} | {f"S{k}": f"S{k - 1}" for k in range(1, steps)}
    width = 0.05
    spec = network(nodes, initial={"default": 0}, duration=12, window=width, trajectories=MANY)
    _, table = run(spec)
    # Windows are averages: compare with the mean of the distribution over each.
    edges = np.append(table["begin"], 12.0)
    for k in range(steps):
        time = gamma(k + 1)
        below = edges * time.cdf(edges) - (k + 1) * gamma(k + 2).cdf(edges)  # the integral of the distribution
        near(table[f"S{k}"], np.diff(below) / width, MANY)


@pytest.mark.parametrize("seed", range(4))
def test_probabilities_of_random_networks(seed: int) -> None:
    count = 4
    spec = random_network(
        seed, count, duration=4, window=0.5, trajectories=50_000, outputs=names_of(count),
        initial={"default": 0.4, "joint": [{"nodes": ["N2", "N0"], "states": {"01": 3, "10": 1, "11": 1}}]},
    )  # fmt: skip
    tally, _ = run(spec, seed + 10)
    exact = window_means(generator(spec), start_distribution(spec), spec.windows, spec.window)
    found = np.cumsum(tally.codes[:-1], axis=0) / (spec.trajectories * module.SCALE)
    near(found, exact, spec.trajectories)
    np.testing.assert_array_equal(
        np.cumsum(tally.codes[:-1], axis=0).sum(axis=1), spec.trajectories * int(module.SCALE)
    )
    nodes = np.cumsum(tally.nodes[:-1], axis=0)
    np.testing.assert_array_equal(nodes, np.cumsum(tally.codes[:-1], axis=0) @ all_states(count))


def test_starts() -> None:
    spec = network(
        {"A": None, "B": None, "C": None, "D": None, "E": None},
        initial={
            "default": 0.25, "on": {"A": 1, "B": 0},
            "joint": [{"nodes": ["E", "C"], "states": {"00": 1, "10": 2, "11": 5}}],
        },
        mutations={"D": "on"}, outputs=["A", "B", "C", "D", "E"], duration=1, trajectories=MANY,
    )  # fmt: skip
    tally, table = run(spec)
    assert tally.flips == 0
    assert [table[name][0] for name in "ABD"] == [1.0, 0.0, 1.0]
    near(tally.codes[0] / (MANY * module.SCALE), start_distribution(spec), MANY)
    starts = unpack(Ensemble(spec).start(3, 0, MANY), 5)
    np.testing.assert_array_equal(starts.mean(axis=0), [table[name][0] for name in spec.nodes])


def test_whole_mutations_hold_from_the_start() -> None:
    nodes = {"A": "!A", "B": "A", "C": "B"}
    tally, table = run(network(nodes, mutations={"A": "off", "C": "on"}, duration=40, trajectories=2000))
    np.testing.assert_array_equal(table["A"], 0.0)
    np.testing.assert_array_equal(table["C"], 1.0)
    assert tally.ends == {(4,): 2000}


@pytest.mark.parametrize(("change", "share"), [({"loss": 0.3}, 0.7), ({"gain": 0.4}, 0.4), ({"loss": 0.0}, 1.0)])
def test_partial_mutations_shift_the_share(change: dict[str, float], share: float) -> None:
    rule = "1" if "loss" in change else "0"
    spec = network({"A": rule, "B": "A"}, mutations={"A": change}, duration=40, window=20, trajectories=4000)
    _, table = run(spec)
    # Over a long window the mean of a two-state process with rates of 1 in total: variance 2 p (1 - p) / width.
    error = math.sqrt(2.0 * share * (1.0 - share) / 20.0 / 4000)
    assert abs(table["A"][1] - share) <= Z * error + 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_partial_changes_and_factors_are_exact(seed: int) -> None:
    spec = random_network(
        seed + 30, 4, duration=3, window=0.5, trajectories=50_000, outputs=names_of(4),
        mutations={"N0": {"loss": 0.25}, "N1": {"up": 3.0, "down": 0.0}, "N3": "on"},
        treatments=[{"node": "N2", "gain": 0.6}] if seed else [],
    )  # fmt: skip
    tally, _ = run(spec)
    found = np.cumsum(tally.codes[:-1], axis=0) / (spec.trajectories * module.SCALE)
    near(found, window_means(generator(spec), start_distribution(spec), spec.windows, spec.window), spec.trajectories)


def test_losses_leave_the_product_of_what_each_leaves() -> None:
    spec = network(
        {"A": "1"}, mutations={"A": {"loss": 0.5}}, treatments=[{"node": "A", "loss": 0.4}], duration=60, window=30,
        trajectories=4000,
    )  # fmt: skip
    assert abs(run(spec)[1]["A"][1] - 0.3) < Z * math.sqrt(2.0 * 0.3 * 0.7 / 30.0 / 4000)


def test_treatments_come_and_go() -> None:
    width = 0.5
    spec = network(
        {"I": None, "A": {"logic": "I", "up": "@logic ? 0.8 : 0", "down": "@logic ? 0 : 1.6"}},
        initial={"default": 1.0},
        treatments=[{"node": "A", "loss": 1.0, "start": 2, "stop": 5}], duration=9, window=width, trajectories=MANY,
    )  # fmt: skip
    _, table = run(spec)
    time = table["begin"]
    # On for sure until 2; lost at the rate 1.6 under the drug; afterwards back at 0.8.
    drug = np.exp(-1.6 * (time - 2.0)) * (1.0 - math.exp(-1.6 * width)) / (1.6 * width)
    left = math.exp(-1.6 * 3.0)
    back = 1.0 - (1.0 - left) * np.exp(-0.8 * (time - 5.0)) * (1.0 - math.exp(-0.8 * width)) / (0.8 * width)
    near(table["A"], np.where(time < 2.0, 1.0, np.where(time < 5.0, drug, back)), MANY)


def test_treatments_that_overlap() -> None:
    nodes = {"A": "1", "B": "!A & B | A"}
    treatments = [
        {"node": "A", "loss": 0.5, "start": 0.5}, {"node": "A", "up": 4.0, "start": 1.0, "stop": 2.0},
        {"node": "B", "loss": 1.0, "start": 1.5, "stop": 2.5},
    ]  # fmt: skip
    spec = network(
        nodes, treatments=treatments, duration=3, window=0.5, trajectories=50_000, outputs=["A", "B"],
        initial={"default": 0.2},
    )  # fmt: skip
    tally, _ = run(spec)
    state, exact = start_distribution(spec), []
    for k in range(6):
        now = [one for one in spec.treatments if one.start <= 0.5 * k and (one.stop is None or one.stop > 0.5 * k)]
        matrix = generator(spec.model_copy(update={"treatments": tuple(now)}))
        exact.append(window_means(matrix, state, 1, 0.5)[0])
        state = state @ expm(matrix * 0.5)
    near(np.cumsum(tally.codes[:-1], axis=0) / (50_000 * module.SCALE), np.array(exact), 50_000)


def jump_matrix(spec: BooleanNetworkSpec, drawn: int | None) -> np.ndarray:
    """One step: of the nodes that are drawn, ``drawn`` in number, one flips if it can; None: a flip for sure."""
    matrix = generator(spec)
    np.fill_diagonal(matrix, 0.0)
    total = matrix.sum(axis=1, keepdims=True)
    if drawn is None:
        matrix = np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0.0)
    else:
        matrix = matrix / drawn
    return matrix + np.diag(1.0 - matrix.sum(axis=1))


@pytest.mark.parametrize("updating", ["asynchronous", "discrete"])
def test_steps_follow_the_exact_chain(updating: str) -> None:
    nodes = {"A": "!C", "B": "A ^ B", "C": "A & B | C & !A", "I": None}
    spec = network(
        nodes, updating=updating, duration=12, window=1, trajectories=50_000, outputs=list("ABCI"),
        initial={"default": 0.3},
    )  # fmt: skip
    tally, _ = run(spec)
    matrix = jump_matrix(spec, 3 if updating == "asynchronous" else None)
    state, exact = start_distribution(spec), []
    for _ in range(12):
        exact.append(state)
        state = state @ matrix
    near(np.cumsum(tally.codes[:-1], axis=0) / (50_000 * module.SCALE), np.array(exact), 50_000)


def test_asynchronous_draws_leave_out_what_is_fixed() -> None:
    nodes = {"A": "!A", "B": "B", "C": "1"}
    spec = network(nodes, updating="asynchronous", mutations={"C": "off"}, duration=7, initial={"default": 0})
    # Only A is ever drawn, so that it turns in each step.
    _, table = run(spec)
    np.testing.assert_allclose(table["A"], [0, 1, 0, 1, 0, 1, 0], atol=1e-9)


def test_synchronous_cycle() -> None:
    spec = network(
        {"A": "C", "B": "A", "C": "B"}, updating="synchronous", duration=8, window=1, trajectories=10,
        initial={"on": {"A": 1, "B": 0, "C": 0}}, outputs=["A", "B"],
    )  # fmt: skip
    tally, table = run(spec)
    np.testing.assert_allclose(table["A"], [1, 0, 0, 1, 0, 0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(table["C"], [0, 0, 1, 0, 0, 1, 0, 0], atol=1e-9)
    assert tally.ends == {(4,): 10}
    assert tally.flips == 2 * 8 * 10
    _, wide = run(spec.model_copy(update={"window": 3.0, "duration": 7.0}))
    np.testing.assert_allclose(wide["A"], [1 / 3, 1 / 3, 1], atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_synchronous_steps_are_the_map_of_the_rules(seed: int) -> None:
    spec = random_network(seed, 6, updating="synchronous", duration=11, window=1, trajectories=300)
    starts = unpack(Ensemble(spec).start(4, 0, 300), 6)
    states = {tuple(bits): bits for bits in starts.tolist()}
    means = []
    now = [states[tuple(bits)] for bits in starts.tolist()]
    rules = [node.rule() for node in spec.nodes.values()]
    for _ in range(11):
        means.append(np.mean(now, axis=0))
        now = [
            [int(ex.value(rule, dict(zip(spec.nodes, map(float, bits), strict=True))) != 0.0) for rule in rules]
            for bits in now
        ]
    tally, table = run(spec, 4)
    np.testing.assert_allclose(np.array([table[name] for name in spec.nodes]).T, means, atol=1e-8)
    assert tally.ends == {tuple(pack(np.array([bits]))[:, 0].tolist()): now.count(bits) for bits in now}


@pytest.mark.parametrize("seed", range(6))
def test_fixed_states_are_those_without_rates(seed: int) -> None:
    rng = random.Random(seed)
    fields: dict[str, Any] = {"mutations": {"N0": rng.choice(["on", {"up": 0.0}, {"loss": 0.5}])}}
    if seed % 2:
        fields["treatments"] = [{"node": "N1", "loss": 1.0}, {"node": "N2", "down": 0.0}]
    spec = random_network(seed + 7, 5, **fields)
    spec = spec.model_copy(update={"nodes": spec.nodes | {
        name: node.model_copy(update={"up": None, "down": None}) for name, node in spec.nodes.items()
    }})  # fmt: skip
    if any(spec.nodes[name].keeps(name) for name in ("N0", "N1")):
        return
    ensemble = Ensemble(spec)
    rate = -np.diag(generator(spec))
    np.testing.assert_array_equal(ensemble.is_fixed(pack(all_states(5).astype(np.uint8))), rate == 0.0)


def test_a_state_held_by_a_drug_is_fixed() -> None:
    # The rule wants B on, the drug takes all of its rate.
    spec = network({"A": None, "B": "A"}, treatments=[{"node": "B", "loss": 1.0}], initial={"on": {"A": 1}})
    tally, _ = run(spec)
    assert tally.ends == {(1,): spec.trajectories}
    assert Ensemble(spec).is_fixed(np.array([[1]], dtype=np.uint64)).tolist() == [True]
    assert Ensemble(spec).is_fixed(np.array([[3]], dtype=np.uint64)).tolist() == [False]


@pytest.mark.parametrize(
    ("nodes", "fields", "field"),
    [
        ({"A": None}, {"mutations": {"A": {"loss": 0.5}}}, "nodes.A"),
        ({"A": "A"}, {"mutations": {"A": {"gain": 0.5}}}, "nodes.A"),
        ({"A": None}, {"treatments": [{"node": "A", "loss": 1.0}]}, "nodes.A"),
        ({"A": {"up": 1, "down": 2}}, {"mutations": {"A": {"gain": 0.5}}}, "nodes.A"),
        ({"A": "1"}, {"updating": "asynchronous", "treatments": [{"node": "A", "loss": 1.0}]}, "treatments"),
        ({"A": "1"}, {"updating": "synchronous", "treatments": [{"node": "A", "gain": 1.0}]}, "treatments"),
        ({"A": "1"}, {"updating": "asynchronous", "mutations": {"A": {"up": 0.0}}}, "mutations"),
        ({"A": "1"}, {"updating": "synchronous", "window": 0.5}, "window"),
        ({"A": "1"}, {"updating": "synchronous", "duration": 7.5}, "duration"),
        ({"A": {"up": 1, "down": 2}}, {"updating": "asynchronous"}, "updating"),
        ({"A": {"logic": "A", "up": "A - 1"}}, {}, "nodes.A"),
        ({"A": {"up": "1e10"}}, {}, "nodes.A"),
        ({"A": {"up": "1 / 0"}}, {}, "nodes.A"),
        ({"A": {"up": "1 / A"}}, {}, "nodes.A"),
    ],
)
def test_what_has_no_meaning_is_refused(nodes: dict[str, Any], fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Ensemble(network(nodes, **fields))
    assert caught.value.field == field


def test_sources_of_a_chain_of_inputs_draw_nothing() -> None:
    ensemble = Ensemble(network({"A": None, "B": "A"}, initial={"default": 1}))
    tally = ensemble.run(1, 10, 5)
    assert (tally.flips, tally.ends) == (0, {(3,): 5})


def test_treatments_take_no_tick_away_from_discrete_time() -> None:
    nodes = {"A": "!A", "B": "1"}
    fields = {"updating": "discrete", "duration": 8.0, "window": 1.0, "initial": {"default": 0, "on": {"B": 1}}}
    plain = Ensemble(network(nodes, **fields)).run(1, 0, 10)
    # A treatment that changes nothing: B is on, and a factor of 1 on its rate keeps every rate.
    drug = [{"node": "B", "up": 1.0, "start": 3.0, "stop": 5.0}]
    treated = Ensemble(network(nodes, treatments=drug, **fields)).run(1, 0, 10)
    np.testing.assert_array_equal(treated.nodes, plain.nodes)
    assert treated.ends == plain.ends
    assert treated.flips == plain.flips == 70
    with pytest.raises(InputError, match="whole number of ticks"):
        network(nodes, treatments=[{"node": "B", "up": 1.0, "start": 2.5}], **fields)


@pytest.mark.parametrize(("duration", "tick", "flips"), [(1.0, 0.1, 9), (0.7, 0.1, 6), (0.3, 0.1, 2), (1.1, 0.1, 10)])
def test_ticks_do_not_drift(duration: float, tick: float, flips: int) -> None:
    fields = {"updating": "discrete", "duration": duration, "window": tick, "initial": {"default": 0}}
    assert Ensemble(network({"A": "!A"}, **fields)).run(1, 0, 3).flips == 3 * flips


def test_wide_windows_of_synchronous_steps_are_whole() -> None:
    fields = {"updating": "synchronous", "duration": 70_000, "window": 70_000, "initial": {"default": 1}}
    found = Ensemble(network({"A": "A | B", "B": None}, **fields)).run(1, 0, 3)
    assert probabilities(found.nodes, 3, np.ones(1)).tolist() == [[1.0, 1.0]]


_HASH = """
from diaspore.networks.boolean.ensemble import Ensemble
from diaspore.networks.kernels.advance import advance
from tests.networks.test_ensemble import of_two_words
found = Ensemble(of_two_words()).run(3, 0, 700)
print("pdep" in "".join(advance.inspect_asm().values()), found.flips, found.nodes.tobytes().hex())
"""


def of_two_words() -> BooleanNetworkSpec:
    names = [f"N{k}" for k in range(70)]
    nodes = {name: f"!{names[k - 7]} | {names[k - 3]} & {names[k - 11]}" for k, name in enumerate(names)}
    return network(nodes, duration=2.0, window=1.0)


@pytest.mark.slow
def test_a_plain_processor_gives_the_same_bits(tmp_path: Path) -> None:
    found = {}
    root = Path(__file__).resolve().parents[2]
    for name, plain in (("host", {}), ("plain", {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""})):
        paths = os.pathsep.join([str(root), str(root / "src")])
        env = os.environ | plain | {"DIASPORE_CACHE_DIR": str(tmp_path / name), "PYTHONPATH": paths}
        done = subprocess.run([sys.executable, "-c", _HASH], env=env, capture_output=True, text=True, check=True)
        found[name] = done.stdout.split()
    assert found["plain"][0] == "False"
    assert found["host"][1:] == found["plain"][1:]
