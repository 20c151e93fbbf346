"""Where the batches of a run are computed: on threads of this process, or by the workers of a Dask scheduler."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from diaspore.core.errors import InputError, shown
from diaspore.core.parallel import ordered_map

Item = TypeVar("Item")
Result = TypeVar("Result")
LOCAL = "local"


@dataclass(frozen=True)
class Mapper:
    """Computes batches and gives their results in order.

    Attributes:
        threads: of this process.
        client: of a Dask scheduler, or None.
    """

    threads: int
    client: Any = None

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results of ``function`` over ``items``, in order; on a cluster both must be picklable."""
        if self.client is None:
            yield from ordered_map(function, items, self.threads)
            return
        ahead = 2 * max(1, sum(self.client.nthreads().values()))
        waiting: deque[Any] = deque()
        try:
            for item in items:
                waiting.append(self.client.submit(function, item, pure=False))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            self.client.cancel(list(waiting))


@contextmanager
def mapper(scheduler: str | None, threads: int) -> Iterator[Mapper]:
    """The mapper of a run; closes what it opened.

    Args:
        scheduler: None for threads, "local" for processes on this machine, else the address of a Dask scheduler.
        threads: of this process; on "local" the number of processes.

    Raises:
        InputError: Dask is not installed, or no scheduler answers there.
    """
    if scheduler is None:
        yield Mapper(threads)
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        problem = "a scheduler needs Dask, which is not installed"
        raise InputError(problem, field="scheduler", allowed="pip install 'diaspore[dask]'") from None
    if scheduler == LOCAL:
        cluster = LocalCluster(n_workers=threads, threads_per_worker=1, dashboard_address=None)
        with cluster, Client(cluster) as client:
            yield Mapper(threads, client)
        return
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        problem = f"no Dask scheduler answers at {shown(scheduler)}: {error}"
        raise InputError(problem, field="scheduler", allowed='an address such as "tcp://host:8786", or local') from None
    try:
        yield Mapper(threads, client)
    finally:
        client.close()
