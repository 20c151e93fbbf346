"""Reactions among substances: a plain NumPy twin, exact solutions, and what must be conserved."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.tissue.kernels.reactions import react, turnover, used_up
from diaspore.tissue.reactions import Reaction, advance_reactions
from diaspore.tissue.spec import TissueSpec
from tests.tissue.common import scene, simulation

SIDE = ["-30 um", "30 um"]
BOX = {"x": SIDE, "y": SIDE, "z": SIDE}
STILL = {"pace": "still", "unit": "nM"}


def mixture(reactions: list[dict[str, Any]], pace: str = "still", **levels: float) -> Any:
    """Substances in 27 voxels without cells, at these levels (nM) at the start."""
    move = {} if pace == "still" else {"diffusion": "100 um**2/min"}
    substances = {name: STILL | {"pace": pace, "initial": f"{level} nM"} | move for name, level in levels.items()}
    return simulation(domain=BOX, substances=substances, cell_types={"tumour": {}}, cells=[], reactions=reactions)


def plain(takes: Any, by: Any, makes: Any, rate: float, half: float, u: np.ndarray, moves: np.ndarray, step: float):
    """Levels after a reaction by itself, in the units of a reaction; ``takes`` and ``makes``: number -> level."""
    k = np.full(u.shape[1], rate)
    for d, s in enumerate(by):
        k = k * (u[s] / (half + u[s]) if d == 0 and half > 0.0 else u[s])
    taken, ratio = list(takes), list(takes.values())
    parts = [u[s] / r for s, r in zip(taken, ratio, strict=True)]
    k = k * np.prod(ratio)
    moved = [s for s in taken if moves[s]]
    if len(moved) == 2:
        a, b = np.minimum(*parts), np.maximum(*parts)
        with np.errstate(invalid="ignore", divide="ignore"):
            kept = np.exp(-k * step * (b - a))
            apart = a * b * (1.0 - kept) / (b - a * kept)
        extent = np.where(b - a > 1e-6 * b, apart, a * a * k * step / (1.0 + a * k * step))
    elif len(moved) == 1:
        mine = taken.index(moved[0])
        others = np.prod([p for n, p in enumerate(parts) if n != mine], axis=0)
        extent = parts[mine] * (1.0 - np.exp(-k * others * step))
    else:
        extent = k * np.prod(parts, axis=0) * step
    after = u.copy()
    for s, r in takes.items():
        after[s] -= r * extent * moves[s]
    for s, r in makes.items():
        after[s] += r * extent * moves[s]
    return after


def numbers(takes: Any, by: Any, makes: Any, rate: float, half: float) -> Reaction:
    def filled(given: Any, room: int) -> np.ndarray:
        return np.array([*given, *[-1] * (room - len(given))])

    def amounts(given: Any, room: int) -> np.ndarray:
        return np.array([*given.values(), *[1.0] * (room - len(given))])

    return Reaction(filled(takes, 2), amounts(takes, 2), filled(by, 2), filled(makes, 4), amounts(makes, 4), rate, half)


CASES = [
    ({0: 1.0, 1: 1.0}, (), {2: 1.0}, 0.3, 0.0),
    ({0: 2.0, 1: 0.5}, (2,), {3: 3.0, 2: 1.0}, 0.1, 0.0),
    ({0: 0.7}, (1, 2), {3: 0.2}, 0.2, 0.4),
    ({2: 1.0}, (), {0: 1.0, 1: 2.0, 3: 1.0}, 5.0, 0.0),
    ({}, (3,), {0: 2.0}, 0.6, 1.5),
    ({3: 1.0, 0: 4.0}, (1,), {}, 2.0, 0.1),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("held", [(), (0,), (1,), (0, 1, 2, 3)])
def test_a_reaction_is_that_of_plain_arrays(case: Any, held: tuple[int, ...]) -> None:
    u = np.random.default_rng(1).uniform(0.0, 3.0, (4, 500))
    u[:, :20] = 0.0
    u[1, 20:40] = u[0, 20:40]
    moves = np.ones(4, dtype=bool)
    moves[list(held)] = False
    expected = plain(*case, u, moves, 1.7)
    r = numbers(*case)
    got = u.copy()
    react(got, moves, r.takes, r.ratios, r.by, r.makes, r.yields, r.rate, r.half, 1.7)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert np.array_equal(got[~moves], u[~moves])
    assert got.min() >= 0.0


@pytest.mark.parametrize("case", CASES)
def test_turnover_is_the_slope_of_a_reaction(case: Any) -> None:
    """What enters a balance: units of the reaction per min, and what one substance loses of itself."""
    u = np.random.default_rng(2).uniform(0.1, 3.0, (4, 50))
    r, moves, tiny = numbers(*case), np.ones(4, dtype=bool), 1e-7
    slope = (plain(*case, u, moves, tiny) - u) / tiny
    for s in range(4):
        loss, extent = np.full(50, 0.25), np.empty(50)
        turnover(u, r.takes, r.ratios, r.by, r.rate, r.half, s, loss, extent)
        made = case[2].get(s, 0.0) * extent
        assert made - (loss - 0.25) * u[s] == pytest.approx(slope[s], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("pair", [(1.0, 1.0), (1.0, 3.0), (2.0, 1e-3), (1.0, 1.0 + 1e-11), (1.0, 1e6)])
@pytest.mark.parametrize("rate", [1e-13, 1e-4, 1.0, 1e5])
def test_two_partners_exactly(pair: tuple[float, float], rate: float) -> None:
    """Against the solution in numbers of fifty digits, over a step that uses up nearly nothing or all."""
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = 50
        a, b, k = Decimal(min(pair)), Decimal(max(pair)), Decimal(rate) * 6
        if a == b:
            exact = a * a * k / (1 + a * k)
        else:
            kept = (-k * (b - a)).exp()
            exact = a * b * (1 - kept) / (b - a * kept)
    assert used_up(*pair, rate, 6.0) == pytest.approx(float(exact), rel=1e-14)
    assert used_up(*pair, rate, 6.0) == used_up(*pair[::-1], rate, 6.0) <= min(pair)


def test_one_substance_decays_into_another() -> None:
    s = mixture([{"from": "a", "to": {"b": 0.5}, "rate": "0.05 1/min"}], a=8.0, b=1.0)
    s.run(4)
    left = 8.0 * math.exp(-0.05 * 24.0)
    assert s.u[0] == pytest.approx(left, rel=1e-13)
    assert s.u[1] == pytest.approx(1.0 + 0.5 * (8.0 - left), rel=1e-13)


def test_two_substances_bind() -> None:
    reaction = {"from": ["a", "b"], "to": "c", "rate": "0.01 1/(nM*min)"}
    alike = mixture([reaction], a=5.0, b=5.0, c=0.0)
    alike.run(3)
    assert alike.u[0] == pytest.approx(5.0 / (1.0 + 5.0 * 0.01 * 18.0), rel=1e-13)
    unlike = mixture([reaction], a=5.0, b=2.0, c=0.0)
    unlike.run(3)
    kept = 2.0 / 5.0 * math.exp(-0.01 * 3.0 * 18.0)  # ratio of b to a at the end
    assert unlike.u[1] / unlike.u[0] == pytest.approx(kept, rel=1e-12)


def test_a_driver_saturates() -> None:
    """At the half level the rate is half of its greatest; nothing is made without the driver."""
    reaction = {"from": "m", "by": "e", "rate": "0.2 1/min", "half_level": "3 nM"}
    for level, factor in ((3.0, 0.5), (0.0, 0.0), (27.0, 0.9)):
        s = mixture([reaction], m=4.0, e=level)
        s.run(1)
        assert s.u[0] == pytest.approx(4.0 * math.exp(-0.2 * factor * 6.0), rel=1e-13)
        assert np.all(s.u[1] == level)
    made = mixture([{"by": "e", "to": "m", "rate": "0.2 1/min*nM", "half_level": "3 nM"}], m=1.0, e=3.0)
    made.run(2)
    assert made.u[0] == pytest.approx(1.0 + 0.2 * 0.5 * 12.0, rel=1e-13)


def test_partners_lose_the_same() -> None:
    """One extent is taken from both; what is left over differs by no more than the rounding of the levels."""
    rng = np.random.default_rng(3)
    u = rng.uniform(0.0, 4.0, (3, 2000))
    before, moves = u.copy(), np.ones(3, dtype=bool)
    bind = numbers({0: 1.0, 1: 1.0}, (), {2: 1.0}, 0.7, 0.0)
    for _ in range(50):
        advance_reactions([bind], u, moves, 6.0)
    spacing = np.spacing(before.max())
    assert np.abs((u[0] - u[1]) - (before[0] - before[1])).max() <= 50 * spacing
    assert np.abs((u[0] + u[2]) - (before[0] + before[2])).max() <= 100 * spacing
    assert u.min() >= 0.0
    whole = np.round(u[:2] * 2**20) / 2**20  # levels that are subtracted without rounding
    start = whole.copy()
    extent = np.array([used_up(a, b, 0.7, 6.0) for a, b in whole.T])
    advance_reactions([bind], work := np.vstack([whole, np.zeros(2000)]), moves, 6.0)
    assert np.array_equal(work[2], extent)
    assert np.array_equal(work[:2], np.maximum(start - extent, 0.0))


def test_levels_stay_positive_in_long_steps() -> None:
    u = np.random.default_rng(4).uniform(0.0, 1.0, (4, 2000)) ** 8
    reactions = [numbers(t, b, m, 1e4 * k, h) for t, b, m, k, h in CASES if t]
    advance_reactions(reactions, u, np.ones(4, dtype=bool), 600.0)
    assert np.isfinite(u).all()
    assert u.min() >= 0.0


def test_coupled_reactions_are_of_first_order() -> None:
    """Binding and release one after the other (Lie splitting): the error falls with the step."""
    forward, back = numbers({0: 1.0, 1: 1.0}, (), {2: 1.0}, 0.5, 0.0), numbers({2: 1.0}, (), {0: 1.0, 1: 1.0}, 0.8, 0.0)

    def slope(_: float, y: np.ndarray) -> np.ndarray:
        net = 0.5 * y[0] * y[1] - 0.8 * y[2]
        return np.array([-net, -net, net])

    exact = solve_ivp(slope, (0.0, 1.0), [2.0, 1.0, 0.0], rtol=1e-12, atol=1e-13).y[:, -1]
    off = []
    for n in (20, 40, 80):
        u = np.array([[2.0], [1.0], [0.0]])
        for _ in range(n):
            advance_reactions([forward, back], u, np.ones(3, dtype=bool), 1.0 / n)
        off.append(np.abs(u[:, 0] - exact).max())
    assert np.log2(off[0] / off[1]) == pytest.approx(1.0, abs=0.05)
    assert np.log2(off[1] / off[2]) == pytest.approx(1.0, abs=0.03)


def test_a_steady_partner_holds_and_is_in_balance() -> None:
    """A protease that a still inhibitor uses up: level = supply/(decay + rate times inhibitor), everywhere alike."""
    protease = {"unit": "nM", "pace": "steady", "diffusion": "1e3 um**2/min", "decay": "0.1 1/min"}
    made = {"by": "cell", "to": "protease", "rate": "0.3 1/min"}
    used = {"from": ["protease", "inhibitor"], "to": "bound", "rate": "0.02 1/(nM*min)"}
    substances = {
        "protease": protease, "inhibitor": STILL | {"initial": "4 nM"}, "cell": STILL | {"initial": "2 nM"},
        "bound": STILL,
    }  # fmt: skip
    s = simulation(domain=BOX, substances=substances, cell_types={"tumour": {}}, cells=[], reactions=[made, used])
    names = s.scene.names[0]
    inhibitor = 4.0
    for _ in range(3):
        s.run(1)
        level = 0.3 * 2.0 / (0.1 + 0.02 * inhibitor)
        assert s.u[names.index("protease")] == pytest.approx(level, rel=1e-4)
        inhibitor *= math.exp(-0.02 * float(s.u[names.index("protease")].flat[0]) * 6.0)
        assert s.u[names.index("inhibitor")] == pytest.approx(inhibitor, rel=1e-9)
    assert s.u[names.index("bound")] == pytest.approx(4.0 - inhibitor, rel=1e-12)


def test_reactions_change_fast_and_slow_substances_alike() -> None:
    for pace in ("fast", "slow"):
        s = mixture([{"from": ["a", "b"], "to": "c", "rate": "0.01 1/(nM*min)"}], pace, a=5.0, b=5.0, c=0.0)
        s.run(3)
        assert s.u[0] == pytest.approx(5.0 / (1.0 + 5.0 * 0.01 * 18.0), rel=1e-4)
        assert s.u[0] + s.u[2] == pytest.approx(5.0, rel=1e-4)


ROW = {"from": ["a", "b"], "to": "c", "rate": "0.01 1/(nM*min)"}


@pytest.mark.parametrize(
    ("reaction", "field", "words"),
    [
        (ROW | {"from": ["a", "z"]}, "reactions[0].from", "'z' is no substance"),
        (ROW | {"by": "bb"}, "reactions[0].by", "did you mean 'b'"),
        (ROW | {"to": "d"}, "reactions[0]", "how much of d goes with 1 of a"),
        (ROW | {"rate": "0.01 1/min"}, "reactions[0].rate", "1/min/(nM)"),
        (ROW | {"rate": "-0.01 1/(nM*min)"}, "reactions[0].rate", "at least 0"),
        (ROW | {"rate": "1e300 1/(nM*min)"}, "reactions[0].rate", "at most 1e+12"),
        (ROW | {"half_level": "1 nM"}, "half_level", "by"),
        (ROW | {"by": "c", "half_level": "0 nM"}, "half_level", "above 0"),
        (ROW | {"by": "a", "rate": "0.01 1/(nM**2*min)"}, "by", "used up as well"),
        (ROW | {"from": ["a", "a"]}, "from", "twice"),
        ({"rate": "1 1/min", "to": "c"}, "from", "driven by nothing"),
        ({"rate": "1 1/min", "by": "c"}, "to", "changes nothing"),
        (ROW | {"from": {"a": 0.0, "b": 1.0}}, "from", ""),
    ],
)
def test_mistakes_are_named(reaction: dict[str, Any], field: str, words: str) -> None:
    substances = dict.fromkeys("abc", STILL) | {"d": STILL | {"unit": "mmHg"}}
    with pytest.raises(InputError) as caught:
        validate(TissueSpec, scene(substances=substances, cell_types={"tumour": {}}, reactions=[reaction]))
    assert field in str(caught.value)
    assert words in str(caught.value)


def test_other_units_need_amounts() -> None:
    substances = {"a": STILL, "d": STILL | {"unit": "mmHg", "initial": "3 mmHg"}}
    reaction = {"from": {"a": 1, "d": 0.25}, "rate": "0.02 1/(mmHg*min)"}
    changes = {"substances": substances, "cell_types": {"tumour": {}}, "cells": [], "reactions": [reaction]}
    validate(TissueSpec, scene(**changes))
