"""Multilevel splitting against exact chances, and what it needs of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from diaspore.core.errors import InputError
from diaspore.core.rng import child_id_column, uniform
from diaspore.coupling.colony import BirthDeathColony
from diaspore.coupling.kernels.colony import S_EVENT, until
from diaspore.coupling.patch import TissuePatch, clone, living
from diaspore.coupling.splitting import choose_levels, plain, split
from diaspore.tissue.state import FIELDS
from tests.tissue.common import simulation

COLONY = BirthDeathColony(0.4)


def test_events_are_those_of_a_plain_loop() -> None:
    names = child_id_column(np.uint64(3), np.arange(200))
    size, events = np.arange(200) % 9, np.zeros(200, dtype=np.int64)
    expected, total = size.copy(), 0
    for i, name in enumerate(names):
        e = 0
        while 0 < expected[i] < 7:
            expected[i] += 1 if uniform(np.uint64(0), name, S_EVENT, e) < 0.45 else -1
            e += 1
        total += e
    assert until(size, events, names, 7.0, 0.45, np.uint64(0)) == total == events.sum()
    assert np.array_equal(size, expected)


@pytest.mark.parametrize("division", [0.2, 0.4, 0.5, 0.7])
@pytest.mark.parametrize("cells", [1, 4])
def test_exact_chances_are_the_gamblers_ruin(division: float, cells: int) -> None:
    q = (1.0 - division) / division
    ruin = cells / 9 if q == 1.0 else (1.0 - q**cells) / (1.0 - q**9)
    assert BirthDeathColony(division, cells).exact(9) == pytest.approx(ruin, rel=1e-12)


@pytest.mark.parametrize("levels", [(12,), range(2, 13), (2, 5, 8, 12), (4, 12)])
def test_the_estimate_is_unbiased_with_any_levels(levels: Any) -> None:
    """Few walkers, many repeats: within four standard errors of the exact chance."""
    found = [split(COLONY, levels, walkers=80, groups=4, seed=seed).probability for seed in range(600)]
    error = np.std(found) / np.sqrt(600)
    assert np.mean(found) == pytest.approx(COLONY.exact(12), abs=4.0 * error)


def test_intervals_hold_the_exact_chance() -> None:
    exact, held = COLONY.exact(8), 0
    for seed in range(200):
        one = split(COLONY, range(2, 9), walkers=400, seed=seed)
        assert one.low < one.probability < one.high
        held += one.low <= exact <= one.high
    assert 0.9 <= held / 200 <= 0.99


def test_the_same_seed_gives_the_same_bits() -> None:
    a, b, c = (split(COLONY, range(2, 13), walkers=210, seed=seed) for seed in (4, 4, 5))
    assert (a.probability, a.low, a.high, a.shares, a.work) == (b.probability, b.low, b.high, b.shares, b.work)
    assert a.probability != c.probability
    assert len(set(a.groups.tolist())) > 5


def test_groups_know_nothing_of_each_other() -> None:
    """A group's estimate is the same whatever the number of groups beside it."""
    few = split(COLONY, range(2, 9), walkers=100, groups=2, seed=6)
    many = split(COLONY, range(2, 9), walkers=500, groups=10, seed=6)
    assert np.array_equal(few.groups, many.groups[:2])


def test_levels_that_nobody_or_everybody_reaches() -> None:
    none = split(COLONY, [300], walkers=100)
    assert none.probability == none.low == 0.0
    assert COLONY.exact(300) < none.high < 0.05
    some = split(COLONY, [2, 300], walkers=100)
    assert some.probability == 0.0
    assert none.high < some.high * 3 < 0.2
    everybody = split(BirthDeathColony(0.4, 5), [3, 5], walkers=100)
    assert everybody.probability == everybody.high == 1.0
    assert 0.95 < everybody.low < 1.0


def test_plain_runs() -> None:
    one = plain(COLONY, 4, runs=4000, seed=2, batch=700)
    assert one.low < COLONY.exact(4) < one.high
    assert one.probability == one.groups.mean()
    assert one.work == plain(COLONY, 4, runs=4000, seed=2).work


def test_levels_are_chosen_for_the_share() -> None:
    levels = choose_levels(COLONY, range(2, 31), share=0.2, walkers=2000)
    assert levels[-1] == 30.0
    shares = split(COLONY, levels, walkers=4000).shares
    assert all(0.1 < share < 0.4 for share in shares[:-1])
    dead = choose_levels(BirthDeathColony(0.05), range(2, 31), walkers=20)
    assert dead[-1] == 30.0
    assert len(dead) > 20


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"levels": []}, "levels"),
        ({"levels": [3, 3]}, "levels"),
        ({"levels": [3, np.nan]}, "levels"),
        ({"groups": 1}, "groups"),
        ({"walkers": 39}, "walkers"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], field: str) -> None:
    given = {"levels": [2, 4], "walkers": 100} | changes
    with pytest.raises(InputError, match=field):
        split(COLONY, given.pop("levels"), **given)


