"""The networks that come with the package: equal to what was published, runnable, and with the results they state."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import diaspore
from diaspore.core.spec import load_spec
from diaspore.knowledge.load import references
from diaspore.knowledge.pathways import pathways
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.absorption import absorption
from diaspore.networks.boolean.attractors import fixed_points
from diaspore.networks.boolean.ensemble import Ensemble, probabilities
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.networks.formats.maboss import read_maboss
from tests.networks import library

FILES = {file.stem: file for file in sorted((Path(diaspore.__file__).parent / "models" / "networks").glob("*.yaml"))}
SPECS = {name: spec for name, file in FILES.items() if isinstance(spec := load_spec(file), BooleanNetworkSpec)}
SHARED = pytest.mark.skipif(not library.SHARED.is_dir(), reason="the published files are not here")
SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
PROBABILITY = re.compile(r"probability of (\w+) at the end(?: with ([\w, ]+))?")
COUNT = "number of fixed points over all settings of the inputs"
TRAJECTORIES = 20_000
EXPECTED = [(name, one) for name, spec in SPECS.items() for one in spec.expected]


def _truth(x: ex.Expression, nodes: dict[str, np.ndarray]) -> np.ndarray:
    """Value of an expression in many states at once; the oracle of the comparisons, apart from the circuits."""
    match x:
        case ex.Number():
            return np.full(len(next(iter(nodes.values()))), x.value)
        case ex.Node():
            return nodes[x.name]
        case ex.Unary(op="!"):
            return (_truth(x.x, nodes) == 0).astype(float)
        case ex.Unary(op="-"):
            return -_truth(x.x, nodes)
        case ex.Pair():
            return np.asarray(ex.COMPARE[x.op](_truth(x.a, nodes), _truth(x.b, nodes)), dtype=float)  # type: ignore[arg-type]
        case ex.Chain():
            items = [_truth(one, nodes) for one in x.items]
            if x.op == "+":
                return np.sum(items, axis=0)
            return (np.all if x.op == "&" else np.any)(np.array(items) != 0, axis=0).astype(float)
    raise AssertionError(x)


def _every_state(names: list[str]) -> dict[str, np.ndarray]:
    assert 0 < len(names) <= 20
    bits = np.arange(1 << len(names))
    return {name: (bits >> k & 1).astype(float) for k, name in enumerate(names)}


def _same(a: ex.Expression, b: ex.Expression) -> bool:
    """Whether two rules are equal in every state of the nodes that they read."""
    nodes = _every_state(list(dict.fromkeys(ex.names(a, ex.Node) + ex.names(b, ex.Node))) or ["none"])
    return np.array_equal(_truth(a, nodes), _truth(b, nodes))


def _with(spec: BooleanNetworkSpec, mutations: str) -> BooleanNetworkSpec:
    data = spec.model_dump(exclude_none=True, exclude_defaults=True)
    changes = dict(part.split() for part in mutations.split(", ")) if mutations else {}
    return BooleanNetworkSpec.model_validate({**data, "mutations": changes})


def _at_the_end(spec: BooleanNetworkSpec, node: str, trajectories: int, seed: int = 20) -> float:
    found = Ensemble(spec).run(seed, 0, trajectories)
    shares = probabilities(found.nodes, trajectories, np.ones(spec.windows))
    return float(shares[-1, list(spec.nodes).index(node)])


def test_the_library_is_there() -> None:
    assert set(library.PUBLISHED) | {"fontclos-2018"} == set(SPECS)


@SHARED
@pytest.mark.parametrize("name", list(library.PUBLISHED))
def test_rules_are_those_published(name: str) -> None:
    """Each rule against the author's in every state of what it reads; inputs are inputs."""
    spec, published = SPECS[name], library.PUBLISHED[name]()
    assert set(spec.nodes) == set(published)
    for node, text in published.items():
        rule = None if text is None else ex.parse(text)
        if rule is None or rule == ex.Node(node):
            assert spec.nodes[node].is_input, node
        else:
            assert _same(spec.nodes[node].rule(), rule), node


@SHARED
def test_rules_of_fontclos_follow_the_majority() -> None:
    spec, links = SPECS["fontclos-2018"], library.font_clos_links()
    assert set(spec.nodes) == set(links)
    assert sum(len(one) for one in links.values()) == 142
    for node, regulators in links.items():
        if not regulators:
            assert spec.nodes[node].is_input
            continue
        nodes = _every_state(list(dict.fromkeys([node, *regulators])))
        field = sum(sign * (2 * nodes[other] - 1) for other, sign in regulators.items())
        wanted = np.where(field == 0, nodes[node], field > 0)
        np.testing.assert_array_equal(_truth(spec.nodes[node].rule(), nodes), wanted, err_msg=node)


