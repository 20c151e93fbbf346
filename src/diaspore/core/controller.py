"""The hook by which protocols, imaging and sampling steer a run: an engine calls controllers at their visit days."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from diaspore.core.messages import Actions, Observation


@runtime_checkable
class Controller(Protocol):
    """Sees a whole batch of patients and answers for all of them (arrays, never one call per patient).

    A controller must not keep state between batches other than by patient number: batches run in any order and on
    several threads. It must not draw random numbers except through :mod:`diaspore.core.rng`.
    """

    def next_day(self, after: float) -> float:
        """First day later than ``after`` on which it wants to be called; infinity for never again."""
        ...

    def act(self, observation: Observation) -> Actions:
        """Answer to what it sees."""
        ...
