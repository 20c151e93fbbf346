"""Assays at the visits of simulated patients: counts of runs, and counts that steer a run.

A draw belongs to patient and day, so that it is the same in any batch, and in arms that do not differ by then.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.core.messages import RATE_LEVERS, Actions, Levers, Observation
from diaspore.core.rng import child_id_column, uniform_column
from diaspore.ctc.assay.assays import Assay
from diaspore.ctc.assay.assays import assay as preset
from diaspore.ctc.assay.population import Population
from diaspore.knowledge.load import fact

S_ASSAY = 3101
"""Process of the draws of assays; its events:"""
_LEVEL, _KEPT, _COUNT, _FALSE = range(4)


def counts_of(
    patient: np.ndarray, day: np.ndarray, per_ml: np.ndarray, assay: Assay, population: Population, seed: int
) -> np.ndarray:
    """Reported counts (N,) of tubes of patients (N,) on days (N,) with so many events per mL in the blood (N,).

    Args:
        patient: persistent numbers.
        day: of the draw; tubes of one patient on one day are one tube.
        per_ml: the patient's level, from which the hour differs.
        assay: with its losses and false events.
        population: kinds and clusters; its own level is not used.
        seed: of all draws.
    """
    from scipy.stats import beta, gamma, nbinom, poisson

    streams = child_id_column(np.uint64(1), np.asarray(patient, dtype=np.int64))
    base = 4 * (np.round(np.asarray(day, dtype=float) * 64.0).astype(np.int64) + (1 << 40))
    # The level is the patient's; what happens to a tube is that of its assay.
    own = child_id_column(np.uint64(2 + zlib.crc32(assay.name.encode())), np.asarray(patient, dtype=np.int64))
    u = [_uniform(seed, streams if event == _LEVEL else own, base + event) for event in range(4)]
    level = np.ones(len(streams))
    if math.isfinite(assay.swing):
        level = gamma.ppf(u[_LEVEL], assay.swing, scale=1.0 / assay.swing)
    kept = np.full(len(streams), assay.handling)
    if math.isfinite(assay.concentration) and assay.handling < 1.0:
        a = assay.handling * assay.concentration
        kept = beta.ppf(u[_KEPT], a, assay.concentration - a)
    per_event = sum(one.share * assay.found(one, kept) for one in population.members)
    mean = np.asarray(per_ml, dtype=float) * assay.volume * level * per_event
    found = poisson.ppf(u[_COUNT], mean)
    if assay.background > 0.0:
        if math.isfinite(assay.background_shape):
            k = assay.background_shape
            found += nbinom.ppf(u[_FALSE], k, k / (k + assay.background))
        else:
            found += poisson.ppf(u[_FALSE], assay.background)
    return np.asarray(found, dtype=np.int64)


def _uniform(seed: int, streams: np.ndarray, events: np.ndarray) -> np.ndarray:
    """One uniform (N,) for each stream and its own event."""
    found = np.empty(len(streams))
    order = np.argsort(events, kind="stable")
    distinct, starts = np.unique(events[order], return_index=True)
    for event, mine in zip(distinct, np.split(order, starts[1:]), strict=True):
        found[mine] = uniform_column(np.uint64(seed), streams[mine], S_ASSAY, event)
    return found


def observe(
    visits: pd.DataFrame, assay: Assay, population: Population, seed: int = 1, *, level: float | None = None
) -> pd.DataFrame:
    """The visits table of a run with what an assay reports: column ``<assay>_count``.

    ``level`` is a factor on the concentrations of the engine. These were fitted to counts of CellSearch with a recovery
    of 0.85; only level and recovery together are known. Left out, it makes the mean count of the preset the same.

    Raises:
        InputError: a table without patients, days or concentrations.
    """
    for name in ("patient", "day", "ctc_per_ml_arm"):
        if name not in visits.columns:
            raise InputError(f"the table has no column {name!r}", allowed="the table 'visits' of a run")
    patient, day, per_ml = (visits[name].to_numpy() for name in ("patient", "day", "ctc_per_ml_arm"))
    if level is None:
        level = fact("detection.cellsearch.recovery").value / preset("cellsearch").recovery(population)
    return visits.assign(**{f"{assay.name}_count": counts_of(patient, day, level * per_ml, assay, population, seed)})


def conversion(counted: pd.DataFrame, column: str, cut_off: int, first: float, second: float) -> pd.DataFrame:
    """Patients by their side of a cut-off at two visits: the last up to each of two days.

    Returns:
        A row for each patient seen by both: ``before``, ``after`` (counts) and ``change``: stayed low, stayed high,
        converted (high to low), or rose.
    """
    if not first < second:
        raise InputError(f"day {second:g} is not after day {first:g}", field="second")
    by_day = counted.sort_values("day")
    parts = []
    for low, high in ((-np.inf, first), (first, second)):
        within = by_day[(by_day["day"] > low) & (by_day["day"] <= high)]
        parts.append(within.groupby("patient")[column].last())
    both = pd.concat(parts, axis=1, keys=["before", "after"], join="inner")
    words = {(0, 0): "stayed low", (1, 1): "stayed high", (1, 0): "converted", (0, 1): "rose"}
    sides = zip(both["before"] >= cut_off, both["after"] >= cut_off, strict=True)
    return both.assign(change=[words[int(a), int(b)] for a, b in sides]).reset_index()


@dataclass
class CountGuided:
    """A controller that draws a tube every so often and puts levers into force for who is at or above a cut-off.

    Pass it to `diaspore.simulate` as one of ``controllers``. Levers stay until a later tube is below the cut-off.

    Attributes:
        assay, population: what is drawn.
        every, until: days between tubes, and the last day.
        cut_off: count from which ``levers`` are given.
        levers: what is given.
        seed: of the draws.
        counts: patient -> its tubes as (day, count), filled while running.
    """

    assay: Assay
    population: Population
    every: float
    until: float
    cut_off: int
    levers: Levers
    seed: int = 1
    counts: dict[int, list[tuple[float, int]]] = field(default_factory=dict)

    def next_day(self, after: float) -> float:
        """First day of a tube later than ``after``."""
        day = self.every * (math.floor(after / self.every) + 1.0)
        if day <= after:  # a quotient that rounding made too small
            day += self.every
        return day if day <= self.until else math.inf

    def act(self, observation: Observation) -> Actions:
        """Draw a tube of everybody alive; levers for those who are positive."""
        per_ml = np.nan_to_num(np.asarray(observation.values["ctc_per_ml"], dtype=float))
        day = np.full(len(per_ml), observation.day)
        found = counts_of(observation.patient, day, per_ml, self.assay, self.population, self.seed)
        for number, count, alive in zip(observation.patient, found, observation.alive, strict=True):
            if alive:
                self.counts.setdefault(int(number), []).append((float(observation.day), int(count)))
        positive = found >= self.cut_off
        given = tuple(
            replace(one, value=np.where(positive, np.asarray(one.value), 0.0 if one.name in RATE_LEVERS else 1.0))
            for one in self.levers.levers
        )
        return Actions(levers=Levers(given))