@SHARED
def test_rates_of_ruscone_are_those_published() -> None:
    data = read_maboss(library.SHARED / "ruscone2023" / "intracellular_model.bnd").data
    given = {name: value for name, value in data["parameters"].items() if value != 1.0}
    spec = SPECS["ruscone-2023"]
    own = {}
    for name, node in spec.nodes.items():
        for part, sign in (("up", "u"), ("down", "d")):
            if getattr(node, part) is not None:
                states = dict.fromkeys(spec.nodes, 0.0)
                (value,) = {
                    ex.value(node.expression(part), states, {}, {"logic": ex.Number(on)}) for on in (0.0, 1.0)
                } - {0.0}
                own[f"{sign}_{name}"] = value
    assert own == given


@pytest.mark.parametrize("name", list(SPECS))
def test_files_say_what_they_are(name: str) -> None:
    spec = SPECS[name]
    assert all((spec.description, spec.limits, spec.licence, spec.outputs, spec.expected))
    known = references()
    for key in spec.source:
        assert key in known, key
    for one in spec.expected:
        assert one.source == "computed here" or one.source in spec.source
        assert one.what == COUNT or PROBABILITY.fullmatch(one.what), one.what
    for node in spec.nodes.values():
        for symbol in node.genes:
            assert SYMBOL.fullmatch(symbol), symbol


@pytest.mark.parametrize("name", list(SPECS))
def test_a_short_run(name: str) -> None:
    found = Ensemble(SPECS[name]).run(1, 0, 100)
    assert found.trajectories == 100
    assert sum(found.ends.values()) == 100


@pytest.mark.parametrize(("name", "what"), [(name, one.what) for name, one in EXPECTED])
def test_what_is_expected_comes_out(name: str, what: str) -> None:
    spec = SPECS[name]
    value = float(next(one.value for one in spec.expected if one.what == what) or 0.0)
    if what == COUNT:
        pytest.importorskip("biodivine_aeon")
        assert fixed_points(spec, limit=1).count == value
        return
    match = PROBABILITY.fullmatch(what)
    assert match
    trajectories = 4_000 if spec.updating == "synchronous" else TRAJECTORIES
    found = _at_the_end(_with(spec, match[2] or ""), match[1], trajectories)
    # Stated values are themselves shares of 20,000 or more trajectories, or rounded to three digits.
    error = math.sqrt(value * (1.0 - value) * (1.0 / trajectories + 1.0 / 20_000))
    assert found == pytest.approx(value, abs=4.0 * error + 1e-9)


def test_both_networks_of_cohen_have_the_same_phenotypes_at_rest() -> None:
    pytest.importorskip("biodivine_aeon")
    ends = []
    for name, arrest in (("cohen-2015", "CellCycleArrest"), ("cohen-2015-modular", "CCA")):
        phenotypes = {"ECMicroenv", "DNAdamage", "Metastasis", "Invasion", "EMT", "Apoptosis", arrest}
        rows = [frozenset(row["on"]) & phenotypes for row in fixed_points(SPECS[name]).rows()]
        ends.append(sorted(sorted(one.replace("CCA", "CellCycleArrest") for one in row) for row in rows))
    assert ends[0] == ends[1]


def test_exact_probabilities_of_the_modular_network() -> None:
    spec = SPECS["cohen-2015-modular"]
    exact = absorption(spec)
    assert exact.remainder < 1e-10
    for node in ("Metastasis", "Apoptosis", "EMT"):
        share = exact.of(**{node: 1})
        found = _at_the_end(spec, node, TRAJECTORIES)
        assert found == pytest.approx(share, abs=4.0 * math.sqrt(share * (1.0 - share) / TRAJECTORIES))


@pytest.mark.parametrize("name", ["steinway-2014", "steinway-2015", "mendik-2022"])
def test_epithelial_starts_stay_without_the_signal(name: str) -> None:
    spec = SPECS[name]
    bare = spec.model_copy(update={"treatments": ()})
    found = Ensemble(bare).run(1, 0, 50)
    assert found.flips == 0
    assert spec.treatments


def test_names_of_networks_in_the_table_of_pathways() -> None:
    named = {name for item in pathways().values() for name in item.networks}
    assert named
    assert named <= set(FILES)
