"""From a primary tissue through the body to a niche, and rates of shedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from diaspore.body.quantities import mixture, shed
from diaspore.core.errors import InputError
from diaspore.core.messages import ROUTES
from diaspore.core.runstore import Run
from diaspore.core.simulate import simulate
from diaspore.core.spec import spec_from_dict
from diaspore.coupling.departures import Departures, departures
from diaspore.coupling.kernels.transit import ARRIVED
from diaspore.coupling.rates import body_parameters, organ_factor, patch_of, shedding_message, shedding_rates
from diaspore.coupling.take import alone_in, arrived_in, take_rate
from diaspore.coupling.transit import Body, follow

HEAD = {"schema_version": 1, "kind": "tissue"}
DOMAIN = {"x": ["-100 um", "100 um"], "y": ["-60 um", "60 um"], "spacing": "20 um"}
VESSELS = {"layout": [{"parallel": {"axis": "x", "spacing": "60 um"}, "diameter": "8 um"}]}
TUMOUR: dict[str, Any] = {"cycle": {"model": "none"}, "plasticity": {"start": 0.5, "drive": 0.3}}
PRIMARY = HEAD | {
    "name": "primary", "duration": "12 h", "save_every": "3 h", "domain": DOMAIN, "vessels": VESSELS,
    "cavity": "y_high",
    "cell_types": {
        "tumour": TUMOUR
        | {"crossing": {"intravasation": "2e-3 1/min", "cavity_shedding": "1e-3 1/min", "cohesion": 0.3}}
    },
    "cells": [{"type": "tumour", "random": {"number": 150}}],
}  # fmt: skip
NICHE = HEAD | {
    "name": "niche", "duration": "3 day", "save_every": "1 day", "domain": DOMAIN, "vessels": VESSELS,
    "cell_types": {"tumour": TUMOUR | {"crossing": {"extravasation": "1e-3 1/min", "washout": "1e-3 1/min"}}},
}  # fmt: skip


def journey(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": 1, "kind": "journey", "name": "journey", "primary": {"tissue": PRIMARY},
        "niche": {"tissue": NICHE},
    } | changes  # fmt: skip


def test_cells_are_conserved_all_the_way(tmp_path: Path) -> None:
    run = simulate(spec_from_dict(journey()), seed=3, out=tmp_path / "j", threads=1, quiet=True)
    table, summary = run.table("journey"), run.summary
    counts = simulate(spec_from_dict(PRIMARY), seed=3, threads=1, quiet=True).table("counts").iloc[-1]
    left = sum(int(counts[f"tumour left by {route}"]) for route in ("blood", "lymph", "cavity"))
    assert left > 50
    assert len(table) == summary["cells that left"] == left == 150 - int(counts["tumour live"])
    assert (table["route"] == "cavity").sum() == counts["tumour left by cavity"] > 0
    assert set(table["phenotype"]) == {"hybrid"}
    arrived = int((table["fate"] == "arrived").sum())
    assert summary["handed to the niche"] == summary["came into the niche"] == arrived > 0
    assert (table["size"] > 1).any()
    assert table.groupby("cluster")["size"].agg(["first", "size"]).eval("first == size").all()


def test_a_killed_journey_goes_on_with_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_from_dict(journey())
    whole = simulate(spec, seed=3, out=tmp_path / "whole", threads=1, quiet=True)
    from diaspore.tissue import engine

    saved, calls = engine._save, []

    def fails(*arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 7:  # in the niche
            raise KeyboardInterrupt
        saved(*arguments)

    monkeypatch.setattr(engine, "_save", fails)
    with pytest.raises(KeyboardInterrupt):
        simulate(spec, seed=3, out=tmp_path / "part", threads=1, quiet=True)
    monkeypatch.setattr(engine, "_save", saved)
    rest = simulate(spec, seed=3, out=tmp_path / "part", threads=1, quiet=True, resume=True)
    assert rest.summary == whole.summary
    assert rest.table("journey").equals(whole.table("journey"))


def test_rates_of_a_patch_and_of_an_organ() -> None:
    runs = [simulate(spec_from_dict(PRIMARY), seed=seed, threads=1, quiet=True) for seed in (1, 2)]
    rates = shedding_rates(runs, ["tumour"])
    patches = [patch_of(run, ["tumour"]) for run in runs]
    cells = sum(len(departures(run)) for run in runs)
    assert rates["cells"].sum() == cells
    assert rates["cells_per_day"].sum() == pytest.approx(cells / 1.0)  # two runs of half a day
    single = rates.query("route == 'cavity' and `class` == 'hybrid'").iloc[0]
    assert poisson.cdf(single["events"], single["high"]) == pytest.approx(0.025, rel=1e-6)
    assert poisson.sf(single["events"] - 1, single["low"]) == pytest.approx(0.025, rel=1e-6)
    surface = np.pi * 8.0 * 200.0 * 2 / 1e6
    assert patches[0].vessel_mm2 == pytest.approx(surface)
    factor = organ_factor(patches, "vessels", 10.0)
    assert factor == pytest.approx(10.0 / surface)
    message = shedding_message(rates, factor)
    assert message.rates.sum() == pytest.approx(rates["cells_per_day"].sum() * factor, rel=1e-12)
    point = Body().point()
    changes = body_parameters(message, tumour_mm3=500.0, cluster_cells=3.0, point=point)
    # The primary of that volume sheds what the message says, by the laws of the body itself.
    as_changed = Body(changes=changes).point()
    weight = mixture(as_changed, np.log(500.0))[1]
    by_blood, by_lymph = shed(as_changed, np.log(500.0), weight)
    assert by_blood == pytest.approx(message.rates[ROUTES.index("blood")].sum(), rel=1e-12)
    assert by_lymph == pytest.approx(message.rates[ROUTES.index("lymph")].sum(), abs=1e-12)
    patient = {
        "schema_version": 1, "kind": "patient", "name": "p", "parameters": "breast-2026.1", "sex": "female",
        "primary": {"site": "breast"}, "change": changes,
    }  # fmt: skip
    rates = ("haematogenous", "lymphatic", "cavity")
    change = {key: f"{value} 1/day" if key.endswith(rates) else value for key, value in changes.items()}
    spec_from_dict(patient | {"change": change})


def test_take_rate_by_splitting_is_that_of_plain_runs() -> None:
    data = NICHE | {
        "duration": "2 day",
        "steps": {"phenotype": "30 min"},
        "domain": DOMAIN | {"x": ["-60 um", "60 um"]},
    }
    data["cell_types"] = {
        "tumour": {
            "cycle": {"model": "live", "birth_rate": "0.001 1/min"},
            "apoptosis": {"rate": "0.002 1/min", "length": "1 h"},
            "crossing": {"extravasation": "0.01 1/min", "washout": "0.01 1/min"},
        }
    }
    spec = spec_from_dict(data)
    found = take_rate(spec, "tumour", ["tumour"], 4, walkers=100)
    seen = take_rate(spec, "tumour", ["tumour"], 4, plain_runs=150)
    assert found.low < seen.high
    assert seen.low < found.high
    assert 0.0 < found.probability < 0.3


def test_mistakes() -> None:
    for changes, words in (
        ({"niche": {"tissue": {k: v for k, v in NICHE.items() if k != "vessels"}}}, "no vessels"),
        ({"primary": {"tissue": PRIMARY, "tumour": ["tumor"]}}, "no cell type"),
        ({"body": {"target": "lungs"}}, "no site"),
        ({"primary": {"model": "breast"}}, "is a patient"),
    ):
        with pytest.raises(InputError, match=words):
            spec_from_dict(journey(**changes))


def test_walkers_of_a_take_rate_arrive_at_places_of_their_own() -> None:
    niche = alone_in(spec_from_dict(NICHE), "tumour", ["tumour"])
    places = [arrived_in(niche, name).cells.place[0, :2].tobytes() for name in range(1, 9)]
    assert len(set(places)) == len(places)


def test_niches_with_tumour_cells_of_their_own_are_refused() -> None:
    cells = {"tumour": NICHE["cell_types"]["tumour"], "other": NICHE["cell_types"]["tumour"]}
    own = [{"type": "other", "through": "blood", "lodged": True, "number": 3}]
    with pytest.raises(InputError, match="'other' come into vessels of the niche by themselves"):
        spec_from_dict(journey(niche={"tissue": NICHE | {"cell_types": cells, "recruitment": own}}))


@pytest.mark.parametrize("site", ["lung", "liver", "bone"])
def test_sites_take_cells(site: str) -> None:
    count = 3000
    names = np.arange(1, count + 1, dtype=np.uint64)
    one = np.ones(count, dtype=np.int64)
    left = Departures(np.zeros(count), 0 * one, 0 * one, names, names, one)
    assert 0 < follow(left, Body(target=site), 5.0, 1).cells(ARRIVED) < count


def test_clusters_come_as_their_type(tmp_path: Path) -> None:
    data = journey(niche={"tissue": NICHE, "tumour": ["tumour", "pack"], "clustered": "pack"})
    cell = NICHE["cell_types"]["tumour"]
    data["niche"]["tissue"] = NICHE | {"cell_types": {"tumour": cell, "pack": cell}}
    run = simulate(spec_from_dict(data), seed=3, out=tmp_path / "j", threads=1, quiet=True)
    table = run.table("journey").query("fate == 'arrived'")
    counts = Run.open(run.path / "niche").table("counts").iloc[-1]
    assert counts["tumour come in"] == (table["size"] == 1).sum() > 0
    assert counts["pack come in"] == (table["size"] > 1).sum() > 0
    assert run.summary["came into the niche"] == len(table)
    with pytest.raises(InputError, match="no type of tumour cells"):
        spec_from_dict(journey(niche={"tissue": NICHE, "clustered": "pack"}))
