"""Exact probabilities of where a network ends: analytic, by dense linear algebra, and against ensembles."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.networks.boolean.absorption import absorption
from diaspore.networks.boolean.ensemble import Ensemble
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from tests.networks.boolean_common import SHARED, generator, names_of, network, random_logic, start_distribution


def dense(spec: BooleanNetworkSpec) -> dict[frozenset[int], float]:
    """Attractors (as sets of states) and their probabilities, by linear algebra on all states."""
    matrix = generator(spec)
    np.fill_diagonal(matrix, 0.0)
    reach = np.linalg.matrix_power((matrix > 0.0) + np.eye(len(matrix)), len(matrix)) > 0.0
    both = reach & reach.T
    component = np.array([np.flatnonzero(row)[0] for row in both])
    final = {c for c in set(component.tolist()) if not np.any(reach[c] & ~both[c])}
    inside = np.array([c in final for c in component])
    total = matrix.sum(axis=1)
    jump = np.divide(matrix, total[:, None], out=np.zeros_like(matrix), where=total[:, None] > 0.0)
    start = start_distribution(spec)
    way = ~inside
    visits = np.linalg.solve(np.eye(way.sum()) - jump[np.ix_(way, way)].T, start[way]) if way.any() else np.zeros(0)
    mass = start.copy()
    mass[way] = 0.0
    mass += visits @ jump[way] * inside
    return {
        frozenset(np.flatnonzero(component == c).tolist()): float(mass[component == c].sum())
        for c in final if mass[component == c].sum() > 1e-13
    }  # fmt: skip


def agree(spec: BooleanNetworkSpec) -> None:
    found, exact = absorption(spec), dense(spec)
    assert len(found.probability) == len(exact)
    assert found.probability.sum() + found.remainder == pytest.approx(1.0, abs=1e-11)
    assert np.all(np.diff(found.probability) <= 0.0)
    seen = set()
    for state, size, chance in zip(found.states, found.sizes, found.probability, strict=True):
        number = sum(int(bit) << k for k, bit in enumerate(state))
        attractor = next(one for one in exact if number in one)
        seen.add(attractor)
        assert len(attractor) == size
        assert chance == pytest.approx(exact[attractor], abs=1e-11)
    assert len(seen) == len(exact)


def gambler(length: int) -> dict[str, Any]:
    """A place on a line, as a row of ones: node k is on when the place is above k; both ends hold."""
    inner = range(length)
    nodes: dict[str, Any] = {}
    for k in inner:
        below = f"P{k - 1}" if k else "1"
        above = f"!P{k + 1}" if k < length - 1 else "1"
        alive = f"P0 & !P{length - 1}"
        nodes[f"P{k}"] = {"up": f"({below}) & ({alive}) ? $right : 0", "down": f"({above}) & ({alive}) ? $left : 0"}
    return nodes


@pytest.mark.parametrize(("right", "left"), [(1.0, 1.0), (3.0, 1.0), (0.2, 1.0)])
@pytest.mark.parametrize("begin", [1, 3, 5])
def test_ruin_of_a_gambler(right: float, left: float, begin: int) -> None:
    length = 6  # places 0 … 6; at 0 and 6 nothing moves
    spec = network(
        gambler(length), parameters={"right": right, "left": left},
        initial={"on": {f"P{k}": int(k < begin) for k in range(length)}},
    )  # fmt: skip
    found = absorption(spec)
    ratio = Fraction(left / right).limit_denominator(1000)
    win = Fraction(begin, length) if ratio == 1 else (1 - ratio**begin) / (1 - ratio**length)
    assert found.of(P0=1) == pytest.approx(float(win), abs=1e-12)
    assert found.of(P0=0) == pytest.approx(1.0 - float(win), abs=1e-12)
    assert found.reachable == length + 1
    assert found.remainder < 1e-12


def test_rates_decide_a_race() -> None:
    nodes = {"A": {"up": "!B ? $a : 0"}, "B": {"up": "!A ? $b : 0"}, "C": "A & C"}
    found = absorption(network(nodes, parameters={"a": 2.0, "b": 0.5}, initial={"default": 0}))
    assert found.of(A=1, B=0) == pytest.approx(0.8, abs=1e-14)
    assert found.of(B=1) == pytest.approx(0.2, abs=1e-14)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 7)
    names = names_of(count)
    nodes: dict[str, Any] = {}
    for name in names:
        logic = random_logic(rng, names, rng.randint(1, 3))
        nodes[name] = rng.choice([logic, {"logic": logic, "up": "@logic ? $r : 0.0", "down": "@logic ? 0 : 0.2"}, None])
    mutations: dict[str, Any] = {}
    if rng.random() < 0.5:
        mutations[rng.choice(names)] = rng.choice(["on", "off", {"up": 2.0}, {"down": 0.0}])
    updating = rng.choice(["continuous", "continuous", "discrete"])
    fields: dict[str, Any] = {"initial": {"default": rng.choice([0.0, 0.5, 0.3])}}
    if count > 2 and rng.random() < 0.4:
        fields["initial"]["joint"] = [{"nodes": names[:2], "states": {"01": 1.0, "11": 2.5}}]
    agree(network(nodes, parameters={"r": 3.0}, mutations=mutations, updating=updating, **fields))


def test_partial_changes_and_drugs() -> None:
    nodes = {"A": "!B", "B": "!A", "C": "A ^ C", "D": "C & D | B & !D"}
    spec = network(nodes, mutations={"A": {"loss": 0.3}}, treatments=[{"node": "B", "gain": 0.2}])
    agree(spec)
    agree(network(nodes, treatments=[{"node": "C", "loss": 1.0}, {"node": "D", "up": 0.0}]))


def test_asynchronous_is_the_same_chain() -> None:
    agree(network({"A": "!B", "B": "!A", "C": "A & !C"}, updating="asynchronous"))


def test_cyclic_attractors() -> None:
    ring = {f"N{k}": (f"N{k - 1}" if k else "!N4") for k in range(5)}
    found = absorption(network(ring))
    assert found.sizes.tolist() == [10]
    assert found.probability.tolist() == pytest.approx([1.0], abs=1e-12)
    two = absorption(network({"A": "B", "B": "!A", "S": None}, initial={"on": {"S": 0.3}}))
    assert two.sizes.tolist() == [4, 4]
    assert two.probability.tolist() == pytest.approx([0.7, 0.3], abs=1e-14)
    assert two.of() == 0.0  # no fixed points


def test_states_that_only_a_rate_of_zero_reaches_are_not_counted() -> None:
    spec = network({"A": "1", "B": "A"}, mutations={"A": {"up": 0.0}}, initial={"default": 0})
    found = absorption(spec)
    assert found.reachable == 1
    assert found.of(A=0, B=0) == 1.0
    drug = absorption(network({"A": "I", "I": None}, treatments=[{"node": "A", "loss": 1.0}], initial={"on": {"A": 0}}))
    assert drug.reachable == 2


@pytest.mark.parametrize("seed", range(3))
def test_ensembles_end_where_it_says(seed: int) -> None:
    rng = random.Random(seed + 50)
    names = names_of(9)
    spec = network({name: random_logic(rng, names, 3, plain=True) for name in names}, duration=400, window=400)
    found, many = absorption(spec), 40_000
    ends = Ensemble(spec).run(seed, 0, many).ends
    checked = 0
    for state, size, chance in zip(found.states, found.sizes, found.probability, strict=True):
        if size == 1:
            number = sum(int(bit) << k for k, bit in enumerate(state))
            error = math.sqrt(chance * (1.0 - chance) / many)
            assert abs(ends.get((number,), 0) / many - chance) <= 4.5 * error + 1e-12
            checked += 1
    assert checked or not np.any(found.sizes == 1)


def test_what_cannot_be_solved_is_refused() -> None:
    many = network({f"N{k}": None for k in range(65)})
    with pytest.raises(InputError, match="65 nodes"):
        absorption(many)
    with pytest.raises(InputError, match="more than 1,000 states at the start"):
        absorption(network({f"N{k}": None for k in range(64)}), max_states=1000)
    walk = network({f"N{k}": f"!N{k}" for k in range(12)}, initial={"default": 0})
    with pytest.raises(InputError, match="reaches more than 1,000 states"):
        absorption(walk, max_states=1000)
    with pytest.raises(InputError, match="synchronous"):
        absorption(network({"A": "A"}, updating="synchronous"))
    with pytest.raises(InputError, match="treatments that change with time"):
        absorption(network({"A": "1"}, treatments=[{"node": "A", "loss": 1.0, "start": 3}]))
    full = network({f"N{k}": f"N{k - 1}" if k else "1" for k in range(64)}, initial={"default": 0})
    assert absorption(full).of(N63=1) == 1.0


@pytest.mark.slow
def test_invasion_model_of_2015() -> None:
    """Figures computed beforehand by an independent program on the whole graph of states."""
    from diaspore.core.spec import spec_from_dict
    from diaspore.networks.formats.maboss import read_maboss

    path = SHARED / "cohen2015" / "maboss_examples_metastasis.bnd"
    if not path.is_file():
        pytest.skip("the published files are not here")
    data = read_maboss(path).data
    data["initial"] = {"default": 0.0}
    data["outputs"] = []
    found = absorption(spec_from_dict(data))  # type: ignore[arg-type]
    assert found.reachable == 1_570_816
    assert found.of(EMT=1) == pytest.approx(0.18842196, abs=1e-8)
    assert found.of(EMT=0) == pytest.approx(0.81157804, abs=1e-8)
    mutant = spec_from_dict(data | {"mutations": {"NICD": "on", "p53": "off"}})
    double = absorption(mutant)  # type: ignore[arg-type]
    assert double.reachable == 292_864
    assert double.of(Metastasis=1) == pytest.approx(1.0, abs=1e-9)


def test_a_cycle_that_is_seldom_left() -> None:
    nodes = {
        "A": "!B", "B": "A", "E": {"up": "!F ? 1e-7 : 0", "down": 0.0}, "F": {"up": "!E ? 3e-7 : 0", "down": 0.0},
    }  # fmt: skip
    found = absorption(network(nodes, initial={"default": 0}))
    assert found.remainder == 0.0
    np.testing.assert_allclose(found.probability, [0.75, 0.25], rtol=1e-9)
    assert found.sizes.tolist() == [4, 4]
