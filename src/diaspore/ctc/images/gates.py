"""Gates: classes of events by bounds on what was measured, read from YAML, named and versioned."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.yamlio import Document, load_yaml

PRESETS = Path(__file__).parent / "presets"
UNASSIGNED = "unassigned"
TUMOUR, LEUKOCYTE = "tumour", "leukocyte"
KEYS = (
    "schema_version", "name", "version", "title", "source", "evidence", "note", "bits", "pixel_um", "errors", "classes",
)  # fmt: skip
RULE_KEYS = ("name", "note", "needs", "when")
BOUND_KEYS = ("feature", "above", "below", "unit")
COUNTS = ("mean", "max", "sd", "mass")


@dataclass(frozen=True)
class Bound:
    """A feature strictly ``above`` or ``below`` a number; ``unit``: "px" for areas in pixels of the gates' size."""

    feature: str
    above: float | None
    below: float | None
    unit: str = ""


@dataclass(frozen=True)
class Rule:
    """A class: all bounds hold. ``needs``: channels without which it is passed over."""

    name: str
    when: tuple[Bound, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gates:
    """Classes in order: an event belongs to the first whose bounds it meets, else it is "unassigned".

    ``bits``: scale on which counts are given (None: as the camera gives them); ``pixel_um``: size of the pixels in
    which areas are given; ``missed`` and ``wrong``: share of tumour cells that are not called, and of calls that are
    none.
    """

    name: str
    version: str
    title: str
    rules: tuple[Rule, ...]
    source: tuple[str, ...] = ()
    evidence: str = "assumed"
    bits: int | None = None
    pixel_um: float | None = None
    missed: float | None = None
    wrong: float | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, "unassigned" last."""
        return (*(rule.name for rule in self.rules), UNASSIGNED)

    @property
    def relative(self) -> bool:
        """Whether bounds go by the slide's own leukocytes."""
        return any(bound.feature.endswith("_z") for rule in self.rules for bound in rule.when)

    def classify(self, events: pd.DataFrame, top: float) -> pd.Categorical:
        """The class of each event. ``top``: largest count of the camera.

        Raises:
            InputError: a feature that was not measured.
        """
        codes = np.full(len(events), len(self.rules), dtype=np.int8)
        for number in range(len(self.rules) - 1, -1, -1):
            rule = self.rules[number]
            if any(f"{name}_mean" not in events for name in rule.needs):
                continue
            holds = np.ones(len(events), dtype=bool)
            for bound in rule.when:
                values = self._values(events, bound, top)
                with np.errstate(invalid="ignore"):
                    if bound.above is not None:
                        holds &= values > bound.above
                    if bound.below is not None:
                        holds &= values < bound.below
            codes[holds] = number
        return pd.Categorical.from_codes(codes, list(self.classes))

    def reasons(self, event: pd.Series, name: str, top: float) -> list[str]:
        """Why an event is in a class: each of its bounds with what was measured."""
        row = event.to_frame().T
        rule = next((one for one in self.rules if one.name == name), None)
        found = []
        for bound in () if rule is None else rule.when:
            value = float(self._values(row, bound, top)[0])
            unit = " px" if bound.unit else ""
            bounds = [(">", bound.above), ("<", bound.below)]
            found += [f"{bound.feature} {value:.4g} {sign} {at:g}{unit}" for sign, at in bounds if at is not None]
        return found

    def _values(self, events: pd.DataFrame, bound: Bound, top: float) -> np.ndarray:
        """A feature in the units of the gates, in double precision."""
        column = f"{bound.feature}_um2" if bound.unit == "px" else bound.feature
        if column not in events:
            near = nearest_name(column, map(str, events.columns))
            problem = f"the gates {self.name} ask for {column}, which was not measured"
            raise InputError(problem, allowed=[str(name) for name in events.columns], nearest=near)
        values = events[column].to_numpy(dtype=np.float64)
        if bound.unit == "px":
            return values / float(self.pixel_um or 1.0) ** 2
        if self.bits is not None and bound.feature.rpartition("_")[2] in COUNTS:
            return values * ((2.0**self.bits - 1.0) / top)
        return values


def presets() -> list[str]:
    """Names of the gates that come with the package."""
    return sorted(file.stem for file in PRESETS.glob("*.yaml"))


def load_gates(name: str | Path) -> Gates:
    """Gates by name, or from a YAML file.

    Raises:
        InputError: neither a name nor a file of gates; a mistake in the file.
    """
    if str(name) in presets():
        return _gates(load_yaml(PRESETS / f"{name}.yaml"))
    if Path(name).suffix in (".yaml", ".yml") or Path(name).exists():
        return _gates(load_yaml(name))
    near = nearest_name(str(name), presets())
    raise InputError(
        f"there are no gates {str(name)!r}", field="gates", allowed=[*presets(), "a YAML file"], nearest=near
    )


def _gates(document: Document) -> Gates:
    data = document.data
    if not isinstance(data, dict):
        raise document.error("must be gates", allowed=KEYS)
    _known(document, data, KEYS, ())
    for key in ("name", "classes"):
        if key not in data:
            raise document.error(f"{key} is missing", allowed=KEYS)
    if data.get("schema_version", 1) != 1:
        raise document.error(f"must be 1, got {shown(data['schema_version'])}", ("schema_version",))
    if not isinstance(data["classes"], list) or not data["classes"]:
        raise document.error("must be a list of classes", ("classes",))
    rules = tuple(_rule(document, k, one) for k, one in enumerate(data["classes"]))
    names = [rule.name for rule in rules]
    if len(set(names)) < len(names) or UNASSIGNED in names:
        raise document.error(f"names of classes differ, and none is {UNASSIGNED!r}", ("classes",))
    for k, name in enumerate(names):
        meant = nearest_name(name, (TUMOUR, LEUKOCYTE))
        if name not in (TUMOUR, LEUKOCYTE) and meant is not None:
            raise document.error(f"{name!r} is close to a class that is counted", ("classes", k, "name"), nearest=meant)
    pixel = _number(document, data, "pixel_um", ())
    if pixel is None and any(bound.unit == "px" for rule in rules for bound in rule.when):
        raise document.error("areas in px need the size of a pixel", allowed="pixel_um: 0.64")
    errors = data.get("errors") or {}
    _known(document, errors, ("missed", "wrong"), ("errors",))
    bits = data.get("bits")
    if bits is not None and (isinstance(bits, bool) or bits not in range(1, 33)):
        raise document.error(f"must be a whole number, got {shown(bits)}", ("bits",), allowed="1 to 32")
    missed, wrong = (_number(document, errors, key, ("errors",)) for key in ("missed", "wrong"))
    for key, value in (("missed", missed), ("wrong", wrong)):
        if value is not None and not 0.0 <= value < 1.0:
            raise document.error(f"must be a share, got {shown(value)}", ("errors", key), allowed="0 to below 1")
    return Gates(
        str(data["name"]), str(data.get("version", "")), str(data.get("title", "")), rules,
        tuple(map(str, data.get("source") or ())), str(data.get("evidence", "assumed")), bits, pixel, missed, wrong,
    )  # fmt: skip


def _rule(document: Document, k: int, data: Any) -> Rule:
    place: tuple[str | int, ...] = ("classes", k)
    if not isinstance(data, dict):
        raise document.error("must be a class", place, allowed=RULE_KEYS)
    _known(document, data, RULE_KEYS, place)
    if not isinstance(data.get("name"), str) or not isinstance(data.get("when"), list) or not data["when"]:
        raise document.error("a class has a name and a list of bounds (when)", place, allowed=RULE_KEYS)
    bounds = []
    for n, one in enumerate(data["when"]):
        here = (*place, "when", n)
        if not isinstance(one, dict) or not isinstance(one.get("feature"), str):
            raise document.error("a bound names a feature", here, allowed="{feature: cd45_max, below: 60}")
        _known(document, one, BOUND_KEYS, here)
        above, below = _number(document, one, "above", here), _number(document, one, "below", here)
        if above is None and below is None:
            raise document.error("a bound is above or below a number", here, allowed=BOUND_KEYS)
        if above is not None and below is not None and above >= below:
            raise document.error(f"nothing is above {above:g} and below {below:g}", here)
        if one.get("unit", "") not in ("", "px") or (one.get("unit") == "px" and not one["feature"].endswith("_area")):
            raise document.error("the only unit that is named is px, of areas", (*here, "unit"))
        bounds.append(Bound(one["feature"], above, below, one.get("unit", "")))
    return Rule(data["name"], tuple(bounds), tuple(map(str, data.get("needs") or ())))


def _known(document: Document, data: Any, allowed: Iterable[str], place: tuple[str | int, ...]) -> None:
    for key in data:
        if key not in allowed:
            problem = "is not known here"
            raise document.error(problem, (*place, key), allowed=tuple(allowed), nearest=nearest_name(key, allowed))


def _number(document: Document, data: Any, key: str, place: tuple[str | int, ...]) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise document.error(f"must be a number, got {shown(value)}", (*place, key))
    if not math.isfinite(value):
        raise document.error(f"must be a finite number, got {shown(value)}", (*place, key))
    return float(value)
