"""Population models: how the pharmacokinetics of a drug differ among patients.

The table ``pk_models`` holds typical values, spreads and effects of covariates of published models. A patient's value
is the typical one, times every effect, times a log-normal draw that depends on seed, patient, drug and quantity only:
two arms of a trial with one seed have the same patients.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.core.rng import uniform_column
from diaspore.knowledge.load import Row, table
from diaspore.therapy.exposure import LinearModel, linear_model
from diaspore.therapy.streams import S_PHARMACOKINETICS

UNITS = {
    "clearance": "L/day", "exchange": "L/day", "exchange_2": "L/day", "volume": "L", "volume_2": "L", "volume_3": "L",
    "absorption": "1/day", "bioavailability": "dimensionless", "lag": "day",
}  # fmt: skip
"""Quantities of a model and the units they are used in."""
POWER, FACTOR = "power", "factor"
"""Forms of an effect: (covariate / reference) to a power, or a factor for those who have the covariate."""


@dataclass(frozen=True)
class Effect:
    """What a covariate does to a quantity.

    Attributes:
        covariate: its name.
        form: `POWER` or `FACTOR`.
        value: the power, or the factor.
        at: value of the covariate at which a power has no effect.
    """

    covariate: str
    form: str
    value: float
    at: float = 1.0

    def on(self, given: np.ndarray) -> np.ndarray:
        """Factors (P,) for values of the covariate; for `FACTOR` these are true or false, or shares of 1."""
        if self.form == POWER:
            found: np.ndarray = (given / self.at) ** self.value
            return found
        return np.where(np.asarray(given, dtype=bool), self.value, 1.0)


@dataclass(frozen=True)
class PopulationModel:
    """A published model of a drug in patients.

    Attributes:
        name: of the model.
        typical: quantity -> value for a patient in whom no covariate has an effect, in `UNITS`.
        spread: quantity -> standard deviation of the logarithm among patients.
        effects: quantity -> effects on it.
        sources: citation keys.
    """

    name: str
    typical: Mapping[str, float]
    spread: Mapping[str, float]
    effects: Mapping[str, tuple[Effect, ...]]
    sources: tuple[str, ...]

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of covariates that it knows."""
        return tuple(dict.fromkeys(one.covariate for several in self.effects.values() for one in several))

    def patients(
        self, seed: int, identities: np.ndarray, covariates: Mapping[str, np.ndarray] | None = None,
        spread: bool = True,
    ) -> LinearModel:  # fmt: skip
        """Models of patients.

        Args:
            seed: of the run.
            identities: (P,) persistent identities of the patients.
            covariates: name -> (P,); those left out have no effect.
            spread: whether patients differ beside their covariates.

        Raises:
            InputError: a covariate that the model does not know, or one at or below 0 in a power.
        """
        given = dict(covariates or {})
        for name, values in given.items():
            if name not in self.covariates:
                raise InputError(
                    f"{self.name} has no effect of {name}", field=name, allowed=self.covariates or "(none)",
                    nearest=nearest_name(name, self.covariates),
                )  # fmt: skip
            if np.shape(values) != np.shape(identities):
                raise InputError(f"has {np.size(values)} values for {len(identities)} patients", field=name)
        found = {quantity: self._values(quantity, seed, identities, given, spread) for quantity in self.typical}
        size = 1 + sum(f"volume_{k}" in found for k in (2, 3))
        volumes = [found["volume"], *(found[f"volume_{k}"] for k in range(2, size + 1))]
        exchange = [found["exchange" if k == 2 else "exchange_2"] for k in range(2, size + 1)]
        share = np.minimum(found.get("bioavailability", np.ones(len(identities))), 1.0)
        return linear_model(
            found["clearance"], volumes, exchange, found.get("absorption", 0.0), share, self.typical.get("lag", 0.0)
        )

    def _values(
        self, quantity: str, seed: int, identities: np.ndarray, given: Mapping[str, np.ndarray], spread: bool
    ) -> np.ndarray:
        found = np.full(len(identities), self.typical[quantity])
        for effect in self.effects.get(quantity, ()):
            if effect.covariate in given:
                values = np.asarray(given[effect.covariate], dtype=float)
                if effect.form == POWER and not (values > 0.0).all():
                    raise InputError(f"must be above 0, got {values.min():g}", field=effect.covariate)
                found *= effect.on(values)
        if spread and quantity in self.spread:
            from scipy.special import ndtri

            number = zlib.crc32(f"{self.name}.{quantity}".encode())
            u = uniform_column(seed, np.asarray(identities, dtype=np.uint64), S_PHARMACOKINETICS, number)
            found *= np.exp(self.spread[quantity] * ndtri(u))
        return found


@cache
def population_models() -> Mapping[str, PopulationModel]:
    """All models of the table by name."""
    rows: dict[str, list[Row]] = {}
    for row in table("pk_models"):
        rows.setdefault(row["model"], []).append(row)
    return MappingProxyType({name: _model(name, of_one) for name, of_one in rows.items()})


def population_model(name: str) -> PopulationModel:
    """The model of this name.

    Raises:
        InputError: there is none; the message names the nearest one.
    """
    known = population_models()
    if name not in known:
        raise InputError(
            f"there is no pharmacokinetic model {name!r}", allowed=tuple(known), nearest=nearest_name(name, known)
        )
    return known[name]


def _model(name: str, rows: list[Row]) -> PopulationModel:
    typical, spread, effects = {}, {}, dict[str, list[Effect]]()
    for row in rows:
        if row["quantity"] == "spread":
            spread[row["of"]] = row.value
        elif row["quantity"] == "effect":
            at = row.number("at") if row["form"] == POWER else 1.0
            effects.setdefault(row["of"], []).append(Effect(row["covariate"], row["form"], row.value, at))
        else:
            typical[row["quantity"]] = row.to(UNITS[row["quantity"]])
    return PopulationModel(
        name, MappingProxyType(typical), MappingProxyType(spread),
        MappingProxyType({of: tuple(several) for of, several in effects.items()}),
        tuple(dict.fromkeys(row.source for row in rows)),
    )  # fmt: skip
