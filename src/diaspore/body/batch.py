"""One batch of patients in memory: runs the kernels, enlarges arrays that prove too small, asks controllers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.body.blood_tables import BloodTables
from diaspore.body.compile import Compiled
from diaspore.body.control import Rows, observe, orders_of
from diaspore.body.kernels.life import SHORT_POOL, SHORT_SCRATCH, SHORT_VISITS, run_batch
from diaspore.body.kernels.model import BLOOD_TABLE, SPACE
from diaspore.body.state import LESION, PATIENT, VISIT
from diaspore.core.controller import Controller
from diaspore.knowledge.anatomy import SITES

COURSE_EXTRA = ("primary_mm3", "nodal_mm3", "E", "H", "M", "hypoxia", "systemic")


@dataclass
class Flows:
    """Ledger of bulk flows of a batch (expected cells): see ``kernels.ledger``."""

    shed: np.ndarray  # (4, S) by route and source site
    classes: np.ndarray  # (3, T, S, 4, 2) into blood from a lesion, from the duct, from a cavity
    nodes: np.ndarray  # (1,) kept in nodes
    cavity: np.ndarray  # (S, 2) attached, died afloat

    @classmethod
    def empty(cls, tables: int) -> Flows:
        """No flow yet."""
        n = len(SITES)
        return cls(np.zeros((4, n)), np.zeros((3, tables, n, 4, 2)), np.zeros(1), np.zeros((n, 2)))

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """In the kernel's order."""
        return self.shed, self.classes, self.nodes, self.cavity

    def copy(self) -> Flows:
        """Independent copy."""
        return Flows(*(a.copy() for a in self.arrays()))


@dataclass
class Course:
    """Dense course of one patient: days (t,), burden and colonies (t, S), blood (t, 4), extra (t, 7)."""

    days: np.ndarray
    burden: np.ndarray
    colonies: np.ndarray
    blood: np.ndarray
    extra: np.ndarray

    @classmethod
    def on(cls, days: np.ndarray) -> Course:
        """Empty course on these days."""
        n, s = len(days), len(SITES)
        return cls(
            days, np.zeros((n, s)), np.zeros((n, s), dtype=np.int64), np.zeros((n, 4)), np.zeros((n, len(COURSE_EXTRA)))
        )

    def arrays(self) -> tuple[np.ndarray, ...]:
        """In the kernel's order."""
        return self.days, np.zeros(1, dtype=np.int64), np.zeros(1), self.burden, self.colonies, self.blood, self.extra


@dataclass(frozen=True)
class People:
    """Who is simulated.

    Attributes:
        numbers: (n,) int64, the persistent numbers of the patients.
        diameter: (n,) of the primary at diagnosis, mm; nan where it is drawn.
        age: (n,) at diagnosis, day; nan where it is drawn.
    """

    numbers: np.ndarray
    diameter: np.ndarray
    age: np.ndarray

    @classmethod
    def of(cls, compiled: Compiled, first: int, count: int) -> People:
        """Patients ``first`` .. ``first + count - 1``, as the specification describes them."""
        size, age = compiled.spec.primary.diameter_at_diagnosis, compiled.spec.age
        numbers = np.arange(first, first + count, dtype=np.int64)
        return cls(
            numbers,
            np.full(count, math.nan if size is None else size),
            np.full(count, math.nan if age is None else age),
        )

    def take(self, where: np.ndarray) -> People:
        """Some of them."""
        return People(self.numbers[where], self.diameter[where], self.age[where])

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers)


class Workspace:
    """Arrays that one thread uses again for batch after batch: touching fresh memory costs a tenth of a run."""

    def __init__(self) -> None:
        self.scratch = np.empty(0, dtype=LESION)
        self.pool = np.empty(0, dtype=LESION)
        self.visits = np.empty(0, dtype=VISIT)

    def reserve(self, scratch: int, pool: int, visits: int) -> None:
        """Have room for so many records; what the arrays held is lost."""
        if len(self.scratch) < scratch:
            self.scratch = np.empty(scratch, dtype=LESION)
        if len(self.pool) < pool:
            self.pool = np.empty(pool, dtype=LESION)
        if len(self.visits) < visits:
            self.visits = np.empty(visits, dtype=VISIT)


@dataclass
class Batch:
    """Results of a batch: lesions of patient i are ``lesions[offsets[i]:offsets[i + 1]]``."""

    patients: np.ndarray
    lesions: np.ndarray
    offsets: np.ndarray
    visits: np.ndarray
    stocks: np.ndarray
    flows: Flows
    courses: list[Course]
    tables: list[BloodTables]


@dataclass(frozen=True)
class Begun:
    """Patients at diagnosis, before anything that is scheduled; `run_people` goes on from there, as often as wanted.

    They serve every description that does not differ in what happens before diagnosis.
    """

    patients: np.ndarray
    lesions: np.ndarray
    offsets: np.ndarray
    stocks: np.ndarray
    flows: Flows

    def take(self, where: np.ndarray) -> Begun:
        """Some of them; what flowed before diagnosis is that of all."""
        lengths = np.diff(self.offsets)[where]
        first = self.offsets[:-1][where]
        rows = np.repeat(first - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) + np.arange(lengths.sum())
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return Begun(self.patients[where], self.lesions[rows], offsets, self.stocks[where], self.flows)


