"""A team of threads inside one kernel: every member runs the same kernel on its own part, and they meet at barriers.

For loops whose steps take far less time than starting threads (a diffusion step is a fraction of a millisecond): the
team is started once for thousands of steps. A member that waits looks for a while and then gives its core away, so that
a busy machine is not slowed down by waiting. Parts are cut by position, never by who is free, so that results do not
depend on the number of members.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from diaspore.core.jit import inline

_COUNT, _ROUND = 0, 16  # places in the array of a team, on cache lines of their own
_LOOKS = 2000  # looks before a waiting member gives its core away: a few microseconds

_sched_yield = types.ExternalFunction("sched_yield", types.int32())


def _add(_typing, array, index, value):
    """Add to an element of an int64 array as one indivisible operation that orders memory; returns the old value."""

    def generate(context, builder, signature, arguments):
        place = _element(context, builder, signature, arguments)
        return builder.atomic_rmw("add", place, arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


def _load(_typing, array, index):
    """Read an element of an int64 array so that everything written before it was set is seen."""

    def generate(context, builder, signature, arguments):
        place = _element(context, builder, signature, arguments)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(array, types.intp), generate


def _element(context: Any, builder: Any, signature: Any, arguments: Any) -> ir.Value:
    array_type = signature.args[0]
    array = context.make_array(array_type)(context, builder, arguments[0])
    return cgutils.get_item_pointer(context, builder, array_type, array, [arguments[1]])


_atomic_add: Any = intrinsic(_add)
_atomic_load: Any = intrinsic(_load)


@inline
def meet(team, members):
    """Wait until every member has come here; ``team`` is the array that :func:`run_team` hands out."""
    if members == 1:
        return
    turn = _atomic_load(team, _ROUND)
    if _atomic_add(team, _COUNT, 1) + 1 == members:
        _atomic_add(team, _COUNT, -members)
        _atomic_add(team, _ROUND, 1)
        return
    looks = 0
    while _atomic_load(team, _ROUND) == turn:
        looks += 1
        if looks > _LOOKS:
            _sched_yield()


@inline
def part_of(count, rank, members):
    """First and last-plus-one of the items of a member."""
    return count * rank // members, count * (rank + 1) // members


def run_team(members: int, work: Callable[..., Any], *arguments: Any) -> None:
    """Call ``work(team, rank, members, *arguments)`` in ``members`` threads and wait for all.

    ``work`` is a compiled kernel that releases the lock and does not raise; rank 0 runs in the calling thread.
    """
    team = np.zeros(_ROUND + 16, dtype=np.int64)
    others = [
        Thread(target=work, args=(team, rank, members, *arguments), name=f"diaspore-{rank}", daemon=True)
        for rank in range(1, members)
    ]
    for thread in others:
        thread.start()
    work(team, 0, members, *arguments)
    for thread in others:
        thread.join()
