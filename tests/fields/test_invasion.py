"""Models of invasion: their equations, files, runs that are killed and go on, and where a front is."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diaspore
from diaspore.core.errors import InputError, RunStoreError
from diaspore.core.simulate import find_spec_file, shipped_models
from diaspore.core.spec import load_spec, spec_from_dict
from diaspore.fields.grid import Grid
from diaspore.fields.invasion import engine
from diaspore.fields.invasion.front import farthest_crossing, fitted_speed, place_of
from diaspore.fields.invasion.models import MODELS
from diaspore.fields.invasion.simulation import Invasion
from diaspore.fields.invasion.spec import InvasionSpec

Arrays = tuple[np.ndarray, ...]


def data(**changes: Any) -> dict[str, Any]:
    """A short run, changed at the top level."""
    return {
        "schema_version": 1, "kind": "invasion", "name": "test", "model": "haptotaxis",
        "domain": {"x": [0, 1], "spacing": 0.02}, "duration": 0.5, "save_every": 0.2,
    } | changes  # fmt: skip


def made(**changes: Any) -> Invasion:
    spec = spec_from_dict(data(**changes))
    assert isinstance(spec, InvasionSpec)
    return Invasion(spec)


# --- equations, written once more: reactions (and the turnover of acid) of each model


def _fisher(p: dict[str, float], n: np.ndarray) -> Arrays:
    return (p["r"] * n * (1 - n),)


def _gatenby(p: dict[str, float], u: np.ndarray, w: np.ndarray, c: np.ndarray) -> Arrays:
    return u * (1 - u) - p["d1"] * u * c, p["rho"] * w * (1 - w), p["d3"] * (w - c)


def _el_hachem(p: dict[str, float], u: np.ndarray, v: np.ndarray) -> Arrays:
    return u * (1 - u - v), -p["gamma"] * u * v


def _haptotaxis(p: dict[str, float], n: np.ndarray, f: np.ndarray, m: np.ndarray) -> Arrays:
    return 0 * n, -p["eta"] * m * f, p["alpha"] * n - p["beta"] * m


def _upa(p: dict[str, float], c: np.ndarray, v: np.ndarray, u: np.ndarray, i: np.ndarray, m: np.ndarray) -> Arrays:
    return (
        p["mu1"] * c * (1 - c),
        -p["delta"] * v * m + p["phi21"] * u * i - p["phi22"] * v * i + p["mu2"] * v * (1 - v),
        -p["phi31"] * i * u - p["phi33"] * c * u + p["alpha31"] * c,
        -p["phi41"] * i * u - p["phi42"] * i * v + p["alpha41"] * m,
        p["phi52"] * i * v + p["phi53"] * c * u - p["phi54"] * m,
    )


EQUATIONS: dict[str, Callable[..., Arrays]] = {
    "fisher-kpp": _fisher, "gatenby-gawlinski": _gatenby, "el-hachem": _el_hachem, "haptotaxis": _haptotaxis,
    "upa": _upa,
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_reactions_are_those_of_the_equations(name: str) -> None:
    model, random = MODELS[name], np.random.default_rng(1)
    values = {key: value + random.random() for key, value in model.values().items()}
    u = random.random((len(model.species), 40))
    production, loss = np.empty((2, *u.shape))
    model.rates(u, np.array([values[key] for key in model.parameters]), production, loss)
    assert production.min() >= 0.0
    assert loss.min() >= 0.0
    found = production - loss * u
    for s, mover in enumerate(model.movers(values)):
        if mover.towards is not None:
            found[s] += mover.turnover * (u[mover.towards] - u[s])
    assert found == pytest.approx(np.stack(EQUATIONS[name](values, *u)), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", MODELS)
def test_models_are_described(name: str) -> None:
    model = MODELS[name]
    assert len(model.species) == len(model.symbols) == len(model.movers(model.values()))
    for parameter in model.parameters:
        assert model.fact(parameter).source in model.sources
    spec = load_spec(
        find_spec_file(next(m for m, f in shipped_models().items() if f"model: {name}\n" in f.read_text()))
    )
    assert isinstance(spec, InvasionSpec)
    invasion = Invasion(spec)
    before = invasion.u.copy()
    invasion.advance(5)
    assert invasion.u.min() >= 0.0
    assert not np.array_equal(before, invasion.u)


def test_movement_of_haptotaxis_keeps_cells() -> None:
    s = made(domain={"x": [0, 1], "spacing": 0.005})
    mass = s.mass()[0]
    assert mass == pytest.approx(0.05 * math.sqrt(math.pi), rel=1e-12)
    s.advance(300)
    assert s.mass()[0] == pytest.approx(mass, rel=1e-12)


def test_fisher_speed_on_a_short_line() -> None:
    s = made(model="fisher-kpp", domain={"x": [0, 60], "spacing": 0.2}, duration=10, save_every=10)
    s.advance(500)
    first = s.place()
    s.advance(500)
    assert (s.place() - first) / 10.0 == pytest.approx(2.0 - 1.5 * math.log(2.0) / 10.0, rel=0.02)
    assert s.u.max() <= 1.0 + 1e-12


def test_an_edge_in_two_dimensions_is_a_line() -> None:
    line = made(model="gatenby-gawlinski", duration=0.5, save_every=0.5)
    strip = made(
        model="gatenby-gawlinski", duration=0.5, save_every=0.5, initial={"shape": "edge"},
        domain={"x": [0, 1], "y": [0, 0.1], "spacing": 0.02},
    )  # fmt: skip
    for s in (line, strip):
        s.advance(round(0.5 / s.spec.time_step))
    # Splitting acid's turnover among the axes errs by about a hundredth beside the jump it starts from.
    assert strip.u[:, 0] == pytest.approx(np.broadcast_to(line.u[:, 0], strip.u[:, 0].shape), abs=0.01)
    assert strip.u[:, 0].std(axis=1).max() < 1e-12
    assert strip.place() == pytest.approx(line.place(), rel=1e-3)
    assert strip.mass() == pytest.approx(0.1 * line.mass(), rel=4e-3)


def test_a_disc_stays_round() -> None:
    s = made(
        model="fisher-kpp", domain={"x": [-15, 15], "y": [-15, 15], "spacing": 0.25}, duration=4, save_every=4,
        initial={"extent": 4},
    )  # fmt: skip
    assert s.place() == pytest.approx(4.0, rel=0.01)
    s.advance(200)
    u = s.u[0, 0]
    assert u == pytest.approx(u[::-1], abs=1e-12)
    assert u == pytest.approx(u.T, abs=2e-3)
    # A smaller radius slows it: the speed on a line, less one over the radius.
    assert 4.0 + 4.0 * 0.75 < s.place() < 4.0 + 4.0 * 1.5


# --- where a front is


def test_farthest_crossing() -> None:
    x = np.arange(5.0)
    assert farthest_crossing(np.array([1.0, 0.0, 1.0, 0.75, 0.25]), 0.5, x) == 3.5
    assert farthest_crossing(np.array([0.0, 0.0, 0.0, 0.0, 1.0]), 0.25, x) == 3.25
    assert math.isnan(farthest_crossing(np.zeros(5), 0.5, x))


@pytest.mark.parametrize("inverted", [False, True])
def test_radius_of_a_disc(inverted: bool) -> None:
    grid = Grid((1, 80, 90), 0.1)
    x, y = np.meshgrid(grid.centres(2) - 4.3, grid.centres(1) - 4.1)
    u = 0.5 + (np.hypot(x, y) - 3.0) * (1.0 if inverted else -1.0)
    assert place_of(u, 0.5, grid, disc=True) == pytest.approx(3.0, rel=1e-3)
    assert math.isnan(place_of(u, -100.0, grid, disc=True))


def test_fitted_speed() -> None:
    time = np.arange(11.0)
    place = np.where(time < 5.0, 100.0, 3.0 * time)
    assert fitted_speed(time, place) == pytest.approx(3.0)
    assert math.isnan(fitted_speed(time[:2], place[:2]))
    assert math.isnan(fitted_speed(time, np.full(11, np.nan)))


# --- runs


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "model": "gatenby-gawlinski",
            "domain": {"x": [0, 1], "y": [0, 0.5], "spacing": 0.05},
            "initial": {"centre": [0.5, 0.25]},
        },
    ],
)
def test_a_killed_run_goes_on_with_the_same_bits(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = diaspore.simulate(data(**changes), out=tmp_path / "whole", quiet=True)
    save = engine._save

    def killed(store: Any, number: int, *rest: Any) -> None:
        if number == 2:
            raise Killed
        save(store, number, *rest)

    monkeypatch.setattr(engine, "_save", killed)
    with pytest.raises(Killed):
        diaspore.simulate(data(**changes), out=tmp_path / "part", quiet=True)
    monkeypatch.undo()
    part = diaspore.simulate(data(**changes), out=tmp_path / "part", quiet=True, resume=True)
    files = [file.relative_to(whole.path) for file in whole.path.rglob("*") if file.is_file()]
    assert len(files) > 20
    for file in files:
        if file.name != "timing.json":
            assert (whole.path / file).read_bytes() == (part.path / file).read_bytes(), file


def test_a_run(tmp_path: Path) -> None:
    run = diaspore.simulate(data(parameters={"eta": 20}, step=0.05), out=tmp_path / "r", quiet=True)
    table = run.table("front")
    assert table["time"].tolist() == pytest.approx([0.0, 0.2, 0.4, 0.5])
    assert list(table)[:5] == ["time", "place", "cells mass", "cells least", "cells greatest"]
    assert run.summary["parameters"]["eta"] == 20.0
    assert run.summary["parameters"]["alpha"] == 0.1
    last = run.arrays("snapshots/00003.zarr")
    assert last is not None
    assert last["matrix"].dims == ("x",)
    assert float(last["matrix"].min()) == table["matrix least"].iloc[-1]
    assert "anderson2000" in run.citations
    assert all(record["text"] for record in run.citations.to_json())


def test_a_damaged_snapshot_is_named(tmp_path: Path) -> None:
    run = diaspore.simulate(data(), out=tmp_path / "r", quiet=True)
    (run.path / "snapshots/00000.zarr/cells/zarr.json").write_text("{")
    with pytest.raises(RunStoreError, match="cells"):
        engine._read(run.path, 0, made())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "haptotaxys"}, "haptotaxis"),
        ({"parameters": {"etta": 1}}, "eta"),
        ({"parameters": {"eta": -1}}, "at least 0"),
        ({"parameters": {"eta": "1 mm"}}, "plain number"),
        ({"duration": 0.505}, "whole multiple"),
        ({"duration": 1e9}, "at most"),
        ({"domain": {"x": [1, 0], "spacing": 0.1}}, "ends"),
        ({"domain": {"x": [0, 1], "spacing": 0.3}}, "divide"),
        ({"domain": {"x": [0, 1e8], "spacing": 1e-6}}, "at most"),
        ({"initial": {"shape": "disc"}}, "two dimensions"),
        ({"domain": {"x": [0, 1], "y": [0, 1], "spacing": 0.1}, "initial": {"centre": [2, 0]}}, "outside"),
        (
            {
                "domain": {"x": [0, 1], "y": [0, 1], "spacing": 0.1},
                "initial": {"shape": "edge", "centre": [0, 0]},
            },
            "shape: disc",
        ),
        ({"model": "el-hachem", "step": 0.1}, "half a volume"),
    ],
)
def test_mistakes_are_explained(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        spec_from_dict(data(**changes))


def test_no_controllers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="do not act"):
        diaspore.simulate(data(), out=tmp_path / "r", quiet=True, controllers=[object()])


def test_the_file_is_read_back() -> None:
    spec = spec_from_dict(data(parameters={"eta": 5}, initial={"extent": 0.2}))
    from diaspore.core.yamlio import parse_yaml

    assert spec_from_dict(parse_yaml(spec.to_yaml()).data) == spec
