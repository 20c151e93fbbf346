"""Levels of a drug that its own target takes away, such as an antibody against a ligand (source: gibiansky2008).

The drug and its target are in balance at every moment (quasi-steady state); the complex is lost at a rate of its own,
so a dose lasts shorter where there is much target. Amounts are nmol, concentrations nmol/L, times days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError
from diaspore.therapy.exposure import Doses
from diaspore.therapy.kernels.target import bind

LONGEST = 0.1
"""Longest part of a step, days; with a tenth of it levels of denosumab differ by 2e-9 of the highest."""


@dataclass(frozen=True)
class BindingModel:
    """Constants of patients, scalar or (P,).

    Attributes:
        clearance: of free drug, L/day.
        volume, volume_2: of blood and of the rest, L.
        exchange: between them, L/day.
        absorption: from the depot, 1/day.
        target: at rest, nmol/L.
        target_loss: rate at which free target is lost, 1/day; it is made as fast as it is lost at rest.
        complex_loss: rate at which bound drug and target are lost together, 1/day.
        half: free drug at which half of the target is bound, nmol/L.
    """

    clearance: np.ndarray | float
    volume: np.ndarray | float
    exchange: np.ndarray | float
    volume_2: np.ndarray | float
    absorption: np.ndarray | float
    target: np.ndarray | float
    target_loss: np.ndarray | float
    complex_loss: np.ndarray | float
    half: np.ndarray | float

    def constants(self) -> np.ndarray:
        """(P, 9) in the order of the kernel.

        Raises:
            InputError: a number that is not above 0 (volumes, half) or is below 0.
        """
        order = (
            "clearance", "volume", "exchange", "volume_2", "absorption", "target", "target_loss", "complex_loss",
            "half",
        )  # fmt: skip
        many = np.broadcast_arrays(*(np.atleast_1d(np.asarray(getattr(self, name), dtype=float)) for name in order))
        for name, values in zip(order, many, strict=True):
            above = name in ("volume", "volume_2", "half")
            good = np.isfinite(values) & ((values > 0.0) if above else (values >= 0.0))
            if not good.all():
                raise InputError(f"must be {'above' if above else 'at least'} 0, got {values[~good][0]:g}", field=name)
        return np.ascontiguousarray(np.stack(many, axis=1))


@dataclass(frozen=True)
class BoundCourse:
    """Levels of a course.

    Attributes:
        days: (T,) moments.
        free: (P, T) free drug, nmol/L; of a moment at which a dose is given, right before it.
        bound: (P, T) share of the target that is bound.
    """

    days: np.ndarray
    free: np.ndarray
    bound: np.ndarray


def bound_exposure(model: BindingModel, doses: Doses, step: float, count: int) -> BoundCourse:
    """Levels at ``count + 1`` moments a ``step`` (days) apart; amounts of ``doses`` are nmol, given at such moments.

    Raises:
        InputError: constants or doses that cannot be, or a dose between two moments or as an infusion.
    """
    constants = model.constants()
    given = doses.checked()
    if (given.infusion > 0.0).any():
        raise InputError("doses of this model are given at once", field="infusion")
    place = given.days / step
    if (np.abs(place - np.round(place)) > 1e-6).any():
        day = given.days[np.abs(place - np.round(place)) > 1e-6][0]
        raise InputError(f"the dose on day {day:g} lies within a step of {step:g} days", field="step")
    patients = len(constants)
    amounts = np.broadcast_to(given.amounts, (patients, len(given.days)))
    blood, depot = np.zeros((patients, count)), np.zeros((patients, count))
    for d, n in enumerate(np.round(place).astype(np.int64)):
        if n < count:
            if given.depot[d]:
                depot[:, n] += amounts[:, d]
            else:
                blood[:, n] += amounts[:, d] / constants[:, 1]
    y = np.zeros((patients, 4))
    y[:, 3] = constants[:, 5]
    level, share = np.empty((patients, count + 1)), np.empty((patients, count + 1))
    parts = max(1, int(np.ceil(step / LONGEST - 1e-9)))
    bind(y, constants, blood, depot, step, parts, level, share)
    return BoundCourse(step * np.arange(count + 1), level, share)
