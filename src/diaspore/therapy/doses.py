"""Doses as written: an amount, and what of the patient it goes by."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from diaspore.core.errors import InputError, shown
from diaspore.core.units import parse_quantity
from diaspore.knowledge.drugs import Drug

FLAT, PER_AREA, PER_WEIGHT, BY_KIDNEY = "", "m2", "kg", "AUC"
"""What a dose goes by: nothing, surface of the body, weight, or clearance of the kidney (formula of Calvert)."""
MASS, ACTIVITY = "mg", "kBq"
"""Units of amounts."""
_BASIS = re.compile(r"\s*/\s*(m2|m\*\*2|m\^2|m²|kg)\s*$")
_AUC = re.compile(r"^\s*AUC\s*([0-9.]+)\s*$", re.IGNORECASE)
_ADDED = 25.0
"""mL/min that the formula of Calvert adds to the glomerular filtration rate."""


@dataclass(frozen=True)
class Dose:
    """An amount of drug.

    Attributes:
        amount: in `unit`, or mg min/mL for `BY_KIDNEY`.
        basis: `FLAT`, `PER_AREA`, `PER_WEIGHT` or `BY_KIDNEY`.
        unit: `MASS` or `ACTIVITY`.
    """

    amount: float
    basis: str = FLAT
    unit: str = MASS

    def for_patients(self, area: np.ndarray, weight: np.ndarray, filtration: np.ndarray) -> np.ndarray:
        """Amounts (P,) for patients with these surfaces (m2), weights (kg) and filtration rates (mL/min)."""
        by = {
            FLAT: np.ones_like(area), PER_AREA: area, PER_WEIGHT: weight, BY_KIDNEY: filtration + _ADDED,
        }  # fmt: skip
        found: np.ndarray = self.amount * by[self.basis]
        return found

    def __str__(self) -> str:
        if self.basis == BY_KIDNEY:
            return f"AUC {self.amount:g}"
        return f"{self.amount:g} {self.unit}" + (f"/{self.basis}" if self.basis else "")


def parse_dose(text: object, field: str = "dose") -> Dose:
    """The dose that a text such as ``80 mg/m2``, ``6 mg/kg``, ``200 mg``, ``55 kBq/kg`` or ``AUC 5`` stands for.

    Raises:
        InputError: no such dose, without a unit, or not above 0.
    """
    if isinstance(text, Dose):
        return text
    if not isinstance(text, str):
        raise InputError(f"{shown(text)} is no dose with a unit", field=field, allowed='such as "80 mg/m2"')
    found = _AUC.match(text)
    if found:
        amount, basis, unit = parse_quantity(found[1], "dimensionless", field=field), BY_KIDNEY, MASS
    else:
        per = _BASIS.search(text)
        basis = FLAT if per is None else PER_WEIGHT if per[1] == "kg" else PER_AREA
        plain = text if per is None else text[: per.start()]
        unit = ACTIVITY if plain.rstrip().endswith("Bq") else MASS
        amount = parse_quantity(plain, unit, field=field, example="80 mg/m2")
    if not amount > 0.0:
        raise InputError(f"must be above 0, got {shown(text)}", field=field)
    return Dose(amount, basis, unit)


def usual_basis(drug: Drug) -> set[str]:
    """What doses of the drug go by, as its entry says; empty where it does not."""
    text = drug.text("dose")
    found = {
        basis for word, basis in (("/m2", PER_AREA), ("/kg", PER_WEIGHT), ("mg min/mL", BY_KIDNEY)) if word in text
    }
    if re.search(r"\d\s*mg(?!/| min)", text):
        found.add(FLAT)
    return found


def check_basis(dose: Dose, drug: Drug, field: str = "dose") -> None:
    """Refuse an amount that goes by something else than the drug is ever given by, or by nothing.

    Raises:
        InputError: it names the unit that is missing or wrong.
    """
    usual = usual_basis(drug)
    if (dose.unit == ACTIVITY) != ("Bq" in drug.text("dose")) and drug.text("dose"):
        raise InputError(f"{dose} of {drug.name}: the unit does not fit", field=field, allowed=drug.text("dose"))
    if dose.basis != FLAT and usual and FLAT not in usual and dose.basis not in usual:
        raise InputError(
            f"{dose} of {drug.name}: it is not given by that", field=field, allowed=f"usual: {drug.text('dose')}"
        )
    if dose.basis == FLAT and usual and FLAT not in usual:
        by = {PER_AREA: "surface of the body", PER_WEIGHT: "weight", BY_KIDNEY: "clearance of the kidney"}
        example = {PER_AREA: f"{dose}/m2", PER_WEIGHT: f"{dose}/kg", BY_KIDNEY: "AUC 5"}
        one = sorted(usual)[0]
        raise InputError(
            f"{dose} of {drug.name}, which is given by {by[one]}: the unit is not whole", field=field,
            allowed=f'"{example[one]}"; usual: {drug.text("dose")}',
        )  # fmt: skip
