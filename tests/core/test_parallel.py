from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from diaspore.core.errors import InputError
from diaspore.core.parallel import available_threads, ordered_map, resolve_threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads: int) -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.002 * (5 - item % 5))
        return item * item

    assert list(ordered_map(slow_first, range(20), threads)) == [i * i for i in range(20)]
    assert list(ordered_map(slow_first, [], threads)) == []


def test_items_are_read_only_as_far_as_needed() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            read.append(item)
            yield item

    results = ordered_map(lambda item: item, items(), 2, lookahead=3)
    for expected in range(10):
        assert next(results) == expected
        assert len(read) <= expected + 3
    results.close()  # type: ignore[attr-defined]


def test_work_is_shared() -> None:
    names = set()
    barrier = threading.Barrier(2, timeout=20)

    def both(item: int) -> None:
        names.add(threading.current_thread().name)
        barrier.wait()

    list(ordered_map(both, range(2), 2))
    assert len(names) == 2


@pytest.mark.parametrize("threads", [1, 3])
def test_an_exception_comes_out_in_its_place_and_stops_the_rest(threads: int) -> None:
    started: list[int] = []

    def fails_at_three(item: int) -> int:
        started.append(item)
        if item == 3:
            raise ValueError("three")
        return item

    results = ordered_map(fails_at_three, range(1000), threads)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert len(started) < 20


def test_an_interrupt_in_the_caller_ends_the_threads() -> None:
    before = threading.active_count()

    def take() -> None:
        for item in ordered_map(lambda item: item, range(1000), 3):
            if item == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take()
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_number_of_threads() -> None:
    assert resolve_threads(None) == available_threads() >= 1
    assert resolve_threads(3) == 3
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(InputError, match="threads: must be"):
            resolve_threads(wrong)  # type: ignore[arg-type]
