"""Threads that meet at barriers within one kernel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from diaspore.core.jit import kernel
from diaspore.core.team import meet, part_of, run_team


@kernel
def relay(team, rank, members, values, rounds):  # type: ignore[no-untyped-def]
    """Every element becomes the sum of its neighbours in a ring, so each member needs what others have written."""
    n = values.shape[1]
    first, last = part_of(n, rank, members)
    for r in range(rounds):
        old, new = values[r % 2], values[(r + 1) % 2]
        for i in range(first, last):
            new[i] = old[i - 1] + old[(i + 1) % n]
        meet(team, members)


@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_members_see_what_others_wrote(members: int) -> None:
    start = np.arange(11.0)
    values = np.stack([start, start])
    run_team(members, relay, values, 40)
    expected = start
    for _ in range(40):
        expected = np.roll(expected, 1) + np.roll(expected, -1)
    assert np.array_equal(values[0], expected)


@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_parts_cover_everything_once(count: int) -> None:
    for members in (1, 2, 3, 8):
        ends = [part_of(count, rank, members) for rank in range(members)]
        assert ends[0][0] == 0
        assert ends[-1][1] == count
        assert all(a[1] == b[0] for a, b in itertools.pairwise(ends))
