"""Concentrations of drugs in blood: linear models with one to three compartments, in closed form.

A linear model is a sum of exponentials; a course of doses is the sum of what each leaves, which is kept as one number
for every exponential and carried from one moment to the next, so that a year of doses costs no more than its moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.therapy.kernels.linear import BOLUS, DEPOT, INFUSION, concentrations

LARGEST_RATE = 1e6
"""Of absorption and elimination, 1/day; what is faster is a slip of units."""

DIGITS = 12
"""Of a day, to which lengths of time are told apart."""


@dataclass(frozen=True)
class LinearModel:
    """Linear models of a number of patients, as exponentials.

    Attributes:
        rates: (P, K) 1/day, ascending.
        weights: (P, K) concentration (mg/L) per amount (mg) that came into the blood.
        absorption: (P,) 1/day, of what is given by mouth or under the skin; 0: none is.
        bioavailability: (P,) share of such a dose that arrives.
        lag: days before absorption begins, the same for all.
    """

    rates: np.ndarray
    weights: np.ndarray
    absorption: np.ndarray
    bioavailability: np.ndarray
    lag: float = 0.0

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(self.rates)

    @property
    def clearance(self) -> np.ndarray:
        """(P,) L/day: one over the area under the concentration after 1 mg into the blood."""
        found: np.ndarray = 1.0 / (self.weights / self.rates).sum(axis=1)
        return found

    @property
    def half_life(self) -> np.ndarray:
        """(P,) days, of the slowest exponential."""
        found: np.ndarray = np.log(2.0) / self.rates[:, 0]
        return found


def linear_model(
    clearance: np.ndarray | float, volumes: Sequence[np.ndarray | float], exchange: Sequence[np.ndarray | float] = (),
    absorption: np.ndarray | float = 0.0, bioavailability: np.ndarray | float = 1.0, lag: float = 0.0,
) -> LinearModel:  # fmt: skip
    """A model from clearances and volumes, scalar or for each patient (P,).

    Args:
        clearance: L/day, from the first compartment.
        volumes: L, of one to three compartments.
        exchange: L/day, clearance between the first compartment and each of the others.
        absorption: 1/day; 0: only into the blood.
        bioavailability: share of a dose into the depot.
        lag: days until a dose into the depot begins to be absorbed.

    Raises:
        InputError: numbers that do not belong to each other, or that are not above 0.
    """
    if not 1 <= len(volumes) <= 3:
        raise InputError(f"a linear model has 1 to 3 compartments, got {len(volumes)}", field="volumes")
    if len(exchange) != len(volumes) - 1:
        raise InputError(
            f"{len(volumes)} volumes need {len(volumes) - 1} clearances between them, got {len(exchange)}",
            field="exchange",
        )
    raw = [clearance, *volumes, *exchange, absorption, bioavailability]
    shape = np.broadcast_shapes(*(np.shape(one) for one in raw), (1,))
    if len(shape) != 1:
        raise InputError(f"must be numbers or (patients,), got the shape {shape}", field="clearance")
    many = [np.broadcast_to(np.asarray(one, dtype=float), shape) for one in raw]
    names = ["clearance", *["volumes"] * len(volumes), *["exchange"] * len(exchange), "absorption", "bioavailability"]
    for name, values in zip(names, many, strict=True):
        least_open = name != "absorption"
        good = np.isfinite(values) & ((values > 0.0) if least_open else (values >= 0.0))
        if not good.all():
            what = "above 0" if least_open else "at least 0"
            raise InputError(f"must be {what}, got {values[~good][0]:g}", field=name)
    if (many[-1] > 1.0).any():
        raise InputError(f"must be at most 1, got {many[-1].max():g}", field="bioavailability")
    if not 0.0 <= lag < np.inf:
        raise InputError(f"must be at least 0, got {lag:g}", field="lag")
    size = len(volumes)
    volume, between = many[1 : 1 + size], many[1 + size : 2 * size]
    # Scaled by the roots of the volumes, rates of transfer are a symmetric matrix, whose eigenvalues are never complex.
    matrix = np.zeros((*shape, size, size))
    matrix[:, 0, 0] = many[0] / volume[0]
    for k, q in enumerate(between, start=1):
        matrix[:, 0, 0] += q / volume[0]
        matrix[:, k, k] = q / volume[k]
        matrix[:, 0, k] = matrix[:, k, 0] = -q / np.sqrt(volume[0] * volume[k])
    rates, vectors = np.linalg.eigh(matrix)
    if not (rates > 0.0).all() or (rates > LARGEST_RATE).any():
        raise InputError(
            f"rates run from {rates.min():.3g} to {rates.max():.3g} per day", field="clearance",
            allowed=f"above 0 and at most {LARGEST_RATE:g} per day; are the units right?",
        )  # fmt: skip
    weights = vectors[:, 0, :] ** 2 / volume[0][:, None]
    return LinearModel(rates, weights, many[-2].copy(), many[-1].copy(), float(lag))


@dataclass(frozen=True)
class Doses:
    """What is given to patients.

    Attributes:
        days: (D,) when, from the first day on; the same for all patients.
        amounts: (D,) or (P, D) mg; 0: this dose is left out.
        depot: (D,) whether it goes into the depot (by mouth, under the skin) and not into the blood.
        infusion: (D,) days over which it runs into the blood; 0: at once.
    """

    days: np.ndarray
    amounts: np.ndarray
    depot: np.ndarray
    infusion: np.ndarray

    @classmethod
    def every(
        cls, days: Sequence[float] | np.ndarray, amounts: np.ndarray | float, depot: bool = False,
        infusion: float = 0.0,
    ) -> Doses:  # fmt: skip
        """Doses of one kind; ``amounts`` is one number, one for every dose, or (P, D)."""
        when = np.asarray(days, dtype=float)
        much = np.asarray(amounts, dtype=float)
        if much.ndim < 2:
            much = np.broadcast_to(much, when.shape)
        return cls(when, much, np.full(len(when), depot), np.full(len(when), float(infusion)))

    def checked(self) -> Doses:
        """The same.

        Raises:
            InputError: it names what no dose can have.
        """
        for name in ("days", "depot", "infusion"):
            if np.shape(getattr(self, name)) != np.shape(self.days) or np.ndim(self.days) != 1:
                raise InputError("must have one number for every dose", field=name)
        if self.amounts.shape[-1] != len(self.days):
            raise InputError(
                f"there are {len(self.days)} doses, but amounts for {self.amounts.shape[-1]}", field="amounts"
            )
        for name, values in (("days", self.days), ("amounts", self.amounts), ("infusion", self.infusion)):
            bad = ~(np.isfinite(values) & (values >= 0.0))
            if bad.any():
                raise InputError(f"must be at least 0, got {values[bad][0]:g}", field=name)
        if (self.depot & (self.infusion > 0.0)).any():
            raise InputError("a dose into the depot cannot be an infusion", field="infusion")
        return self


@dataclass(frozen=True)
class Course:
    """Concentrations of a course of doses.

    Attributes:
        days: (T,) the moments that were asked for.
        concentration: (P, T) mg/L; of a moment at which a dose is given, right before it.
        area: (P, T) mg day/L, area under the concentration up to each moment.
    """

    days: np.ndarray
    concentration: np.ndarray
    area: np.ndarray


def exposure(model: LinearModel, doses: Doses, days: np.ndarray) -> Course:
    """Concentrations of all patients at some moments.

    Args:
        days: (T,) ascending, at least 0.

    Raises:
        InputError: doses or moments that cannot be, or a depot without absorption.
    """
    given = doses.checked()
    when = np.asarray(days, dtype=float)
    if when.ndim != 1 or len(when) == 0 or not np.isfinite(when).all() or when[0] < 0.0 or (np.diff(when) <= 0.0).any():
        raise InputError("must be at least 0 and ascending", field="days")
    if given.depot.any() and not (model.absorption > 0.0).all():
        raise InputError("a dose goes into the depot, but the model has no absorption", field="absorption")
    if given.amounts.ndim > 1 and given.amounts.shape != (model.patients, len(given.days)):
        raise InputError(f"there are {model.patients} patients, but amounts for {len(given.amounts)}", field="amounts")
    begins = given.days + np.where(given.depot, model.lag, 0.0)
    ends = begins + given.infusion
    horizon = when[-1]
    moments = np.unique(np.concatenate([[0.0], when, begins[begins < horizon], ends[ends < horizon]]))
    # Lengths that differ in their last digits only are one, so that little has to be computed for each.
    steps, step = np.unique(np.round(np.diff(moments), DIGITS), return_inverse=True)
    runs = given.infusion > 0.0
    start = np.searchsorted(moments, begins)
    stop = np.where(runs, np.searchsorted(moments, ends), start + 1)
    acting = [np.flatnonzero((start <= n) & (n < stop)) for n in range(len(step))]
    first = np.concatenate([[0], np.cumsum([len(one) for one in acting], dtype=np.int64)])
    dose = np.concatenate([np.zeros(0, dtype=np.int64), *acting])
    kind = np.where(given.depot, DEPOT, np.where(runs, INFUSION, BOLUS))
    amounts = np.atleast_2d(given.amounts) / np.where(runs, given.infusion, 1.0)
    shown = np.full(len(moments), -1, dtype=np.int64)
    shown[np.searchsorted(moments, when)] = np.arange(len(when))
    level, area = np.empty((model.patients, len(when))), np.empty((model.patients, len(when)))
    concentrations(
        model.rates, model.weights, model.absorption, model.bioavailability, steps, step, amounts, kind, first, dose,
        shown, level, area,
    )  # fmt: skip
    return Course(when, level, area)


def drive(model: LinearModel, doses: Doses, step: float, count: int) -> np.ndarray:
    """Concentrations (P, count, 3) at the start, middle and end of steps, for equations that a drug drives.

    The start of a step follows the doses that are given then, the end goes before those of the next.

    Args:
        step: days.

    Raises:
        InputError: as `exposure`, or a dose into the blood at once that is given within a step.
    """
    at_once = ~doses.depot & (doses.infusion == 0.0)
    place = doses.days[at_once] / step
    if (np.abs(place - np.round(place)) > 1e-6).any():
        day = doses.days[at_once][np.abs(place - np.round(place)) > 1e-6][0]
        raise InputError(f"the dose on day {day:g} lies within a step of {step:g} days", field="step")
    halves = np.arange(2 * count + 1) * (0.5 * step)
    level = exposure(model, doses, halves).concentration
    found = np.stack([level[:, :-1:2], level[:, 1::2], level[:, 2::2]], axis=2)
    amounts = np.broadcast_to(doses.amounts, (model.patients, len(doses.days)))[:, at_once]
    for d, n in enumerate(np.round(place).astype(np.int64)):
        if n < count:
            found[:, n, 0] += amounts[:, d] * model.weights.sum(axis=1)
    return found
