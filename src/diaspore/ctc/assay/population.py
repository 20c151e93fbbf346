"""Tumour cells in a millilitre of blood: which kinds, alone or in clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from diaspore.core.errors import InputError, nearest_name
from diaspore.ctc.cells import TUMOUR_KINDS, CellKind, cell_kinds
from diaspore.knowledge.load import fact

LINES = ("skbr3", "pc3", "t24", "t47d", "bt20", "mdamb231")
"""Cell lines with a level of EpCAM."""


@dataclass(frozen=True)
class Member:
    """Cells of one kind that travel alone or together: so many ``cells`` in one event, ``share`` of all events."""

    kind: CellKind
    cells: int
    share: float


@dataclass(frozen=True)
class Population:
    """What circulates: events (single cells and whole clusters) by kind, and how many there are in a millilitre.

    Attributes:
        members: shares of events; they add up to 1.
        per_ml: events per mL of the blood that is drawn.
    """

    members: tuple[Member, ...]
    per_ml: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.per_ml) and self.per_ml >= 0.0):
            raise InputError(f"must be a number from 0, got {self.per_ml!r}", field="per_ml")
        total = sum(one.share for one in self.members)
        if not self.members or not math.isclose(total, 1.0, rel_tol=1e-9):
            raise InputError(f"shares of events add up to {total:g}", field="members", allowed="1")

    def at(self, per_ml: float) -> Population:
        """The same kinds at another level."""
        return replace(self, per_ml=per_ml)

    @property
    def cells_per_event(self) -> float:
        """Mean number of cells of an event."""
        return sum(one.share * one.cells for one in self.members)


def tumour_population(
    per_ml: float, *, cancer: str = "breast", kinds: Mapping[str, float] | None = None, clusters: float = 0.03,
    cells_in_cluster: int = 3,
) -> Population:  # fmt: skip
    """A mixture of tumour cells.

    Args:
        per_ml: events in a millilitre.
        cancer: of which the size of cells is known (`cells.CANCERS`).
        kinds: kind -> share of single cells; left out: 80 % epithelial, 15 % hybrid, 5 % mesenchymal (assumed).
        clusters: share of events that are clusters, of epithelial cells; 2 to 5 % (aceto2014, recalled).
        cells_in_cluster: number of cells of each.
    """
    of_kind = {"epithelial": 0.8, "hybrid": 0.15, "mesenchymal": 0.05} if kinds is None else dict(kinds)
    known = cell_kinds(cancer)
    for name, share in of_kind.items():
        if name not in TUMOUR_KINDS:
            near = nearest_name(name, TUMOUR_KINDS)
            raise InputError(
                f"no kind of tumour cell is called {name!r}", field="kinds", allowed=TUMOUR_KINDS, nearest=near
            )
        if not 0.0 <= share <= 1.0:
            raise InputError(f"is {share!r}", field=f"kinds.{name}", allowed="0 to 1")
    if not 0.0 <= clusters <= 1.0:
        raise InputError(f"is {clusters!r}", field="clusters", allowed="0 to 1")
    if cells_in_cluster < 2:
        raise InputError(f"is {cells_in_cluster!r}", field="cells_in_cluster", allowed="at least 2")
    total = sum(of_kind.values())
    if total <= 0.0:
        raise InputError("no kind has a share", field="kinds")
    members = [Member(known[name], 1, (1.0 - clusters) * share / total) for name, share in of_kind.items() if share > 0]
    if clusters > 0.0:
        members.append(Member(known["epithelial"], cells_in_cluster, clusters))
    return Population(tuple(members), per_ml)


def body_population(
    concentrations: Sequence[float], *, cancer: str = "breast", cells_in_cluster: int = 3
) -> Population:
    """From a circulation of the body engine: events per mL by class (epithelial, hybrid, mesenchymal, clusters)."""
    values = np.asarray(concentrations, dtype=float)
    if values.shape != (4,) or not np.all(np.isfinite(values)) or np.any(values < 0.0):
        raise InputError("are not four numbers from 0", field="concentrations")
    total = float(values.sum())
    known = cell_kinds(cancer)
    shares = values / total if total > 0.0 else np.array([1.0, 0.0, 0.0, 0.0])
    members = [Member(known[name], 1, float(shares[k])) for k, name in enumerate(TUMOUR_KINDS) if shares[k] > 0.0]
    if shares[3] > 0.0:
        members.append(Member(known["epithelial"], cells_in_cluster, float(shares[3])))
    return Population(tuple(members), total)


@cache
def line(name: str) -> CellKind:
    """A cultured line, by its level of EpCAM; as large as a breast or prostate line, with ample cytokeratin.

    Raises:
        InputError: its level is not known.
    """
    if name not in LINES:
        raise InputError(f"no level of EpCAM is known of {name!r}", allowed=LINES, nearest=nearest_name(name, LINES))
    key = f"ctc_cell.epcam.{name}" if name in ("skbr3", "pc3", "t24") else f"ctc_assay.line.{name}"
    size = fact(f"ctc_cell.diameter.line_{'prostate' if name == 'pc3' else 'breast'}").value
    return replace(cell_kinds()["epithelial"], name=name, epcam=fact(key).value, diameter=size, cytokeratin=3.0)
