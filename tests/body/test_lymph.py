"""Lymph-node stations: conservation, a walker, the stations of real primaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from diaspore.body.batch import run
from diaspore.body.processes.lymph import station_chain
from diaspore.knowledge.anatomy import SITES
from tests.body.common import P_MIN, compiled, patient

LININGS = ("peritoneum", "pleura", "pericardium", "meninges")


@st.composite
def forests(draw: st.DrawFn) -> tuple[np.ndarray, list[int], float]:
    n = draw(st.integers(1, 10))
    weights = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n)))
    total = draw(st.floats(0.0, 1.0))
    shares = weights / weights.sum() * total if weights.sum() > 1e-6 else np.full(n, total / n)
    onward = [draw(st.sampled_from([-1, *range(i + 1, n)])) for i in range(n)]
    return shares, onward, draw(st.floats(0.0, 1.0))


@given(forests())
def test_no_cell_is_lost_on_the_way(forest: tuple[np.ndarray, list[int], float]) -> None:
    kept, kept_from, duct, duct_from = station_chain(*forest)
    assert kept.sum() + duct == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(kept_from.sum(axis=1) + duct_from, 1.0, atol=1e-12)
    assert min(kept.min(), kept_from.min(), duct, duct_from.min()) >= 0.0
    assert not np.tril(kept_from).any()  # nothing flows back


@given(forests())
def test_equals_the_dense_chain(forest: tuple[np.ndarray, list[int], float]) -> None:
    shares, onward, retention = forest
    n = len(shares)
    step = np.zeros((n, n))
    for i, j in enumerate(onward):
        if j >= 0:
            step[i, j] = 1.0 - retention
    passages = np.linalg.inv(np.eye(n) - step)
    kept, kept_from, duct, _ = station_chain(*forest)
    np.testing.assert_allclose(kept, shares @ passages * retention, atol=1e-12)
    onto = np.zeros((n, n))
    for i, j in enumerate(onward):
        if j >= 0:
            onto[i, j] = 1.0
    np.testing.assert_allclose(kept_from, onto @ passages * retention, atol=1e-12)
    assert duct == pytest.approx(1.0 - kept.sum(), abs=1e-12)


def test_walkers() -> None:
    shares, onward, retention = np.array([0.5, 0.3, 0.0, 0.1, 0.0]), [2, 2, 4, -1, -1], 0.6
    kept, _, duct, _ = station_chain(shares, onward, retention)
    rng = np.random.default_rng(8)
    walkers = 200_000
    ends = np.zeros(6, dtype=int)
    for here in rng.choice(6, size=walkers, p=[*shares, 1.0 - shares.sum()]):
        place = -1 if here == 5 else int(here)
        while place >= 0 and rng.random() >= retention:
            place = onward[place]
        ends[place if place >= 0 else 5] += 1
    for k, p in zip(ends, [*kept, duct], strict=True):
        assert stats.binomtest(int(k), walkers, float(p)).pvalue > P_MIN


def test_stations_of_the_breast() -> None:
    c = compiled(patient())
    assert {s.name for s in c.stations} >= {"axilla_1", "axilla_2", "axilla_3", "internal_mammary"}
    assert sum(s.share for s in c.stations) == pytest.approx(1.0)
    names = [s.name for s in c.stations]
    for i, s in enumerate(c.stations):
        later = [names.index(o) for o in s.onward if o in names]
        assert all(j > i for j in later), s.name


@pytest.mark.parametrize("site", [s for s in SITES if s not in ("regional_nodes", "distant_nodes", *LININGS)])
def test_stations_of_every_primary_stand_in_order(site: str) -> None:
    """A station drains into later ones, so that one pass over them is enough."""
    sex = "male" if site == "prostate" else "female"
    c = compiled(patient(sex=sex, primary={"site": site, "diameter_at_diagnosis": "30 mm"}))
    assert sum(s.share for s in c.stations) <= 1.0 + 1e-9
    names = [s.name for s in c.stations]
    for i, s in enumerate(c.stations):
        assert all(names.index(o) > i for o in s.onward if o in names), s.name


def test_paths_without_nodes_are_no_stations() -> None:
    kidney = compiled(patient(primary={"site": "kidney"}, sex="male"))
    par = kidney.model.par[0]
    assert all(station.nodes > 0 for station in kidney.stations)
    # 0.1 of the lymph goes straight to the duct, the rest passes one or two stations that keep 0.8 of it
    assert par["duct"] == pytest.approx(0.1 + 0.2 * 0.2 + 0.7 * 0.2 * 0.2)
    skin = {s.name: s.share for s in compiled(patient(primary={"site": "skin"})).stations}
    assert "in_transit" not in skin
    assert sum(skin.values()) == pytest.approx(1.0)
    assert run(kidney, 0, 50).patients["n_lesions"].max() > 1
