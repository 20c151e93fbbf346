"""Threads over batches: results come back in order, memory stays bounded, Ctrl-C ends cleanly.

Compiled kernels release the GIL, so plain threads use all cores. Nothing global is changed.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from diaspore.core.errors import InputError, shown

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_threads() -> int:
    """Number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def resolve_threads(threads: int | None) -> int:
    """The number of threads to use; None means every core available.

    Raises:
        InputError: not a positive whole number.
    """
    if threads is None:
        return available_threads()
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise InputError(f"must be a whole number of at least 1, got {shown(threads)}", field="threads")
    return threads


def ordered_map(
    fn: Callable[[Item], Result], items: Iterable[Item], threads: int, *, lookahead: int | None = None
) -> Iterator[Result]:
    """Results of `fn` over `items` in the order of the items, computed by `threads` threads.

    Args:
        fn: called once per item; must not depend on the order of the calls.
        items: read lazily, never further ahead than needed.
        threads: 1 runs in the calling thread.
        lookahead: how many items may be under way or waiting to be taken at a time; default 2 per thread.

    An exception in `fn` comes out where its result would have; no further item is begun then, nor when the caller
    stops early or presses Ctrl-C. Calls already begun are waited for.
    """
    if threads <= 1:
        for item in items:
            yield fn(item)
        return
    ahead = max(1, 2 * threads if lookahead is None else lookahead)
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="diaspore")
    try:
        for item in items:
            waiting.append(pool.submit(fn, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
