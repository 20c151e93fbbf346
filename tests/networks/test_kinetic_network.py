"""Kinetic networks: files and their mistakes, kernels against a plain twin, events, runs, equilibria."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import diaspore
from diaspore.core.errors import DiasporeError, InputError, RunStoreError
from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec, spec_from_dict
from diaspore.core.yamlio import parse_yaml
from diaspore.networks.kinetic import engine
from diaspore.networks.kinetic.cells import KineticKernel
from diaspore.networks.kinetic.equilibria import Equilibria
from diaspore.networks.kinetic.expected import differences
from diaspore.networks.kinetic.integrate import Integrator
from diaspore.networks.kinetic.kernels import factored, solved
from diaspore.networks.kinetic.network import Network
from diaspore.networks.kinetic.spec import KineticNetworkSpec

LIBRARY = [
    name
    for name, file in shipped_models().items()
    if file.parent.name == "networks" and "kinetic" in file.read_text("utf-8")
]


def spec(**changes: Any) -> KineticNetworkSpec:
    """A small network, changed at the top level."""
    data = {
        "schema_version": 1, "kind": "kinetic_network", "name": "test", "duration": 10, "save_every": 1,
        "species": {"a": {"initial": 1.0}, "b": {"initial": 0.2}}, "parameters": {"k": {"value": 0.5}},
        "reactions": {"r": {"reactants": {"a": 1}, "products": {"b": 1}, "rate": "k * a"}},
    } | changes  # fmt: skip
    found = spec_from_dict(data)
    assert isinstance(found, KineticNetworkSpec)
    return found


def rows(of: KineticNetworkSpec, method: str = "lsoda", step: float | None = None, **options: Any) -> np.ndarray:
    network = Network(of)
    changes = [(of.times(one.at, "at"), one.name, one.value) for one in of.set]
    integrator = Integrator(network, method, step=step, changes=changes, **options)
    return np.array(list(integrator.rows(integrator.start(), of.rows)))


STIFF = {
    "species": {"a": {"initial": 1.0}, "b": {"initial": 0.2}},
    "parameters": {"k": {"value": 2}},
    "reactions": {},
    "rates": {"a": "-k * a * a + sin(time) * b", "b": "a * exp(-time / 3) - b^1.5 / (1 + b)"},
}


# --- files


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"rates": {"a": "1"}}, "reactions change it too"),
        ({"rules": {"x": "y", "y": "x"}}, "in a circle"),
        ({"rules": {"a": "1"}}, "also one of the species"),
        ({"rules": {"exp": "1"}}, "has a meaning in formulas"),
        ({"rules": {"x y": "1"}}, "no name that a formula can use"),
        ({"rules": {"x": "kk + 1"}}, "'kk' is not known"),
        ({"rules": {"x": "1 +"}}, "column 4"),
        ({"rules": {"x": "hil(a, 2)"}, "functions": {"hill": {"arguments": ["x", "n"], "formula": "x^n"}}}, "'hill'"),
        ({"rules": {"x": "f(a)"}, "functions": {"f": {"arguments": ["x"], "formula": "f(x)"}}}, "in a circle"),
        ({"functions": {"f": {"arguments": ["x"], "formula": "x * k"}}}, "'k' is not known"),
        ({"species": {"a": {"initial": "2 * q"}}, "parameters": {"q": {"value": "a"}}, "reactions": {}}, "circle"),
        ({"species": {"a": {"initial": "log(0)"}}, "reactions": {}}, "no finite value"),
        ({"method": "rk4"}, "step: is missing"),
        ({"method": "rk4", "step": 11}, "not longer than the duration"),
        ({"duration": -1}, "more than 0"),
        ({"save_every": 1e-9}, "rows"),
        ({"time_unit": "hour"}, "hour"),
        ({"set": [{"at": 11, "name": "k", "value": 1}]}, "outside of the run"),
        ({"set": [{"at": 1, "name": "kk", "value": 1}]}, "no species or parameter"),
        ({"events": {"e": {"when": "time", "set": {"k": 1}}}}, "expected a condition"),
        ({"reactions": {"r": {"reactants": {"aa": 1}, "rate": "1"}}}, "no species 'aa'"),
        ({"species": {"a": {"initial": 1, "compartment": "cel"}}, "compartments": {"cell": {"size": 1}}}, "'cell'"),
    ],
)
def test_mistakes_in_files(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(InputError) as error:
        spec(**changes)
    assert part in str(error.value)


def test_functions_that_stand_for_too_much_are_refused() -> None:
    functions: dict[str, Any] = {"f0": {"arguments": ["x"], "formula": "x + 1"}}
    for k in range(1, 29):
        functions[f"f{k}"] = {"arguments": ["x"], "formula": f"f{k - 1}(x) * f{k - 1}(x + {k})"}
    with pytest.raises(InputError, match=r"stand for too much|too large"):
        spec(functions=functions, rules={"x": "f28(a)"})


def test_file_and_back() -> None:
    one = spec(**STIFF, rules={"s": "a + b"}, set=[{"at": 2, "name": "k", "value": 3}])
    assert spec_from_dict(parse_yaml(one.to_yaml()).data) == one


def test_values_at_the_start_follow_each_other() -> None:
    network = Network(
        spec(
            species={"a": {"initial": "2 * q"}, "b": {"initial": "r + a"}},
            parameters={"k": {"value": 0.5}, "q": {"value": "k + 1"}},
            rules={"r": "10 * k"},
        )
    )
    assert dict(zip(network.states, network.initial, strict=True)) == {"a": 3.0, "b": 8.0}


def test_size_of_compartments() -> None:
    one = spec(
        compartments={"cell": {"size": 4.0}, "outside": {"size": 1.0}},
        species={"a": {"initial": 1.0, "compartment": "cell"}, "b": {"initial": 0.0, "compartment": "outside"}},
    )
    y = Network(one).initial
    assert Network(one).derivatives(y, Network(one).values).tolist() == [-0.125, 0.5]


# --- kernels


def plain(network: Network, y: np.ndarray, p: list[Any], h: float, steps: int) -> np.ndarray:
    """The classical Runge-Kutta method in NumPy."""
    for step in range(steps):
        t = step * h
        a = network.derivatives(y, p, t)
        b = network.derivatives(y + 0.5 * h * a, p, t + 0.5 * h)
        c = network.derivatives(y + 0.5 * h * b, p, t + 0.5 * h)
        d = network.derivatives(y + h * c, p, t + h)
        y = y + h / 6 * (a + 2 * b + 2 * c + d)
    return y


def cells(
    name: str, inputs: list[str], method: Any, count: int, step: float
) -> tuple[KineticKernel, np.ndarray, np.ndarray]:
    of = load_spec(shipped_models()[name])
    assert isinstance(of, KineticNetworkSpec)
    kernel = KineticKernel(of, inputs, method=method, step=step)
    draw = np.random.default_rng(3)
    state = kernel.initial(count) * draw.uniform(0.5, 2.0, (len(kernel.species), count))
    return kernel, state, kernel.usual_inputs(count) * draw.uniform(0.5, 2.0, (len(inputs), count))


def test_kernel_against_its_twin() -> None:
    kernel, state, inputs = cells("lu-2013", ["SNAIL"], "rk4", 40, 0.25)
    p: list[Any] = list(kernel.parameters)
    p[kernel.network.place("SNAIL")[1]] = inputs[0]
    twin = plain(kernel.network, state.copy(), p, 0.25, 20)
    kernel.advance(state, inputs, 5.0)
    np.testing.assert_allclose(state, twin, rtol=1e-12)


@pytest.mark.parametrize("method", ["rk4", "rosenbrock"])
def test_bits_do_not_depend_on_threads_nor_on_parts(method: str) -> None:
    kernel, start, inputs = cells("tian-2013", ["TGFb", "SNAIL"], method, 101, 0.5)
    assert "SNAIL" not in kernel.species
    inputs[0] = np.linspace(0, 3, 101)
    results = []
    for threads in (1, 2, 3):
        state = start.copy()
        kernel.advance(state, inputs, 12.0, threads=threads)
        results.append(state)
    pieces = []
    for part in (slice(0, 1), slice(1, 40), slice(40, 101)):
        state = start[:, part].copy()
        kernel.advance(state, inputs[:, part].copy(), 12.0)
        pieces.append(state)
    results.append(np.hstack(pieces))
    for other in results[1:]:
        assert np.array_equal(results[0], other)
    assert not np.array_equal(results[0], start)


def test_a_cell_at_rest_stays_to_the_bit() -> None:
    kernel = KineticKernel(spec(rates={"a": "k * (1 - a)"}, reactions={}, species={"a": {"initial": 1.0}}), step=0.1)
    state = kernel.initial(3)
    kernel.advance(state, None, 1e6)
    assert state.tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize("method", ["rk4", "rosenbrock"])
def test_order_four(method: Any) -> None:
    of = spec(**STIFF)
    network = Network(of)
    exact = solve_ivp(
        lambda t, y: network.derivatives(y, network.values, t), (0, 4), network.initial, rtol=1e-13, atol=1e-14,
        method="DOP853",
    ).y[:, -1]  # fmt: skip
    kernel, errors = KineticKernel(of, method=method, step=1.0), []
    for count in (32, 64, 128):
        kernel.step = 4 / count
        state = kernel.initial(1)
        kernel.advance(state, None, 4.0)
        errors.append(np.abs(state[:, 0] - exact).max())
    assert math.log2(errors[1] / errors[2]) == pytest.approx(4.0, abs=0.35)


def test_the_stiff_method_is_stable_at_long_steps() -> None:
    of = spec(rates={"a": "-1e6 * (a - cos(time))"}, reactions={}, species={"a": {"initial": 0.0}}, parameters={})
    kernel = KineticKernel(of, method="rosenbrock", step=0.5)
    state = kernel.initial(1)
    kernel.advance(state, None, 10.0)
    assert state[0, 0] == pytest.approx(math.cos(10.0), abs=1e-4)


def test_steps_that_are_too_long_are_divided_or_refused() -> None:
    # A fast intermediate that starts at nothing: at the first step all of it is made.
    chain = {
        "species": {"a": {"initial": 1.0}, "b": {"initial": 0.0}, "c": {"initial": 0.0}}, "parameters": {},
        "reactions": {
            "r": {"reactants": {"a": 1}, "products": {"b": 1}, "rate": "100 * a"},
            "s": {"reactants": {"b": 1}, "products": {"c": 1}, "rate": "1e4 * b * b / (1e-3 + b)"},
        },
    }  # fmt: skip
    of = spec(**chain)
    network = Network(of)
    exact = solve_ivp(
        lambda t, y: network.derivatives(y, network.values, t), (0, 0.1), network.initial, rtol=1e-12, atol=1e-15,
        method="Radau",
    ).y[:, -1]  # fmt: skip
    long = KineticKernel(of, method="rosenbrock", step=0.1)
    state = long.initial(3)
    long.advance(state, None, 0.1)
    np.testing.assert_allclose(state, np.repeat(exact[:, None], 3, axis=1), rtol=2e-3)
    plain = KineticKernel(of, method="rk4", step=0.1)
    with pytest.raises(DiasporeError, match=r"3 of 3 cells .* cannot be right; take steps shorter than 0\.1, or rosen"):
        plain.advance(plain.initial(3), None, 0.1)


@pytest.mark.parametrize(("rate", "refused"), [(2.4, False), (2.9, True)])
def test_the_classical_method_is_refused_where_it_is_unstable(rate: float, refused: bool) -> None:
    of = spec(
        rates={"a": "k * (1 - a)"}, reactions={}, species={"a": {"initial": 1.1}}, parameters={"k": {"value": rate}}
    )
    kernel = KineticKernel(of, step=1.0)
    state = kernel.initial(2)
    if refused:
        with pytest.raises(DiasporeError, match="cannot be right"):
            kernel.advance(state, None, 60.0)
    else:
        kernel.advance(state, None, 60.0)
        np.testing.assert_allclose(state, 1.0, atol=1e-3)


def test_very_many_steps_are_refused() -> None:
    with pytest.raises(InputError, match="step: makes more than"):
        KineticKernel(spec(), step=1e-300).advance(
            np.ones((len(KineticKernel(spec(), step=1.0).species), 1)), None, 1.0
        )


def test_whole_parts_of_what_is_no_number_are_none() -> None:
    of = spec(rates={"a": "floor(log(a - 2)) * k"}, reactions={}, species={"a": {"initial": 1.0}})
    kernel = KineticKernel(of, step=0.1)
    with pytest.raises(DiasporeError, match="no finite state"):
        kernel.advance(kernel.initial(1), None, 0.1)


@pytest.mark.parametrize("method", ["rk4", "rosenbrock"])
def test_a_closed_system_conserves_its_sum(method: Any) -> None:
    ring = {f"x{k}": {"initial": float(k + 1)} for k in range(5)}
    reactions = {
        f"r{k}": {"reactants": {f"x{k}": 1}, "products": {f"x{(k + 1) % 5}": 1}, "rate": f"k * x{k}^2 / (1 + x{k})"}
        for k in range(5)
    }
    kernel = KineticKernel(spec(species=ring, reactions=reactions), method=method, step=0.1)
    state = kernel.initial(1)
    kernel.advance(state, None, 50.0)
    assert state.sum() == pytest.approx(15.0, rel=1e-13)
    assert state.min() > 0.0


def test_factors_of_a_matrix() -> None:
    draw = np.random.default_rng(1)
    for n in (1, 2, 7, 20):
        matrix, b = draw.normal(size=(n, n)), draw.normal(size=n)
        matrix[0, 0] = 0.0 if n > 1 else 2.0
        factors, order, x = matrix.copy(), np.empty(n, dtype=np.int64), b.copy()
        assert factored(factors, order)
        solved(factors, order, x)
        np.testing.assert_allclose(matrix @ x, b, rtol=1e-9, atol=1e-10)
    assert not factored(np.zeros((2, 2)), np.empty(2, dtype=np.int64))


def test_kernels_refuse_what_they_cannot_do() -> None:
    with pytest.raises(InputError, match="no parameter or species 'kk'"):
        KineticKernel(spec(), ["kk"], step=0.1)
    with pytest.raises(InputError, match="events"):
        KineticKernel(spec(events={"e": {"when": "a < 0.5", "set": {"k": 1}}}), step=0.1)
    with pytest.raises(InputError, match="switch at a time"):
        KineticKernel(spec(rates={"a": "piecewise(1, time > 3, 0)"}, reactions={}), step=0.1)
    kernel = KineticKernel(spec(rates={"a": "a * a"}, reactions={}), step=0.5)
    with pytest.raises(InputError, match="must be 1 by cells"):
        kernel.advance(np.zeros((2, 3)), None, 1.0)
    with pytest.raises(DiasporeError, match="2 of 2 cells have no finite state"):
        kernel.advance(kernel.initial(2), None, 500.0)
    with pytest.raises(InputError, match="did you mean 'k'"):
        KineticKernel(spec(), step=0.1).set("K", 1.0)


# --- events and changes


@pytest.mark.parametrize(("method", "step"), [("lsoda", None), ("rk4", 0.01), ("rosenbrock", 0.01)])
def test_events_by_time_and_by_state(method: str, step: float | None) -> None:
    of = spec(
        events={
            "by_time": {"when": "time >= 2.5", "set": {"k": 0}},
            "late": {"when": "time > 4", "delay": 1.5, "set": {"a": "a + 1"}},
            "by_state": {"when": "a > 1", "set": {"b": 7}},
        }
    )
    found = rows(of, method, step)
    a = found[:, 1]
    left = math.exp(-1.25)
    assert a[2] == pytest.approx(math.exp(-1.0), rel=1e-6)
    assert a[5] == pytest.approx(left, rel=1e-6)
    assert a[6] == pytest.approx(left + 1.0, rel=1e-6)
    assert found[5, 2] < 2.0
    assert found[6, 2] == 7.0


@pytest.mark.parametrize(("method", "step"), [("lsoda", None), ("rk4", 0.05)])
def test_an_event_of_the_state_is_placed(method: str, step: float | None) -> None:
    of = spec(
        species={"a": {"initial": 0.0}, "at": {"initial": 0.0}},
        reactions={}, rates={"a": "1"}, parameters={}, events={"e": {"when": "a >= 3.3", "set": {"at": "time"}}},
    )  # fmt: skip
    assert rows(of, method, step)[-1, 2] == pytest.approx(3.3, abs=1e-9)


def test_events_that_never_end_are_an_error() -> None:
    events = {"x": {"when": "k > 1", "set": {"k": 0}}, "y": {"when": "k < 1", "set": {"k": 2}, "initially": False}}
    with pytest.raises(DiasporeError, match="for ever"):
        rows(spec(events=events))


def test_changes_and_switches_of_the_time_are_met_exactly() -> None:
    of = spec(
        reactions={}, parameters={"k": {"value": 0}},
        rates={"a": "k", "b": "piecewise(1, time >= 2.25 and time < 2.75, 0)"},
        set=[{"at": at, "name": one, "value": v} for at, one, v in ((1.5, "k", 2), (3.5, "k", 0), (8, "a", -1))],
    )  # fmt: skip
    for method, step in (("lsoda", None), ("rk4", 0.7), ("rosenbrock", 0.7)):
        found = rows(of, method, step)
        assert found[7, 1] == pytest.approx(5.0, rel=1e-9)
        assert found[-1, 2] == pytest.approx(0.7, rel=1e-9)
        assert found[-1, 1] == pytest.approx(-1.0)


# --- runs


def test_a_run_that_stops_goes_on_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = spec(**STIFF, save_every=0.01, duration=4)
    whole = diaspore.simulate(of, out=tmp_path / "whole", quiet=True)
    saved = engine._save

    def fails(store: Any, number: int, *rest: Any) -> None:
        if number == 3:
            raise RunStoreError("the disk is full")
        saved(store, number, *rest)

    monkeypatch.setattr(engine, "_save", fails)
    with pytest.raises(RunStoreError):
        diaspore.simulate(of, out=tmp_path / "part", quiet=True)
    monkeypatch.setattr(engine, "_save", saved)
    part = diaspore.simulate(of, out=tmp_path / "part", resume=True, quiet=True)
    assert part.table("course").equals(whole.table("course"))
    assert part.summary == whole.summary
    assert len(whole.table("course")) == 401
    assert "petzold1983" in whole.citations


@pytest.mark.parametrize("name", LIBRARY)
def test_library(name: str) -> None:
    of = load_spec(shipped_models()[name])
    assert isinstance(of, KineticNetworkSpec)
    assert of.description
    assert of.licence
    assert of.limits
    assert of.source
    assert of.expected
    found = differences(of)
    tolerance = {f"{one.what} ({one.tolerance:g})": one.tolerance for one in of.expected}
    for what, difference in found.items():
        assert difference <= tolerance[what], what
    assert len(found) == len(tolerance)


def test_library_shows_what_is_published() -> None:
    """Two cells end different; NF-kB enters the nucleus and leaves; cells stay mesenchymal without TGF-beta."""
    stated = {
        name: {one.what: one.value for one in load_spec(shipped_models()[name]).expected}  # type: ignore[attr-defined]
        for name in ("notch-collier-1996", "nfkb-hoffmann-2002", "tian-2013", "bone-lemaire-2004", "wnt-lee-2003")
    }
    assert stated["notch-collier-1996"]["delta1 at 60"] > 50 * stated["notch-collier-1996"]["delta2 at 60"]
    nucleus = [stated["nfkb-hoffmann-2002"][f"NFkB_nuc at {t} minute"] for t in (2000, 2030, 2400)]
    assert nucleus[1] > 3 * nucleus[2] > 3 * nucleus[0]
    assert stated["tian-2013"]["Ecad at 1440 hour"] < 0.05 * stated["tian-2013"]["Ecad at 24 hour"]
    assert stated["bone-lemaire-2004"]["C at 80 day"] > 1.3 * stated["bone-lemaire-2004"]["C at 20 day"]
    assert stated["wnt-lee-2003"]["B_catenin at 100 minute"] > 1.2 * stated["wnt-lee-2003"]["B_catenin at 30 minute"]


# --- equilibria


def test_a_fold_in_closed_form() -> None:
    # 0 = r + a - a^3 folds at a = -1/sqrt(3) and 1/sqrt(3), r = ± 2/(3 sqrt(3)).
    of = spec(
        species={"a": {"initial": -1.5}}, reactions={}, rates={"a": "r + a - a^3"}, parameters={"r": {"value": 0}}
    )
    branch = Equilibria(of).follow("r", -1.0, 1.0)
    top = 2 / (3 * math.sqrt(3))
    assert [fold.value for fold in branch.folds] == pytest.approx([top, -top], rel=1e-9)
    assert [fold.state["a"] for fold in branch.folds] == pytest.approx([-1 / math.sqrt(3), 1 / math.sqrt(3)], rel=1e-5)
    a, r = branch.states["a"], branch.values
    np.testing.assert_allclose(r + a - a**3, 0.0, atol=1e-8)
    assert (r[0], r[-1]) == (-1.0, pytest.approx(1.0))
    clear = np.abs(3 * a**2 - 1) > 1e-3
    assert np.array_equal(branch.stable[clear], (3 * a**2 > 1)[clear])


def test_conserved_amounts_stay() -> None:
    of = spec(
        reactions={
            "on": {"reactants": {"a": 1}, "products": {"b": 1}, "rate": "k * a"},
            "off": {"reactants": {"b": 1}, "products": {"a": 1}, "rate": "b"},
        }
    )
    rest = Equilibria(of).settled({"a": 3.0, "b": 0.0})
    assert rest.state == pytest.approx({"a": 2.0, "b": 1.0})
    assert rest.stable
    assert rest.eigenvalues.tolist() == pytest.approx([-1.5])
    branch = Equilibria(of).follow("k", 0.5, 2.0, {"a": 3.0, "b": 0.0})
    np.testing.assert_allclose(branch.states["a"] + branch.states["b"], 3.0, rtol=1e-9)
    assert branch.states["a"][-1] == pytest.approx(1.0)
    assert branch.stable.all()
    assert branch.folds == ()


def test_equilibria_refuse_what_has_none() -> None:
    with pytest.raises(InputError, match="depend on the time"):
        Equilibria(spec(**STIFF))
    with pytest.raises(DiasporeError, match="no equilibrium"):
        Equilibria(spec(species={"a": {"initial": 1.0}}, reactions={}, rates={"a": "1"})).settled()
    with pytest.raises(InputError, match="did you mean 'k'"):
        Equilibria(spec()).follow("K", 0, 1)


def test_three_states_of_the_switch() -> None:
    of = load_spec(shipped_models()["lu-2013"])
    assert isinstance(of, KineticNetworkSpec)
    equilibria = Equilibria(of)
    for start, expected in (
        ((18668, 65.8, 6456), (18668, 65.8, 6456)),
        ((11690, 326, 52414), (11690, 326, 52414)),
        ((1000, 900, 600000), (1714, 827.5, 563720)),
    ):
        rest = equilibria.settled(start)
        assert tuple(rest.state.values()) == pytest.approx(expected, rel=2e-3)
        assert rest.stable
