"""Assays of circulating tumour cells as numbers: models of published performance, no endorsement of any of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.assay.capture import All, ByEpcam, BySize, Capture, recognised
from diaspore.ctc.assay.population import Member, Population
from diaspore.ctc.cells import CellKind
from diaspore.knowledge.load import Row, fact, facts

ASSAYS = ("cellsearch", "parsortix", "microsieve", "iset", "slide", "leukapheresis", "in_vivo_flow")
"""Presets: beads on EpCAM, two kinds of filters by gap and pore, slides without enrichment, CellSearch on a product of
leukapheresis, and flow cytometry in a vessel of a mouse."""


@dataclass(frozen=True)
class Assay:
    """An assay.

    Attributes:
        name: of the preset that it began with.
        volume: mL of blood whose cells are looked for.
        capture: how cells are kept.
        handling: mean share of captured cells that are not lost on the way; differs from tube to tube as a beta
            distribution with a + b = ``concentration`` (infinite: it does not differ).
        cytokeratin_half: level at which half of the cells are recognised; 0: all are.
        background: false events per tube, on average; their number is negative binomial with shape
            ``background_shape``.
        swing: shape of the gamma distribution of a patient's level from hour to hour; infinite: the level stands.
        clusters_broken: whether clusters fall apart into cells, each of which is an event.
        night: kappa of the rhythm over the day; 0: none.
    """

    name: str
    volume: float
    capture: Capture
    handling: float = 1.0
    concentration: float = math.inf
    cytokeratin_half: float = 0.0
    background: float = 0.0
    background_shape: float = math.inf
    swing: float = math.inf
    clusters_broken: bool = False
    night: float = 0.0

    def __post_init__(self) -> None:
        for field, low, high in (
            ("volume", 0.0, 1e5), ("handling", 0.0, 1.0), ("concentration", 0.0, math.inf),
            ("background_shape", 0.0, math.inf), ("swing", 0.0, math.inf),
        ):  # fmt: skip
            value = getattr(self, field)
            if not (low < value <= high):
                raise InputError(f"is {value!r}", field=field, allowed=f"above {low:g}, at most {high:g}")
        for field in ("cytokeratin_half", "background", "night"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0.0):
                raise InputError(f"is {value!r}", field=field, allowed="a number from 0")

    def with_(self, **changes: Any) -> Assay:
        """The assay with other numbers; with more blood it has more false events, unless these are given too.

        Raises:
            InputError: a name that it does not have, or a number out of range.
        """
        known = [name for name in self.__dataclass_fields__ if name != "name"]
        for name in changes:
            if name not in known:
                raise InputError(f"an assay has no {name!r}", allowed=known, nearest=nearest_name(name, known))
        if "volume" in changes and "background" not in changes and float(changes["volume"]) > 0.0:
            changes["background"] = self.background * float(changes["volume"]) / self.volume
        return replace(self, **changes)

    def alone(self, kind: CellKind) -> float:
        """Chance that a single cell of a kind is captured and recognised, if handling loses none."""
        return self.capture.share(kind) * recognised(kind, self.cytokeratin_half)

    def found(self, member: Member, kept: np.ndarray | float) -> np.ndarray:
        """Events that are reported per event in blood, where handling keeps the share ``kept`` of cells.

        A cluster is reported when one of its cells is (`clusters_broken`: as often as its cells are).
        """
        chance = np.asarray(kept) * self.alone(member.kind)
        if self.clusters_broken:
            return np.asarray(member.cells * chance)
        return np.asarray(-np.expm1(member.cells * np.log1p(-np.minimum(chance, 1.0 - 1e-16))))

    def recovery(self, population: Population) -> float:
        """Mean number of reported events per event in blood."""
        kept, weight = self.kept()
        return float(sum(one.share * (weight @ self.found(one, kept)) for one in population.members))

    def kept(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes (Q,) and weights (Q,) of the beta distribution of the share that handling keeps."""
        if math.isinf(self.concentration) or self.handling == 1.0:
            return np.array([self.handling]), np.ones(1)
        return beta_nodes(self.handling * self.concentration, (1.0 - self.handling) * self.concentration)

    def level_at(self, hour: float | None) -> float:
        """Factor on the patient's mean level at an hour of the day; None: not known, 1."""
        if hour is None or self.night == 0.0:
            return 1.0
        from scipy.special import i0

        return float(math.exp(self.night * math.cos(2.0 * math.pi * (hour - 4.0) / 24.0)) / i0(self.night))


@cache
def beta_nodes(a: float, b: float, count: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights that average a function over a beta distribution (Gauss and Jacobi)."""
    from scipy.special import roots_jacobi

    x, w = roots_jacobi(count, b - 1.0, a - 1.0)
    return 0.5 * (x + 1.0), w / w.sum()


def assay(name: str) -> Assay:
    """A preset; ``Assay.with_`` changes its numbers.

    Raises:
        InputError: there is none of this name.
    """
    if name not in ASSAYS:
        raise InputError(
            f"no assay is called {name!r}", field="assay", allowed=ASSAYS, nearest=nearest_name(name, ASSAYS)
        )
    common: dict[str, Any] = {
        "swing": fact("ctc_assay.blood.swing_shape").value,
        "night": fact("ctc_assay.blood.night").value,
    }
    if name == "leukapheresis":
        fraction = _number(name, "fraction")
        return replace(assay("cellsearch"), name=name, volume=_number(name, "volume") * fraction)
    usual = ("handling", "concentration", "cytokeratin_half", "background", "background_shape")
    fields: dict[str, Any] = {field: _number(name, field) for field in usual if _has(name, field)}
    if name == "in_vivo_flow":
        volume = _number(name, "flow") * _number(name, "duration")
    else:
        volume = _number(name, "volume")
    capture: Capture = All()
    if _has(name, "epcam_half"):
        capture = ByEpcam(_number(name, "epcam_half"), _number(name, "epcam_power"))
    elif _has(name, "pore"):
        capture = BySize(_number(name, "pore"), _number(name, "pore_width"))
    return Assay(name, volume, capture, **fields, **common)


def sources(name: str) -> list[Row]:
    """The numbers behind a preset, with source and grade."""
    assay(name)
    wanted = [f"ctc_assay.{name}.", "ctc_assay.blood."] + ["ctc_assay.cellsearch."] * (name == "leukapheresis")
    more = [key for own, key in _ELSEWHERE.items() if own.startswith(tuple(wanted))]
    return [row for key, row in facts().items() if key.startswith(tuple(wanted)) or key in more]


_ELSEWHERE = {
    "ctc_assay.cellsearch.volume": "detection.cellsearch.tube",
    "ctc_assay.cellsearch.background": "detection.cellsearch.background",
}
"""Numbers that stand in another table."""


def _has(name: str, field: str) -> bool:
    key = f"ctc_assay.{name}.{field}"
    return key in _ELSEWHERE or key in facts()


def _number(name: str, field: str) -> float:
    key = f"ctc_assay.{name}.{field}"
    return fact(_ELSEWHERE.get(key, key)).value