def test_mistakes_of_models_are_named() -> None:
    with pytest.raises(InputError, match="division"):
        BirthDeathColony(1.0)
    with pytest.raises(InputError, match="cells"):
        BirthDeathColony(0.4, 0)
    with pytest.raises(InputError, match="runs"):
        plain(COLONY, 3, runs=0)
    with pytest.raises(InputError, match="share"):
        choose_levels(COLONY, [2, 3], share=0.0)


SIDE = ["-100 um", "100 um"]
FULL: dict[str, Any] = {
    "domain": {"x": SIDE, "y": SIDE},
    "substances": {
        "oxygen": {"unit": "mmHg", "diffusion": "1e5 um**2/min", "held": {"all": "38 mmHg"}, "pace": "steady"},
        "matrix": {"pace": "still", "initial": 1.0}, "drug": {"diffusion": "1e3 um**2/min", "initial": 1.0},
    },
    "cell_types": {
        "tumour": {
            "cycle": {"model": "live", "birth_rate": "0.01 1/min"}, "apoptosis": {"rate": "0.002 1/min"},
            "exchange": {"oxygen": {"uptake": "10 1/min"}, "matrix": {"uptake": "0.1 1/min"}},
        },
        "killer": {
            "motility": {"speed": "3 um/min"}, "cycle": {"model": "none"},
            "attack": {"targets": {"tumour": 1}, "rate": "0.02 1/min"},
        },
    },
    "cells": [{"type": "tumour", "sphere": {"radius": "40 um"}}, {"type": "killer", "random": {"number": 20}}],
}  # fmt: skip


def bits(s: Any) -> list[bytes]:
    n = s.cells.count
    found = [getattr(s.cells, name)[:n].tobytes() for name in FIELDS]
    found += [column[..., :n].tobytes() for column in s.cells.columns.values()]
    return [*found, s.u.tobytes(), s.parts[0]._tally.tobytes()]


def test_clones_go_their_own_way_from_the_same_state() -> None:
    s = simulation(**FULL)
    s.run(3)
    before, same, other = bits(s), clone(s, s.seed), clone(s, 99)
    assert bits(same) == bits(other) == before
    same.run(3)
    other.run(3)
    assert bits(s) == before
    s.run(3)
    assert bits(same) == bits(s) != bits(other)
    assert same.scene is s.scene


def small(birth: float, death: float) -> TissuePatch:
    cell = {"cycle": {"model": "live", "birth_rate": f"{birth} 1/min"}, "apoptosis": {"rate": f"{death} 1/min"}}
    start = simulation(
        domain={"x": ["-60 um", "60 um"], "y": ["-60 um", "60 um"]}, substances={}, cell_types={"tumour": cell},
        cells=[{"type": "tumour", "at": [["0 um", "0 um"]]}],
    )  # fmt: skip
    return TissuePatch(start, 1200.0, living("tumour"))


def test_a_patch_of_tissue_by_splitting_and_by_plain_runs() -> None:
    patch = small(0.01, 0.02)
    a, b = split(patch, [2, 3, 4], walkers=200, seed=1), plain(patch, 4, runs=400, seed=1)
    assert a.high > b.low
    assert b.high > a.low
    assert a.probability == split(patch, [2, 3, 4], walkers=200, seed=1).probability
    late = TissuePatch(patch.start(np.zeros(1, dtype=np.uint64))[0], 0.0, living("tumour"))
    assert plain(late, 2, runs=3).probability == 0.0


@pytest.mark.slow
def test_repeats_of_a_patch_agree_with_plain_runs() -> None:
    """Mean of 40 estimates of few walkers beside 4,000 plain runs, and their spread beside the stated one."""
    patch = small(0.01, 0.025)
    found = [split(patch, [2, 3, 5], walkers=60, groups=6, seed=seed) for seed in range(40)]
    runs = plain(patch, 5, runs=4000, seed=5)
    values = np.array([one.probability for one in found])
    error = np.hypot(values.std(ddof=1) / np.sqrt(40), np.sqrt(runs.probability / 4000))
    assert values.mean() == pytest.approx(runs.probability, abs=4.0 * error)
    stated = np.mean([one.groups.var(ddof=1) / 6 for one in found])
    low, high = chi2.ppf([1e-4, 1 - 1e-4], 39) / 39
    assert low * 0.6 < values.var(ddof=1) / stated < high * 1.6
