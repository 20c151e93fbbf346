"""Published effects of treatments, and the same figures of simulated arms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diaspore.cohort.hazards import hazard_ratio, logrank
from diaspore.cohort.survival import kaplan_meier
from diaspore.knowledge.load import table

YEAR = 365.25
POINTS = "risk difference"


@dataclass(frozen=True)
class Figure:
    """A published effect of an arm against its control.

    Attributes:
        check: name, as in the validation case ``trial_calibration``.
        quantity: "rate ratio" (observed less expected over variance), "hazard ratio" (Cox) or `POINTS` (percent).
        treatment: what is compared; arm, control: names of the arms of its trial.
        endpoint: relapse, cancer_death, disease_free_survival or overall_survival.
        start, end: years between which it is counted.
        value, low, high: with its 95 % interval.
        source: key in ``references.bib``.
    """

    check: str
    quantity: str
    treatment: str
    arm: str
    control: str
    endpoint: str
    start: float
    end: float
    value: float
    low: float
    high: float
    source: str

    def residual(self, simulated: float) -> float:
        """Distance of a simulated value from the published one, in standard errors."""
        if self.quantity == POINTS:
            return (simulated - self.value) / ((self.high - self.low) / 3.92)
        return math.log(simulated / self.value) / (math.log(self.high / self.low) / 3.92)


def figures(treatment: str | None = None) -> tuple[Figure, ...]:
    """Rows of the table ``treatment_effects``; of one treatment only, if that is given."""
    found = []
    for row in table("treatment_effects"):
        assert row.low is not None
        assert row.high is not None
        found.append(
            Figure(
                row["check"], row["quantity"], row["treatment"], row["arm"], row["control"], row["endpoint"],
                row.number("start_year"), row.number("end_year"), row.value, row.low, row.high, row.source,
            )
        )  # fmt: skip
    return tuple(one for one in found if treatment is None or one.treatment == treatment)


@dataclass(frozen=True)
class Followed:
    """Patients of one arm: year of the first relapse, of death (nan: none) and of the end of observation."""

    relapse: np.ndarray
    death: np.ndarray
    of_cancer: np.ndarray
    end: np.ndarray

    def __add__(self, other: Followed) -> Followed:
        """Both together."""
        return Followed(
            np.concatenate([self.relapse, other.relapse]), np.concatenate([self.death, other.death]),
            np.concatenate([self.of_cancer, other.of_cancer]), np.concatenate([self.end, other.end]),
        )  # fmt: skip

    def times(
        self, endpoint: str, entry: np.ndarray | None = None, cut: float = math.inf
    ) -> tuple[np.ndarray, np.ndarray]:
        """Years of observation and whether they ended with the event, for entries ``entry`` and a cut of the data."""
        end = self.end if entry is None else np.minimum(self.end, np.maximum(cut - entry, 0.0))
        end = np.fmin(end, self.death)
        if endpoint == "relapse":
            event = self.relapse
        elif endpoint == "cancer_death":
            event = np.where(self.of_cancer, self.death, np.nan)
        elif endpoint == "overall_survival":
            event = self.death
        else:
            event = np.fmin(self.relapse, self.death)
        seen = event <= end
        return np.where(seen, event, end), seen


def followed(outcomes: pd.DataFrame, arm: int, begin: float, node_negative: bool = False) -> Followed:
    """The M0 patients of an arm of a run of kind trial without an event before day ``begin``, in years from then."""
    rows = outcomes[(outcomes["arm_number"] == arm) & (outcomes["m_stage"].astype(str) == "M0")]
    if node_negative:
        rows = rows[rows["nodes_positive"] == 0]
    relapse, death = (rows[name].to_numpy(dtype=float) for name in ("relapse_d", "death_d"))
    end = rows["followup_d"].to_numpy(dtype=float)
    use = np.fmin(np.fmin(relapse, death), end) > begin
    relapse = np.where(relapse <= np.fmin(end, death), relapse, np.nan)
    cancer = (rows["death_cause"].astype(str) == "cancer").to_numpy()
    return Followed(
        (relapse[use] - begin) / YEAR, (death[use] - begin) / YEAR, cancer[use], (end[use] - begin) / YEAR
    )  # fmt: skip


def measured(figure: Figure, arms: Mapping[str, Followed], accrual: float = 0.0) -> float:
    """The figure of simulated arms, as the trial's own analysis would give it.

    Hazard ratios are those of an analysis ``figure.end`` years after the first of patients who enter evenly over
    ``accrual`` years; entries follow the patients' order, so that arms share them.

    Raises:
        ValueError: no event.
    """
    a, b = arms[figure.control], arms[figure.arm]
    if figure.quantity == POINTS:
        free = []
        for one in (a, b):
            years, seen = one.times(figure.endpoint)
            free.append(float(kaplan_meier(years, seen, at=[figure.end]).survival[0]))
        return 100.0 * (free[1] - free[0])
    entries = [
        accrual * ((np.arange(len(one.end)) + 0.5) * 0.6180339887498949 % 1.0) if accrual > 0.0 else None
        for one in (a, b)
    ]
    parts = [one.times(figure.endpoint, entry, figure.end) for one, entry in zip((a, b), entries, strict=True)]
    time, event = (np.concatenate([parts[0][k], parts[1][k]]) for k in (0, 1))
    treated = np.repeat([False, True], [len(parts[0][0]), len(parts[1][0])])
    seen = time > figure.start
    time, event, treated = np.minimum(time, figure.end)[seen], (event & (time <= figure.end))[seen], treated[seen]
    if not event.any():
        raise ValueError(f"no event for {figure.check}")
    if figure.quantity == "rate ratio":
        return float(logrank(time, event, treated).ratio.value)
    return float(hazard_ratio(time, event, treated).value)
