"""One network alone: integration between the moments at which something switches, with events and given changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diaspore.core.errors import DiasporeError
from diaspore.networks.kinetic.graph import Tape
from diaspore.networks.kinetic.network import Event, Network

Array = NDArray[np.float64]
MAX_ROUNDS = 1000  # events that set each other off at one moment
MAX_STEPS = 2_000_000  # of LSODA between two moments
HALVINGS = 60


@dataclass
class Course:
    """Where a run is; `waiting` holds (time, number of the event, its new values or None)."""

    time: float
    y: Array
    p: Array
    truth: list[bool]
    waiting: list[tuple[float, int, list[float] | None]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "time": self.time, "y": self.y.tolist(), "p": self.p.tolist(), "truth": self.truth,
            "waiting": [list(one) for one in self.waiting],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Course:
        """From plain data."""
        waiting = [(float(at), int(k), values) for at, k, values in data["waiting"]]
        return cls(float(data["time"]), np.array(data["y"], float), np.array(data["p"], float), data["truth"], waiting)


class Integrator:
    """Integrates a network by LSODA (SciPy) or by a generated kernel with fixed steps.

    A step never crosses a moment at which a comparison of the time with constants turns, a change is given, or a
    delayed event is due. An event whose condition depends on the state is placed by halving the step
    in which it turns true.
    """

    def __init__(
        self,
        network: Network,
        method: str = "lsoda",
        *,
        step: float | None = None,
        tolerance: float = 1e-8,
        changes: Sequence[tuple[float, str, float]] = (),
    ) -> None:
        self.network = network
        self.method = method
        self.step = step
        self.tolerance = tolerance
        self.changes = sorted(changes, key=lambda change: change[0])
        self._crossings = Tape(network.graph, network.crossings)
        events = network.events
        self._when = Tape(network.graph, [event.when for event in events])
        self._by_state = [k for k, event in enumerate(events) if not event.by_time]
        self._event_tapes = [
            (Tape(network.graph, [event.delay]), Tape(network.graph, [node for _, _, node in event.sets]))
            for event in events
        ]
        self._advance: Callable[..., Any] | None = None
        if method in ("rk4", "rosenbrock") and network.states:
            from diaspore.networks.kinetic.generate import module

            self._advance = module(network, method).advance

    def start(self) -> Course:
        """The course at time 0, events and changes of that moment done."""
        network = self.network
        truth = [event.initially for event in network.events]
        course = Course(0.0, network.initial.copy(), network.values.copy(), truth)
        self._happen(course)
        return course

    def rows(self, course: Course, times: Sequence[float]) -> Iterator[list[float]]:
        """Advance a course to given times, one after the other; time and the values of `Network.columns` at each."""
        ahead = list(times)
        while ahead:
            if ahead[0] <= course.time:
                yield [ahead[0], *self.network.row(course.y, course.p, ahead[0])]
                ahead.pop(0)
                continue
            stop = min(self._next_moment(course), ahead[-1])
            for row in self._segment(course, stop, [t for t in ahead if t < stop]):
                yield row
                ahead.pop(0)
            self._happen(course)

    def _next_moment(self, course: Course) -> float:
        """The next moment at which something switches, is changed or is due."""
        found = [at for at, _, _ in course.waiting] + [at for at, _, _ in self.changes if at > course.time]
        values = self._crossings(course.y, course.p, 0.0)
        for difference, slope in zip(values[0::2], values[1::2], strict=True):
            if slope != 0.0:
                found.append(float(-difference / slope))
        return min((at for at in found if at > course.time), default=math.inf)

    def _segment(self, course: Course, stop: float, times: list[float]) -> Iterator[list[float]]:
        """Advance to `stop` or to an event before it; rows at the times that are passed."""
        if not self.network.states:
            for t in times:
                yield [t, *self.network.row(course.y, course.p, t)]
            course.time = stop
            return
        if self._advance is not None:
            stops = [*times, stop]
            for t in stops:
                for _ in self._fixed(course, t):
                    pass
                if course.time < t:  # an event
                    return
                if t is not stops[-1]:
                    yield [t, *self.network.row(course.y, course.p, t)]
            return
        for begin, end, between in self._adaptive(course, stop):
            for t in times:
                if begin < t <= end:
                    yield [t, *self.network.row(between(t), course.p, t)]

    def _within(self, begin: float, stop: float) -> tuple[float, float]:
        return math.nextafter(begin, math.inf), math.nextafter(stop, -math.inf)

    def _adaptive(self, course: Course, stop: float) -> Iterator[tuple[float, float, Callable[[float], Array]]]:
        from scipy.integrate import LSODA

        network, p, begin = self.network, course.p, course.time
        low, high = self._within(begin, stop)
        scale = float(np.abs(course.y).max(initial=0.0)) or 1.0

        def rates(t: float, y: Array) -> Array:
            return network.derivatives(y, p, min(max(t, low), high))

        def jacobian(t: float, y: Array) -> Array:
            return network.jacobian_matrix(y, p, min(max(t, low), high))

        solver = LSODA(
            rates, begin, course.y, stop, rtol=self.tolerance, atol=1e-6 * self.tolerance * scale, jac=jacobian
        )
        for _ in range(MAX_STEPS):
            old = solver.t
            with np.errstate(all="ignore"):
                message = solver.step()
            if solver.status == "failed" or not np.isfinite(solver.y).all():
                raise DiasporeError(f"the integration stops at time {old:g}: {message or 'a state is not finite'}")
            between = solver.dense_output()
            end = solver.t
            at = self._turned(course, old, end, between) if self._by_state else None
            course.time = end if at is None else at
            course.y = solver.y.copy() if at is None else np.asarray(between(at))
            yield old, course.time, between
            if at is not None or solver.status == "finished":
                return
        raise DiasporeError(f"the integration needs more than {MAX_STEPS:,} steps from time {begin:g} on")

    def _fixed(self, course: Course, stop: float) -> Iterator[None]:
        assert self.step is not None
        low, high = self._within(course.time, stop)
        count = max(1, math.ceil((stop - course.time) / self.step * (1.0 - 1e-12)))
        begin, h = course.time, (stop - course.time) / count
        if not self._by_state:
            course.y = self._stepped(course, begin, low, high, h, count)
            course.time = stop
            return
        for k in range(count):
            t, old = begin + k * h, course.y

            def between(at: float, t: float = t, old: Array = old) -> Array:
                return self._stepped(course, t, low, high, at - t, 1, old) if at > t else old

            end = stop if k == count - 1 else begin + (k + 1) * h
            at = self._turned(course, t, end, between)
            course.y = between(end if at is None else at)
            course.time = end if at is None else at
            yield
            if at is not None:
                return

    def _stepped(
        self, course: Course, t: float, low: float, high: float, h: float, count: int, y: Array | None = None
    ) -> Array:
        assert self._advance is not None
        state = (course.y if y is None else y)[:, None].copy()
        bad, slots = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._advance(None, 0, 1, state, np.zeros((0, 1)), slots, course.p, t, low, high, h, count, bad)
        if bad[0]:
            raise DiasporeError(
                f"a state is not finite, or cannot be right, after time {t:g}; take steps shorter than {h:g}, or lsoda"
            )
        return state[:, 0]

    def _truth(self, y: Any, p: Any, t: float) -> list[bool]:
        return [bool(value) for value in self._when(y, p, t)]

    def _turned(self, course: Course, begin: float, end: float, between: Callable[[float], Array]) -> float | None:
        """The first moment of a step at which a condition of the state is true that was not; None without one."""
        found = self._truth(between(end), course.p, end)
        rising = [k for k in self._by_state if found[k] and not course.truth[k]]
        if not rising:
            for k in self._by_state:
                course.truth[k] = found[k]
            return None
        low, high = begin, end
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            truth = self._truth(between(middle), course.p, middle)
            if any(truth[k] for k in rising):
                high = middle
            else:
                low = middle
        return high

    def _happen(self, course: Course) -> None:
        """Do what is to be done at this moment: given changes, events that are due, events that turn true."""
        for at, name, value in self.changes:
            if at == course.time:
                self._put(course, *self.network.place(name), value)
        for _ in range(MAX_ROUNDS):
            due = [one for one in course.waiting if one[0] <= course.time]
            course.waiting = [one for one in course.waiting if one[0] > course.time]
            for _, k, values in due:
                self._set(course, k, values)
            now = self._truth(course.y, course.p, course.time)
            after = self._truth(course.y, course.p, math.nextafter(course.time, math.inf))
            fired = [k for k, old in enumerate(course.truth) if not old and (now[k] or after[k])]
            course.truth = after
            for k in fired:
                self._fire(course, k, self.network.events[k])
            if not due and not fired:
                return
        raise DiasporeError(f"events set each other off for ever at time {course.time:g}")

    def _fire(self, course: Course, k: int, event: Event) -> None:
        delays, values = self._event_tapes[k]
        delay = float(delays(course.y, course.p, course.time)[0])
        if not delay >= 0.0:
            raise DiasporeError(f"the delay of the event {event.name} is {delay:g} at time {course.time:g}")
        new = None
        if event.values_at_trigger:
            new = [float(value) for value in values(course.y, course.p, course.time)]
        course.waiting.append((course.time + delay, k, new))

    def _set(self, course: Course, k: int, new: list[float] | None) -> None:
        if new is None:
            new = [float(value) for value in self._event_tapes[k][1](course.y, course.p, course.time)]
        for (kind, index, _), value in zip(self.network.events[k].sets, new, strict=True):
            self._put(course, kind, index, value)

    def _put(self, course: Course, kind: str, index: int, value: float) -> None:
        values = (course.y if kind == "y" else course.p).copy()
        values[index] = value
        if kind == "y":
            course.y = values
        else:
            course.p = values
