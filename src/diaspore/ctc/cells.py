"""Kinds of cells that an assay meets: how large they are and how much of each marker they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.load import fact

TUMOUR_KINDS = ("epithelial", "hybrid", "mesenchymal")
"""By their state between epithelium and mesenchyme, as the body engine sheds them."""
CANCERS = ("breast", "prostate", "colorectal", "bladder")
"""Those whose cells' size has been measured."""


@dataclass(frozen=True)
class CellKind:
    """Cells of one kind. Sizes are medians in um; markers are medians, and all are spread log-normally.

    Levels of cytokeratin, vimentin and CD45 are relative: 1 is a typical epithelial tumour cell, mesenchymal tumour
    cell and leukocyte. ``epcam`` counts molecules per cell. Sources: the table ctc_cells.
    """

    name: str
    diameter: float
    epcam: float
    cytokeratin: float
    vimentin: float
    cd45: float
    diameter_spread: float
    epcam_spread: float
    marker_spread: float
    nucleus: float

    @property
    def is_tumour(self) -> bool:
        """Whether it is a tumour cell."""
        return self.name in TUMOUR_KINDS


def _number(key: str) -> float:
    return fact(f"ctc_cell.{key}").value


@cache
def cell_kinds(cancer: str = "breast") -> Mapping[str, CellKind]:
    """Tumour cells of a cancer by kind, and leukocytes.

    Raises:
        InputError: the size of this cancer's cells is not known.
    """
    if cancer not in CANCERS:
        raise InputError(
            f"the size of circulating cells of {cancer!r} is not known",
            field="cancer", allowed=CANCERS, nearest=nearest_name(cancer, CANCERS),
        )  # fmt: skip
    spreads = {
        "diameter_spread": _number("diameter.spread"), "epcam_spread": _number("epcam.spread"),
        "marker_spread": _number("marker_spread"), "nucleus": _number("nucleus"),
    }  # fmt: skip
    found = {
        name: CellKind(
            name=name, diameter=_number(f"diameter.{cancer}"),
            epcam=_number("epcam.patients") * _number(f"{name}.epcam"), cytokeratin=_number(f"{name}.cytokeratin"),
            vimentin=_number(f"{name}.vimentin"), cd45=0.0, **spreads,
        )
        for name in TUMOUR_KINDS
    }  # fmt: skip
    found["leukocyte"] = CellKind(
        name="leukocyte", diameter=_number("diameter.leukocyte"), epcam=0.0,
        cytokeratin=_number("leukocyte.cytokeratin"), vimentin=_number("leukocyte.vimentin"), cd45=1.0, **spreads,
    )  # fmt: skip
    return found