def begin_people(compiled: Compiled, people: People, space: Workspace | None = None) -> Begun:
    """``people`` from their first tumour cell to diagnosis."""
    batch = _advance(compiled, people, (), None, space or Workspace(), None, -1.0)
    return Begun(batch.patients, batch.lesions.copy(), batch.offsets, batch.stocks, batch.flows)


def run(
    compiled: Compiled,
    first: int,
    count: int,
    controllers: Sequence[Controller] = (),
    days: np.ndarray | None = None,
    space: Workspace | None = None,
) -> Batch:
    """Whole courses of patients ``first`` .. ``first + count - 1``; see :func:`run_people`."""
    return run_people(compiled, People.of(compiled, first, count), controllers, days, space)


def run_people(
    compiled: Compiled,
    people: People,
    controllers: Sequence[Controller] = (),
    days: np.ndarray | None = None,
    space: Workspace | None = None,
    begun: Begun | None = None,
) -> Batch:
    """Whole courses of ``people``; with ``days`` one dense course per patient.

    Lesions and visits of the result lie in ``space`` when one is given, and hold until it is used again. With ``begun``
    they go on from diagnosis; only the last digits of expected numbers differ, which are sums in another order.
    """
    if days is not None and len(people) > 1:
        count = len(people)
        return _join([run_people(compiled, people.take(np.array([i])), controllers, days) for i in range(count)])
    return _advance(compiled, people, controllers, days, space or Workspace(), begun, math.inf)


def _advance(
    compiled: Compiled, people: People, controllers: Sequence[Controller], days: np.ndarray | None, space: Workspace,
    begun: Begun | None, stop: float,
) -> Batch:  # fmt: skip
    """To day ``stop`` at most, from the first cell or from diagnosis on."""
    rows = Rows(compiled)
    count = len(people)
    course = Course.on(days if days is not None else np.zeros(0))
    patients = np.zeros(count, dtype=PATIENT)
    patients["id"], patients["given_diameter"], patients["given_age"] = people.numbers, people.diameter, people.age
    stocks = np.zeros((count, len(SITES)))
    flows = Flows.empty(1)
    entries = len(compiled.model.schedule)
    space.reserve(1024, count * 64 + 1024, count * (entries // 3 + 4) + entries + 64)
    counter = np.zeros(1, dtype=np.int64)
    pool_in, offsets_in = np.zeros(0, dtype=LESION), np.zeros(count + 1, dtype=np.int64)
    orders = np.zeros(count, dtype=np.int64)
    fresh = begun is None
    if begun is not None:
        patients, stocks, flows = begun.patients.copy(), begun.stocks.copy(), begun.flows.copy()
        pool_in, offsets_in = begun.lesions, begun.offsets
        orders[:] = -1  # nothing is to be looked at anew
    day = -1e-9
    while True:
        until = min((c.next_day(day) for c in controllers), default=stop)
        tables = len(rows.model.blood)
        if flows.classes.shape[1] < tables:
            wider = Flows.empty(tables)
            wider.classes[:, : flows.classes.shape[1]] = flows.classes
            flows = Flows(flows.shed, wider.classes, flows.nodes, flows.cavity)
        while True:
            trial = patients.copy(), stocks.copy(), flows.copy(), counter.copy()
            offsets = np.zeros(count + 1, dtype=np.int64)
            status = run_batch(
                rows.model, fresh, until, trial[0], orders, space.scratch, pool_in, offsets_in, space.pool,
                offsets, space.visits, trial[3], trial[1], trial[2].arrays(), course.arrays(),
                np.zeros(1, dtype=SPACE), np.zeros(1, dtype=BLOOD_TABLE),
            )  # fmt: skip
            if status == 0:
                break
            if status == SHORT_POOL:
                space.pool = np.empty(2 * len(space.pool), dtype=LESION)
            elif status == SHORT_VISITS:
                space.visits = np.concatenate([space.visits, np.empty_like(space.visits)])
            elif status == SHORT_SCRATCH:
                space.scratch = np.empty(2 * len(space.scratch), dtype=LESION)
        patients, stocks, flows, counter = trial
        if patients["done"].all() or until == stop:
            break
        pool_in, offsets_in = space.pool[: offsets[-1]].copy(), offsets
        day, fresh = until, False
        orders[:] = 0
        for controller in controllers:
            if controller.next_day(day - 1e-9) <= day:
                seen = observe(compiled, patients, pool_in, offsets_in, space.visits[: counter[0]], day)
                orders |= orders_of(controller.act(seen), patients, rows)
    taken = space.visits[: counter[0]]
    if controllers:
        taken = taken[np.lexsort((taken["visit"], taken["patient"]))]
    lesions = space.pool[: offsets[-1]]
    return Batch(patients, lesions, offsets, taken, stocks, flows, [course] if days is not None else [], rows.solved)


def _join(parts: list[Batch]) -> Batch:
    flows = Flows.empty(max(p.flows.classes.shape[1] for p in parts))
    for part in parts:
        flows.shed += part.flows.shed
        flows.classes[:, : part.flows.classes.shape[1]] += part.flows.classes
        flows.nodes += part.flows.nodes
        flows.cavity += part.flows.cavity
    lengths = np.concatenate([np.diff(p.offsets) for p in parts])
    return Batch(
        np.concatenate([p.patients for p in parts]),
        np.concatenate([p.lesions for p in parts]),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([p.visits for p in parts]),
        np.concatenate([p.stocks for p in parts]),
        flows,
        [c for p in parts for c in p.courses],
        max((p.tables for p in parts), key=len),
    )
