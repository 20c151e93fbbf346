"""Cells that left a tissue on their way through the body."""

from __future__ import annotations

import numpy as np
import pytest

from diaspore.body.blood_tables import class_rates, injection, node_shares
from diaspore.body.circulation import Rates, network_of, solve
from diaspore.core.errors import InputError
from diaspore.core.rng import child_id_column
from diaspore.coupling.departures import Departures
from diaspore.coupling.kernels.transit import ARRIVED, DIED, ELSEWHERE, IN_BLOOD, walk
from diaspore.coupling.transit import CAVITY, NODES, Body, follow
from diaspore.knowledge.anatomy import SITES

UNITS = 20_000


def departures(sizes: list[int], route: int = 0, phenotype: int = 0) -> Departures:
    """Clusters of these sizes, which left one after the other."""
    size = np.repeat(sizes, sizes)
    names = child_id_column(np.uint64(7), np.arange(len(size), dtype=np.int64))
    first = np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)
    n = len(size)
    return Departures(
        np.arange(n, dtype=float), np.full(n, route), np.full(n, phenotype), names, names[first], size
    )  # fmt: skip


@pytest.mark.parametrize("kind", [0, 3])
def test_the_walk_ends_where_the_exact_solution_says(kind: int) -> None:
    point, network = Body().point(), network_of("female")
    shares = node_shares(network, "female")
    rates = class_rates(network, shares, point.scalar, point.site, kind, 0, 0.0)
    target = network.is_bed & (shares.argmax(axis=1) == SITES.index("lung"))
    # A softer bed of the lung, so that many pass it and the other fates occur.
    hold = np.where(target, 0.3, 0.6 * rates.hold)
    entry = injection(network, "female", "breast", 0.0)[SITES.index("breast")]
    held = Rates(
        hold, np.where(target, 0.0, rates.release), np.where(target, 1.0, rates.extravasate),
        np.where(target, 0.0, rates.die), 300.0 * rates.flow_death + 2000.0,
    )  # fmt: skip
    exact = solve(network, held, entry[None])
    names = child_id_column(np.uint64(3), np.arange(UNITS, dtype=np.int64))
    fate, place, when = np.empty(UNITS, np.int64), np.empty(UNITS, np.int64), np.empty(UNITS)

    def row(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (1, len(network.nodes))).copy()

    walk(
        names, np.zeros(UNITS), np.zeros(UNITS, np.int64), np.tile(np.cumsum(entry), (UNITS, 1)),
        np.cumsum(network.routing, axis=1), network.transit, row(held.hold), row(held.release), row(held.extravasate),
        row(held.die), np.array([held.flow_death]), target.astype(float), 1e9, np.uint64(1), fate, place, when,
    )  # fmt: skip
    expected = {
        ARRIVED: exact.extravasated[0, target].sum(), ELSEWHERE: exact.extravasated[0, ~target].sum(),
        DIED: exact.died_held.sum() + exact.died_in_flow.sum(),
    }  # fmt: skip
    assert sum(expected.values()) == pytest.approx(1.0, rel=1e-9)
    assert min(expected.values()) > 0.005
    for what, share in expected.items():
        assert np.mean(fate == what) == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / UNITS))
    assert target[place[fate == ARRIVED]].all()
    assert not target[place[fate == ELSEWHERE]].any()


def test_a_site_that_shares_a_bed_takes_its_share_of_those_held() -> None:
    names = child_id_column(np.uint64(5), np.arange(UNITS, dtype=np.int64))
    fate, place, when = np.empty(UNITS, np.int64), np.empty(UNITS, np.int64), np.empty(UNITS)
    one, none = np.ones((1, 2)), np.zeros((1, 2))
    walk(
        names, np.zeros(UNITS), np.zeros(UNITS, np.int64), np.tile([1.0, 1.0], (UNITS, 1)), np.array([[0, 1], [1, 1]]),
        np.ones(2), one, none, one, none, np.zeros(1), np.array([0.3, 0.0]), 1e9, np.uint64(1), fate, place, when,
    )  # fmt: skip
    assert np.mean(fate == ARRIVED) == pytest.approx(0.3, abs=4.5 * np.sqrt(0.21 / UNITS))
    assert np.mean(fate == ELSEWHERE) == 1.0 - np.mean(fate == ARRIVED)


def test_no_cell_is_lost_and_clusters_stay_together() -> None:
    left = departures([1, 3, 1, 7, 2, 1])
    found = follow(left, Body(), until=1.0, seed=1)
    assert len(found.fate) == 15
    assert sum(found.cells(number) for number in range(6)) == 15
    for name in np.unique(left.cluster):
        assert len(np.unique(found.fate[left.cluster == name])) == 1
    assert np.all(found.day[found.fate == ARRIVED] >= left.minutes[found.fate == ARRIVED] / 1440.0 - 0.01)
    again = follow(left, Body(), until=1.0, seed=1)
    assert np.array_equal(found.fate, again.fate)
    assert np.array_equal(found.day, again.day)


def test_routes() -> None:
    many = [1] * 2000
    lymph = follow(departures(many, route=1), Body(), until=5.0, seed=1)
    kept = lymph.cells(NODES) / 2000
    assert 0.0 < kept < 1.0
    assert lymph.cells(ARRIVED) > 0
    cavity = follow(departures(many, route=2), Body(), until=5.0, seed=1)
    assert cavity.cells(CAVITY) == 2000
    early = follow(departures(many), Body(), until=1e-5, seed=1)
    assert early.cells(IN_BLOOD) > 1900


def test_a_site_that_is_none() -> None:
    with pytest.raises(InputError, match="no site"):
        follow(departures([1]), Body(target="lungs"), until=1.0, seed=1)
