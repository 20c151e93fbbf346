"""From a patient's follow-up, surgery and levers to one sorted list of entries and the rows of levers in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from diaspore.body.blood_tables import NEUTRAL, BloodLevers
from diaspore.body.kernels.model import (
    ENTRY,
    GLOBAL_LEVERS,
    K_IMAGING,
    K_LEVERS,
    K_RESECT,
    K_STOP,
    K_SURGERY_NODES,
    K_SURGERY_PRIMARY,
    K_VISIT,
    LOCAL_LEVERS,
)
from diaspore.body.processes.resistance import LABELS, RESISTANT
from diaspore.body.spec import LeverSpec, PatientDescription, absent_organs, waits
from diaspore.core.messages import RATE_LEVERS
from diaspore.knowledge.anatomy import SITES
from diaspore.knowledge.load import fact
from diaspore.therapy.course import EVENTS
from diaspore.therapy.treatment import Person

IMAGE_ALWAYS, IMAGE_IF_KNOWN, IMAGE_NEVER = 0, 1, 2
_SENSITIVE = tuple(range(RESISTANT))
_OF_TUMOUR_CELLS = ("kill_rate", "growth_rate")
"""Levers on which a drug acts in tumour cells themselves: what resistant ones are spared."""
_SHEDDING = {route: GLOBAL_LEVERS.index(f"shedding_{route}") for route in ("blood", "lymph", "cavity", "nerve")}
# On one day levers change first, then imaging, then the visit that reports it, then surgery; the end comes last.
_ORDER = {K_LEVERS: 0, K_IMAGING: 1, K_VISIT: 2, K_SURGERY_PRIMARY: 3, K_SURGERY_NODES: 4, K_RESECT: 5, K_STOP: 9}


@dataclass
class LeverRow:
    """Levers in force during a stretch of time: site x clone factors, global factors, and those that act in blood."""

    local: np.ndarray
    overall: np.ndarray
    blood: BloodLevers

    @property
    def plain(self) -> bool:
        """Whether nothing differs from no treatment."""
        return self.key() == neutral_row().key()

    def key(self) -> tuple[bytes, bytes, BloodLevers]:
        """Hashable content."""
        return self.local.tobytes(), self.overall.tobytes(), self.blood


def neutral_row() -> LeverRow:
    """No treatment."""
    local = np.ones((len(LOCAL_LEVERS), len(SITES), LABELS))
    local[LOCAL_LEVERS.index("kill_rate")] = 0.0
    return LeverRow(local, np.ones(len(GLOBAL_LEVERS)), NEUTRAL)


def pull(
    row: LeverRow,
    name: str,
    value: float,
    sites: Sequence[str] | None = None,
    clones: Sequence[int] | None = None,
    route: str | None = None,
) -> LeverRow:
    """The row with one more lever pulled: factors multiply, rates add."""
    local, overall, blood = row.local.copy(), row.overall.copy(), row.blood
    places = [SITES.index(s) for s in (sites or SITES)]
    if name in LOCAL_LEVERS:
        where = np.ix_([LOCAL_LEVERS.index(name)], places, list(clones if clones is not None else range(LABELS)))
        local[where] = local[where] + value if name in RATE_LEVERS else local[where] * value
    elif name == "shedding":
        for k in [_SHEDDING[route]] if route else list(_SHEDDING.values()):
            overall[k] *= value
    elif name in GLOBAL_LEVERS:
        overall[GLOBAL_LEVERS.index(name)] *= value
    elif name == "ctc_death":
        blood = replace(blood, ctc_death=blood.ctc_death + value)
    else:
        field = "extravasation" if name == "extravasation_prob" else "homing"
        factors = list(getattr(blood, field))
        for j in places:
            factors[j] *= value
        blood = replace(blood, **{field: tuple(factors)})  # type: ignore[arg-type]
    return LeverRow(local, overall, blood)


def treatment_levers(spec: PatientDescription, event: str | None = None) -> list[LeverSpec]:
    """What treatments with drugs do to levers, for a typical patient of the sex (icrp89).

    With an ``event`` (relapse, progression) those that begin with it, by days from it; else all others, by days from
    diagnosis.
    """
    treatments = [one for one in spec.treatment if one.course.awaits == event]
    if not treatments:
        return []
    person = Person(fact(f"body.{spec.sex}.body_surface_area").value, fact(f"body.{spec.sex}.body_weight").value)
    surgery = spec.surgery.primary
    anchors = dict.fromkeys(("diagnosis", *EVENTS), 0.0) | ({} if surgery is None else {"surgery": surgery.at})
    found = []
    for one in treatments:
        spared = spec.resistance > 0.0 and one.resistible
        for window in one.windows(spec.follow_up.duration, person, anchors):
            of_rate = window.lever in RATE_LEVERS
            sites = None if window.sites is None else tuple(s for s in window.sites if s not in absent_organs(spec.sex))
            found.append(
                LeverSpec.model_construct(
                    lever=window.lever, factor=None if of_rate else window.value,
                    rate=window.value if of_rate else None, route=None, sites=sites,
                    clones=_SENSITIVE if spared and window.lever in _OF_TUMOUR_CELLS else None,
                    start=window.start, until=window.until,
                )
            )  # fmt: skip
    return found


Change = tuple[float, int]
"""A day, and the number of the row of levers that comes into force on it."""


def lever_rows(spec: PatientDescription) -> tuple[list[LeverRow], list[Change], list[Change], list[Change]]:
    """Distinct rows of levers (row 0 is no treatment), and their days: from diagnosis, relapse, progression.

    Those of an event, where there are any, begin with its day and stand in place of what was before from then on.
    """
    rows = [neutral_row()]
    known = {rows[0].key(): 0}

    def changes(levers: Sequence[LeverSpec], days: set[float]) -> list[Change]:
        found = []
        for day in sorted(days | {v.start for v in levers} | {v.until for v in levers if v.until is not None}):
            row = neutral_row()
            for lever in levers:
                if lever.start <= day and (lever.until is None or day < lever.until):
                    value = lever.rate if lever.rate is not None else lever.factor
                    row = pull(row, lever.lever, float(value or 0.0), lever.sites, lever.clones, lever.route)
            position = known.setdefault(row.key(), len(rows))
            if position == len(rows):
                rows.append(row)
            found.append((day, position))
        return found

    planned = changes([*spec.levers, *treatment_levers(spec)], set())
    of_relapse, of_progression = (
        changes(treatment_levers(spec, event), {0.0}) if waits(spec.treatment, event) else [] for event in EVENTS
    )
    return rows, planned, of_relapse, of_progression


def entries(spec: PatientDescription, changes: list[Change]) -> np.ndarray:
    """All scheduled entries up to the end of follow-up, in order (dtype ENTRY)."""
    follow = spec.follow_up
    imaging = follow.imaging
    todo: list[tuple[float, int, int]] = [
        (0.0, K_IMAGING, IMAGE_ALWAYS if imaging.at_diagnosis else IMAGE_NEVER),
        (0.0, K_VISIT, 0),
        (follow.duration, K_STOP, 0),
    ]
    last = 0.0
    visits: set[float] = set()
    for stretch in follow.visits:
        count = int(np.floor((min(stretch.until, follow.duration) - last) / stretch.every + 1e-9))
        visits.update(last + stretch.every * (k + 1) for k in range(count))
        last = max(last, stretch.until)
    for day in sorted(visits):
        todo.append((day, K_VISIT, 0))
        if imaging.after_relapse:
            todo.append((day, K_IMAGING, IMAGE_IF_KNOWN))
    if imaging.every is not None:
        count = int(np.floor(follow.duration / imaging.every + 1e-9))
        todo.extend((imaging.every * (k + 1), K_IMAGING, IMAGE_ALWAYS) for k in range(count))
    surgery = spec.surgery
    if surgery.primary is not None:
        todo.append((surgery.primary.at, K_SURGERY_PRIMARY, 0))
    if surgery.nodes is not None:
        todo.append((surgery.nodes.at, K_SURGERY_NODES, 0))
    if surgery.lesions is not None:
        todo.append((surgery.lesions.at, K_RESECT, 0))
    todo.extend((day, K_LEVERS, row) for day, row in changes)
    todo = sorted((t for t in todo if t[0] <= follow.duration), key=lambda t: (t[0], _ORDER[t[1]], t[2]))
    return np.array(todo, dtype=ENTRY)
